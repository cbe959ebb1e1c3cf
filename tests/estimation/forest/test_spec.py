"""CausalForest as a value, and what it refuses."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LinearRegression

from causalmed import CausalForest, Cohort, Estimand, estimate
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument, NotEnoughEvents
from causalmed.estimation import fit_forest
from tests.estimation.forest.ward import COLUMNS, QUESTION, ward


@pytest.mark.parametrize(
    ("option", "what"),
    [
        ({"trees": 101}, "even"),
        ({"trees": 20}, "from 80"),
        ({"trees": 100.0}, "whole number"),
        ({"trees": True}, "whole number"),
        ({"min_leaf": 0}, "min_leaf"),
        ({"bins": 256}, "255"),
        ({"mtry": 0}, "mtry"),
        ({"subsample": 0.6}, "at most 0.5"),
        ({"subsample": "half"}, "at most 0.5"),
        ({"stretch": 1}, "stretch"),
        ({"folds": 1}, "folds"),
        ({"trim": 0.7}, "trim"),
        ({"propensity": LinearRegression()}, "predict_proba"),
    ],
)
def test_refuses_impossible_options(option: dict[str, object], what: str) -> None:
    with pytest.raises(InvalidArgument, match=what):
        CausalForest(**option)  # type: ignore[arg-type]


def test_prints_as_it_is_written() -> None:
    assert repr(CausalForest(trees=100, bins=255)) == "CausalForest(trees=100, bins=255)"


@pytest.mark.parametrize(
    ("p", "mtry", "columns"), [(5, None, 5), (30, None, 26), (100, None, 30), (30, 7, 7), (3, 7, 3)]
)
def test_columns_a_node(p: int, mtry: int | None, columns: int) -> None:
    assert CausalForest(mtry=mtry).columns_a_node(p) == columns


def test_refuses_what_it_cannot_answer() -> None:
    patients = ward(300, 1).cohort(unit="patient")
    nothing = Estimand.given(exposure="late", outcome="ssi", adjustment_set=[])
    with pytest.raises(DataError, match="adjustment set is empty"):
        estimate(nothing, patients, CausalForest(trees=100))
    with pytest.raises(InvalidArgument, match="outcomes with a time"):
        estimate(QUESTION, patients, CausalForest(trees=100), horizon=30)
    with pytest.raises(InvalidArgument, match="population"):
        estimate(QUESTION, patients, CausalForest(trees=100), population="tall")
    with pytest.raises(NotEnoughEvents, match="too few for a forest"):
        estimate(QUESTION, patients, CausalForest(trees=100, min_leaf=40))
    with pytest.raises(InvalidArgument, match="CausalForest"):
        fit_forest(QUESTION, patients, "forest")  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="Cohort"):
        fit_forest(QUESTION, ward(300, 1).frame)  # type: ignore[arg-type]


def test_few_clusters_are_refused() -> None:
    patients = ward(400, 2, hospitals=6).cohort(unit="patient", cluster="hospital")
    with pytest.raises(DataError, match="6 clusters"):
        estimate(QUESTION, patients, CausalForest(trees=100))


def test_other_patients_must_be_placeable() -> None:
    one = ward(400, 3)
    forest = fit_forest(QUESTION, one.cohort(unit="patient"), CausalForest(trees=80), seed=1)
    new = one.frame.head(5)
    with pytest.raises(ColumnNotFound, match="age"):
        forest.effects(Cohort.from_frame(new.drop(columns="age"), unit="patient"))
    strange = new.assign(wound=["clean", "mixed", "burnt", "burnt", "mixed"])
    with pytest.raises(DataError, match="burnt"):
        forest.effects(Cohort.from_frame(strange, unit="patient"))
    with pytest.raises(InvalidArgument, match="Cohort"):
        forest.effects(new)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgument, match="level"):
        forest.effects(one.cohort(unit="patient"), level=95)
    known = forest.effects(
        Cohort.from_frame(new[["patient", *COLUMNS]], unit="patient", kinds={"frail": "binary"})
    )
    assert np.isfinite(known.estimate).all()
