r"""How many patients a real trial of two arms needs.

Its patients are in one arm each, so their noise is not shared. With means :math:`m_a, m_b` and standard
deviations :math:`s_a, s_b` of the virtual arms, and for a binary outcome the pooled
:math:`s_0^2 = 2 \bar p (1 - \bar p)` under no difference (else :math:`s_0^2 = s_a^2 + s_b^2`),

.. math:: n = \frac{(z_{1-\alpha/2}\, s_0 + z_{\text{power}} \sqrt{s_a^2 + s_b^2})^2}{(m_a - m_b)^2}

patients an arm.

References
----------
Fleiss JL, Levin B, Paik MC (2003). Statistical methods for rates and proportions, 3rd ed., equation 4.14.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.special import ndtr, ndtri

from causalmed.arguments import require_share
from causalmed.errors import InvalidArgument
from causalmed.scm.request import at_least
from causalmed.scm.trial.contrasts import TrialContrast

__all__ = ["PlannedTrial", "planned"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlannedTrial:
    """A real trial of two arms of equal size.

    Parameters
    ----------
    patients : int
        Patients an arm that give the wanted power.
    power, alpha : float
        Wanted power, two-sided level.
    given : int or None
        Patients an arm that were asked about.
    power_given : float
        The power that they give; not a number where none were asked about.
    difference : float
        The difference that is assumed to be true. It is the model's, without its error.
    """

    patients: int
    power: float
    alpha: float
    given: int | None
    power_given: float
    difference: float


def planned(found: TrialContrast, *, power: float, alpha: float, patients: int | None) -> PlannedTrial:
    """Plan a trial; see :meth:`VirtualTrial.plan_trial`."""
    require_share("power", power, example=0.8)
    require_share("alpha", alpha, example=0.05)
    if patients is not None:
        at_least(2, patients, "patients")
    if not abs(found.difference) > 4 * found.monte_carlo_error:
        raise InvalidArgument(
            f"The arms differ by {found.difference:.2g}, with a Monte-Carlo error of "
            f"{found.monte_carlo_error:.2g}: too little to plan a trial on. Use more twins, or other arms."
        )
    each = math.hypot(*found.spreads)
    pooled = sum(found.means) / 2
    null = math.sqrt(2 * pooled * (1 - pooled)) if found.binary else each
    size, z = abs(found.difference), float(ndtri(1 - alpha / 2))
    needed = ((z * null + float(ndtri(power)) * each) / size) ** 2
    reached = math.nan
    if patients is not None:
        reached = float(ndtr((size * math.sqrt(patients) - z * null) / each))
    return PlannedTrial(
        patients=math.ceil(needed),
        power=power,
        alpha=alpha,
        given=patients,
        power_given=reached,
        difference=found.difference,
    )
