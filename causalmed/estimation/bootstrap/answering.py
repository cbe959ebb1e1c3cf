"""An effect whose covariance is that of its replicates."""

from __future__ import annotations

from dataclasses import replace

from causalmed.engine import Executor
from causalmed.errors import InvalidArgument
from causalmed.estimation import backdoor
from causalmed.estimation.asked import Asked
from causalmed.estimation.bootstrap.replicating import Draws, replicate
from causalmed.estimation.bootstrap.specs import Bootstrap
from causalmed.estimation.inference import RARE, Inference
from causalmed.estimation.problem import Problem
from causalmed.estimation.repeats import with_checks
from causalmed.estimation.solving import Nuisances, Solution
from causalmed.estimation.specs import Estimator
from causalmed.results import Check, Effect, State

__all__ = ["answer", "answer_with_draws"]


def answer(asked: Asked) -> Effect:
    """Answer a question by adjustment, its uncertainty by the bootstrap.

    Parameters
    ----------
    asked : Asked
        With a :class:`Bootstrap`.
    """
    return answer_with_draws(asked)[0]


def answer_with_draws(asked: Asked) -> tuple[Effect, Draws]:
    """Return the effect and the estimates of its replicates."""
    spec = asked.spec
    if not isinstance(spec, Bootstrap):
        raise InvalidArgument(f"estimator={spec!r} has no replicates. Wrap it: Bootstrap(estimator=…).")
    found: list[Draws] = []

    def inference(
        problem: Problem, inner: Estimator, nuisances: Nuisances, solution: Solution, *, executor: Executor
    ) -> Inference:
        draws = replicate(
            problem,
            inner,
            nuisances,
            solution,
            replicates=spec.replicates,
            seed=asked.seed,
            executor=executor,
        )
        found.append(draws)
        return _inference(problem, draws)

    effect = backdoor.answer(replace(asked, spec=spec.estimator), inference)
    named = replace(effect, estimator=repr(spec), provenance=replace(effect.provenance, spec=repr(spec)))
    return with_checks(named, _check(found[0])), found[0]


def _inference(problem: Problem, draws: Draws) -> Inference:
    kind = "replicates" if problem.clusters is None else "replicates by cluster"
    lost = len(draws.separated)
    return Inference(
        covariance=draws.covariance,
        degrees_of_freedom=float("inf") if problem.clusters is None else problem.groups - 1.0,
        source=f"bootstrap, {len(draws.values):,} fractional {kind}, {lost:,} separated",
        not_refitted=(),
        rare=problem.outcome_kind == "binary" and problem.events < RARE * problem.n,
    )


def _check(draws: Draws) -> Check:
    lost, total = len(draws.separated), len(draws.values)
    alone = f" {draws.refitted:,} of them were fitted one by one." if draws.refitted else ""
    which = ", ".join(str(r) for r in draws.separated[:5])
    left = f" In {lost:,} a model had no finite fit (replicates {which}); they are left out." if lost else ""
    return Check(
        name="bootstrap",
        state=State.WARN if lost else State.PASS,
        sentence=f"All models were fitted again in {total:,} replicates.{alone}{left}",
        value=float(lost),
        threshold=0.0,
        advice="Use Logistic(firth=True), which has a fit in every replicate, or coarser categories.",
    )
