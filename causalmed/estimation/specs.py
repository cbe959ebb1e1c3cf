"""The estimators as values: what is fitted, and how the pieces are put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from causalmed.errors import InvalidArgument
from causalmed.regression import Linear, Logistic
from causalmed.results.spelling import as_written

__all__ = ["AIPW", "IPW", "IPWRA", "TMLE", "Estimator", "GComputation"]


class Estimator(Protocol):
    """What every estimator declares before anything is fitted."""

    targets: ClassVar[frozenset[str]]
    """Kinds of estimand it can evaluate."""
    populations: ClassVar[frozenset[str]]
    """Populations it can speak about."""
    models: ClassVar[frozenset[str]]
    """Nuisances it fits: ``"outcome"``, ``"propensity"``."""


_MAIN_EFFECTS = Logistic()
_BACKDOOR = frozenset({"backdoor"})
_MODEL_FREE_POPULATIONS = frozenset({"all", "exposed", "unexposed"})
_POPULATIONS = _MODEL_FREE_POPULATIONS | {"overlap"}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class GComputation:
    r"""Standardisation of an outcome regression (parametric g-formula).

    .. math:: \hat\psi_a = \frac{\sum_i t_i\, m(a, L_i; \hat\beta)}{\sum_i t_i}

    with :math:`t_i` = 1 for all patients, :math:`A_i` for the exposed, :math:`1 - A_i` for the
    unexposed.

    Parameters
    ----------
    outcome : Logistic, Linear or None
        The outcome regression; None: :class:`Logistic` for a binary outcome, :class:`Linear` for a
        continuous one. Learners are refused: the plug-in of a machine learner has no valid standard
        error (use :class:`AIPW` or :class:`TMLE`).
    by_arm : bool
        Fit one regression among the exposed and one among the unexposed.

    References
    ----------
    Robins J (1986). Math Modelling 7:1393-1512. Snowden JM, Rose S, Mortimer KM (2011). Am J
    Epidemiol 173:731-738.

    Examples
    --------
    >>> GComputation()
    GComputation()
    """

    targets: ClassVar[frozenset[str]] = _BACKDOOR
    populations: ClassVar[frozenset[str]] = _MODEL_FREE_POPULATIONS
    models: ClassVar[frozenset[str]] = frozenset({"outcome"})

    outcome: Any = None
    by_arm: bool = False

    __repr__ = as_written

    def __post_init__(self) -> None:
        _check_plug_in("GComputation", self.outcome)
        _check_flag("by_arm", self.by_arm)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IPW:
    r"""Inverse probability weighting.

    .. math:: \hat\psi_a = \frac{\sum_i w_{a,i} Y_i}{\sum_i w_{a,i}}, \qquad
              w_{1,i} = \frac{A_i}{e(L_i)},\; w_{0,i} = \frac{1 - A_i}{1 - e(L_i)}

    for all patients; the weights of other populations stand in :mod:`causalmed.estimation.targets`.

    Parameters
    ----------
    propensity : Logistic or scikit-learn classifier
        Model of the exposure given the adjustment set. A classifier is cross-fitted.
    folds : int
        Folds of the cross-fitting, at least 2; used with a classifier only.
    trim : float or None
        Propensity scores are pulled to at least ``trim`` from 0 and 1; None: the sample-size rule
        :math:`5 / (\sqrt n \ln n)`, refused where more than 1 % of patients lie beyond it.
    stabilised : bool
        Divide by the sum of the weights (Hájek) or, if False, by n (Horvitz-Thompson).
    variance : {"stacked", "robust"}
        Whether the covariance allows for the propensity model having been estimated, or takes the
        weights as known, as most printed analyses do (wider for all patients).
    calibration : {"isotonic"} or None
        Recalibrate the scores of a classifier, cross-fitted, before truncation; see
        :mod:`causalmed.estimation.calibrated`.

    References
    ----------
    Hájek J (1971). Lunceford JK, Davidian M (2004). Stat Med 23:2937-2960, section 3. Gruber S,
    Phillips RV, Lee H, van der Laan MJ (2022). Am J Epidemiol 191:1640-1651.

    Examples
    --------
    >>> IPW(trim=0.01)
    IPW(trim=0.01)
    """

    targets: ClassVar[frozenset[str]] = _BACKDOOR
    populations: ClassVar[frozenset[str]] = _POPULATIONS
    models: ClassVar[frozenset[str]] = frozenset({"propensity"})

    propensity: Any = _MAIN_EFFECTS
    folds: int = 5
    trim: float | None = None
    stabilised: bool = True
    variance: str = "stacked"
    calibration: str | None = None

    __repr__ = as_written

    def __post_init__(self) -> None:
        check_calibration(self.calibration, self.propensity)
        _check_propensity(self.propensity)
        check_folds(self.folds)
        check_trim(self.trim)
        _check_flag("stabilised", self.stabilised)
        if self.variance not in ("stacked", "robust"):
            raise InvalidArgument.option("variance", self.variance, ("stacked", "robust"))


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class IPWRA:
    r"""Inverse-probability-weighted regression adjustment, right if either model is.

    .. math:: \hat\psi_a = \frac{\sum_i t_i\, m(a, L_i; \hat\beta_w)}{\sum_i t_i}, \qquad
              \sum_i w_i\, x_i \{Y_i - m(A_i, L_i; \hat\beta_w)\} = 0

    G-computation whose outcome regression is fitted with the weights of :class:`IPW`. Risks stay between
    0 and 1.

    Parameters
    ----------
    propensity : Logistic
        Model of the exposure given the adjustment set.
    outcome : Logistic, Linear or None
        Outcome regression; None: by the kind of the outcome. Learners are refused.
    by_arm : bool
        Fit one regression among the exposed and one among the unexposed, as ``teffects ipwra`` of Stata
        does.
    trim : float or None
        As for :class:`IPW`.

    References
    ----------
    Wooldridge JM (2007). J Econometrics 141:1281-1301, section 6. Słoczyński T, Wooldridge JM (2018).
    Econometric Theory 34:112-133.

    Examples
    --------
    >>> IPWRA(by_arm=True).by_arm
    True
    """

    targets: ClassVar[frozenset[str]] = _BACKDOOR
    populations: ClassVar[frozenset[str]] = _MODEL_FREE_POPULATIONS
    models: ClassVar[frozenset[str]] = frozenset({"outcome", "propensity"})

    propensity: Logistic = _MAIN_EFFECTS
    outcome: Logistic | Linear | None = None
    by_arm: bool = False
    trim: float | None = None

    __repr__ = as_written

    def __post_init__(self) -> None:
        if not isinstance(self.propensity, Logistic):
            raise InvalidArgument(
                f"IPWRA(propensity={type(self.propensity).__name__}) is not accepted: its standard error "
                "stacks the equations of both models, which a machine learner does not have. Use "
                "Logistic(), or give the learner to AIPW or TMLE."
            )
        _check_plug_in("IPWRA", self.outcome)
        _check_flag("by_arm", self.by_arm)
        check_trim(self.trim)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class AIPW:
    r"""Augmented inverse probability weighting, right if either nuisance model is.

    .. math:: \hat\psi_a = \frac{\sum_i t_i\, m_a(L_i) + w_{a,i} \{Y_i - m_a(L_i)\}}{\sum_i t_i}

    Parameters
    ----------
    propensity : Logistic or scikit-learn classifier
        Model of the exposure given the adjustment set.
    outcome : Logistic, Linear, scikit-learn learner or None
        Outcome regression given exposure and adjustment set; None: by the kind of the outcome.
    by_arm : bool
        Fit the outcome regression among the exposed and among the unexposed apart.
    folds : int
        Folds of the cross-fitting of learners, at least 2. Parametric models are fitted once on all.
    trim : float or None
        As for :class:`IPW`.
    repeats : int
        How often the patients are split into folds anew; medians are taken (:mod:`~.repeats`). Used with
        learners only.
    calibration : {"isotonic"} or None
        As for :class:`IPW`.

    References
    ----------
    Robins JM, Rotnitzky A, Zhao LP (1994). J Am Stat Assoc 89:846-866. Chernozhukov V et al. (2018).
    Econom J 21:C1-C68, section 5.1 (cross-fitting).

    Examples
    --------
    >>> AIPW(by_arm=True).by_arm
    True
    """

    targets: ClassVar[frozenset[str]] = _BACKDOOR
    populations: ClassVar[frozenset[str]] = _POPULATIONS
    models: ClassVar[frozenset[str]] = frozenset({"outcome", "propensity"})

    propensity: Any = _MAIN_EFFECTS
    outcome: Any = None
    by_arm: bool = False
    folds: int = 5
    trim: float | None = None
    repeats: int = 1
    calibration: str | None = None

    __repr__ = as_written

    def __post_init__(self) -> None:
        check_repeats(self.repeats)
        check_calibration(self.calibration, self.propensity)
        _check_propensity(self.propensity)
        check_outcome(self.outcome)
        _check_flag("by_arm", self.by_arm)
        check_folds(self.folds)
        check_trim(self.trim)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TMLE:
    r"""Targeted maximum likelihood: an outcome regression, corrected where it matters for the effect.

    The regression is moved along :math:`\operatorname{logit} m_a^* = \operatorname{logit} m_a +
    \epsilon_a` until the weighted residuals of each arm sum to zero; then
    :math:`\hat\psi_a = \sum_i t_i m_a^*(L_i) / \sum_i t_i`. Risks stay between 0 and 1.

    Parameters
    ----------
    propensity, outcome, by_arm, folds, trim, repeats, calibration
        As for :class:`AIPW`.
    fluctuation : {"weighted", "covariate"}
        The weights enter the likelihood (steadier where propensity scores are small), or multiply the
        covariate of the fluctuation.

    References
    ----------
    van der Laan MJ, Rubin D (2006). Int J Biostat 2(1):11. van der Laan MJ, Rose S (2011). Targeted
    Learning, chapters 4 and 7. Gruber S, van der Laan MJ (2010). Int J Biostat 6(1):26 (bounded
    continuous outcomes).

    Examples
    --------
    >>> TMLE().fluctuation
    'weighted'
    """

    targets: ClassVar[frozenset[str]] = _BACKDOOR
    populations: ClassVar[frozenset[str]] = _POPULATIONS
    models: ClassVar[frozenset[str]] = frozenset({"outcome", "propensity"})

    propensity: Any = _MAIN_EFFECTS
    outcome: Any = None
    by_arm: bool = False
    folds: int = 5
    trim: float | None = None
    fluctuation: str = "weighted"
    repeats: int = 1
    calibration: str | None = None

    __repr__ = as_written

    def __post_init__(self) -> None:
        check_repeats(self.repeats)
        check_calibration(self.calibration, self.propensity)
        _check_propensity(self.propensity)
        check_outcome(self.outcome)
        _check_flag("by_arm", self.by_arm)
        check_folds(self.folds)
        check_trim(self.trim)
        if self.fluctuation not in ("weighted", "covariate"):
            raise InvalidArgument.option("fluctuation", self.fluctuation, ("weighted", "covariate"))


def check_repeats(repeats: object) -> None:
    """Refuse what is not a whole number of repetitions."""
    if not isinstance(repeats, int) or isinstance(repeats, bool) or repeats < 1:
        raise InvalidArgument(f"repeats={repeats!r} must be a whole number of splits, at least 1.")


def check_calibration(calibration: object, propensity: object) -> None:
    """Refuse an unknown calibration, or one of a model that needs none."""
    if calibration not in (None, "isotonic"):
        raise InvalidArgument.option("calibration", calibration, (None, "isotonic"))
    if calibration is not None and isinstance(propensity, Logistic):
        raise InvalidArgument(
            "calibration='isotonic' corrects the scores of a cross-fitted classifier; Logistic() is "
            "calibrated by its fit. Leave calibration out, or give a classifier."
        )


def _check_plug_in(estimator: str, outcome: object) -> None:
    if outcome is not None and not isinstance(outcome, Logistic | Linear):
        raise InvalidArgument(
            f"{estimator}(outcome={type(outcome).__name__}) is not accepted: averaging the predictions of a "
            "machine learner has no valid standard error. Use Logistic() or Linear(), or give the learner "
            "to AIPW or TMLE."
        )


def _check_flag(name: str, value: object) -> None:
    if not isinstance(value, bool):
        raise InvalidArgument.option(name, value, (False, True))


def check_folds(folds: object) -> None:
    if not isinstance(folds, int) or isinstance(folds, bool) or folds < 2:
        raise InvalidArgument(f"folds={folds!r} must be a whole number, at least 2.")


def check_trim(trim: object) -> None:
    if trim is None:
        return
    if isinstance(trim, bool) or not isinstance(trim, int | float) or not 0 <= trim < 0.5:
        raise InvalidArgument(
            f"trim={trim!r} must be a propensity score from 0 (no truncation) to below 0.5, or None for the "
            "sample-size rule."
        )


def _check_propensity(model: object) -> None:
    if isinstance(model, Logistic):
        return
    if isinstance(model, Linear) or not is_learner(model) or not hasattr(model, "predict_proba"):
        raise InvalidArgument(
            f"propensity={model!r} cannot give probabilities. Use Logistic() or a scikit-learn classifier "
            "with predict_proba."
        )


def check_outcome(model: object) -> None:
    if model is None or isinstance(model, Logistic | Linear) or is_learner(model):
        return
    raise InvalidArgument(
        f"outcome={model!r} is not a model. Use Logistic(), Linear(), a scikit-learn learner (an instance, "
        "not its class), or None."
    )


def is_learner(model: object) -> bool:
    needed = ("fit", "predict", "get_params")
    return not isinstance(model, type) and all(hasattr(model, name) for name in needed)
