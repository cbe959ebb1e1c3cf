"""How strong would an unmeasured confounder have to be?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from causalmed.errors import ScaleNotDefined
from causalmed.results.interval import Interval
from causalmed.results.words import number

__all__ = ["EValue", "e_value"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EValue:
    """The E-value at the estimate and at the confidence limit nearer to no effect.

    Parameters
    ----------
    estimate : float
        Risk ratio that an unmeasured confounder would need with both the exposure and the outcome,
        beyond what was adjusted for, to explain the estimate away.
    limit : float
        The same for the limit; 1 where the interval already includes no effect.
    """

    estimate: float
    limit: float

    def __str__(self) -> str:
        return (
            f"An unmeasured illness that went together with the exposure and with the outcome by a risk "
            f"ratio of {number(self.estimate)} each could explain the estimate away; "
            f"{number(self.limit)} each would move the interval to no effect."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return the numbers as plain JSON types."""
        return {"estimate": self.estimate, "limit": self.limit}


def e_value(risk_ratio: Interval, *, null: float = 1.0) -> EValue:
    r"""E-value of a risk ratio.

    .. math:: E = RR^* + \sqrt{RR^* (RR^* - 1)}, \qquad RR^* = \max(RR/RR_0, RR_0/RR)

    Parameters
    ----------
    risk_ratio : Interval
        Risk ratio with its limits, all positive.
    null : float
        :math:`RR_0`, the true risk ratio one wants to move to; 1 for no effect.

    Returns
    -------
    EValue

    Raises
    ------
    ScaleNotDefined
        The ratio or ``null`` is not positive.

    References
    ----------
    VanderWeele TJ, Ding P (2017). Ann Intern Med 167:268-274, table 1 and appendix.

    Examples
    --------
    >>> bound = e_value(Interval(estimate=3.9, low=1.8, high=8.7, std_error=float("nan")))
    >>> round(bound.estimate, 2), round(bound.limit, 2)
    (7.26, 3.0)
    """
    if not (risk_ratio.estimate > 0 and null > 0):
        raise ScaleNotDefined("An E-value needs a positive risk ratio.")
    nearer = risk_ratio.low if risk_ratio.estimate >= null else risk_ratio.high
    reached = risk_ratio.low <= null <= risk_ratio.high
    return EValue(
        estimate=_bound(risk_ratio.estimate / null),
        limit=1.0 if reached or not nearer > 0 else _bound(nearer / null),
    )


def _bound(ratio: float) -> float:
    away = max(ratio, 1 / ratio)
    return away + math.sqrt(away * (away - 1))
