"""Missing covariates as part of what was known: filled with one value, and marked by an indicator."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument
from causalmed.estimation import families
from causalmed.estimation.asked import Asked
from causalmed.estimation.imputed.gate import missing_check
from causalmed.estimation.imputed.taking import touched
from causalmed.identification import Estimand
from causalmed.results import Effect, Gate, Provenance

__all__ = ["answer", "filled"]

_TOO_SPARSE: Final = 0.5
_KNEW_NO_MORE: Final = (
    "Whoever decided the exposure knew no more of the columns with missing values than what was recorded, so "
    "that a missing value together with its indicator is all there is to adjust for."
)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Coded:
    cohort: Cohort
    estimand: Estimand
    dropped: tuple[str, ...]


def answer(asked: Asked) -> Effect:
    """Answer a question with indicators of what was missing in the adjustment set.

    Parameters
    ----------
    asked : Asked
        A plain adjustment; the exposure was recorded for everybody.

    Returns
    -------
    Effect

    Raises
    ------
    InvalidArgument
        The exposure or the outcome would have to be filled in, or the effect is not one by adjustment.
    """
    cohort, used = asked.cohort, touched(asked)
    assert cohort.incomplete is not None
    _check(asked, used)
    coded = filled(cohort, asked.estimand, used)
    effect: Effect = families.answer(asked.of(coded.cohort, coded.estimand))
    table = cohort.missingness()
    check = missing_check(
        table,
        used=used,
        exposure=asked.estimand.exposure,
        how="Filled with the median or the commonest level, and an indicator adjusted for.",
    )
    left_out = tuple(
        f"{name} was not adjusted for: it is missing in more than half of the patients."
        for name in coded.dropped
    )
    spec = f"{effect.estimator}, missing={cohort.incomplete.spec!r}"
    return replace(
        effect,
        estimator=spec,
        missingness=table,
        diagnostics=Gate(checks=(check, *effect.diagnostics.checks)),
        assumptions=(*effect.assumptions, _KNEW_NO_MORE),
        overrides=(*effect.overrides, *left_out),
        provenance=Provenance.collect(data_fingerprint=cohort.fingerprint, spec=spec, seed=asked.seed),
    )


def filled(cohort: Cohort, estimand: Estimand, names: tuple[str, ...]) -> _Coded:
    """Fill columns and put indicators beside them; columns missing in more than half are dropped.

    Two columns that are missing in the same patients share an indicator.
    """
    adjusted = dict.fromkeys(estimand.adjustment_set)
    dropped = []
    marked: set[bytes] = set()
    for name in names:
        column, known = cohort.as_recorded(name), cohort.recorded(name)
        if known.mean() < 1 - _TOO_SPARSE:
            dropped.append(name)
            del adjusted[name]
            continue
        values = np.full(cohort.n, _middle(column.values, discrete=column.is_discrete))
        values[known] = column.values
        cohort = cohort.assign(name, values, column.kind, levels=column.levels)
        mask = np.packbits(known).tobytes()
        if mask not in marked:
            marked.add(mask)
            indicator = _new_name(f"{name}_not_recorded", cohort)
            cohort = cohort.assign(indicator, (~known).astype(np.float64), "binary")
            adjusted[indicator] = None
    inside = replace(estimand, adjustment_set=tuple(sorted(adjusted)))
    return _Coded(cohort=cohort, estimand=inside, dropped=tuple(dropped))


def _middle(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]], *, discrete: bool) -> float:
    if not discrete:
        # a value that occurs, so that a count stays a count
        return float(np.sort(values)[(len(values) - 1) // 2])
    found, counts = np.unique(values, return_counts=True)
    return float(found[counts.argmax()])


def _new_name(name: str, cohort: Cohort) -> str:
    while name in cohort:
        name += "_"
    return name


def _check(asked: Asked, used: tuple[str, ...]) -> None:
    estimand = asked.estimand
    if estimand.kind != "backdoor":
        raise InvalidArgument(
            "An indicator of missing values stands for a covariate; an effect identified by "
            f"{estimand.kind!r} has other columns too. Use Imputation(method='chained')."
        )
    for role, name in (("exposure", estimand.exposure), ("outcome", estimand.outcome)):
        if name in used:
            raise InvalidArgument(
                f"The {role} {name!r} has missing values, and filling it with its commonest value would make "
                "up facts. Use Imputation(method='chained'), or leave those patients out: "
                f"cohort.where_recorded([{name!r}])."
            )
