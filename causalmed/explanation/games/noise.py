"""The noise of every node: scrambled Sobol points, in runs that are independent of each other."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, Final

import numpy as np
from scipy.special import ndtri

from causalmed.engine import generator
from causalmed.scm import FloatArray, Mechanism

__all__ = ["RUNS", "shared_noise"]

RUNS: Final = 8
_EDGE: Final = 2.0**-33


class _Points:
    """Points of (0, 1) behind the two methods by which mechanisms draw one number a row."""

    def __init__(self, points: FloatArray) -> None:
        self._points: FloatArray | None = points

    def random(self, rows: int) -> FloatArray:
        """Return the points, once."""
        points, self._points = self._points, None
        if points is None or len(points) != rows:
            raise AttributeError("a mechanism with more than one number a row draws its own noise")
        return points

    def standard_normal(self, rows: int) -> FloatArray:
        """Return the normal quantiles of the points, once."""
        return np.asarray(ndtri(self.random(rows)))


def shared_noise(
    mechanisms: Mapping[str, Mechanism],
    *,
    wanted: Collection[str],
    draws: int,
    seed: int,
    path: tuple[int | str, ...] = (),
) -> dict[str, FloatArray]:
    """Return the noise of each node, shape (draws,): eight runs one after the other.

    Each run is a scrambled Sobol sequence with a dimension a node (Owen 1997), so that the mean of a run is
    unbiased and the spread of the runs gives its error. A mechanism that draws otherwise has ordinary noise.

    Parameters
    ----------
    mechanisms : mapping of str to Mechanism
        All of the model, in the order of their dimensions: what is asked changes nobody's noise.
    wanted : collection of str
        Whose noise is returned.
    draws : int
        A multiple of 8; best 8 times a power of 2.
    seed : int
        Of all runs.
    path : tuple of int or str
        What the noise is for, beyond the seed.
    """
    each = draws // RUNS
    runs = [_points(len(mechanisms), each, seed, (*path, run)) for run in range(RUNS)]
    found = {}
    for at, (node, mechanism) in enumerate(mechanisms.items()):
        if node not in wanted:
            continue
        parts = [
            _noise(mechanism, points[:, at], seed, (*path, run, node)) for run, points in enumerate(runs)
        ]
        found[node] = np.concatenate(parts)
    return found


@lru_cache(maxsize=4 * RUNS)
def _points(dimensions: int, rows: int, seed: int, path: tuple[int | str, ...]) -> FloatArray:
    from scipy.stats import qmc

    number = int(generator(seed, "explain", "points", *path).integers(2**31))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that balance wants a power of two, and which argument is the seed
        points = qmc.Sobol(dimensions, scramble=True, seed=number).random(rows)
    inside = np.asarray(np.clip(points, _EDGE, 1 - _EDGE), dtype=np.float64)
    inside.setflags(write=False)
    return inside


def _noise(mechanism: Mechanism, points: FloatArray, seed: int, path: tuple[int | str, ...]) -> FloatArray:
    stand_in: Any = _Points(points)
    try:
        return mechanism.draw_noise(stand_in, len(points))
    except AttributeError:
        return mechanism.draw_noise(generator(seed, "explain", "noise", *path), len(points))
