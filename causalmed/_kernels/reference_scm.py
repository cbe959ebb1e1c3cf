"""Slow NumPy twin of the kernel ``scm``: the same steps, a whole column at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax

__all__ = ["TILE", "run", "uniforms"]

Array = NDArray[np.float64]
Whole = NDArray[np.int32]
TILE: Final = 256
"""Rows that are drawn together."""

_LOW: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)


def uniforms(key: NDArray[np.uint32], tiles: NDArray[np.uint64]) -> tuple[Array, Array]:
    r"""Return uniform numbers of the first and of the second half of each tile, each (tiles, TILE / 2).

    Philox 4x32-7 of the counter (lane, tile, tile >> 32, 0); two 32-bit words make
    :math:`(2 k + 1) 2^{-53}` with k of 52 bits.

    Parameters
    ----------
    key : ndarray of uint32, shape (2,)
        Of the stream.
    tiles : ndarray of uint64
        Numbers of the tiles.

    References
    ----------
    Salmon JK, Moraes MA, Dror RO, Shaw DE (2011). Parallel random numbers: as easy as 1, 2, 3. SC '11.

    Examples
    --------
    >>> first, second = uniforms(np.zeros(2, dtype=np.uint32), np.zeros(1, dtype=np.uint64))
    >>> hex(int(first[0, 0] * 2**52) >> 20), hex(int(second[0, 0] * 2**52) >> 20)
    ('0x5f6fb709', '0x4f121f81')
    """
    lanes = np.arange(TILE // 2, dtype=np.uint64)
    shape = (len(tiles), len(lanes))
    a = np.broadcast_to(lanes, shape).copy()
    b, c = (np.broadcast_to(word[:, np.newaxis], shape).copy() for word in (tiles & _LOW, tiles >> _HALF))
    d = np.zeros(shape, dtype=np.uint64)
    k0, k1 = (int(word) for word in key)
    for _ in range(7):
        p, q = a * np.uint64(0xD2511F53), c * np.uint64(0xCD9E8D57)
        a, b = (q >> _HALF) ^ b ^ np.uint64(k0), q & _LOW
        c, d = (p >> _HALF) ^ d ^ np.uint64(k1), p & _LOW
        k0, k1 = (k0 + 0x9E3779B9) % 2**32, (k1 + 0xBB67AE85) % 2**32
    words = [(high << np.uint64(20)) | (low >> np.uint64(12)) for high, low in ((a, b), (c, d))]
    one, two = (word.astype(np.float64) * 2.0**-52 + 2.0**-53 for word in words)
    return one, two


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Machine:
    predictors: Whole
    pieces: Whole
    factors: Whole
    numbers: Array
    forest: Whole
    keys: NDArray[np.uint32]
    tiles: NDArray[np.uint64]
    rows: int
    at: dict[int, Array]

    def eta(self, predictor: int) -> Array:
        begin, end, intercept = self.predictors[predictor]
        total = np.full(self.rows, self.numbers[intercept])
        for is_table, first, count, number in self.pieces[begin:end]:
            if is_table:
                column = self.at[int(self.factors[first, 0])]
                code = np.clip(column, 0, count - 1).astype(np.intp)
                total = total + np.where(code == column, self.numbers[number + code], 0.0)
                continue
            term = self.numbers[number]
            for slot, power, code in self.factors[first : first + count]:
                x = self.at[int(slot)]
                term = term * (x == self.numbers[code] if power == 0 else x ** int(power))
            total = total + term
        return total

    def edges(self, step: list[int], *, categorical: bool) -> Array:
        """P(X ≤ codes[k]) but the last, shape (count, rows)."""
        _, _, _, _, first, count, number, _ = step
        if not categorical:
            return np.asarray(expit(self.numbers[number : number + count, np.newaxis] - self.eta(first)))
        etas = [np.zeros(self.rows), *(self.eta(first + k) for k in range(count))]
        return np.asarray(np.cumsum(softmax(np.array(etas), axis=0), axis=0)[:-1])

    def codes(self, step: list[int], *, categorical: bool) -> Array:
        start = step[6] + (0 if categorical else step[5])
        return self.numbers[start : start + step[5] + 1]


def _uniform(m: _Machine, s: list[int]) -> Array:
    return np.hstack(uniforms(m.keys[s[2]], m.tiles)).ravel()[: m.rows]


def _normal(m: _Machine, s: list[int]) -> Array:
    u, v = uniforms(m.keys[s[2]], m.tiles)
    radius, angle = np.sqrt(-2 * np.log(u)), 2 * np.pi * v
    return np.asarray(np.hstack([radius * np.cos(angle), radius * np.sin(angle)]).ravel()[: m.rows])


def _gauss(m: _Machine, s: list[int]) -> Array:
    if s[7] & 2:
        return np.asarray(m.eta(s[4]) + np.exp(m.eta(s[4] + 1)) * m.at[s[2]])
    linear = m.eta(s[4]) + m.numbers[s[6]] * m.at[s[2]]
    return np.asarray(np.exp(linear) if s[7] else linear)


def _logistic(m: _Machine, s: list[int]) -> Array:
    return np.asarray(m.at[s[2]] >= expit(-m.eta(s[4])), dtype=np.float64)


def _levels(m: _Machine, s: list[int]) -> Array:
    categorical = s[0] == 5
    place = np.sum(m.at[s[2]] >= m.edges(s, categorical=categorical), axis=0)
    return np.asarray(m.codes(s, categorical=categorical)[place], dtype=np.float64)


def _empirical(m: _Machine, s: list[int]) -> Array:
    start, count = s[6], s[5]
    place = np.searchsorted(m.numbers[start : start + count - 1], m.at[s[2]], side="right")
    return m.numbers[start + count - 1 + place]


def _moved(m: _Machine, s: list[int]) -> Array:
    shift = m.eta(s[4]) - m.eta(s[4] + 1)
    return np.asarray(m.at[s[3]] * np.exp(shift) if s[7] else m.at[s[3]] + shift)


def _posterior(m: _Machine, s: list[int]) -> Array:
    edges = m.edges(s, categorical=bool(s[7]))
    bounds = np.vstack([np.zeros(m.rows), edges, np.ones(m.rows)])
    place = np.searchsorted(m.codes(s, categorical=bool(s[7])), m.at[s[3]])
    low, high = bounds[place, np.arange(m.rows)], bounds[place + 1, np.arange(m.rows)]
    return np.asarray(low + (high - low) * m.at[s[2]])


def _flipped(m: _Machine, s: list[int]) -> Array:
    after, before = m.eta(s[4]), m.eta(s[4] + 1)
    p, u, seen = expit(-before), m.at[s[2]], m.at[s[3]]
    noise = np.where(seen > 0, p + (1 - p) * u, p * u)
    return np.where(after == before, seen, noise >= expit(-after))


def _kept(m: _Machine, s: list[int]) -> Array:
    same = np.ones(m.rows, dtype=bool)
    for before, after, _ in m.factors[s[4] : s[4] + s[5]]:
        same &= m.at[int(before)] == m.at[int(after)]
    return np.where(same, m.at[s[3]], m.at[s[1]])


def _risk(m: _Machine, s: list[int]) -> Array:
    return np.asarray(expit(m.eta(s[4])))


def _line(m: _Machine, s: list[int]) -> Array:
    eta = m.eta(s[4])
    return np.asarray(np.exp(eta + m.numbers[s[6]] ** 2 / 2) if s[7] else eta)


def _trees(m: _Machine, s: list[int]) -> Array:
    depth, trees = (int(value) for value in m.forest[s[7] : s[7] + 2])
    counts = m.forest[s[7] + 2 : s[7] + 2 + s[5]]
    at, number = s[7] + 2 + s[5], s[6] + 1
    ends = number + np.cumsum(counts)
    cuts = [m.numbers[end - count : end] for count, end in zip(counts, ends, strict=True)]
    bins = [
        np.searchsorted(cut, m.at[int(slot)], side="left")
        for cut, (slot, _, _) in zip(cuts, m.factors[s[4] : s[4] + s[5]], strict=True)
    ]
    leaves, splits = number + int(counts.sum()), 2**depth - 1
    total = np.full(m.rows, m.numbers[s[6]])
    for tree in range(trees):
        nodes = m.forest[at + tree * splits : at + (tree + 1) * splits]
        place = np.zeros(m.rows, dtype=np.intp)
        for _ in range(depth):
            feature, cut = nodes[place] // 256, nodes[place] % 256
            place = 2 * place + 1 + (np.choose(feature, bins) > cut)
        total = total + m.numbers[leaves + tree * (splits + 1) + place - splits]
    return total


def _quantiles(m: _Machine, s: list[int]) -> Array:
    count, first = s[5], s[6]
    p, (low, high, gap) = m.numbers[first : first + count], m.numbers[first + count : first + count + 3]
    grid = [m.numbers[first + count + 3 + k] for k in range(count)] if s[7] & 2 else [
        m.at[int(slot)] for slot, _, _ in m.factors[s[4] : s[4] + count]
    ]  # fmt: skip
    rows = [np.broadcast_to(column, m.rows) for column in grid]
    q = np.sort(np.array(rows), axis=0) + gap * np.arange(count)[:, np.newaxis]
    found = np.empty(m.rows)
    for row, v in enumerate(m.at[s[2]]):
        mine = q[:, row]
        wide = mine[-1] - mine[0]
        if s[7] & 1:
            below = p[0] * np.exp(min(0.0, (v - mine[0]) / (low * wide)))
            above = 1 - (1 - p[-1]) * np.exp(min(0.0, (mine[-1] - v) / (high * wide)))
            ask, answer = mine, p
        else:
            below = mine[0] + low * wide * np.log(max(v, 1e-240) / p[0])
            above = mine[-1] - high * wide * np.log(max(1 - v, 1e-17) / (1 - p[-1]))
            ask, answer = p, mine
        found[row] = below if v < ask[0] else above if v > ask[-1] else np.interp(v, ask, answer)
    return found


_OPS: Final[tuple[Callable[[_Machine, list[int]], Array], ...]] = (
    _uniform, _normal, _gauss, _logistic, _levels, _levels, _empirical, _moved, _posterior, _kept, _risk,
    _line, _flipped, _trees, _quantiles,
)  # fmt: skip


def run(
    steps: Whole,
    predictors: Whole,
    pieces: Whole,
    factors: Whole,
    numbers: Array,
    keys: NDArray[np.uint32],
    given: dict[int, Array],
    outputs: dict[int, NDArray[Any]],
    first: int,
    rows: int,
    slots: int,
    forest: Whole | None = None,
) -> None:
    """Run a program; see ``_ext/scm.pyx`` for its steps.

    Examples
    --------
    >>> out = np.empty(2)
    >>> none = [np.zeros((0, width), dtype=np.int32) for width in (3, 4, 3)]
    >>> steps, keys = np.zeros((1, 8), dtype=np.int32), np.zeros((1, 2), dtype=np.uint32)
    >>> run(steps, *none, np.zeros(1), keys, {}, {0: out}, 0, 2, 1)
    >>> out.round(3).tolist()
    [0.373, 0.595]
    """
    tiles = np.arange(first // TILE, (first + rows + TILE - 1) // TILE, dtype=np.uint64)
    table = {slot: np.zeros(rows) for slot in range(slots)}
    table |= {slot: np.broadcast_to(column, rows) for slot, column in given.items()}
    machine = _Machine(
        predictors=predictors, pieces=pieces, factors=factors, numbers=numbers, keys=keys, tiles=tiles,
        rows=rows, at=table, forest=np.zeros(1, dtype=np.int32) if forest is None else forest,
    )  # fmt: skip
    for step in steps.tolist():
        table[step[1]] = _OPS[step[0]](machine, step)
    for slot, array in outputs.items():
        array[:] = table[slot]
