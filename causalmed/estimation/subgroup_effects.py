"""Effects within the levels of a column, as a value."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.results import Effect, Interval, Provenance

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from causalmed.results.pictures import Forest

__all__ = ["SubgroupEffects"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SubgroupEffects:
    """The effect in each level of a column; iterate over :attr:`effects`.

    That one interval holds zero and another does not says nothing about whether the effects differ: ask
    :meth:`difference`.

    Parameters
    ----------
    by : str
        The column.
    effects : mapping of str to Effect
        By level, in the order of the levels.
    refused : mapping of str to str
        Levels without an answer, and why.
    covariance : ndarray, shape (k, k)
        Of the differences, in the order of ``effects``.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from causalmed import Cohort, Estimand, estimate
    >>> rng = np.random.default_rng(1)
    >>> sex, late = rng.choice(["F", "M"], 6000), rng.random(6000) < 0.4
    >>> ssi = rng.random(6000) < 0.1 + 0.08 * late * (sex == "M")
    >>> cohort = Cohort.from_frame(pd.DataFrame({"sex": sex, "late": late, "ssi": ssi}))
    >>> question = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["sex"])
    >>> found = estimate(question, cohort, by="sex")
    >>> for level, effect in found.effects.items():
    ...     print(level, effect.difference)
    F −0.0052 (95 % CI −0.028 to 0.017)
    M 0.089 (95 % CI 0.062 to 0.12)
    >>> print(found.difference("M", "F"))
    0.094 (95 % CI 0.059 to 0.13)
    """

    by: str
    effects: Mapping[str, Effect]
    refused: Mapping[str, str]
    covariance: NDArray[np.float64]

    def __post_init__(self) -> None:
        object.__setattr__(self, "effects", MappingProxyType(dict(self.effects)))
        object.__setattr__(self, "refused", MappingProxyType(dict(self.refused)))
        self.covariance.setflags(write=False)

    @property
    def provenance(self) -> Provenance:
        """Specification, seed and versions; the data are those of the first level."""
        return self._first.provenance

    def difference(self, first: str, second: str) -> Interval:
        """Return the effect in one level minus the effect in another, on the scale of the difference.

        Parameters
        ----------
        first, second : str
            Two levels of :attr:`effects`.

        Raises
        ------
        InvalidArgument
            A level without an effect.
        """
        names = list(self.effects)
        for level in (first, second):
            if level not in names:
                raise InvalidArgument.option("level", level, names)
        one, other = self.effects[first], self.effects[second]
        k, m = names.index(first), names.index(second)
        variance = self.covariance[k, k] + self.covariance[m, m] - 2 * self.covariance[k, m]
        error = float(np.sqrt(max(variance, 0.0)))
        fewer = min((one, other), key=lambda effect: effect.functionals.degrees_of_freedom)
        reach = fewer.functionals.quantile(one.level) * error
        estimate = one.difference.estimate - other.difference.estimate
        return Interval(
            estimate=estimate, low=estimate - reach, high=estimate + reach, std_error=error, level=one.level
        )

    def summary(self) -> str:
        """Describe the effects in at most 80 columns."""
        first, lines = self._first, textwrap.wrap(self._headline(), 80)
        for level, effect in self.effects.items():
            shown = str(effect.difference) if effect.reported else "not reported, because a check failed"
            lines += [
                "",
                *textwrap.wrap(f"{self.by} = {level} ({effect.n:,} patients): {shown}", 80),
                *(
                    line
                    for check in effect.diagnostics.not_passed()
                    for line in textwrap.wrap(f"  {check}", 80, subsequent_indent="      ")
                ),
            ]
        for level, reason in self.refused.items():
            lines += ["", *textwrap.wrap(f"{self.by} = {level}: no answer. {reason}", 80)]
        adjusted = ", ".join(first.adjustment_set) or "nothing"
        note = (
            f"{first.estimator}, fitted in each level; adjusted for {adjusted}. Each interval is for its "
            "level alone. Whether two levels differ is another question: ask .difference(level, level)."
        )
        return "\n".join([*lines, "", *textwrap.wrap(note, 80)])

    def to_frame(self) -> pd.DataFrame:
        """Return a row a level: patients, events, difference, limits; whether it is shown, or why not."""
        import pandas as pd

        rows: list[dict[str, Any]] = []
        for level, effect in self.effects.items():
            interval = effect.difference
            rows.append(
                {
                    self.by: level,
                    "n": effect.n,
                    "events": effect.events,
                    "difference": interval.estimate,
                    "conf_low": interval.low,
                    "conf_high": interval.high,
                    "reported": effect.reported,
                    "reason": "; ".join(check.sentence for check in effect.diagnostics.failed()),
                }
            )
        rows += [
            {self.by: level, "reported": False, "reason": reason} for level, reason in self.refused.items()
        ]
        return pd.DataFrame(rows)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "by": self.by,
            "effects": {level: effect.to_dict() for level, effect in self.effects.items()},
            "refused": dict(self.refused),
            "covariance": self.covariance.tolist(),
        }

    def picture(self) -> Forest:
        """Return the effects side by side as data."""
        from causalmed.results.pictures import Forest, ForestRow

        rows = [
            replace(effect.picture().rows[0], label=f"{self.by} = {level}")
            for level, effect in self.effects.items()
        ]
        rows += [
            ForestRow(label=f"{self.by} = {level}", verdict="no answer", note=reason)
            for level, reason in self.refused.items()
        ]
        one = self._first.picture()
        return Forest(rows=tuple(rows), axis_label=one.axis_label, title=self._headline(), per=one.per)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw :meth:`picture` and return its axes."""
        from causalmed.plotting import draw

        return draw(self.picture(), ax=ax)

    def __str__(self) -> str:
        return self.summary()

    def _repr_html_(self) -> str:
        from causalmed.results.tables import html_table

        return html_table(self.to_frame(), caption=self._headline())

    @property
    def _first(self) -> Effect:
        return next(iter(self.effects.values()))

    def _headline(self) -> str:
        return f"The effect of {self._first.exposure} on {self._first.outcome} within levels of {self.by}"
