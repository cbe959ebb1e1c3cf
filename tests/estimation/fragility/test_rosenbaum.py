"""Rosenbaum bounds against scipy, the printed example and every assignment of a small study."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import stats

from causalmed.errors import DataError, InvalidArgument, NotEnoughEvents
from causalmed.estimation.fragility import rosenbaum_bounds

SMOKER = np.r_[np.ones(110), np.zeros(12)]


@pytest.mark.parametrize("gamma", [1.0, 3.0, 5.0])
def test_pairs_of_a_binary_outcome_are_binomial(gamma):
    bounds = rosenbaum_bounds(SMOKER, 1 - SMOKER, gammas=[gamma])
    exact = [stats.binomtest(110, 122, p, "greater").pvalue for p in (1 / (1 + gamma), gamma / (1 + gamma))]
    assert np.allclose([bounds.p_low[0], bounds.p_high[0]], exact, rtol=1e-9)


@pytest.mark.parametrize(("gamma", "printed"), [(4, 0.0036), (5, 0.03)])
def test_smoking_and_lung_cancer(gamma, printed):
    """Rosenbaum (2002, table 4.1) uses the normal approximation; the exact bound is a little smaller."""
    p = gamma / (1 + gamma)
    approximate = stats.norm.sf((109.5 - 122 * p) / np.sqrt(122 * p * (1 - p)))
    assert approximate == pytest.approx(printed, rel=0.06)
    exact = rosenbaum_bounds(SMOKER, 1 - SMOKER, gammas=[gamma]).p_high[0]
    assert 0.5 * approximate < exact < approximate


def test_without_hidden_bias_it_is_wilcoxons_test():
    away = np.random.default_rng(1).normal(0.4, 1.0, 200)
    bounds = rosenbaum_bounds(away, np.zeros(200), gammas=[1])
    reference = stats.wilcoxon(away, alternative="greater", method="asymptotic", correction=False)
    assert bounds.p_high[0] == pytest.approx(reference.pvalue, rel=1e-9)


def test_no_assignment_within_gamma_beats_the_bound():
    """Every extreme choice of the pairs' exposure odds, enumerated; only the number of events is random."""
    gamma, pairs, worse = 2.0, 6, 5
    bound = rosenbaum_bounds(np.r_[np.ones(worse), 0], np.r_[np.zeros(worse), 1], gammas=[gamma]).p_high[0]
    found = []
    for shares in product((1 / (1 + gamma), gamma / (1 + gamma)), repeat=pairs):
        tail = 0.0
        for signs in product((0, 1), repeat=pairs):
            if sum(signs) >= worse:
                tail += np.prod([p if s else 1 - p for p, s in zip(shares, signs, strict=True)])
        found.append(tail)
    assert max(found) == pytest.approx(bound, rel=1e-12)


def test_the_sensitivity_is_where_the_evidence_ends():
    bounds = rosenbaum_bounds(SMOKER, 1 - SMOKER)
    at = rosenbaum_bounds(SMOKER, 1 - SMOKER, gammas=[bounds.sensitivity, bounds.sensitivity * 1.001])
    assert at.p_high[0] <= 0.05 < at.p_high[1]
    mirrored = rosenbaum_bounds(1 - SMOKER, SMOKER)
    assert mirrored.sensitivity == bounds.sensitivity
    assert "5.4" in bounds.summary() or "5.5" in bounds.summary()
    assert list(bounds.to_frame()["gamma"]) == list(bounds.gammas)


def test_weak_evidence():
    weak = rosenbaum_bounds([1, 0, 1, 0], [0, 1, 0, 1])
    assert weak.sensitivity == 1
    assert "Even without hidden bias" in weak.summary()


@pytest.mark.parametrize(
    ("pairs", "asked", "error"),
    [
        (([1, 0], [0]), {}, DataError),
        (([1, np.nan], [0, 1]), {}, DataError),
        (([1, 1], [1, 1]), {}, NotEnoughEvents),
        (([1, 0], [0, 1]), {"gammas": [0.5]}, InvalidArgument),
        (([1, 0], [0, 1]), {"gammas": []}, InvalidArgument),
        (([1, 0], [0, 1]), {"alpha": 0}, InvalidArgument),
    ],
)
def test_refusals(pairs, asked, error):
    with pytest.raises(error):
        rosenbaum_bounds(*pairs, **asked)
