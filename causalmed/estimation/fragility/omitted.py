r"""How strong an omitted confounder must be: for linear models and for doubly robust effects.

For an average effect :math:`\theta = E[m(W; g)]` with outcome regression g and Riesz representer
:math:`\alpha`, a confounder that would raise the outcome's R² by a share :math:`C_Y` of what is left, and the
variance of the representer so that a share :math:`C_D` of the complete one is missed, biases by at most

.. math:: |\mathrm{bias}| \le |\rho|\, S \sqrt{C_Y \frac{C_D}{1 - C_D}}, \qquad
          S^2 = E[(Y - g)^2]\, E[\alpha^2]

(Chernozhukov V, Cinelli C, Newey W, Sharma A, Syrgkanis V 2022. Long story short: omitted variable bias in
causal machine learning. NBER 30302, theorem 2 and section 4). Here :math:`\alpha = A/e - (1-A)/(1-e)`, and
:math:`E[\alpha^2]` is estimated by :math:`P_n\{2 (1/e + 1/(1-e)) - \alpha^2\}`, which is insensitive to small
errors in e.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import ColumnNotFound, InvalidArgument
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["ConfoundingBounds", "ConfoundingMark", "Moments", "check_named", "check_shares", "moments_of"]

Array = NDArray[np.float64]
_TOUCHED: Final = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Moments:
    r"""The effect, the residual variance and the second moment of the representer, jointly.

    Attributes
    ----------
    values : ndarray, shape (3,)
        :math:`\theta, \sigma^2 = E[(Y - g)^2], \nu^2 = E[\alpha^2]`.
    covariance : ndarray, shape (3, 3)
        Of the three.
    quantile : float
        Of the distribution the interval uses.
    """

    values: Array
    covariance: Array
    quantile: float

    def bounds(self, *, outcome_share: float, exposure_share: float, rho: float) -> tuple[Array, Array]:
        """Return the bounds of the effect and the confidence limits of the bounds."""
        theta, sigma2, nu2 = self.values
        c = abs(rho) * math.sqrt(outcome_share * exposure_share / (1 - exposure_share))
        away = c * math.sqrt(sigma2 * nu2)
        ends = np.array([theta - away, theta + away])
        limits = []
        for sign, end in zip((-1.0, 1.0), ends, strict=True):
            slope = np.array(
                [1.0, sign * c / 2 * math.sqrt(nu2 / sigma2), sign * c / 2 * math.sqrt(sigma2 / nu2)]
            )
            limits.append(end + sign * self.quantile * math.sqrt(max(slope @ self.covariance @ slope, 0.0)))
        return ends, np.array(limits)

    def robustness(self, *, with_interval: bool) -> float:
        """Return the share, the same for both, at which the bounds (or their limits) reach zero."""

        def reaches(share: float) -> bool:
            ends, limits = self.bounds(outcome_share=share, exposure_share=share, rho=1.0)
            low, high = limits if with_interval else ends
            return bool(low <= 0 <= high)

        low, high = 0.0, 1 - _TOUCHED
        if reaches(0.0):
            return 0.0
        while high - low > _TOUCHED:
            middle = (low + high) / 2
            low, high = (low, middle) if reaches(middle) else (middle, high)
        return high


@dataclass(frozen=True, slots=True, kw_only=True)
class ConfoundingMark:
    """What leaving out measured covariates would have done: the yardstick for an unmeasured one.

    Attributes
    ----------
    covariates : tuple of str
        Left out.
    outcome_share, exposure_share : float
        C_Y and C_D of these covariates.
    rho : float
        Correlation of the two errors; between -1 and 1.
    change : float
        How much the estimate moves when they are left out.
    low, high : float
        Bounds of the effect for an unmeasured confounder of this strength (rho = 1).
    """

    covariates: tuple[str, ...]
    outcome_share: float
    exposure_share: float
    rho: float
    change: float
    low: float
    high: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConfoundingBounds:
    """Bounds of an effect under confounding of stated strength.

    Attributes
    ----------
    exposure, outcome : str
        Columns.
    moments : Moments
        What the bounds are made of.
    estimate : float
        The effect if nothing is omitted.
    low, high : float
        Bounds of the effect at the stated strength.
    conf_low, conf_high : float
        Confidence limits of the bounds.
    outcome_share, exposure_share, rho : float
        The stated strength.
    robustness_value, robustness_value_limit : float
        Share of both at which the bounds, and their limits, reach no effect.
    marks : tuple of ConfoundingMark
        Measured covariates as yardsticks.
    """

    exposure: str
    outcome: str
    moments: Moments
    estimate: float
    low: float
    high: float
    conf_low: float
    conf_high: float
    outcome_share: float
    exposure_share: float
    rho: float
    robustness_value: float
    robustness_value_limit: float
    marks: tuple[ConfoundingMark, ...] = ()

    def at(self, *, outcome_share: float, exposure_share: float, rho: float = 1.0) -> ConfoundingBounds:
        """Return the bounds for another strength of confounding.

        Raises
        ------
        InvalidArgument
            A share outside [0, 1), or rho outside [-1, 1].
        """
        check_shares(outcome_share, exposure_share, rho)
        ends, limits = self.moments.bounds(
            outcome_share=outcome_share, exposure_share=exposure_share, rho=rho
        )
        return replace(
            self,
            low=float(ends[0]),
            high=float(ends[1]),
            conf_low=float(limits[0]),
            conf_high=float(limits[1]),
            outcome_share=outcome_share,
            exposure_share=exposure_share,
            rho=rho,
        )

    def summary(self) -> str:
        """Return the bounds, the robustness values and the yardsticks in sentences."""
        import textwrap

        rv, rv_limit = (number(100 * v, 3) for v in (self.robustness_value, self.robustness_value_limit))
        lines = [
            f"Effect of {self.exposure} on {self.outcome}: {number(self.estimate)}. A confounder that "
            f"accounted for {rv} % of what is left of both would explain it away; {rv_limit} % would make "
            "the interval "
            "reach no effect.",
            f"With {number(100 * self.outcome_share)} % of the outcome and "
            f"{number(100 * self.exposure_share)} "
            f"% of the exposure's weights the effect is between {number(self.low)} and {number(self.high)} "
            f"(limits {number(self.conf_low)} to {number(self.conf_high)}).",
        ]
        lines += [
            f"{', '.join(mark.covariates)} accounts for {number(100 * mark.outcome_share)} % of the outcome "
            f"and {number(100 * mark.exposure_share)} % of the exposure's weights; without it the estimate "
            f"moves by {number(mark.change)}."
            for mark in self.marks
        ]
        return "\n".join(textwrap.fill(line, 80) for line in lines)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a yardstick."""
        import pandas as pd

        names = tuple(ConfoundingMark.__dataclass_fields__)
        return pd.DataFrame([{name: getattr(mark, name) for name in names} for mark in self.marks])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        skipped = {"moments", "marks"}
        plain = {name: getattr(self, name) for name in self.__dataclass_fields__ if name not in skipped}
        return {**plain, "marks": self.to_frame().to_dict(orient="records")}


def check_shares(outcome_share: float, exposure_share: float, rho: float) -> None:
    """Refuse strengths of confounding that cannot be."""
    for name, share in (("outcome_share", outcome_share), ("exposure_share", exposure_share)):
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share < 1:
            raise InvalidArgument(f"{name}={share!r} is a share of what is left unexplained: 0 to below 1.")
    if isinstance(rho, bool) or not isinstance(rho, int | float) or not -1 <= rho <= 1:
        raise InvalidArgument(f"rho={rho!r} is a correlation: -1 to 1.")


def check_named(names: tuple[tuple[str, ...], ...], known: tuple[str, ...]) -> None:
    """Refuse yardsticks that were not adjusted for."""
    if absent := [name for group in names for name in group if name not in known]:
        raise ColumnNotFound.among(absent, known, where="benchmarks=")


def moments_of(*, exposed: Array, outcome: Array, m1: Array, m0: Array, e: Array) -> tuple[Array, Array]:
    """Return the three moments and the influence of each patient on them.

    Parameters
    ----------
    exposed, outcome : ndarray, shape (n,)
        A and Y.
    m1, m0, e : ndarray, shape (n,)
        Outcome regressions and propensity score.

    Returns
    -------
    tuple of ndarray, shapes (3,) and (n, 3)
    """
    alpha = exposed / e - (1 - exposed) / (1 - e)
    residual = outcome - np.where(exposed == 1, m1, m0)
    pieces = np.column_stack([m1 - m0 + alpha * residual, residual**2, 2 * (1 / e + 1 / (1 - e)) - alpha**2])
    values = pieces.mean(axis=0)
    return values, pieces - values
