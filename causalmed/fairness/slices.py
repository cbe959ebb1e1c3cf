"""Slices nobody named: found in one half of the patients, judged in the other."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance, require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.engine import fold_of, unit_keys
from causalmed.errors import InvalidArgument
from causalmed.fairness.compare import Evidence
from causalmed.fairness.groups import Grouping, groupings
from causalmed.fairness.risks import outcome_of, risk_of, understood
from causalmed.prediction import normal_interval, observed_outcome, refuse_weights, std_error_of_mean
from causalmed.results import Interval
from causalmed.results.words import number

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Slice", "Slices", "benjamini_hochberg", "find_slices"]

FEWEST = 50
FEW_EXPECTED = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    """Patients who share one or two conditions, judged on the half that did not choose them.

    Parameters
    ----------
    conditions : str
        In words.
    n, events : int
        Patients and patients with the outcome, in the half that judges.
    expected : float
        Sum of their predicted risks.
    difference : Interval
        Observed minus predicted risk, per patient.
    q_value : float
        Benjamini and Hochberg's, over the slices that were kept.
    state : Evidence
        ``difference shown`` or ``cannot tell``.
    """

    conditions: str
    n: int
    events: int
    expected: float
    difference: Interval
    q_value: float
    state: Evidence


@dataclass(frozen=True, slots=True, kw_only=True)
class Slices:
    """What a search for slices found; exploratory, never part of the confirmatory family.

    Parameters
    ----------
    slices : tuple of Slice
        The smallest q-value first.
    tried : int
        Slices that were looked at in the half that searches.
    alpha : float
        Expected share of false ones among those shown.
    """

    slices: tuple[Slice, ...]
    tried: int
    alpha: float

    def to_frame(self) -> pd.DataFrame:
        """Return a row a slice."""
        import pandas as pd

        columns = ["slice", "n", "events", "expected", "difference", "low", "high", "q_value", "state"]
        rows = [
            (
                one.conditions, one.n, one.events, one.expected, one.difference.estimate,
                one.difference.low, one.difference.high, one.q_value, str(one.state),
            )
            for one in self.slices
        ]  # fmt: skip
        return pd.DataFrame(rows, columns=columns)

    def summary(self) -> str:
        """Return the search in at most 80 columns."""
        shown = [one for one in self.slices if one.state is Evidence.SHOWN]
        lines = [
            f"{self.tried:,} slices were looked at in one half of the patients; {len(self.slices)} were "
            f"judged in the other, {len(shown)} show a difference. Exploratory: confirm in other patients."
        ]
        lines += [_sentence(one) for one in shown]
        return "\n".join(textwrap.fill(line, 80, subsequent_indent="  ") for line in lines)


def find_slices(
    model: object,
    cohort: Cohort,
    *,
    columns: Sequence[str],
    most: int = 10,
    alpha: float = 0.05,
    level: float = 0.95,
    seed: int = 0,
) -> Slices:
    r"""Search for groups in which the risk is wrong on average, and judge them on held-out patients.

    In one half every condition on one or two columns is ranked by
    :math:`|\sum (y - p)| / \sqrt{\sum p (1 - p)}`; the ``most`` extreme are judged in the other half, with
    Benjamini and Hochberg's correction (1995, Journal of the Royal Statistical Society B 57:289-300).

    Parameters
    ----------
    model : RiskModel, str, classifier or callable
        As for :func:`audit`.
    cohort : Cohort
        Patients the model was not trained on.
    columns : sequence of str
        Columns whose levels (quartiles, for numbers) are the conditions.
    most : int
        Slices that are judged, at least 1.
    alpha : float
        Expected share of false ones among those shown.
    level : float
        Of the intervals.
    seed : int
        Of the halves; whole clusters stay together.

    Returns
    -------
    Slices

    Raises
    ------
    InvalidArgument
        No columns, or settings out of range.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> ward, risk = rng.choice(["a", "b"], 4000), rng.uniform(0.05, 0.3, 4000)
    >>> y = (rng.random(4000) < risk + 0.2 * (ward == "b")).astype(int)
    >>> frame = pd.DataFrame({"ward": ward, "risk": risk, "y": y})
    >>> found = find_slices("risk", Cohort.from_frame(frame, outcome="y"), columns=["ward"])
    >>> found.slices[0].conditions
    'ward b'
    """
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    require_share("alpha", alpha, example=0.05)
    require_share("level", level, example=0.95)
    require_seed(seed)
    refuse_weights(cohort, "find_slices()")
    if not isinstance(most, int) or isinstance(most, bool) or most < 1:
        raise InvalidArgument(f"most={most!r} must be a whole number of slices, at least 1.")
    outcome = observed_outcome(cohort, outcome_of(model, cohort))
    y, p = cohort.values(outcome), risk_of(understood(model, cohort, outcome), cohort)
    search = _halves(cohort, seed)
    tried = list(_candidates(groupings(cohort, columns)))
    ranked = _ranked(tried, search, y, p)
    kept = ranked[:most]
    return Slices(
        slices=_judged(kept, ~search, y, p, cohort.cluster_codes, alpha=alpha, level=level),
        tried=len(ranked),
        alpha=alpha,
    )


def benjamini_hochberg(p: NDArray[np.float64]) -> NDArray[np.float64]:
    r"""Adjust p-values for their number, :math:`\tilde p_{(i)} = \min_{j \ge i} \min(1, m p_{(j)} / j)`.

    Parameters
    ----------
    p : ndarray, shape (m,)
        In [0, 1].

    Returns
    -------
    ndarray, shape (m,)

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03])).tolist()
    [0.03, 0.04, 0.04]
    """
    m = len(p)
    order = np.argsort(p, kind="stable")[::-1]
    steps = np.minimum(1.0, m * p[order] / np.arange(m, 0, -1))
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum.accumulate(steps)
    return adjusted


def _halves(cohort: Cohort, seed: int) -> NDArray[np.bool_]:
    keys = cohort.unit_keys
    if cohort.cluster_codes is not None:
        keys = unit_keys(np.array(cohort.cluster_levels)[cohort.cluster_codes])
    return np.asarray(fold_of(keys, folds=2, seed=seed) == 0)


def _candidates(divided: Sequence[Grouping]) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    single = [
        [(f"{one.attribute} {group}", one.codes == code) for code, group in enumerate(one.groups)]
        for one in divided
    ]
    for groups in single:
        yield from groups
    for first, second in combinations(single, 2):
        for words, rows in first:
            yield from ((f"{words}, {other}", rows & more) for other, more in second)


def _ranked(
    tried: Sequence[tuple[str, NDArray[np.bool_]]],
    search: NDArray[np.bool_],
    y: NDArray[np.float64],
    p: NDArray[np.float64],
) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the slices that are large enough in both halves, the most extreme of the first half first."""
    large = [
        (words, rows) for words, rows in tried if min((rows & search).sum(), (rows & ~search).sum()) >= FEWEST
    ]
    return sorted(large, key=lambda one: (-_distance(y[one[1] & search], p[one[1] & search]), one[0]))


def _distance(y: NDArray[np.float64], p: NDArray[np.float64]) -> float:
    return float(abs((y - p).sum()) / np.sqrt(max((p * (1 - p)).sum(), 1e-12)))


def _judged(
    kept: Sequence[tuple[str, NDArray[np.bool_]]],
    judge: NDArray[np.bool_],
    y: NDArray[np.float64],
    p: NDArray[np.float64],
    cluster: NDArray[np.intp] | None,
    *,
    alpha: float,
    level: float,
) -> tuple[Slice, ...]:
    found, p_values = [], []
    for words, chosen in kept:
        rows = chosen & judge
        codes = None if cluster is None or len(np.unique(cluster[rows])) < 2 else cluster[rows]
        error = y[rows] - p[rows]
        mean = float(error.mean())
        spread = std_error_of_mean(error - mean, codes)
        expected = float(p[rows].sum())
        few = min(expected, rows.sum() - expected) < FEW_EXPECTED
        p_values.append(1.0 if few else _p_value(mean, spread, error, p[rows], codes))
        interval = normal_interval(mean, spread, cluster=codes, level=level)
        found.append((words, int(rows.sum()), int(y[rows].sum()), expected, interval))
    q = benjamini_hochberg(np.array(p_values, dtype=np.float64))
    slices = [
        Slice(
            conditions=words,
            n=n,
            events=events,
            expected=expected,
            difference=interval,
            q_value=float(at),
            state=Evidence.SHOWN if at <= alpha else Evidence.CANNOT_TELL,
        )
        for (words, n, events, expected, interval), at in zip(found, q, strict=True)
    ]
    return tuple(sorted(slices, key=lambda one: (one.q_value, one.conditions)))


def _p_value(
    mean: float,
    spread: float,
    error: NDArray[np.float64],
    p: NDArray[np.float64],
    codes: NDArray[np.intp] | None,
) -> float:
    """Return the p-value of "right on average": by the predicted variance, or between clusters if larger."""
    from scipy.special import ndtr, stdtr

    null = float(np.sqrt((p * (1 - p)).sum()) / len(error))
    if codes is None:
        return float(2 * ndtr(-abs(mean) / null))
    return float(2 * stdtr(len(np.unique(codes)) - 1, -abs(mean) / max(null, spread)))


def _sentence(one: Slice) -> str:
    gap = 100 * one.difference.estimate
    low, high = (number(100 * limit) for limit in (one.difference.low, one.difference.high))
    side = "more" if gap > 0 else "fewer"
    level = f"{100 * one.difference.level:g} % CI"
    return (
        f"{one.conditions}: {number(abs(gap))} {side} per 100 than predicted "
        f"({level} {low} to {high}), {one.events} of {one.n} patients."
    )
