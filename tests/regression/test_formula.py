"""What a formula may say, and what is refused with the piece that offends."""

from __future__ import annotations

import pytest

from causalmed.errors import ColumnNotFound, InvalidArgument
from causalmed.regression import DesignRecipe, Linear, Logistic
from tests.regression.columns import coded, number

COLUMNS = [
    number("age", [1, 2, 3]),
    number("inf", [4, 5, 6]),
    number("wound class", [7, 8, 9]),
    number("C(age)", [1, 1, 2]),
    number("1", [3, 1, 2]),
    coded("site", [0, 1, 0], ("a", "b")),
]


@pytest.mark.parametrize(
    ("formula", "names"),
    [
        ("age", ("Intercept", "age")),
        ("~ age", ("Intercept", "age")),
        ("age - 1", ("age",)),
        ("0 + age", ("age",)),
        ("inf + age", ("Intercept", "inf", "age")),
        ("`wound class` + `C(age)`", ("Intercept", "wound class", "C(age)")),
        ("I(`wound class`**2)", ("Intercept", "I(`wound class` ** 2)")),
        ("C(`wound class`)", ("Intercept", "wound class[8]", "wound class[9]")),
        ("C(site)", ("Intercept", "site[b]")),
        ("site * age", ("Intercept", "site[b]", "age", "site[b]:age")),
        ("site:age", ("Intercept", "age", "site[b]:age")),
        ("(age + inf + site)**2 - age:inf - age:site", ("Intercept", "age", "inf", "site[b]", "inf:site[b]")),
        ("I(-(age - 2) * 0.5 / 3)", ("Intercept", "I(-(age - 2) * 0.5 / 3)")),
        ("1", ("Intercept",)),
    ],
)
def test_accepted(formula: str, names: tuple[str, ...]) -> None:
    assert DesignRecipe.learn(COLUMNS, formula=formula).names == names


@pytest.mark.parametrize(
    ("formula", "piece"),
    [
        ("np.log(age)", "np.log(age)"),
        ("log(age)", "log(age)"),
        ("__import__('os').system('true')", "__import__"),
        ("I(__import__('os'))", "__import__"),
        ("I(age.__class__)", "age.__class__"),
        ("I(age[0])", "age[0]"),
        ("I([x for x in (1,)])", "for x in"),
        ("I(lambda: age)", "lambda"),
        ("I(age if age else 1)", "if age"),
        ("I(age > 2)", "age > 2"),
        ("I(age**age)", "a power is a whole number"),
        ("I(age**-1)", "a power is a whole number"),
        ("I(age**0.5)", "a power is a whole number"),
        ("I(age**99999)", "a power is a whole number"),
        ("I(1/age)", "division by a number"),
        ("I(age/0)", "division by a number"),
        ("I(True * age)", "True"),
        ("I('text')", "text"),
        ("I(age, 2)", "takes one argument"),
        ("C(age, Treatment(2))", "takes one argument"),
        ("C(age + 1)", "takes the name of a column"),
        ("I(site * 2)", "has levels, not numbers"),
        ("{age + 1}", "age + 1"),
        ("infected ~ age", "right-hand side"),
        ("age | site", "right-hand side"),
        ("bs(age, 3)", "bs(age, 3)"),
        ("age +", "not understood"),
        ("(age", "not understood"),
        ("2 * age", "not understood"),
        ("'age'", "not"),
        ("age ** site", "not"),
        ("", "not a formula"),
        ("0", "no term"),
        ("I(" + "-" * 3000 + "age)", "---"),
        ("I(" + "(" * 3000 + "age" + ")" * 3000 + ")", "(((("),
        ("`1` + age", "taken for the number"),
    ],
)
def test_refused_with_the_piece(formula: str, piece: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        DesignRecipe.learn(COLUMNS, formula=formula)
    assert piece in str(caught.value)
    assert "A formula may contain" in str(caught.value)


@pytest.mark.parametrize("formula", ["agee", "I(agee**2)", "C(agee)", "age:agee", "True"])
def test_unknown_columns_are_named(formula: str) -> None:
    with pytest.raises(ColumnNotFound, match=r"agee|True"):
        DesignRecipe.learn(COLUMNS, formula=formula)


def test_specs_print_as_written_and_refuse_nonsense() -> None:
    assert repr(Logistic(firth=True)) == "Logistic(firth=True)"
    assert repr(Linear()) == "Linear()"
    assert Linear(formula="age") == Linear(formula="age")
    with pytest.raises(InvalidArgument, match="'logit'"):
        Logistic(link="probit")
    with pytest.raises(InvalidArgument):
        Logistic(formula="")
    with pytest.raises(InvalidArgument):
        Logistic(firth=1)  # type: ignore[arg-type]
