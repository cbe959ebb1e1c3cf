"""What the doors of this room refuse, and how."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import Cohort, Graph, Linear, estimate, identify
from causalmed.errors import (
    CausalmedError,
    ColumnNotFound,
    DataError,
    InvalidArgument,
    NotEnoughEvents,
    PositivityViolation,
    ScaleNotDefined,
)
from causalmed.estimation.mediation import MediationAIPW, mediation_sensitivity

GRAPH = Graph.parse("dag { c -> {a m y}; a -> m -> y; a -> y }")
DIRECT = identify(GRAPH, exposure="a", outcome="y", effect="natural_direct", mediators=["m"])


@pytest.mark.parametrize(
    "options",
    [
        {"propensity": Linear()},
        {"mediator_propensity": "logistic"},
        {"mediator_propensity": object},
        {"outcome": 3},
        {"mean_outcome": "mean"},
        {"by_arm": 1},
        {"folds": 1},
        {"trim": 0.7},
    ],
)
def test_options_that_are_none(options):
    with pytest.raises(InvalidArgument):
        MediationAIPW(**options)


def test_a_predicted_risk_needs_a_regressor():
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(InvalidArgument, match="is a classifier"):
        MediationAIPW(mean_outcome=LogisticRegression())


def frame(binary, n=400):
    return binary(np.random.default_rng(1), n)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (lambda f: f.drop(columns="m"), ColumnNotFound, "'m' .mediators"),
        (lambda f: f.assign(m=1), DataError, "the same for all"),
        (lambda f: f.assign(a=1), CausalmedError, "exposed"),
        (lambda f: f.assign(y=0), NotEnoughEvents, "None of"),
        (lambda f: f.assign(m=f.a), CausalmedError, "."),
        (lambda f: f.assign(m=10.0 * f.a + f.m), CausalmedError, "."),
        (lambda f: f.iloc[:3], CausalmedError, "."),
        (lambda f: f.assign(m=pd.date_range("2026-01-01", periods=len(f))), CausalmedError, "kind"),
    ],
)
def test_tables_that_cannot_answer(binary, change, error, message):
    with pytest.raises(error, match=message):
        estimate(DIRECT, Cohort.from_frame(change(frame(binary))))


def test_mediators_that_tell_who_is_exposed(binary):
    rng = np.random.default_rng(2)
    table = frame(binary, 3000)
    table = table.assign(m=4 * table.a + rng.normal(size=len(table)))
    with pytest.raises(PositivityViolation, match="m nearly tells who is exposed"):
        estimate(DIRECT, Cohort.from_frame(table))
    found = estimate(DIRECT, Cohort.from_frame(table), MediationAIPW(trim=0.02))
    assert any("stated trim" in sentence for sentence in found.overrides)
    assert {check.name for check in found.diagnostics.not_passed()} & {"overlap", "overlap of mediators"}


def test_a_horizon_is_not_understood(binary):
    with pytest.raises(InvalidArgument, match="without a time"):
        estimate(DIRECT, Cohort.from_frame(frame(binary)), horizon=30)


def test_sensitivity_is_the_printed_bound(binary):
    found = estimate(DIRECT, Cohort.from_frame(frame(binary, 4000)))
    bounds = mediation_sensitivity(found, outcome_ratio=2.0, exposure_ratio=2.0)
    assert bounds.bound == pytest.approx(4 / 3)
    ratio = found.risk_ratio.estimate
    assert bounds.risk_ratio == pytest.approx((ratio * 3 / 4, ratio * 4 / 3))
    e1, e0 = found.functionals["exposed"], found.functionals["unexposed"]
    assert bounds.risk_difference == pytest.approx((e1 * 3 / 4 - e0, e1 * 4 / 3 - e0))
    assert bounds.risk_ratio_limits[0] == pytest.approx(found.risk_ratio.low * 3 / 4)
    indirect = mediation_sensitivity(
        found.beside["the natural indirect effect"], outcome_ratio=2, exposure_ratio=2
    )
    ratio = found.beside["the natural indirect effect"].risk_ratio.estimate
    assert indirect.risk_ratio == pytest.approx((ratio * 3 / 4, ratio * 4 / 3))
    assert "natural indirect risk ratio would lie between" in str(indirect)
    none = mediation_sensitivity(found, outcome_ratio=1, exposure_ratio=5)
    assert none.risk_ratio == pytest.approx((found.risk_ratio.estimate,) * 2)
    # the E-value is where the bound reaches no effect
    strong = bounds.e_value.estimate
    assert mediation_sensitivity(found, outcome_ratio=strong, exposure_ratio=strong).risk_ratio[
        0
    ] == pytest.approx(1)


def test_the_bound_holds_in_a_model_with_a_hidden_cause():
    """The true direct effect lies inside the bound made with the true ratios."""
    rng = np.random.default_rng(4)
    n = 400_000
    u, a = rng.random(n) < 0.5, rng.integers(0, 2, n)
    m = (rng.random(n) < 0.15 + 0.3 * a + 0.35 * u).astype(int)
    y = (rng.random(n) < (0.05 + 0.05 * a + 0.05 * m) * np.where(u, 2.0, 1.0)).astype(int)
    table = pd.DataFrame({"a": a, "m": m, "y": y, "c": rng.integers(0, 2, n)})
    truth = (0.05 + 0.05 + 0.05 * (0.15 + 0.175)) * 1.5 + 0.05 * 0.35 * 0.25
    under_none = (0.05 + 0.05 * (0.15 + 0.175)) * 1.5 + 0.05 * 0.35 * 0.25
    found = estimate(DIRECT, Cohort.from_frame(table), MediationAIPW())
    rates = table.assign(u=u).groupby(["m", "a"]).u.mean()
    odds = [
        max(p / q, q / p)
        for k in (0, 1)
        for p, q in ((rates[k, 1], rates[k, 0]), (1 - rates[k, 1], 1 - rates[k, 0]))
    ]
    bounds = mediation_sensitivity(found, outcome_ratio=2.0, exposure_ratio=float(max(odds)))
    assert bounds.risk_ratio[0] < truth / under_none < bounds.risk_ratio[1]
    assert abs(found.risk_ratio.estimate - truth / under_none) > 3 * found.risk_ratio.std_error


def test_sensitivity_refuses_what_it_is_not_about(binary):
    found = estimate(DIRECT, Cohort.from_frame(frame(binary, 2000)))
    for ratio in (0.5, True, "2", float("inf"), float("nan")):
        with pytest.raises(InvalidArgument, match="at least 1"):
            mediation_sensitivity(found, outcome_ratio=ratio, exposure_ratio=2)
    with pytest.raises(ScaleNotDefined, match="natural direct and indirect"):
        mediation_sensitivity(found.beside["the total effect"], outcome_ratio=2, exposure_ratio=2)
    with pytest.raises(InvalidArgument):
        mediation_sensitivity("effect", outcome_ratio=2, exposure_ratio=2)
