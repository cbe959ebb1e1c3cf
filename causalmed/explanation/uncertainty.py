"""How sure an attribution is, by where the doubt comes from."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Uncertainty"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Uncertainty:
    """Variances of attributions and their stability, each of shape (patients, features).

    Parameters
    ----------
    monte_carlo, background, model, scm : ndarray
        Variance from sampled noise and orders, from the background being a sample, from fitting the model,
        and from fitting the structural model, in squared percentage points.
    shared : ndarray
        Twice the covariance of the two fits, which are made on the same patients; it may be negative.
    total : ndarray
        Variance of the attribution when everything is done again on other patients: the sum of the others.
    sign : ndarray
        Share of the refits in which the attribution has the sign it is shown with.
    top_three : ndarray
        Share of the refits in which it is among the three largest of the patient.
    replicates : int
        How many refits.
    degrees_of_freedom : float
        Of the t distribution behind the intervals: units or clusters resampled, less one, or refits less one,
        whichever are fewer.
    """

    monte_carlo: Matrix
    background: Matrix
    model: Matrix
    scm: Matrix
    shared: Matrix
    total: Matrix
    sign: Matrix
    top_three: Matrix
    replicates: int
    degrees_of_freedom: float

    def __post_init__(self) -> None:
        for name in _ARRAYS:
            array = np.array(getattr(self, name), dtype=np.float64)
            array.setflags(write=False)
            object.__setattr__(self, name, array)

    @property
    def multiplier(self) -> float:
        """Standard errors between the attribution and its 95 % limits."""
        from scipy.special import stdtrit

        return float(stdtrit(self.degrees_of_freedom, 0.975))

    def rows(self, which: slice) -> Uncertainty:
        """Return that of some patients."""
        return replace(self, **{name: getattr(self, name)[which] for name in _ARRAYS})

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        arrays = {name: _plain(getattr(self, name)) for name in _ARRAYS}
        return {**arrays, "replicates": self.replicates, "degrees_of_freedom": self.degrees_of_freedom}


_ARRAYS = tuple(f.name for f in fields(Uncertainty) if f.name not in {"replicates", "degrees_of_freedom"})


def _plain(array: Matrix) -> list[list[float | None]]:
    return [[float(value) if math.isfinite(value) else None for value in row] for row in array]
