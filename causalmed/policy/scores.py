r"""Doubly robust scores of each patient under both exposures.

.. math:: \hat\Gamma_i(a) = \hat m_a(X_i) + \frac{1\{A_i = a\}}{\hat e_a(X_i)} \{Y_i - \hat m_a(X_i)\}

Their mean, each patient with the exposure that a rule gives, is the mean outcome under the rule (Athey S,
Wager S 2021. Policy learning with observational data. *Econometrica* 89:133-161). They are the influence
values of AIPW and TMLE plus the means, so that nothing is fitted again.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance
from causalmed.cohort import Cohort
from causalmed.engine import unit_keys
from causalmed.errors import ApproximationWarning, InvalidArgument, NotConverged
from causalmed.estimation import AIPW, TMLE
from causalmed.results import Effect

__all__ = ["Scores", "keys_of", "scores_of"]

Array = NDArray[np.float64]
_FEW: Final = 40


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scores:
    """Scores of the same patients, in the order of the cohort.

    Parameters
    ----------
    exposed, unexposed : ndarray, shape (n,)
        Scores under the exposure and without it, in units of the outcome.
    observed : ndarray, shape (n,)
        The outcome as it was.
    clusters : ndarray of int, shape (n,), or None
        Cluster of each patient.
    effect : Effect
        Where they come from.
    """

    exposed: Array
    unexposed: Array
    observed: Array
    clusters: NDArray[np.intp] | None
    effect: Effect

    @property
    def difference(self) -> Array:
        """Score of the effect of each patient, exposed less unexposed."""
        return np.asarray(self.exposed - self.unexposed)

    def under(self, rule: NDArray[np.bool_]) -> Array:
        """Return each patient's score under a rule that says who is exposed."""
        return np.where(rule, self.exposed, self.unexposed)


def keys_of(cohort: Cohort) -> NDArray[np.uint64]:
    """Return what decides the fold of each patient: the cluster, where there is one, else the patient."""
    if cohort.cluster is None:
        return cohort.unit_keys
    return unit_keys(np.asarray(cohort.column(cohort.cluster).labels()))


def scores_of(effect: Effect, cohort: Cohort) -> Scores:
    """Return the scores behind an effect.

    Parameters
    ----------
    effect : Effect
        Of :class:`AIPW` or :class:`TMLE`, in all patients, on a cohort in memory, its checks passed.
    cohort : Cohort
        The same patients.

    Returns
    -------
    Scores

    Warns
    -----
    ApproximationWarning
        Fewer than 40 clusters.

    Raises
    ------
    InvalidArgument
        Another estimator or population; other patients; a failed check.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed import Estimand, estimate
    >>> rng = np.random.default_rng(1)
    >>> table = pd.DataFrame({"old": rng.random(900) < 0.4, "late": rng.random(900) < 0.5})
    >>> table["ssi"] = rng.random(900) < 0.1 + 0.1 * table["old"] * table["late"]
    >>> cohort = Cohort.from_frame(table)
    >>> question = Estimand.given(exposure="late", outcome="ssi", adjustment_set=["old"])
    >>> effect = estimate(question, cohort, AIPW())
    >>> bool(np.isclose(scores_of(effect, cohort).difference.mean(), effect.risk_difference.estimate))
    True
    """
    require_instance("effect", effect, Effect, how="estimate(estimand, cohort, AIPW())")
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    functionals = effect.functionals
    if not isinstance(effect.spec, AIPW | TMLE) or effect.population != "all":
        raise InvalidArgument(
            "A rule is valued by doubly robust scores in all patients: estimate the effect with AIPW() or "
            f'TMLE() and population="all", not with {effect.estimator} in {effect.population!r}.'
        )
    if functionals.influence is None or effect.provenance.data_fingerprint != cohort.fingerprint:
        raise InvalidArgument(
            "The effect is not of these patients, or kept no values of theirs. Estimate it on this cohort, "
            "in memory and without imputation."
        )
    if not effect.reported:
        failed = effect.diagnostics.failed()[0]
        raise NotConverged(
            f"The effect is not reported, because a check failed ({failed.name}): {failed.sentence} A rule "
            "built on it would be worth no more."
        )
    if effect.clusters is not None and effect.clusters < _FEW:
        warnings.warn(
            f"{effect.clusters} clusters are few: the interval of a rule adds scores up within them and "
            f"leaves none out in turn, so that below {_FEW} it tends to be too narrow.",
            ApproximationWarning,
            stacklevel=3,
        )
    where = [functionals.index(label) for label in ("exposed", "unexposed")]
    both = functionals.influence[:, where] + functionals.values[where]
    return Scores(
        exposed=both[:, 0],
        unexposed=both[:, 1],
        observed=np.asarray(cohort.values(effect.outcome), dtype=np.float64),
        clusters=cohort.cluster_codes,
        effect=effect,
    )
