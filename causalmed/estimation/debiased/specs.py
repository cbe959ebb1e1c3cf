"""Debiased machine learning as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from causalmed.errors import InvalidArgument
from causalmed.estimation.specs import check_folds, check_outcome, check_repeats, check_trim
from causalmed.results.spelling import as_written

__all__ = ["MODELS", "DoubleML"]

MODELS: Final = ("partially_linear", "interactive", "logistic")


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class DoubleML:
    r"""Debiased (double) machine learning: an effect between two cross-fitted predictions.

    ``"partially_linear"``: :math:`E[Y \mid A, L] = \theta A + g(L)`, for an exposure that is two-valued or a
    number; what is left of the outcome is regressed on what is left of the exposure,

    .. math:: \hat\theta = \frac{\sum_i (A_i - \hat m(L_i)) (Y_i - \hat\ell(L_i))}
              {\sum_i (A_i - \hat m(L_i))^2}

    ``"interactive"``: no form is assumed; the means of both arms by :class:`~causalmed.AIPW`, every nuisance
    cross-fitted, the arms apart.

    ``"logistic"``: :math:`\operatorname{logit} P(Y = 1 \mid A, L) = \beta A + r(L)`, whose answer is the
    conditional log odds ratio :math:`\beta` and nothing else.

    Parameters
    ----------
    model : {"partially_linear", "interactive", "logistic"}
        See above.
    propensity : Logistic, Linear, scikit-learn learner or None
        Model of the exposure given the adjustment set: gives probabilities for a two-valued exposure,
        numbers for another. None: main effects.
    outcome : Logistic, Linear, scikit-learn learner or None
        Model of the outcome; None: main effects. ``SuperLearner()`` mixes several.
    folds : int
        Folds of the cross-fitting, at least 2; whole clusters.
    repeats : int
        How often the folds are drawn anew; medians are taken.
    trim : float or None
        As for :class:`~causalmed.IPW`; ``"interactive"`` only.

    References
    ----------
    Chernozhukov V, Chetverikov D, Demirer M, Duflo E, Hansen C, Newey W, Robins J (2018). Econom J
    21:C1-C68, sections 4.1 and 5.1. Liu M, Zhang Y, Zhou D (2021). Econom J 24:559-588 (logistic). Chiang HD,
    Kato K, Ma Y, Sasaki Y (2022). J Bus Econ Stat 40:1046-1056 (folds and sums of whole clusters).

    Examples
    --------
    >>> DoubleML(repeats=5)
    DoubleML(repeats=5)
    """

    targets: ClassVar[frozenset[str]] = frozenset({"backdoor"})
    populations: ClassVar[frozenset[str]] = frozenset({"all", "exposed", "unexposed", "overlap"})
    models: ClassVar[frozenset[str]] = frozenset({"outcome", "propensity"})

    model: str = "partially_linear"
    propensity: Any = None
    outcome: Any = None
    folds: int = 5
    repeats: int = 1
    trim: float | None = None

    __repr__ = as_written

    def __post_init__(self) -> None:
        if self.model not in MODELS:
            raise InvalidArgument.option("model", self.model, MODELS)
        _check_model("propensity", self.propensity)
        _check_model("outcome", self.outcome)
        check_folds(self.folds)
        check_repeats(self.repeats)
        check_trim(self.trim)
        if self.trim is not None and self.model != "interactive":
            raise InvalidArgument(
                f"trim={self.trim!r} bounds weights, and the {self.model.replace('_', ' ')} model has none. "
                'Leave it out, or use model="interactive".'
            )


def _check_model(name: str, model: object) -> None:
    try:
        check_outcome(model)
    except InvalidArgument:
        raise InvalidArgument(
            f"{name}={model!r} is not a model. Use Logistic(), Linear(), SuperLearner(), a learner of "
            "scikit-learn (an instance, not its class), or None."
        ) from None
