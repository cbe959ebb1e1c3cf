"""The estimators that use an instrument, as values."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from causalmed.estimation.mediation.specs import check_gives_probabilities
from causalmed.estimation.specs import check_folds, check_outcome, check_trim
from causalmed.regression import Logistic
from causalmed.results.spelling import as_written

__all__ = ["ComplierAIPW", "TwoStageLinear"]

_MAIN_EFFECTS = Logistic()
_INSTRUMENT = frozenset({"instrument"})
_ALL = frozenset({"all"})


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class ComplierAIPW:
    r"""Risks with and without the exposure among the patients whose exposure follows the instrument.

    For a yes/no instrument Z and exposure A, with :math:`\Delta_R` the doubly robust effect of Z on R,

    .. math:: E[Y(1) \mid \text{complier}] = \frac{\Delta_{YA}}{\Delta_A}, \qquad
              E[Y(0) \mid \text{complier}] = -\frac{\Delta_{Y(1 - A)}}{\Delta_A}

    .. math:: \Delta_R = \overline{m_1(W) - m_0(W)} + \Big\langle \frac{Z}{\pi(W)}, R - m_1 \Big\rangle
              - \Big\langle \frac{1 - Z}{1 - \pi(W)}, R - m_0 \Big\rangle

    where the brackets are means with weights divided by their sum. Right if nobody's exposure goes against
    the instrument, and the model of the instrument or the models of outcome and exposure are.

    Parameters
    ----------
    instrument : Logistic or scikit-learn classifier
        Model of the instrument given the covariates.
    exposure : Logistic, scikit-learn classifier or None
        Model of the exposure given the covariates, within each value of the instrument; None: main effects.
    outcome : Logistic, Linear, scikit-learn learner or None
        Model of the outcome among the exposed, and among the unexposed, as parts of all patients: of Y A and
        Y (1 - A), within each value of the instrument; None: by the kind of the outcome.
    folds : int
        Folds of the cross-fitting, at least 2; used with learners only.
    trim : float or None
        As for :class:`~causalmed.IPW`, for the model of the instrument.

    References
    ----------
    Angrist JD, Imbens GW, Rubin DB (1996). J Am Stat Assoc 91:444-455. Frölich M (2007). J Econometrics
    139:35-75, theorem 1. Tan Z (2006). J Am Stat Assoc 101:1607-1618 (doubly robust).

    Examples
    --------
    >>> ComplierAIPW(folds=2)
    ComplierAIPW(folds=2)
    """

    targets: ClassVar[frozenset[str]] = _INSTRUMENT
    populations: ClassVar[frozenset[str]] = _ALL
    models: ClassVar[frozenset[str]] = frozenset({"instrument", "exposure", "outcome"})

    instrument: Any = _MAIN_EFFECTS
    exposure: Any = None
    outcome: Any = None
    folds: int = 5
    trim: float | None = None

    __repr__ = as_written

    def __post_init__(self) -> None:
        check_gives_probabilities("instrument", self.instrument)
        if self.exposure is not None:
            check_gives_probabilities("exposure", self.exposure)
        check_outcome(self.outcome)
        check_folds(self.folds)
        check_trim(self.trim)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class TwoStageLinear:
    r"""Two-stage least squares with a robust error.

    .. math:: \hat\beta = \frac{\sum_i \tilde A_i Y_i}{\sum_i \tilde A_i A_i}

    where :math:`\tilde A` is what instrument and covariates predict of the exposure beyond what the
    covariates predict. Instrument and exposure may be of any kind; only the difference is identified, and
    only if it is the same for everybody.

    References
    ----------
    Wooldridge JM (2010). Econometric Analysis of Cross Section and Panel Data, 2nd ed., section 5.2.

    Examples
    --------
    >>> TwoStageLinear()
    TwoStageLinear()
    """

    targets: ClassVar[frozenset[str]] = _INSTRUMENT
    populations: ClassVar[frozenset[str]] = _ALL
    models: ClassVar[frozenset[str]] = frozenset()

    __repr__ = as_written
