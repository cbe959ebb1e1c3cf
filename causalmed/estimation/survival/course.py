"""Patients on their way through hospital: free, infected, gone."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Course"]

Array = NDArray[np.float64]
Ranks = NDArray[np.intp]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Course:
    """Who left which state when: five counts a time.

    ``counts`` holds, a row each: leaving state 0 for any reason, infections, leaving state 0 for home or by
    death, leaving state 1 for any reason, leaving state 1 for home or by death.
    """

    times: Array
    first: Ranks
    last: Ranks
    ill: NDArray[np.bool_]
    staying: NDArray[np.bool_]
    counts: Array

    @classmethod
    def of(cls, infected: Array, left: Array, staying: NDArray[np.bool_]) -> Course:
        """Count the moves of patients whose times are known."""
        ill = np.isfinite(infected)
        out = np.where(ill, infected, left)
        times = np.unique(np.concatenate([out, left]))
        first, last = np.searchsorted(times, out), np.searchsorted(times, left)
        empty = cls(times=times, first=first, last=last, ill=ill, staying=staying, counts=np.zeros((5, 0)))
        everybody = np.zeros(len(left), dtype=np.intp)
        return cls(
            times=times, first=first, last=last, ill=ill, staying=staying, counts=empty.tally(everybody, 1)[0]
        )

    @property
    def moves(self) -> tuple[tuple[Ranks, NDArray[np.bool_]], ...]:
        """Where each of the five counts has its patients, and which patients it counts."""
        everybody, home = np.ones_like(self.ill), ~self.staying
        return (
            (self.first, everybody),
            (self.first, self.ill),
            (self.first, ~self.ill & home),
            (self.last, self.ill),
            (self.last, self.ill & home),
        )

    def tally(self, groups: Ranks, count: int) -> Array:
        """Return the counts of each group, shape (G, 5, k)."""
        answer = np.zeros((count, 5, len(self.times)))
        for line, (at, which) in enumerate(self.moves):
            np.add.at(answer[:, line], (groups[which], at[which]), 1.0)
        return answer

    def error(self) -> float:
        """Return the standard error for independent patients, from the derivatives by their weights."""
        gradient = self.gradient()
        influence = np.zeros(len(self.first))
        for line, (at, which) in enumerate(self.moves):
            influence += np.where(which, gradient[line][at], 0.0)
        n = len(influence)
        return math.sqrt(n / (n - 1) * float(influence @ influence))

    def clustered_error(self, groups: Ranks) -> float:
        """Return the standard error from leaving out one cluster at a time."""
        g = int(groups.max()) + 1
        without = self.estimate(self.counts - self.tally(groups, g))
        whole = float(self.estimate(self.counts[None])[0])
        return math.sqrt(float((g - 1) / g * np.sum((without - whole) ** 2)))

    def remaining(self, counts: Array) -> tuple[Array, Array, Array]:
        """Return the further stay of the free and of the infected, and the weights, each (G, k)."""
        out0, ill, home0, out1, home1 = (counts[:, line] for line in range(5))
        at0 = np.cumsum(out0[:, ::-1], axis=1)[:, ::-1]
        at1 = _before(np.cumsum(ill, axis=1)) - _before(np.cumsum(out1, axis=1))
        a01, a02, a12 = _share(ill, at0), _share(home0, at0), _share(home1, at1)
        e0, e1 = np.zeros_like(a01), np.zeros_like(a01)
        for k in range(len(self.times) - 2, -1, -1):
            day = self.times[k + 1] - self.times[k]
            e1[:, k] = day + (1 - a12[:, k + 1]) * e1[:, k + 1]
            stay = 1 - a01[:, k + 1] - a02[:, k + 1]
            e0[:, k] = day + stay * e0[:, k + 1] + a01[:, k + 1] * e1[:, k + 1]
        inside: Array = np.asarray(np.cumprod(1 - a01 - a02, axis=1), np.float64)
        return e0, e1, _before(inside, start=1.0) - inside

    def gradient(self) -> Array:
        """Return the derivatives of the estimate by the five counts, shape (5, k): the adjoint recursion."""
        out0, ill, home0, out1, home1 = self.counts
        at0 = np.cumsum(out0[::-1])[::-1]
        at1 = np.concatenate([[0.0], np.cumsum(ill - out1)[:-1]])
        a01, a02, a12 = (_share(*pair) for pair in ((ill, at0), (home0, at0), (home1, at1)))
        e0, e1, w = (line[0] for line in self.remaining(self.counts[None]))
        total, k = float(w.sum()), len(self.times)
        to_e0, to_e1 = -w / total, w / total
        for j in range(1, k):
            to_e1[j] += to_e1[j - 1] * (1 - a12[j]) + to_e0[j - 1] * a01[j]
            to_e0[j] += to_e0[j - 1] * (1 - a01[j] - a02[j])
        earlier0, earlier1 = np.append(0.0, to_e0[:-1]), np.append(0.0, to_e1[:-1])
        leaving = self._by_weights(a01 + a02, e1 - e0, w)
        by_01 = leaving + earlier0 * (e1 - e0)
        by_02, by_12 = leaving - earlier0 * e0, -earlier1 * e1
        by_at0 = np.cumsum(-_share(by_01 * a01 + by_02 * a02, at0))
        by_at1 = -_share(by_12 * a12, at1)
        after = by_at1.sum() - np.cumsum(by_at1)
        return np.array([by_at0, _share(by_01, at0) + after, _share(by_02, at0), -after, _share(by_12, at1)])

    def _by_weights(self, q: Array, gap: Array, w: Array) -> Array:
        """Return the derivatives by the hazard of leaving the first state, through the weights."""
        total = float(w.sum())
        c = (gap - float(gap @ w) / total) / total
        inside = np.cumprod(1 - q)
        later = float(c @ w) - np.cumsum(c * w)
        return np.asarray(c * np.append(1.0, inside[:-1]) - _share(later, 1 - q))

    def estimate(self, counts: Array) -> Array:
        """Return the extra days of each set of counts."""
        e0, e1, weights = self.remaining(counts)
        return np.asarray(((e1 - e0) * weights).sum(axis=1) / weights.sum(axis=1))


def _before(values: Array, start: float = 0.0) -> Array:
    return np.concatenate([np.full((len(values), 1), start), values[:, :-1]], axis=1)


def _share(events: Array, at_risk: Array) -> Array:
    return np.where(at_risk > 0, events / np.maximum(at_risk, 1e-300), 0.0)
