r"""Systematic error measured on negative controls, and intervals that allow for it.

Negative controls are outcomes (or exposures) known to have no effect. Their log risk ratios
:math:`\hat\theta_i` with standard errors :math:`s_i` show how far a study design is off:
:math:`\hat\theta_i \sim N(\mu, \tau^2 + s_i^2)`, fitted by maximum likelihood. A new estimate is then read as
:math:`N(\theta + \mu, \tau^2 + s^2)`. The expected absolute systematic error is

.. math:: \mathrm{EASE} = E|N(\mu, \tau^2)| = \tau \sqrt{2/\pi}\, e^{-\mu^2 / 2 \tau^2}
          + \mu \{1 - 2 \Phi(-\mu / \tau)\}.

(Schuemie MJ, Ryan PB, DuMouchel W, Suchard MA, Madigan D 2014. Stat Med 33:209-218; Schuemie MJ, Hripcsak G,
Ryan PB, Madigan D, Suchard MA 2018. PNAS 115:2571-2577; Schuemie MJ and others 2020. PLoS One 15:e0226718
(EASE).)
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument, NotEnoughEvents, ScaleNotDefined
from causalmed.results import Check, Effect, Interval, State
from causalmed.results.words import number

__all__ = ["SystematicError", "fit_systematic_error"]

Array = NDArray[np.float64]
_FEWEST: Final = 5
_LARGEST_EASE: Final = 0.25
_ABSURD: Final = math.log(100)


@dataclass(frozen=True, slots=True, kw_only=True)
class SystematicError:
    r"""How far off a design is, as the negative controls show it.

    Attributes
    ----------
    mean, spread : float
        :math:`\mu` and :math:`\tau`, on the log risk ratio.
    controls : int
        Negative controls it rests on.
    left_out : int
        Controls without a usable estimate.
    """

    mean: float
    spread: float
    controls: int
    left_out: int = 0

    @property
    def expected_absolute(self) -> float:
        """Expected absolute systematic error, on the log risk ratio."""
        if self.spread == 0:
            return abs(self.mean)
        z = self.mean / self.spread
        return self.spread * math.sqrt(2 / math.pi) * math.exp(-(z**2) / 2) + self.mean * math.erf(
            z / math.sqrt(2)
        )

    def calibrate(self, effect: Effect | Interval, *, level: float = 0.95) -> Interval:
        """Return a risk ratio whose interval allows for the systematic error.

        Parameters
        ----------
        effect : Effect or Interval
            An effect on a binary outcome, or a risk ratio with its standard error.
        level : float
            Confidence level, in (0, 1).

        Raises
        ------
        ScaleNotDefined
            No positive risk ratio, or no standard error.
        """
        from scipy.special import ndtri

        log_ratio, error = _log_ratio(effect)
        centre, total = log_ratio - self.mean, math.hypot(error, self.spread)
        half = float(ndtri(0.5 + level / 2)) * total
        return Interval(
            estimate=math.exp(centre),
            low=math.exp(centre - half),
            high=math.exp(centre + half),
            std_error=math.exp(centre) * total,
            level=level,
        )

    def check(self) -> Check:
        """Return the verdict on the design; the line is an expected error of 0.25."""
        ease = self.expected_absolute
        return Check(
            name="negative controls",
            state=State.PASS if ease <= _LARGEST_EASE else State.FAIL,
            sentence=(
                f"{self.controls} outcomes that the exposure cannot cause moved by a factor of "
                f"{number(math.exp(ease), 3)} on average, where none should."
            ),
            value=ease,
            threshold=_LARGEST_EASE,
            advice=(
                "Calibration cannot repair so biased a design: look for confounders that were not measured."
            ),
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain JSON types."""
        return {
            "mean": self.mean,
            "spread": self.spread,
            "expected_absolute": self.expected_absolute,
            "controls": self.controls,
            "left_out": self.left_out,
        }


def fit_systematic_error(controls: Iterable[Effect | Interval]) -> SystematicError:
    """Fit the systematic error of a design to its negative controls.

    Parameters
    ----------
    controls : iterable of Effect or Interval
        Effects (risk ratios) of the same design on outcomes it cannot have caused; at least five.

    Returns
    -------
    SystematicError

    Raises
    ------
    NotEnoughEvents
        Fewer than five controls have a usable risk ratio.
    InvalidArgument
        Something else than effects or intervals.

    Examples
    --------
    >>> ratios = np.exp([0.25, 0.10, 0.30, 0.22, 0.18, 0.31])
    >>> found = fit_systematic_error(
    ...     Interval(estimate=r, low=r / 1.1, high=r * 1.1, std_error=0.05 * r) for r in ratios)
    >>> round(found.mean, 2), round(found.expected_absolute, 2)
    (0.23, 0.23)
    >>> print(found.calibrate(Interval(estimate=1.4, low=1.2, high=1.6, std_error=0.1)))
    1.1 (95 % CI 0.94 to 1.3)
    """
    given = list(controls)
    for one in given:
        if not isinstance(one, Effect | Interval):
            raise InvalidArgument(
                f"A negative control is an Effect or an Interval, not a {type(one).__name__}."
            )
    usable = [pair for pair in map(_usable, given) if pair is not None]
    if len(usable) < _FEWEST:
        raise NotEnoughEvents(
            f"{len(usable)} of {len(given)} negative controls have a risk ratio that can be used; at least "
            f"{_FEWEST} are needed to see how far the design is off. Add outcomes the exposure cannot cause."
        )
    theta, s = np.array(usable).T
    spread = _spread(theta, s)
    weights = 1 / (spread**2 + s**2)
    return SystematicError(
        mean=float(weights @ theta / weights.sum()),
        spread=spread,
        controls=len(usable),
        left_out=len(given) - len(usable),
    )


def _spread(theta: Array, s: Array) -> float:
    """Maximise the likelihood, profiled over the mean, in the spread."""
    from scipy.optimize import minimize_scalar

    def loss(tau: float) -> float:
        v = tau**2 + s**2
        mu = (theta / v).sum() / (1 / v).sum()
        return float(0.5 * (np.log(v) + (theta - mu) ** 2 / v).sum())

    widest = float(np.ptp(theta)) + float(s.max())
    grid = np.linspace(0.0, widest, 200)
    at = int(np.argmin([loss(float(tau)) for tau in grid]))
    low, high = float(grid[max(at - 1, 0)]), float(grid[min(at + 1, 199)])
    found = minimize_scalar(loss, bounds=(low, high), method="bounded", options={"xatol": 1e-10})
    best = float(found.x)
    return 0.0 if loss(0.0) <= loss(best) else best


def _log_ratio(effect: Effect | Interval) -> tuple[float, float]:
    ratio = effect.risk_ratio if isinstance(effect, Effect) else effect
    if not (ratio.estimate > 0 and ratio.std_error >= 0):
        raise ScaleNotDefined("Calibration needs a positive risk ratio with a standard error.")
    return math.log(ratio.estimate), ratio.std_error / ratio.estimate


def _usable(effect: Effect | Interval) -> tuple[float, float] | None:
    try:
        log_ratio, error = _log_ratio(effect)
    except ScaleNotDefined:
        return None
    if not (math.isfinite(error) and error > 0) or abs(log_ratio) > _ABSURD:
        return None
    return log_ratio, error
