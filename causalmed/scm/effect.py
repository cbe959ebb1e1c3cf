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
from typing import TYPE_CHECKING, Final

import numpy as np

from causalmed.engine import Local
from causalmed.errors import InvalidArgument, NotEnoughEvents
from causalmed.results import Effect, Functionals
from causalmed.scm.effect_report import LABELS, as_effect
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.nodes import columns_of
from causalmed.scm.request import Request
from causalmed.scm.resampling import Resampled, resampled
from causalmed.scm.terms import FloatArray, Values
from causalmed.scm.worlds import Worlds, expected_outcome

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["scm_effect"]

_ROWS_BY_HAND: Final = 100_000


def scm_effect(model: StructuralCausalModel, ask: Request) -> Effect:
    """Compute an effect; see :meth:`StructuralCausalModel.effect`."""
    plan = model.plan(exposures=(ask.exposure,), targets=(ask.outcome,))
    arms = tuple(model.nodes[ask.exposure].code(value) for value in ask.contrast)
    if model.nodes[ask.outcome].kind in {"ordinal", "categorical"}:
        raise InvalidArgument(
            f"{ask.outcome!r} has levels without a mean. Ask for a binary or numeric outcome."
        )
    given = None if model.cohort is None else columns_of(model.cohort, plan_columns(model, ask), model.nodes)
    rows = _ROWS_BY_HAND if given is None else len(given[ask.outcome])
    worlds = Worlds(plan=plan, outcome=ask.outcome, rows=rows, given=given, seed=ask.seed)
    if given is None:
        functionals, error, crude = _drawn(worlds, model.mechanisms, ask, arms)
    else:
        functionals, error, crude = _observed(worlds, model, ask, arms, given)
    return as_effect(model, ask, worlds, arms, functionals=functionals, error=error, crude=crude)


def plan_columns(model: StructuralCausalModel, ask: Request) -> tuple[str, ...]:
    """Return the columns an effect reads."""
    return model.factors.closure((ask.outcome, ask.exposure))


def _observed(
    worlds: Worlds,
    model: StructuralCausalModel,
    ask: Request,
    arms: tuple[float, ...],
    given: Values,
) -> tuple[Functionals, FloatArray, Functionals | None]:
    exposed, y = given[ask.exposure], given[ask.outcome]
    member = _members(ask.population, exposed, arms)
    curves = _curves(worlds, model.mechanisms, ask, arms, draws=ask.draws)
    values = np.append(curves.mean(axis=0)[:, member].mean(axis=1), y[member].mean())
    error = curves[:, :, member].mean(axis=2)
    changed = worlds.plan.affected & set(worlds.plan.needed)
    again = resampled(
        model, changed, columns=given, replicates=ask.replicates, seed=ask.seed, n_jobs=ask.n_jobs
    )

    def replicate(b: int) -> FloatArray:
        w = again.weights[b] * member
        once = _curves(worlds, again.mechanisms(b), ask, arms, draws=1)[0]
        return np.asarray(np.append(once @ w, y @ w) / w.sum())

    replicates = np.array(Local(n_jobs=ask.n_jobs).map(replicate, range(again.replicates)))
    functionals = Functionals(
        labels=LABELS,
        values=values,
        covariance=again.covariance(replicates),
        source=again.source,
        degrees_of_freedom=again.degrees_of_freedom,
    )
    return functionals, np.asarray(error), _crude(exposed, y, arms, again)


def _drawn(
    worlds: Worlds, mechanisms: Mapping[str, Mechanism], ask: Request, arms: tuple[float, ...]
) -> tuple[Functionals, FloatArray, None]:
    if ask.population != "all":
        raise InvalidArgument(
            f"population={ask.population!r} needs patients; this model has none. Use population='all'."
        )
    curves = _curves(worlds, mechanisms, ask, arms, draws=ask.draws, natural=True)
    error = curves.mean(axis=2)
    covariance = np.cov(curves.mean(axis=0)) / worlds.rows
    functionals = Functionals(
        labels=LABELS,
        values=error.mean(axis=0),
        covariance=covariance,
        source=f"Monte Carlo over {worlds.rows:,} drawn patients only; the mechanisms are taken as exact",
    )
    return functionals, error[:, :2], None


def _curves(
    worlds: Worlds,
    mechanisms: Mapping[str, Mechanism],
    ask: Request,
    arms: tuple[float, ...],
    *,
    draws: int,
    natural: bool = False,
) -> FloatArray:
    """Return mean outcomes by draw, arm and patient, shape (draws, 2 or 3, n)."""
    needed = draws if worlds.simulated else 1
    settings: list[Values] = [{ask.exposure: np.full(worlds.rows, arm)} for arm in arms]
    answer = []
    for draw in range(needed):
        means = [expected_outcome(worlds, mechanisms, do=do, draw=draw) for do in settings]
        if natural:
            means.append(_natural(worlds, mechanisms, ask.exposure, draw))
        answer.append(np.array(means))
    return np.array(answer)


def _natural(worlds: Worlds, mechanisms: Mapping[str, Mechanism], exposure: str, draw: int) -> FloatArray:
    plan = replace(worlds.plan, exposures=frozenset())
    return expected_outcome(replace(worlds, plan=plan), mechanisms, do={}, draw=draw)


def _members(population: str, exposed: FloatArray, arms: tuple[float, ...]) -> np.ndarray:
    if population == "all":
        return np.ones(len(exposed), dtype=bool)
    member = exposed == arms[0 if population == "exposed" else 1]
    if not member.any():
        raise NotEnoughEvents(f"No patient is in population={population!r} of this contrast.")
    return np.asarray(member)


def _crude(
    exposed: FloatArray, y: FloatArray, arms: tuple[float, ...], again: Resampled
) -> Functionals | None:
    masks = [exposed == arm for arm in arms]
    if not all(mask.any() for mask in masks):
        return None
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
