"""The super learner: optimal weights, folds by cluster, scikit-learn's manners."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize
from scipy.special import expit

from causalmed import AIPW, TMLE, Cohort, Estimand, Linear, Logistic, estimate
from causalmed.errors import DataError, InvalidArgument
from causalmed.estimation import SuperLearner
from causalmed.estimation.superlearner.library import default_library, named
from causalmed.estimation.superlearner.mixing import weights_for_log, weights_for_squares


def predictions(n=800, seed=4, candidates=5):
    """A 0/1 outcome and some predictions of its risk, good and bad."""
    rng = np.random.default_rng(seed)
    eta = rng.normal(size=n)
    y = (rng.random(n) < expit(eta)).astype(float)
    Z = expit(
        np.column_stack([eta * size + rng.normal(size=n) * 0.5 for size in np.linspace(0, 2, candidates)])
    )
    return Z, y


def best_on_simplex(loss, k):
    """Minimise over the simplex by a general solver."""
    found = minimize(
        loss,
        np.full(k, 1 / k),
        bounds=[(0, 1)] * k,
        constraints={"type": "eq", "fun": lambda a: a.sum() - 1},
        method="SLSQP",
        options={"ftol": 1e-14, "maxiter": 1000},
    )
    return found.fun


@pytest.mark.parametrize("seed", range(4))
def test_weights_minimise_the_log_loss(seed):
    Z, y = predictions(seed=seed)

    def loss(a):
        p = np.clip(Z @ a, 1e-12, 1 - 1e-12)
        return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))

    alpha = weights_for_log(Z, y)
    assert alpha.min() >= 0
    assert alpha.sum() == pytest.approx(1)
    assert loss(alpha) <= best_on_simplex(loss, Z.shape[1]) + 1e-7


@pytest.mark.parametrize("seed", range(4))
def test_weights_minimise_the_squared_loss(seed):
    Z, y = predictions(seed=seed)

    def loss(a):
        return np.mean((y - Z @ a) ** 2)

    alpha = weights_for_squares(Z, y)
    assert alpha.min() >= 0
    assert alpha.sum() == pytest.approx(1)
    assert loss(alpha) <= best_on_simplex(loss, Z.shape[1]) + 1e-7


def test_a_candidate_without_error_gets_everything():
    y = np.array([0.0, 1, 2, 3])
    assert weights_for_squares(np.column_stack([y, y[::-1]]), y).tolist() == [1.0, 0.0]


def data(n=1500, seed=2):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3))
    y = (rng.random(n) < expit(np.sin(2 * X[:, 0]) * 2 + X[:, 1])).astype(int)
    return X, y


def log_loss(model, X, y):
    p = np.clip(model.predict_proba(X)[:, 1], 1e-6, 1 - 1e-6)
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def test_the_mixture_is_about_as_good_as_its_best_candidate_on_new_patients():
    X, y = data()
    new, truth = data(n=20_000, seed=3)
    model = SuperLearner(folds=5).fit(X, y)
    assert set(model.weights_) == {"mean", "Logistic", "LogisticRegression", "HistGradientBoostingClassifier"}
    assert sum(model.weights_.values()) == pytest.approx(1)
    assert model.failed_ == {}
    alone = [SuperLearner(learners=(one,), folds=2).fit(X, y) for one in model._library(X, y)]
    assert log_loss(model, new, truth) < min(log_loss(one, new, truth) for one in alone) + 0.005
    best = SuperLearner(discrete=True).fit(X, y)
    assert sorted(best.weights_.values()) == [0, 0, 0, 1]
    assert best.weights_[min(best.risks_, key=best.risks_.get)] == 1


def test_scikit_learn_takes_it_for_one_of_its_own():
    from sklearn.base import clone, is_classifier, is_regressor
    from sklearn.linear_model import LinearRegression, LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.utils.validation import check_is_fitted

    X, y = data(n=300)
    learner = SuperLearner(learners=(LogisticRegression(), Logistic()), folds=3)
    copy = clone(learner)
    assert copy.get_params() == learner.get_params() or repr(copy) == repr(learner)
    assert is_classifier(learner)
    assert not is_regressor(learner)
    assert cross_val_score(learner, X, y, cv=3, scoring="neg_log_loss").min() > -0.8
    check_is_fitted(copy.fit(X, y))
    assert set(np.unique(copy.predict(X))) <= {0, 1}
    number = SuperLearner(learners=(LinearRegression(), Linear()), loss="squared", folds=3)
    assert is_regressor(number)
    assert not hasattr(number, "predict_proba")
    assert number.set_params(folds=4).folds == 4


def test_whole_groups_share_a_fold_and_the_seed_is_all_that_varies():
    seen = []

    class Watching:
        """Notes which groups it learned from."""

        classes_ = (0, 1)

        def get_params(self, deep=True):
            return {}

        def fit(self, X, y):
            seen.append(set(X[:, 0]))
            return self

        def predict(self, X):
            return np.zeros(len(X))

        def predict_proba(self, X):
            return np.full((len(X), 2), 0.5)

    X, y = data(n=600)
    groups = np.arange(600) % 20
    X[:, 0] = groups
    model = SuperLearner(learners=(Watching(), Logistic()), folds=4).fit(X, y, groups=groups)
    learned, everybody = seen[:-1] if len(seen) > 4 else seen, set(range(20))
    assert all(part < everybody for part in learned[:4])
    assert sum(len(everybody - part) for part in learned[:4]) == 20
    again = SuperLearner(learners=(Watching(), Logistic()), folds=4).fit(X, y, groups=groups)
    assert again.weights_ == model.weights_


def test_candidates_that_fail_are_left_out_and_named():
    from sklearn.linear_model import LogisticRegression

    X, y = data(n=200)
    X = np.column_stack([X, X[:, 0]])
    model = SuperLearner(learners=(Logistic(), LogisticRegression()), folds=3).fit(X, y)
    assert list(model.failed_) == ["Logistic"]
    assert model.weights_ == {"Logistic": 0.0, "LogisticRegression": 1.0}
    with pytest.raises(DataError, match="No candidate"):
        SuperLearner(learners=(Logistic(),), folds=3).fit(X, y)


def test_the_usual_candidates_are_tamer_where_events_are_few():
    rare = default_library(n=2000, columns=10, events=40, binary=True)
    common = default_library(n=2000, columns=10, events=800, binary=True)
    assert rare[1].spec == Logistic(firth=True)
    assert common[1].spec == Logistic()
    assert rare[3].min_samples_leaf == 500 > common[3].min_samples_leaf == 25
    assert named((*common, common[2]))[-1] == "LogisticRegression 2"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: SuperLearner(folds=1), "folds=1"),
        (lambda: SuperLearner(loss="hinge"), "loss='hinge'"),
        (lambda: SuperLearner(discrete=1), "discrete=1"),
        (lambda: SuperLearner(learners=()), "sequence of learners"),
        (lambda: SuperLearner(learners=(Logistic,)), "is not a learner"),
        (lambda: SuperLearner(learners=(Logistic(formula="age"),)), "has a formula"),
        (
            lambda: SuperLearner(learners=(Linear(), Logistic()), loss="squared").fit([[0.0], [1]], [0.5, 1]),
            "0 or 1",
        ),
        (lambda: SuperLearner().fit([[0.0], [1.0]], [0.5, 1.0]), "must be 0 or 1"),
        (lambda: SuperLearner().fit([[0.0], [1.0]], [np.nan, 1.0]), "finite"),
    ],
)
def test_wrong_use_is_refused(make, words):
    with pytest.raises((InvalidArgument, DataError), match=words):
        make()


def test_a_regressor_does_not_mix_with_probabilities():
    from sklearn.linear_model import LinearRegression

    with pytest.raises(InvalidArgument, match="classifier with predict_proba"):
        SuperLearner(learners=(LinearRegression(),))


def test_as_a_nuisance_its_weights_are_shown():
    X, y = data(n=900)
    rng = np.random.default_rng(1)
    a = rng.random(900) < expit(X[:, 0])
    frame = pd.DataFrame({"u": X[:, 0], "v": X[:, 1], "a": a, "y": y, "z": y + a + rng.normal(size=900)})
    cohort = Cohort.from_frame(frame)
    question = Estimand.given(exposure="a", outcome="y", adjustment_set=["u", "v"])
    mixed = SuperLearner(
        learners=(Logistic(), *default_library(n=900, columns=2, events=400, binary=True)[:1]), folds=3
    )
    effect = estimate(question, cohort, TMLE(propensity=mixed, outcome=mixed, folds=3))
    told = effect.diagnostics.check("super learner, outcome").sentence
    assert "Logistic" in told
    assert "mean" in told
    assert effect.estimator.startswith("TMLE(propensity=SuperLearner(")
    number = Estimand.given(exposure="a", outcome="z", adjustment_set=["u", "v"])
    with pytest.raises(InvalidArgument, match="is a classifier"):
        estimate(number, cohort, AIPW(outcome=SuperLearner()))
    assert estimate(number, cohort, AIPW(outcome=SuperLearner(loss="squared", folds=2), folds=2)).reported
