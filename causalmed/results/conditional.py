"""The effect in each patient's stratum of the covariates."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.results.heterogeneity import Heterogeneity
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from causalmed.results.pictures import Forest

__all__ = ["ConditionalEffects"]

_ARRAYS: Final = ("estimate", "low", "high", "std_error")
_PARTS: Final = ("smallest", "second-smallest", "middle", "second-largest", "largest")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConditionalEffects:
    r"""Conditional effects :math:`\tau(L_i) = E[Y(a) - Y(b) \mid L_i]` with pointwise intervals.

    Parameters
    ----------
    estimate, low, high, std_error : ndarray, shape (n,)
        One a patient, in the canonical order of the cohort; read-only. In units of the outcome.
    level : float
        Confidence level of each interval by itself.
    heterogeneity : Heterogeneity or None
        Held-out evidence that the effects differ at all; None: not examined.
    exposure : str
        Of what, in words; may be empty.
    outcome_kind, outcome_unit : str
        ``"binary"`` or ``"continuous"``, and the unit of a continuous outcome.

    Examples
    --------
    >>> effects = ConditionalEffects(estimate=np.array([0.02, 0.06]), low=np.array([-0.02, 0.02]),
    ...                              high=np.array([0.06, 0.10]), std_error=np.array([0.02, 0.02]))
    >>> len(effects), float(effects.estimate.mean())
    (2, 0.04)
    >>> print(effects.summary())
    Effects of 2 patients: on average 4.0 per 100, from 2.2 (5 % of the patients are
    below) to 5.8 (5 % are above).
    Whether the differences between patients are real was not examined.
    """

    estimate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    std_error: NDArray[np.float64]
    level: float = 0.95
    heterogeneity: Heterogeneity | None = None
    exposure: str = ""
    outcome_kind: str = "binary"
    outcome_unit: str = ""

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            array = np.array(getattr(self, name), dtype=np.float64)
            if array.shape != np.shape(self.estimate) or array.ndim != 1:
                raise ValueError(f"{name} has shape {array.shape}; all four need one number a patient")
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.estimate)

    def summary(self) -> str:
        """Describe how the effects spread, after saying whether that may be believed."""
        if not len(self):
            return "Effects of no patients."
        per, unit = (100.0, "per 100") if self.outcome_kind == "binary" else (1.0, self.outcome_unit)
        low, high = (number(per * float(np.quantile(self.estimate, q))) for q in (0.05, 0.95))
        mean = f"{number(per * float(self.estimate.mean()))} {unit}".rstrip()
        lines = textwrap.wrap(
            f"Effects of {len(self):,} patients: on average {mean}, from {low} (5 % of the patients are "
            f"below) to {high} (5 % are above).",
            80,
        )
        if self.heterogeneity is None:
            lines.append("Whether the differences between patients are real was not examined.")
        else:
            for sentence in (self.heterogeneity.sentence, self.heterogeneity.slope_sentence):
                lines += textwrap.wrap(sentence, 80)
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a patient: estimate, conf_low, conf_high, std_error."""
        import pandas as pd

        names = {"low": "conf_low", "high": "conf_high"}
        return pd.DataFrame({names.get(name, name): getattr(self, name) for name in _ARRAYS})

    def to_dict(self, *, patients: bool = False) -> dict[str, Any]:
        """Return how the effects spread as plain JSON types.

        Parameters
        ----------
        patients : bool
            Add the numbers of every single patient.
        """
        quantiles = (0.05, 0.25, 0.5, 0.75, 0.95)
        some = len(self) > 0
        answer: dict[str, Any] = {
            "n": len(self),
            "mean": float(self.estimate.mean()) if some else None,
            "quantiles": {f"{q:g}": float(np.quantile(self.estimate, q)) for q in quantiles} if some else {},
            "level": self.level,
            "heterogeneity": None if self.heterogeneity is None else self.heterogeneity.to_dict(),
        }
        if patients:
            answer["patients"] = {name: getattr(self, name).tolist() for name in _ARRAYS}
        return answer

    def picture(self) -> Forest:
        """Return the mean effect in each fifth of the patients, ordered by predictions that did not see them.

        Raises
        ------
        ValueError
            The effects were not examined: a picture of raw predictions would show noise as difference.
        """
        from causalmed.results.pictures import Forest, ForestRow

        found = self.heterogeneity
        if found is None:
            raise ValueError(
                "These effects were not held against patients that the forest had not seen, so a picture "
                "could show noise as a difference. Take those of estimate(…, CausalForest()).conditional."
            )
        rows = tuple(
            ForestRow(label=f"{part} predicted effects", interval=interval)
            for part, interval in zip(_PARTS, found.fifths, strict=True)
        )
        binary = self.outcome_kind == "binary"
        unit = "more outcomes per 100 patients" if binary else f"difference {self.outcome_unit}".rstrip()
        return Forest(title=self._title(), rows=rows, axis_label=unit, per=100.0 if binary else 1.0)

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw :meth:`picture` and return its axes."""
        from causalmed.plotting import draw

        return draw(self.picture(), ax=ax)

    def __str__(self) -> str:
        return self.summary()

    def _title(self) -> str:
        assert self.heterogeneity is not None
        what = f"The effect of {self.exposure}" if self.exposure else "The effect"
        if self.heterogeneity.shown:
            return f"{what} differs between patients"
        return f"{what} is not shown to differ between patients"
