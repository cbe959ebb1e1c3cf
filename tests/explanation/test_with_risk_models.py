"""Explanations of the library's own risk models and of wrapped classifiers."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier

from causalmed.cohort import Cohort
from causalmed.explanation import explain
from causalmed.prediction import RiskModel, fit_risk_model


@pytest.fixture(scope="module")
def ward() -> Cohort:
    rng = np.random.default_rng(3)
    rows = 1200
    age = rng.normal(60, 12, rows).round()
    wound = rng.choice(["clean", "mixed", "dirty"], rows, p=[0.6, 0.3, 0.1])
    late = rng.integers(0, 2, rows)
    eta = (
        -3 + 0.03 * (age - 60) + 0.7 * late + np.select([wound == "mixed", wound == "dirty"], [0.6, 1.5], 0.0)
    )
    table = pd.DataFrame(
        {
            "id": np.arange(rows),
            "age": age,
            "wound": wound,
            "late": late,
            "infection": rng.random(rows) < 1 / (1 + np.exp(-eta)),
        }
    )
    kinds = {"age": "continuous", "wound": ("clean", "mixed", "dirty")}
    return Cohort.from_frame(table, unit="id", outcome="infection", kinds=kinds)


def test_a_fitted_risk_model(ward: Cohort) -> None:
    model = fit_risk_model(ward, features=["age", "wound", "late"], specificity=0.9, seed=1)
    why = explain(model, ward.take(range(5)), background=ward.take(range(200)))
    np.testing.assert_allclose(why.risks / 100, model.risk(ward.take(range(5))), atol=1e-12)
    np.testing.assert_allclose(why.start / 100, model.risk(ward.take(range(200))).mean(), atol=1e-12)
    dirty = [row[1] == "dirty" for row in explain(model, ward, background=ward.take(range(50))).given]
    shares = explain(model, ward, background=ward.take(range(50))).values[:, 1]
    assert shares[dirty].min() > shares[~np.array(dirty)].max()


def test_a_wrapped_classifier(ward: Cohort) -> None:
    table = ward.to_frame()
    classifier = HistGradientBoostingClassifier(max_iter=20, random_state=0).fit(
        table[["age", "late"]].astype(float), table["infection"].astype(int)
    )
    model = RiskModel.wrap(classifier, features=["age", "late"], positive=1)
    why = explain(model, ward.take(range(3)), background=ward.take(range(100)))
    np.testing.assert_allclose(why.start + why.values.sum(axis=1), why.risks, atol=1e-8)
