"""Weights between two places: closed forms, the same optimum by SciPy, and what cannot be balanced."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import root

from causalmed.errors import DataError, NotConverged
from causalmed.prediction import balancing_weights


def test_one_binary_column_gives_the_ratio_of_the_shares():
    here, there = np.repeat([0.0, 1.0], [700, 300])[:, None], np.repeat([0.0, 1.0], [120, 280])[:, None]
    found = balancing_weights(here, there)
    assert found.weights[here[:, 0] == 1] == pytest.approx(0.7 / 0.3, rel=1e-3)
    assert found.weights[here[:, 0] == 0] == pytest.approx(0.3 / 0.7, rel=1e-3)
    assert found.weights.mean() == pytest.approx(1, abs=1e-9)


def test_scipy_finds_the_same_weights():
    """Exponential weights with the target's means, from a general root finder."""
    rng = np.random.default_rng(3)
    here, there = rng.normal(size=(400, 2)), rng.normal(0.4, 1, size=(300, 2))
    ones, aim = np.column_stack([np.ones(400), here]), np.append(1, there.mean(axis=0))
    best = root(lambda g: np.exp(ones @ g) @ ones / 400 - aim, np.zeros(3), tol=1e-12)
    assert best.success
    assert balancing_weights(here, there).weights == pytest.approx(np.exp(ones @ best.x), rel=1e-3)


def test_a_shift_of_a_normal_column_gives_its_density_ratio():
    rng = np.random.default_rng(4)
    here, there = rng.normal(size=(200_000, 1)), rng.normal(0.5, 1, size=(200_000, 1))
    ratio = np.exp(0.5 * here[:, 0] - 0.125)
    assert np.abs(balancing_weights(here, there).weights / ratio - 1).mean() < 0.01


def test_units_and_constant_columns_change_nothing():
    rng = np.random.default_rng(5)
    here, there = rng.normal(size=(300, 2)), rng.normal(0.3, 1, size=(200, 2))
    plain = balancing_weights(here, there).weights
    scaled = balancing_weights(
        np.column_stack([1000 * here + 7, np.ones(300)]), np.column_stack([1000 * there + 7, np.ones(200)])
    ).weights
    assert scaled == pytest.approx(plain, rel=1e-6)


def test_what_lies_outside_is_said():
    rng = np.random.default_rng(6)
    here = rng.uniform(0, 1, size=(200, 1))
    with pytest.raises(NotConverged, match="outside what was seen"):
        balancing_weights(here, np.full((50, 1), 30.0))
    never_here = balancing_weights(np.zeros((200, 1)), np.repeat([0.0, 1.0], 50)[:, None])
    assert never_here.imbalance > 0.5


def test_bad_tables_are_refused():
    with pytest.raises(DataError, match="same columns"):
        balancing_weights(np.ones((5, 2)), np.ones((5, 1)))
    with pytest.raises(DataError, match="no row"):
        balancing_weights(np.ones((5, 1)), np.ones((0, 1)))
