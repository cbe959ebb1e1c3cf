"""Which share of an effect runs through the mediators."""

from __future__ import annotations

from causalmed.arguments import require_instance
from causalmed.errors import ScaleNotDefined
from causalmed.results import Effect, Interval

__all__ = ["proportion_mediated"]


def proportion_mediated(effect: Effect) -> Interval:
    r"""Return the share of the total difference that the natural indirect effect makes up.

    .. math:: \frac{E[Y(a, M(a))] - E[Y(a, M(b))]}{E[Y(a, M(a))] - E[Y(b, M(b))]}

    with a delta-method interval. It is a share only where both parts go the same way; it may be below 0 or
    above 1 otherwise.

    Parameters
    ----------
    effect : Effect
        A natural direct or indirect effect.

    Returns
    -------
    Interval

    Raises
    ------
    ScaleNotDefined
        The total effect may be zero (its interval holds 0), so a share of it has no finite interval; or this
        is not a natural effect.

    References
    ----------
    VanderWeele TJ, Vansteelandt S (2010). Am J Epidemiol 172:1339-1348.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from causalmed import Cohort, Graph, estimate, identify
    >>> rng = np.random.default_rng(1)
    >>> late = rng.integers(0, 2, 4000)
    >>> icu = (rng.random(4000) < 0.2 + 0.3 * late).astype(int)
    >>> ssi = (rng.random(4000) < 0.1 + 0.1 * late + 0.2 * icu).astype(int)
    >>> cohort = Cohort.from_frame(pd.DataFrame({"late": late, "icu": icu, "ssi": ssi}))
    >>> graph = Graph.parse("dag { late -> icu -> ssi; late -> ssi }")
    >>> direct = identify(graph, exposure="late", outcome="ssi", effect="natural_direct", mediators=["icu"])
    >>> print(proportion_mediated(estimate(direct, cohort)))
    0.37 (95 % CI 0.28 to 0.46)
    """
    require_instance("effect", effect, Effect, how="estimate(…)")
    f = effect.functionals
    if "both" in f:
        both, direct, neither = "both", "exposed", "unexposed"
    elif "neither" in f:
        both, direct, neither = "exposed", "unexposed", "neither"
    else:
        raise ScaleNotDefined(
            "Only a natural direct or indirect effect has a share that runs through mediators."
        )
    total = f[both] - f[neither]
    error = f.std_error(f.gradient(**{both: 1.0, neither: -1.0}))
    if abs(total) <= f.quantile(effect.level) * error:
        raise ScaleNotDefined(
            f"The total effect of {effect.exposure} may be zero, so no share of it can be given. Report the "
            "direct and the indirect effect themselves."
        )
    share = (f[both] - f[direct]) / total
    gradient = f.gradient(**{both: (1 - share) / total, direct: -1 / total, neither: share / total})
    half = f.quantile(effect.level) * f.std_error(gradient)
    return Interval(
        estimate=share,
        low=share - half,
        high=share + half,
        std_error=f.std_error(gradient),
        level=effect.level,
    )
