r"""Probabilities of causation from frequencies: necessity, sufficiency, both.

With :math:`x, y` for exposed and event, :math:`y_x` for an event under exposure, :math:`y_{x'}` without:

.. math::
   PN = P(y'_{x'} \mid x, y), \qquad PS = P(y_x \mid x', y'), \qquad PNS = P(y_x, y'_{x'}).

References
----------
Tian J, Pearl J (2000). Probabilities of causation: bounds and identification. Ann Math Artif
Intell 28:287-313.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from causalmed.errors import DataError, InvalidArgument

__all__ = ["CausationBounds", "causation_bounds"]

Pair = tuple[float, float]
_SLACK = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class CausationBounds:
    """Sharp bounds of the three probabilities; a point where both ends agree.

    Parameters
    ----------
    necessity : tuple of float
        Of those exposed with the event, the share who would have been spared without exposure.
    sufficiency : tuple of float
        Of those unexposed without the event, the share who would have had it with exposure.
    both : tuple of float
        Of all, the share who have the event with exposure and not without.
    assumptions : tuple of str
        What must hold.

    Examples
    --------
    >>> causation_bounds(experiment=(0.5, 0.25)).necessity
    (0.5, 1.0)
    """

    necessity: Pair
    sufficiency: Pair
    both: Pair
    assumptions: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """P(y_x), P(y_x') and the joint law of exposure and event, all without sampling error."""

    treated: float
    untreated: float
    joint: Mapping[tuple[int, int], float]

    @property
    def event(self) -> float:
        return self.joint[1, 1] + self.joint[0, 1]


def causation_bounds(
    *,
    experiment: Pair | None = None,
    observation: Mapping[tuple[int, int], float] | None = None,
    exogenous: bool = False,
    monotone: bool = False,
) -> CausationBounds:
    r"""Bound necessity, sufficiency and both from an experiment, from observation, or from both together.

    .. math::
       \max\{0, \tfrac{P(y) - P(y_{x'})}{P(x, y)}\} \le PN \le
       \min\{1, \tfrac{P(y'_{x'}) - P(x', y')}{P(x, y)}\}

    Parameters
    ----------
    experiment : tuple of two float, optional
        Risks with and without exposure in a trial, in [0, 1]. Alone, exposure is taken as random.
    observation : mapping of (int, int) to float, optional
        (exposed, event) → probability, all four; they sum to 1.
    exogenous : bool
        With observation alone: exposed and unexposed are exchangeable.
    monotone : bool
        Exposure spares nobody. Where the risks are known, each answer is then a point.

    Returns
    -------
    CausationBounds

    Raises
    ------
    InvalidArgument
        Neither is given, or a number is no probability.
    DataError
        Experiment and observation cannot both be true of one population, or monotonicity is contradicted.

    References
    ----------
    Tian J, Pearl J (2000). Ann Math Artif Intell 28:287-313.

    Examples
    --------
    A drug in a trial, and in patients who chose for themselves:

    >>> found = causation_bounds(
    ...     experiment=(0.016, 0.014),
    ...     observation={(1, 1): 0.001, (1, 0): 0.499, (0, 1): 0.014, (0, 0): 0.486})
    >>> tuple(round(end, 6) for end in found.necessity)
    (1.0, 1.0)
    """
    if experiment is None and observation is None:
        raise InvalidArgument(
            "Give experiment=(risk with exposure, risk without), observation={(1, 1): …}, or both."
        )
    joint = None if observation is None else _joint(observation)
    if experiment is None and joint is not None and not exogenous:
        return CausationBounds(
            necessity=(0.0, 1.0),
            sufficiency=(0.0, 1.0),
            both=(0.0, joint[1, 1] + joint[0, 0]),
            assumptions=(),
        )
    known = _known(experiment, joint, exogenous=exogenous)
    assumed = ("exposure is as good as random",) if experiment is None or joint is None else ()
    _consistent(known)
    if monotone:
        return _points(known, (*assumed, "exposure spares nobody"))
    return _bounds(known, assumed)


def _bounds(known: _Known, assumed: tuple[str, ...]) -> CausationBounds:
    p1, p0, p, joint = known.treated, known.untreated, known.event, known.joint
    both = (
        max(0.0, p1 - p0, p - p0, p1 - p),
        min(p1, 1 - p0, joint[1, 1] + joint[0, 0], p1 - p0 + joint[1, 0] + joint[0, 1]),
    )
    necessity = _ratio(p - p0, (1 - p0) - joint[0, 0], joint[1, 1])
    sufficiency = _ratio(p1 - p, p1 - joint[1, 1], joint[0, 0])
    return CausationBounds(
        necessity=necessity, sufficiency=sufficiency, both=(both[0], max(both)), assumptions=assumed
    )


def _points(known: _Known, assumed: tuple[str, ...]) -> CausationBounds:
    p1, p0, p = known.treated, known.untreated, known.event
    if min(p1 - p, p - p0) < -_SLACK:
        raise DataError(
            f"Monotonicity is contradicted: it needs P(y_x') ≤ P(y) ≤ P(y_x), and these are {p0:.4g}, "
            f"{p:.4g} and {p1:.4g}. Some patients are spared by exposure; ask without monotone=True."
        )
    necessity, sufficiency = (
        share / mass if mass > 0 else math.nan
        for share, mass in ((p - p0, known.joint[1, 1]), (p1 - p, known.joint[0, 0]))
    )
    return CausationBounds(
        necessity=(necessity, necessity),
        sufficiency=(sufficiency, sufficiency),
        both=(p1 - p0, p1 - p0),
        assumptions=assumed,
    )


def _ratio(low: float, high: float, mass: float) -> Pair:
    """Return a pair of shares of a mass, within [0, 1]; not a number where nobody is concerned."""
    if mass <= 0:
        return (math.nan, math.nan)
    return (max(0.0, low / mass), min(1.0, max(high, 0.0) / mass))


def _known(
    experiment: Pair | None, joint: Mapping[tuple[int, int], float] | None, *, exogenous: bool
) -> _Known:
    if experiment is not None:
        p1, p0 = (_probability("experiment", value) for value in experiment)
        if joint is None:
            joint = {(1, 1): p1 / 2, (1, 0): (1 - p1) / 2, (0, 1): p0 / 2, (0, 0): (1 - p0) / 2}
        elif exogenous:
            raise InvalidArgument("exogenous=True is for observation alone; the experiment gives the risks.")
        return _Known(treated=p1, untreated=p0, joint=joint)
    assert joint is not None
    arms = [joint[x, 1] + joint[x, 0] for x in (1, 0)]
    if min(arms) <= 0:
        raise DataError("Nobody is exposed, or everybody; the risk in the other group is not observed.")
    return _Known(treated=joint[1, 1] / arms[0], untreated=joint[0, 1] / arms[1], joint=joint)


def _joint(observation: Mapping[tuple[int, int], float]) -> dict[tuple[int, int], float]:
    cells = [(x, y) for x in (0, 1) for y in (0, 1)]
    if not isinstance(observation, Mapping) or set(observation) != set(cells):
        raise InvalidArgument(
            "observation= maps (exposed, event) to its probability, with the keys (1, 1), (1, 0), (0, 1), "
            f"(0, 0); got {observation!r}."
        )
    found = {cell: _probability("observation", observation[cell]) for cell in cells}
    if abs(sum(found.values()) - 1) > 1e-6:
        raise InvalidArgument(f"The probabilities of observation= sum to {sum(found.values()):.6g}, not 1.")
    return found


def _probability(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
        raise InvalidArgument(f"{name}= holds {value!r}, which is no probability between 0 and 1.")
    return float(value)


def _consistent(known: _Known) -> None:
    for risk, cell, other in ((known.treated, (1, 1), (1, 0)), (known.untreated, (0, 1), (0, 0))):
        if not known.joint[cell] - 1e-6 <= risk <= 1 - known.joint[other] + 1e-6:
            raise DataError(
                f"Experiment and observation contradict each other: the risk {risk:.4g} lies outside "
                f"{known.joint[cell]:.4g} to {1 - known.joint[other]:.4g}, which the observed frequencies "
                "allow. They come from different populations, or from samples too small."
            )
