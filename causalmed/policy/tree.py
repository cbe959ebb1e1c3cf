"""A rule that fits on a card: a few yes-or-no questions, then expose or not."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument
from causalmed.policy.valuing import PolicyValue

__all__ = ["Leaf", "PolicyTree", "Split", "answers"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """An end of the tree: expose or not, and how many of those it was learned from come here."""

    expose: bool
    patients: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """A question: is the column above the cut?

    ``level`` names the level whose indicator is asked for; ``says`` holds both sides in words, lower first.
    """

    column: str
    level: str
    cut: float
    says: tuple[str, str]
    below: Split | Leaf
    above: Split | Leaf


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyTree:
    """The best tree of its depth among those it could choose, and its worth on patients it did not see.

    Parameters
    ----------
    root : Split or Leaf
        The tree.
    value : PolicyValue
        Outcome if the tree decided, among the patients kept apart.
    cost : float
        What one exposure was held to cost, in outcomes.
    learned_from : int
        Patients it was learned from.
    """

    root: Split | Leaf
    value: PolicyValue
    cost: float
    learned_from: int

    def expose(self, cohort: Cohort) -> NDArray[np.bool_]:
        """Return whom the tree exposes, shape (n,).

        Raises
        ------
        ColumnNotFound, InvalidArgument
            A column or a level of the tree is not in the cohort.
        """
        return answers(self.root, cohort)

    def rules(self) -> tuple[str, ...]:
        """Return a line an end: who comes there, and what is done."""
        return tuple(_lines(self.root, (), self.value.exposure))

    def summary(self) -> str:
        """Describe the tree and its worth in at most 80 columns."""
        lines = [piece for rule in self.rules() for piece in textwrap.wrap(rule, 80, subsequent_indent="  ")]
        return "\n".join([*lines, self.value.summary()])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "root": _plain(self.root),
            "value": self.value.to_dict(),
            "cost": self.cost,
            "learned_from": self.learned_from,
        }

    def __str__(self) -> str:
        return self.summary()


def answers(node: Split | Leaf, cohort: Cohort) -> NDArray[np.bool_]:
    """Return whom a tree exposes."""
    if isinstance(node, Leaf):
        return np.full(cohort.n, node.expose)
    column = cohort.column(node.column)
    values = np.asarray(column.values, dtype=np.float64)
    if node.level:
        if node.level not in column.levels:
            raise InvalidArgument(f"{node.column!r} has no level {node.level!r} in this cohort.")
        values = (values == column.levels.index(node.level)).astype(float)
    return np.where(values > node.cut, answers(node.above, cohort), answers(node.below, cohort))


def _lines(node: Split | Leaf, path: tuple[str, ...], exposure: str) -> list[str]:
    if isinstance(node, Leaf):
        who = " and ".join(path) or "everybody"
        return [f"{who}: {exposure if node.expose else f'no {exposure}'} ({node.patients:,} patients)"]
    low, high = node.says
    return [*_lines(node.below, (*path, low), exposure), *_lines(node.above, (*path, high), exposure)]


def _plain(node: Split | Leaf) -> dict[str, Any]:
    if isinstance(node, Leaf):
        return {"expose": node.expose, "patients": node.patients}
    return {
        "column": node.column,
        "level": node.level,
        "cut": node.cut,
        "below": _plain(node.below),
        "above": _plain(node.above),
    }
