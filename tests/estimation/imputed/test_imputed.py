"""Effects through imputations: the same as by hand, composed with everything, and right where MAR holds."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression

from causalmed import (
    AIPW,
    TMLE,
    Cohort,
    Estimand,
    GComputation,
    Graph,
    audit,
    estimate,
    fit_risk_model,
    fit_scm,
    screen_risks,
)
from causalmed.cohort import Imputation
from causalmed.errors import InvalidArgument, MissingValues
from causalmed.estimation.imputed.rubin import pool
from causalmed.results import State
from causalmed.screening.simultaneous import with_imputations

QUESTION = Estimand.given(exposure="A", outcome="Y", adjustment_set=["L", "S"])
SPEC = Imputation(draws=4, iterations=3)


def ward(n=600, seed=1, hospitals=0, full=False):
    """L is missing more often after exposure and outcome, so that complete cases mislead."""
    rng = np.random.default_rng(seed)
    S = (rng.random(n) < 0.4).astype(float)
    L = rng.normal(size=n) + 0.5 * S
    A = (rng.random(n) < expit(-0.3 + 0.5 * L - 0.3 * S)).astype(float)
    Y = (rng.random(n) < expit(-0.8 + 0.7 * L + 0.4 * S + 0.6 * A)).astype(float)
    gone = rng.random(n) < expit(-1.2 + 1.1 * Y + 0.9 * A - 0.6 * S)
    other = rng.random(n) < 0.1
    frame = pd.DataFrame({"id": np.arange(n), "S": S, "L": L, "A": A, "Y": Y})
    if hospitals:
        frame["h"] = [f"h{k}" for k in rng.integers(0, hospitals, n)]
    return frame if full else frame.assign(S=frame["S"].mask(other), L=frame["L"].mask(gone))


def cohort_of(frame, missing=SPEC, **roles):
    return Cohort.from_frame(frame, unit="id", outcome="Y", missing=missing, **roles)


def same(first, second):
    np.testing.assert_array_equal(first.functionals.values, second.functionals.values)
    np.testing.assert_array_equal(first.functionals.covariance, second.functionals.covariance)


@pytest.fixture(scope="module")
def effect():
    return estimate(QUESTION, cohort_of(ward()))


def test_the_effect_is_pooled_from_the_completed_cohorts(effect):
    cohort = cohort_of(ward())
    each = [estimate(QUESTION, cohort.completed(d)) for d in range(1, 5)]
    found = pool(
        np.array([one.functionals.values for one in each]),
        np.array([one.functionals.covariance for one in each]),
    )
    np.testing.assert_allclose(effect.functionals.values, found.values)
    np.testing.assert_allclose(effect.functionals.covariance, found.covariance)
    assert effect.functionals.source == "Rubin's rules over 4 imputations, influence function"
    assert effect.crude.values[0] == pytest.approx(each[0].crude.values[0])
    assert effect.n == 600
    assert effect.missingness == cohort.missingness()
    assert effect.to_dict()["missingness"]["n"] == 600
    assert effect.estimator == "TMLE(), missing=Imputation(draws=4, iterations=3)"
    assert any("missing at random" in one for one in effect.assumptions)
    assert effect.provenance.data_fingerprint == cohort.fingerprint
    names = [check.name for check in effect.diagnostics.checks]
    assert names[:3] == ["missing values", "missing information", "imputation chains"]
    assert "balance" in names


def test_no_order_and_no_thread_changes_a_bit(effect):
    mixed = ward().sample(frac=1, random_state=2)[["Y", "L", "S", "id", "A"]]
    same(effect, estimate(QUESTION, cohort_of(mixed), n_jobs=2))


def test_holes_that_the_question_does_not_touch_change_nothing():
    frame = ward(full=True)
    plain = estimate(QUESTION, cohort_of(frame, missing="error"))
    other = frame.assign(note=np.where(frame["id"] % 2, 1.5, np.nan))
    found = estimate(QUESTION, cohort_of(other))
    same(plain, found)
    assert found.missingness is None
    same(plain, estimate(QUESTION, cohort_of(frame)))


def test_the_worst_table_decides_the_gate(effect):
    assert effect.diagnostics.check("missing information").state is State.WARN
    wide = ward().assign(A=lambda f: f["A"].mask(f["id"] % 7 == 0))
    check = estimate(QUESTION, cohort_of(wide)).diagnostics.check("missing values")
    assert check.state is State.WARN
    assert "Who had A was itself guessed for some" in check.sentence


def test_hospitals_learners_and_subgroups_compose():
    frame = ward(900, hospitals=45)
    cohort = cohort_of(frame, cluster="h")
    learner = LogisticRegression()
    spec = AIPW(propensity=learner, outcome=learner, folds=2)
    found = estimate(QUESTION, cohort, spec)
    assert found.functionals.source == "Rubin's rules over 4 imputations, influence function, clustered"
    assert found.functionals.degrees_of_freedom < 44
    assert found.clusters == 45
    again = estimate(QUESTION, cohort_of(frame, cluster="h"), spec, n_jobs=2)
    same(found, again)
    whole = frame.assign(S=frame["S"].fillna(0))
    groups = estimate(QUESTION, cohort_of(whole), GComputation(), by="S")
    assert set(groups.effects) == {"0", "1"}
    assert all("Rubin" in one.functionals.source for one in groups.effects.values())
    with pytest.raises(MissingValues, match="'S' has"):
        estimate(QUESTION, cohort, by="S")


def test_a_screen_judges_all_candidates_over_the_same_imputations():
    graph = Graph.parse("dag { L -> {A B Y}; A [exposure]; B [exposure]; A -> Y; B -> Y }")
    frame = ward(1500).drop(columns="S")
    rng = np.random.default_rng(5)
    frame["B"] = (rng.random(1500) < expit(frame["L"].fillna(1.0))).astype(float)
    cohort = cohort_of(frame)
    screen = screen_risks(graph, cohort)
    assert screen.candidate("A").verdict == "cause"
    assert "Rubin" in screen.candidate("B").effect.functionals.source
    holes = cohort_of(frame.assign(Y=frame["Y"].mask(frame["id"] % 11 == 0)))
    partly = screen_risks(graph, holes)
    assert partly.events == int(frame["Y"][frame["id"] % 11 != 0].sum())
    assert partly.candidate("A").effect.diagnostics.check("missing outcomes").state is State.PASS


def test_the_joint_correlation_of_imputed_effects_by_brute_force():
    rng = np.random.default_rng(3)
    within = np.cov(rng.normal(size=(3, 50)))
    deviations = rng.normal(size=(6, 3))
    total = within + deviations.T @ deviations
    d = np.sqrt(np.diagonal(within))
    found = with_imputations(
        within / np.outer(d, d), errors=np.sqrt(np.diagonal(total)), deviations=deviations
    )
    size = np.sqrt(np.diagonal(total))
    np.testing.assert_allclose(found, total / np.outer(size, size))


def test_rooms_that_cannot_impute_refuse():
    frame = ward()
    cohort = cohort_of(frame, protected="S")
    graph = Graph.parse("dag { L -> A; L -> Y; S -> A; S -> Y; A -> Y }")
    with pytest.raises(MissingValues, match="has no numbers to compute with"):
        fit_scm(graph, cohort)
    with pytest.raises(MissingValues, match="has no numbers to compute with"):
        fit_risk_model(cohort)
    whole = cohort.completed(1)
    model = fit_risk_model(whole, features=["L", "A"])
    with pytest.raises(MissingValues, match="has no numbers to compute with"):
        audit(model, cohort)
    assert fit_scm(graph, whole) is not None


def test_indicators_are_adjusted_for():
    frame = ward(3000, seed=3).assign(twin=lambda f: f["L"] * 2 + f["id"] % 3, rare=lambda f: f["L"])
    frame.loc[frame["id"] % 5 != 0, "rare"] = np.nan
    question = Estimand.given(exposure="A", outcome="Y", adjustment_set=["L", "S", "rare", "twin"])
    cohort = cohort_of(frame, missing=Imputation(method="indicator"))
    found = estimate(question, cohort, AIPW())
    # twin is missing where L is: one indicator serves both; rare is missing in most and left out
    assert found.adjustment_set == ("L", "L_not_recorded", "S", "S_not_recorded", "twin")
    assert found.overrides[-1].startswith("rare was not adjusted for")
    assert any("knew no more" in one for one in found.assumptions)
    by_hand = frame.drop(columns="rare").assign(
        L_not_recorded=frame["L"].isna().astype(int), S_not_recorded=frame["S"].isna().astype(int)
    )
    by_hand["S"] = by_hand["S"].fillna(by_hand["S"].mode()[0])
    for name in ("L", "twin"):
        by_hand[name] = by_hand[name].fillna(by_hand[name].quantile(0.5, interpolation="lower"))
    stated = Estimand.given(exposure="A", outcome="Y", adjustment_set=found.adjustment_set)
    same(found, estimate(stated, cohort_of(by_hand, missing="error"), AIPW()))
    assert found.functionals.between is None


def test_indicators_cannot_stand_for_exposure_outcome_or_instrument():
    cohort = cohort_of(
        ward().assign(A=lambda f: f["A"].mask(f["id"] < 9)), missing=Imputation(method="indicator")
    )
    with pytest.raises(InvalidArgument, match="The exposure 'A' has missing values"):
        estimate(QUESTION, cohort)
    holes = ward().assign(Y=lambda f: f["Y"].mask(f["id"] < 9))
    with pytest.raises(InvalidArgument, match="The outcome 'Y' has missing values"):
        estimate(QUESTION, cohort_of(holes, missing=Imputation(method="indicator", outcome="impute")))


def truth(seed=0, n=2_000_000):
    rng = np.random.default_rng(seed)
    S = rng.random(n) < 0.4
    base = -0.8 + 0.7 * (rng.normal(size=n) + 0.5 * S) + 0.4 * S
    return float((expit(base + 0.6) - expit(base)).mean())


def simulate(rounds, n, draws, spec):
    found = []
    for r in range(rounds):
        frame = ward(n, seed=10_000 + r)
        imputed = Imputation(draws=draws, iterations=4, seed=r)
        pair = [estimate(QUESTION, cohort_of(frame, missing=one), spec) for one in (imputed, "complete")]
        found.append([(e.difference.estimate, e.difference.low, e.difference.high) for e in pair])
    return np.array(found)


@pytest.mark.filterwarnings("ignore::causalmed.errors.PositivityWarning")
def test_bias_goes_and_intervals_cover_where_complete_cases_mislead():
    target, rounds = truth(), 40
    found = simulate(rounds, 600, 5, GComputation())
    error = found[:, :, 0].std(axis=0) / np.sqrt(rounds)
    bias = np.abs(found[:, :, 0].mean(axis=0) - target)
    assert bias[0] < 3 * error[0]
    assert bias[1] > 3 * error[1]
    covered = ((found[:, 0, 1] <= target) & (target <= found[:, 0, 2])).sum()
    assert binom.cdf(covered, rounds, 0.95) > 0.001


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::causalmed.errors.PositivityWarning")
@pytest.mark.parametrize("spec", [GComputation(), TMLE(trim=0.01)], ids=["g-computation", "tmle"])
def test_intervals_cover_in_the_long_run(spec):
    target, rounds = truth(), 1000
    found = simulate(rounds, 600, 20, spec)
    covered = ((found[:, 0, 1] <= target) & (target <= found[:, 0, 2])).mean()
    assert 0.93 <= covered <= 0.972
    assert abs(found[:, 0, 0].mean() - target) < 0.006
    assert ((found[:, 1, 1] <= target) & (target <= found[:, 1, 2])).mean() < 0.87
