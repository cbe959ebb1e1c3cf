r"""Which unmeasured binary confounder would tip a risk ratio?

A yes/no cause U of the outcome with risk ratio :math:`\gamma`, present in a share :math:`p_1` of the exposed
and :math:`p_0` of the unexposed (within strata of what was adjusted for), makes the risk ratio too large by

.. math:: B = \frac{1 + (\gamma - 1) p_1}{1 + (\gamma - 1) p_0}

(Bross IDJ 1966. J Chronic Dis 19:637-647; Lin DY, Psaty BM, Kronmal RA 1998. Biometrics 54:948-963,
equation 2.5), if U acts alike in both groups.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from causalmed.errors import InvalidArgument, ScaleNotDefined
from causalmed.results import Effect, Interval
from causalmed.results.words import number

__all__ = ["TippingPoint", "adjust_for_confounder", "tipping_point"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TippingPoint:
    """The confounder that would move an estimate, and its limit, to no effect.

    Attributes
    ----------
    prevalence_exposed, prevalence_unexposed : float
        Share of patients with the confounder in each arm.
    risk_ratio : float
        Its risk ratio with the outcome that would explain the estimate; infinite where none could.
    risk_ratio_limit : float
        The same for the limit nearer to no effect; 1 where the interval includes it already.
    """

    prevalence_exposed: float
    prevalence_unexposed: float
    risk_ratio: float
    risk_ratio_limit: float

    def __str__(self) -> str:
        who = (
            f"An unmeasured cause in {100 * self.prevalence_exposed:g} % of the exposed and "
            f"{100 * self.prevalence_unexposed:g} % of the unexposed"
        )
        if self.risk_ratio == float("inf"):
            return f"{who} could not explain the estimate, however strong."
        return (
            f"{who} would explain the estimate if it multiplied the risk by {number(self.risk_ratio)}; by "
            f"{number(self.risk_ratio_limit)}, it would move the interval to no effect."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain JSON types; None for infinity."""
        plain = {name: float(getattr(self, name)) for name in self.__dataclass_fields__}
        return {name: None if value == float("inf") else value for name, value in plain.items()}


def tipping_point(
    effect: Effect | Interval, *, prevalence_exposed: float, prevalence_unexposed: float
) -> TippingPoint:
    """Find the strength of an unmeasured yes/no cause that would tip a risk ratio.

    Parameters
    ----------
    effect : Effect or Interval
        An effect on a binary outcome, or a risk ratio with its limits.
    prevalence_exposed, prevalence_unexposed : float
        Share of patients with the cause in each arm, in [0, 1].

    Returns
    -------
    TippingPoint

    Raises
    ------
    InvalidArgument
        Shares outside [0, 1], or equal: such a cause confounds nothing.
    ScaleNotDefined
        The effect has no risk ratio.

    Examples
    --------
    >>> ratio = Interval(estimate=1.5, low=1.2, high=1.9, std_error=float("nan"))
    >>> print(tipping_point(ratio, prevalence_exposed=0.6, prevalence_unexposed=0.2))
    An unmeasured cause in 60 % of the exposed and 20 % of the unexposed would explain the estimate if it
    multiplied the risk by 2.7; by 1.6, it would move the interval to no effect.
    """
    ratio = effect.risk_ratio if isinstance(effect, Effect) else effect
    p1, p0 = _shares(prevalence_exposed, prevalence_unexposed)
    if p1 == p0:
        raise InvalidArgument(
            "A cause equally common in both arms confounds nothing: give two different shares."
        )
    if not ratio.estimate > 0:
        raise ScaleNotDefined("A tipping point needs a positive risk ratio.")
    nearer = ratio.low if ratio.estimate >= 1 else ratio.high
    reached = ratio.low <= 1 <= ratio.high
    return TippingPoint(
        prevalence_exposed=p1,
        prevalence_unexposed=p0,
        risk_ratio=_solve(ratio.estimate, p1, p0),
        risk_ratio_limit=1.0 if reached else _solve(nearer, p1, p0),
    )


def adjust_for_confounder(
    effect: Effect | Interval,
    *,
    risk_ratio: float,
    prevalence_exposed: float,
    prevalence_unexposed: float,
) -> Interval:
    """Return the risk ratio that would be left beside an unmeasured yes/no cause.

    Parameters
    ----------
    effect, prevalence_exposed, prevalence_unexposed
        As for :func:`tipping_point`.
    risk_ratio : float
        Risk ratio of the cause with the outcome, above 0.

    Returns
    -------
    Interval

    Examples
    --------
    >>> ratio = Interval(estimate=1.5, low=1.2, high=1.9, std_error=0.2)
    >>> print(adjust_for_confounder(ratio, risk_ratio=2, prevalence_exposed=0.6, prevalence_unexposed=0.2))
    1.1 (95 % CI 0.90 to 1.4)
    """
    ratio = effect.risk_ratio if isinstance(effect, Effect) else effect
    p1, p0 = _shares(prevalence_exposed, prevalence_unexposed)
    if isinstance(risk_ratio, bool) or not isinstance(risk_ratio, int | float) or not risk_ratio > 0:
        raise InvalidArgument(f"risk_ratio={risk_ratio!r} must be above 0.")
    bias = (1 + (risk_ratio - 1) * p1) / (1 + (risk_ratio - 1) * p0)
    return Interval(
        estimate=ratio.estimate / bias,
        low=ratio.low / bias,
        high=ratio.high / bias,
        std_error=ratio.std_error / bias,
        level=ratio.level,
    )


def _solve(ratio: float, p1: float, p0: float) -> float:
    """Return gamma with B = ratio; infinite where no positive one exists."""
    below = p1 - ratio * p0
    found = 1 + (ratio - 1) / below if below != 0 else float("inf")
    return found if found > 0 else float("inf")


def _shares(*given: float) -> tuple[float, float]:
    for share in given:
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
            raise InvalidArgument(f"A prevalence of {share!r} must be a share of the patients, 0 to 1.")
    return float(given[0]), float(given[1])
