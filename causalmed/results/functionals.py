"""A few labelled functionals of the data and their joint covariance."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import ScaleNotDefined

__all__ = ["Functionals"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Functionals:
    r"""Estimates :math:`\hat\psi_1, …, \hat\psi_k` with their covariance.

    Parameters
    ----------
    labels : tuple of str
        One a functional; for an effect ``("exposed", "unexposed", "natural")``:
        :math:`E[Y(a)], E[Y(b)], E[Y]`.
    values : ndarray, shape (k,)
        Estimates, in units of the outcome.
    covariance : ndarray, shape (k, k)
        Covariance of the estimates (already divided by n).
    source : str
        Where the covariance comes from: ``"influence function"``, ``"stacked sandwich"``,
        ``"delete-one-cluster jackknife"``, ``"bootstrap"``.
    degrees_of_freedom : float
        Of the t distribution used for intervals; infinite for the normal.
    influence : ndarray, shape (n, k), or None
        Influence values, one row a patient in canonical order, where they were kept.
    between : ndarray, shape (m, k), or None
        Where estimates from m imputed tables were averaged: their deviations from the average, scaled so
        that their cross-product is the part of ``covariance`` that missing values add.
    influence_blocks : callable or None
        Where the influence values stayed on disk: yields them again block by block, each of shape (rows, k).

    Examples
    --------
    >>> arms = Functionals(labels=("exposed", "unexposed"), values=np.array([0.12, 0.09]),
    ...                    covariance=np.diag([4e-5, 1e-5]), source="influence function")
    >>> round(arms["exposed"] - arms["unexposed"], 3), round(arms.std_error(np.array([1.0, -1.0])), 5)
    (0.03, 0.00707)
    """

    labels: tuple[str, ...]
    values: NDArray[np.float64]
    covariance: NDArray[np.float64]
    source: str
    degrees_of_freedom: float = float("inf")
    influence: NDArray[np.float64] | None = None
    between: NDArray[np.float64] | None = None
    influence_blocks: Callable[[], Iterator[NDArray[np.float64]]] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        k = len(self.labels)
        values = np.array(self.values, dtype=np.float64)
        covariance = np.array(self.covariance, dtype=np.float64)
        if values.shape != (k,) or covariance.shape != (k, k):
            raise ValueError(
                f"{k} labels need values of shape ({k},) and a covariance of shape ({k}, {k}), "
                f"got {values.shape} and {covariance.shape}"
            )
        for array in (values, covariance):
            array.setflags(write=False)
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "covariance", covariance)
        for name in ("influence", "between"):
            if getattr(self, name) is not None:
                kept = np.asarray(getattr(self, name), dtype=np.float64).view()
                kept.setflags(write=False)
                object.__setattr__(self, name, kept)

    def __getitem__(self, label: str) -> float:
        return float(self.values[self.index(label)])

    def __contains__(self, label: object) -> bool:
        return label in self.labels

    def index(self, label: str) -> int:
        """Return the position of a functional; ``ScaleNotDefined`` where it was not estimated."""
        if label not in self.labels:
            known = ", ".join(self.labels)
            raise ScaleNotDefined(f"This answer has no functional {label!r}; it holds: {known}.")
        return self.labels.index(label)

    def gradient(self, **weights: float) -> NDArray[np.float64]:
        """Return a gradient vector with the given weight at each named functional, 0 elsewhere."""
        vector = np.zeros(len(self.labels))
        for label, weight in weights.items():
            vector[self.index(label)] = weight
        return vector

    def std_error(self, gradient: NDArray[np.float64]) -> float:
        """Return the delta-method standard error of a function with this gradient."""
        return float(np.sqrt(np.maximum(gradient @ self.covariance @ gradient, 0.0)))

    def quantile(self, level: float) -> float:
        """Return the two-sided critical value of the t or normal distribution."""
        from scipy.special import ndtri, stdtrit

        upper = 0.5 + level / 2
        if np.isinf(self.degrees_of_freedom):
            return float(ndtri(upper))
        return float(stdtrit(self.degrees_of_freedom, upper))

    def to_dict(self) -> dict[str, Any]:
        """Return estimates and covariance as plain JSON types (no patient-level values)."""
        df = self.degrees_of_freedom
        return {
            "labels": list(self.labels),
            "values": [float(value) for value in self.values],
            "covariance": [[float(c) if np.isfinite(c) else None for c in row] for row in self.covariance],
            "source": self.source,
            "degrees_of_freedom": None if np.isinf(df) else float(df),
        }
