"""Intervals of several effects that hold together."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_seed, require_share
from causalmed.cohort import Cohort, StreamedCohort
from causalmed.engine import generator
from causalmed.errors import InvalidArgument
from causalmed.estimation.joint_law import critical_value, has_influence, joint_correlation, max_draws
from causalmed.results import Effect, Interval

__all__ = ["simultaneous"]


def simultaneous(
    effects: Iterable[Effect],
    *,
    level: float = 0.95,
    cohort: Cohort | StreamedCohort | None = None,
    seed: int = 0,
) -> tuple[Interval, ...]:
    r"""Widen the intervals of several differences until they hold all at once.

    .. math:: \hat\delta_j \pm c\,\widehat{se}_j, \qquad P\{\max_j |T_j| \le c\} = \text{level}

    with T jointly normal (t, where there are clusters) and correlated as the influence values of the effects
    are: what the patients of one effect share with those of another is not paid for twice, so that c lies
    below Bonferroni's.

    Parameters
    ----------
    effects : iterable of Effect
        Of the same patients, each with its influence values. The standard errors are their own, from
        wherever they come; the bootstrap included.
    level : float
        Probability that all intervals hold their truths, in (0, 1).
    cohort : Cohort or StreamedCohort, optional
        The patients; needed where the effects allow for clusters.
    seed : int
        Of 50,000 draws of the largest T.

    Returns
    -------
    tuple of Interval
        Differences (of risks, or means), in the order given.

    Raises
    ------
    InvalidArgument
        No effects; effects of different patients; influence values or clusters not at hand.

    References
    ----------
    Hothorn T, Bretz F, Westfall P (2008). Simultaneous inference in general parametric models. Biom J
    50:346-363, section 3.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed import AIPW, Cohort, Estimand, estimate
    >>> rng = np.random.default_rng(1)
    >>> table = pd.DataFrame(rng.random((2000, 3)) < 0.4, columns=["late", "cold", "ssi"])
    >>> cohort = Cohort.from_frame(table)
    >>> effects = [estimate(Estimand.given(exposure=name, outcome="ssi", adjustment_set=[]), cohort, AIPW())
    ...            for name in ("late", "cold")]
    >>> [str(interval) for interval in simultaneous(effects)]
    ['−0.0068 (95 % CI −0.057 to 0.043)', '−0.023 (95 % CI −0.073 to 0.028)']
    """
    given = tuple(effects)
    require_share("level", level, example=0.95)
    require_seed(seed)
    found = joint_correlation(_checked(given, cohort), _clusters(given, cohort))
    degrees = min(effect.functionals.degrees_of_freedom for effect in given)
    drawn = max_draws(found, degrees_of_freedom=degrees, random=generator(seed, "simultaneous"))
    critical = critical_value(drawn, 1 - level)
    return tuple(_widened(effect.difference, critical, level) for effect in given)


def _checked(effects: tuple[Effect, ...], cohort: Cohort | StreamedCohort | None) -> tuple[Effect, ...]:
    if not effects or not all(isinstance(effect, Effect) for effect in effects):
        raise InvalidArgument("simultaneous() needs at least one Effect, in a list.")
    if absent := [effect.exposure for effect in effects if not has_influence(effect)]:
        raise InvalidArgument(
            f"The effect of {absent[0]!r} kept no influence values, so what it shares with the others is "
            "unknown. Divide 1 - level by the number of effects."
        )
    kept = [effect.functionals.influence for effect in effects]
    sizes = {effect.n if rows is None else len(rows) for effect, rows in zip(effects, kept, strict=True)}
    prints = {effect.provenance.data_fingerprint for effect in effects}
    if len(sizes) > 1 or len(prints) > 1 or (cohort is not None and cohort.n not in sizes):
        raise InvalidArgument(
            "The effects are of different patients: nothing is known of how they go together."
        )
    return effects


def _clusters(effects: tuple[Effect, ...], cohort: Cohort | StreamedCohort | None) -> NDArray[np.intp] | None:
    if all(effect.clusters is None for effect in effects):
        return None
    if cohort is None or cohort.cluster_codes is None:
        raise InvalidArgument("The effects allow for clusters: say who is in which with cohort=.")
    return cohort.cluster_codes


def _widened(interval: Interval, critical: float, level: float) -> Interval:
    half = critical * interval.std_error
    return replace(interval, low=interval.estimate - half, high=interval.estimate + half, level=level)
