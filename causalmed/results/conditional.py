"""The effect in each patient's stratum of the covariates."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ConditionalEffects"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConditionalEffects:
    r"""Conditional effects :math:`\tau(L_i) = E[Y(a) - Y(b) \mid L_i]` with pointwise intervals.

    Parameters
    ----------
    estimate, low, high, std_error : ndarray, shape (n,)
        One a patient, in the canonical order of the cohort; read-only. In units of the outcome.
    level : float
        Confidence level of each interval by itself.

    Examples
    --------
    >>> effects = ConditionalEffects(estimate=np.array([0.02, 0.06]), low=np.array([-0.02, 0.02]),
    ...                              high=np.array([0.06, 0.10]), std_error=np.array([0.02, 0.02]))
    >>> len(effects), float(effects.estimate.mean())
    (2, 0.04)
    """

    estimate: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]
    std_error: NDArray[np.float64]
    level: float = 0.95

    def __post_init__(self) -> None:
        for name in ("estimate", "low", "high", "std_error"):
            array = np.array(getattr(self, name), dtype=np.float64)
            if array.shape != np.shape(self.estimate) or array.ndim != 1:
                raise ValueError(f"{name} has shape {array.shape}; all four need one number a patient")
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    def __len__(self) -> int:
        return len(self.estimate)

    def to_frame(self) -> pd.DataFrame:
        """Return one row a patient: estimate, conf_low, conf_high, std_error."""
        import pandas as pd

        names = {"low": "conf_low", "high": "conf_high"}
        return pd.DataFrame(
            {names.get(f.name, f.name): getattr(self, f.name) for f in fields(self) if f.name != "level"}
        )

    def to_dict(self) -> dict[str, Any]:
        """Return how the effects spread, without a number of any one patient."""
        quantiles = (0.05, 0.25, 0.5, 0.75, 0.95)
        return {
            "n": len(self),
            "mean": float(self.estimate.mean()),
            "quantiles": {f"{q:g}": float(np.quantile(self.estimate, q)) for q in quantiles},
            "level": self.level,
        }
