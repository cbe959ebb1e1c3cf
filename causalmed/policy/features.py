"""Columns that a rule may read, as numbers with words for each cut."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_names
from causalmed.cohort import Cohort, Column
from causalmed.errors import InvalidArgument
from causalmed.policy.scores import Scores
from causalmed.results.words import number

__all__ = ["Known", "RuleColumn", "rule_columns"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """The columns of a cohort that are known when a rule must decide: all but outcome and exposure.

    Parameters
    ----------
    cohort : Cohort
        The patients.
    later : tuple of str
        Columns that are not known yet.
    """

    cohort: Cohort
    later: tuple[str, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """Columns there are."""
        return self.cohort.names

    def column(self, name: str) -> Column:
        """Return a column; refuse what is not known yet."""
        if name in self.later:
            raise InvalidArgument(
                f"The rule reads {name!r}, which is not known when it must decide. Use columns from before."
            )
        return self.cohort.column(name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RuleColumn:
    """A column as a rule reads it: numbers that are compared with cuts.

    Parameters
    ----------
    name : str
        The column of the cohort.
    level : str
        Level whose indicator this is; empty for numbers.
    values : ndarray, shape (n,)
        Numbers, codes in order, or 0 and 1.
    levels : tuple of str
        Levels of an ordinal column, by code.
    """

    name: str
    level: str
    values: NDArray[np.float64]
    levels: tuple[str, ...]

    def cuts(self, most: int) -> NDArray[np.float64]:
        """Return at most so many cuts between the values, at about equal numbers of patients."""
        seen = np.unique(self.values)
        if len(seen) > most + 1:
            at = np.linspace(0, 1, most + 2)[1:-1]
            seen = np.unique([*np.quantile(self.values, at, method="lower"), seen[-1]])
        return np.asarray((seen[:-1] + seen[1:]) / 2 if len(seen) <= most + 1 else seen[:-1])

    def words(self, cut: float, *, above: bool) -> str:
        """Return a side of a cut in words."""
        if self.level:
            return f"{self.name} is {self.level}" if above else f"{self.name} is not {self.level}"
        if self.levels:
            there = [label for code, label in enumerate(self.levels) if (code > cut) == above]
            return f"{self.name} is {' or '.join(there)}"
        if set(np.unique(self.values).tolist()) <= {0.0, 1.0}:
            return self.name if above else f"no {self.name}"
        return f"{self.name} above {number(cut, 4)}" if above else f"{self.name} at most {number(cut, 4)}"


def rule_columns(scores: Scores, cohort: Cohort, features: Sequence[str]) -> tuple[RuleColumn, ...]:
    """Return the columns that a rule may read.

    Raises
    ------
    InvalidArgument
        No feature; the outcome or the exposure among them; a column without an order or levels.
    """
    names = require_names("features", features)
    if not names:
        raise InvalidArgument("features= must name at least one column that the rule may read.")
    known = Known(cohort=cohort, later=(scores.effect.outcome, scores.effect.exposure))
    return tuple(one for name in dict.fromkeys(names) for one in _of(known.column(name)))


def _of(column: Column) -> tuple[RuleColumn, ...]:
    values = np.asarray(column.values, dtype=np.float64)
    if column.kind in ("binary", "continuous", "count"):
        return (RuleColumn(name=column.name, level="", values=values, levels=()),)
    if column.kind == "ordinal":
        return (RuleColumn(name=column.name, level="", values=values, levels=tuple(column.levels)),)
    if column.kind == "categorical":
        return tuple(
            RuleColumn(name=column.name, level=label, values=(values == code).astype(float), levels=())
            for code, label in enumerate(column.levels)
        )
    raise InvalidArgument(f"{column.name!r} is a column of kind {column.kind!r}; a rule cannot read it.")
