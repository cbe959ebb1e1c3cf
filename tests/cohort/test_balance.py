from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import mahalanobis
from statsmodels.stats.weightstats import DescrStatsW

from causalmed.cohort.balance import smd_of_levels, smd_of_numbers, smd_of_proportions

RNG = np.random.default_rng(7)
N = 400
GROUP = RNG.random(N) < 0.35
WEIGHTS = RNG.uniform(0.5, 4.0, N)


def test_numbers_against_hand_arithmetic() -> None:
    values = np.array([2.0, 4.0, 6.0, 1.0, 2.0, 3.0])  # means 4 and 2, variances 4 and 1
    second = np.array([True] * 3 + [False] * 3)
    smd = smd_of_numbers(values=values, second=second, first=~second, weights=np.ones(6))
    assert smd == pytest.approx(2 / np.sqrt(2.5), rel=1e-15)


def test_numbers_against_statsmodels() -> None:
    values = RNG.normal(50, 12, N) + 4 * GROUP
    one, zero = values[GROUP], values[~GROUP]
    pooled = np.sqrt((DescrStatsW(one, ddof=1).var + DescrStatsW(zero, ddof=1).var) / 2)
    plain = smd_of_numbers(values=values, second=GROUP, first=~GROUP, weights=np.ones(N))
    assert plain == pytest.approx((one.mean() - zero.mean()) / pooled, rel=1e-12)
    means = [DescrStatsW(values[rows], weights=WEIGHTS[rows]).mean for rows in (GROUP, ~GROUP)]
    weighted = smd_of_numbers(values=values, second=GROUP, first=~GROUP, weights=WEIGHTS)
    assert weighted == pytest.approx((means[0] - means[1]) / pooled, rel=1e-12)


def test_proportions_against_hand_arithmetic() -> None:
    values = np.array([1.0] * 3 + [0.0] * 7 + [1.0] * 2 + [0.0] * 18)  # 0.3 of 10 against 0.1 of 20
    second = np.arange(30) < 10
    smd = smd_of_proportions(values=values, second=second, first=~second, weights=np.ones(30))
    assert smd == pytest.approx(0.2 / np.sqrt((0.21 + 0.09) / 2), rel=1e-12)


@pytest.mark.parametrize("weights", [np.ones(N), WEIGHTS], ids=["plain", "weighted"])
def test_levels_against_scipy_mahalanobis(weights: np.ndarray) -> None:
    codes = np.where(GROUP, RNG.choice(4, N, p=[0.1, 0.2, 0.3, 0.4]), RNG.choice(4, N))
    dummies = pd.get_dummies(codes).to_numpy(float)[:, 1:]
    covariance = sum(np.cov(dummies[rows].T, bias=True) for rows in (GROUP, ~GROUP)) / 2
    shares = [np.average(dummies[rows], axis=0, weights=weights[rows]) for rows in (GROUP, ~GROUP)]
    expected = mahalanobis(shares[0], shares[1], np.linalg.inv(covariance))
    found = smd_of_levels(codes=codes, levels=4, second=GROUP, first=~GROUP, weights=weights)
    assert found == pytest.approx(expected, rel=1e-10)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.tuples(st.integers(0, 3), st.booleans()), min_size=4, max_size=40),
    order=st.permutations(range(4)),
)
def test_levels_do_not_depend_on_their_order(rows: list[tuple[int, bool]], order: list[int]) -> None:
    codes = np.array([code for code, _ in rows])
    second = np.array([group for _, group in rows])
    if second.all() or not second.any():
        return
    ones = np.ones(len(codes))
    one = smd_of_levels(codes=codes, levels=4, second=second, first=~second, weights=ones)
    two = smd_of_levels(codes=np.array(order)[codes], levels=4, second=second, first=~second, weights=ones)
    swapped = smd_of_levels(codes=codes, levels=4, second=~second, first=second, weights=ones)
    assert one >= 0
    assert two == pytest.approx(one, rel=1e-6, abs=1e-9)
    assert swapped == pytest.approx(one, rel=1e-9, abs=1e-12)


@settings(max_examples=40, deadline=None)
@given(values=st.lists(st.integers(0, 1), min_size=8, max_size=40))
def test_two_levels_are_a_proportion_without_sign(values: list[int]) -> None:
    array = np.array(values)
    second = np.arange(len(values)) % 2 == 0
    ones = np.ones(len(values))
    levels = smd_of_levels(codes=array, levels=2, second=second, first=~second, weights=ones)
    share = smd_of_proportions(values=array.astype(float), second=second, first=~second, weights=ones)
    assert levels == pytest.approx(abs(share), rel=1e-9)


def test_constants() -> None:
    second = np.array([True, True, False, False])
    same, apart = np.full(4, 3.0), np.where(second, 2.0, 5.0)
    ones = np.ones(4)
    assert smd_of_numbers(values=same, second=second, first=~second, weights=ones) == 0
    assert smd_of_numbers(values=apart, second=second, first=~second, weights=ones) == -np.inf
    codes = second.astype(int)
    assert smd_of_levels(codes=codes, levels=3, second=second, first=~second, weights=ones) == np.inf
    assert smd_of_levels(codes=codes * 0, levels=3, second=second, first=~second, weights=ones) == 0
