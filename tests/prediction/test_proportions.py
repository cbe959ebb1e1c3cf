"""Intervals of proportions and differences against print, statsmodels and their own inversion."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats
from statsmodels.stats.proportion import confint_proportions_2indep, proportion_confint

from causalmed.errors import InvalidArgument
from causalmed.prediction import difference_p_value, newcombe, proportion

COUNTS = [(81, 263), (15, 148), (0, 20), (1, 29), (29, 29), (5, 10), (400, 1000)]

# Newcombe (1998), Statistics in Medicine 17:873-890, table II, method 10
PRINTED = [
    ((56, 70, 48, 80), (0.0524, 0.3339)),
    ((9, 10, 3, 10), (0.1705, 0.8090)),
    ((10, 10, 0, 20), (0.6791, 1.0000)),
    ((5, 56, 0, 29), (-0.0381, 0.1926)),
    ((0, 10, 0, 20), (-0.1611, 0.2775)),
]


@pytest.mark.parametrize(("count", "total"), COUNTS)
@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_single_limits_equal_statsmodels(count, total, level):
    for exact, method in ((False, "wilson"), (True, "beta")):
        found = proportion(count, total, level=level, exact=exact)
        low, high = proportion_confint(count, total, alpha=1 - level, method=method)
        np.testing.assert_allclose([found.low, found.high], [low, high], atol=1e-9)


def test_wilson_as_printed():
    # Newcombe (1998), Statistics in Medicine 17:857-872, table I, method 3
    for count, total, low, high in (
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (1, 29, 0.0061, 0.1718),
    ):
        found = proportion(count, total, exact=False)
        assert (round(found.low, 4), round(found.high, 4)) == (low, high)


def test_exact_where_fewer_than_ten_are_behind():
    assert proportion(9, 300) == proportion(9, 300, exact=True)
    assert proportion(10, 300) == proportion(10, 300, exact=False)
    assert proportion(295, 300) == proportion(295, 300, exact=True)


@pytest.mark.parametrize(("counts", "limits"), PRINTED)
def test_difference_as_printed(counts, limits):
    found = newcombe(*counts, exact=False)
    assert (round(found.low, 4), round(found.high, 4)) == pytest.approx(limits, abs=1e-4)


@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (5, 56, 0, 29), (30, 300, 60, 900)])
def test_difference_equals_statsmodels(counts):
    low, high = confint_proportions_2indep(*counts, compare="diff", method="newcomb")
    found = newcombe(*counts, exact=False)
    np.testing.assert_allclose([found.low, found.high], [low, high], atol=1e-9)


@pytest.mark.parametrize("exact", [False, True, None])
@pytest.mark.parametrize("counts", [(56, 70, 48, 80), (3, 56, 9, 290), (60, 70, 48, 80)])
def test_p_value_is_the_level_at_which_the_interval_touches(counts, exact):
    group, reference = counts[:2], counts[2:]
    p = difference_p_value(group, reference, exact=exact)
    found = newcombe(*counts, level=1 - p, exact=exact)
    assert min(abs(found.low), abs(found.high)) < 1e-8


def test_shift_moves_the_interval_and_the_test():
    plain, moved = newcombe(30, 300, 60, 900), newcombe(30, 300, 60, 900, shift=0.02)
    np.testing.assert_allclose(
        [moved.estimate, moved.low, moved.high], np.array([plain.estimate, plain.low, plain.high]) - 0.02
    )
    p = difference_p_value((30, 300), (60, 900), shift=plain.low)
    assert p == pytest.approx(0.05, abs=1e-6)


def test_exact_difference_is_never_below_its_level():
    """Coverage of the exact variant, summed over every table of a small and a large group."""
    sizes, risks, level = (12, 60), (0.08, 0.08), 0.95
    covered = 0.0
    for a in range(sizes[0] + 1):
        for b in range(sizes[1] + 1):
            found = newcombe(a, sizes[0], b, sizes[1], level=level, exact=True)
            weight = stats.binom.pmf(a, sizes[0], risks[0]) * stats.binom.pmf(b, sizes[1], risks[1])
            covered += weight * (found.low <= risks[0] - risks[1] <= found.high)
    assert covered >= level


@pytest.mark.parametrize(("count", "total"), [(5, 3), (-1, 3), (0, 0)])
def test_what_is_no_proportion_is_refused(count, total):
    with pytest.raises(InvalidArgument, match="is not a proportion"):
        proportion(count, total)


def test_level_outside_its_range_is_refused():
    with pytest.raises(InvalidArgument, match=r"level=95 is not between 0 and 1"):
        proportion(1, 3, level=95)
