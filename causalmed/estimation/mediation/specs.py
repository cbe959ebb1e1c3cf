"""The estimator of effects along some paths, as a value."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from causalmed.errors import InvalidArgument
from causalmed.estimation.specs import check_folds, check_outcome, check_trim
from causalmed.regression import Linear, Logistic
from causalmed.results.spelling import as_written

__all__ = ["MediationAIPW"]

_MAIN_EFFECTS = Logistic()


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class MediationAIPW:
    r"""Natural and controlled direct and indirect effects from their efficient influence functions.

    For :math:`\psi_{ab} = E[Y(a, M(b))]`, with :math:`\mu_a(m, w) = E[Y \mid a, m, w]` and
    :math:`\eta_{ab}(w) = E[\mu_a(M, w) \mid b, w]`,

    .. math:: \hat\psi_{ab} = \overline{\hat\eta_{ab}(W)} + \Big\langle \frac{1\{A = a\}}{p(b \mid W)}
              \frac{p(b \mid M, W)}{p(a \mid M, W)}, Y - \hat\mu_a \Big\rangle
              + \Big\langle \frac{1\{A = b\}}{p(b \mid W)}, \hat\mu_a - \hat\eta_{ab} \Big\rangle

    where the brackets are means with weights that are divided by their sum. The density of the mediators is
    never modelled: the ratio of densities is a ratio of odds of the exposure, so M may be several columns of
    any kind. Right if :math:`\mu` and (:math:`\eta` or p(b | W)) are, or both models of the exposure are.

    A controlled direct effect holds M at m: :math:`\mu_a` is a regression on exposure, mediators and all
    covariates, :math:`\eta_a` its mean given W, and the weights are
    :math:`1\{A = a, M = m\} / \{p(a \mid W)\, p(m \mid a, W, L)\}`.

    Parameters
    ----------
    propensity : Logistic or scikit-learn classifier
        Model of the exposure given the covariates.
    mediator_propensity : Logistic or scikit-learn classifier
        For natural effects the model of the exposure given mediators and covariates; for controlled effects
        that of the mediators having the stated values, within each arm.
    outcome : Logistic, Linear, scikit-learn learner or None
        Outcome regression on exposure, mediators and covariates; None: by the kind of the outcome.
    mean_outcome : Logistic, Linear, scikit-learn regressor or None
        Regression of the outcome, as predicted from the mediators or as observed, on the covariates; None:
        by the kind of the outcome.
    by_arm : bool
        Fit the outcome regression within each arm, so that the mediators may act differently there.
    folds : int
        Folds of the cross-fitting, at least 2; used with learners only.
    trim : float or None
        As for :class:`~causalmed.IPW`, for both models of the exposure.

    References
    ----------
    Tchetgen Tchetgen EJ, Shpitser I (2012). Ann Stat 40:1816-1845, theorems 1 and 2. Zheng W, van der Laan MJ
    (2012). Int J Biostat 8(1):3 (regression of the predicted outcome). Bang H, Robins JM (2005). Biometrics
    61:962-973 (held mediators: two exposures in sequence).

    Examples
    --------
    >>> MediationAIPW(trim=0.02)
    MediationAIPW(trim=0.02)
    """

    targets: ClassVar[frozenset[str]] = frozenset({"mediation"})
    populations: ClassVar[frozenset[str]] = frozenset({"all"})
    models: ClassVar[frozenset[str]] = frozenset(
        {"outcome", "mean_outcome", "propensity", "mediator_propensity"}
    )

    propensity: Any = _MAIN_EFFECTS
    mediator_propensity: Any = _MAIN_EFFECTS
    outcome: Any = None
    mean_outcome: Any = None
    by_arm: bool = True
    folds: int = 5
    trim: float | None = None

    __repr__ = as_written

    def __post_init__(self) -> None:
        check_sequence(self)
        if not isinstance(self.by_arm, bool):
            raise InvalidArgument.option("by_arm", self.by_arm, (False, True))


def check_sequence(spec: Any) -> None:
    """Refuse models of a sequence (exposure, mediators, outcome, its mean) that cannot play their parts."""
    check_gives_probabilities("propensity", spec.propensity)
    check_gives_probabilities("mediator_propensity", spec.mediator_propensity)
    check_outcome(spec.outcome)
    check_outcome(spec.mean_outcome)
    if spec.mean_outcome is not None and hasattr(spec.mean_outcome, "predict_proba"):
        raise InvalidArgument(
            f"mean_outcome={type(spec.mean_outcome).__name__} is a classifier, but a predicted risk is a "
            "number. Use a regressor, Logistic(), Linear() or None."
        )
    check_folds(spec.folds)
    check_trim(spec.trim)


def check_gives_probabilities(name: str, model: object) -> None:
    """Refuse a model of a yes/no column that gives no probabilities."""
    if isinstance(model, Logistic):
        return
    learner = not isinstance(model, type | Linear) and hasattr(model, "fit") and hasattr(model, "get_params")
    if not learner or not hasattr(model, "predict_proba"):
        raise InvalidArgument(
            f"{name}={model!r} cannot give probabilities. Use Logistic() or a scikit-learn classifier with "
            "predict_proba."
        )
