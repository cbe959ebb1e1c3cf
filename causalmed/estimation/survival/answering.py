"""From a question with a horizon to an effect, with what happens beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument
from causalmed.estimation.asked import Asked
from causalmed.estimation.backdoor import support
from causalmed.estimation.covariance import clustered, independent
from causalmed.estimation.crude import crude_functionals
from causalmed.estimation.gate import gate_of
from causalmed.estimation.inference import check_clusters
from causalmed.estimation.pictures import balance_picture, overlap_picture
from causalmed.estimation.positivity import refuse_holes
from causalmed.estimation.solving import learns
from causalmed.estimation.specs import AIPW, IPW, IPWRA, TMLE, Estimator, GComputation
from causalmed.estimation.statements import overrides_of
from causalmed.estimation.survival.checks import censoring_checks
from causalmed.estimation.survival.posing import Timed, pose_timed
from causalmed.estimation.survival.solving import Answered, Hazards, fill_in, fit_hazards, solve_one
from causalmed.estimation.survival.standin import Standins, Wanted
from causalmed.estimation.survival.wording import assumptions_of, question_of
from causalmed.estimation.targets import LABELS
from causalmed.results import Effect, Functionals, Gate, Provenance

__all__ = ["TIME_LOST", "answer"]

Array = NDArray[np.float64]
TIME_LOST = "restricted mean time lost"


def answer(asked: Asked) -> Effect:
    """Answer a question about the time to infection.

    Parameters
    ----------
    asked : Asked
        With a horizon, of a cohort with follow-up; GComputation, IPW, IPWRA, AIPW or TMLE (None: TMLE).

    Returns
    -------
    Effect
        On the cumulative incidence of infection. Beside it the effects on each competing event and on the
        time lost to infection, whose means stand in the same functionals.
    """
    spec = spec_of(asked)
    timed = pose_timed(asked)
    check_clusters(timed.problem)
    if learns(spec):
        refuse_holes(timed.problem)
    hazards = fit_hazards(timed)
    wanted, names = wanted_of(timed)
    filled = fill_in(timed, hazards, wanted)
    kinds = ["continuous" if one.lost else "binary" for one in wanted]
    answered = [
        solve_one(timed, spec, hazards, filled, k, kind=kind, seed=asked.seed, executor=asked.executor)
        for k, kind in enumerate(kinds)
    ]
    crude = fill_in(timed, fit_hazards(timed, adjusted=False), wanted)
    effects = [
        _effect(asked, timed, spec, hazards, filled, crude, answered[k], one, k)
        for k, one in enumerate(wanted)
    ]
    joint = _joint(timed, answered, names)
    beside = MappingProxyType(dict(zip(names[1:], effects[1:], strict=True)))
    return replace(effects[0], functionals=joint, beside=beside)


def spec_of(asked: Asked) -> Estimator:
    """Return the estimator, the usual one where none was named; refuse those that know no censoring."""
    spec = TMLE() if asked.spec is None else asked.spec
    if not isinstance(spec, GComputation | IPW | IPWRA | AIPW | TMLE):
        raise InvalidArgument(
            f"{type(spec).__name__} cannot be used with horizon=: it knows no censoring. Use TMLE(), AIPW(), "
            "IPWRA(), IPW() or GComputation()."
        )
    return spec


def wanted_of(timed: Timed) -> tuple[list[Wanted], list[str]]:
    """Return what is estimated, and its name: infection, each competing event that occurs, time lost."""
    end = timed.seen.horizon
    wanted, names = [Wanted(cause=1, horizon=end)], [""]
    for number, name in enumerate(timed.causes, start=2):
        if (timed.seen.cause == number).any():
            wanted.append(Wanted(cause=number, horizon=end))
            names.append(name)
    return [*wanted, Wanted(cause=1, horizon=end, lost=True)], [*names, TIME_LOST]


def _effect(
    asked: Asked,
    timed: Timed,
    spec: Estimator,
    hazards: Hazards,
    filled: Standins,
    crude: Standins,
    found: Answered,
    wanted: Wanted,
    column: int,
) -> Effect:
    problem, cohort = timed.problem, asked.cohort
    name = _name(timed, wanted)
    functionals = Functionals(
        labels=LABELS,
        values=found.solution.psi,
        covariance=found.inference.covariance,
        source=found.inference.source,
        degrees_of_freedom=found.inference.degrees_of_freedom,
        influence=found.solution.influence,
    )
    overlap, table = support(found.problem, found.nuisances, asked.executor)
    seen = replace(
        found.problem,
        estimand=replace(problem.estimand, outcome=name),
        outcome=found.problem.outcome if wanted.lost else timed.seen.had(wanted.cause),
    )
    gate = gate_of(seen, found.nuisances, found.solution, found.inference, table, overlap)
    return Effect(
        exposure=problem.estimand.exposure,
        outcome=name,
        contrast=problem.contrast,
        population=problem.population,
        outcome_kind=found.problem.outcome_kind,
        question=question_of(timed, wanted),
        adjustment_set=problem.estimand.adjustment_set,
        functionals=functionals,
        crude=crude_functionals(replace(found.problem, outcome=crude.values[:, column])),
        diagnostics=Gate(checks=(*gate.checks, *censoring_checks(timed, hazards, filled))),
        estimator=repr(spec),
        n=problem.n,
        events=0 if wanted.lost else int(timed.seen.had(wanted.cause).sum()),
        clusters=problem.groups or None,
        assumptions=assumptions_of(timed, spec, found.nuisances),
        overrides=overrides_of(problem, spec, found.nuisances),
        provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=repr(spec), seed=asked.seed),
        outcome_unit=timed.unit if wanted.lost else "",
        overlap=overlap_picture(problem, found.nuisances.raw),
        balance=balance_picture(problem, table),
        level=asked.level,
    )


def _name(timed: Timed, wanted: Wanted) -> str:
    if wanted.lost:
        return f"time lost to {timed.outcome}"
    return timed.outcome if wanted.cause == 1 else timed.causes[wanted.cause - 2]


def _joint(timed: Timed, answered: Sequence[Answered], names: Sequence[str]) -> Functionals:
    """Put all means into one value with one covariance.

    Each block is the covariance of its own effect; between blocks stands the covariance of the influences,
    carried over by the map that takes the influences' own block to it.
    """
    phi = np.hstack([one.solution.influence for one in answered])
    problem = timed.problem
    raw = independent(phi) if problem.clusters is None else clustered(phi, problem.clusters, problem.groups)
    covariance = raw.copy()
    blocks = [slice(3 * k, 3 * k + 3) for k in range(len(answered))]
    maps = [_map(raw[at, at], one.inference.covariance) for at, one in zip(blocks, answered, strict=True)]
    for i, first in enumerate(blocks):
        for j, second in enumerate(blocks):
            covariance[first, second] = maps[i] @ raw[first, second] @ maps[j].T
        covariance[first, first] = answered[i].inference.covariance
    labels = [label if not name else f"{name} {label}" for name in names for label in LABELS]
    return Functionals(
        labels=tuple(labels),
        values=np.concatenate([one.solution.psi for one in answered]),
        covariance=covariance,
        source=answered[0].inference.source,
        degrees_of_freedom=answered[0].inference.degrees_of_freedom,
        influence=phi,
    )


def _map(old: Array, new: Array) -> Array:
    """Return M with M old M' = new: the identity where the two are the same."""
    if np.allclose(old, new, rtol=1e-12, atol=0):
        return np.eye(len(old))
    return np.asarray(_root(new) @ np.linalg.pinv(_root(old), rcond=1e-10))


def _root(matrix: Array) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)
