"""Patients without outcome: weighted for, against a textbook, by hand, and robust to either model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf
from scipy.special import expit
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, Logistic, estimate
from causalmed.cohort import Imputation
from causalmed.errors import InvalidArgument
from causalmed.estimation import IPWRA
from causalmed.results import State

QUESTION = Estimand.given(exposure="A", outcome="Y", adjustment_set=["L"])
NHEFS = (
    "sex + race + age + I(age**2) + education + smokeintensity + I(smokeintensity**2) + smokeyrs + "
    "I(smokeyrs**2) + exercise + active + wt71 + I(wt71**2)"
)
ADJUSTED = ["sex", "race", "age", "education", "smokeintensity", "smokeyrs", "exercise", "active", "wt71"]


def trial(n=3000, seed=1, hospitals=0, binary=True):
    """Outcomes are recorded less often where L is large: the recorded alone mislead."""
    rng = np.random.default_rng(seed)
    L = rng.normal(size=n)
    A = (rng.random(n) < expit(0.5 * L)).astype(float)
    risk = expit(-1 + 0.8 * A + L)
    Y = (rng.random(n) < risk).astype(float) if binary else A + L + 0.5 * A * L + rng.normal(size=n)
    known = rng.random(n) < expit(1.2 - L + 0.5 * A)
    frame = pd.DataFrame({"L": L, "A": A, "Y": np.where(known, Y, np.nan)})
    if hospitals:
        frame["h"] = [f"h{k}" for k in rng.integers(0, hospitals, n)]
    return frame


def cohort_of(frame, missing="impute", **roles):
    return Cohort.from_frame(frame, outcome="Y", missing=missing, **roles)


def nhefs(table):
    frame = table("nhefs.csv").drop(columns="death")
    for name in ("sex", "race", "education", "exercise", "active"):
        frame[name] = "level " + frame[name].astype(int).astype(str)
    return frame


def test_censoring_weights_of_the_textbook(table):
    """Hernán and Robins (2020), What If, section 12.6, program 12.7: 3.5 kg (95 % CI 2.5 to 4.5)."""
    frame = nhefs(table)
    cohort = Cohort.from_frame(frame, unit="seqn", outcome="wt82_71", missing="impute")
    question = Estimand.given(exposure="qsmk", outcome="wt82_71", adjustment_set=ADJUSTED)
    found = estimate(question, cohort, IPW(propensity=Logistic(formula=NHEFS), variance="robust"))
    assert found.n == 1629
    assert round(found.difference.estimate, 1) == 3.5
    assert (round(found.difference.low, 1), round(found.difference.high, 1)) == (2.5, 4.5)

    recorded = frame.assign(recorded=frame["wt82_71"].notna().astype(int))
    e = smf.logit(f"qsmk ~ {NHEFS}", frame).fit(disp=0).predict(frame)
    pi = smf.logit(f"recorded ~ qsmk + {NHEFS}", recorded).fit(disp=0).predict(recorded)
    weight = (np.where(frame["qsmk"] == 1, 1 / e, 1 / (1 - e)) / pi)[recorded["recorded"] == 1]
    seen = frame.dropna()
    means = [
        np.average(seen["wt82_71"][arm], weights=weight[arm])
        for arm in (seen["qsmk"] == 1, seen["qsmk"] == 0)
    ]
    np.testing.assert_allclose(found.functionals.values[:2], means, rtol=1e-8)
    stacked = estimate(question, cohort, IPW(propensity=Logistic(formula=NHEFS)))
    assert stacked.difference.std_error < found.difference.std_error
    assert found.outcome_unit == ""


def test_the_score_by_hand():
    frame = trial()
    found = estimate(QUESTION, cohort_of(frame), AIPW())
    known, A = frame["Y"].notna().to_numpy(), frame["A"].to_numpy()
    full = frame.assign(known=known.astype(int))
    pi = smf.logit("known ~ A + L", full).fit(disp=0).predict(full).to_numpy()
    e = smf.logit("A ~ L", frame).fit(disp=0).predict(frame).to_numpy()
    model = smf.logit("Y ~ A + L", frame.dropna()).fit(disp=0)
    m = {a: model.predict(frame.assign(A=a)).to_numpy() for a in (1, 0)}
    Y = frame["Y"].fillna(0).to_numpy()
    for at, (a, g) in enumerate(((1, e), (0, 1 - e))):
        phi = m[a] + (a == A) * known / (g * pi) * (Y - m[a])
        assert found.functionals.values[at] == pytest.approx(phi.mean(), abs=1e-9)
        assert found.functionals.covariance[at, at] == pytest.approx(phi.var() / len(phi), rel=1e-6)
    own = np.where(A == 1, m[1], m[0])
    assert found.functionals["natural"] == pytest.approx(np.mean(own + known / pi * (Y - own)), abs=1e-9)
    assert found.events == frame["Y"].sum()
    check = found.diagnostics.check("missing outcomes")
    assert check.value == pytest.approx(1 - known.mean())
    assert "Given exposure and adjustment set, whether an outcome was recorded" in " ".join(found.assumptions)


@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize(
    "spec",
    [
        GComputation(by_arm=True),
        IPW(),
        IPW(stabilised=False),
        AIPW(),
        TMLE(),
        TMLE(by_arm=True),
    ],
    ids=repr,
)
def test_every_estimator_recovers_the_truth(spec, binary):
    frame = trial(20_000, seed=3, binary=binary)
    L = np.random.default_rng(3).normal(size=20_000)
    truth = float((expit(-0.2 + L) - expit(-1 + L)).mean()) if binary else 1.0
    found = estimate(QUESTION, cohort_of(frame), spec).difference
    assert abs(found.estimate - truth) < 3.5 * found.std_error
    exposed = estimate(QUESTION, cohort_of(frame), spec, population="exposed").functionals
    assert exposed["exposed"] == pytest.approx(exposed["natural"], abs=0.01)


def test_either_model_may_be_wrong():
    rng = np.random.default_rng(4)
    n = 40_000
    L = rng.normal(size=n)
    A = (rng.random(n) < 0.5).astype(float)
    for wrong in ("recording", "outcome"):
        bend = {"recording": (0.0, 0.5), "outcome": (0.5, 0.0)}[wrong]
        Y = A + L + bend[0] * (L**2 - 1) + rng.normal(size=n)
        known = rng.random(n) < expit(0.5 - L + bend[1] * (L**2 - 1))
        frame = pd.DataFrame({"L": L, "A": A, "Y": np.where(known, Y, np.nan)})
        natural = estimate(QUESTION, cohort_of(frame), AIPW()).functionals
        error = np.sqrt(natural.covariance[2, 2])
        assert abs(natural["natural"] - 0.5) < 4 * error
        assert abs(np.nanmean(frame["Y"]) - 0.5) > 10 * error


def test_learners_and_hospitals():
    frame = trial(2000, hospitals=25)
    logistic, learner = estimate(QUESTION, cohort_of(frame, cluster="h")), LogisticRegression(C=1e6)
    assert logistic.functionals.source == "delete-one-cluster jackknife"
    for by_arm in (False, True):
        spec = TMLE(propensity=learner, outcome=learner, folds=4, by_arm=by_arm)
        learned = estimate(QUESTION, cohort_of(frame, cluster="h"), spec)
        assert "clustered" in learned.functionals.source
        assert learned.difference.estimate == pytest.approx(logistic.difference.estimate, abs=0.03)
    plain = estimate(QUESTION, cohort_of(frame))
    assert logistic.difference.std_error == pytest.approx(plain.difference.std_error, rel=0.5)


def test_complete_only_when_asked():
    frame = trial()
    found = estimate(QUESTION, cohort_of(frame, missing=Imputation(outcome="complete")))
    alone = estimate(QUESTION, cohort_of(frame, missing="complete"))
    np.testing.assert_array_equal(found.functionals.values, alone.functionals.values)
    assert found.overrides[-1] == f"{frame['Y'].isna().sum():,} of 3,000 patients without Y were left out."
    assert found.missingness.n == 3000
    drawn = estimate(QUESTION, cohort_of(frame, missing=Imputation(outcome="impute", draws=5, iterations=2)))
    weighted = estimate(QUESTION, cohort_of(frame))
    assert drawn.difference.estimate == pytest.approx(weighted.difference.estimate, abs=0.03)


def test_outcomes_and_covariates_missing_together():
    frame = trial()
    frame.loc[np.random.default_rng(9).random(len(frame)) < 0.2, "L"] = np.nan
    found = estimate(QUESTION, cohort_of(frame, missing=Imputation(draws=3, iterations=2)))
    assert found.functionals.source == "Rubin's rules over 3 imputations, influence function"
    names = [check.name for check in found.diagnostics.checks]
    assert "missing outcomes" in names
    assert "missing values" in names


def test_what_cannot_be_weighted_is_refused():
    cohort = cohort_of(trial(500))
    with pytest.raises(InvalidArgument, match=r"IPWRA cannot weight for patients whose 'Y'"):
        estimate(QUESTION, cohort, IPWRA())
    with pytest.raises(InvalidArgument, match="overlap"):
        estimate(QUESTION, cohort, population="overlap")
    learner = LogisticRegression()
    with pytest.raises(InvalidArgument, match="repeats="):
        estimate(QUESTION, cohort, AIPW(propensity=learner, outcome=learner, repeats=3))


def test_thin_recording_warns():
    frame = trial(2000)
    frame.loc[(frame["A"] == 1) & (frame["L"] > 0.5), "Y"] = np.nan
    frame.loc[[0], ["L", "A", "Y"]] = [1.0, 1.0, 1.0]
    found = estimate(QUESTION, cohort_of(frame))
    assert found.diagnostics.check("missing outcomes").state is not State.PASS


@pytest.mark.filterwarnings("ignore::causalmed.errors.PositivityWarning")
@pytest.mark.parametrize("spec", [IPW(), AIPW()], ids=repr)
def test_intervals_cover(spec):
    rounds, n = 80, 600
    L = np.random.default_rng(0).normal(size=2_000_000)
    truth = float((expit(-0.2 + L) - expit(-1 + L)).mean())
    found = [estimate(QUESTION, cohort_of(trial(n, seed=500 + r)), spec).difference for r in range(rounds)]
    covered = sum(one.low <= truth <= one.high for one in found)
    assert 0.001 < binom.cdf(covered, rounds, 0.95) < 0.9999
    ratio = np.mean([one.std_error for one in found]) / np.std([one.estimate for one in found])
    assert 0.8 < ratio < 1.25
