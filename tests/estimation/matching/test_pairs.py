"""Pairs: each patient once."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from scipy.stats import ttest_rel

from causalmed import Estimand, Matching, estimate
from causalmed.errors import InvalidArgument, PositivityViolation
from causalmed.estimation.matching import pairs
from causalmed.results import State
from tests.estimation.matching.test_answering import QUESTION, cohort_of, named, ward
from tests.estimation.matching.wards import Ward, simulate


def points(n, seed=0, width=2):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, width)), rng.random(n) < 0.3, rng.integers(0, 2, n)


@pytest.mark.parametrize("choose", [pairs.greedy_pairs, pairs.best_pairs])
@pytest.mark.parametrize("limit", [np.inf, 0.3])
def test_pairs_are_of_one_stratum_within_the_limit_and_disjoint(choose, limit):
    place, chooses, strata = points(200)
    first, second = choose(place, chooses, strata, limit)
    assert len(np.unique([*first, *second])) == 2 * len(first) > 20
    assert chooses[first].all()
    assert not chooses[second].any()
    assert np.array_equal(strata[first], strata[second])
    assert (np.linalg.norm(place[first] - place[second], axis=1) <= limit).all()


def test_the_best_pairs_are_never_farther_apart_than_greedy_ones():
    for seed in range(5):
        place, chooses, strata = points(150, seed)
        total = [
            np.linalg.norm(place[one] - place[two], axis=1).sum()
            for one, two in (
                choose(place, chooses, strata, np.inf) for choose in (pairs.greedy_pairs, pairs.best_pairs)
            )
        ]
        assert total[1] < total[0]


def test_the_best_pairs_leave_out_as_few_as_possible():
    place = np.array([[0.0], [1.0], [0.9], [1.9]])
    # the first can only have the third, the second either: greedily the second might take it
    chooses = np.array([True, True, False, False])
    first, second = pairs.best_pairs(place, chooses, np.zeros(4, dtype=int), 0.95)
    assert dict(zip(first.tolist(), second.tolist(), strict=True)) == {0: 2, 1: 3}


@pytest.mark.parametrize("population", ["exposed", "unexposed"])
@pytest.mark.parametrize("optimal", [False, True])
@pytest.mark.parametrize("on", ["logit", "covariates"])
def test_the_standard_error_is_that_of_a_paired_t_test(on, optimal, population):
    frame = ward(n=400)
    spec = Matching(on=on, replace=False, optimal=optimal, exact=["wound"])
    effect = estimate(QUESTION, cohort_of(frame), spec, population=population)
    assert effect.functionals.source == "matched pairs"
    own = 1.0 if population == "exposed" else 0.0
    from causalmed.engine import Local
    from causalmed.estimation.matching.matched_effect import _pairs
    from causalmed.estimation.models import fit_propensity
    from causalmed.estimation.problem import pose_problem

    problem = pose_problem(QUESTION, cohort_of(frame), contrast=(1, 0), population=population)
    model = fit_propensity(problem, spec.propensity, executor=Local()) if spec.scored else None
    first, second, _ = _pairs(problem, spec, model, problem.exposed == own)
    one, two = (problem.outcome[rows] for rows in ((first, second) if own else (second, first)))
    test = ttest_rel(one, two)
    assert effect.difference.estimate == pytest.approx((one - two).mean(), rel=1e-12)
    assert effect.difference.std_error == pytest.approx((one - two).mean() / test.statistic, rel=1e-9)


def test_greedy_pairs_on_covariates_take_the_nearest_that_is_free():
    place, chooses, _ = points(60)
    first, second = pairs.greedy_pairs(place, chooses, np.zeros(60, dtype=int), np.inf)
    far, free = cdist(place, place), ~chooses
    for one, two in zip(first, second, strict=True):
        assert far[one, two] == far[one, free].min()
        free[two] = False


def test_pairs_within_clusters_are_added_up_within_them():
    frame = ward(n=900).assign(hospital=np.random.default_rng(1).choice(list("abcdefgh"), 900))
    question = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age", "hospital"])
    spec = Matching(replace=False, exact=["hospital"])
    effect = estimate(question, cohort_of(frame, cluster="hospital"), spec, population="exposed")
    assert effect.functionals.source == "matched pairs, clustered"
    assert effect.functionals.degrees_of_freedom == 7
    blind = estimate(question, cohort_of(frame), spec, population="exposed")
    assert effect.difference.estimate == blind.difference.estimate
    assert 0.3 < effect.difference.std_error / blind.difference.std_error < 2


def test_using_up_the_other_arm_is_said():
    frame = ward(n=400, strength=2)
    effect = estimate(QUESTION, cohort_of(frame), Matching(replace=False), population="exposed")
    assert named(effect, "reuse").state is State.WARN
    assert "each once" in named(effect, "reuse").sentence


def test_patients_left_without_a_free_partner_are_counted():
    frame = ward(n=400).assign(late=lambda f: f.late | (f.patient % 2 == 0))
    effect = estimate(QUESTION, cohort_of(frame), Matching(replace=False), population="exposed")
    assert "that was still free: the effect is about the" in named(effect, "matched").sentence


def test_too_many_possible_pairs_are_refused_before_they_are_made(monkeypatch):
    monkeypatch.setattr(pairs, "LARGEST", 1000)
    spec = Matching(on="covariates", replace=False)
    with pytest.raises(InvalidArgument, match="pairs are not compared"):
        estimate(QUESTION, cohort_of(ward(n=400)), spec, population="exposed")


def test_no_pairs_are_an_error():
    spec = Matching(on="covariates", replace=False, caliper=1e-12)
    with pytest.raises(PositivityViolation, match="pairs of similar patients"):
        estimate(QUESTION, cohort_of(ward(n=200)), spec, population="exposed")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::causalmed.errors.CausalmedWarning")
def test_pairs_cover_where_partners_are_plenty():
    spec = Matching(on="logit", replace=False, caliper=0.2)
    card = simulate(Ward(n=1500, base=0.2, exposed=0.15), spec, "exposed", draws=500, seed=4)
    assert card.cover > 0.93
