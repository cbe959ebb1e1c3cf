"""What several effects have to do with each other, against the definition."""

from __future__ import annotations

import numpy as np

from causalmed.engine import BLOCK_ROWS
from causalmed.estimation.joint_law import correlation_of


def test_correlation_of_cluster_sums():
    rng = np.random.default_rng(4)
    clusters = rng.integers(0, 9, 200)
    phi = rng.normal(size=(200, 3))
    sums = np.array([phi[clusters == g].sum(axis=0) for g in range(9)])
    expected = sums.T @ sums / np.sqrt(np.outer(np.diag(sums.T @ sums), np.diag(sums.T @ sums)))
    assert np.allclose(correlation_of(phi, clusters), expected)
    assert np.allclose(np.diag(correlation_of(np.zeros((4, 2)), None)), 1)


def test_correlation_over_several_blocks():
    n = BLOCK_ROWS + 1000
    rng = np.random.default_rng(5)
    clusters = np.sort(rng.integers(0, 50, n))
    phi = rng.normal(size=(n, 2)) @ np.array([[1.0, 0.6], [0.0, 0.8]])
    whole = phi.T @ phi
    assert np.isclose(
        correlation_of(phi, None)[0, 1], whole[0, 1] / np.sqrt(whole[0, 0] * whole[1, 1]), rtol=1e-12
    )
    sums = np.array([phi[clusters == g].sum(axis=0) for g in range(50)])
    whole = sums.T @ sums
    found = correlation_of(phi, clusters)[0, 1]
    assert np.isclose(found, whole[0, 1] / np.sqrt(whole[0, 0] * whole[1, 1]), rtol=1e-12)
