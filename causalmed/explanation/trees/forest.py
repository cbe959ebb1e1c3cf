"""A sum of trees as flat arrays, evaluated by a kernel."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.explanation.trees.links import LINKS, Link
from causalmed.explanation.trees.views import View

__all__ = ["Forest", "Grown"]

Matrix = NDArray[np.float64]
Whole = NDArray[np.intc]
CHUNK: Final = 1 << 14  # rows between two looks at the keyboard


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """The nodes of one tree, as its library numbers them; the root is node 0.

    Parameters
    ----------
    left, right : ndarray of int, shape (nodes,)
        The sons of each node; -1 at a leaf.
    view : ndarray of int, shape (nodes,)
        Which view a split compares.
    cut : ndarray, shape (nodes,)
        Left where the view is at most the cut.
    value : ndarray, shape (nodes,)
        What each leaf adds.
    cover : ndarray, shape (nodes,)
        Patients (or weight) of the learning data at each node.
    """

    left: NDArray[np.int64]
    right: NDArray[np.int64]
    view: NDArray[np.int64]
    cut: Matrix
    value: Matrix
    cover: Matrix


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Forest:
    """A sum of trees, and what makes a risk of the sum.

    Parameters
    ----------
    columns : int
        Columns of a row.
    views : tuple of View
        How the splits read them.
    start : float
        What the leaves are added to.
    roots : ndarray of int, shape (trees,)
        First node of each tree.
    child, view : ndarray of int, shape (nodes,)
        Left son (the right one comes next; a leaf is its own) and the view that is compared.
    cut, value, cover : ndarray, shape (nodes,)
        Left where the view is at most the cut; what the leaf adds; learning data at the node.
    link : Link
        From the sum to what the model says.

    Examples
    --------
    >>> stump = Grown(left=np.array([1, -1, -1]), right=np.array([2, -1, -1]), view=np.array([0, 0, 0]),
    ...               cut=np.array([60.0, 0, 0]), value=np.array([0, 0.1, 0.3]), cover=np.array([9.0, 6, 3]))
    >>> forest = Forest.planted([stump], views=[View(column=0)], columns=1)
    >>> forest(np.array([[60.0], [61.0]])).tolist()
    [0.1, 0.3]
    """

    columns: int
    views: tuple[View, ...]
    start: float
    roots: Whole
    child: Whole
    view: Whole
    cut: Matrix
    value: Matrix
    cover: Matrix
    link: Link = field(default_factory=lambda: LINKS["identity"])

    def __post_init__(self) -> None:
        for name in ("roots", "child", "view", "cut", "value", "cover"):
            getattr(self, name).setflags(write=False)

    @classmethod
    def planted(
        cls,
        trees: Sequence[Grown],
        *,
        views: Sequence[View],
        columns: int,
        start: float = 0.0,
        link: Link | None = None,
    ) -> Self:
        """Number the nodes of all trees so that brothers are neighbours and each tree is in one piece."""
        counts = [len(tree.left) for tree in trees]
        firsts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        left, right = (
            np.concatenate(
                [
                    np.where(sons >= 0, sons + first, -1)
                    for sons, first in zip((getattr(t, side) for t in trees), firsts[:-1], strict=True)
                ]
                or [np.zeros(0, dtype=np.int64)]
            )
            for side in ("left", "right")
        )
        old, roots = _breadth_first(firsts[:-1], left, right)
        place = np.empty(len(old), dtype=np.int64)
        place[old] = np.arange(len(old))
        split = left[old] >= 0
        child = np.arange(len(old))
        child[split] = place[left[old][split]]
        gathered = {
            name: np.concatenate([np.asarray(getattr(tree, name)) for tree in trees] or [np.zeros(0)])[old]
            for name in ("view", "cut", "value", "cover")
        }
        return cls(
            columns=columns,
            views=tuple(views),
            start=float(start),
            roots=roots.astype(np.intc),
            child=child.astype(np.intc),
            view=np.where(split, gathered["view"], 0).astype(np.intc),
            cut=np.where(split, gathered["cut"], np.inf).astype(np.float64),
            value=gathered["value"].astype(np.float64),
            cover=gathered["cover"].astype(np.float64),
            link=LINKS["identity"] if link is None else link,
        )

    def __len__(self) -> int:
        return len(self.roots)

    def __repr__(self) -> str:
        return f"Forest({len(self)} trees, {len(self.child):,} nodes, {self.columns} columns)"

    def seen(self, rows: Matrix) -> Matrix:
        """Return what the splits compare, shape (views, rows), one view a line."""
        rows = np.asarray(rows, dtype=np.float64)
        if rows.ndim != 2 or rows.shape[1] != self.columns:
            raise InvalidArgument(
                f"Rows of shape {rows.shape} do not fit trees of {self.columns} columns: one line a patient."
            )
        out = np.empty((len(self.views), len(rows)))
        for line, view in zip(out, self.views, strict=True):
            line[:] = view.of(rows)
        return out

    def __call__(self, rows: Matrix) -> Matrix:
        """Return the sum of the trees for every row, shape (rows,)."""
        from causalmed._kernels import treewalk

        rows = np.asarray(rows, dtype=np.float64)
        out = np.full(len(rows), self.start)
        for first in range(0, len(rows), CHUNK):
            part = slice(first, first + CHUNK)
            treewalk.walk(
                self.roots, self.child, self.view, self.cut, self.value, self.seen(rows[part]), out[part]
            )
        return out

    def risk(self, rows: Matrix) -> Matrix:
        """Return what the model says of every row, shape (rows,): the link of the sum."""
        return self.link(self(rows))

    def part(self, first: int, last: int) -> Forest:
        """Return the trees from ``first`` to before ``last``, which start from 0."""
        low = int(self.roots[first]) if first < len(self) else len(self.child)
        high = int(self.roots[last]) if last < len(self) else len(self.child)
        nodes = slice(low, high)
        return replace(
            self,
            start=0.0,
            roots=self.roots[first:last] - np.intc(low),
            child=self.child[nodes] - np.intc(low),
            view=self.view[nodes],
            cut=self.cut[nodes],
            value=self.value[nodes],
            cover=self.cover[nodes],
        )


def _breadth_first(
    roots: NDArray[np.int64], left: NDArray[np.int64], right: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the nodes, tree by tree, level by level and brothers together, and where each tree begins."""
    nodes, trees = roots, np.arange(len(roots))
    found, owner = [nodes], [trees]
    while len(nodes):
        split = left[nodes] >= 0
        nodes, trees = (
            np.column_stack([left[nodes[split]], right[nodes[split]]]).ravel(),
            trees[split].repeat(2),
        )
        found.append(nodes)
        owner.append(trees)
    of = np.concatenate(owner)
    order = np.argsort(of, kind="stable")
    return np.concatenate(found)[order], np.searchsorted(of[order], np.arange(len(roots)))
