"""Estimators as values."""

from __future__ import annotations

import pytest

from causalmed import AIPW, IPW, TMLE, GComputation, Linear, Logistic
from causalmed.errors import InvalidArgument
from causalmed.estimation import IPWRA


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: IPW(folds=1), "folds=1"),
        (lambda: AIPW(folds=True), "folds=True"),
        (lambda: TMLE(trim=0.5), "trim=0.5"),
        (lambda: AIPW(trim=-0.1), "trim=-0.1"),
        (lambda: IPW(variance="bootstrap"), "variance='bootstrap'"),
        (lambda: TMLE(fluctuation="both"), "fluctuation='both'"),
        (lambda: AIPW(by_arm=1), "by_arm=1"),
        (lambda: IPWRA(by_arm=1), "by_arm=1"),
        (lambda: IPWRA(trim=0.5), "trim=0.5"),
        (lambda: IPW(propensity=Linear()), "cannot give probabilities"),
        (lambda: AIPW(outcome="Logistic"), "is not a model"),
        (lambda: AIPW(outcome=Logistic), "is not a model"),
    ],
)
def test_options_are_checked_at_birth(make, words):
    with pytest.raises(InvalidArgument, match=words):
        make()


@pytest.mark.parametrize("spec", [GComputation, IPWRA])
def test_a_plug_in_of_a_learner_is_refused(spec):
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(InvalidArgument, match="no valid standard error"):
        spec(outcome=LogisticRegression())


def test_stacked_equations_need_two_regressions():
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(InvalidArgument, match="stacks the equations of both models"):
        IPWRA(propensity=LogisticRegression())


def test_a_regressor_is_no_propensity_model():
    from sklearn.linear_model import LinearRegression

    with pytest.raises(InvalidArgument, match="cannot give probabilities"):
        IPW(propensity=LinearRegression())


def test_specs_are_values():
    assert AIPW(trim=0.01) == AIPW(trim=0.01) != AIPW()
    assert hash(TMLE()) == hash(TMLE())
    with pytest.raises(AttributeError):
        TMLE().folds = 3


@pytest.mark.parametrize(
    ("spec", "words"),
    [
        (TMLE(), "TMLE()"),
        (AIPW(trim=0), "AIPW(trim=0)"),
        (
            IPWRA(propensity=Logistic(formula="age * sex"), outcome=Linear()),
            "IPWRA(propensity=Logistic(formula='age * sex'), outcome=Linear())",
        ),
        (GComputation(outcome=Logistic(firth=True)), "GComputation(outcome=Logistic(firth=True))"),
        (IPW(stabilised=False, variance="robust"), "IPW(stabilised=False, variance='robust')"),
    ],
    ids=repr,
)
def test_they_print_as_written_and_can_be_read_back(spec, words):
    assert repr(spec) == words
    assert eval(words) == spec


def test_a_learner_prints_its_own_way():
    from sklearn.linear_model import LogisticRegression

    spec = AIPW(outcome=LogisticRegression(C=0.5), folds=3)
    assert repr(spec) == "AIPW(outcome=LogisticRegression(C=0.5), folds=3)"
