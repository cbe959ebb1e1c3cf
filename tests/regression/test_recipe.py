"""Designs: coding, re-application to other rows, and interventions on a column."""

from __future__ import annotations

import numpy as np
import pytest
from formulaic import model_matrix
from pandas import Categorical, DataFrame

from causalmed.errors import ColumnNotFound, DataError, InvalidArgument
from causalmed.regression import Design, DesignRecipe, encode
from tests.regression.columns import coded, number

AGE = number("age", [50, 60, 70, 80])
WOUND = coded("wound", [0, 1, 2, 1], ("clean", "contaminated", "dirty"), kind="ordinal")
SITE = coded("site of <b>surgery</b>", [0, 0, 1, 1], ("colon", "rectum"))
COLUMNS = [AGE, WOUND, SITE]


def test_main_effects_are_reference_coded() -> None:
    design = encode(COLUMNS)
    assert design.names == (
        "Intercept", "age", "wound[contaminated]", "wound[dirty]", "site of <b>surgery</b>[rectum]",
    )  # fmt: skip
    assert design.matrix.tolist() == [
        [1, 50, 0, 0, 0], [1, 60, 1, 0, 0], [1, 70, 0, 1, 1], [1, 80, 1, 0, 1],
    ]  # fmt: skip
    assert encode(COLUMNS, intercept=False).names == design.names[1:]


def test_matrix_is_row_major_and_read_only() -> None:
    matrix = encode(COLUMNS).matrix
    assert matrix.flags.c_contiguous
    assert not matrix.flags.writeable


@pytest.mark.parametrize(
    "formula",
    ["age * wound", "wound + age + I(age**2)", "I((age - 60) / 10) + wound:age + age", "(age + wound)**2"],
)
def test_agrees_with_formulaic(formula: str) -> None:
    frame = DataFrame(
        {"age": AGE.values, "wound": Categorical.from_codes([0, 1, 2, 1], categories=list(WOUND.levels))}
    )
    design = DesignRecipe.learn(COLUMNS, formula=formula).build(COLUMNS)
    theirs = model_matrix(formula, frame)
    ours = sorted(map(tuple, design.matrix.T.tolist()))
    assert ours == sorted(map(tuple, theirs.to_numpy(float).T.tolist()))


def test_absent_levels_have_no_column() -> None:
    wound = coded("wound", [1, 2, 2, 1], WOUND.levels)
    assert encode([wound]).names == ("Intercept", "wound[dirty]")


def test_new_rows_are_coded_as_the_learning_rows() -> None:
    recipe = DesignRecipe.learn(COLUMNS)
    new = [number("age", [33]), coded("wound", [2], WOUND.levels), coded(SITE.name, [0], SITE.levels)]
    assert recipe.build(new).matrix.tolist() == [[1, 33, 0, 1, 0]]
    learned = DesignRecipe.learn([coded("wound", [0, 1, 1, 0], WOUND.levels)])
    with pytest.raises(DataError, match="levels that the learning data did not have: 'dirty'"):
        learned.build([WOUND])


def test_override_sets_a_column_on_all_rows() -> None:
    recipe = DesignRecipe.learn(COLUMNS, formula="age * wound + I(age**2)")
    same = recipe.build([AGE, coded("wound", [2, 2, 2, 2], WOUND.levels), SITE])
    assert np.array_equal(recipe.build(COLUMNS, override={"wound": 2}).matrix, same.matrix)
    older = recipe.build([number("age", [90] * 4), WOUND, SITE])
    assert np.array_equal(recipe.build(COLUMNS, override={"age": 90}).matrix, older.matrix)


def test_override_of_an_unknown_level_or_an_idle_column() -> None:
    recipe = DesignRecipe.learn(COLUMNS, formula="age + wound")
    with pytest.raises(DataError, match="'3'"):
        recipe.build(COLUMNS, override={"wound": 3})
    with pytest.raises(InvalidArgument, match="would change nothing"):
        recipe.build(COLUMNS, override={SITE.name: 1})


def test_more_rows_than_a_chunk() -> None:
    values = np.arange(10_000.0)
    recipe = DesignRecipe.learn([number("x", values)], formula="x + I(x**2)")
    matrix = recipe.build([number("x", values)]).matrix
    assert np.array_equal(matrix, np.column_stack([np.ones(10_000), values, values**2]))


def test_a_design_of_the_intercept_alone() -> None:
    recipe = DesignRecipe.learn([])
    assert recipe.build([], rows=3).matrix.tolist() == [[1], [1], [1]]
    with pytest.raises(InvalidArgument, match="at least one column"):
        DesignRecipe.learn([], intercept=False)


def test_columns_that_are_missing_or_do_not_fit() -> None:
    recipe = DesignRecipe.learn(COLUMNS)
    with pytest.raises(ColumnNotFound, match="'wound'"):
        recipe.build([AGE, SITE])
    with pytest.raises(DataError, match="appears twice"):
        encode([AGE, AGE])
    with pytest.raises(DataError, match="one length"):
        encode([AGE, number("bmi", [1, 2])])
    with pytest.raises(DataError, match="10,000 levels"):
        encode([coded("ward", np.arange(10_000), ())])
    with pytest.raises(DataError, match="missing levels"):
        encode([coded("ward", [0, np.nan], ("a", "b"))])


def test_a_recipe_is_a_value() -> None:
    one, two = (DesignRecipe.learn(COLUMNS, formula="age * wound") for _ in range(2))
    assert one == two
    assert hash(one) == hash(two)
    assert one.columns == ("age", "wound")


def test_design_checks_its_names() -> None:
    with pytest.raises(DataError, match="column names"):
        Design(matrix=np.ones((2, 2)), names=("a",))
