r"""What surveillance that misses infections, or finds too many, does to an effect.

With sensitivity :math:`Se_a` and specificity :math:`Sp_a` of the recorded outcome in arm a, the
recorded risk is :math:`\psi_a^* = Se_a \psi_a + (1 - Sp_a)(1 - \psi_a)`, so

.. math:: \psi_a = \frac{\psi_a^* + Sp_a - 1}{Se_a + Sp_a - 1}

(Rogan WJ, Gladen B 1978. Am J Epidemiol 107:71-76; Lash TL, Fox MP, Fink AK 2009. Applying Quantitative Bias
Analysis to Epidemiologic Data, chapter 6). It holds for standardised risks too, where the two do not
depend on the covariates within an arm. Where they come from a validation study, its uncertainty is carried
by the delta method.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import DataError, InvalidArgument, ScaleNotDefined
from causalmed.results import Effect, Functionals

__all__ = ["Surveillance", "correct_outcome"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surveillance:
    """How well the recorded outcome agrees with the true one.

    Parameters
    ----------
    sensitivity, specificity : float
        Share of true infections that were recorded, and of patients without one recorded as without; in
        (0, 1], together above 1.
    validated_with, validated_without : int or None
        Patients with and without true infection in the validation study behind the two; None: taken as known.

    Examples
    --------
    >>> Surveillance(sensitivity=0.8, specificity=0.99).youden
    0.79
    """

    sensitivity: float
    specificity: float
    validated_with: int | None = None
    validated_without: int | None = None

    def __post_init__(self) -> None:
        for name in ("sensitivity", "specificity"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 1:
                raise InvalidArgument(f"{name}={value!r} must be a share above 0, at most 1.")
        if not self.youden > 0:
            raise InvalidArgument(
                f"sensitivity {self.sensitivity:g} and specificity {self.specificity:g} add up to at most 1: "
                "such a record says nothing about infection."
            )
        for name in ("validated_with", "validated_without"):
            count = getattr(self, name)
            if count is not None and (isinstance(count, bool) or not isinstance(count, int) or count < 1):
                raise InvalidArgument(f"{name}={count!r} must be a number of patients, or None.")

    @property
    def youden(self) -> float:
        """Sensitivity + specificity - 1."""
        return round(self.sensitivity + self.specificity - 1, 12)

    @property
    def variances(self) -> tuple[float, float]:
        """Sampling variances of sensitivity and specificity; 0 where they are taken as known."""
        pairs = ((self.sensitivity, self.validated_with), (self.specificity, self.validated_without))
        first, second = (0.0 if n is None else share * (1 - share) / n for share, n in pairs)
        return first, second


def correct_outcome(effect: Effect, exposed: Surveillance, unexposed: Surveillance | None = None) -> Effect:
    """Return the effect that a misclassified outcome hides.

    Parameters
    ----------
    effect : Effect
        On a binary recorded outcome.
    exposed : Surveillance
        Of the exposed arm; of both, where the other is not given.
    unexposed : Surveillance, optional
        Of the unexposed arm, where surveillance differed.

    Returns
    -------
    Effect
        With corrected risks and intervals, the correction among its overrides. Where surveillance differed,
        without the natural course: which share of it was exposed is not part of an effect.

    Raises
    ------
    ScaleNotDefined
        The outcome is not binary, or only a contrast was estimated.
    DataError
        The recorded risk is impossible with this sensitivity and specificity.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from causalmed import Cohort, Estimand, estimate
    >>> rng = np.random.default_rng(1)
    >>> late = rng.random(20_000) < 0.5
    >>> true = rng.random(20_000) < np.where(late, 0.2, 0.1)
    >>> seen = true & (rng.random(20_000) < 0.7)
    >>> cohort = Cohort.from_frame(pd.DataFrame({"late": late, "seen": seen}))
    >>> effect = estimate(Estimand.given(exposure="late", outcome="seen"), cohort)
    >>> print(effect.risk_difference)
    0.067 (95 % CI 0.059 to 0.076)
    >>> print(correct_outcome(effect, Surveillance(sensitivity=0.7, specificity=1.0)).risk_difference)
    0.096 (95 % CI 0.084 to 0.11)
    """
    if effect.outcome_kind != "binary" or "exposed" not in effect.functionals:
        raise ScaleNotDefined(
            "A misclassified outcome can be corrected where the risks of both arms were estimated."
        )
    same = unexposed is None
    by_label = {"exposed": exposed, "unexposed": exposed if unexposed is None else unexposed}
    if same and "natural" in effect.functionals:
        by_label["natural"] = exposed
    where = "in both arms" if same else "in the exposed"
    stated = [_stated(exposed, where)] + (
        [] if unexposed is None else [_stated(unexposed, "in the unexposed")]
    )
    return replace(
        effect,
        functionals=_corrected(effect.functionals, by_label, same=same),
        crude=None,
        overrides=(*effect.overrides, *stated),
        beside={},
        conditional=None,
    )


def _stated(known: Surveillance, where: str) -> str:
    return (
        f"The risks were corrected for an outcome recorded with sensitivity {known.sensitivity:g} and "
        f"specificity {known.specificity:g} {where}."
    )


def _corrected(arms: Functionals, by_label: dict[str, Surveillance], *, same: bool) -> Functionals:
    values, slopes, from_known = [], [], []
    for label, known in by_label.items():
        risk = (arms[label] + known.specificity - 1) / known.youden
        if not -1e-12 <= risk <= 1 + 1e-12:
            raise DataError(
                f"A recorded risk of {arms[label]:.4g} ({label}) is impossible with sensitivity "
                f"{known.sensitivity:g} and specificity {known.specificity:g}: the true one would be "
                f"{risk:.4g}. Revise the two."
            )
        values.append(risk)
        slopes.append(1 / known.youden)
        from_known.append((-risk / known.youden, (1 - risk) / known.youden))
    index = [arms.index(label) for label in by_label]
    scale = np.diag(slopes)
    covariance = scale @ arms.covariance[np.ix_(index, index)] @ scale
    covariance += _from_validation(list(by_label.values()), np.array(from_known), same=same)
    influence = None if arms.influence is None else arms.influence[:, index] * np.array(slopes)
    return Functionals(
        labels=tuple(by_label),
        values=np.array(values),
        covariance=covariance,
        source=f"{arms.source}, outcome corrected",
        degrees_of_freedom=arms.degrees_of_freedom,
        influence=influence,
    )


def _from_validation(known: list[Surveillance], slopes: Array, *, same: bool) -> Array:
    """Return what the uncertainty of sensitivity and specificity adds to the covariance."""
    k = len(known)
    added = np.zeros((k, k))
    for part in (0, 1):
        spread = np.array([one.variances[part] for one in known])
        if same:
            added += spread[0] * np.outer(slopes[:, part], slopes[:, part])
        else:
            added += np.diag(spread * slopes[:, part] ** 2)
    return added
