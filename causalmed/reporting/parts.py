"""The parts of a dossier: each asks one room, and raises in that room's words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from causalmed import estimation
from causalmed.engine import generator
from causalmed.errors import DataError
from causalmed.explanation import Contraindication, explain, recourse
from causalmed.fairness import Tolerance, audit
from causalmed.monitoring import compare_reports
from causalmed.prediction import fit_risk_model
from causalmed.reporting.dossier import Prediction, Tested
from causalmed.reporting.sealing import read_report, seal
from causalmed.scm import fit_scm
from causalmed.screening import screen_risks

if TYPE_CHECKING:
    from causalmed.cohort import Cohort
    from causalmed.explanation import Explanation, Recourse
    from causalmed.fairness import Audit
    from causalmed.monitoring import ReportChanges
    from causalmed.prediction import RiskModel
    from causalmed.reporting.dossier import Dossier
    from causalmed.reporting.population import Population
    from causalmed.reporting.protocol import Protocol
    from causalmed.scm import StructuralCausalModel
    from causalmed.screening import RiskScreen

Unseen: TypeAlias = "tuple[tuple[str, Cohort], ...]"

__all__ = [
    "audit_part",
    "changes_part",
    "explanation_part",
    "prediction_part",
    "questions_part",
    "recourse_part",
    "scm_part",
    "screen_part",
]

_MAY_NOT_TRAVEL: Final = frozenset({"unstable", "shares a hidden cause", "opens a path"})
"""Why a column that was known before the outcome is left out of the stable model."""
_EXPLAINED: Final = 40
"""Patients whose attributions are averaged; chosen by the seed."""
_ASKED: Final = 10
"""Patients about whom all three questions are asked."""
_BACKGROUND: Final = 500
"""Patients with whom they are compared; the sampling error is reported."""


def screen_part(protocol: Protocol, population: Population, *, n_jobs: int) -> RiskScreen:
    """Ask every candidate whether it causes the outcome."""
    question = protocol.question
    return screen_risks(
        population.graph,
        population.cohort,
        outcome=question.outcome,
        candidates=question.candidates or None,
        estimator=getattr(estimation, question.estimator)(),  # a name of protocol_reading.ESTIMATORS
        alpha=question.alpha,
        margin=question.margin,
        seed=protocol.report.seed,
        n_jobs=n_jobs,
    )


def prediction_part(protocol: Protocol, population: Population) -> Prediction | None:
    """Fit the risk model on the hospitals not held apart; test it on those that are, or on a third."""
    plan = protocol.prediction
    if plan is None:
        return None
    seen, unseen = _split(protocol, population)
    stable = _fitted(protocol, population, seen, unseen)
    every = _every_column(stable.model, population)
    return Prediction(
        stable=stable,
        every_column=_fitted(protocol, population, seen, unseen, features=every) if every else None,
        seen=seen,
        tested=unseen[0][1],
    )


def _fitted(
    protocol: Protocol,
    population: Population,
    seen: Cohort,
    unseen: Unseen,
    *,
    features: tuple[str, ...] | None = None,
) -> Tested:
    """Fit on the patients seen, test on the others; given ``features``, on those, however unstable."""
    plan, seed = protocol.prediction, protocol.report.seed
    assert plan is not None
    model = fit_risk_model(
        seen,
        outcome=protocol.question.outcome,
        graph=population.graph,
        features=features,
        allow_unstable=features is not None,
        specificity=plan.specificity,
        seed=seed,
    )
    performances = tuple((name, model.performance(cohort, seed=seed)) for name, cohort in unseen)
    return Tested(model=model, performances=performances)


def _every_column(model: RiskModel, population: Population) -> tuple[str, ...]:
    """Every column known before the outcome, or none where the stable model has them all.

    A column that the graph does not draw counts where a period says that it came before.
    """
    cohort = population.cohort
    order, theirs = list(cohort.tiers), cohort.tier_of(model.outcome)

    def before(name: str) -> bool:
        mine = cohort.tier_of(name)
        return mine is not None and theirs is not None and order.index(mine) < order.index(theirs)

    unstable = {one.name for one in model.left_out if one.kind in _MAY_NOT_TRAVEL}
    undrawn = {one.name for one in model.left_out if one.kind == "not in the graph" and before(one.name)}
    if not unstable:
        return ()
    return tuple(name for name in cohort.names if name in {*model.features, *unstable, *undrawn})


def scm_part(
    protocol: Protocol, population: Population, prediction: Prediction | None, *, n_jobs: int
) -> StructuralCausalModel | None:
    """Fit the structural causal model that explanations and recourse rest on."""
    if prediction is None:
        return None
    return fit_scm(population.graph, population.cohort, seed=protocol.report.seed, n_jobs=n_jobs)


def explanation_part(
    protocol: Protocol,
    population: Population,
    prediction: Prediction | None,
) -> Explanation | None:
    """Explain the risks of some of the patients the model never saw."""
    if prediction is None:
        return None
    seed = protocol.report.seed
    return explain(
        prediction.model,
        _some(prediction.tested, _EXPLAINED, seed, "explained"),
        background=_some(prediction.seen, _BACKGROUND, seed, "background"),
        graph=population.graph,
        seed=seed,
    )


def questions_part(
    protocol: Protocol, prediction: Prediction | None, scm: StructuralCausalModel | None
) -> Explanation | None:
    """Put the three questions side by side about a few patients; they cost seconds each."""
    if prediction is None or scm is None:
        return None
    seed = protocol.report.seed
    return explain(
        prediction.model,
        _some(prediction.tested, _ASKED, seed, "explained"),
        scm=scm,
        background=_some(prediction.seen, _BACKGROUND, seed, "background"),
        seed=seed,
    )


def recourse_part(
    protocol: Protocol,
    population: Population,
    prediction: Prediction | None,
    scm: StructuralCausalModel | None,
) -> Recourse | None:
    """Work through the alerted patient of middle risk; only where no row is a real person."""
    plan = protocol.recourse
    if plan is None or prediction is None or scm is None or not population.synthetic:
        return None
    seed = protocol.report.seed
    rules = tuple(Contraindication(when=rule.when, never=rule.never) for rule in plan.contraindicated)
    return recourse(
        prediction.model,
        _typical_alert(prediction, plan.actionable),
        scm=scm,
        actionable=plan.actionable,
        contraindicated=rules,
        seed=seed,
    )


def audit_part(protocol: Protocol, population: Population, prediction: Prediction | None) -> Audit | None:
    """Hold the model against itself, group by group, among patients it never saw."""
    plan = protocol.audit
    if plan is None or prediction is None:
        return None
    stated = plan.tolerance
    tolerance = stated and Tolerance(value=stated.value, stated_by=stated.stated_by, reason=stated.reason)
    return audit(
        prediction.model,
        prediction.tested,
        protected=plan.protected or None,
        graph=population.graph,
        tolerance=tolerance,
        seed=protocol.report.seed,
    )


def changes_part(protocol: Protocol, dossier: Dossier) -> ReportChanges | None:
    """Hold the report against the one before it, where the protocol names one."""
    if not protocol.report.previous:
        return None
    before = read_report(protocol.path(protocol.report.previous))
    if seal(before["body"]) != before["seals"]["body_sha256"]:
        raise DataError(
            f"The report before ({protocol.report.previous}) was changed after it was written, so nothing "
            "can be compared with it. Find the file that was signed."
        )
    return compare_reports(before, dossier.to_dict())


def _split(protocol: Protocol, population: Population) -> tuple[Cohort, Unseen]:
    """Patients to learn from, and named groups to test on, the largest first."""
    cohort, plan = population.cohort, protocol.prediction
    assert plan is not None
    if plan.held_apart:
        hospitals = cohort.column(str(cohort.cluster)).labels()
        apart = np.isin(hospitals, list(plan.held_apart))
        named = tuple((f"Hospital {name}", cohort.take(hospitals == name)) for name in plan.held_apart)
        return cohort.take(~apart), (("All hospitals held apart", cohort.take(apart)), *named)
    held = generator(protocol.report.seed, "held apart").random(cohort.n) < 1 / 3
    return cohort.take(~held), (("Patients kept apart at random", cohort.take(held)),)


def _some(cohort: Cohort, most: int, seed: int, purpose: str) -> Cohort:
    if cohort.n <= most:
        return cohort
    chosen = generator(seed, "some patients", purpose).choice(cohort.n, size=most, replace=False)
    return cohort.take(np.sort(chosen))


def _typical_alert(prediction: Prediction, actionable: tuple[str, ...]) -> Cohort:
    """The alerted patient of median risk among those with most that could be changed."""
    cohort, model = prediction.tested, prediction.model
    risks, alerts = model.risk(cohort), model.alert(cohort)
    present = sum(
        (cohort.values(name) > 0).astype(int) for name in actionable if cohort.column(name).kind == "binary"
    )
    rows = np.flatnonzero(alerts & (present == np.max(np.where(alerts, present, -1))))
    if not len(rows):
        rows = np.arange(cohort.n)
    middle = rows[np.argsort(risks[rows], kind="stable")[len(rows) // 2]]
    return cohort.take([int(middle)])
