"""Our own evaluation against the predictions of every library that is read."""

from __future__ import annotations

import warnings
from typing import Any

import lightgbm as lgb
import numpy as np
import pytest
from sklearn.ensemble import (
    ExtraTreesClassifier,
    ExtraTreesRegressor,
    GradientBoostingClassifier,
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
    RandomForestRegressor,
)
from sklearn.linear_model import LogisticRegression
from sklearn.tree import DecisionTreeClassifier, DecisionTreeRegressor

from causalmed.errors import InvalidArgument
from causalmed.explanation.trees import read_trees, readable

ROWS = 300


def data(*, missing: bool = False, levels: bool = False, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    rows = rng.normal(size=(ROWS, 5))
    rows[:, 3] = rng.integers(0, 7, ROWS) if levels else rows[:, 3].round(1)
    signal = rows[:, 0] * rows[:, 1] + np.isin(rows[:, 3], [1, 4, 5]) - 0.3 * rows[:, 2]
    if missing:
        rows[rng.random(rows.shape) < 0.1] = np.nan
        rows[rng.random(rows.shape) < 0.05] = 0.0
    return rows, (signal + rng.normal(size=ROWS) > 0.3).astype(int)


AVERAGED = {
    "tree": lambda: DecisionTreeClassifier(max_depth=7, random_state=0),
    "forest": lambda: RandomForestClassifier(12, random_state=0, class_weight="balanced"),
    "extra": lambda: ExtraTreesClassifier(12, random_state=0),
}
BOOSTED = {
    "boosting": lambda: GradientBoostingClassifier(n_estimators=20, subsample=0.7, random_state=0),
    "exponential": lambda: GradientBoostingClassifier(n_estimators=20, loss="exponential", random_state=0),
    "from zero": lambda: GradientBoostingClassifier(n_estimators=9, init="zero", random_state=0),
    "histogram": lambda: HistGradientBoostingClassifier(max_iter=20, random_state=0),
    "lightgbm": lambda: lgb.LGBMClassifier(n_jobs=1, n_estimators=20, verbose=-1, random_state=0),
    "lightgbm forest": lambda: lgb.LGBMClassifier(
        n_jobs=1,
        boosting_type="rf",
        subsample=0.6,
        subsample_freq=1,
        n_estimators=9,
        verbose=-1,
        random_state=0,
    ),
}
MEANS = {
    "tree": lambda: DecisionTreeRegressor(random_state=0),
    "forest": lambda: RandomForestRegressor(12, random_state=0),
    "extra": lambda: ExtraTreesRegressor(12, random_state=0),
    "boosting": lambda: GradientBoostingRegressor(n_estimators=20, random_state=0),
    "histogram": lambda: HistGradientBoostingRegressor(max_iter=20, random_state=0),
    "lightgbm": lambda: lgb.LGBMRegressor(n_jobs=1, n_estimators=20, verbose=-1, random_state=0),
}
WITH_MISSING = ("tree", "forest", "extra", "histogram", "lightgbm")


def margin(model: Any, rows: np.ndarray) -> np.ndarray:
    if isinstance(model, lgb.LGBMClassifier):
        return model.predict(rows, raw_score=True)
    return np.ravel(model.decision_function(rows))


def quiet(function: Any, *arguments: Any, **named: Any) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return function(*arguments, **named)


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("name", AVERAGED | BOOSTED)
def test_probabilities(name: str, positive: int) -> None:
    rows, outcome = data()
    model = (AVERAGED | BOOSTED)[name]().fit(rows, outcome)
    forest = read_trees(model, positive=positive)
    expected = quiet(model.predict_proba, rows)[:, positive]
    np.testing.assert_allclose(forest.risk(rows), expected, rtol=0, atol=1e-12)
    if name in BOOSTED and name != "lightgbm forest":  # LightGBM tells the sum of a forest, not its mean
        sign = 1 if positive else -1
        np.testing.assert_allclose(forest(rows), sign * quiet(margin, model, rows), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", MEANS)
def test_means(name: str) -> None:
    rows, outcome = data()
    model = MEANS[name]().fit(rows, outcome + rows[:, 0])
    np.testing.assert_allclose(read_trees(model)(rows), quiet(model.predict, rows), rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", WITH_MISSING)
def test_missing_values_go_where_they_were_sent(name: str) -> None:
    rows, outcome = data(missing=True)
    model = (AVERAGED | BOOSTED)[name]().fit(rows, outcome)
    other = data(missing=True, seed=5)[0]
    expected = quiet(model.predict_proba, other)[:, 1]
    np.testing.assert_allclose(read_trees(model).risk(other), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("settings", [{"use_missing": False}, {"zero_as_missing": True}])
def test_zero_and_missing_in_lightgbm(settings: dict[str, bool]) -> None:
    rows, outcome = data(missing=True)
    model = lgb.LGBMClassifier(n_jobs=1, n_estimators=20, verbose=-1, **settings).fit(rows, outcome)
    other = data(missing=True, seed=5)[0]
    expected = quiet(model.predict_proba, other)[:, 1]
    np.testing.assert_allclose(read_trees(model).risk(other), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("name", ["histogram", "lightgbm"])
def test_levels(name: str, missing: bool) -> None:
    rows, outcome = data(missing=missing, levels=True)
    rows[:, 3] += 2
    if name == "histogram":
        model = HistGradientBoostingClassifier(max_iter=20, categorical_features=[3], random_state=0)
        model.fit(rows, outcome)
    else:
        model = lgb.LGBMClassifier(n_jobs=1, n_estimators=20, verbose=-1, min_data_per_group=5)
        quiet(model.fit, rows, outcome, categorical_feature=[3])
    forest = read_trees(model)
    assert any(view.levels is not None for view in forest.views), "no split on levels: the test shows nothing"
    other = data(missing=missing, levels=True, seed=5)[0]
    other[:9, 3] = [0, 1, 2, 8, 9, 40, -3, 2.5, 11]
    expected = quiet(model.predict_proba, other)[:, 1]
    np.testing.assert_allclose(forest.risk(other), expected, rtol=0, atol=1e-12)


def test_single_precision_decides_as_in_scikit_learn() -> None:
    """A value just above the threshold in double precision is at it in single precision."""
    rows, outcome = data()
    model = DecisionTreeClassifier(random_state=0).fit(rows, outcome)
    cuts = model.tree_.threshold[model.tree_.feature == 0]
    near = np.repeat(rows[:1], 3 * len(cuts), axis=0)
    near[:, 0] = np.concatenate([cuts, np.nextafter(cuts, 9), cuts + 1e-9])
    np.testing.assert_array_equal(read_trees(model).risk(near), model.predict_proba(near)[:, 1])


def test_trees_of_one_leaf() -> None:
    rows, outcome = data()
    model = RandomForestRegressor(3, max_depth=1, min_samples_leaf=200, random_state=0).fit(rows, outcome)
    np.testing.assert_allclose(read_trees(model)(rows), model.predict(rows), atol=1e-15)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 127, 128, 129, 300])
def test_a_row_does_not_depend_on_the_rows_beside_it(count: int) -> None:
    rows, outcome = data()
    forest = read_trees(RandomForestClassifier(12, random_state=0).fit(rows, outcome))
    assert np.array_equal(forest(rows)[:count], forest(rows[:count]))


def test_what_cannot_be_read_is_refused_by_name() -> None:
    rows, outcome = data()
    three = np.digitize(rows[:, 0], [-0.5, 0.5])
    with pytest.raises(InvalidArgument, match="LogisticRegression"):
        read_trees(LogisticRegression())
    assert not readable(LogisticRegression())
    with pytest.raises(InvalidArgument, match="not fitted"):
        read_trees(RandomForestClassifier())
    with pytest.raises(InvalidArgument, match="3 classes"):
        read_trees(HistGradientBoostingClassifier(max_iter=2).fit(rows, three))
    with pytest.raises(InvalidArgument, match="3 classes"):
        read_trees(quiet(lgb.LGBMClassifier(n_jobs=1, n_estimators=2, verbose=-1).fit, rows, three))
    with pytest.raises(InvalidArgument, match="LogisticRegression"):
        read_trees(GradientBoostingClassifier(n_estimators=2, init=LogisticRegression()).fit(rows, outcome))
    with pytest.raises(InvalidArgument, match="exponential"):
        read_trees(HistGradientBoostingRegressor(max_iter=2, loss="poisson").fit(rows, outcome))
    with pytest.raises(InvalidArgument, match="poisson"):
        read_trees(
            lgb.LGBMRegressor(n_jobs=1, n_estimators=2, objective="poisson", verbose=-1).fit(rows, outcome)
        )
    with pytest.raises(InvalidArgument, match="regressions"):
        read_trees(
            lgb.LGBMRegressor(n_jobs=1, n_estimators=2, linear_tree=True, verbose=-1).fit(rows, outcome)
        )
    with pytest.raises(InvalidArgument, match="positive"):
        read_trees(DecisionTreeClassifier().fit(rows, outcome), positive="yes")
    with pytest.raises(InvalidArgument, match="do not fit"):
        read_trees(DecisionTreeClassifier().fit(rows, outcome))(rows[:, :3])
