r"""Effects by the g-formula over the model's factors.

With observed patients i = 1 … n, draws r of the noise of the nodes between exposure and outcome, and the
outcome averaged exactly,

.. math:: \hat E[Y(a)] = \frac{1}{n R} \sum_i \sum_r E[\,Y \mid \mathrm{pillow}_Y = (v_i, x_{ir}(a))\,].

Two errors are kept apart. The Monte-Carlo error comes from R and is shown as a check. The covariance comes
from the patients, by the resampling of :mod:`causalmed.scm.resampling`.

References
----------
Robins J (1986). Math Modelling 7:1393-1512.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from causalmed.engine import Local
from causalmed.errors import InvalidArgument, NotEnoughEvents, UnknownNode
from causalmed.results import Effect, Functionals
from causalmed.scm.assignment import read_interventions
from causalmed.scm.effect_report import LABELS, as_effect
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.nodes import columns_of
from causalmed.scm.request import Request
from causalmed.scm.resampling import Resampled, resampled
from causalmed.scm.terms import FloatArray, Values
from causalmed.scm.worlds import NOTHING, Arm, Worlds, expected_outcome

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["scm_effect"]

_ROWS_BY_HAND: Final = 100_000


def scm_effect(model: StructuralCausalModel, ask: Request) -> Effect:
    """Compute an effect; see :meth:`StructuralCausalModel.effect`."""
    if unknown := [str(name) for name in ask.exposures if name not in model.nodes]:
        raise UnknownNode.among(unknown, model.nodes)
    stated = tuple(read_interventions(arm, model.nodes, rows=1) for arm in ask.arms)
    if model.nodes[ask.outcome].kind in {"ordinal", "categorical"}:
        raise InvalidArgument(
            f"{ask.outcome!r} has levels without a mean. Ask for a binary or numeric outcome."
        )
    plans = [
        model.plan(exposures=each.exposures, targets=(ask.outcome,), rules=each.rules) for each in stated
    ]
    read = (node for each in stated for reads in each.rules.values() for node in reads)
    columns = model.factors.closure((ask.outcome, *ask.exposures, *read))
    given = None if model.cohort is None else columns_of(model.cohort, columns, model.nodes)
    rows = _ROWS_BY_HAND if given is None else len(given[ask.outcome])
    pair = [
        Arm(
            worlds=Worlds(
                plan=plan,
                outcome=ask.outcome,
                rows=rows,
                given=given,
                seed=ask.seed,
                assignments=each.assignments,
            ),
            intervention=each,
        )
        for plan, each in zip(plans, stated, strict=True)
    ]
    arms = (pair[0], pair[1])
    if given is None:
        functionals, error = _drawn(arms, model.mechanisms, ask)
        return as_effect(model, ask, arms, functionals=functionals, error=error, crude=None)
    functionals, error, crude = _observed(arms, model, ask, given)
    return as_effect(model, ask, arms, functionals=functionals, error=error, crude=crude)


def _observed(
    arms: tuple[Arm, Arm], model: StructuralCausalModel, ask: Request, given: Values
) -> tuple[Functionals, FloatArray, Functionals | None]:
    y, member = given[ask.outcome], _members(ask, arms, given)
    curves = _curves(arms, model.mechanisms, draws=ask.draws)
    values = np.append(curves.mean(axis=0)[:, member].mean(axis=1), y[member].mean())
    error = curves[:, :, member].mean(axis=2)
    again = resampled(
        model, _moving(arms), columns=given, replicates=ask.replicates, seed=ask.seed, n_jobs=ask.n_jobs
    )

    def replicate(b: int) -> FloatArray:
        w = again.weights[b] * member
        once = _curves(arms, again.mechanisms(b), draws=1)[0]
        return np.asarray(np.append(once @ w, y @ w) / w.sum())

    replicates = np.array(Local(n_jobs=ask.n_jobs).map(replicate, range(again.replicates)))
    kept = _kept(ask)
    functionals = Functionals(
        labels=LABELS[:kept],
        values=values[:kept],
        covariance=again.covariance(replicates)[:kept, :kept],
        source=again.source,
        degrees_of_freedom=again.degrees_of_freedom,
    )
    return functionals, np.asarray(error), _crude(ask, arms, given, again)


def _kept(ask: Request) -> int:
    """With regimes the two arms alone: nobody is unexposed, so no share of outcomes is attributable."""
    return len(LABELS) if ask.is_static else 2


def _moving(arms: tuple[Arm, Arm]) -> set[str]:
    """Return the nodes whose mechanisms bear on either arm: the outcome's, and those that are simulated."""
    plans = [arm.worlds.plan for arm in arms]
    outcome = arms[0].worlds.outcome
    return {node for plan in plans for node in plan.needed if node in plan.affected or node == outcome}


def _drawn(
    arms: tuple[Arm, Arm], mechanisms: Mapping[str, Mechanism], ask: Request
) -> tuple[Functionals, FloatArray]:
    if ask.population != "all":
        raise InvalidArgument(
            f"population={ask.population!r} needs patients; this model has none. Use population='all'."
        )
    worlds = arms[0].worlds
    plan = replace(worlds.plan, exposures=frozenset(), rules=MappingProxyType({}))
    natural = Arm(worlds=replace(worlds, plan=plan), intervention=NOTHING)
    curves = _curves((*arms, natural), mechanisms, draws=ask.draws)
    error = curves.mean(axis=2)
    functionals = Functionals(
        labels=LABELS[: _kept(ask)],
        values=error.mean(axis=0)[: _kept(ask)],
        covariance=(np.cov(curves.mean(axis=0)) / worlds.rows)[: _kept(ask), : _kept(ask)],
        source=f"Monte Carlo over {worlds.rows:,} drawn patients only; the mechanisms are taken as exact",
    )
    return functionals, error[:, :2]


def _curves(arms: tuple[Arm, ...], mechanisms: Mapping[str, Mechanism], *, draws: int) -> FloatArray:
    """Return mean outcomes by draw, arm and patient, shape (draws, arms, n)."""
    needed = draws if any(arm.is_simulated for arm in arms) else 1
    return np.array(
        [
            [expected_outcome(arm.worlds, mechanisms, do=arm.intervention.fixed, draw=draw) for arm in arms]
            for draw in range(needed)
        ]
    )


def _members(ask: Request, arms: tuple[Arm, Arm], given: Values) -> np.ndarray:
    if ask.population == "all":
        return np.ones(len(given[ask.outcome]), dtype=bool)
    member = _had(ask, arms[0 if ask.population == "exposed" else 1], given)
    if not member.any():
        raise NotEnoughEvents(f"No patient is in population={ask.population!r} of this contrast.")
    return member


def _had(ask: Request, arm: Arm, given: Values) -> np.ndarray:
    (exposure,) = ask.exposures
    return np.asarray(given[exposure] == arm.intervention.fixed[exposure])


def _crude(ask: Request, arms: tuple[Arm, Arm], given: Values, again: Resampled) -> Functionals | None:
    masks = [_had(ask, arm, given) for arm in arms] if ask.is_static else []
    if not masks or not all(mask.any() for mask in masks):
        return None
    y = given[ask.outcome]
    values = np.array([*(y[mask].mean() for mask in masks), y.mean()])
    weights = again.weights
    sums = [weights[:, mask].sum(axis=1) for mask in masks]
    if any(np.any(each <= 0) for each in sums):
        return None
    columns = [weights[:, mask] @ y[mask] / each for mask, each in zip(masks, sums, strict=True)]
    replicates = np.array([*columns, weights @ y / weights.sum(axis=1)]).T
    return Functionals(
        labels=LABELS,
        values=values,
        covariance=again.covariance(replicates),
        source=again.source.replace(" of the model's mechanisms", ""),
        degrees_of_freedom=again.degrees_of_freedom,
    )
