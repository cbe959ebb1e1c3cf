"""Other cohorts like ``postop``: the twelve effects drawn anew within what was published."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np

from causalmed.arguments import require_seed
from causalmed.datasets.mechanism import Node, Term
from causalmed.datasets.postop import cohort_options, frame_of
from causalmed.datasets.postop_constants import CAUSES, NODES, OUTCOME_NAME, PATIENTS
from causalmed.datasets.postop_graph import question_graph
from causalmed.datasets.postop_power import PowerDesign, power
from causalmed.datasets.postop_published import PUBLISHED, Published
from causalmed.datasets.simulate import FloatArray, linear_predictor, simulate
from causalmed.engine import generator

if TYPE_CHECKING:
    from causalmed.cohort import Cohort
    from causalmed.graph import Graph

__all__ = ["LEAST_POWER", "RedrawnPostop", "limits", "redraw_postop"]

LEAST_POWER: Final = 0.999
"""Power that each redrawn effect must have, at the first step of Holm's procedure."""

_ROWS: Final = 25_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RedrawnPostop:
    """A world like that of ``postop`` in which the twelve causes have other effects.

    Parameters
    ----------
    seed : int
        Of the effects, and of the patients drawn by :meth:`cohort`.
    odds_ratios : mapping of str to float
        Marginal odds ratio of each cause.
    nodes : tuple of Node
        The mechanisms.
    """

    seed: int
    odds_ratios: Mapping[str, float]
    nodes: tuple[Node, ...]

    def cohort(self, patients: int = PATIENTS) -> Cohort:
        """Draw patients of this world; the unmeasured cause is in no column."""
        from causalmed.cohort import Cohort

        frame = frame_of(simulate(self.nodes, patients, seed=self.seed), self.nodes)
        return Cohort.from_frame(frame, **cohort_options(self.nodes))  # type: ignore[arg-type]

    def graph(self) -> Graph:
        """Return the question graph: an arrow from every candidate."""
        return question_graph(self.nodes)


def redraw_postop(seed: int) -> RedrawnPostop:
    r"""Draw the effects of the twelve causes within their published intervals.

    The logarithm of each marginal odds ratio is normal, with the published limits as its central 95 %, and
    drawn again until it lies within them *and* 20,000 patients in 24 hospitals have a power of 99.9 % to
    show it after Holm at 1 %. The coefficients of the cause are then multiplied by the number that gives
    this marginal odds ratio, and the intercept is set so that the mean risk stays
    :attr:`PowerDesign.risk`:

    .. math:: \eta = \alpha^* + \sum_j s_j g_j(x) + r(x)

    with :math:`g_j` the terms whose first factor is cause j, and r all others, which stay as they are.

    Parameters
    ----------
    seed : int
        Non-negative.

    Returns
    -------
    RedrawnPostop

    Raises
    ------
    InvalidArgument
        The seed is no whole number from 0.

    Examples
    --------
    >>> one = redraw_postop(901)
    >>> low, high = limits(PUBLISHED["smoking"])
    >>> low < one.odds_ratios["smoking"] < high, one.cohort(100).n
    (True, 100)
    """
    require_seed(seed)
    targets = {name: _drawn(name, seed) for name in CAUSES}
    scales, shift = _solved(tuple(targets.values()))
    known = dict(zip(CAUSES, scales.tolist(), strict=True))
    nodes = tuple(_rescaled(node, known, shift) if node.name == OUTCOME_NAME else node for node in NODES)
    return RedrawnPostop(seed=seed, odds_ratios=targets, nodes=nodes)


def limits(published: Published) -> tuple[float, float]:
    """Return the published limits as odds ratios.

    A risk ratio R is turned at the risk r of patients without the cause, R (1 − r)/(1 − R r), with r the mean
    risk of :class:`PowerDesign`.

    Examples
    --------
    >>> low, high = limits(Published(scale="risk", low=1.5, high=2.0, source=""))
    >>> round(low, 3), round(high, 3)
    (1.597, 2.276)
    """
    if published.scale == "odds":
        return published.low, published.high
    risk = PowerDesign().risk
    low, high = (ratio * (1 - risk) / (1 - ratio * risk) for ratio in (published.low, published.high))
    return low, high


def _drawn(name: str, seed: int) -> float:
    low, high = (math.log(limit) for limit in limits(PUBLISHED[name]))
    stream = generator(seed, "redraw", name)
    while True:
        value = stream.normal((low + high) / 2, (high - low) / (2 * 1.959964))
        ratio = math.exp(value)
        enough = low <= value <= high and power(prevalence=CAUSES[name].prevalence, odds_ratio=ratio)
        if enough >= LEAST_POWER:
            return ratio


@lru_cache(maxsize=1)
def _worlds() -> tuple[FloatArray, ...]:
    """Return [rest, g of each cause] of the same patients: as they are, then each cause at 1 and at 0."""
    upstream = [node for node in NODES if node.tier != "after"]
    natural = simulate(upstream, _ROWS, seed=0, block=7)
    worlds = [natural]
    for name in CAUSES:
        for arm in (1.0, 0.0):
            worlds.append(simulate(upstream, _ROWS, seed=0, block=7, do={name: arm}, given=natural))
    return tuple(_parts(world) for world in worlds)


def _parts(world: Mapping[str, FloatArray]) -> FloatArray:
    known = {node.name: node for node in NODES}
    outcome = known[OUTCOME_NAME]
    groups = {name: [part for part in outcome.terms if _owner(part) == name] for name in CAUSES}
    rest = [part for part in outcome.terms if _owner(part) not in CAUSES]
    whole = replace(outcome, terms=tuple(rest))
    columns = [linear_predictor(whole, world, known, _ROWS)]
    for terms in groups.values():
        own = replace(outcome, intercept=0.0, terms=tuple(terms))
        columns.append(linear_predictor(own, world, known, _ROWS))
    return np.column_stack(columns)


@lru_cache(maxsize=64)
def _solved(targets: tuple[float, ...]) -> tuple[FloatArray, float]:
    """Return the multipliers and the change of the intercept that meet the odds ratios and the risk."""
    from scipy.optimize import root

    goal, wanted = np.log(targets), PowerDesign().risk

    def missing(unknown: FloatArray) -> FloatArray:
        risks = np.array([_risk(parts, unknown[1:], unknown[0]) for parts in _worlds()])
        logits = np.log(risks / (1 - risks))
        return np.append(logits[1::2] - logits[2::2] - goal, logits[0] - math.log(wanted / (1 - wanted)))

    answer = root(missing, np.append(0.0, np.ones(len(targets))), method="hybr", tol=1e-5)
    assert answer.success, answer.message
    return np.asarray(answer.x[1:]), float(answer.x[0])


def _risk(parts: FloatArray, scales: FloatArray, shift: float) -> float:
    from scipy.special import expit

    return float(expit(shift + parts[:, 0] + parts[:, 1:] @ scales).mean())


def _owner(part: Term) -> str:
    return part.factors[0].node


def _rescaled(node: Node, scales: Mapping[str, float], shift: float) -> Node:
    terms = tuple(
        replace(part, coefficient=part.coefficient * scales.get(_owner(part), 1.0)) for part in node.terms
    )
    return replace(node, intercept=node.intercept + shift, terms=terms)
