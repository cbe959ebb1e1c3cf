"""What can go wrong, in words a clinician understands.

Every message says *what* happened, *where*, *why* it matters and *what to do*; it names the
columns. All errors derive from :class:`CausalmedError`, all warnings from
:class:`CausalmedWarning`, so a caller can catch the whole library with one name.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence

__all__ = [
    "ApproximationWarning",
    "CausalmedError",
    "CausalmedWarning",
    "ColumnNotFound",
    "CyclicGraph",
    "DataError",
    "GraphError",
    "GraphSyntax",
    "ImmortalTime",
    "InvalidArgument",
    "MissingValues",
    "NotConverged",
    "NotEnoughEvents",
    "NotIdentified",
    "NotInvertible",
    "NotSavable",
    "PositivityViolation",
    "PositivityWarning",
    "ProtocolError",
    "RareEventWarning",
    "RoleConflict",
    "ScaleNotDefined",
    "UnknownNode",
]


class CausalmedError(Exception):
    """Root of everything causalmed raises on purpose."""


class InvalidArgument(CausalmedError, ValueError):
    """An argument is outside what the function can take; the message lists what it can."""

    @classmethod
    def option(cls, name: str, given: object, allowed: Iterable[object]) -> InvalidArgument:
        """Build the error for a value that is not one of a closed list.

        Examples
        --------
        >>> print(InvalidArgument.option("population", "everyone", ("all", "exposed")))
        population='everyone' is not understood. Choose one of: 'all', 'exposed'.
        """
        choices = ", ".join(repr(option) for option in allowed)
        return cls(f"{name}={given!r} is not understood. Choose one of: {choices}.")


class DataError(CausalmedError, ValueError):
    """The table cannot be used as it is."""


class ColumnNotFound(DataError):
    """A column that was named is not in the table."""

    @classmethod
    def among(cls, missing: Iterable[str], available: Sequence[str], *, where: str) -> ColumnNotFound:
        """Build the error for absent columns, with the closest names that do exist.

        Examples
        --------
        >>> print(ColumnNotFound.among(["smokin"], ["age", "smoking"], where="outcome="))
        Column 'smokin' (outcome=) is not in the table. Did you mean 'smoking'? \
The table has 2 columns: 'age', 'smoking'.
        """
        absent = sorted(str(name) for name in missing)
        names = [str(name) for name in available]
        close = sorted({match for name in absent for match in difflib.get_close_matches(name, names, 2)})
        subject = _listed(absent)
        verb = "is" if len(absent) == 1 else "are"
        noun = "Column" if len(absent) == 1 else "Columns"
        hint = f" Did you mean {_listed(close)}?" if close else ""
        shown = _listed(names[:12]) + (", …" if len(names) > 12 else "")
        return cls(
            f"{noun} {subject} ({where}) {verb} not in the table.{hint} "
            f"The table has {len(names)} columns: {shown}."
        )


class RoleConflict(DataError):
    """One column was given two roles that exclude each other, or a role it cannot play."""


class MissingValues(DataError):
    """Values are missing and no policy for them was stated."""


class ImmortalTime(DataError):
    """A patient is counted as at risk before, or exposed from after, time zero."""


class NotEnoughEvents(DataError):
    """Too few outcomes (or none, or only outcomes) to estimate what was asked."""


class ProtocolError(DataError):
    """A protocol file is incomplete, contradictory or not understood."""


class GraphError(CausalmedError, ValueError):
    """The causal graph cannot be used as it is."""


class GraphSyntax(GraphError):
    """The text of a graph is not understood; ``line`` and ``column`` (from 1) say where."""

    def __init__(self, message: str, *, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.line = line
        self.column = column


class CyclicGraph(GraphError):
    """Following the arrows leads back to where one started."""


class UnknownNode(GraphError):
    """A node that was named is not in the graph."""

    @classmethod
    def among(cls, missing: Iterable[str], available: Iterable[str]) -> UnknownNode:
        """Build the error for absent nodes, with the closest names that do exist."""
        absent = sorted(str(name) for name in missing)
        names = [str(name) for name in available]
        close = sorted({match for name in absent for match in difflib.get_close_matches(name, names, 2)})
        hint = f" Did you mean {_listed(close)}?" if close else ""
        verb = "is" if len(absent) == 1 else "are"
        return cls(f"{_listed(absent)} {verb} not in the graph of {len(names)} nodes.{hint}")


class NotIdentified(CausalmedError):
    """The effect cannot be computed from the observed columns under this graph.

    Attributes
    ----------
    witness : tuple of str
        The open path or the hedge that makes it impossible, as readable pieces.
    suggestions : tuple of str
        What would help: nodes worth measuring, other questions that can be answered.
    """

    def __init__(self, message: str, *, witness: Sequence[str] = (), suggestions: Sequence[str] = ()) -> None:
        super().__init__(message)
        self.witness = tuple(witness)
        self.suggestions = tuple(suggestions)


class PositivityViolation(CausalmedError):
    """Some patients could hardly have been treated otherwise: nothing to compare them with."""


class NotInvertible(CausalmedError):
    """A patient's own noise cannot be recovered from what was observed."""


class ScaleNotDefined(CausalmedError):
    """The scale asked for does not exist for this effect."""


class NotSavable(CausalmedError):
    """A part of a model has no safe form on disk; the message names it."""


class NotConverged(CausalmedError, ArithmeticError):
    """An iteration did not reach its answer; no number is returned instead."""


class CausalmedWarning(UserWarning):
    """Root of everything causalmed warns about."""


class PositivityWarning(CausalmedWarning):
    """Weights were truncated, or overlap is thin."""


class RareEventWarning(CausalmedWarning):
    """Events are so few that intervals may be too narrow."""


class ApproximationWarning(CausalmedWarning):
    """A number is approximate; the message says by how much."""


def _listed(names: Iterable[str]) -> str:
    return ", ".join(repr(name) for name in names)
