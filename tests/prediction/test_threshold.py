"""The guarantee of the threshold: the exact binomial sum, and what happens in repeated calibrations."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causalmed.errors import InvalidArgument, NotEnoughEvents
from causalmed.prediction import guaranteed_rank, guaranteed_threshold, negatives_needed


@pytest.mark.parametrize("n", [42, 43, 100, 517, 5000])
@pytest.mark.parametrize(("specificity", "delta"), [(0.93, 0.05), (0.9, 0.01), (0.8, 0.2)])
def test_rank_is_the_smallest_whose_binomial_tail_is_below_delta(n, specificity, delta):
    n = max(n, negatives_needed(specificity=specificity, delta=delta))
    k, violation = guaranteed_rank(n, specificity=specificity, delta=delta)
    tails = stats.binom.sf(np.arange(n), n, specificity)  # P(Bin >= k) for k = 1..n
    assert violation == pytest.approx(tails[k - 1], rel=1e-9)
    assert tails[k - 1] <= delta
    assert k == 1 or tails[k - 2] > delta


@pytest.mark.parametrize(
    ("specificity", "delta", "needed"), [(0.93, 0.05, 42), (0.95, 0.05, 59), (0.99, 0.05, 299)]
)
def test_fewest_negatives(specificity, delta, needed):
    assert negatives_needed(specificity=specificity, delta=delta) == needed
    assert specificity**needed <= delta < specificity ** (needed - 1)
    with pytest.raises(NotEnoughEvents, match=f"at least {needed}"):
        guaranteed_rank(needed - 1, specificity=specificity, delta=delta)
    guaranteed_rank(needed, specificity=specificity, delta=delta)


def test_guarantee_holds_in_repeated_calibrations():
    """Uniform risks: the specificity of a threshold is the threshold itself."""
    rng = np.random.default_rng(7)
    n, specificity, draws = 300, 0.93, 20_000
    k, violation = guaranteed_rank(n, specificity=specificity)
    reached = np.sort(rng.random((draws, n)), axis=1)[:, k - 1]
    failed = (reached < specificity).mean()
    error = np.sqrt(violation * (1 - violation) / draws)
    assert abs(failed - violation) < 4 * error
    assert failed < 0.05


def test_ties_only_make_it_safer():
    rng = np.random.default_rng(8)
    draws, n, values = 2_000, 200, 8
    failed = 0
    for _ in range(draws):
        threshold = guaranteed_threshold(rng.integers(values, size=n) / values, specificity=0.9).value
        failed += np.mean(np.arange(values) / values < threshold) < 0.9
    assert failed / draws <= 0.05


def test_alert_is_above_the_order_statistic():
    risk = np.arange(100) / 100
    found = guaranteed_threshold(risk, specificity=0.8)
    at = risk[found.rank - 1]
    assert at < found.value < at + 1e-12
    assert not at >= found.value


@pytest.mark.parametrize("bad", [0.0, 1.0, 93, -0.1])
def test_probabilities_outside_their_range_are_refused(bad):
    with pytest.raises(InvalidArgument, match="is not between 0 and 1"):
        guaranteed_rank(100, specificity=bad)
    with pytest.raises(InvalidArgument, match="is not between 0 and 1"):
        guaranteed_rank(100, specificity=0.9, delta=bad)


def test_hospitals_that_differ_only_make_it_safer():
    """Given the patients of each hospital, the count below a threshold is a sum of unlike binomials."""
    rng = np.random.default_rng(9)
    specificity, sizes = 0.93, np.array([40, 110, 250])
    k, violation = guaranteed_rank(int(sizes.sum()), specificity=specificity)
    for _ in range(50):
        shares = rng.uniform(0.75, 1, 3)
        shares[2] = (specificity * sizes.sum() - shares[:2] @ sizes[:2]) / sizes[2]
        if not 0 < shares[2] <= 1:
            continue
        law = np.ones(1)
        for size, share in zip(sizes, shares, strict=True):
            law = np.convolve(law, stats.binom.pmf(np.arange(size + 1), size, share))
        assert law[k:].sum() <= violation * (1 + 1e-9)
