"""Exact Shapley values of the sum of the trees, against a background or along the paths."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance
from causalmed.engine import Local
from causalmed.errors import InvalidArgument, NotConverged
from causalmed.explanation.trees.coding import Coded, Sight, coded, players_of
from causalmed.explanation.trees.forest import Forest

__all__ = ["against_blocks", "interventional", "path_dependent"]

Matrix = NDArray[np.float64]
TREES: Final = 64  # trees of a task
ROWS: Final = 1 << 14  # rows of a task
TOLERANCE: Final = 1e-6


def interventional(
    forest: Forest,
    rows: Matrix,
    *,
    background: Matrix,
    players: Sequence[int] | None = None,
    n_jobs: int = 1,
) -> Matrix:
    r"""Share out the sum of the trees against a background.

    Shapley values of :math:`v(S) = n^{-1} \sum_b m(x_S, b_{\bar S})`, exactly: each leaf counts the
    background rows by which players fail it, so the cost grows with rows plus background, not with their
    product.

    Parameters
    ----------
    forest : Forest
        From :func:`read_trees`.
    rows, background : ndarray, shape (rows, columns)
        Who is explained, and with whom they are compared; every background row counts the same.
    players : sequence of int, shape (columns,), optional
        Number of the player to whom each column belongs; by default each column plays for itself.
    n_jobs : int
        Threads. They change no bit of the result.

    Returns
    -------
    ndarray, shape (rows, players)
        In units of the sum: of the probability where trees are averaged, of the log odds where boosted. They
        lead from the mean over the background to :math:`m(x)`.

    Raises
    ------
    InvalidArgument
        No background, or rows that do not fit the trees.
    NotConverged
        The values of a row do not sum to its difference from the background within 1e-6 (of that, where it
        is above 1).

    Notes
    -----
    Patterns of failing players: after Zern, Broelemann and Kasneci (2023, AAAI 37:11164). Ways with more
    than 8 players are followed for every pair of a row and a background row (Lundberg et al. 2020, Nat Mach
    Intell 2:56), which is slower and as exact.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from causalmed.explanation.trees import read_trees
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> forest = read_trees(DecisionTreeRegressor(random_state=0).fit(X, [0.0, 0.0, 1.0, 3.0]))
    >>> interventional(forest, X[3:], background=X).round(6).tolist()
    [[1.25, 0.75]]
    """
    require_instance("forest", forest, Forest, how="read_trees(model)")
    rows, compared = np.asarray(rows, dtype=np.float64), np.asarray(background, dtype=np.float64)
    if not len(compared):
        raise InvalidArgument("background= has no rows, and an attribution is a difference from somebody.")
    return np.asarray(against_blocks(forest, rows, [compared], players, n_jobs=n_jobs)[0])


def against_blocks(
    forest: Forest,
    rows: Matrix,
    blocks: Sequence[Matrix],
    players: Sequence[int] | None = None,
    *,
    n_jobs: int = 1,
) -> NDArray[np.float64]:
    """Share out the sum of the trees against each of several backgrounds.

    Parameters
    ----------
    forest, rows, players, n_jobs
        As in :func:`interventional`.
    blocks : sequence of ndarray, shape (rows, columns)
        The backgrounds.

    Returns
    -------
    ndarray, shape (blocks, rows, players)
    """
    values = _gathered(forest, rows, players, [forest.seen(block) for block in blocks], n_jobs=n_jobs)
    sums = forest(rows)
    for shares, block in zip(values, blocks, strict=True):
        _check_sum(shares, sums - forest(block).mean(), forest)
    return values


def path_dependent(
    forest: Forest, rows: Matrix, *, players: Sequence[int] | None = None, n_jobs: int = 1
) -> tuple[Matrix, float]:
    r"""Share out the sum of the trees along their paths: who is compared with is in the trees, not stated.

    Outside the coalition a split sends a row both ways, in the shares of the learning data. It depends on how
    the trees happened to be grown and on no stated population, so nothing here uses it by default.

    Parameters
    ----------
    forest, rows, players, n_jobs
        As in :func:`interventional`.

    Returns
    -------
    values : ndarray, shape (rows, players)
        In units of the sum.
    start : float
        What they lead from: the mean of the trees over their learning data.

    Raises
    ------
    InvalidArgument
        Rows that do not fit, or a split through which no learning data went.
    NotConverged
        The values of a row do not sum to its difference from the start within 1e-6.

    Notes
    -----
    Lundberg et al. (2020), Nat Mach Intell 2:56. Polynomials are integrated by Gauss-Legendre nodes, which
    keeps its precision on long paths.

    Examples
    --------
    >>> from sklearn.tree import DecisionTreeRegressor
    >>> from causalmed.explanation.trees import read_trees
    >>> X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> forest = read_trees(DecisionTreeRegressor(random_state=0).fit(X, [0.0, 0.0, 1.0, 3.0]))
    >>> values, start = path_dependent(forest, X[3:])
    >>> values.round(6).tolist(), start
    ([[1.25, 0.75]], 1.0)
    """
    require_instance("forest", forest, Forest, how="read_trees(model)")
    split = forest.child != np.arange(len(forest.child))
    sons = np.concatenate([forest.child[split], forest.child[split] + 1])
    if not (forest.cover[sons] > 0).all():
        raise InvalidArgument(
            "No learning data went through some of the splits, so the trees do not say how to send a row "
            "both ways. Ask against a background: interventional(forest, rows, background=…)."
        )
    rows = np.asarray(rows, dtype=np.float64)
    values = _gathered(forest, rows, players, [None], n_jobs=n_jobs)[0]
    start = forest.start + _mean(forest)
    _check_sum(values, forest(rows) - start, forest)
    return values, start


def _gathered(
    forest: Forest,
    rows: Matrix,
    players: Sequence[int] | None,
    blocks: Sequence[Matrix | None],
    *,
    n_jobs: int,
) -> Matrix:
    """Add up the parts of the forest in their order, for one block and chunk of rows after the other."""
    player = players_of(forest, players)
    width = forest.columns if players is None else int(np.max(np.asarray(players))) + 1
    values = np.zeros((len(blocks), len(rows), width))
    for piece in coded(forest, player):
        parts = [piece.part(first, first + TREES) for first in range(0, len(piece.forest), TREES)]
        sights = [None if there is None else piece.sight(there) for there in blocks]
        for first in range(0, len(rows), ROWS):
            sight = piece.sight(forest.seen(rows[first : first + ROWS]))
            for total, compared in zip(values[:, first : first + ROWS], sights, strict=True):

                def task(part: Coded, sight: Sight = sight, compared: Sight | None = compared) -> Matrix:
                    return _shares(part, sight, compared, width)

                for out in Local(n_jobs=n_jobs).map(task, parts):
                    total += out.T
    return values


def _shares(part: Coded, sight: Sight, compared: Sight | None, width: int) -> Matrix:
    """Return what a part gives, shape (players, rows): by tables, and by pairs where ways are long."""
    from causalmed._kernels import treeshap

    forest = part.forest
    out = np.zeros((width, sight.seen.shape[1]))
    narrow, wide = forest.roots[part.narrow], forest.roots[~part.narrow]
    if len(narrow):
        treeshap.values(
            narrow, forest.child, forest.view, part.cut, forest.value, forest.cover, part.player,
            sight.places, None if compared is None else compared.places, out,
        )  # fmt: skip
    if len(wide) and compared is None:
        _long_ways(part, wide, sight.seen, out)
    elif len(wide) and compared is not None:
        _pairs(part, wide, sight.seen, compared.seen, out)
    return out


def _pairs(part: Coded, roots: NDArray[np.intc], seen: Matrix, there: Matrix, out: Matrix) -> None:
    from causalmed._kernels import treepairs

    forest, total = part.forest, np.zeros_like(out)
    treepairs.against(
        roots, forest.child, forest.view, forest.cut, forest.value, forest.cover, part.player,
        seen, there, _weights(part.widest), total,
    )  # fmt: skip
    out += total / there.shape[1]


def _long_ways(part: Coded, roots: NDArray[np.intc], seen: Matrix, out: Matrix) -> None:
    from causalmed._kernels import treepairs

    forest = part.forest
    nodes, weights = np.polynomial.legendre.leggauss((part.widest + 1) // 2)
    treepairs.along(
        roots, forest.child, forest.view, forest.cut, forest.value, forest.cover, part.player,
        seen, (nodes + 1) / 2, weights / 2, out,
    )  # fmt: skip


def _weights(most: int) -> Matrix:
    """Return (a - 1)! b! / (a + b)!, shape (most + 1, most + 1); the line of a = 0 is not used."""
    weights = np.zeros((most + 1, most + 1))
    for a in range(1, most + 1):
        weights[a, 0] = 1 / a
        for b in range(1, most + 1):
            weights[a, b] = weights[a, b - 1] * b / (a + b)
    return weights


def _mean(forest: Forest) -> float:
    """Return the sum of the trees' means over their learning data."""
    leaf = forest.child == np.arange(len(forest.child))
    return float(np.sum(forest.value[leaf] * _reached(forest)[leaf]))


def _reached(forest: Forest) -> Matrix:
    """Return the share of the learning data at each node."""
    reached = np.zeros(len(forest.child))
    nodes = forest.roots.astype(np.int64)
    reached[nodes] = 1.0
    while len(nodes):
        nodes = nodes[forest.child[nodes] != nodes]
        for son in (forest.child[nodes], forest.child[nodes] + 1):
            reached[son] = reached[nodes] * forest.cover[son] / forest.cover[nodes]
        nodes = np.concatenate([forest.child[nodes], forest.child[nodes] + 1])
    return reached


def _check_sum(values: Matrix, expected: Matrix, forest: Forest) -> None:
    gap = np.abs(values.sum(axis=1) - expected)
    worst = int(np.argmax(gap)) if len(gap) else 0
    if len(gap) and not gap[worst] <= TOLERANCE * max(1.0, abs(expected[worst])):
        raise NotConverged(
            f"The attributions of row {worst} sum to {values[worst].sum():.8f}, and the sum of the "
            f"{len(forest):,} trees ({forest.link.name} link) differs by {expected[worst]:.8f}. Such numbers "
            "explain something else. Check the row for values that are no numbers."
        )
