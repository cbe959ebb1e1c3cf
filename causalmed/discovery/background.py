"""What is known before the data: tiers in time, arrows that must or must not be there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import ColumnNotFound, InvalidArgument

__all__ = ["Background", "background"]

Pairs = Iterable[tuple[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Background:
    """What is known, by the numbers of the nodes.

    Parameters
    ----------
    rank : ndarray of int, shape (p,)
        Tier of each node, the earliest first; -1 where none was stated.
    barred : ndarray of bool, shape (p, p)
        Entry (i, j): i does not cause j.
    required : ndarray of bool, shape (p, p)
        Entry (i, j): i causes j.
    outside : ndarray of bool, shape (p,)
        Whether a node stands outside the system: nothing in it causes the node, and no hidden cause joins the
        two.

    Examples
    --------
    >>> known = background(("age", "ssi"), tiers={"before": ["age"], "after": ["ssi"]})
    >>> known.barred.tolist()
    [[False, False], [True, False]]
    """

    rank: NDArray[np.intp]
    barred: NDArray[np.bool_]
    required: NDArray[np.bool_]
    outside: NDArray[np.bool_]

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.rank)

    @property
    def kept(self) -> NDArray[np.bool_]:
        """Pairs that stay joined whatever the data say, symmetric."""
        return np.asarray(self.required | self.required.T)

    @property
    def apart(self) -> NDArray[np.bool_]:
        """Pairs of which neither causes the other, symmetric."""
        return np.asarray(self.barred & self.barred.T)

    def usable(self, x: int, y: int, nodes: Sequence[int]) -> list[int]:
        """Return the nodes that may separate two others: those not recorded after both.

        A pair that can be separated is separated by ancestors of the two, and these come no later.
        """
        latest = max(self.rank[x], self.rank[y])
        if min(self.rank[x], self.rank[y]) < 0:
            return list(nodes)
        return [s for s in nodes if self.rank[s] <= latest]


def background(
    names: Sequence[str],
    *,
    tiers: Mapping[str, Sequence[str]] | None = None,
    required: Pairs = (),
    forbidden: Pairs = (),
    environment: Sequence[str] = (),
) -> Background:
    """Put into numbers what is known.

    Parameters
    ----------
    names : sequence of str
        The nodes.
    tiers : mapping of str to sequence of str, optional
        Periods, earliest first; nothing causes what was recorded before it.
    required, forbidden : iterable of (str, str)
        Pairs (cause, effect).
    environment : sequence of str
        Nodes that say where or when a patient was treated: before every tier, and outside the system.

    Raises
    ------
    InvalidArgument
        Not pairs of two nodes, or what is known contradicts itself.
    ColumnNotFound
        A name is none of the nodes.
    """
    absent = [name for name in environment if name not in names]
    if absent:
        raise ColumnNotFound.among(absent, names, where="environment=")
    rank, outside = np.full(len(names), -1, dtype=np.intp), np.isin(names, list(environment))
    for place, columns in enumerate((tiers or {}).values(), 1):
        for name in columns:
            if name in names:
                rank[list(names).index(name)] = place
    if tiers:
        rank[outside] = 0
    known = (rank >= 0)[:, None] & (rank >= 0)[None, :]
    later = known & (rank[:, None] > rank[None, :])
    must = _table(names, required, "required")
    barred = later | _table(names, forbidden, "forbidden") | must.T
    barred[:, outside] = True
    np.fill_diagonal(barred, False)
    answer = Background(rank=rank, barred=barred, required=must, outside=outside)
    _check(names, answer)
    return answer


def _table(names: Sequence[str], pairs: Pairs, argument: str) -> NDArray[np.bool_]:
    listed = list(pairs) if isinstance(pairs, Iterable) and not isinstance(pairs, str) else [pairs]
    table = np.zeros((len(names), len(names)), dtype=bool)
    for pair in listed:
        if isinstance(pair, str) or not isinstance(pair, Sequence) or len(pair) != 2 or pair[0] == pair[1]:
            raise InvalidArgument(
                f"{argument}={pairs!r} must list pairs (cause, effect), such as {argument}=[('age', 'ssi')]."
            )
        absent = [str(name) for name in pair if name not in names]
        if absent:
            raise ColumnNotFound.among(absent, names, where=f"{argument}=")
        table[list(names).index(pair[0]), list(names).index(pair[1])] = True
    return table


def _check(names: Sequence[str], known: Background) -> None:
    clash = np.argwhere(known.required & known.barred)
    if len(clash):
        i, j = clash[0].tolist()
        raise InvalidArgument(
            f"{names[i]!r} -> {names[j]!r} is required, and also forbidden, against the tiers, or required "
            "the other way round. Drop one of the two."
        )
    reach = known.required.copy()
    for k in range(known.size):
        reach |= reach[:, [k]] & reach[[k], :]
    if reach.diagonal().any():
        names_of = [names[i] for i in np.flatnonzero(reach.diagonal()).tolist()]
        raise InvalidArgument(f"The required arrows lead round through {names_of}. Drop one of them.")
