"""econml and dowhy behind one door: their numbers, sound intervals, and nothing of the caller's changed."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression

from causalmed import AIPW, Cohort, Estimand, estimate
from causalmed.errors import CausalmedError, DataError, InvalidArgument
from causalmed.estimation import DoWhy, EconML

NAMES = ["u", "v"]


def table(n=1500, seed=3, hospitals=0):
    rng = np.random.default_rng(seed)
    u, v = rng.normal(size=n), rng.normal(size=n)
    a = (rng.random(n) < expit(0.5 * u)).astype(int)
    frame = pd.DataFrame({"u": u, "v": v, "a": a})
    frame["z"] = a * (1 + 2 * v) + u + rng.normal(size=n)
    frame["y"] = (rng.random(n) < expit(-1 + 0.6 * a + 0.5 * u)).astype(int)
    frame["d"] = u + rng.normal(size=n)
    frame["w"] = 0.7 * frame.d + u + rng.normal(size=n)
    if hospitals:
        frame["h"] = rng.integers(0, hospitals, n)
    return frame


def asks(outcome, exposure="a"):
    return Estimand.given(exposure=exposure, outcome=outcome, adjustment_set=NAMES)


@pytest.fixture(scope="module")
def frame():
    return table()


@pytest.fixture(scope="module")
def cohort(frame):
    return Cohort.from_frame(frame)


@pytest.fixture(scope="module")
def linear_dr():
    from econml.dr import LinearDRLearner

    return LinearDRLearner(model_propensity=LogisticRegression(), model_regression=LinearRegression(), cv=5)


def test_econml_the_average_has_the_error_of_the_population(frame, cohort, linear_dr):
    effect = estimate(asks("z"), cohort, EconML(linear_dr), seed=1)
    ours = estimate(asks("z"), cohort, AIPW(by_arm=True)).difference
    assert effect.difference.estimate == pytest.approx(ours.estimate, abs=0.1 * ours.std_error)
    assert effect.difference.std_error == pytest.approx(ours.std_error, rel=0.03)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from copy import deepcopy

        theirs = deepcopy(linear_dr).fit(frame.z, frame.a, X=frame[NAMES].to_numpy())
        narrow = theirs.ate_inference(frame[NAMES].to_numpy()).stderr_mean
    assert narrow < 0.8 * effect.difference.std_error
    assert effect.reported
    assert effect.diagnostics.check("interval of the average").state == "pass"


def test_econml_conditional_effects_come_along(frame, cohort, linear_dr):
    effect = estimate(asks("z"), cohort, EconML(linear_dr, modifiers=("v",)), seed=1, level=0.9)
    effects = effect.conditional
    assert len(effects) == cohort.n
    assert effects.level == 0.9
    assert np.corrcoef(effects.estimate, 1 + 2 * frame.v)[0, 1] > 0.99
    inside = (effects.low <= effects.estimate) & (effects.estimate <= effects.high)
    assert inside.all()
    nobody = estimate(asks("z"), cohort, EconML(linear_dr, modifiers=()), seed=1)
    assert nobody.conditional is None
    assert nobody.difference.std_error == pytest.approx(effect.difference.std_error, rel=0.05)


def test_econml_is_seeded_copied_and_turned_round(cohort):
    from econml.dr import LinearDRLearner

    forest = RandomForestClassifier(n_estimators=10, min_samples_leaf=30)
    estimator = LinearDRLearner(model_propensity=forest, model_regression=LinearRegression(), cv=3)
    one, again, other = (estimate(asks("z"), cohort, EconML(estimator), seed=s).difference for s in (1, 1, 2))
    assert one.estimate == again.estimate != other.estimate
    assert estimator.random_state is None
    assert not hasattr(forest, "estimators_")
    back = estimate(asks("z"), cohort, EconML(estimator), seed=1, contrast=(0, 1))
    assert back.difference.estimate == pytest.approx(-one.estimate, abs=one.std_error)


def test_econml_forests_and_numeric_exposures(cohort):
    from econml.dml import CausalForestDML, LinearDML

    forest = CausalForestDML(
        model_y=LinearRegression(),
        model_t=LogisticRegression(),
        discrete_treatment=True,
        n_estimators=40,
        cv=3,
    )
    effect = estimate(asks("z"), cohort, EconML(forest), seed=1)
    ours = estimate(asks("z"), cohort, AIPW(by_arm=True)).difference
    assert effect.difference.std_error == pytest.approx(ours.std_error, rel=0.15)
    assert "doubly robust mean" in effect.functionals.source
    slope = EconML(LinearDML(model_y=LinearRegression(), model_t=LinearRegression(), cv=3))
    found = estimate(asks("w", "d"), cohort, slope, seed=1).difference
    twice = estimate(asks("w", "d"), cohort, slope, seed=1, contrast=(3, 1)).difference
    assert abs(found.estimate - 0.7) < 4 * found.std_error
    assert twice.estimate == pytest.approx(2 * found.estimate, rel=1e-9)


def test_econml_clusters_binary_outcomes_and_missing_intervals_are_told(frame, linear_dr):
    from econml.metalearners import TLearner

    grouped = Cohort.from_frame(table(hospitals=30), cluster="h", kinds={"h": "categorical"})
    effect = estimate(asks("y"), grouped, EconML(linear_dr), seed=1)
    assert not effect.reported
    assert "treat patients as independent" in effect.diagnostics.check("clusters").sentence
    assert effect.diagnostics.check("binary outcome").state == "warn"
    plain = Cohort.from_frame(frame)
    with pytest.raises(InvalidArgument, match="gives no interval"):
        estimate(asks("z"), plain, EconML(TLearner(models=LinearRegression())))
    with pytest.raises(InvalidArgument, match="leave modifiers out"):
        estimate(asks("z"), plain, EconML(TLearner(models=LinearRegression()), modifiers=("u",)))
    with pytest.raises(InvalidArgument, match="not in the adjustment set"):
        estimate(asks("z"), plain, EconML(linear_dr, modifiers=("w",)))
    with pytest.raises(InvalidArgument, match="population"):
        estimate(asks("z"), plain, EconML(linear_dr), population="exposed")


def test_econml_own_failures_are_translated(cohort):
    from econml.dr import LinearDRLearner

    wrong = LinearDRLearner(model_propensity=LogisticRegression(), model_regression="nonsense")
    with pytest.raises(DataError, match="LinearDRLearner failed"):
        estimate(asks("z"), cohort, EconML(wrong))


@pytest.mark.parametrize("estimator", [LinearRegression(), "LinearDML", None])
def test_econml_only(estimator):
    with pytest.raises(InvalidArgument, match="is not an estimator of econml"):
        EconML(estimator)


@pytest.mark.parametrize("spec", ["econml", "dowhy"])
def test_frame_and_cohort_are_byte_identical_afterwards(linear_dr, spec):
    frame = table(n=400)
    before, kept = frame.to_csv().encode(), frame.copy(deep=True)
    cohort = Cohort.from_frame(frame)
    bytes_before = {name: cohort.values(name).tobytes() for name in cohort.names}
    fingerprint = cohort.fingerprint
    spec = (
        EconML(linear_dr) if spec == "econml" else DoWhy("backdoor.propensity_score_weighting", resamples=2)
    )
    estimate(asks("y"), cohort, spec)
    assert frame.to_csv().encode() == before
    pd.testing.assert_frame_equal(frame, kept)
    assert {name: cohort.values(name).tobytes() for name in cohort.names} == bytes_before
    assert Cohort.from_frame(frame).fingerprint == fingerprint


def test_dowhy_weighting_is_that_of_hajek(frame, cohort):
    effect = estimate(asks("y"), cohort, DoWhy("backdoor.propensity_score_weighting", resamples=20), seed=1)
    e = LogisticRegression(C=1e6, max_iter=1000).fit(frame[NAMES], frame.a).predict_proba(frame[NAMES])[:, 1]
    w1, w0 = frame.a / e, (1 - frame.a) / (1 - e)
    by_hand = (w1 @ frame.y) / w1.sum() - (w0 @ frame.y) / w0.sum()
    assert effect.difference.estimate == pytest.approx(by_hand, abs=2e-3)
    ours = estimate(asks("y"), cohort, AIPW()).difference
    assert effect.difference.std_error == pytest.approx(ours.std_error, rel=0.5)
    assert "20 resamples of patients" in effect.functionals.source
    assert effect.diagnostics.check("interval").state == "warn"


def test_dowhy_regression_brings_its_own_error(frame, cohort):
    import statsmodels.api as sm

    fitted = sm.OLS(frame.z, sm.add_constant(frame[["a", *NAMES]])).fit()
    effect = estimate(asks("z"), cohort, DoWhy("backdoor.linear_regression"))
    assert effect.difference.estimate == pytest.approx(fitted.params["a"])
    assert effect.difference.std_error == pytest.approx(fitted.bse["a"])
    assert effect.reported


def test_dowhy_without_an_interval_is_withheld(cohort):
    effect = estimate(asks("y"), cohort, DoWhy("backdoor.propensity_score_stratification"))
    assert not effect.reported
    assert np.isnan(effect.difference.std_error)
    assert "there is no interval" in effect.summary()


def test_dowhy_resamples_whole_clusters():
    grouped = Cohort.from_frame(table(n=600, hospitals=50), cluster="h", kinds={"h": "categorical"})
    spec = DoWhy("backdoor.propensity_score_weighting", resamples=5)
    effect = estimate(asks("y"), grouped, spec)
    assert "whole clusters" in effect.functionals.source
    assert effect.diagnostics.check("clusters").state == "pass"
    naive = estimate(asks("z"), grouped, DoWhy("backdoor.linear_regression"))
    assert "ignores the 50 groups" in naive.diagnostics.check("clusters").sentence
    assert not naive.reported


def test_a_refit_on_permuted_confounders_is_a_refit(frame):
    """The column that dowhy leaves behind would make the second answer equal to the first."""
    spec = DoWhy("backdoor.propensity_score_weighting")
    shuffled = frame.assign(u=np.random.default_rng(1).permutation(frame.u))
    first, second = (
        estimate(asks("y"), Cohort.from_frame(each), spec).functionals.values[0] for each in (frame, shuffled)
    )
    crude = frame.y[frame.a == 1].mean() - frame.y[frame.a == 0].mean()
    assert abs(second - crude) < 0.01 < abs(first - crude)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: DoWhy("iv.instrumental_variable"), "back-door estimators"),
        (lambda: DoWhy(None), "back-door estimators"),
        (lambda: DoWhy("backdoor.linear_regression", resamples=-1), "resamples=-1"),
        (lambda: DoWhy("backdoor.linear_regression", parameters=3), "parameters=3"),
    ],
)
def test_dowhy_options_are_checked(make, words):
    with pytest.raises(InvalidArgument, match=words):
        make()


def test_dowhy_failures_are_translated(cohort):
    with pytest.raises(CausalmedError, match=r"dowhy's backdoor\.nonsense failed"):
        estimate(asks("y"), cohort, DoWhy("backdoor.nonsense"))
