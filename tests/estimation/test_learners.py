"""Machine learners as nuisances: folds by cluster, seeds from one seed, probabilities only."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, estimate
from causalmed.errors import InvalidArgument, NotEnoughEvents

QUESTION = Estimand.given(exposure="a", outcome="y", adjustment_set=["u", "v"])


def table(n=900, seed=6):
    rng = np.random.default_rng(seed)
    u, v = rng.normal(size=n), rng.normal(size=n)
    a = rng.random(n) < 1 / (1 + np.exp(-0.5 * u))
    y = rng.random(n) < 1 / (1 + np.exp(1 - 0.6 * a - 0.5 * u - 0.3 * v))
    return pd.DataFrame(
        {"u": u, "v": v, "a": a, "y": y, "z": u + a + rng.normal(size=n), "h": rng.integers(0, 12, n)}
    )


@pytest.fixture
def forest():
    from sklearn.ensemble import RandomForestClassifier

    return RandomForestClassifier(n_estimators=20, min_samples_leaf=20, random_state=0)


@pytest.mark.filterwarnings("ignore::causalmed.errors.PositivityWarning")
def test_seed_decides_and_threads_do_not(forest):
    cohort = Cohort.from_frame(table())
    spec = AIPW(propensity=forest, outcome=forest, folds=3, trim=0.02)
    one = estimate(QUESTION, cohort, spec, seed=1)
    again = estimate(QUESTION, cohort, spec, seed=1, n_jobs=2)
    other = estimate(QUESTION, cohort, spec, seed=2)
    assert one.difference.estimate == again.difference.estimate
    assert one.difference.estimate != other.difference.estimate
    assert forest.get_params()["random_state"] == 0
    assert not hasattr(forest, "estimators_")


@pytest.mark.parametrize("estimator", [AIPW, TMLE])
@pytest.mark.parametrize("by_arm", [False, True])
def test_a_learner_of_the_right_form_agrees_with_the_parametric_model(estimator, by_arm):
    from sklearn.linear_model import LogisticRegression

    plain = LogisticRegression(C=np.inf, tol=1e-8, max_iter=1000)
    cohort = Cohort.from_frame(table(n=4000))
    learned = estimate(QUESTION, cohort, estimator(propensity=plain, outcome=plain, by_arm=by_arm)).difference
    fitted = estimate(QUESTION, cohort, estimator(by_arm=by_arm)).difference
    assert learned.estimate == pytest.approx(fitted.estimate, abs=0.1 * fitted.std_error)
    assert learned.std_error == pytest.approx(fitted.std_error, rel=0.02)


def test_clusters_share_a_fold_and_the_covariance_says_so():
    from sklearn.linear_model import LogisticRegression

    learner = LogisticRegression()
    cohort = Cohort.from_frame(table(), cluster="h", kinds={"h": "categorical"})
    effect = estimate(QUESTION, cohort, AIPW(propensity=learner, outcome=learner))
    assert effect.functionals.source == "influence function, clustered"
    assert "learners are not refitted" in effect.diagnostics.check("clusters").sentence
    from causalmed.estimation.problem import pose_problem

    problem = pose_problem(QUESTION, cohort, contrast=(1, 0), population="all")
    assert len(np.unique(problem.fold_keys)) == 12
    inside = Estimand.given(exposure="a", outcome="y", adjustment_set=["u", "h"])
    adjusted = pose_problem(inside, cohort, contrast=(1, 0), population="all")
    assert len(np.unique(adjusted.fold_keys)) == cohort.n


def test_wrong_kinds_of_learner_are_refused():
    from sklearn.linear_model import LinearRegression, LogisticRegression

    number = Estimand.given(exposure="a", outcome="z", adjustment_set=["u", "v"])
    cohort = Cohort.from_frame(table())
    with pytest.raises(InvalidArgument, match="probability of a binary outcome"):
        estimate(QUESTION, cohort, AIPW(outcome=LinearRegression()))
    with pytest.raises(InvalidArgument, match="is a classifier"):
        estimate(number, cohort, AIPW(outcome=LogisticRegression()))
    assert np.isfinite(estimate(number, cohort, TMLE(outcome=LinearRegression())).difference.std_error)


def test_weights_of_a_learner_are_taken_as_known():
    from sklearn.linear_model import LogisticRegression

    effect = estimate(QUESTION, Cohort.from_frame(table()), IPW(propensity=LogisticRegression()))
    assert effect.functionals.source == "robust, weights taken as known"


def test_folds_without_events_are_refused():
    from sklearn.linear_model import LogisticRegression

    frame = table(n=300)
    frame["y"] = False
    frame.loc[[3, 5], "y"] = True
    frame["h"] = (frame.index > 10).astype(int)
    cohort = Cohort.from_frame(frame, cluster="h", kinds={"h": "categorical"})
    with pytest.raises(NotEnoughEvents, match="cannot learn"):
        estimate(QUESTION, cohort, AIPW(outcome=LogisticRegression(), folds=3))
