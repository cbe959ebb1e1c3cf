"""A risk-adjusted chart of outcomes, with a limit that is simulated for these patients."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalmed.arguments import require_seed, require_share
from causalmed.engine import generator
from causalmed.errors import DataError, InvalidArgument

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["CusumChart", "risk_adjusted_cusum"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CusumChart:
    """A risk-adjusted cumulative sum; made by :func:`risk_adjusted_cusum`.

    Parameters
    ----------
    values : ndarray, shape (n,)
        The sum after every patient, in the order of time.
    limit : float
        Crossed by chance alone with probability ``alpha`` within these n patients.
    signal : int or None
        Number of the first patient (from 0) at which the limit is reached.
    odds_ratio : float
        The change that is looked for.
    alpha : float
        Probability of a false signal within these patients.
    """

    values: Array
    limit: float
    signal: int | None
    odds_ratio: float
    alpha: float

    def summary(self) -> str:
        """Return one sentence."""
        what = f"odds {self.odds_ratio:g} times those predicted"
        if self.signal is None:
            return f"In {len(self.values):,} patients the chart for {what} did not reach its limit."
        return (
            f"The chart for {what} reached its limit at patient {self.signal + 1:,} of {len(self.values):,}. "
            f"By chance alone {100 * self.alpha:g} in 100 such charts do."
        )

    def to_frame(self) -> pd.DataFrame:
        """Return a row a patient: number, value, limit."""
        import pandas as pd

        number = np.arange(1, len(self.values) + 1)
        return pd.DataFrame({"patient": number, "value": self.values, "limit": self.limit})


def risk_adjusted_cusum(
    outcome: ArrayLike,
    risk: ArrayLike,
    *,
    odds_ratio: float = 2.0,
    alpha: float = 0.05,
    runs: int = 2000,
    seed: int = 0,
) -> CusumChart:
    r"""Look for a change of the odds against the predicted risks, patient by patient.

    .. math:: W_t = \max\{0,\; W_{t-1} + y_t \log R - \log(1 - p_t + R\,p_t)\}

    Steiner, Cook, Farewell and Treasure (2000), Biostatistics 1:441-452. The limit is the :math:`1 - \alpha`
    quantile of the highest value in ``runs`` charts of the same patients whose outcomes are drawn from the
    predicted risks.

    Parameters
    ----------
    outcome : array-like, shape (n,)
        0 or 1, in the order of time.
    risk : array-like, shape (n,)
        Predicted before the outcome, in (0, 1).
    odds_ratio : float
        The change looked for, positive and not 1; below 1 for an improvement.
    alpha : float
        Probability of a false signal within these patients.
    runs : int
        Simulated charts, at least 100.
    seed : int
        Of the simulation.

    Returns
    -------
    CusumChart

    Raises
    ------
    InvalidArgument
        Settings out of range.
    DataError
        Outcomes that are not 0 or 1, risks outside (0, 1), different lengths.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> risk = rng.uniform(0.05, 0.2, 600)
    >>> odds = risk / (1 - risk) * np.where(np.arange(600) < 300, 1, 3)
    >>> chart = risk_adjusted_cusum((rng.random(600) < odds / (1 + odds)).astype(int), risk)
    >>> chart.signal is not None and chart.signal > 300
    True
    """
    require_share("alpha", alpha, example=0.05)
    require_seed(seed)
    if not isinstance(odds_ratio, int | float) or not 0 < odds_ratio < math.inf or odds_ratio == 1:
        raise InvalidArgument(f"odds_ratio={odds_ratio!r} must be positive and not 1, for example 2.")
    if not isinstance(runs, int) or isinstance(runs, bool) or runs < 100:
        raise InvalidArgument(f"runs={runs!r} must be a whole number of charts, at least 100.")
    y, p = _checked(outcome, risk)
    event, base = math.log(odds_ratio), -np.log1p(p * (odds_ratio - 1))
    values = _chart(y[:, None] * event + base[:, None])[:, 0]
    limit = float(np.quantile(_highest(p, event=event, base=base, runs=runs, seed=seed), 1 - alpha))
    crossed = np.flatnonzero(values > limit)
    values.setflags(write=False)
    return CusumChart(
        values=values,
        limit=limit,
        signal=int(crossed[0]) if len(crossed) else None,
        odds_ratio=odds_ratio,
        alpha=alpha,
    )


def _chart(steps: Array) -> Array:
    """Add up steps in columns, never below 0: the sum minus its lowest value so far, and 0."""
    total = np.cumsum(steps, axis=0)
    return np.asarray(total - np.minimum(np.minimum.accumulate(total, axis=0), 0.0))


def _highest(p: Array, *, event: float, base: Array, runs: int, seed: int) -> Array:
    rng = generator(seed, "cusum")
    found = []
    for start in range(0, runs, 50):
        drawn = rng.random((len(p), min(50, runs - start))) < p[:, None]
        found.append(_chart(drawn * event + base[:, None]).max(axis=0))
    return np.concatenate(found)


def _checked(outcome: ArrayLike, risk: ArrayLike) -> tuple[Array, Array]:
    try:
        y, p = np.asarray(outcome, dtype=np.float64), np.asarray(risk, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise DataError(f"Outcomes and risks must be numbers: {error}") from error
    if y.ndim != 1 or y.shape != p.shape or not len(y):
        raise DataError(
            f"Outcomes have shape {y.shape}, risks {p.shape}: give one of each for every patient."
        )
    if not np.isin(y, (0.0, 1.0)).all():
        raise DataError("Outcomes must be 0 or 1, without missing values.")
    if not ((p > 0) & (p < 1)).all():
        raise DataError("Risks must lie between 0 and 1, both excluded, without missing values.")
    return y, p
