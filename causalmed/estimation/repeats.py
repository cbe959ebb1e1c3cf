r"""One answer from several ways of splitting the patients into folds.

Cross-fitted estimates depend on how the patients fell into folds. With R splits the estimate is the median,
and its standard error contains what the splits disagree about,

.. math:: \hat\theta = \operatorname{med}_r \hat\theta_r, \qquad
          \widehat{se} = \frac1z \max\Big\{ \operatorname{med}_r(\hat\theta_r + z\, \widehat{se}_r) -
          \hat\theta,\; \hat\theta - \operatorname{med}_r(\hat\theta_r - z\, \widehat{se}_r) \Big\},
          \qquad z = 1.96

the larger of the two, so that relabelling exposed and unexposed changes nothing. The joint covariance puts
these standard errors around the mean of the R correlation matrices, which keeps it positive semidefinite.
For an effect with two arms this is done for their difference, their middle and the natural course: the
difference is what is reported, and its rule must be exact.

Chernozhukov V et al. (2018). Econom J 21:C1-C68, definition 3.3 (medians over splits); the rule of upper
bounds is that of Bach P, Chernozhukov V, Kurz MS, Spindler M (2022). J Mach Learn Res 23(53):1-6, software.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import generator
from causalmed.results import Check, Effect, Gate, State

__all__ = ["Repeated", "candidate_checks", "combine", "split_check", "split_seeds", "with_checks"]

Array = NDArray[np.float64]
_Z: Final = 1.959963984540054
_ARMS: Final = np.array([[1.0, -1, 0], [0.5, 0.5, 0], [0, 0, 1]])
"""Difference, middle of the arms, natural course."""
_LINE: Final = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Repeated:
    """The answer of several splits.

    Attributes
    ----------
    psi : ndarray, shape (k,)
        Medians.
    covariance : ndarray, shape (k, k)
        Around them, with the disagreement of the splits.
    each : ndarray, shape (R,)
        The first contrast (the difference) in each split.
    errors : ndarray, shape (R,)
        Its standard error in each split.
    typical : int
        The split whose difference is nearest to the median.
    """

    psi: Array
    covariance: Array
    each: Array
    errors: Array
    typical: int


def split_seeds(seed: int, repeats: int) -> list[int]:
    """Return the seed of each split; the first is the user's own.

    Examples
    --------
    >>> split_seeds(7, 1), len(set(split_seeds(7, 5)))
    ([7], 5)
    """
    others = [int(generator(seed, "split", r).integers(2**31)) for r in range(1, repeats)]
    return [seed, *others]


def combine(psi: Sequence[Array], covariances: Sequence[Array]) -> Repeated:
    """Take medians over the splits.

    Parameters
    ----------
    psi : sequence of ndarray, shape (k,)
        Estimates of each split: three arms (exposed, unexposed, natural), or any functionals.
    covariances : sequence of ndarray, shape (k, k)
        Their covariances.

    Returns
    -------
    Repeated

    Examples
    --------
    >>> found = combine([np.array([1.0]), np.array([2.0]), np.array([4.0])], [np.array([[0.25]])] * 3)
    >>> found.psi.tolist(), found.covariance.tolist(), found.typical
    ([2.0], [[0.25]], 1)
    """
    k = len(psi[0])
    turn = _ARMS if k == 3 else np.eye(k)
    values = np.array(psi) @ turn.T
    spread = np.array([turn @ covariance @ turn.T for covariance in covariances])
    errors = np.sqrt(np.maximum(np.einsum("rkk->rk", spread), 0.0))
    centre = np.median(values, axis=0)
    above = np.median(values + _Z * errors, axis=0) - centre
    below = centre - np.median(values - _Z * errors, axis=0)
    size = np.maximum(above, below) / _Z
    correlation = np.mean([_correlation(one) for one in spread], axis=0)
    back = np.linalg.inv(turn)
    return Repeated(
        psi=back @ centre,
        covariance=back @ (correlation * np.outer(size, size)) @ back.T,
        each=values[:, 0],
        errors=errors[:, 0],
        typical=int(np.abs(values[:, 0] - centre[0]).argmin()),
    )


def split_check(found: Repeated) -> Check | None:
    """Say how far the answer depends on the split; None where there was one split only."""
    if len(found.each) < 2:
        return None
    low, high = float(found.each.min()), float(found.each.max())
    typical_error = float(np.median(found.errors))
    share = float(found.each.std(ddof=1)) / typical_error if typical_error > 0 else 0.0
    return Check(
        name="split uncertainty",
        state=State.WARN if share > _LINE else State.PASS,
        sentence=(
            f"Over {len(found.each)} ways of splitting the patients into folds the estimate ran from "
            f"{low:.3g} to {high:.3g}; splits differ by {share:.2f} standard errors. The median is used."
        ),
        value=share,
        threshold=_LINE,
        advice="Raise repeats=, use more folds, or a learner that varies less.",
    )


def candidate_checks(candidates: Mapping[str, Mapping[str, float]]) -> tuple[Check, ...]:
    """Say what the super learners were made of.

    Parameters
    ----------
    candidates : mapping of str to mapping
        Nuisance to the mean weight of each candidate over the folds.
    """
    answer = []
    for nuisance, weights in candidates.items():
        ordered = sorted(weights.items(), key=lambda item: -item[1])
        told = ", ".join(f"{name} {weight:.2f}" for name, weight in ordered)
        answer.append(
            Check(
                name=f"super learner, {nuisance}",
                state=State.PASS,
                sentence=f"The {nuisance} model mixes: {told} (mean weights over the folds).",
                value=max(weights.values()),
            )
        )
    return tuple(answer)


def with_checks(effect: Effect, *checks: Check | None) -> Effect:
    """Return an effect whose gate has more checks."""
    more = tuple(check for check in checks if check is not None)
    if not more:
        return effect
    return replace(effect, diagnostics=Gate(checks=(*effect.diagnostics.checks, *more)))


def _correlation(covariance: Array) -> Array:
    size = np.sqrt(np.maximum(np.diagonal(covariance), 0.0))
    safe = np.where(size > 0, size, 1.0)
    answer = covariance / np.outer(safe, safe)
    answer[np.diag_indices_from(answer)] = 1.0
    return np.asarray(answer)
