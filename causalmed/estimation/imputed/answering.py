"""Answer a question through every imputation of its cohort."""

from __future__ import annotations

from dataclasses import replace

from causalmed.cohort import Cohort, completions_of
from causalmed.engine import Local
from causalmed.errors import CausalmedError
from causalmed.estimation import families
from causalmed.estimation.asked import Asked
from causalmed.estimation.imputed.gate import chains_check, imputed_gate, information_check, missing_check
from causalmed.estimation.imputed.pooling import information_lost, pooled_effect
from causalmed.estimation.imputed.taking import touched
from causalmed.results import Effect, Provenance

__all__ = ["answer"]

_AT_RANDOM = (
    "Whether a value was recorded does not depend on the value itself, given all that was recorded (missing "
    "at random)."
)
_MODELS = "The models from which missing values were drawn are right, for exposed and unexposed patients."


def answer(asked: Asked) -> Effect:
    """Answer a question on each completed table and pool the answers.

    Parameters
    ----------
    asked : Asked
        Of a cohort with missing values in the columns of the question.

    Returns
    -------
    Effect
    """
    cohort = asked.cohort
    assert cohort.incomplete is not None
    spec, used = cohort.incomplete.spec, touched(asked)
    if spec.method == "indicator":
        from causalmed.estimation.imputed import indicated

        return indicated.answer(asked)
    drawn = completions_of(cohort, executor=asked.executor)
    keep = () if spec.outcome == "impute" else (asked.estimand.outcome,)
    inner = Local()

    def one(draw: int) -> Effect:
        there = replace(asked, cohort=cohort.completed(draw, keep=keep), executor=inner)
        try:
            found: Effect = families.answer(there)
        except CausalmedError as error:
            error.add_note(f"This is about imputed table {draw} of {spec.draws}: cohort.completed({draw}).")
            raise
        return found

    effects = asked.executor.map(one, range(1, spec.draws + 1))
    source = f"Rubin's rules over {spec.draws} imputations"
    effect = pooled_effect(effects, source=source)
    table = cohort.missingness()
    checks = (
        missing_check(
            table, used=used, exposure=asked.estimand.exposure, how=f"Filled in {spec.draws} times."
        ),
        information_check(information_lost(effect.functionals, spec.draws), spec.draws),
        chains_check(drawn.trace, tuple(drawn.values)),
    )
    gate = imputed_gate(effects, *checks)
    return _worded(replace(effect, missingness=table, diagnostics=gate), asked, cohort)


def _worded(effect: Effect, asked: Asked, cohort: Cohort) -> Effect:
    assert cohort.incomplete is not None
    spec = f"{effect.estimator}, missing={cohort.incomplete.spec!r}"
    return replace(
        effect,
        estimator=spec,
        assumptions=(*effect.assumptions, _AT_RANDOM, _MODELS),
        provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=spec, seed=asked.seed),
    )
