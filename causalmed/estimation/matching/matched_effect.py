"""From a question to matched means with their covariance."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor
from causalmed.errors import PositivityViolation
from causalmed.estimation.covariance import clustered
from causalmed.estimation.matching import clusters
from causalmed.estimation.matching.abadie_imbens import Matched, covariance_of, spread_of
from causalmed.estimation.matching.correction import corrected
from causalmed.estimation.matching.estimated_score import added_covariance, derivative
from causalmed.estimation.matching.found import Array, Search, Whole
from causalmed.estimation.matching.pairs import best_pairs, greedy_pairs, means_of_pairs, score_pairs
from causalmed.estimation.matching.scores import ScoreSearch
from causalmed.estimation.matching.searching import asked_of, covariates_of, score_of, search_of, strata_in
from causalmed.estimation.matching.spec import Matching
from causalmed.estimation.models import Regression
from causalmed.estimation.problem import Problem

__all__ = ["Comparison", "compare", "compare_pairs", "matched_of"]

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Comparison:
    """Matched means and what they rest on, in the order of the cohort.

    Attributes
    ----------
    psi : ndarray, shape (3,)
        Means under a, under b, as observed.
    covariance : ndarray, shape (3, 3)
        Their covariance.
    source : str
        Where it comes from.
    degrees_of_freedom : float
        Of the t distribution.
    asked, kept : ndarray of bool, shape (n,)
        The population, and those of it who found a match.
    weights : ndarray, shape (n,)
        Weight of each outcome in the mean of its arm.
    distance : ndarray, shape (n,)
        Distance to the farthest match; 0 for patients outside the population.
    credit : ndarray, shape (n,)
        How often each patient was a match, in shares.
    """

    psi: Array
    covariance: Array
    source: str
    degrees_of_freedom: float
    asked: Flags
    kept: Flags
    weights: Array
    distance: Array
    credit: Array


def compare(
    problem: Problem, spec: Matching, propensity: Regression | None, *, executor: Executor
) -> Comparison:
    """Match with replacement.

    Parameters
    ----------
    problem : Problem
        The question.
    spec : Matching
        How.
    propensity : Regression or None
        The model of the exposure, where a score is matched on.
    executor : Executor
        Runs the blocks.

    Returns
    -------
    Comparison

    Raises
    ------
    PositivityViolation
        Nobody of the population found a match.
    """
    matched, search, design = matched_of(problem, spec, propensity)
    asked, target, found = asked_of(problem), matched.target, matched.found
    psi, covariance = covariance_of(matched, spread_of(matched), executor=executor)
    source, degrees, G = "Abadie-Imbens", float("inf"), None
    if propensity is not None and spec.variance == "estimated":
        C, G = derivative(matched, psi, search, propensity, problem.population)
        covariance = covariance + added_covariance(C, G, propensity)
        source = "Abadie-Imbens, estimated propensity score"
    if problem.clusters is not None:
        smooth = clusters.score_design(design[:, 1]) if spec.scored else design
        phi = clusters.terms(matched, psi, smooth, G, propensity)
        covariance = clustered(phi, problem.clusters, problem.groups)
        source, degrees = f"{source}, clustered", problem.groups - 1.0
    return Comparison(
        psi=psi,
        covariance=_without_negative(covariance),
        source=source,
        degrees_of_freedom=degrees,
        asked=asked,
        kept=matched.in_cohort(target),
        weights=matched.in_cohort(matched.weights),
        distance=np.where(asked, matched.in_cohort(found.distance), 0.0),
        credit=matched.in_cohort(found.credit),
    )


def matched_of(
    problem: Problem, spec: Matching, propensity: Regression | None
) -> tuple[Matched, Search, Array]:
    """Find the matches of all patients.

    Parameters
    ----------
    problem, spec, propensity
        As for :func:`compare`.

    Returns
    -------
    matched : Matched
        Patients and matches.
    search : Search
        Where they were found.
    design : ndarray, shape (n, q)
        Ones and what was matched on, in the order of the search.
    """
    search, design = search_of(problem, spec, propensity)
    A, Y = search.exposed, problem.outcome[search.order]
    asked = asked_of(problem)[search.order]
    found = search.match(Y, asked)
    target = asked & (found.matches > 0)
    _refuse_none(problem, spec, target)
    imputed = corrected(found, search, A, Y, design) if spec.corrects else found.mean
    matched = Matched(order=search.order, exposed=A, outcome=Y, target=target, found=found, imputed=imputed)
    return matched, search, design


def compare_pairs(problem: Problem, spec: Matching, propensity: Regression | None) -> Comparison:
    """Match without replacement; see :func:`compare`."""
    own = 1 if problem.population == "exposed" else 0
    chooses = problem.exposed == own
    first, second, far = _pairs(problem, spec, propensity, chooses)
    psi, away = means_of_pairs(problem.outcome, first, second, own)
    covariance, source, degrees = (
        away.T @ away / (len(away) * (len(away) - 1.0)),
        "matched pairs",
        float("inf"),
    )
    if problem.clusters is not None:
        _, inside = np.unique(problem.clusters[first], return_inverse=True)
        groups = int(inside.max()) + 1
        if groups < 2:
            raise PositivityViolation(
                f"All pairs lie in one cluster ({problem.cluster_name!r}): differences between clusters "
                "cannot be estimated. Widen the caliper, or use replace=True."
            )
        covariance = clustered(away, inside, groups)
        source, degrees = "matched pairs, clustered", groups - 1.0
    kept, credit, distance = np.zeros(problem.n, dtype=bool), np.zeros(problem.n), np.zeros(problem.n)
    kept[first], credit[second], distance[first] = True, 1.0, far
    return Comparison(
        psi=psi,
        covariance=covariance,
        source=source,
        degrees_of_freedom=degrees,
        asked=chooses,
        kept=kept,
        weights=kept + credit,
        distance=distance,
        credit=credit,
    )


def _pairs(
    problem: Problem, spec: Matching, propensity: Regression | None, chooses: Flags
) -> tuple[Whole, Whole, Array]:
    strata = strata_in(problem, spec)
    if propensity is not None:
        score = score_of(spec, propensity)
        search = ScoreSearch(score, problem.exposed, strata, caliper=spec.caliper)
        place = (score / (search.deviation or 1.0))[:, None]
        if not spec.optimal:
            first, second = score_pairs(search, chooses)
            return first, second, np.abs(place[first, 0] - place[second, 0])
    else:
        X, root = covariates_of(problem, spec)
        place = X @ root
    choose = best_pairs if spec.optimal else greedy_pairs
    groups = np.zeros(problem.n, dtype=np.intp) if strata is None else strata
    first, second = choose(place, chooses, groups, np.inf if spec.caliper is None else spec.caliper)
    return first, second, np.linalg.norm(place[first] - place[second], axis=1)


def _refuse_none(problem: Problem, spec: Matching, target: Flags) -> None:
    if target.any():
        return
    within = f" within a caliper of {spec.caliper:g}" if spec.caliper is not None else ""
    same = f" with the same {', '.join(spec.exact)}" if spec.exact else ""
    raise PositivityViolation(
        f"No patient found a match in the other arm of {problem.estimand.exposure!r}{within}{same}: there is "
        "nothing to compare. Widen the caliper, match exactly on fewer columns, or restrict the cohort to "
        "patients who could have had either (cohort.where)."
    )


def _without_negative(covariance: Array) -> Array:
    """Return the nearest covariance: differences of variances can leave a direction below zero."""
    values, vectors = np.linalg.eigh((covariance + covariance.T) / 2)
    return np.asarray(covariance if values[0] >= 0 else (vectors * np.maximum(values, 0.0)) @ vectors.T)
