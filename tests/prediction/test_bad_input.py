"""Tables nobody should have: a clear error or a right answer, never a crash."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError, NotConverged, NotEnoughEvents
from causalmed.prediction import fit_risk_model
from causalmed.regression import Logistic


def make(n=600, seed=1):
    rng = np.random.default_rng(seed)
    age = rng.normal(60, 10, n)
    infection = (rng.random(n) < 1 / (1 + np.exp(7 - age / 10))).astype(int)
    return pd.DataFrame({"age": age, "infection": infection})


def cohort_of(frame, **more):
    return Cohort.from_frame(frame, outcome="infection", kinds={"infection": "binary", **more})


def test_perfect_separation_is_named_and_firth_helps():
    frame = make()
    frame["oracle"] = frame["infection"] * 2.0 + np.random.default_rng(0).uniform(0, 1, 600)
    with pytest.raises(NotConverged, match="oracle"):
        fit_risk_model(cohort_of(frame), features=["oracle"])
    found = fit_risk_model(cohort_of(frame), features=["oracle"], learner=Logistic(firth=True))
    assert ((found.risk(frame) > 0.5) == (frame["infection"] == 1)).mean() > 0.95


def test_collinear_and_constant_columns_are_named():
    frame = make()
    for name, column in (("age_months", frame["age"] * 12), ("ward", 3.0)):
        with pytest.raises(CausalmedError, match=name):
            fit_risk_model(cohort_of(frame.assign(**{name: column}), **{name: "continuous"}))


@pytest.mark.parametrize("value", [0, 1])
def test_no_events_or_only_events(value):
    with pytest.raises(NotEnoughEvents, match="with the outcome"):
        fit_risk_model(cohort_of(make().assign(infection=value)), features=["age"])


def test_odd_column_names_work():
    frame = make().rename(columns={"age": "inf"})
    frame["<b>x</b>"] = np.random.default_rng(0).normal(size=600)
    found = fit_risk_model(cohort_of(frame))
    assert found.features == ("inf", "<b>x</b>")
    assert "<b>" not in found._repr_html_()
    assert found.risk(frame).shape == (600,)


def test_risks_that_do_not_rise_with_the_outcome_fail_the_check():
    """A learner that says the opposite of the truth is not turned around silently."""

    class Contrary:
        def fit(self, x, y):
            self.classes_ = np.array([0, 1])
            return self

        def get_params(self, deep=True):
            return {}

        def set_params(self):
            return self

        def predict_proba(self, x):
            p = 1 / (1 + np.exp((x[:, 0] - 60) / 10))
            return np.column_stack([1 - p, p])

    found = fit_risk_model(cohort_of(make(3000)), features=["age"], learner=Contrary())
    assert found.recalibration is None
    assert found.diagnostics.failed()[0].name == "recalibration"
    assert "Do not use this model" in " ".join(found.summary().split())


def test_one_row_and_no_row():
    model = fit_risk_model(cohort_of(make()), features=["age"])
    assert model.risk(make().iloc[[0]]).shape == (1,)
    with pytest.raises(CausalmedError):
        model.risk(make().iloc[:0])
