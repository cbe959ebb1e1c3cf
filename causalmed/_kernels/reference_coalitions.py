"""The slow twin of :mod:`causalmed._kernels.coalitions`: every coalition walks every tree by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["margins"]

Whole = NDArray[np.int32]
Bits = NDArray[np.uint32]
Matrix = NDArray[np.float64]


def margins(
    roots: Whole, child: Whole, view: Whole, cut: Matrix, value: Matrix, first: Whole, inside: Bits,
    outside: Bits, seen: Matrix, players: int,
) -> Matrix:  # fmt: skip
    """Return the sum of the trees, shape (draws, 2^players): see the kernel."""
    out = np.zeros((len(seen), 1 << players))
    for coalition in range(1 << players):
        shown = [
            _shown(coalition, range(first[v], first[v + 1]), inside, outside) for v in range(len(first) - 1)
        ]
        for draw, line in enumerate(seen):
            for root in roots:
                node = root
                while child[node] != node:
                    node = child[node] + int(line[shown[view[node]]] > cut[node])
                out[draw, coalition] += value[node]
    return out


def _shown(coalition: int, values: range, inside: Bits, outside: Bits) -> int:
    """Return which value of a view this coalition sees: the one whose cube holds it."""
    return next(k for k in values if not int(inside[k]) & ~coalition and not int(outside[k]) & coalition)
