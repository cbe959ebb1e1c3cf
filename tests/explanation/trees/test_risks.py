"""The risk of tree ensembles, shared out on its own scale, against all coalitions of the model itself."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder

from causalmed.cohort import Cohort
from causalmed.explanation import explain
from causalmed.explanation.players import Players
from causalmed.explanation.shapley import exact
from causalmed.explanation.trees import TreeRisk, read_trees, tree_risk
from causalmed.explanation.trees.risks import by_tables, by_trees
from causalmed.prediction import Recalibration, RiskModel, fit_risk_model

NUMBERS = ["age", "glucose", "late"]
FEATURES = [*NUMBERS, "wound"]
LEARNERS = {
    "forest": RandomForestClassifier(15, max_depth=4, random_state=0),
    "boosting": GradientBoostingClassifier(n_estimators=15, random_state=0),
    "histogram": HistGradientBoostingClassifier(max_iter=15, random_state=0),
}


def cohort(rows: int, seed: int, levels: tuple[str, ...] = ("clean", "mixed", "dirty")) -> Cohort:
    rng = np.random.default_rng(seed)
    table = pd.DataFrame(
        {
            "id": np.arange(rows),
            "age": rng.normal(60, 12, rows),
            "glucose": rng.normal(140, 30, rows),
            "late": rng.integers(0, 2, rows),
            "wound": rng.choice(["clean", "mixed", "dirty"], rows, p=[0.5, 0.3, 0.2]),
        }
        | {f"noise{j}": rng.normal(size=rows) for j in range(13)}
    )
    eta = -2 + 0.03 * (table.age - 60) * table.late + 0.01 * (table.glucose - 140) + (table.wound == "dirty")
    table["infection"] = (rng.random(rows) < 1 / (1 + np.exp(-eta))).astype(int)
    return Cohort.from_frame(table, unit="id", outcome="infection", kinds={"wound": levels})


@pytest.fixture(scope="module")
def ward() -> Cohort:
    return cohort(1500, 0)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_fitted_and_recalibrated_model(ward: Cohort, name: str) -> None:
    model = fit_risk_model(ward, features=FEATURES, learner=LEARNERS[name], specificity=0.9, seed=1)
    assert model.recalibration is not None
    _compare(model, ward.take(range(3)), cohort(40, 1))


def test_a_recalibration_of_extreme_margins(ward: Cohort) -> None:
    """Risks near 0 and 1 are cut off before they are recalibrated, and so are these."""
    table = ward.to_frame()
    forest = read_trees(LEARNERS["histogram"].fit(table[NUMBERS], table["infection"]))
    margin = np.array([[-800.0, -60.0, -33.0], [-20.0, 0.3, 45.0]])
    for slope in (0.3, 1.0, 2.5):
        after = Recalibration(intercept=0.2, slope=slope)
        tree = TreeRisk(forest=forest, player=(0, 1, 2), columns=np.asarray, recalibration=after)
        expected = after.apply(forest.link(margin))
        np.testing.assert_allclose(tree.of_margin(margin), expected, rtol=0, atol=1e-12)


def test_levels_in_another_order(ward: Cohort) -> None:
    model = fit_risk_model(ward, features=FEATURES, learner=LEARNERS["forest"], specificity=0.9, seed=1)
    other = cohort(40, 1, levels=("dirty", "clean", "mixed"))
    _compare(model, other.take(range(3)), other)


@pytest.mark.parametrize("positive", [0, 1])
@pytest.mark.parametrize("name", LEARNERS)
def test_a_wrapped_classifier(ward: Cohort, name: str, positive: int) -> None:
    table = ward.to_frame()
    classifier = LEARNERS[name].fit(table[NUMBERS], table["infection"])
    model = RiskModel.wrap(classifier, features=NUMBERS, positive=positive)
    _compare(model, ward.take(range(3)), cohort(40, 1))


def _compare(model: Any, patients: Cohort, background: Cohort) -> None:
    players = Players.of(model, background)
    rows, compared = players.matrix(patients), players.matrix(background)
    found = by_trees(players, patients=rows, background=compared, seed=0)
    slow = exact(players.risk, patients=rows, background=compared)
    assert found is not None
    np.testing.assert_allclose(found.values, slow.values, rtol=0, atol=1e-12)
    np.testing.assert_allclose(found.background_error, slow.background_error, rtol=0, atol=1e-12)
    assert found.start == pytest.approx(slow.start, abs=1e-12)
    assert found.monte_carlo_error.max() == 0


def test_error_of_blocks_is_that_of_rows(ward: Cohort) -> None:
    table = ward.to_frame()
    model = RiskModel.wrap(LEARNERS["forest"].fit(table[NUMBERS], table["infection"]), features=NUMBERS)
    players = Players.of(model, ward)
    rows, compared = players.matrix(ward.take(range(20))), players.matrix(ward)
    tree = tree_risk(players, rows)
    assert tree is not None
    found = [by_tables(tree, patients=rows, background=compared, seed=seed) for seed in range(8)]
    slow = exact(players.risk, patients=rows, background=compared)
    np.testing.assert_allclose(found[0].values, slow.values, rtol=0, atol=1e-12)
    errors = np.mean([each.background_error**2 for each in found], axis=0) ** 0.5
    np.testing.assert_allclose(errors, slow.background_error, rtol=0.25, atol=1e-6)
    one = by_tables(tree, patients=rows, background=compared[:1], seed=0)
    assert np.isnan(one.background_error).all()


WIDE = [*NUMBERS, *(f"noise{j}" for j in range(13))]


def test_averaged_trees_take_any_number_of_players(ward: Cohort) -> None:
    table = ward.to_frame()
    averaged = LEARNERS["forest"].fit(table[WIDE], table["infection"])
    why = explain(RiskModel.wrap(averaged, features=WIDE), ward.take(range(4)), background=ward)
    assert why.method.startswith("exact: 15 trees")
    assert np.abs(why.start + why.values.sum(axis=1) - why.risks).max() < 1e-10


@pytest.mark.slow
def test_boosted_trees_of_many_players_are_permuted(ward: Cohort) -> None:
    table = ward.to_frame()
    boosted = LEARNERS["histogram"].fit(table[WIDE], table["infection"])
    model = RiskModel.wrap(boosted, features=WIDE)
    why = explain(model, ward.take(range(1)), background=ward.take(range(40)))
    assert why.method.startswith("permutations")
    np.testing.assert_allclose(why.start + why.values.sum(axis=1), why.risks, atol=1e-8)


def test_the_explanation_names_the_method(ward: Cohort) -> None:
    table = ward.to_frame()
    boosted = LEARNERS["boosting"].fit(table[NUMBERS], table["infection"])
    model = RiskModel.wrap(boosted, features=NUMBERS)
    why = explain(model, ward.take(range(2)), background=ward.take(range(50)))
    assert why.method == "exact: all 8 coalitions, read from 15 trees"
    np.testing.assert_allclose(why.start + why.values.sum(axis=1), why.risks, atol=1e-10)


def test_models_without_trees_are_left_to_the_others(ward: Cohort) -> None:
    table = ward.to_frame()
    fitted = LogisticRegression(max_iter=1000).fit(table[NUMBERS], table["infection"])
    coded = make_pipeline(OneHotEncoder(), LEARNERS["forest"]).fit(table[["wound"]], table["infection"])
    three = RandomForestClassifier(3, random_state=0).fit(table[NUMBERS], table["infection"])
    for model in (
        RiskModel.wrap(fitted, features=NUMBERS),
        RiskModel.wrap(coded, features=["wound"]),
        RiskModel.wrap(lambda frame: three.predict_proba(frame)[:, 1], features=NUMBERS),
    ):
        players = Players.of(model, ward)
        assert (
            by_trees(
                players, patients=players.matrix(ward.take([0])), background=players.matrix(ward), seed=0
            )
            is None
        )


def test_trees_that_do_not_give_the_models_risk_are_not_used(ward: Cohort) -> None:
    """A class that answers otherwise than its trees is asked itself."""

    class RandomForestClassifierOfOurs(RandomForestClassifier):
        def predict_proba(self, rows: Any) -> np.ndarray:
            return np.roll(super().predict_proba(rows), 1, axis=1)

    RandomForestClassifierOfOurs.__name__ = "RandomForestClassifier"
    RandomForestClassifierOfOurs.__module__ = "sklearn.ensemble"
    table = ward.to_frame()
    model = RiskModel.wrap(
        RandomForestClassifierOfOurs(3, random_state=0).fit(table[NUMBERS], table["infection"]),
        features=NUMBERS,
    )
    players = Players.of(model, ward)
    assert tree_risk(players, players.matrix(ward)) is None
    assert tree_risk(players) is not None
