r"""Omitted-variable bias of a linear model, in partial R².

With the exposure coefficient's t value on df residual degrees of freedom, a confounder Z that explains
shares :math:`R^2_{D \sim Z | X}` of what is left of the exposure and :math:`R^2_{Y \sim Z | D, X}` of what
is left of the outcome changes the estimate by

.. math:: |\widehat{\mathrm{bias}}| = \widehat{se}\, \sqrt{df}\,
          \sqrt{\frac{R^2_{Y \sim Z | D, X}\, R^2_{D \sim Z | X}}{1 - R^2_{D \sim Z | X}}}

(Cinelli C, Hazlett C 2020. J R Stat Soc B 82:39-67, equation 7). The robustness value is the share that,
reached with both, would bring the estimate down by a fraction q.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import DataError, InvalidArgument
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Benchmark", "LinearFragility", "fragility_of_fit"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Benchmark:
    """What a confounder as strong as some measured covariates would do.

    Attributes
    ----------
    covariates : tuple of str
        The measured ones.
    times : float
        How many times as strong as they are.
    exposure_share, outcome_share : float
        Partial R² of the hypothetical confounder with exposure and outcome.
    estimate, std_error, low, high : float
        The estimate that would be left, its standard error and limits.
    """

    covariates: tuple[str, ...]
    times: float
    exposure_share: float
    outcome_share: float
    estimate: float
    std_error: float
    low: float
    high: float

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain JSON types."""
        return {
            "covariates": list(self.covariates),
            "times": self.times,
            "exposure_share": self.exposure_share,
            "outcome_share": self.outcome_share,
            "estimate": self.estimate,
            "std_error": self.std_error,
            "low": self.low,
            "high": self.high,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LinearFragility:
    """How easily an unmeasured confounder could explain a linear estimate away.

    Attributes
    ----------
    exposure, outcome : str
        Columns.
    estimate, std_error : float
        Coefficient of the exposure.
    degrees_of_freedom : int
        Residual degrees of freedom.
    partial_r2 : float
        Share of the outcome left unexplained by the covariates that the exposure explains.
    robustness_value : float
        Share of what is left of both exposure and outcome that a confounder must explain to bring the
        estimate to zero.
    robustness_value_limit : float
        The same to make the interval touch zero.
    level : float
        Confidence level.
    benchmarks : tuple of Benchmark
        Comparisons with measured covariates.
    """

    exposure: str
    outcome: str
    estimate: float
    std_error: float
    degrees_of_freedom: int
    partial_r2: float
    robustness_value: float
    robustness_value_limit: float
    level: float
    benchmarks: tuple[Benchmark, ...] = ()

    @property
    def t(self) -> float:
        """Estimate over standard error."""
        return self.estimate / self.std_error

    def adjusted(self, *, exposure_share: float, outcome_share: float) -> tuple[float, float]:
        """Return estimate and standard error beside a confounder of given partial R² with both.

        Raises
        ------
        InvalidArgument
            A share outside [0, 1).
        """
        for name, share in (("exposure_share", exposure_share), ("outcome_share", outcome_share)):
            if not 0 <= share < 1:
                raise InvalidArgument(
                    f"{name}={share!r} is a share of what is left unexplained: 0 to below 1."
                )
        df, se = self.degrees_of_freedom, self.std_error
        bias = se * math.sqrt(df) * math.sqrt(outcome_share * exposure_share / (1 - exposure_share))
        left = math.copysign(1.0, self.estimate) * (abs(self.estimate) - bias)
        error = se * math.sqrt((1 - outcome_share) / (1 - exposure_share)) * math.sqrt(df / (df - 1))
        return left, error

    def summary(self) -> str:
        """Return the robustness values and the benchmarks in sentences."""
        import textwrap

        rv, rv_limit = (
            number(100 * value, 3) for value in (self.robustness_value, self.robustness_value_limit)
        )
        lines = [
            f"{self.exposure} on {self.outcome}: {number(self.estimate)} (standard error "
            f"{number(self.std_error)}). An unmeasured confounder that explained {rv} % of what is left "
            "of both would explain it away; "
            f"{rv_limit} % would make the {100 * self.level:g} % interval reach zero."
        ]
        lines += [
            f"One {_times(b.times)}as strong as {', '.join(b.covariates)} would leave {number(b.estimate)} "
            f"({number(b.low)} to {number(b.high)})."
            for b in self.benchmarks
        ]
        return "\n".join(textwrap.fill(line, 80) for line in lines)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a benchmark."""
        import pandas as pd

        return pd.DataFrame([b.to_dict() for b in self.benchmarks])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "exposure": self.exposure,
            "outcome": self.outcome,
            "estimate": self.estimate,
            "std_error": self.std_error,
            "degrees_of_freedom": self.degrees_of_freedom,
            "partial_r2": self.partial_r2,
            "robustness_value": self.robustness_value,
            "robustness_value_limit": self.robustness_value_limit,
            "level": self.level,
            "benchmarks": [b.to_dict() for b in self.benchmarks],
        }


def fragility_of_fit(
    *,
    design: Array,
    exposure: Array,
    outcome: Array,
    groups: dict[tuple[str, ...], NDArray[np.intp]],
    times: tuple[float, ...],
    names: tuple[str, str],
    level: float,
) -> LinearFragility:
    """Fit outcome on exposure and design by least squares and say how fragile the coefficient is.

    Parameters
    ----------
    design : ndarray, shape (n, p)
        Intercept and covariates.
    exposure, outcome : ndarray, shape (n,)
        D and Y.
    groups : mapping of names to ndarray of int
        Columns of the design that make up each benchmark.
    times : tuple of float
        Strengths, in multiples of the benchmark.
    names : tuple of str
        Exposure, outcome.
    level : float
        Confidence level.

    Returns
    -------
    LinearFragility

    Raises
    ------
    DataError
        No degrees of freedom are left, or the covariates determine the exposure.
    """
    n, p = design.shape
    df = n - p - 1
    if df < 2:
        raise DataError(f"{n:,} patients leave no degrees of freedom beside {p} columns. Adjust for fewer.")
    q, _ = np.linalg.qr(design)
    d, y = exposure - q @ (q.T @ exposure), outcome - q @ (q.T @ outcome)
    if d @ d <= 1e-12 * max(float(exposure @ exposure), 1.0):
        raise DataError(f"The covariates determine {names[0]!r} exactly: nothing of it is left to compare.")
    slope = float(d @ y / (d @ d))
    rest = y - slope * d
    error = math.sqrt(float(rest @ rest) / df / float(d @ d))
    found = LinearFragility(
        exposure=names[0],
        outcome=names[1],
        estimate=slope,
        std_error=error,
        degrees_of_freedom=df,
        partial_r2=(slope / error) ** 2 / ((slope / error) ** 2 + df),
        robustness_value=_robustness(slope / error, df, 0.0),
        robustness_value_limit=_robustness(slope / error, df, level),
        level=level,
    )
    marks = [
        _benchmark(found, label, times_, *_shares(design, columns, exposure, outcome))
        for label, columns in groups.items()
        for times_ in times
    ]
    return LinearFragility(**{**_fields(found), "benchmarks": tuple(marks)})


def _times(times: float) -> str:
    return "" if times == 1 else f"{times:g} times "


def _fields(found: LinearFragility) -> dict[str, Any]:
    return {name: getattr(found, name) for name in LinearFragility.__dataclass_fields__}


def _robustness(t: float, df: int, level: float) -> float:
    """Return the robustness value at the estimate (level 0) or at the limit."""
    from scipy.special import stdtrit

    f = abs(t) / math.sqrt(df)
    critical = float(stdtrit(df - 1, 0.5 + level / 2)) / math.sqrt(df - 1) if level else 0.0
    left = f - critical
    if left <= 0:
        return 0.0
    if critical > 0 and f > 1 / critical:
        return (f**2 - critical**2) / (1 + f**2)
    return 0.5 * (math.sqrt(left**4 + 4 * left**2) - left**2)


def _shares(design: Array, columns: NDArray[np.intp], exposure: Array, outcome: Array) -> tuple[float, float]:
    """Return the partial R² of some columns with exposure, and with outcome given exposure."""
    without = np.delete(design, columns, axis=1)
    with_exposure = np.column_stack([design, exposure])
    of_exposure = 1 - _rss(design, exposure) / _rss(without, exposure)
    rest = np.column_stack([without, exposure])
    of_outcome = 1 - _rss(with_exposure, outcome) / _rss(rest, outcome)
    return of_exposure, of_outcome


def _rss(X: Array, y: Array) -> float:
    q, _ = np.linalg.qr(X)
    left = y - q @ (q.T @ y)
    return float(left @ left)


def _benchmark(
    found: LinearFragility, label: tuple[str, ...], times: float, of_exposure: float, of_outcome: float
) -> Benchmark:
    """Bound a confounder by a multiple of a measured one; Cinelli and Hazlett (2020), section 4.4."""
    from scipy.special import stdtrit

    exposure_share = times * of_exposure / (1 - of_exposure)
    between = times * of_exposure**2 / ((1 - times * of_exposure) * (1 - of_exposure))
    if exposure_share >= 1 or not 0 <= between < 1:
        raise InvalidArgument(
            f"A confounder {times:g} times as strong as {', '.join(label)} would explain more of the "
            "exposure than is left. Ask for a smaller multiple."
        )
    outcome_share = ((math.sqrt(times) + math.sqrt(between)) / math.sqrt(1 - between)) ** 2 * (
        of_outcome / (1 - of_outcome)
    )
    outcome_share = min(outcome_share, 1 - 1e-12)
    left, error = found.adjusted(exposure_share=exposure_share, outcome_share=outcome_share)
    half = float(stdtrit(found.degrees_of_freedom - 1, 0.5 + found.level / 2)) * error
    return Benchmark(
        covariates=label,
        times=times,
        exposure_share=exposure_share,
        outcome_share=outcome_share,
        estimate=left,
        std_error=error,
        low=left - half,
        high=left + half,
    )
