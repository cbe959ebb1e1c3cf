"""Refuters: they let right estimators through and stop wrong ones; every nuisance is fitted again."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from causalmed import AIPW, IPW, TMLE, Cohort, DoubleML, GComputation, Graph, Logistic, estimate, identify
from causalmed.errors import InvalidArgument
from causalmed.estimation.fragility import refute
from causalmed.estimation.fragility.refuters import REFUTERS, Trial
from causalmed.results import State
from tests.estimation.fragility.wards import QUESTION, ward


@pytest.fixture(scope="module")
def cohort():
    return Cohort.from_frame(ward(1500, 2))


@pytest.mark.parametrize("spec", [None, IPW(), AIPW(), GComputation()])
def test_right_estimators_pass(cohort, spec):
    effect = estimate(QUESTION, cohort, spec)
    found = refute(effect, QUESTION, cohort, repetitions=20, seed=1)
    assert found.survived, found.summary()
    assert [check.name for check in found.checks.checks] == list(REFUTERS)
    assert max(map(len, found.summary().split("\n"))) <= 80


def test_the_propensity_score_is_fitted_again(cohort):
    """Kept from before, it makes a shuffled exposure look confounded; fitted again, the placebo is none."""
    effect = estimate(QUESTION, cohort, IPW())
    placebo = refute(effect, QUESTION, cohort, checks=["placebo exposure"], repetitions=30).check(
        "placebo exposure"
    )
    assert placebo.state is State.PASS
    assert abs(placebo.value) < 0.01


def test_a_model_that_leaves_the_confounder_out_is_stopped(cohort):
    spec = GComputation(outcome=Logistic(formula="late"))
    effect = estimate(QUESTION, cohort, spec)
    found = refute(effect, QUESTION, cohort, checks=["simulated outcome"], repetitions=30, seed=1)
    assert not found.survived
    assert found.check("simulated outcome").value > 0.02


def test_too_small_an_error_is_stopped(cohort):
    effect = estimate(QUESTION, cohort, TMLE())
    arms = effect.functionals
    shrunk = replace(effect, functionals=replace(arms, covariance=arms.covariance / 25))

    def again(estimand, patients):
        found = estimate(estimand, patients)
        return replace(
            found, functionals=replace(found.functionals, covariance=found.functionals.covariance / 25)
        )

    trial = Trial(effect=shrunk, estimand=QUESTION, cohort=cohort, again=again, repetitions=20, seed=1)
    assert REFUTERS["placebo exposure"](trial).state is State.FAIL
    assert REFUTERS["subset"](trial).state is State.FAIL


def test_an_estimate_that_follows_noise_is_stopped(cohort):
    effect = estimate(QUESTION, cohort, TMLE())
    rng = np.random.default_rng(1)

    def again(estimand, patients):
        moved = effect.functionals.values + rng.normal(0, 0.1, 3)
        return replace(effect, functionals=replace(effect.functionals, values=moved))

    trial = Trial(effect=effect, estimand=QUESTION, cohort=cohort, again=again, repetitions=10, seed=1)
    assert REFUTERS["random common cause"](trial).state is State.FAIL


def test_hospitals_are_kept_whole():
    frame = ward(2400, 4).assign(hospital=np.arange(2400) % 12)
    cohort = Cohort.from_frame(frame, cluster="hospital")
    effect = estimate(QUESTION, cohort, AIPW())
    found = refute(effect, QUESTION, cohort, checks=["placebo exposure", "subset"], repetitions=12)
    assert found.survived, found.summary()


def test_the_same_seed_gives_the_same_sentences(cohort):
    effect = estimate(QUESTION, cohort, AIPW())
    one, two = (
        refute(
            effect, QUESTION, cohort, checks=["subset", "placebo exposure"], repetitions=10, seed=3, n_jobs=n
        )
        for n in (1, 2)
    )
    assert one.to_dict() == two.to_dict()


def test_what_has_no_known_answer_is_refused(cohort):
    """A direct effect is not the total one that would be planted; an odds ratio is no difference."""
    frame = ward(800, 6)
    frame["drain"] = np.random.default_rng(6).random(800) < 0.3 + 0.3 * frame.late
    graph = Graph.parse("dag { age -> {late drain ssi}; late -> {drain ssi}; drain -> ssi }")
    question = identify(graph, exposure="late", outcome="ssi", effect="natural_indirect", mediators=["drain"])
    patients = Cohort.from_frame(frame)
    effect = estimate(question, patients)
    with pytest.raises(InvalidArgument, match="total effects by adjustment"):
        refute(effect, question, patients, checks=["simulated outcome"], repetitions=10)
    odds = estimate(QUESTION, cohort, DoubleML(model="logistic"))
    with pytest.raises(InvalidArgument, match="conditional odds ratio"):
        refute(odds, QUESTION, cohort)


def test_refusals(cohort):
    effect = estimate(QUESTION, cohort, AIPW())
    for change in (
        {"checks": ["placebo"]},
        {"checks": []},
        {"repetitions": 2},
        {"estimand": replace(QUESTION, outcome="age")},
        {"cohort": cohort.take(np.arange(900))},
        {"effect": "none"},
    ):
        with pytest.raises(InvalidArgument):
            refute(**{"effect": effect, "estimand": QUESTION, "cohort": cohort, **change})
