"""Redundant columns against the rank."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed.errors import DataError
from causalmed.regression.collinearity import check_rank, redundant_columns


@pytest.mark.parametrize("seed", range(20))
def test_as_many_as_the_rank_lacks(seed: int) -> None:
    rng = np.random.default_rng(seed)
    full = rng.normal(size=(50, int(rng.integers(1, 5)))) * 10.0 ** rng.integers(-4, 5)
    matrix = full @ rng.integers(-2, 3, (full.shape[1], 7)).astype(float)
    redundant = redundant_columns(matrix.T @ matrix)
    assert len(redundant) == 7 - np.linalg.matrix_rank(matrix)
    for column, others in redundant:
        if others:
            fitted = matrix[:, others] @ np.linalg.lstsq(matrix[:, others], matrix[:, column], rcond=None)[0]
            assert fitted == pytest.approx(matrix[:, column], rel=1e-6, abs=1e-6 * np.abs(matrix).max())


def test_independent_columns_pass() -> None:
    check_rank(np.diag([1.0, 1e-12, 1e12]), ["a", "b", "c"])


def test_dummies_of_all_levels_beside_an_intercept() -> None:
    dummies = np.eye(3)[np.arange(30) % 3]
    matrix = np.column_stack([np.ones(30), dummies])
    with pytest.raises(DataError, match="'c' is determined by 'Intercept', 'a', 'b'"):
        check_rank(matrix.T @ matrix, ["Intercept", "a", "b", "c"])
