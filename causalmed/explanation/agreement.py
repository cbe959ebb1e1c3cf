"""Do the questions have the same answer? They need not, and a reader must be told."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.explanation.explanation import Explanation

__all__ = ["agreement", "badge", "largest", "opposed", "sizes"]

TOP: Final = 3
TURNED: Final = 0.05  # of the largest attribution: below, a sign says little
NOTHING: Final = 0.005  # points: a hundredth, as it would be rounded


def sizes(explanation: Explanation) -> NDArray[np.float64]:
    """Return the mean size of each attribution over the patients; that of one patient keeps its sign."""
    if len(explanation) == 1:
        return np.asarray(explanation.values[0])
    return np.asarray(np.abs(explanation.values).mean(axis=0))


def largest(explanation: Explanation, most: int = TOP) -> tuple[str, ...]:
    """Return the columns with the largest attributions, the largest first; those of nothing are left out."""
    size = np.nan_to_num(np.abs(sizes(explanation)))
    order = np.argsort(-size, kind="stable")[:most]
    return tuple(explanation.features[j] for j in order if size[j] > NOTHING)


def badge(answers: Mapping[str, Explanation]) -> str:
    """Return a sentence where the questions name other columns as the top three, or other directions."""
    named = {question: largest(answer) for question, answer in answers.items()}
    parts = []
    if len({frozenset(names) for names in named.values()}) > 1:
        listed = "; ".join(
            f"{question}: {', '.join(name.replace('_', ' ') for name in names) or 'nothing'}"
            for question, names in named.items()
        )
        parts.append(f"Largest three – {listed}.")
    if turned := opposed(answers):
        parts.append(f"Up in one, down in another: {', '.join(name.replace('_', ' ') for name in turned)}.")
    return " ".join(["The answer depends on the question.", *parts]) if parts else ""


def opposed(answers: Mapping[str, Explanation]) -> tuple[str, ...]:
    """Return the columns that raise one patient's risk in one answer and lower it in another."""
    several = list(answers.values())
    if len(several[0]) > 1:
        return ()
    table = np.array([np.nan_to_num(answer.values[0]) for answer in several])
    least = TURNED * np.abs(table).max()
    turned = (table.min(axis=0) < -least) & (table.max(axis=0) > least)
    return tuple(name for name, each in zip(several[0].features, turned, strict=True) if each)


def agreement(answers: Mapping[str, Explanation]) -> pd.DataFrame:
    """Return a row a pair of questions: how many of the top three, and which signs, they share.

    ``rank_correlation`` is Spearman's, of the sizes of the attributions both have.
    """
    import pandas as pd

    names = list(answers)
    pairs = [(a, b) for at, a in enumerate(names) for b in names[at + 1 :]]
    columns = ("one", "other", "top_three_shared", "same_sign", "rank_correlation")
    rows = [(a, b, *_compared(answers[a], answers[b])) for a, b in pairs]
    return pd.DataFrame(rows, columns=list(columns))


def _compared(one: Explanation, other: Explanation) -> tuple[int, float, float]:
    shared = len(set(largest(one)) & set(largest(other)))
    both = np.isfinite(one.values) & np.isfinite(other.values)
    large = both & (np.abs(one.values) > NOTHING) & (np.abs(other.values) > NOTHING)
    same = (
        float(np.mean(np.sign(one.values[large]) == np.sign(other.values[large]))) if large.any() else np.nan
    )
    a, b = np.abs(sizes(one)), np.abs(sizes(other))
    known = np.isfinite(a) & np.isfinite(b)
    return shared, same, _spearman(a[known], b[known])


def _spearman(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    from scipy.stats import rankdata

    first, second = rankdata(a), rankdata(b)
    if len(a) < 2 or np.ptp(first) == 0 or np.ptp(second) == 0:
        return float("nan")
    return float(np.corrcoef(first, second)[0, 1])
