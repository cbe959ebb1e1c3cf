"""Beside econml's generalised random forest, given the same residuals."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.forest import ours, theirs
from benchmarks.forest_coverage import draw


@pytest.fixture(scope="module")
def both():
    train, new = draw("two sigmoids", 1500, 5), draw("two sigmoids", 600, 6)
    mine, error, _ = ours(train, new.X, trees=100, bins=63)
    peer, peer_error, _ = theirs(train, new.X, trees=100)
    return new.tau, mine, error, peer, peer_error


def rmse(found, truth):
    return float(np.sqrt(np.mean((found - truth) ** 2)))


def test_says_the_same_about_the_same_patients(both):
    tau, mine, _, peer, _ = both
    assert np.corrcoef(mine, peer)[0, 1] > 0.75
    assert rmse(mine, peer) < rmse(peer, tau)


def test_is_no_further_from_the_truth(both):
    tau, mine, _, peer, _ = both
    assert rmse(mine, tau) < 1.1 * rmse(peer, tau)


def test_covers_no_less(both):
    tau, mine, error, peer, peer_error = both
    covered = [np.mean(np.abs(m - tau) < 1.96 * s) for m, s in ((mine, error), (peer, peer_error))]
    assert covered[0] > covered[1] - 0.03
