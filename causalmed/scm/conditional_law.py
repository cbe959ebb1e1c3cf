"""The answer to a conditional query."""

from __future__ import annotations

import math
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from causalmed.errors import InvalidArgument
from causalmed.results import Interval, Provenance, html_table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ConditionalLaw", "LawRow"]


@dataclass(frozen=True, slots=True, kw_only=True)
class LawRow:
    """The probability of one combination of levels, or the mean of a number.

    Parameters
    ----------
    levels : tuple of str
        One a target, or "at most 7" of a number; none for a mean.
    estimate : float
        Probability or mean.
    monte_carlo_error : float
        Its standard error if the model were exact.
    model_error : float
        Its standard error from the data the model was fitted on; not a number without them.
    low, high : float
        Limits that hold both errors.
    """

    levels: tuple[str, ...]
    estimate: float
    monte_carlo_error: float
    model_error: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConditionalLaw:
    r"""The law of some nodes under an intervention, given evidence: :math:`P(t \mid do(x), e)`.

    Parameters
    ----------
    targets : tuple of str
        Nodes that were asked for.
    rows : tuple of LawRow
        One a combination of levels; one for the mean of a number.
    do, given : tuple of (str, str)
        What is set, what is seen.
    is_mean : bool
        Whether the answer is the mean of a number.
    limits : tuple of float
        Of a number: what it is at most, one a row; otherwise empty.
    n : int
        Draws.
    effective : float
        As many draws as the weighted ones are worth.
    level : float
        Confidence level.
    provenance : Provenance
        Data, specification, seed, versions.
    """

    targets: tuple[str, ...]
    rows: tuple[LawRow, ...]
    do: tuple[tuple[str, str], ...]
    given: tuple[tuple[str, str], ...]
    is_mean: bool
    limits: tuple[float, ...]
    n: int
    effective: float
    level: float
    provenance: Provenance

    def __getitem__(self, levels: str | tuple[str, ...]) -> Interval:
        """Return the probability of a combination of levels (labels as in the table), with its limits."""
        wanted = (levels,) if isinstance(levels, str) else tuple(levels)
        row = next((row for row in self.rows if row.levels == wanted), None)
        if row is None:
            raise KeyError(levels)
        return self._interval(row)

    @property
    def mean(self) -> Interval:
        """The mean of a number, or the probability of the second level of one binary target.

        Raises
        ------
        InvalidArgument
            The answer is a law of more than two values, which has no one mean.
        """
        if self.is_mean:
            return self._interval(self.rows[0])
        if len(self.rows) == 2 and not self.limits:
            return self._interval(self.rows[1])
        raise InvalidArgument(
            f"{' and '.join(self.targets)} has no one mean here. Ask for a row, such as "
            f"law[{self.rows[0].levels!r}], or see to_frame()."
        )

    @property
    def question(self) -> str:
        """The question as one sentence."""
        asked = " and ".join(self.targets)
        done = ", ".join(f"{name} {words}" for name, words in self.do)
        seen = ", ".join(f"{name} = {words}" for name, words in self.given)
        return (
            f"{'What is the mean' if self.is_mean else 'How likely is each value'} of {asked}"
            f"{f' with {done}' if done else ''}{f', among those with {seen}' if seen else ''}?"
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row a combination of levels: estimate, monte_carlo_error, model_error, limits."""
        import pandas as pd

        name = "mean" if self.is_mean else "probability"
        return pd.DataFrame(
            [
                dict(zip(self.targets, row.levels, strict=False))
                | {
                    name: row.estimate,
                    "monte_carlo_error": row.monte_carlo_error,
                    "model_error": row.model_error,
                    "conf_low": row.low,
                    "conf_high": row.high,
                }
                for row in self.rows
            ]
        )

    def summary(self) -> str:
        """Describe the answer in at most 80 columns."""
        lines = [*textwrap.wrap(self.question, 80), ""]
        for row in self.rows[:30]:
            what = ", ".join(row.levels) or "mean"
            lines.append(f"  {what:<28.28} {self._interval(row)}")
        if len(self.rows) > 30:
            lines.append(f"  … and {len(self.rows) - 30:,} more; see to_frame().")
        exact = all(math.isnan(row.model_error) for row in self.rows)
        model = "the mechanisms are taken as exact" if exact else "the limits hold the error of the model too"
        error = max(row.monte_carlo_error for row in self.rows)
        lines += ["", *textwrap.wrap(
            f"{self.n:,} draws, worth {self.effective:,.0f} that agree with the evidence; Monte-Carlo error "
            f"at most {error:.2g}; {model}.", 80)]  # fmt: skip
        return "\n".join(lines)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "question": self.question,
            "targets": list(self.targets),
            "do": dict(self.do),
            "given": dict(self.given),
            "rows": [
                {
                    "levels": list(row.levels),
                    "monte_carlo_error": row.monte_carlo_error,
                    "model_error": None if math.isnan(row.model_error) else row.model_error,
                }
                | self._interval(row).to_dict()
                for row in self.rows
            ],
            "n": self.n,
            "effective": self.effective,
            "provenance": self.provenance.to_dict(),
        }

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        return html_table(self.to_frame(), caption=self.question)

    def _interval(self, row: LawRow) -> Interval:
        model = 0.0 if math.isnan(row.model_error) else row.model_error
        return Interval(
            estimate=row.estimate,
            low=row.low,
            high=row.high,
            std_error=math.hypot(row.monte_carlo_error, model),
            level=self.level,
        )
