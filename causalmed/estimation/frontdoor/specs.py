"""The estimator of the front door, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from causalmed.estimation.mediation.specs import check_sequence
from causalmed.regression import Logistic
from causalmed.results.spelling import as_written

__all__ = ["FrontDoorAIPW"]

_MAIN_EFFECTS = Logistic()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class FrontDoorAIPW:
    r"""The front-door formula from its efficient influence function.

    For :math:`\psi_a = \sum_w P(w) \sum_m P(m \mid a, w) \sum_{a'} P(a' \mid w) E[Y \mid a', m, w]`, with
    :math:`\mu_{a'}(m, w) = E[Y \mid a', m, w]` and :math:`\xi_{a'a}(w) = E[\mu_{a'}(M, w) \mid a, w]`,

    .. math:: \hat\psi_a = \Big\langle \frac{p(a \mid M, W)\, p(A \mid W)}{p(A \mid M, W)\, p(a \mid W)},
              Y - \hat\mu_A \Big\rangle + \Big\langle \frac{1\{A = a\}}{p(a \mid W)}, \sum_{a'} p(a' \mid W)
              (\hat\mu_{a'} - \hat\xi_{a'a}) \Big\rangle + \overline{\hat\xi_{Aa}(W)}

    where the brackets are means with weights divided by their sum. The density of the mediators is never
    modelled: the ratio of densities is one of odds of the exposure, so several mediators of any kind will do.

    Parameters
    ----------
    propensity : Logistic or scikit-learn classifier
        Model of the exposure given the covariates of the front door.
    mediator_propensity : Logistic or scikit-learn classifier
        Model of the exposure given mediators and covariates.
    outcome : Logistic, Linear, scikit-learn learner or None
        Outcome regression on mediators and covariates, within each arm; None: by the kind of the outcome.
    mean_outcome : Logistic, Linear, scikit-learn regressor or None
        Regression of the predicted outcome on the covariates; None: by the kind of the outcome.
    folds : int
        Folds of the cross-fitting, at least 2; used with learners only.
    trim : float or None
        As for :class:`~causalmed.IPW`, for both models of the exposure.

    References
    ----------
    Fulcher IR, Shpitser I, Marealle S, Tchetgen Tchetgen EJ (2020). JRSS B 82:199-214, theorem 1.

    Examples
    --------
    >>> FrontDoorAIPW(folds=10)
    FrontDoorAIPW(folds=10)
    """

    targets: ClassVar[frozenset[str]] = frozenset({"frontdoor"})
    populations: ClassVar[frozenset[str]] = frozenset({"all"})
    models: ClassVar[frozenset[str]] = frozenset(
        {"outcome", "mean_outcome", "propensity", "mediator_propensity"}
    )

    propensity: Any = _MAIN_EFFECTS
    mediator_propensity: Any = _MAIN_EFFECTS
    outcome: Any = None
    mean_outcome: Any = None
    folds: int = 5
    trim: float | None = None

    __repr__ = as_written

    def __post_init__(self) -> None:
        check_sequence(self)
