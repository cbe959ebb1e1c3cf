"""A few outcomes of the new hospital: how often a true assumption is doubted, and a false one found."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, kstest

from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError, InvalidArgument
from causalmed.prediction import fit_risk_model
from causalmed.results import State


def expit(values):
    return 1 / (1 + np.exp(-values))


def make(n, rng, *, shift=0.0, odds=1.0, generous=0.0):
    """A cause, a hidden frailty, and a rating of both; ``generous`` changes how the rating is given."""
    cause, frailty = rng.normal(shift, 1, n), rng.normal(size=n)
    rating = cause + 1.5 * frailty + rng.normal(0, 0.5, n) + generous
    infection = rng.random(n) < expit(-2.3 + 0.6 * cause + 1.2 * frailty + np.log(odds))
    return pd.DataFrame({"cause": cause, "rating": rating, "infection": infection.astype(int)})


def cohort_of(table):
    return Cohort.from_frame(table, outcome="infection")


def taken(rng, features, *, n=3000, **there):
    model = fit_risk_model(cohort_of(make(n, rng)), features=features, specificity=0.9, seed=1)
    return model.adapt(make(2000, rng, **there)[features])


def p_values(times, seed):
    rng = np.random.default_rng(seed)
    return [
        taken(rng, ["cause"], shift=0.6).check(cohort_of(make(600, rng, shift=0.6))).p_value
        for _ in range(times)
    ]


def test_under_a_true_assumption_p_values_are_uniform():
    assert kstest(p_values(20, seed=1), "uniform").pvalue > 0.001


@pytest.mark.slow
def test_a_true_assumption_is_doubted_in_one_case_of_twenty():
    found, times = p_values(200, seed=2), 200
    doubted = sum(value < 0.05 for value in found)
    assert binom.ppf(0.001, times, 0.05) <= doubted <= binom.ppf(0.999, times, 0.05)
    assert kstest(found, "uniform").pvalue > 0.001


def test_what_it_calls_detectable_is_detected_in_four_cases_of_five():
    rng = np.random.default_rng(2)
    found = taken(rng, ["cause"], shift=0.6)
    odds = found.check(cohort_of(make(800, rng, shift=0.6))).detectable
    assert 1.3 < odds < 2.5
    times = 40
    seen = 0
    for _ in range(times):
        few = make(800, rng, shift=0.6, odds=odds)
        few["infection"] = (rng.random(800) < _shifted(few, odds)).astype(int)
        seen += found.check(cohort_of(few)).state is State.FAIL
    assert 0.5 <= seen / times <= 0.97


def _shifted(table, odds):
    """The risk given the cause alone, its odds multiplied."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(30)
    inner = expit(-2.3 + 0.6 * table["cause"].to_numpy()[:, None] + 1.2 * nodes) @ weights / weights.sum()
    return expit(np.log(inner / (1 - inner)) + np.log(odds))


def test_changed_ratings_pass_without_outcomes_and_are_found_with_a_few():
    """A rating given more generously looks like sicker patients: only outcomes tell."""
    rng = np.random.default_rng(3)
    found = taken(rng, ["cause", "rating"], n=10_000, generous=1.5)
    assert found.diagnostics.state is State.PASS
    big = make(100_000, rng, generous=1.5)
    spared = big["infection"] == 0
    truth = 1 - found.model.alert(big)[spared].mean()
    assert truth < 0.9
    assert truth < found.adapted.specificity.low
    checked = found.check(cohort_of(make(500, rng, generous=1.5)))
    assert checked.state is State.FAIL
    assert checked.excess.high < 0
    assert "is contradicted" in " ".join(checked.summary().split())
    stable = taken(rng, ["cause"], n=10_000, generous=1.5)
    kept = 1 - stable.model.alert(big)[spared].mean()
    assert kept in stable.adapted.specificity


def test_what_cannot_be_checked_is_refused():
    rng = np.random.default_rng(4)
    found = taken(rng, ["cause"])
    few = make(200, rng)
    nobody = Cohort.from_frame(few.assign(infection=0), outcome="infection", kinds={"infection": "binary"})
    with pytest.raises(InvalidArgument, match="both kinds"):
        found.check(nobody)
    with pytest.raises(CausalmedError, match="Cohort"):
        found.check(few)
