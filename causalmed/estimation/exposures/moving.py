"""The effect of a shift, from a question to an effect."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Column
from causalmed.engine import Local
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument, NotEnoughEvents, RoleConflict
from causalmed.estimation.asked import Asked
from causalmed.estimation.balance import effective_size
from causalmed.estimation.covariance import Spread, spread_of
from causalmed.estimation.exposures.gates import clusters_check, events_check
from causalmed.estimation.exposures.shifted import Moved, Posed, moved_values, solve, without_cluster
from causalmed.estimation.outcome_checks import rare_check
from causalmed.estimation.solving import learns
from causalmed.estimation.specs import AIPW, IPW, IPWRA, TMLE, GComputation
from causalmed.estimation.suitability import check_suits
from causalmed.results import Check, Effect, Functionals, Gate, Provenance, State

__all__ = ["answer"]

Array = NDArray[np.float64]
_NUMBERS: Final = ("continuous", "count")


def answer(asked: Asked) -> Effect:
    """Estimate what a shift of the exposure would do.

    Parameters
    ----------
    asked : Asked
        ``contrast`` is a :class:`Shift`; GComputation, IPW, AIPW or TMLE (None: AIPW) with parametric
        nuisances, all patients.

    Returns
    -------
    Effect
        ``exposed``: everybody moved; ``unexposed``: as observed.
    """
    spec: Any = AIPW() if asked.spec is None else asked.spec
    check_suits(asked.estimand, spec, asked.population)
    _check(asked, spec)
    posed = _posed(asked)
    found = solve(posed, spec, asked.executor)
    clusters, groups = _clusters(asked)
    spread = _spread(posed, spec, found, clusters, groups, asked)
    return _effect(asked, spec, posed, found, spread, groups)


def _check(asked: Asked, spec: Any) -> None:
    if isinstance(spec, IPWRA) or not isinstance(spec, GComputation | IPW | AIPW | TMLE):
        raise InvalidArgument(f"{spec!r} cannot answer a shift. Use AIPW(), TMLE(), GComputation() or IPW().")
    if learns(spec):
        raise InvalidArgument(
            "A shift needs parametric nuisances: Logistic() or Linear(), with formula= if needed."
        )
    if getattr(spec, "by_arm", False):
        raise InvalidArgument("by_arm=True needs an exposure with two values; a shifted one has no arms.")
    if asked.population != "all":
        raise InvalidArgument(f"population={asked.population!r}: a shift moves all patients. Leave it out.")


def _posed(asked: Asked) -> Posed:
    cohort, estimand, shift = asked.cohort, asked.estimand, asked.contrast
    needed = (estimand.exposure, estimand.outcome, *estimand.adjustment_set)
    if absent := [name for name in needed if name not in cohort]:
        raise ColumnNotFound.among(absent, cohort.names, where="estimate")
    exposure, outcome = cohort.column(estimand.exposure), cohort.column(estimand.outcome)
    if exposure.kind not in _NUMBERS:
        raise DataError(f"{exposure.name!r} is {exposure.kind}; only a number can be shifted.")
    if outcome.kind not in (*_NUMBERS, "binary"):
        raise DataError(f"The outcome {outcome.name!r} is {outcome.kind}; it must be yes/no or a number.")
    if estimand.exposure == estimand.outcome:
        raise RoleConflict(f"{estimand.exposure!r} cannot be exposure and outcome.")
    if cohort.weights is not None:
        raise InvalidArgument("Sampling weights are not used by estimate(); build the cohort without them.")
    if outcome.values.min() == outcome.values.max():
        raise NotEnoughEvents(f"All {cohort.n:,} patients have the same {outcome.name!r}: nothing differs.")
    moved = moved_values(exposure.values, shift)
    if (moved == exposure.values).all():
        raise InvalidArgument(f"The shift ({shift}) moves nobody's {exposure.name!r}.")
    column: Column = replace(exposure, values=moved)
    return Posed(
        exposure=exposure,
        moved=column,
        covariates=tuple(cohort.column(name) for name in estimand.adjustment_set),
        outcome=outcome.values,
        binary=outcome.kind == "binary",
    )


def _clusters(asked: Asked) -> tuple[NDArray[np.intp] | None, int]:
    codes = asked.cohort.cluster_codes
    if codes is None:
        return None, 0
    present, dense = np.unique(codes, return_inverse=True)
    if len(present) < 2:
        raise DataError("All patients are of one cluster; differences between clusters cannot be estimated.")
    return dense.astype(np.intp), len(present)


def _spread(
    posed: Posed, spec: Any, found: Moved, clusters: NDArray[np.intp] | None, groups: int, asked: Asked
) -> Spread:
    def refits() -> list[Array | None]:
        assert clusters is not None
        keeps = [clusters != group for group in range(groups)]
        return asked.executor.map(lambda keep: without_cluster(posed, spec, keep, Local()), keeps)

    return spread_of(
        found.psi, found.influence, clusters=clusters, groups=groups, source=found.source, refits=refits
    )


def _effect(asked: Asked, spec: Any, posed: Posed, found: Moved, spread: Spread, groups: int) -> Effect:
    estimand, cohort, shift = asked.estimand, asked.cohort, asked.contrast
    models = {
        IPW: "The model of the exposure is right.",
        GComputation: "The outcome model is right.",
    }.get(type(spec), "The outcome model or the model of the exposure is right (one of the two is enough).")
    return Effect(
        exposure=estimand.exposure,
        outcome=estimand.outcome,
        contrast=(str(shift), "as observed"),
        population="all",
        outcome_kind="binary" if posed.binary else "continuous",
        question=(
            f"What would change in {estimand.outcome} if {estimand.exposure} of every patient were "
            f"{shift}, against the values as they are?"
        ),
        adjustment_set=estimand.adjustment_set,
        functionals=Functionals(
            labels=("exposed", "unexposed"),
            values=found.psi,
            covariance=spread.covariance,
            source=spread.source,
            degrees_of_freedom=spread.degrees_of_freedom,
            influence=found.influence,
        ),
        crude=None,
        diagnostics=_gate(asked, posed, found, spread, groups),
        estimator=repr(spec),
        n=posed.n,
        events=int(posed.outcome.sum()) if posed.binary else 0,
        clusters=groups or None,
        assumptions=(
            *estimand.assumptions,
            f"Patients with a {estimand.exposure} like the shifted one exist among those like them.",
            models,
        ),
        overrides=estimand.overrides,
        provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=repr(spec), seed=asked.seed),
        outcome_unit=cohort.column(estimand.outcome).unit_label,
    )


def _gate(asked: Asked, posed: Posed, found: Moved, spread: Spread, groups: int) -> Gate:
    checks = [*_events(asked.estimand.outcome, posed, found), *_weights(posed, found)]
    if groups:
        checks.append(clusters_check(str(asked.cohort.cluster), groups, spread))
    return Gate(checks=tuple(checks))


def _events(name: str, posed: Posed, found: Moved) -> list[Check]:
    checks = [events_check(posed.outcome, binary=posed.binary, parameters=found.parameters)]
    return [*checks, rare_check(name, float(posed.outcome.mean()))] if posed.binary else checks


def _of_size(size: float, n: int) -> State:
    if size < max(0.05 * n, 10):
        return State.FAIL
    return State.WARN if size < max(0.2 * n, 30) else State.PASS


def _weights(posed: Posed, found: Moved) -> list[Check]:
    if found.ratio is None:
        return []
    n, size = posed.n, effective_size(found.ratio)
    return [
        Check(
            name="truncation",
            state=State.WARN if found.truncated else State.PASS,
            sentence=(
                f"{found.truncated:,} of {n:,} patients counted more than {found.bound:.0f} times and were "
                "held there."
            ),
            value=float(found.truncated),
            threshold=0.0,
            advice="Shift by less, or stop the shift at a bound.",
        ),
        Check(
            name="overlap",
            state=_of_size(size, n),
            sentence=(
                f"Weighted to the shifted values, the patients count as {size:,.0f} ({100 * size / n:.0f} %)."
            ),
            value=size,
            threshold=0.2 * n,
            advice="Few patients have values like the shifted ones: shift by less.",
        ),
        _balance(posed, found.ratio),
    ]


def _balance(posed: Posed, r: Array) -> Check:
    """Hold the weighted mean of the exposure against the one that the shift asks for."""
    values, moved = posed.exposure.values, posed.moved.values
    reached, wanted = float(r @ values / r.sum()), float(moved.mean())
    off = abs(reached - wanted) / (float(values.std()) or 1.0)
    return Check(
        name="balance",
        state=State.PASS if off <= 0.1 else State.WARN if off <= 0.25 else State.FAIL,
        sentence=(
            f"The weighted mean of {posed.exposure.name} is {reached:.4g}, where the shift asks for "
            f"{wanted:.4g}."
        ),
        value=off,
        threshold=0.1,
        advice="The model of the exposure does not fit: propensity=Logistic(formula=…) with its square.",
    )
