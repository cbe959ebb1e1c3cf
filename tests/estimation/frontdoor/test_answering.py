"""The front door against counts, refits, and a truth that adjustment cannot reach."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest

from causalmed import AIPW, Cohort, Estimand, Graph, Linear, Logistic, estimate, identify
from causalmed.errors import CausalmedError, InvalidArgument, PositivityViolation
from causalmed.estimation.frontdoor import FrontDoorAIPW

GRAPH = Graph.parse("dag { u [latent]; c -> {a m y}; u -> {a y}; a -> m -> y }")
ESTIMAND = identify(GRAPH, exposure="a", outcome="y")
SATURATED = FrontDoorAIPW(
    mediator_propensity=Logistic(formula="m*c"), outcome=Logistic(formula="m*c"), trim=0.0
)
WRONG = Logistic(formula="1")


def patients(rng, n):
    """The risk is linear in everything, so that the truth is arithmetic: 0.3 * 0.25."""
    u, c = rng.random(n), (rng.random(n) < 0.4).astype(int)
    a = (rng.random(n) < 0.15 + 0.5 * u + 0.2 * c).astype(int)
    m = (rng.random(n) < 0.3 + 0.3 * a + 0.1 * c).astype(int)
    y = (rng.random(n) < 0.05 + 0.25 * m + 0.3 * u + 0.1 * c + 0.1 * m * u).astype(int)
    return pd.DataFrame({"c": c, "a": a, "m": m, "y": y})


TRUTH = 0.3 * (0.25 + 0.1 * 0.5)


def by_counting(frame, level):
    total = 0.0
    for c in (0, 1):
        inside = frame[frame.c == c]
        for m, other in itertools.product((0, 1), repeat=2):
            chance = (inside[inside.a == level].m == m).mean() * (inside.a == other).mean()
            mean = inside[(inside.a == other) & (inside.m == m)].y.mean()
            total += len(inside) / len(frame) * chance * mean
    return total


def test_saturated_models_are_counts():
    frame = patients(np.random.default_rng(1), 3000)
    f = estimate(ESTIMAND, Cohort.from_frame(frame), SATURATED).functionals
    expected = [by_counting(frame, 1), by_counting(frame, 0), frame.y.mean()]
    assert f.values == pytest.approx(expected)
    swapped = estimate(ESTIMAND, Cohort.from_frame(frame), SATURATED, contrast=(0, 1)).functionals
    assert swapped.values[:2] == pytest.approx(expected[1::-1])


def test_it_reaches_what_adjustment_does_not():
    frame = patients(np.random.default_rng(2), 20_000)
    cohort = Cohort.from_frame(frame)
    found = estimate(ESTIMAND, cohort)
    assert abs(found.difference.estimate - TRUTH) < 3 * found.difference.std_error
    adjusted = estimate(Estimand.given(exposure="a", outcome="y", adjustment_set=["c"]), cohort, AIPW())
    assert abs(adjusted.difference.estimate - TRUTH) > 5 * adjusted.difference.std_error


@pytest.mark.parametrize("without", ["nothing", "wrong"])
def test_the_error_is_that_of_leaving_each_patient_out(without):
    frame = patients(np.random.default_rng(3), 120)
    spec = FrontDoorAIPW(mediator_propensity=WRONG if without == "wrong" else Logistic(), trim=0.0)

    def psi(rows):
        return estimate(ESTIMAND, Cohort.from_frame(rows), spec).functionals.values

    found = estimate(ESTIMAND, Cohort.from_frame(frame), spec).functionals
    left = np.array([psi(frame.drop(index=i)) for i in frame.index]) - found.values
    jackknife = (len(frame) - 1) / len(frame) * left.T @ left
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), np.sqrt(np.diag(jackknife)), rtol=0.1)


CASES = {
    "the mediators are wrong": {"mediator_propensity": WRONG, "mean_outcome": WRONG},
    "the outcome is wrong": {"outcome": WRONG, "mean_outcome": WRONG},
    "the exposure is wrong": {"propensity": WRONG, "mediator_propensity": WRONG},
}


@pytest.mark.parametrize("case", [*CASES, "all"])
def test_it_is_right_if_either_side_is(case):
    frame = patients(np.random.default_rng(4), 60_000)
    right = {"mediator_propensity": Logistic(formula="m*c"), "outcome": Logistic(formula="m*c")}
    wrong = CASES.get(case) or {name: WRONG for part in CASES.values() for name in part}
    f = estimate(ESTIMAND, Cohort.from_frame(frame), FrontDoorAIPW(**{**right, **wrong})).functionals
    off = abs(f["exposed"] - by_counting(frame, 1)) + abs(f["unexposed"] - by_counting(frame, 0))
    assert (off > 0.02) if case == "all" else (off < 0.003)


def two_mediators(rng, n):
    u, c = rng.normal(size=n), rng.normal(size=n)
    a = (rng.random(n) < 1 / (1 + np.exp(-(0.8 * u + 0.4 * c)))).astype(int)
    m = 0.6 * a + 0.3 * c + rng.normal(size=n)
    k = (rng.random(n) < 1 / (1 + np.exp(-(-0.5 + 0.7 * a)))).astype(int)
    y = 1 + 0.5 * m + 0.8 * k + 0.7 * u + 0.4 * c + rng.normal(size=n)
    return pd.DataFrame({"c": c, "a": a, "m": m, "k": k, "y": y})


TWO = identify(
    Graph.parse("dag { u [latent]; c -> {a m y}; u -> {a y}; a -> {m k}; {m k} -> y }"),
    exposure="a",
    outcome="y",
)


def test_several_mediators_of_a_number():
    frame = two_mediators(np.random.default_rng(5), 6000)
    found = estimate(TWO, Cohort.from_frame(frame))
    expit = 1 / (1 + np.exp(np.array([0.5, -0.2])))
    truth = 0.5 * 0.6 + 0.8 * (expit[1] - expit[0])
    assert abs(found.difference.estimate - truth) < 3 * found.difference.std_error
    assert found.question.endswith("Followed through k and m, where all of it passes.")


def covers(draw, estimand, truth, *, draws, n, seed, spec=None):
    hits, errors, estimates = [], [], []
    for number in range(draws):
        frame = draw(np.random.default_rng([seed, number]), n)
        found = estimate(estimand, Cohort.from_frame(frame), spec).difference
        hits.append(found.low <= truth <= found.high)
        errors.append(found.std_error)
        estimates.append(found.estimate)
    return np.mean(hits), np.mean(errors) / np.std(estimates)


def test_intervals_cover():
    assert covers(patients, ESTIMAND, TRUTH, draws=60, n=1200, seed=1)[0] >= 0.86


@pytest.mark.slow
def test_intervals_cover_in_many_draws():
    share, ratio = covers(patients, ESTIMAND, TRUTH, draws=2000, n=1500, seed=2)
    assert abs(share - 0.95) < 0.015, share
    assert abs(ratio - 1) < 0.06, ratio


@pytest.mark.slow
def test_intervals_of_several_mediators_cover():
    expit = 1 / (1 + np.exp(np.array([0.5, -0.2])))
    truth = 0.5 * 0.6 + 0.8 * (expit[1] - expit[0])
    share, ratio = covers(two_mediators, TWO, truth, draws=1500, n=1500, seed=3)
    assert abs(share - 0.95) < 0.018, share
    assert abs(ratio - 1) < 0.06, ratio


def test_learners_and_clusters():
    from sklearn.linear_model import LinearRegression, LogisticRegression

    frame = patients(np.random.default_rng(6), 2000)
    learned = LogisticRegression(C=1e6)
    spec = FrontDoorAIPW(
        propensity=learned, mediator_propensity=learned, outcome=learned, mean_outcome=LinearRegression()
    )
    plain = estimate(ESTIMAND, Cohort.from_frame(frame), FrontDoorAIPW(mean_outcome=Linear()))
    found = estimate(ESTIMAND, Cohort.from_frame(frame), spec)
    assert found.functionals.source == "influence function"
    assert found.difference.estimate == pytest.approx(plain.difference.estimate, abs=0.01)
    assert found.difference.std_error == pytest.approx(plain.difference.std_error, rel=0.1)
    copies = pd.concat([frame.assign(who=range(len(frame)))] * 2, ignore_index=True)
    twice = estimate(ESTIMAND, Cohort.from_frame(copies, cluster="who"), FrontDoorAIPW(mean_outcome=Linear()))
    assert twice.difference.std_error == pytest.approx(plain.difference.std_error, rel=1e-3)


def test_what_is_read_and_what_is_refused():
    frame = patients(np.random.default_rng(7), 2000)
    found = estimate(ESTIMAND, Cohort.from_frame(frame))
    text = found.summary()
    assert all(len(line) <= 80 for line in text.splitlines())
    assert "Followed through m" in text
    assert found.attributable_fraction.estimate < 1
    told = frame.assign(m=frame.a + np.random.default_rng(8).normal(scale=0.2, size=len(frame)))
    with pytest.raises(PositivityViolation, match="m nearly tells who is exposed"):
        estimate(ESTIMAND, Cohort.from_frame(told))
    with pytest.raises(InvalidArgument, match="population"):
        estimate(ESTIMAND, Cohort.from_frame(frame), population="exposed")
    with pytest.raises(InvalidArgument, match="without a time"):
        estimate(ESTIMAND, Cohort.from_frame(frame), horizon=3)
    with pytest.raises(CausalmedError):
        estimate(ESTIMAND, Cohort.from_frame(frame.assign(m=frame.a)))


@pytest.mark.parametrize("options", [{"propensity": Linear()}, {"outcome": 1}, {"folds": 0}, {"trim": 1}])
def test_options_that_are_none(options):
    with pytest.raises(InvalidArgument):
        FrontDoorAIPW(**options)
