"""Covariances against brute force: refits by hand, numerical derivatives, published tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, Linear, Logistic, estimate
from causalmed.errors import DataError
from causalmed.estimation import IPWRA
from causalmed.estimation.covariance import clustered, independent, jackknife
from causalmed.results import State

QUESTION = Estimand.given(exposure="a", outcome="y", adjustment_set=["u", "v"])
NUMBER = Estimand.given(exposure="a", outcome="z", adjustment_set=["u", "v"])
SPECS = (
    GComputation(),
    GComputation(by_arm=True),
    IPW(),
    IPWRA(),
    IPWRA(by_arm=True),
    AIPW(),
    TMLE(),
    TMLE(fluctuation="covariate"),
    AIPW(outcome=Logistic(firth=True)),
)


def hospitals(n=1200, groups=8, seed=2):
    rng = np.random.default_rng(seed)
    h = rng.integers(0, groups, n)
    habit, quality = rng.normal(0, 0.5, groups)[h], rng.normal(0, 0.5, groups)[h]
    u, v = rng.normal(size=n), rng.random(n) < 0.5
    a = rng.random(n) < 1 / (1 + np.exp(0.4 - 0.5 * u - 0.5 * v - habit))
    y = rng.random(n) < 1 / (1 + np.exp(1.2 - 0.5 * a - 0.6 * u - quality))
    z = 3 + a + u + quality + rng.normal(size=n)
    return pd.DataFrame({"u": u, "v": v, "a": a, "y": y, "z": z, "h": [f"H{k}" for k in h]})


@pytest.fixture(scope="module")
def frame():
    return hospitals()


@pytest.mark.parametrize("spec", SPECS, ids=repr)
@pytest.mark.parametrize("population", ["all", "exposed", "overlap"])
def test_jackknife_is_refitting_by_hand(frame, spec, population):
    if population not in spec.populations:
        return
    effect = estimate(QUESTION, Cohort.from_frame(frame, cluster="h"), spec, population=population)
    assert effect.functionals.source == "delete-one-cluster jackknife"
    # the bound of the propensity scores belongs to the whole cohort; none is near it here
    left = [
        estimate(QUESTION, Cohort.from_frame(frame[frame.h != name]), spec, population=population)
        for name in sorted(frame.h.unique())
    ]
    values = np.array([other.functionals.values for other in left])
    by_hand = jackknife(values, effect.functionals.values)
    assert np.allclose(effect.functionals.covariance, by_hand, rtol=1e-7, atol=1e-14)
    assert effect.functionals.degrees_of_freedom == 7


@pytest.mark.parametrize(
    ("question", "spec"),
    [
        (NUMBER, GComputation(outcome=Linear())),
        (NUMBER, IPWRA(outcome=Linear())),
        (NUMBER, IPWRA(outcome=Linear(), by_arm=True)),
        (QUESTION, IPWRA(outcome=Logistic(firth=True))),
    ],
    ids=repr,
)
def test_jackknife_of_other_regressions(frame, question, spec):
    effect = estimate(question, Cohort.from_frame(frame, cluster="h"), spec)
    left = [
        estimate(question, Cohort.from_frame(frame[frame.h != name]), spec)
        for name in sorted(frame.h.unique())
    ]
    by_hand = jackknife(np.array([other.functionals.values for other in left]), effect.functionals.values)
    assert np.allclose(effect.functionals.covariance, by_hand, rtol=1e-8, atol=1e-14)


@pytest.mark.parametrize("spec", [GComputation(), IPWRA()], ids=repr)
def test_a_hospitals_own_indicator_does_no_harm(frame, spec):
    question = Estimand.given(exposure="a", outcome="y", adjustment_set=["u", "v", "h"])
    effect = estimate(question, Cohort.from_frame(frame, cluster="h"), spec)
    left = [
        estimate(question, Cohort.from_frame(frame[frame.h != name]), spec)
        for name in sorted(frame.h.unique())
    ]
    by_hand = jackknife(np.array([other.functionals.values for other in left]), effect.functionals.values)
    assert np.allclose(effect.functionals.covariance, by_hand, rtol=1e-7, atol=1e-14)
    assert "approximated" not in effect.diagnostics.check("clusters").sentence


def test_many_hospitals_use_the_sums_of_influence():
    frame = hospitals(n=3000, groups=50)
    effect = estimate(QUESTION, Cohort.from_frame(frame, cluster="h"), AIPW())
    codes = np.unique(frame.h, return_inverse=True)[1]
    expected = np.zeros((3, 3))
    for k in range(50):
        total = effect.functionals.influence[codes == k].sum(axis=0)
        expected += np.outer(total, total)
    expected *= 50 / 49 / 3000**2
    assert np.allclose(effect.functionals.covariance, expected, rtol=1e-10)
    assert effect.functionals.degrees_of_freedom == 49


def test_clusters_of_one_patient_are_no_clusters():
    rng = np.random.default_rng(4)
    phi = rng.normal(size=(60, 3))
    assert np.allclose(clustered(phi, np.arange(60), 60), independent(phi) * 60 / 59, rtol=1e-12)


def test_clustered_regression_agrees_with_statsmodels(frame):
    import statsmodels.api as sm

    frame = hospitals(n=3000, groups=50)
    effect = estimate(NUMBER, Cohort.from_frame(frame, cluster="h"), GComputation(outcome=Linear()))
    X = sm.add_constant(frame[["a", "u", "v"]].astype(float))
    fit = sm.OLS(frame.z, X).fit(
        cov_type="cluster",
        cov_kwds={"groups": np.unique(frame.h, return_inverse=True)[1], "use_correction": False},
    )
    assert effect.difference.estimate == pytest.approx(fit.params["a"], abs=1e-9)
    assert effect.difference.std_error == pytest.approx(fit.bse["a"] * np.sqrt(50 / 49), rel=1e-8)


def test_hospitals_compared_as_a_whole_need_four_on_a_side(frame):
    between = frame.assign(a=frame.h.isin(["H0", "H1", "H2"]))
    with pytest.raises(DataError, match="With fewer than 4 on a side"):
        estimate(QUESTION, Cohort.from_frame(between, cluster="h"))
    enough = frame.assign(a=frame.h.isin(["H0", "H1", "H2", "H3"]))
    effect = estimate(QUESTION, Cohort.from_frame(enough, cluster="h"), GComputation())
    check = effect.diagnostics.check("clusters")
    assert "8 groups of h, 4 with exposed and 4 with unexposed" in check.sentence
    assert check.state is State.WARN


def test_one_hospital_is_not_a_sample_of_hospitals(frame):
    with pytest.raises(DataError, match="of one cluster"):
        estimate(QUESTION, Cohort.from_frame(frame[frame.h == "H1"], cluster="h"))


@pytest.mark.parametrize("spec", SPECS[:5], ids=repr)
@pytest.mark.parametrize("population", ["all", "exposed", "unexposed", "overlap"])
def test_influence_is_the_derivative_in_the_weights(frame, spec, population):
    """The influence of a patient is how the estimate moves when the patient counts a little more."""
    if population not in spec.populations:
        return
    small = frame.head(240)
    whole = estimate(QUESTION, Cohort.from_frame(small), spec, population=population)
    n = len(small)
    for row in (0, 17, 101, 200):
        # infinitesimal jackknife by a finite step: the patient twice, then not at all
        twice = pd.concat([small, small.iloc[[row]]], ignore_index=True)
        without = small.drop(index=row)
        more = estimate(QUESTION, Cohort.from_frame(twice), spec, population=population).functionals.values
        less = estimate(QUESTION, Cohort.from_frame(without), spec, population=population).functionals.values
        numeric = (more - less) / 2 * n
        found = whole.functionals.influence[row]
        assert np.allclose(found, numeric, rtol=0.02, atol=0.02), (found, numeric)


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_influence_averages_zero(frame, spec):
    phi = estimate(QUESTION, Cohort.from_frame(frame), spec).functionals.influence
    assert np.abs(phi.mean(axis=0)).max() < 1e-8


def test_a_hospital_that_cannot_be_left_out_is_named():
    frame = hospitals(n=800)
    frame["y"] &= frame.h == "H0"
    question = Estimand.given(exposure="a", outcome="y", adjustment_set=["u"])
    effect = estimate(question, Cohort.from_frame(frame, cluster="h"), GComputation())
    check = effect.diagnostics.check("clusters")
    assert check.state is State.WARN
    assert "Without H0 no model could be fitted" in check.sentence
    assert np.isfinite(effect.difference.std_error)


@pytest.mark.parametrize("spec", SPECS, ids=repr)
@pytest.mark.parametrize("cluster", [None, "h"])
def test_where_zero_lies_does_not_matter(frame, spec, cluster):
    """A column far from 0 (a date as a number) must not lose the digits of a standard error."""
    estimated = [
        estimate(QUESTION, Cohort.from_frame(frame.assign(u=frame["u"] + far), cluster=cluster), spec)
        for far in (0.0, 1e7)
    ]
    near, far = (effect.risk_difference for effect in estimated)
    assert far.estimate == pytest.approx(near.estimate, rel=1e-5)
    assert far.std_error == pytest.approx(near.std_error, rel=1e-5)
