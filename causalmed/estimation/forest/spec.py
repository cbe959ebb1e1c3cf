"""The causal forest as a value."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Final

from causalmed.errors import InvalidArgument
from causalmed.estimation.specs import AIPW
from causalmed.regression import Logistic
from causalmed.results.spelling import as_written

__all__ = ["CausalForest"]

_MAIN_EFFECTS: Final = Logistic()
_WHOLE: Final = {"trees": (80, 100_000), "min_leaf": (1, 1_000_000), "bins": (2, 255)}


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class CausalForest:
    r"""An honest causal forest: the effect in each patient's neighbourhood, and its doubly robust average.

    With the residuals :math:`\tilde A = A - e(L)` and :math:`\tilde Y = Y - m(L)` and weights
    :math:`\alpha_i(l)`, the share of trees in which patient i falls into the leaf of l,

    .. math:: \hat\tau(l) = \frac{\sum_i \alpha_i(l) (\tilde A_i - \bar A)(\tilde Y_i - \bar Y)}
              {\sum_i \alpha_i(l) (\tilde A_i - \bar A)^2}

    Half of a tree's patients choose its cuts, the other half fill its leaves. Trees come in pairs, each
    pair on its own half of the patients; intervals come from how far the pairs disagree. The average
    effect is that of :class:`~causalmed.AIPW` with outcome regressions :math:`m + (1 - e) \hat\tau` and
    :math:`m - e \hat\tau`.

    Parameters
    ----------
    trees : int
        Number of trees, even, at least 80. More trees steady the effects and narrow the intervals.
    min_leaf : int
        Fewest patients of a leaf, in each half.
    mtry : int or None
        Columns looked at in a node; None: :math:`\lceil \sqrt p \rceil + 20`, at most all p.
    bins : int
        A column is cut at its quantiles into this many bins at most, 2 to 255.
    subsample : float
        Share of the patients (of the clusters, where there are any) that a pair of trees sees, at most
        one half.
    propensity : Logistic or scikit-learn classifier
        Model of the exposure given the adjustment set. A classifier is cross-fitted.
    outcome : Logistic, Linear, scikit-learn learner or None
        Outcome regression given exposure and adjustment set; None: by the kind of the outcome.
    folds : int
        Folds of the cross-fitting of learners, at least 2.
    trim : float or None
        As for :class:`~causalmed.IPW`.
    stretch : bool
        Forests pull effects toward their average. Where the held-out patients show by how much (the
        slope of the calibration test is above 1), effects and intervals are stretched by that slope.

    References
    ----------
    Athey S, Tibshirani J, Wager S (2019). Generalized random forests. Ann Stat 47:1148-1178, sections 2-4
    and 6.2. Wager S, Athey S (2018). J Am Stat Assoc 113:1228-1242 (honesty). Nie X, Wager S (2021).
    Biometrika 108:299-319 (residuals).

    Examples
    --------
    >>> CausalForest(trees=2000)
    CausalForest(trees=2000)
    """

    targets: ClassVar[frozenset[str]] = frozenset({"backdoor"})
    populations: ClassVar[frozenset[str]] = AIPW.populations
    models: ClassVar[frozenset[str]] = AIPW.models
    by_arm: ClassVar[bool] = False

    trees: int = 500
    min_leaf: int = 5
    mtry: int | None = None
    bins: int = 63
    subsample: float = 0.5
    propensity: Any = _MAIN_EFFECTS
    outcome: Any = None
    folds: int = 5
    trim: float | None = None
    stretch: bool = True

    __repr__ = as_written

    def __post_init__(self) -> None:
        AIPW(propensity=self.propensity, outcome=self.outcome, folds=self.folds, trim=self.trim)
        for name, (low, high) in _WHOLE.items():
            _check_whole(name, getattr(self, name), low, high)
        if self.trees % 2:
            raise InvalidArgument(
                f"trees={self.trees} must be even: trees are grown in pairs, from whose disagreement the "
                "intervals are made."
            )
        if self.mtry is not None:
            _check_whole("mtry", self.mtry, 1, 1_000_000)
        share = self.subsample
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 < share <= 0.5:
            raise InvalidArgument(
                f"subsample={share!r} must be above 0 and at most 0.5: the intervals compare halves."
            )
        if not isinstance(self.stretch, bool):
            raise InvalidArgument.option("stretch", self.stretch, (False, True))

    def columns_a_node(self, p: int) -> int:
        """Return how many of p columns a node looks at."""
        return min(p, math.ceil(math.sqrt(p)) + 20 if self.mtry is None else self.mtry)


def _check_whole(name: str, value: object, low: int, high: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidArgument(f"{name}={value!r} must be a whole number from {low:,} to {high:,}.")
