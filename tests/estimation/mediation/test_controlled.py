"""Controlled direct effects against counts, refits and simulated truth."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from causalmed import Cohort, Graph, Logistic, estimate, identify
from causalmed.errors import InvalidArgument, NotEnoughEvents
from causalmed.estimation.mediation import MediationAIPW

WITNESS = Graph.parse("dag { c -> {a l m y}; a -> {l m y}; l -> {m y}; m -> y }")
SATURATED = MediationAIPW(
    mediator_propensity=Logistic(formula="l*c"),
    outcome=Logistic(formula="m*l*c"),
    mean_outcome=Logistic(formula="c"),
    trim=0.0,
)


def held(at):
    return identify(WITNESS, exposure="a", outcome="y", effect="controlled_direct", mediators={"m": at})


def by_counting(frame, a, m):
    """Sum over c and l of P(c) P(l | a, c) mean(y | a, m, l, c)."""
    total = 0.0
    for c, ell in itertools.product((0, 1), repeat=2):
        inside = frame[(frame.c == c) & (frame.a == a)]
        mean = inside[(inside.l == ell) & (inside.m == m)].y.mean()
        total += (frame.c == c).mean() * (inside.l == ell).mean() * mean
    return total


@pytest.mark.parametrize("at", [0, 1])
def test_saturated_models_are_counts(at, binary, cohort):
    frame = binary(np.random.default_rng(3), 4000, interaction=0.15)
    found = estimate(held(at), cohort(frame), SATURATED)
    expected = [by_counting(frame, 1, at), by_counting(frame, 0, at)]
    assert [found.functionals["exposed"], found.functionals["unexposed"]] == pytest.approx(expected)
    assert found.adjustment_set == ("c", "l")
    assert found.arms == (f"a = 1, m = {at}", f"a = 0, m = {at}")
    assert not found.beside


def test_the_error_is_that_of_leaving_each_patient_out(binary, cohort):
    frame = binary(np.random.default_rng(5), 150, interaction=0.3)
    spec = MediationAIPW(
        mediator_propensity=Logistic(formula="l"), outcome=Logistic(formula="m + l"), trim=0.0
    )
    found = estimate(held(0), cohort(frame), spec).functionals
    without = np.array(
        [estimate(held(0), cohort(frame.drop(index=i)), spec).functionals.values for i in frame.index]
    )
    jackknife = (len(frame) - 1) / len(frame) * (without - found.values).T @ (without - found.values)
    np.testing.assert_allclose(np.sqrt(np.diag(found.covariance)), np.sqrt(np.diag(jackknife)), rtol=0.1)


def test_adjusting_for_what_the_exposure_changed_would_be_wrong(binary, cohort):
    """With l among plain covariates part of the effect is lost; in sequence it is not."""
    frame = binary(np.random.default_rng(6), 60_000)
    found = estimate(held(0), cohort(frame))
    truth = 0.1 + 0.1 * 0.3  # the arrow itself, and what runs through l
    assert abs(found.difference.estimate - truth) < 3 * found.difference.std_error
    blocked = frame.groupby(["c", "l", "a"]).y.mean()
    assert found.difference.std_error < 0.006
    assert blocked.index.nlevels == 3


def test_intervals_cover(binary):
    truth, hits = 0.1 + 0.1 * 0.3, []
    for draw in range(60):
        frame = binary(np.random.default_rng([1, draw]), 1200)
        found = estimate(held(0), Cohort.from_frame(frame)).difference
        hits.append(found.low <= truth <= found.high)
    assert np.mean(hits) >= 0.86


@pytest.mark.slow
def test_intervals_cover_in_many_draws(binary):
    truth, hits = 0.1 + 0.1 * 0.3, []
    for draw in range(2000):
        frame = binary(np.random.default_rng([2, draw]), 1500)
        found = estimate(held(0), Cohort.from_frame(frame)).difference
        hits.append(found.low <= truth <= found.high)
    assert abs(np.mean(hits) - 0.95) < 0.015, np.mean(hits)


def test_levels_are_stated_by_their_names(binary):
    frame = binary(np.random.default_rng(7), 3000)
    wound = np.array(["clean", "dirty"])[frame.m]
    cohort = Cohort.from_frame(frame.assign(m=wound), kinds={"m": "categorical"})
    found = estimate(held("clean"), cohort)
    same = estimate(held(0), Cohort.from_frame(frame))
    assert found.difference.estimate == pytest.approx(same.difference.estimate)
    assert "m = clean in everybody" in found.question
    with pytest.raises(InvalidArgument, match=r"no level 'septic'; it has: 'clean', 'dirty'"):
        estimate(held("septic"), cohort)
    with pytest.raises(InvalidArgument, match="say at which it is held by its name"):
        estimate(held(0), cohort)


def test_a_number_is_not_held_where_nobody_is(binary):
    frame = binary(np.random.default_rng(8), 1000)
    drop = frame.assign(m=frame.m + np.random.default_rng(1).normal(size=1000))
    with pytest.raises(NotEnoughEvents, match=r"0 of .* exposed patients have m = 0"):
        estimate(held(0), Cohort.from_frame(drop))
    with pytest.raises(NotEnoughEvents, match="0 of"):
        estimate(held(7), Cohort.from_frame(frame))
