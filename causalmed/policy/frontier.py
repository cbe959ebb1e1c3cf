r"""All that can be had for a budget: the front of outcomes against cost.

Who is exposed under a budget is a rule of thresholds: patient *i* is exposed where

.. math:: \hat\tau(X_i) + \lambda c_i < \kappa_{g(i)}

with :math:`\hat\tau` the effect as predicted from the features, :math:`c_i` the cost of exposing the patient,
:math:`\lambda` the price of the budget and :math:`\kappa_g` the price of keeping the groups' shares together
(the Lagrangian of a linear programme whose solution is fractional for one patient a group at most). A sweep
over budgets gives the whole front by sorting. Each patient is ranked by a model of the other folds, and each
point is valued by doubly robust scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.engine import fold_of, generator
from causalmed.errors import InvalidArgument
from causalmed.estimation import correlation_of, critical_value, max_draws
from causalmed.policy.features import rule_columns
from causalmed.policy.scores import Scores, keys_of, scores_of
from causalmed.policy.valuing import PolicyValue, value_of
from causalmed.results import Curve, Effect

__all__ = ["Front", "pareto"]

Array = NDArray[np.float64]
_POINTS: Final = 21


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Front:
    """Outcomes against budgets.

    Parameters
    ----------
    curve : Curve
        Change of the outcome against care as it was, by budget; with a band for all budgets at once.
    values : tuple of PolicyValue
        The worth at each budget.
    shares : tuple of tuple of (str, float)
        Share exposed of each group at each budget; empty without groups.
    max_gap : float or None
        What the shares of two groups may differ by.
    """

    curve: Curve
    values: tuple[PolicyValue, ...]
    shares: tuple[tuple[tuple[str, float], ...], ...]
    max_gap: float | None

    def pick(self, budget: float) -> PolicyValue:
        """Return the worth at the largest budget on the front that is not above this one."""
        within = np.flatnonzero(self.curve.x <= budget + 1e-12)
        if not len(within):
            raise InvalidArgument(
                f"budget={budget!r} lies below the smallest on the front, {self.curve.x[0]:g}."
            )
        return self.values[int(within[-1])]

    def summary(self) -> str:
        """Describe the front by its ends, in at most 80 columns."""
        return self.curve.summary()

    def __str__(self) -> str:
        return self.summary()


def pareto(
    effect: Effect,
    cohort: Cohort,
    *,
    features: Sequence[str],
    cost: str | None = None,
    groups: str | None = None,
    max_gap: float | None = None,
    learner: object = None,
    folds: int = 5,
    level: float = 0.95,
    seed: int = 0,
) -> Front:
    """Trace what could be had for every budget, from exposing nobody to all who are predicted to gain.

    A budget is a limit: nobody is exposed who is predicted to lose by it, unless ``max_gap`` demands it.

    Parameters
    ----------
    effect : Effect
        Of AIPW or TMLE on a harmful outcome; see :func:`scores_of`.
    cohort : Cohort
        The same patients.
    features : sequence of str
        Columns from which each patient's effect is predicted; all known before the exposure.
    cost : str, optional
        Column with what exposing a patient costs (days, euros), all positive; by default 1 for each.
    groups : str, optional
        Column with the groups whose shares are to stay together.
    max_gap : float, optional
        Largest difference of the shares exposed of two groups, in (0, 1); needs ``groups``.
    learner : scikit-learn regressor, optional
        Predicts the effect; by default 50 small steps of boosted trees of depth 2.
    folds : int
        Each patient is ranked by models fitted on the other folds; 2 to 20.
    level : float
        Confidence level, in (0, 1).
    seed : int
        Folds, learner, and the band.

    Returns
    -------
    Front

    Raises
    ------
    InvalidArgument
        A cost that is not positive; ``max_gap`` without groups; features that are not known in time.

    References
    ----------
    Athey S, Wager S (2021). Econometrica 89:133-161. Luedtke AR, van der Laan MJ (2016). Int J Biostat
    12:283-303 (resource constraints).

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed import AIPW, Estimand, estimate
    >>> rng = np.random.default_rng(1)
    >>> table = pd.DataFrame({"old": rng.random(4000) < 0.4, "oxygen": rng.random(4000) < 0.5})
    >>> table["ssi"] = rng.random(4000) < 0.2 - 0.12 * table["old"] * table["oxygen"]
    >>> cohort = Cohort.from_frame(table)
    >>> question = Estimand.given(exposure="oxygen", outcome="ssi", adjustment_set=["old"])
    >>> front = pareto(estimate(question, cohort, AIPW()), cohort, features=["old"])
    >>> print(front.pick(0.4).against_care)
    −0.020 (95 % CI −0.032 to −0.0087)
    """
    require_seed(seed)
    require_share("level", level, example=0.95)
    scores = scores_of(effect, cohort)
    columns = rule_columns(scores, cohort, features)
    price = _cost(cohort, cost)
    labels, codes = _groups(cohort, groups, max_gap)
    fold = _folds(cohort, folds, seed)
    ranks = _predicted(np.column_stack([one.values for one in columns]), scores, fold, learner, seed) / price
    budgets = np.linspace(0, 1, _POINTS)
    rules = [_rule(ranks, price, codes, len(labels), budget, max_gap) for budget in budgets]
    unit = price.mean()
    values = tuple(
        value_of(scores, rule, f"the {100 * budget:.0f} % of the budget reach", level=level)
        for rule, budget in zip(rules, budgets, strict=True)
    )
    return Front(
        curve=_curve(scores, rules, budgets * (1.0 if cost is None else unit), values, cost, level, seed),
        values=values,
        shares=tuple(
            tuple((label, float(rule[codes == k].mean())) for k, label in enumerate(labels)) for rule in rules
        )
        if groups
        else (),
        max_gap=max_gap,
    )


def _cost(cohort: Cohort, name: str | None) -> Array:
    if name is None:
        return np.ones(cohort.n)
    values = np.asarray(cohort.values(name), dtype=np.float64)
    if not (np.isfinite(values) & (values > 0)).all():
        raise InvalidArgument(
            f"cost={name!r} must be positive for every patient; what is free needs no budget."
        )
    return values


def _groups(
    cohort: Cohort, name: str | None, max_gap: float | None
) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    if max_gap is not None:
        require_share("max_gap", max_gap, example=0.02)
        if name is None:
            raise InvalidArgument("max_gap= is between groups: name their column with groups=.")
    if name is None:
        return ("all",), np.zeros(cohort.n, dtype=np.intp)
    labels, codes = np.unique(cohort.column(name).labels().astype(str), return_inverse=True)
    return tuple(labels.tolist()), codes


def _folds(cohort: Cohort, folds: int, seed: int) -> NDArray[np.intp]:
    if isinstance(folds, bool) or not isinstance(folds, int) or not 2 <= folds <= 20:
        raise InvalidArgument(f"folds={folds!r} must be a whole number from 2 to 20.")
    return fold_of(keys_of(cohort), folds=folds, seed=seed)


def _predicted(X: Array, scores: Scores, fold: NDArray[np.intp], learner: object, seed: int) -> Array:
    """Predict each patient's effect from the other folds."""
    from sklearn.base import clone
    from sklearn.ensemble import GradientBoostingRegressor

    # scores are mostly noise: few steps, small ones, and ends of a twentieth of the patients
    plain = GradientBoostingRegressor(
        max_depth=2, n_estimators=50, learning_rate=0.05, min_samples_leaf=0.05, random_state=seed
    )
    found = np.zeros(len(X))
    for k in np.unique(fold):
        model = clone(plain if learner is None else learner).fit(X[fold != k], scores.difference[fold != k])
        found[fold == k] = model.predict(X[fold == k])
    return found


def _rule(
    ranks: Array, price: Array, codes: NDArray[np.intp], count: int, budget: float, max_gap: float | None
) -> NDArray[np.bool_]:
    """Expose those who gain most for the cost, within a share of all cost; nobody who would lose."""
    total = budget * price.sum()
    if max_gap is None:
        return _spend(ranks, price, total)
    order = [
        np.flatnonzero(codes == group)[np.argsort(ranks[codes == group], kind="stable")]
        for group in range(count)
    ]
    best = (np.inf, np.zeros(len(ranks), dtype=bool))
    for low in np.linspace(0, 1, 101):
        rule = _between(ranks, price, order, (low, min(1.0, low + max_gap)), total)
        if rule is not None and (gain := float((ranks * price)[rule].sum())) < best[0] - 1e-12:
            best = (gain, rule)
    return best[1]


def _spend(ranks: Array, price: Array, total: float) -> NDArray[np.bool_]:
    order = np.argsort(ranks, kind="stable")
    rule = np.zeros(len(ranks), dtype=bool)
    rule[order[(np.cumsum(price[order]) <= total * (1 + 1e-12)) & (ranks[order] < 0)]] = True
    return rule


def _between(
    ranks: Array, price: Array, order: list[NDArray[np.intp]], shares: tuple[float, float], total: float
) -> NDArray[np.bool_] | None:
    """Expose the least share of every group, then the best of the rest; None where that is too dear."""
    rule = np.zeros(len(ranks), dtype=bool)
    rest = []
    for group in order:
        low, high = (int(np.floor(share * len(group) + 1e-9)) for share in shares)
        rule[group[:low]] = True
        rest.append(group[low:high])
    left = total - price[rule].sum()
    if left < -1e-9 * total:
        return None
    others = np.concatenate(rest)
    rule[others[_spend(ranks[others], price[others], left)]] = True
    return rule


def _curve(
    scores: Scores,
    rules: list[NDArray[np.bool_]],
    budgets: Array,
    values: tuple[PolicyValue, ...],
    cost: str | None,
    level: float,
    seed: int,
) -> Curve:
    changes = [value.against_care for value in values]
    away = np.column_stack([scores.under(rule) - scores.observed for rule in rules])
    degrees = np.inf if scores.clusters is None else len(np.unique(scores.clusters)) - 1.0
    drawn = max_draws(
        correlation_of(away - away.mean(axis=0), scores.clusters),
        degrees_of_freedom=degrees,
        random=generator(seed, "policy", "band"),
    )
    reach = critical_value(drawn, 1 - level)
    estimate = np.array([change.estimate for change in changes])
    error = np.array([change.std_error for change in changes])
    effect = scores.effect
    return Curve(
        label=f"{effect.exposure} for those who gain most",
        x=budgets,
        estimate=estimate,
        low=np.array([change.low for change in changes]),
        high=np.array([change.high for change in changes]),
        uniform_low=estimate - reach * error,
        uniform_high=estimate + reach * error,
        x_label="budget, share of patients" if cost is None else f"budget, mean {cost} a patient",
        y_label=f"change of {effect.outcome} in 100 patients, against care as it was",
        question=f"How {effect.outcome} would change if {effect.exposure} went to those who gain most.",
        n=len(scores.observed),
        level=level,
        per=100.0,
        provenance=effect.provenance,
    )
