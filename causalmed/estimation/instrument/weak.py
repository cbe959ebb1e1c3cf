"""What can be said with a weak instrument."""

from __future__ import annotations

import math
from dataclasses import dataclass

from causalmed.arguments import require_instance, require_share
from causalmed.errors import ScaleNotDefined
from causalmed.results import Effect, Functionals
from causalmed.results.words import number

__all__ = ["AndersonRubin", "anderson_rubin", "anderson_rubin_of"]


@dataclass(frozen=True, slots=True, kw_only=True)
class AndersonRubin:
    """The differences that the data do not contradict, however weak the instrument.

    Attributes
    ----------
    estimate : float
        The estimate.
    low, high : float
        Limits; -inf and inf where every difference is possible.
    shape : {"interval", "outside", "everything"}
        Between the limits; everything but what lies between them; or the whole line.
    level : float
        Confidence level.
    """

    estimate: float
    low: float
    high: float
    shape: str
    level: float

    def __contains__(self, value: float) -> bool:
        if self.shape == "outside":
            return value <= self.low or value >= self.high
        return self.low <= value <= self.high

    def __str__(self) -> str:
        at = f"{100 * self.level:g} % CI of Anderson and Rubin"
        if self.shape == "everything":
            return f"{number(self.estimate)} ({at}: any difference; the instrument is too weak)"
        if self.shape == "outside":
            return (
                f"{number(self.estimate)} ({at}: at most {number(self.low)}, or at least {number(self.high)})"
            )
        return f"{number(self.estimate)} ({at} {number(self.low)} to {number(self.high)})"


def anderson_rubin(effect: Effect, *, level: float | None = None) -> AndersonRubin:
    r"""Return the confidence set of a difference that holds its level with any instrument.

    .. math:: \{\beta : (\hat\Delta_Y - \beta \hat\Delta_A)^2 \le z^2\, \widehat{\operatorname{var}}
              (\hat\Delta_Y - \beta \hat\Delta_A)\}

    with the effects of the instrument on outcome and exposure. It is an interval if the instrument is
    strong, and may be all but an interval, or everything, if it is not.

    Parameters
    ----------
    effect : Effect
        Estimated with an instrument.
    level : float, optional
        Confidence level, in (0, 1); None: that of the effect.

    Returns
    -------
    AndersonRubin

    Raises
    ------
    ScaleNotDefined
        The effect was not estimated with an instrument, or with one of several columns.

    References
    ----------
    Anderson TW, Rubin H (1949). Ann Math Stat 20:46-63. Fieller EC (1954). JRSS B 16:175-185.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from causalmed import Cohort, Graph, estimate, identify
    >>> rng = np.random.default_rng(1)
    >>> u, near = rng.random(4000), rng.integers(0, 2, 4000)
    >>> late = (rng.random(4000) < 0.1 + 0.4 * u + 0.4 * near).astype(int)
    >>> ssi = (rng.random(4000) < 0.1 + 0.1 * late + 0.3 * u).astype(int)
    >>> graph = Graph.parse("dag { near -> late -> ssi; late <-> ssi }")
    >>> question = identify(graph, exposure="late", outcome="ssi")
    >>> cohort = Cohort.from_frame(pd.DataFrame({"near": near, "late": late, "ssi": ssi}))
    >>> print(anderson_rubin(estimate(question, cohort)))
    0.11 (95 % CI of Anderson and Rubin 0.041 to 0.18)
    """
    require_instance("effect", effect, Effect, how="estimate(…)")
    if "reduced_form" not in effect.functionals:
        raise ScaleNotDefined(
            "Only an effect estimated with one instrument column has this interval: it needs the effects of "
            "the instrument on outcome and exposure."
        )
    if level is not None:
        require_share("level", level, example=0.95)
    chosen = effect.level if level is None else float(level)
    return anderson_rubin_of(effect.functionals, level=chosen)


def anderson_rubin_of(functionals: Functionals, *, level: float) -> AndersonRubin:
    """Solve the quadratic in the difference."""
    y, a = functionals.index("reduced_form"), functionals.index("first_stage")
    reduced, first = functionals.values[y], functionals.values[a]
    V, q = functionals.covariance, functionals.quantile(level) ** 2
    # (reduced - beta first)^2 - q var(reduced - beta first) = upper beta^2 - 2 middle beta + lower
    upper = float(first**2 - q * V[a, a])
    middle = float(reduced * first - q * V[y, a])
    lower = float(reduced**2 - q * V[y, y])
    estimate = float(reduced / first)
    inside = middle**2 - upper * lower
    if inside <= 0 or upper == 0:
        return AndersonRubin(estimate=estimate, low=-math.inf, high=math.inf, shape="everything", level=level)
    root = math.sqrt(inside)
    ends = sorted(((middle - root) / upper, (middle + root) / upper))
    shape = "interval" if upper > 0 else "outside"
    return AndersonRubin(estimate=estimate, low=ends[0], high=ends[1], shape=shape, level=level)
