r"""The effect within each level of a column, side by side.

Within a level the column is held fixed, so it leaves the adjustment set; everything is fitted again there.
Patients of two levels are different patients, but hospitals may have patients of both. Their covariance is

.. math:: \widehat{\mathrm{cov}}(\hat\delta_k, \hat\delta_l)
          = \hat\rho_{kl}\, \widehat{se}_k\, \widehat{se}_l,

with :math:`\hat\rho` the correlation of the sums of influence within hospitals, and zero without hospitals.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError, ColumnNotFound, InvalidArgument
from causalmed.estimation.subgroup_effects import SubgroupEffects
from causalmed.identification import Estimand
from causalmed.results import Effect

__all__ = ["MOST_LEVELS", "within_levels"]

Array = NDArray[np.float64]
MOST_LEVELS: Final = 12
"""A column with more levels than this divides the patients too finely."""


def within_levels(
    estimand: Estimand, cohort: Cohort, by: str, *, one: Callable[[Estimand, Cohort], Effect]
) -> SubgroupEffects:
    """Estimate the effect in each level of a column.

    Parameters
    ----------
    estimand : Estimand
        Its adjustment set must hold the column.
    cohort : Cohort
        The patients.
    by : str
        A binary, ordinal or categorical column.
    one : callable
        Estimates one effect.

    Returns
    -------
    SubgroupEffects

    Raises
    ------
    ColumnNotFound, InvalidArgument
        The column is not there, not adjusted for, not discrete, or has too many levels.
    CausalmedError
        Where no level has an answer: the reason of the first.
    """
    _check(estimand, cohort, by)
    rest = tuple(name for name in estimand.adjustment_set if name != by)
    inside = replace(estimand, adjustment_set=rest)
    effects: dict[str, Effect] = {}
    reasons: dict[str, CausalmedError] = {}
    members: dict[str, NDArray[np.bool_]] = {}
    for label, rows in _levels(cohort, by):
        try:
            found = one(inside, cohort.take(rows))
        except CausalmedError as reason:
            reasons[label] = reason
            continue
        effects[label] = replace(found, question=f"{found.question.rstrip('.')} with {by} = {label}.")
        members[label] = rows
    if not effects:
        raise next(iter(reasons.values()))
    return SubgroupEffects(
        by=by,
        effects=effects,
        refused={label: str(reason) for label, reason in reasons.items()},
        covariance=_covariance(effects, members, cohort),
    )


def _levels(cohort: Cohort, by: str) -> list[tuple[str, NDArray[np.bool_]]]:
    column = cohort.column(by)
    return [
        (column.levels[int(value)] if column.levels else f"{value:g}", column.values == value)
        for value in np.unique(column.values)
    ]


def _covariance(effects: dict[str, Effect], members: dict[str, NDArray[np.bool_]], cohort: Cohort) -> Array:
    errors = np.array([effect.difference.std_error for effect in effects.values()])
    if cohort.cluster_codes is None or len(errors) == 1:
        return np.diag(errors**2)
    groups = len(cohort.cluster_levels)
    sums = []
    for label, effect in effects.items():
        phi = effect.functionals.influence
        if phi is None:
            raise InvalidArgument(
                "by= in a cohort with clusters needs the influence of each patient, which rows on disk "
                "do not keep. Read the cohort into memory: cohort.collect()."
            )
        codes = cohort.cluster_codes[members[label]]
        sums.append(np.bincount(codes, weights=phi[:, 0] - phi[:, 1], minlength=groups))
    product = np.array(sums) @ np.array(sums).T
    size = np.sqrt(np.diagonal(product))
    correlation = product / np.where(np.outer(size, size) > 0, np.outer(size, size), 1.0)
    np.fill_diagonal(correlation, 1.0)
    return np.asarray(correlation * np.outer(errors, errors))


def _check(estimand: Estimand, cohort: Cohort, by: str) -> None:
    if not isinstance(by, str):
        raise InvalidArgument(f"by={by!r} must be the name of one column.")
    if by not in cohort:
        raise ColumnNotFound.among([by], cohort.names, where="by=")
    if by not in estimand.adjustment_set:
        raise InvalidArgument(_not_adjusted(estimand, by))
    column = cohort.column(by)
    if column.kind not in ("binary", "ordinal", "categorical"):
        raise InvalidArgument(
            f"by={by!r} is {column.kind}; an effect within its levels needs levels. Make a column of few "
            "groups with cohort.assign, and adjust for that."
        )
    if len(np.unique(column.values)) > MOST_LEVELS:
        raise InvalidArgument(
            f"by={by!r} has {len(np.unique(column.values))} levels, more than {MOST_LEVELS}: too few "
            "patients are in each. Join levels with cohort.assign."
        )


def _not_adjusted(estimand: Estimand, by: str) -> str:
    if by in (estimand.exposure, estimand.outcome):
        return f"by={by!r} is the exposure or the outcome; name a column that divides the patients."
    if by in estimand.forbidden:
        return (
            f"by={by!r} may be changed by {estimand.exposure!r}: comparing within its levels would compare "
            "different patients. Use a column from before the exposure."
        )
    wider = next((names for names in estimand.alternatives if by in names), None)
    where = (
        f"Estimand.given(adjustment_set={list(wider)!r}), a set the graph allows"
        if wider
        else f"Estimand.given(adjustment_set=[…, {by!r}]), if that is a valid set"
    )
    return (
        f"by={by!r} is not in the adjustment set ({', '.join(estimand.adjustment_set) or 'empty'}). Within "
        f"its levels one adjusts for it, which must not open a path. State {where}."
    )
