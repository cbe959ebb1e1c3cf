"""The gate of an effect read off an instrument."""

from __future__ import annotations

from causalmed.estimation.instrument.posing import InstrumentProblem
from causalmed.estimation.instrument.weak import anderson_rubin_of
from causalmed.estimation.mediation.checks import base_checks, cluster_check
from causalmed.estimation.outcome_checks import rare_check
from causalmed.results import Check, Functionals, State

__all__ = ["STRONG", "base_checks_of", "risk_check", "strength_check"]

STRONG = 10.0
_NONE = 3.84


def strength_check(
    problem: InstrumentProblem, functionals: Functionals, strength: float, level: float
) -> Check:
    """Hold the first-stage F statistic against the usual line, and offer what needs no strength.

    Below 10 the ordinary interval can be wrong by more than it says (Staiger D, Stock JH 1997. Econometrica
    65:557-586); below 3.84 the instrument is not told from one that moves nobody.
    """
    state = State.PASS if strength >= STRONG else State.WARN if strength >= _NONE else State.FAIL
    offered = ""
    if "reduced_form" in functionals:
        offered = f" Difference: {anderson_rubin_of(functionals, level=level)}."
    return Check(
        name="instrument strength",
        state=state,
        sentence=(
            f"{problem.instrument} moves {problem.base.estimand.exposure} with an F statistic of "
            f"{strength:,.1f}.{offered}"
        ),
        value=strength,
        threshold=STRONG,
        advice="The ordinary interval can mislead; use the one of Anderson and Rubin (anderson_rubin), or "
        "find a stronger instrument.",
    )


def risk_check(problem: InstrumentProblem, functionals: Functionals) -> Check:
    """Compare the risks among compliers with what a risk can be."""
    if problem.base.outcome_kind != "binary":
        return Check(name="risks of compliers", state=State.PASS, sentence="The outcome is a number.")
    risks = {who: functionals[who] for who in ("exposed", "unexposed")}
    worst = max(max(-risk, risk - 1.0) for risk in risks.values())
    beyond = 0.0
    for who, risk in risks.items():
        error = functionals.std_error(functionals.gradient(**{who: 1.0}))
        beyond = max(beyond, max(-risk, risk - 1.0) / error if error > 0 else 0.0)
    return Check(
        name="risks of compliers",
        state=State.FAIL if beyond > 2 else State.WARN if worst > 0 else State.PASS,
        sentence=(
            f"Among the patients who follow {problem.instrument} the risk is estimated as "
            f"{risks['exposed']:.2g} with the exposure and {risks['unexposed']:.2g} without."
        ),
        value=worst,
        threshold=0.0,
        advice="A risk outside 0 to 1 speaks against the instrument: it acts in another way too, or some go "
        "against it. If it is near, the instrument may only be weak.",
    )


def base_checks_of(problem: InstrumentProblem) -> list[Check]:
    """Run the checks that need no fit, about the instrument instead of the exposure where it is yes/no."""
    base = problem.base
    if problem.as_exposure is not None:
        return [check for check in base_checks(problem.as_exposure) if check.name != "outcomes in each arm"]
    found = []
    if base.outcome_kind == "binary":
        found.append(rare_check(base.estimand.outcome, base.events / base.n))
    clusters = cluster_check(base)
    return found if clusters is None else [*found, clusters]
