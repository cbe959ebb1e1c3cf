"""Attributions of trees against shap, LightGBM, brute force and closed forms, in the same run."""

from __future__ import annotations

import warnings
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.tree import DecisionTreeClassifier

from causalmed._kernels.reference_treeshap import shapley
from causalmed.errors import InvalidArgument, NotConverged
from causalmed.explanation.shapley import exact
from causalmed.explanation.trees import coding, interventional, path_dependent, read_trees, shares

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import shap

COLUMNS = 10
MODELS = {
    "boosting": lambda: GradientBoostingClassifier(n_estimators=25, max_depth=4, random_state=0),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=20, max_depth=4, random_state=0),
    "lightgbm": lambda: lgb.LGBMClassifier(
        n_jobs=1, n_estimators=20, max_depth=4, verbose=-1, random_state=0
    ),
    "forest": lambda: RandomForestClassifier(20, max_depth=5, random_state=0),
}


def data(count: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(count, COLUMNS))


@pytest.fixture(scope="module")
def fitted() -> dict[str, Any]:
    rows = data(600, 0)
    noise = np.random.default_rng(1).normal(size=600)
    outcome = (rows[:, 0] * rows[:, 1] + rows[:, 2] - 0.4 * rows[:, 3] + noise > 0).astype(int)
    return {name: make().fit(rows, outcome) for name, make in MODELS.items()} | {
        "deep": RandomForestClassifier(6, random_state=0).fit(rows, outcome),
        "stumps": GradientBoostingClassifier(n_estimators=40, max_depth=1, random_state=0).fit(rows, outcome),
    }


def of_one(values: np.ndarray) -> np.ndarray:
    """Return shap's values of the second class where it gives both."""
    return values[..., 1] if values.ndim == 3 else values


@pytest.mark.parametrize("name", MODELS)
def test_as_shap_against_the_same_background(fitted: dict[str, Any], name: str) -> None:
    rows, background = data(15, 3), data(130, 4)  # more than the 100 rows that shap keeps by itself
    masker = shap.maskers.Independent(background, max_samples=len(background))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = of_one(np.asarray(shap.TreeExplainer(fitted[name], masker).shap_values(rows)))
    found = interventional(read_trees(fitted[name]), rows, background=background)
    np.testing.assert_allclose(found, theirs, rtol=0, atol=1e-6)  # it rounds to single precision


@pytest.mark.parametrize("name", [*MODELS, "deep"])
def test_as_shap_along_the_paths(fitted: dict[str, Any], name: str) -> None:
    rows = data(15, 3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        explainer = shap.TreeExplainer(fitted[name], feature_perturbation="tree_path_dependent")
        theirs = of_one(np.asarray(explainer.shap_values(rows)))
    found, start = path_dependent(read_trees(fitted[name]), rows)
    np.testing.assert_allclose(found, theirs, rtol=0, atol=1e-6)
    assert start == pytest.approx(np.ravel(explainer.expected_value)[-1], abs=1e-6)


def test_as_lightgbm_along_the_paths(fitted: dict[str, Any]) -> None:
    rows = data(15, 3)
    theirs = fitted["lightgbm"].predict(rows, pred_contrib=True)
    found, start = path_dependent(read_trees(fitted["lightgbm"]), rows)
    np.testing.assert_allclose(np.column_stack([found, np.full(15, start)]), theirs, rtol=0, atol=1e-10)


@pytest.mark.parametrize("name", [*MODELS, "deep"])
def test_as_all_coalitions(fitted: dict[str, Any], name: str) -> None:
    forest, rows, background = read_trees(fitted[name]), data(2, 3), data(9, 4)
    found = interventional(forest, rows, background=background)
    np.testing.assert_allclose(
        found, exact(forest, patients=rows, background=background).values, rtol=0, atol=1e-12
    )


@pytest.mark.parametrize("name", [*MODELS, "deep"])
def test_they_sum_to_the_difference(fitted: dict[str, Any], name: str) -> None:
    forest, rows, background = read_trees(fitted[name]), data(40, 3), data(60, 4)
    found = interventional(forest, rows, background=background)
    expected = forest(rows) - forest(background).mean()
    np.testing.assert_allclose(found.sum(axis=1), expected, rtol=0, atol=1e-12)
    found, start = path_dependent(forest, rows)
    np.testing.assert_allclose(found.sum(axis=1), forest(rows) - start, rtol=0, atol=1e-12)


def test_closed_form_of_stumps(fitted: dict[str, Any]) -> None:
    """A sum of functions of one column each: the share is the function, less its mean over the background."""
    forest, rows, background = read_trees(fitted["stumps"]), data(30, 3), data(1500, 4)
    found = interventional(forest, rows, background=background)
    base = np.zeros((1, COLUMNS))
    for column in range(COLUMNS):
        moved, there = np.repeat(base, 30, axis=0), np.repeat(base, 1500, axis=0)
        moved[:, column], there[:, column] = rows[:, column], background[:, column]
        np.testing.assert_allclose(found[:, column], forest(moved) - forest(there).mean(), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["boosting", "deep"])
def test_columns_of_one_variable_play_together(fitted: dict[str, Any], name: str) -> None:
    forest, rows, background = read_trees(fitted[name]), data(3, 3), data(11, 4)
    player = np.array([0, 1, 1, 2, 0, 3, 3, 3, 4, 5])
    found = interventional(forest, rows, background=background, players=player)
    for shared, patient in zip(found, rows, strict=True):
        game = [forest(np.where((s >> player) & 1 == 1, patient, background)).mean() for s in range(1 << 6)]
        np.testing.assert_allclose(shared, shapley(np.array(game)[:, None])[:, 0], rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", ["boosting", "deep"])
def test_the_same_bits_on_any_threads_and_in_any_company(fitted: dict[str, Any], name: str) -> None:
    forest, rows, background = read_trees(fitted[name]), data(21, 3), data(33, 4)
    one = interventional(forest, rows, background=background)
    assert np.array_equal(one, interventional(forest, rows, background=background, n_jobs=3))
    assert np.array_equal(one[::-1], interventional(forest, rows[::-1], background=background))
    assert np.array_equal(one[5:8], interventional(forest, rows[5:8], background=background))
    along = path_dependent(forest, rows)[0]
    assert np.array_equal(along[5:8], path_dependent(forest, rows[5:8], n_jobs=2)[0])


def test_many_trees_in_parts_and_rows_in_chunks(
    fitted: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    forest, rows, background = read_trees(fitted["forest"]), data(50, 3), data(33, 4)
    whole = interventional(forest, rows, background=background)
    monkeypatch.setattr(shares, "TREES", 3)
    monkeypatch.setattr(shares, "ROWS", 7)
    monkeypatch.setattr(coding, "MOST", 20)  # cuts of a column: the forest is halved until they fit
    assert len(coding.coded(forest, coding.players_of(forest, None))) > 2
    np.testing.assert_allclose(interventional(forest, rows, background=background), whole, rtol=0, atol=1e-14)


def test_a_tree_whose_cuts_do_not_fit_is_asked_by_pairs(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = data(200, 0)
    forest = read_trees(DecisionTreeClassifier(random_state=0).fit(rows, rows[:, 0] * rows[:, 1] > 0))
    whole = interventional(forest, rows[:9], background=rows)
    monkeypatch.setattr(coding, "MOST", 3)
    found = interventional(forest, rows[:9], background=rows)
    np.testing.assert_allclose(found, whole, rtol=0, atol=1e-14)


def test_forty_players_on_a_way() -> None:
    """A chain of forty columns: along the paths there is a closed form, and precision is kept."""
    from causalmed.explanation.trees.forest import Forest, Grown
    from causalmed.explanation.trees.views import View

    d = 40
    left = np.where(np.arange(2 * d + 1) % 2 == 0, np.arange(2 * d + 1) + 1, -1)
    left[-1] = -1
    right = np.where(left >= 0, left + 1, -1)
    cover = np.ones(2 * d + 1)
    for k in range(d):
        cover[2 * k + 1] = cover[2 * k + 2] = cover[2 * k] / 2
    value = np.zeros(2 * d + 1)
    value[-1] = 2.0**d
    tree = Grown(left=left, right=right, view=np.arange(2 * d + 1) // 2 % d, cut=np.zeros(2 * d + 1),
                 value=value, cover=cover)  # fmt: skip
    forest = Forest.planted([tree], views=[View(column=j) for j in range(d)], columns=d)
    found, start = path_dependent(forest, np.ones((1, d)))
    assert start == pytest.approx(1.0, rel=1e-12)
    np.testing.assert_allclose(found, (2.0**d - 1) / d, rtol=1e-12)
    against = interventional(forest, np.ones((1, d)), background=-np.ones((3, d)))
    np.testing.assert_allclose(against, 2.0**d / d, rtol=1e-12)


def test_what_cannot_be_asked_is_refused(fitted: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    forest, rows = read_trees(fitted["boosting"]), data(5, 3)
    with pytest.raises(InvalidArgument, match="no rows"):
        interventional(forest, rows, background=rows[:0])
    with pytest.raises(InvalidArgument, match="do not fit"):
        interventional(forest, rows[:, :4], background=rows)
    with pytest.raises(InvalidArgument, match="forest="):
        interventional(fitted["boosting"], rows, background=rows)
    for players in ([0] * 9, [1] * 10, [0, 2] * 5, np.linspace(0, 1, 10)):
        with pytest.raises(InvalidArgument, match="players="):
            interventional(forest, rows, background=rows, players=players)
    assert interventional(forest, rows[:0], background=rows).shape == (0, COLUMNS)
    monkeypatch.setattr(shares, "_shares", lambda part, sight, compared, width: np.ones((width, 5)))
    with pytest.raises(NotConverged, match="25 trees"):
        interventional(forest, rows, background=rows)
