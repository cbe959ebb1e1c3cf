"""Several effects, one from each completed table, become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from causalmed.estimation.imputed.rubin import NOTHING, Pooled, degrees_of_freedom, missing_information, pool
from causalmed.results import ConditionalEffects, Effect, Functionals

__all__ = ["information_lost", "pooled_effect", "pooled_functionals"]

Array = NDArray[np.float64]


def pooled_effect(effects: Sequence[Effect], *, source: str) -> Effect:
    """Return the average effect; its gate, words and provenance are still those of the first table.

    Parameters
    ----------
    effects : sequence of Effect
        One a completed table, the same question each.
    source : str
        Where the covariance comes from, in words before those of the estimator.
    """
    first = effects[0]
    crude = [effect.crude for effect in effects if effect.crude is not None]
    beside = {
        name: pooled_effect([effect.beside[name] for effect in effects], source=source)
        for name in first.beside
    }
    return replace(
        first,
        functionals=pooled_functionals([each.functionals for each in effects], n=first.n, source=source),
        crude=pooled_functionals(crude, n=first.n, source=source) if len(crude) == len(effects) else None,
        beside=MappingProxyType(beside),
        conditional=_pooled_conditional([each.conditional for each in effects]),
        events=round(float(np.mean([each.events for each in effects]))),
    )


def pooled_functionals(found: Sequence[Functionals], *, n: int, source: str) -> Functionals:
    """Pool labelled estimates; the degrees of freedom are the fewest of any of them or of the difference.

    Parameters
    ----------
    found : sequence of Functionals
        One a completed table.
    n : int
        Patients: n - 1 are the degrees of freedom of an answer that states none.
    source : str
        Words before those of the estimator's own covariance.
    """
    together = pool(np.array([each.values for each in found]), np.array([each.covariance for each in found]))
    complete = min(n - 1.0, *(each.degrees_of_freedom for each in found))
    shares = [together.share(vector) for vector in _contrasts(found[0])]
    frees = [degrees_of_freedom(share, draws=len(found), complete=complete) for share in shares]
    untouched = max(shares) <= NOTHING
    kept = [each.influence for each in found if each.influence is not None]
    return Functionals(
        labels=found[0].labels,
        values=together.values,
        covariance=together.covariance,
        source=f"{source}, {found[0].source}",
        degrees_of_freedom=found[0].degrees_of_freedom if untouched else min(frees),
        influence=sum(kept[1:], kept[0]) / len(kept) if len(kept) == len(found) else None,
        between=together.deviations,
    )


def information_lost(found: Functionals, draws: int) -> float:
    """Return the largest fraction of missing information of an estimate or of the difference."""
    assert found.between is not None
    between = found.between.T @ found.between
    together = Pooled(
        values=found.values, within=found.covariance - between, between=between, deviations=found.between
    )
    complete = found.degrees_of_freedom
    losses = []
    for vector in _contrasts(found):
        share = together.share(vector)
        df = min(complete, degrees_of_freedom(share, draws=draws, complete=float("inf")))
        losses.append(missing_information(share, df))
    return max(losses)


def _contrasts(found: Functionals) -> list[Array]:
    vectors = list(np.eye(len(found.labels)))
    if "exposed" in found and "unexposed" in found:
        vectors.append(found.gradient(exposed=1.0, unexposed=-1.0))
    return vectors


def _pooled_conditional(found: Sequence[ConditionalEffects | None]) -> ConditionalEffects | None:
    """Pool the effect in each patient's stratum, patient by patient."""
    kept = [each for each in found if each is not None]
    if len(kept) < len(found):
        return None
    from scipy.special import ndtri

    estimates = np.array([each.estimate for each in kept])
    m, level = len(kept), kept[0].level
    within = np.mean([np.square(each.std_error) for each in kept], axis=0)
    error = np.sqrt(within + (1 + 1 / m) * estimates.var(axis=0, ddof=1))
    mean, half = estimates.mean(axis=0), float(ndtri(0.5 + level / 2)) * error
    return ConditionalEffects(estimate=mean, low=mean - half, high=mean + half, std_error=error, level=level)
