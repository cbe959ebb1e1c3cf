"""The mechanisms that were held against each other, as a result."""

from __future__ import annotations

import textwrap
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from causalmed.results import html_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Candidate", "Comparison"]

_COLUMNS = ("node", "candidate", "log_score", "behind", "std_error", "chosen", "why")


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate:
    """One mechanism that was tried for a node.

    Parameters
    ----------
    node, candidate : str
        The node; the family, with its terms where they are not the main effects.
    log_score : float or None
        Mean log score on patients kept out of the fit, in nats; None where it could not be had.
    behind, std_error : float or None
        Distance to the best, and its standard error.
    chosen : bool
        Whether it was taken.
    why : str
        In words.
    """

    node: str
    candidate: str
    log_score: float | None = None
    behind: float | None = None
    std_error: float | None = None
    chosen: bool = False
    why: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """All candidates of all nodes whose mechanism was left to the data.

    Parameters
    ----------
    rows : tuple of Candidate
        Node by node, simple candidates first.

    Examples
    --------
    >>> rows = (Candidate(node="stay", candidate="linear", log_score=-2.1, chosen=True, why="the best"),)
    >>> print(Comparison(rows=rows))
    stay: linear (log score -2.1000): the best.
    """

    rows: tuple[Candidate, ...] = ()

    def __len__(self) -> int:
        return len(self.rows)

    def chosen(self) -> dict[str, str]:
        """Return node → the candidate that was taken."""
        return {row.node: row.candidate for row in self.rows if row.chosen}

    def summary(self) -> str:
        """Return a line a node, in at most 80 columns."""
        lines = [
            f"{row.node}: {row.candidate} (log score {row.log_score:.4f}): {row.why}."
            for row in self.rows
            if row.chosen
        ]
        return "\n".join(textwrap.fill(line, 80, subsequent_indent="  ") for line in lines)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a candidate: node, candidate, log_score, behind, std_error, chosen, why."""
        import pandas as pd

        return pd.DataFrame([asdict(row) for row in self.rows], columns=list(_COLUMNS))

    def to_dict(self) -> list[dict[str, Any]]:
        """Return the rows as plain JSON types."""
        return [asdict(row) for row in self.rows]

    @classmethod
    def of(cls, rows: list[dict[str, Any]]) -> Comparison:
        """Return what :meth:`to_dict` wrote."""
        return cls(rows=tuple(Candidate(**row) for row in rows))

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return html_table(self.to_frame(), caption="Mechanisms held against each other")
