r"""Random halves of the patients, and the models fitted again on each.

A statistic of a random half of n independent units, drawn without replacement, varies around that of all n by
:math:`\sigma^2 (2/n - 1/n)`, which is the variance of the statistic of all n (delete-half jackknife; Shao and
Wu 1989). No patient occurs twice, so any learner, split or recalibration can be done again as it was. Both
models are fitted on the same half. Where patients are clustered, halves are of clusters.

References
----------
Shao J, Wu CFJ (1989). A general theory for jackknife variance estimation. Ann Stat 17(3):1176-1197.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.engine import generator
from causalmed.errors import CausalmedError, InvalidArgument, NotConverged
from causalmed.explanation.players import RiskFunction
from causalmed.prediction import RiskModel, fit_risk_model
from causalmed.scm import Mechanism, StructuralCausalModel, fit_scm

__all__ = ["Half", "Refit", "halves"]

Refit = Callable[[Cohort], RiskFunction]
MOST_FAILED = 0.2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Half:
    """One half and what was fitted on it.

    Parameters
    ----------
    background : Cohort
        Those of the background who are in it; all, where it holds none of the patients behind the fits.
    model : RiskFunction
        Fitted on it; the model as it is where it cannot be fitted again.
    mechanisms : mapping of str to Mechanism, or None
        Of the structural model.
    """

    background: Cohort
    model: RiskFunction
    mechanisms: Mapping[str, Mechanism] | None


def halves(
    model: RiskFunction,
    scm: StructuralCausalModel | None,
    background: Cohort,
    *,
    refits: int,
    refit: Refit | None,
    seed: int,
) -> tuple[list[Half], int]:
    """Fit both models on random halves.

    Parameters
    ----------
    model : RiskFunction
        One of :func:`fit_risk_model` is fitted again with its learner; another with ``refit``, or not at all.
    scm : StructuralCausalModel or None
        Fitted again where it carries its cohort.
    background : Cohort
        With whom patients are compared.
    refits, seed : int
        How many halves; of which stream.
    refit : callable, optional
        Cohort → model.

    Returns
    -------
    list of Half, int
        One a half, without those on which a fit failed; the number of units (patients or clusters).

    Raises
    ------
    NotConverged
        More than a fifth of the fits failed.
    """
    cohorts = [c for c in (_learned_from(model), None if scm is None else scm.cohort) if c is not None]
    if not cohorts:
        cohorts = [background]
    labels = np.unique(np.concatenate([_labels(cohort) for cohort in cohorts]))
    again = _refitting(model, refit)
    found, failures = [], []
    for number in range(refits):
        order = generator(seed, "explain", "half", number).permutation(len(labels))
        inside = labels[order[: len(labels) // 2]]
        try:
            found.append(_half(model, scm, background, inside, again))
        except CausalmedError as error:
            failures.append(error)
    if len(failures) > MOST_FAILED * refits or len(found) < 2:
        raise NotConverged(
            f"{len(failures)} of {refits} fits on half of the patients failed, the first with: {failures[0]} "
            "Intervals from the rest would be too short. Use fewer columns, or a learner that can be fitted "
            "to fewer patients."
        ) from failures[0]
    return found, len(labels)


def _half(
    model: RiskFunction,
    scm: StructuralCausalModel | None,
    background: Cohort,
    inside: NDArray[Any],
    again: Refit | None,
) -> Half:
    learned = _learned_from(model) or (None if scm is None else scm.cohort) or background
    near = np.isin(_labels(background), inside)
    compared = background.take(near) if 2 <= near.sum() < background.n else background
    return Half(
        background=compared,
        model=model if again is None else again(_part(learned, inside)),
        mechanisms=None if scm is None or scm.cohort is None else _mechanisms(scm, inside),
    )


def _mechanisms(scm: StructuralCausalModel, inside: NDArray[Any]) -> Mapping[str, Mechanism]:
    assert scm.cohort is not None
    stated = {node: scm.specs.get(node, scm.mechanisms[node]) for node in scm.order}
    part, seed = _part(scm.cohort, inside), scm.provenance.seed
    return fit_scm(scm.graph, part, mechanisms=stated, seed=seed).mechanisms


def _refitting(model: RiskFunction, refit: Refit | None) -> Refit | None:
    """Return how the model is fitted again, or None where it is taken as it is."""
    if refit is not None:
        if not callable(refit):
            raise InvalidArgument(f"refit={refit!r} must be a function from a cohort to a fitted model.")
        return refit
    if not isinstance(model, RiskModel) or model.learner is None or model.reference is None:
        return None
    seed = 0 if model.provenance is None else model.provenance.seed

    def again(cohort: Cohort) -> RiskFunction:
        return fit_risk_model(
            cohort, outcome=model.outcome, features=model.features, learner=model.learner, seed=seed
        )

    return again


def _learned_from(model: RiskFunction) -> Cohort | None:
    found: Cohort | None = getattr(model, "reference", None)
    return found


def _labels(cohort: Cohort) -> NDArray[Any]:
    """Return the unit that is resampled, of every patient: the cluster, else the patient."""
    if cohort.cluster is not None:
        return np.asarray(cohort.column(cohort.cluster).labels()).astype(str)
    return np.asarray(cohort.unit_ids).astype(str)


def _part(cohort: Cohort, inside: NDArray[Any]) -> Cohort:
    return cohort.take(np.isin(_labels(cohort), inside))
