from __future__ import annotations

import numpy as np
import pytest
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from causalmed.estimation.survival.hazards import fit_hazard, standardised
from causalmed.estimation.survival.seen import see
from causalmed.estimation.survival.standin import Wanted, stand_in

HORIZON = 12.0
WANTED = (
    Wanted(cause=1, horizon=HORIZON),
    Wanted(cause=2, horizon=HORIZON),
    Wanted(cause=1, horizon=HORIZON, lost=True),
    Wanted(cause=1, horizon=5.0),
)


def course(daily, n=500, seed=4):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 2))
    A = (rng.random(n) < 0.5).astype(float)
    scales = (25 * np.exp(-0.6 * X[:, 0] - 0.3 * A), 30 * np.exp(-0.4 * X[:, 1]), 20 * np.exp(-0.5 * X[:, 0]))
    infection, death, lost = (np.ceil(t) if daily else t for t in map(rng.exponential, scales))
    event = np.minimum(infection, death)
    code = np.where(lost < event, 0, np.where(infection <= death, 1, 2))
    return np.minimum(event, lost), code, A, X


def filled(time, code, A, X, wanted=WANTED, bound=0.0):
    seen = see(time, code, horizon=HORIZON)
    fit = [fit_hazard(rank=seen.rank, event=seen.cause == k, exposed=A, matrix=X) for k in range(3)]
    return seen, fit, stand_in(seen, wanted, exposed=A, censoring=fit[0], causes=fit[1:], bound=bound)


@pytest.mark.parametrize("daily", [True, False])
def test_without_covariates_the_mean_is_aalen_and_johansens(daily):
    time, code, A, X = course(daily)
    _, _, found = filled(time, code, A, X[:, :0])
    for arm in (1, 0):
        rows = arm == A
        with np.errstate(all="ignore"):
            peer = CumIncidenceRight(time[rows], code[rows])
        t, (infected, dead) = peer.times, peer.cinc[:2]
        lost = np.diff(np.append(t[t <= HORIZON], HORIZON)) @ infected[t <= HORIZON]
        expected = [infected[t <= HORIZON][-1], dead[t <= HORIZON][-1], lost, infected[t <= 5][-1]]
        assert np.allclose(found.values[rows].mean(axis=0), expected, atol=1e-12)
        # weighting alone says the same, and weights every patient once
        assert np.allclose((found.weight * found.observed)[rows].mean(axis=0), expected, atol=1e-12)
        assert np.allclose(found.weight[rows].mean(axis=0), 1, atol=1e-12)


def test_with_one_cause_it_is_kaplan_and_meiers():
    time, code, A, X = course(daily=True)
    _, _, found = filled(time, np.minimum(code, 1), A, X[:, :0], wanted=WANTED[:1])
    for arm in (1, 0):
        peer = SurvfuncRight(time[arm == A], (code > 0)[arm == A])
        survival = peer.surv_prob[peer.surv_times <= HORIZON][-1]
        assert found.values[arm == A].mean() == pytest.approx(1 - survival, abs=1e-12)


def by_hand(seen, fit, A, i):
    """The definition, step by step in time, for one patient and infection by the horizon."""
    column = 0 if A[i] == 1 else 1
    jumps = [dict(zip(one.ranks[column].tolist(), one.steps(column).tolist(), strict=True)) for one in fit]
    relative = [one.relative[i] for one in fit]

    def survive(rank):
        return np.exp(-sum(relative[k] * jumps[k].get(rank, 0.0) for k in (1, 2)))

    def later(rank):
        risk, alive = 0.0, 1.0
        for r in range(rank + 1, seen.end):
            hazards = [relative[k] * jumps[k].get(r, 0.0) for k in (1, 2)]
            if sum(hazards):
                risk += alive * (1 - survive(r)) * hazards[0] / sum(hazards)
                alive *= survive(r)
        return risk

    value, stay = 0.0, 1.0
    for r in range(min(seen.rank[i], seen.end - 1) + 1):
        leave = 1 - np.exp(-relative[0] * jumps[0].get(r, 0.0))
        stay *= 1 - leave
        if leave:
            value += later(r) / stay * ((seen.cause[i] == 0 and r == seen.rank[i]) - leave)
    return value + (seen.cause[i] == 1) / stay


def test_the_definition_step_by_step():
    time, code, A, X = course(daily=True)
    seen, fit, found = filled(time, code, A, standardised(X))
    for i in range(0, len(A), 17):
        assert found.values[i, 0] == pytest.approx(by_hand(seen, fit, A, i), abs=1e-10)


def test_what_was_seen_without_any_censoring_stays_as_it_is():
    time, code, A, X = course(daily=True)
    seen, _, found = filled(time, np.where(code == 0, 2, code), A, standardised(X))
    assert np.array_equal(found.values[:, 0], seen.had(1))
    assert np.array_equal(found.values[:, 2], np.where(seen.cause == 1, HORIZON - seen.time, 0))
    assert (found.weight == 1).all()


def test_weights_stop_at_the_bound_and_are_counted():
    time, code, A, X = course(daily=True)
    _, _, free = filled(time, code, A, standardised(X))
    _, _, held = filled(time, code, A, standardised(X), bound=0.5)
    assert held.weight.max() == pytest.approx(2)
    assert free.weight.max() > 2
    assert 0 < held.bounded.sum() < len(A)
    assert not free.bounded.any()
    same = ~held.bounded & (free.weight <= 2).all(axis=1)
    assert np.array_equal(held.weight[same], free.weight[same])
