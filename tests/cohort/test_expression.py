from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalmed.cohort import Cohort
from causalmed.cohort.expression import evaluate
from causalmed.errors import CausalmedError, ColumnNotFound, InvalidArgument

FRAME = pd.DataFrame(
    {
        "age": [17, 25, 54, 71, 90],
        "bmi": [20.5, 31.25, 27.0, 24.0, 40.0],
        "sex": ["F", "M", "F", "F", "M"],
        "asa": ["II", "I", "III", "II", "IV"],
        "grade": [1, 2, 3, 2, 1],
        "late": [True, False, True, True, False],
        "site": ["St. Mary's", 'the "new" one', "St. Mary's", "north", "north"],
        "class": [0, 1, 1, 0, 1],
        "<b>odd `name": [1.5, 2.5, 3.5, 4.5, 5.5],
        "when": pd.to_datetime(["2026-01-01", "2026-02-01", "2026-03-01", "2026-04-01", "2026-05-01"]),
        "id": [11, 12, 13, 14, 15],
    }
)
COHORT = Cohort.from_frame(FRAME, unit="id", kinds={"asa": ("I", "II", "III", "IV"), "grade": (1, 2, 3)})


@pytest.mark.parametrize(
    ("condition", "rows"),
    [
        ("age >= 18", [1, 2, 3, 4]),
        ("18 <= age < 71", [1, 2]),
        ("40 > age", [0, 1]),
        ("not age >= 18", [0]),
        ("age == 25 or (bmi > 26 and sex == 'F')", [1, 2]),
        ('sex != "F"', [1, 4]),
        ("sex in ('M',)", [1, 4]),
        ("sex in ['M', 'F']", [0, 1, 2, 3, 4]),
        ("age not in (17, 90)", [1, 2, 3]),
        ("asa >= 'III'", [2, 4]),
        ("'I' < asa <= 'III'", [0, 2, 3]),
        ("grade >= 2", [1, 2, 3]),
        ("grade in (1, 3)", [0, 2, 4]),
        ("late == True", [0, 2, 3]),
        ("late == 0", [1, 4]),
        ("bmi > -1.5e0", [0, 1, 2, 3, 4]),
        ("bmi < age", [2, 3, 4]),
        ('site == "St. Mary\'s"', [0, 2]),
        ("site == 'the \"new\" one'", [1]),
        ("`class` == 1", [1, 2, 4]),
        ("`age`>50 and`class`==1", [2, 4]),
        ("not " * 450 + "age > 60", [3, 4]),
        ("'2026-02-01' <= when < '2026-04-15'", [1, 2, 3]),
        ("id in (12, 15)", [1, 4]),
        ("  age > 50  ", [2, 3, 4]),
    ],
)
def test_conditions(condition: str, rows: list[int]) -> None:
    assert np.flatnonzero(evaluate(condition, COHORT)).tolist() == rows


@pytest.mark.parametrize(
    "condition",
    [
        "__import__('os').system('true')",
        "age.__class__ == 1",
        "age[0] == 1",
        "(lambda: 1)() == 1",
        "age + 1 > 18",
        "age ** 9999999 > 1",
        "[x for x in (1, 2)] == age",
        "f'{age}' == 'x'",
        "age > 18 if True else False",
        "(age := 3) > 1",
        "age is 18",
        "age",
        "True",
        "1 < 2",
        "'a' == 'b'",
        "age = 18",
        "age >",
        "age > 18; age < 20",
        "age & 1",
        "age and sex",
        "",
        "   ",
        "age > 'old'",
        "age == None",
        "age in (18)",
        "age in ()",
        "18 in (age, 20)",
        "age in (bmi, 20)",
        "sex > 'F'",
        "sex == 1",
        "sex == 'female'",
        "sex in ('F', 'X')",
        "asa > 'V'",
        "sex == site",
        "when > age",
        "when > 20",
        "when > 'yesterday'",
        "when > 'NaT'",
        "-sex == 'F'",
        "age > 1j",
        "age == b'x'",
        "age > 18 " + "and age > 18 " * 400,
        "(" * 500 + "age > 18" + ")" * 500,
        "age > 18\x00",
        "*age == 1",
    ],
)
def test_what_is_not_in_the_grammar_is_refused(condition: str) -> None:
    with pytest.raises(InvalidArgument):
        evaluate(condition, COHORT)


@pytest.mark.parametrize("condition", [None, 3, b"age > 18"])
def test_what_is_no_text(condition: object) -> None:
    with pytest.raises(InvalidArgument, match="A condition is text"):
        evaluate(condition, COHORT)  # type: ignore[arg-type]


@pytest.mark.parametrize("condition", ["agee > 18", "`no such` == 1", "open == 1", "age > limit"])
def test_a_name_that_is_no_column(condition: str) -> None:
    with pytest.raises(ColumnNotFound):
        evaluate(condition, COHORT)


def test_messages_help() -> None:
    with pytest.raises(InvalidArgument, match="Two equal signs compare"):
        evaluate("age = 18", COHORT)
    with pytest.raises(InvalidArgument, match="Its levels are 'F', 'M'"):
        evaluate("sex == 'female'", COHORT)
    with pytest.raises(InvalidArgument, match="have no order"):
        evaluate("site < 'north'", COHORT)
    with pytest.raises(InvalidArgument, match="write late == 1"):
        evaluate("late and age > 3", COHORT)


comparisons = st.builds(
    lambda name, sign, value: f"{name} {sign} {value}",
    st.sampled_from(["age", "bmi"]),
    st.sampled_from(["<", "<=", ">", ">=", "==", "!="]),
    st.integers(15, 95),
)
conditions = st.recursive(
    comparisons,
    lambda part: st.one_of(
        st.builds(lambda one, two: f"({one} and {two})", part, part),
        st.builds(lambda one, two: f"({one} or {two})", part, part),
        st.builds(lambda one: f"(not {one})", part),
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(condition=conditions)
def test_numeric_conditions_agree_with_pandas(condition: str) -> None:
    expected = FRAME.query(condition, engine="python").index.tolist()
    assert np.flatnonzero(evaluate(condition, COHORT)).tolist() == expected


@settings(max_examples=150, deadline=None)
@given(text=st.text(alphabet="age sx'\"`()<>=!-.,0189_\\\n{}[]:#@", max_size=40))
def test_no_text_crashes(text: str) -> None:
    try:
        mask = evaluate(text, COHORT)
    except CausalmedError:
        return
    assert mask.shape == (5,)
    assert mask.dtype == bool
