from __future__ import annotations

import numpy as np
import pytest
import statsmodels.api as sm

from causalmed.estimation.survival.hazards import fit_hazard, standardised, weight_influence
from causalmed.estimation.survival.seen import see


@pytest.fixture
def course():
    rng = np.random.default_rng(3)
    n = 400
    X = rng.normal(size=(n, 2))
    A = (rng.random(n) < 0.4).astype(float)
    event = np.ceil(rng.exponential(20 * np.exp(-X[:, 0] - 0.4 * A)))
    lost = np.ceil(rng.exponential(30 * np.exp(-0.5 * X[:, 1])))
    return np.minimum(event, lost), np.where(lost < event, 0, 1), A, X


@pytest.mark.parametrize("cause", [0, 1])
def test_stratified_partial_likelihood_is_that_of_statsmodels(course, cause):
    time, code, A, X = course
    seen = see(time, code, horizon=1e9)
    own = fit_hazard(rank=seen.rank, event=seen.cause == cause, exposed=A, matrix=X, penalty=0.0)
    # a day's events come before its censorings
    later = time + 0.5 * (code == 0)
    peer = sm.PHReg(later, X, status=code == cause, strata=A, ties="breslow").fit()
    assert np.allclose(own.coefficients, peer.params, atol=1e-8)
    times, hazard, _ = peer.baseline_cumulative_hazard[list(peer.model.surv.stratum_names).index(1.0)]
    at = seen.time_at(own.ranks[0]) + 0.5 * (cause == 0)
    expected = np.interp(at, times, hazard)
    # the peer's hazard at a time is that before it
    assert np.allclose(np.cumsum(own.jumps[0])[:-1], expected[1:], atol=1e-8)


def test_the_prior_keeps_coefficients_finite_where_events_separate():
    rank, X = np.arange(20), np.array([[1.0]] * 3 + [[0.0]] * 17)
    event = rank < 3
    fit = fit_hazard(rank=rank, event=event, exposed=np.ones(20), matrix=standardised(X))
    assert 0.5 < fit.coefficients[0] < 3


def test_constant_columns_are_left_out():
    assert standardised(np.array([[1.0, 2.0], [1.0, 4.0]])).tolist() == [[-1.0], [1.0]]
    assert standardised(np.empty((3, 0))).shape == (3, 0)


@pytest.mark.parametrize("columns", [0, 2])
def test_influence_of_weights_is_the_effect_of_leaving_patients_out(course, columns):
    time, code, A, X = course
    seen, X = see(time, code, horizon=15), X[:, :columns]
    h = np.where(seen.cause == 1, 1.0 + A, 0.0)

    def weighted(rows):
        fit = fit_hazard(
            rank=seen.rank[rows], event=seen.cause[rows] == 0, exposed=A[rows], matrix=X[rows], penalty=0.0
        )
        relative = np.exp(X @ fit.coefficients)
        total = np.empty(seen.n)
        for column, arm in enumerate((1.0, 0.0)):
            steps = np.concatenate([[0], np.cumsum(fit.steps(column))])
            of_arm = steps[np.searchsorted(fit.ranks[column], seen.rank, side="right")]
            total = np.where(arm == A, of_arm, total)
        return fit, h * np.exp(relative * total)

    everybody = np.arange(seen.n)
    fit, load = weighted(everybody)
    found = weight_influence(
        fit,
        rank=seen.rank,
        event=seen.cause == 0,
        exposed=A,
        matrix=X,
        load=load[:, None],
        until=np.where(seen.cause == 0, -1, seen.rank),
    )[:, 0]
    without = [load.sum() - weighted(np.delete(everybody, i))[1].sum() for i in range(0, seen.n, 4)]
    assert np.corrcoef(found[::4], without)[0, 1] > 0.99
    assert np.abs(found[::4] - without).max() < 0.1 * np.abs(found).max()
    assert abs(found.sum()) < 1e-8 * np.abs(found).sum()
