"""Matching as a value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from causalmed.errors import InvalidArgument
from causalmed.regression import Logistic
from causalmed.results.spelling import as_written

__all__ = ["Matching"]

_MAIN_EFFECTS = Logistic()
_ON = ("propensity", "logit", "covariates")
_NO_OVERLAP = (
    'Matching has no population="overlap": every patient of it gets matches, whereas the overlap population '
    "is made of weights. Ask about 'all', 'exposed' or 'unexposed' with a caliper, which leaves out patients "
    'without a similar one, or use AIPW() with population="overlap".'
)


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Matching:
    r"""Each patient's other outcome is read off the most similar patients of the other arm.

    .. math:: \hat\psi_a = \frac1{\sum_i t_i} \sum_i t_i \hat Y_i(a), \qquad
              \hat Y_i(a) = \begin{cases} Y_i & A_i = a \\
              |J_i|^{-1} \sum_{j \in J_i} Y_j & A_i \ne a \end{cases}

    with :math:`t_i` = 1 for all patients, :math:`A_i` for the exposed, :math:`1 - A_i` for the
    unexposed, and :math:`J_i` all patients of the other arm who are at most as far away as the M-th
    nearest: ties share, so nothing depends on the order of rows.

    Parameters
    ----------
    on : {"propensity", "logit", "covariates"}
        What similar means: the propensity score, its logit, or the adjustment set itself.
    neighbours : int
        M, at least 1.
    caliper : float or None
        Largest distance of a match, above 0: in standard deviations (over all patients) of the score or of
        its logit, or in units of the metric for covariates. Patients without a match within it are left
        out, which changes about whom the effect is.
    exact : sequence of str
        Columns of the adjustment set on which matches must agree.
    replace : bool
        Whether a patient may be a match more than once. False makes pairs, in the exposed or the
        unexposed only.
    optimal : bool
        Pairs with the smallest total distance instead of pairs chosen one after the other from the
        highest score down; with ``replace=False`` only, and up to 25 million possible pairs.
    bias_corrected : bool or None
        Correct for what is left of the distance by a linear regression in each arm, on what was matched
        on. None: yes for covariates, no for a score, where the distances vanish fast enough.
    propensity : Logistic
        Model of the exposure given the adjustment set. Learners are refused: no standard error is known
        for matching on what they predict.
    metric : {"mahalanobis", "inverse_variance"}
        Distance between covariates.
    variance : {"estimated", "known"}
        Whether the covariance allows for the propensity score having been estimated (Abadie and Imbens
        2016) or takes it as known, as most programs do.
    variance_neighbours : int
        How many patients of the same arm a patient's outcome is compared with to estimate its spread.

    References
    ----------
    Abadie A, Imbens GW (2006). Econometrica 74:235-267, theorems 6 and 7. Abadie A, Imbens GW (2011). J
    Bus Econ Stat 29:1-11. Abadie A, Imbens GW (2016). Econometrica 84:781-807.

    Examples
    --------
    >>> Matching(on="logit", caliper=0.2)
    Matching(on='logit', caliper=0.2)
    >>> Matching(on="covariates").corrects
    True
    """

    targets: ClassVar[frozenset[str]] = frozenset({"backdoor"})
    populations: ClassVar[frozenset[str]] = frozenset({"all", "exposed", "unexposed"})
    models: ClassVar[frozenset[str]] = frozenset({"propensity"})
    refuses: ClassVar[Mapping[str, str]] = {"overlap": _NO_OVERLAP}

    on: str = "propensity"
    neighbours: int = 1
    caliper: float | None = None
    exact: Sequence[str] = ()
    replace: bool = True
    optimal: bool = False
    bias_corrected: bool | None = None
    propensity: Logistic = _MAIN_EFFECTS
    metric: str = "mahalanobis"
    variance: str = "estimated"
    variance_neighbours: int = 2

    __repr__ = as_written

    def __post_init__(self) -> None:
        for name, allowed in (
            ("on", _ON),
            ("replace", (True, False)),
            ("optimal", (False, True)),
            ("bias_corrected", (None, True, False)),
            ("metric", ("mahalanobis", "inverse_variance")),
            ("variance", ("estimated", "known")),
        ):
            _check_option(name, getattr(self, name), allowed)
        for name in ("neighbours", "variance_neighbours"):
            _check_count(name, getattr(self, name))
        _check_caliper(self.caliper)
        object.__setattr__(self, "exact", _names(self.exact))
        _check_propensity(self.propensity)
        self._check_together()

    @property
    def corrects(self) -> bool:
        """Whether the bias of inexact matches is corrected."""
        return self.on == "covariates" if self.bias_corrected is None else self.bias_corrected

    @property
    def scored(self) -> bool:
        """Whether matches are sought on one score."""
        return self.on != "covariates"

    def _check_together(self) -> None:
        if self.replace and self.optimal:
            raise InvalidArgument(
                "Matching(optimal=True) needs replace=False: with replacement the nearest is always the best."
            )
        if not self.replace and self.neighbours > 1:
            raise InvalidArgument(
                f"Matching(replace=False, neighbours={self.neighbours}) is not available: without "
                "replacement patients are paired. Use neighbours=1, or replace=True."
            )
        if not self.replace and self.bias_corrected:
            raise InvalidArgument(
                "Matching(replace=False, bias_corrected=True) is not available: the standard error of pairs "
                "knows no correction. Use replace=True, or a caliper."
            )


def _check_option(name: str, value: object, allowed: tuple[object, ...]) -> None:
    if not any(type(value) is type(option) and value == option for option in allowed):
        raise InvalidArgument.option(name, value, allowed)


def _check_count(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not 1 <= value <= 1000:
        raise InvalidArgument(f"{name}={value!r} must be a whole number from 1 to 1000.")


def _check_caliper(caliper: object) -> None:
    if caliper is None:
        return
    number = isinstance(caliper, int | float) and not isinstance(caliper, bool)
    if not number or not 0 < float(caliper) < float("inf"):  # type: ignore[arg-type]
        raise InvalidArgument(
            f"caliper={caliper!r} must be a distance above 0, in standard deviations of the score, or None."
        )


def _names(exact: object) -> tuple[str, ...]:
    if isinstance(exact, str) or not isinstance(exact, Sequence):
        raise InvalidArgument(f"exact={exact!r} must be a list of column names, such as ['sex'].")
    if not all(isinstance(name, str) for name in exact):
        raise InvalidArgument(f"exact={exact!r} must hold names of columns.")
    return tuple(exact)


def _check_propensity(model: object) -> None:
    if not isinstance(model, Logistic):
        raise InvalidArgument(
            f"Matching(propensity={type(model).__name__}) is not accepted: the standard error of matching on "
            "an estimated score is known for parametric models only. Use Logistic(formula=…), or give the "
            "learner to AIPW or TMLE."
        )
