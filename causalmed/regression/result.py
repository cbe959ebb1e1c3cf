"""A fitted generalised linear model."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GLMFit", "expit"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GLMFit:
    r"""Coefficients of a generalised linear model, with what is needed to use them.

    Attributes
    ----------
    coefficients : ndarray, shape (p,)
        :math:`\hat\beta`, on the scale of the columns as they came.
    covariance : ndarray, shape (p, p)
        Inverse information (times the dispersion, for a linear model): the model-based covariance.
    names : tuple of str
        A name a coefficient.
    linear_predictor, mean : ndarray, shape (n,)
        :math:`\hat\eta` and :math:`\hat\mu` on all rows that were passed.
    log_likelihood : float
        Of the data; for Firth's method the penalised one.
    iterations : int
        Passes over the full data that changed the coefficients.
    gradient_norm : float
        Length of the last Newton step in standard errors, before it was taken.
    family : str
        ``"binomial"`` or ``"gaussian"``.
    dispersion : float
        One for a binomial model, else the residual variance.
    method : str
        How it was fitted, for the report.
    """

    coefficients: NDArray[np.float64]
    covariance: NDArray[np.float64]
    names: tuple[str, ...]
    linear_predictor: NDArray[np.float64]
    mean: NDArray[np.float64]
    log_likelihood: float
    iterations: int
    gradient_norm: float
    family: str
    dispersion: float
    method: str

    def __post_init__(self) -> None:
        for array in (self.coefficients, self.covariance, self.linear_predictor, self.mean):
            array.setflags(write=False)

    @property
    def std_errors(self) -> NDArray[np.float64]:
        """Model-based standard errors of the coefficients, shape (p,)."""
        return np.sqrt(np.diagonal(self.covariance))

    def predict(
        self, matrix: NDArray[np.float64], offset: NDArray[np.float64] | None = None
    ) -> NDArray[np.float64]:
        """Return the mean of the outcome on rows of a design.

        Parameters
        ----------
        matrix : ndarray, shape (m, p)
            Coded as the design that was fitted.
        offset : ndarray, shape (m,), optional
            Added to the linear predictor.

        Returns
        -------
        ndarray, shape (m,)
            Risks for a binomial model.
        """
        if matrix.ndim != 2 or matrix.shape[1] != len(self.coefficients):
            raise InvalidArgument(
                f"matrix of shape {matrix.shape} does not fit a model with {len(self.coefficients)} "
                "coefficients."
            )
        eta = linear_predictor(matrix, self.coefficients, offset)
        return expit(eta) if self.family == "binomial" else eta

    def summary(self) -> str:
        """Return the method and a line a coefficient, as text."""
        from causalmed.results import text_table

        shown = self.to_frame()[["term", "estimate", "std_error", "conf_low", "conf_high"]]
        return f"{self.method}, {len(self.mean):,} rows\n{text_table(shown)}"

    def to_dict(self) -> dict[str, Any]:
        """Return the fit without its rows, as plain JSON types."""
        return {
            "method": self.method,
            "family": self.family,
            "names": list(self.names),
            "coefficients": self.coefficients.tolist(),
            "covariance": self.covariance.tolist(),
            "dispersion": self.dispersion,
            "log_likelihood": self.log_likelihood,
            "iterations": self.iterations,
        }

    def to_frame(self, level: float = 0.95) -> pd.DataFrame:
        """Return a row a coefficient: term, estimate, std_error, statistic, p_value, conf_low, conf_high.

        Parameters
        ----------
        level : float
            Coverage of the interval, in (0, 1); normal quantiles.
        """
        import pandas as pd
        from scipy.special import ndtr, ndtri

        errors = self.std_errors
        width = float(ndtri(0.5 + level / 2)) * errors
        statistic = self.coefficients / errors
        return pd.DataFrame(
            {
                "term": list(self.names),
                "estimate": self.coefficients,
                "std_error": errors,
                "statistic": statistic,
                "p_value": 2 * ndtr(-np.abs(statistic)),
                "conf_low": self.coefficients - width,
                "conf_high": self.coefficients + width,
            }
        )

    summary_frame = to_frame

    def __repr__(self) -> str:
        pairs = ", ".join(
            f"{name}={value:.4g}" for name, value in zip(self.names, self.coefficients, strict=True)
        )
        return f"GLMFit({self.method}: {pairs})"


def expit(eta: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return 1 / (1 + exp(-eta)) without overflow."""
    from scipy.special import expit as logistic_function

    return np.asarray(logistic_function(eta), dtype=np.float64)


def linear_predictor(
    matrix: NDArray[np.float64], coefficients: NDArray[np.float64], offset: NDArray[np.float64] | None
) -> NDArray[np.float64]:
    """Return ``matrix @ coefficients + offset``, each row summed on its own and in one order.

    A row's value must not depend on which rows stand beside it, and a BLAS product does not promise that.
    """
    eta = np.einsum("ij,j->i", matrix, coefficients)
    return np.asarray(eta if offset is None else eta + offset, dtype=np.float64)
