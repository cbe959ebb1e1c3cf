r"""The exact search for the best shallow tree.

Of all trees of the given depth over the given cuts, the one with the least

.. math:: \sum_i \pi(X_i) \{\hat\Gamma_i(1) - \hat\Gamma_i(0) + c\}

(Zhou Z, Athey S, Wager S 2023. Offline multi-action policy learning. *Operations Research* 71:148-183). For a
tree of depth two the sums of all pairs of columns are tabulated once, so that the search costs one pass over
the patients for each pair and not for each tree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_seed
from causalmed.cohort import Cohort
from causalmed.engine import fold_of
from causalmed.errors import InvalidArgument, NotEnoughEvents
from causalmed.policy.features import RuleColumn, rule_columns
from causalmed.policy.scores import keys_of, scores_of
from causalmed.policy.tree import Leaf, PolicyTree, Split, answers
from causalmed.policy.valuing import value_of
from causalmed.results import Effect

__all__ = ["policy_tree"]

Array = NDArray[np.float64]
_CUTS: Final = 31
_LEAST: Final = 100
_APART: Final = 3
_SAME: Final = 1e-12

_Found: TypeAlias = "tuple[float, Split | Leaf]"


def policy_tree(
    effect: Effect,
    cohort: Cohort,
    *,
    features: Sequence[str],
    depth: int = 2,
    cost: float = 0.0,
    level: float = 0.95,
    seed: int = 0,
) -> PolicyTree:
    r"""Learn who should be exposed as a tree of one or two questions.

    The tree is the best of its depth on two thirds of the patients (or clusters), chosen by a hash; its worth
    is estimated on the other third, which it never saw. What is printed is what was valued.

    Parameters
    ----------
    effect : Effect
        Of AIPW or TMLE on a harmful outcome; see :func:`scores_of`.
    cohort : Cohort
        The same patients.
    features : sequence of str
        Columns that the tree may read; all known before the exposure.
    depth : {1, 2}
        Questions from the root to an end.
    cost : float
        What one exposure costs, in outcomes: 0.01 if a hundred exposures are as bad as one infection.
    level : float
        Confidence level of the worth.
    seed : int
        Decides who is kept apart.

    Returns
    -------
    PolicyTree

    Raises
    ------
    InvalidArgument
        Another depth; a cost that is no number; features that are not known in time.
    NotEnoughEvents
        Fewer than 100 patients to learn from or to value on.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed import AIPW, Estimand, estimate
    >>> rng = np.random.default_rng(1)
    >>> table = pd.DataFrame({"old": rng.random(6000) < 0.4, "oxygen": rng.random(6000) < 0.5})
    >>> table["ssi"] = rng.random(6000) < 0.2 - 0.12 * table["old"] * table["oxygen"]
    >>> cohort = Cohort.from_frame(table)
    >>> question = Estimand.given(exposure="oxygen", outcome="ssi", adjustment_set=["old"])
    >>> effect = estimate(question, cohort, AIPW())
    >>> print(*policy_tree(effect, cohort, features=["old"], depth=1, cost=0.05).rules(), sep="\n")
    no old: no oxygen (2,398 patients)
    old: oxygen (1,549 patients)
    """
    require_seed(seed)
    if depth not in (1, 2) or isinstance(depth, bool):
        raise InvalidArgument(f"depth={depth!r} must be 1 or 2: a rule with more questions fits on no card.")
    if isinstance(cost, bool) or not isinstance(cost, int | float) or not math.isfinite(cost):
        raise InvalidArgument(f"cost={cost!r} must be a number of outcomes, such as 0.01.")
    scores = scores_of(effect, cohort)
    columns = rule_columns(scores, cohort, features)
    apart = fold_of(keys_of(cohort), folds=_APART, seed=seed) == 0
    if min(int(apart.sum()), int((~apart).sum())) < _LEAST:
        raise NotEnoughEvents(
            f"{cohort.n:,} patients are too few to learn a rule from two thirds and value it on the rest: "
            f"each part needs {_LEAST}."
        )
    weight = scores.difference[~apart] + cost
    root = _best([_binned(column, ~apart) for column in columns], weight, depth)
    value = value_of(scores, answers(root, cohort), "the tree says so", level=level, on=apart)
    return PolicyTree(root=root, value=value, cost=float(cost), learned_from=len(weight))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Binned:
    """A column with the number of the interval between cuts of each patient."""

    column: RuleColumn
    cuts: Array
    bins: NDArray[np.intp]


def _binned(column: RuleColumn, rows: NDArray[np.bool_]) -> _Binned:
    learned = RuleColumn(
        name=column.name, level=column.level, values=column.values[rows], levels=column.levels
    )
    cuts = learned.cuts(_CUTS)
    return _Binned(column=learned, cuts=cuts, bins=np.searchsorted(cuts, learned.values, side="left"))


def _best(columns: list[_Binned], weight: Array, depth: int) -> Split | Leaf:
    """Return the best tree; of equals the shallower, then the one of the column named first."""
    everyone = np.ones(len(weight), dtype=bool)
    best: _Found = (min(0.0, float(weight.sum())), _leaf(float(weight.sum()), len(weight)))
    for column in columns:
        best = _better(best, _one_question(column, weight, everyone))
    return (_pairs(columns, weight, best) if depth == 2 else best)[1]


def _better(best: _Found, other: _Found) -> _Found:
    return other if other[0] < best[0] - _SAME else best


def _pairs(columns: list[_Binned], weight: Array, best: _Found) -> _Found:
    """Search all trees of two questions by tables of sums over pairs of columns."""
    for first in columns:
        # (columns, 2 sides, cuts of the first): the least sum after the best second question
        worth = np.array([_after(first, second, weight) for second in columns])
        second = worth.argmin(axis=0)
        total = worth.min(axis=0).sum(axis=0)
        for at in np.flatnonzero(total < best[0] - _SAME):
            if total[at] < best[0] - _SAME:
                low = first.bins <= at
                ends = [
                    _one_question(columns[second[side, at]], weight, rows)[1]
                    for side, rows in enumerate((low, ~low))
                ]
                best = (float(total[at]), _split(first.column, float(first.cuts[at]), *ends))
    return best


def _after(first: _Binned, second: _Binned, weight: Array) -> Array:
    """Return the least sums below and above each cut of the first column, shape (2, cuts)."""
    wide, narrow = len(first.cuts) + 1, len(second.cuts) + 1
    cells = np.bincount(first.bins * narrow + second.bins, weights=weight, minlength=wide * narrow)
    table: Array = cells.reshape(wide, narrow).astype(np.float64)
    below = np.cumsum(table, axis=0)[:-1]
    return np.array([_least(below), _least(table.sum(axis=0) - below)])


def _least(sums: Array) -> Array:
    """Return, for each row of sums by bins, the least worth of one question on it."""
    running = np.cumsum(sums, axis=1)
    total = running[:, -1:]
    parts = np.minimum(running[:, :-1], 0) + np.minimum(total - running[:, :-1], 0)
    return np.asarray(np.minimum(np.min(parts, axis=1, initial=0.0), np.minimum(total[:, 0], 0)))


def _one_question(column: _Binned, weight: Array, rows: NDArray[np.bool_]) -> _Found:
    """Return the best question of one column on some of the patients, or none where none helps."""
    here, bins = weight[rows], column.bins[rows]
    best: _Found = (min(0.0, float(here.sum())), _leaf(float(here.sum()), len(here)))
    sums = np.cumsum(np.bincount(bins, weights=here, minlength=len(column.cuts) + 1))
    for at, cut in enumerate(column.cuts):
        low, high = float(sums[at]), float(sums[-1] - sums[at])
        few = int((bins <= at).sum())
        split = _split(column.column, float(cut), _leaf(low, few), _leaf(high, len(here) - few))
        best = _better(best, (min(low, 0.0) + min(high, 0.0), split))
    return best


def _leaf(total: float, patients: int) -> Leaf:
    return Leaf(expose=total < 0, patients=patients)


def _split(column: RuleColumn, cut: float, below: Split | Leaf, above: Split | Leaf) -> Split:
    says = (column.words(cut, above=False), column.words(cut, above=True))
    return Split(column=column.name, level=column.level, cut=cut, says=says, below=below, above=above)
