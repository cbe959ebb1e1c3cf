r"""Does a virtual trial agree with one that was published?

With the estimate :math:`\hat\theta_p` of a published trial on a scale, its error from the limits that were
printed, :math:`s_p = (u - l) / (2 z)`, and the same of the virtual trial,

.. math:: d = \hat\theta_v - \hat\theta_p, \qquad s_d = \sqrt{s_v^2 + s_p^2},

ratios on their logarithm. The two trials share no patients.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from scipy.special import ndtri

from causalmed.arguments import require_share
from causalmed.errors import InvalidArgument
from causalmed.results import Interval
from causalmed.scm.trial.contrasts import TrialContrast

__all__ = ["PublishedComparison", "compared"]

SCALES: Final = ("difference", "risk_ratio", "odds_ratio")


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedComparison:
    """A virtual trial beside a published one.

    Parameters
    ----------
    scale : str
        "difference", "risk_ratio" or "odds_ratio".
    virtual, published : Interval
        The two estimates; the virtual one holds Monte-Carlo error and the error of the model.
    discrepancy : Interval
        Virtual less published; virtual over published, for a ratio.
    has_model_error : bool
        False where the mechanisms were taken as exact: the discrepancy is then judged too harshly.
    """

    scale: str
    virtual: Interval
    published: Interval
    discrepancy: Interval
    has_model_error: bool

    @property
    def agrees(self) -> bool:
        """Whether the interval of the discrepancy holds no discrepancy."""
        return (0.0 if self.scale == "difference" else 1.0) in self.discrepancy

    def summary(self) -> str:
        """Say it in a few lines."""
        name = "minus" if self.scale == "difference" else "over"
        lines = [
            f"{self.scale.replace('_', ' ')}: virtual {self.virtual}, published {self.published}",
            f"  virtual {name} published: {self.discrepancy}",
            "  What the two trials leave open includes agreement; it may include much else."
            if self.agrees
            else "  They disagree by more than their errors: patients, care or the model differ.",
        ]
        if not self.has_model_error:
            lines.append("  The mechanisms are taken as exact; their error is not in the interval.")
        return "\n".join(lines)


def compared(
    found: TrialContrast, *, estimate: float, low: float, high: float, scale: str, level: float
) -> PublishedComparison:
    """Compare a contrast with what was published; see :meth:`VirtualTrial.against_published`."""
    if scale not in SCALES:
        raise InvalidArgument.option("scale", scale, SCALES)
    if scale != "difference" and not found.binary:
        raise InvalidArgument(f"scale={scale!r} is for a binary outcome; {found.outcome!r} is a number.")
    require_share("level", level, example=0.95)
    numbers = (estimate, low, high)
    if not all(isinstance(x, int | float) and math.isfinite(x) for x in numbers) or not low < high:
        raise InvalidArgument(
            f"The published estimate {estimate!r} needs two finite limits, low below high, not {low!r} and "
            f"{high!r}."
        )
    if not low <= estimate <= high or (scale != "difference" and low <= 0):
        raise InvalidArgument(
            f"The published estimate {estimate:g} must lie within its limits {low:g} and {high:g}"
            f"{'' if scale == 'difference' else ', all above 0'}."
        )
    ratio, z = scale != "difference", float(ndtri(0.5 + level / 2))
    theirs, left, right = (math.log(x) if ratio else float(x) for x in numbers)
    ours, error = _on_scale(found, scale)
    s = (right - left) / (2 * z)
    return PublishedComparison(
        scale=scale,
        virtual=_interval(ours, z * error, error, ratio=ratio, level=level),
        published=Interval(
            estimate=float(estimate), low=float(low), high=float(high), std_error=s, level=level
        ),
        discrepancy=_interval(
            ours - theirs, z * math.hypot(error, s), math.hypot(error, s), ratio=ratio, level=level
        ),
        has_model_error=not math.isnan(found.model_error),
    )


def _on_scale(found: TrialContrast, scale: str) -> tuple[float, float]:
    """Return estimate and error; that of a ratio by the delta method."""
    if scale == "difference":
        return found.difference, found.interval.std_error
    a, b = found.means
    if not (0 < a < 1 and 0 < b < 1):
        raise InvalidArgument(f"A ratio of the risks {a:g} and {b:g} is not defined.")
    if scale == "risk_ratio":
        estimate, gradient = math.log(a / b), np.array([1 / a, -1 / b])
    else:
        estimate = math.log(a / (1 - a)) - math.log(b / (1 - b))
        gradient = np.array([1 / (a * (1 - a)), -1 / (b * (1 - b))])
    return estimate, float(np.sqrt(gradient @ np.array(found.covariance) @ gradient))


def _interval(estimate: float, width: float, error: float, *, ratio: bool, level: float) -> Interval:
    ends = (estimate, estimate - width, estimate + width)
    shown = tuple(math.exp(x) if ratio else x for x in ends)
    return Interval(estimate=shown[0], low=shown[1], high=shown[2], std_error=error, level=level)
