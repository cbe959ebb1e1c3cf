"""The only door to causal-learn: greedy equivalence search, and the reference in tests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from causalmed.discovery.marks import ARROW, CIRCLE, TAIL, Marks
from causalmed.discovery.variables import Variables

__all__ = ["ges_marks", "marks_of"]


def ges_marks(data: Variables) -> Marks:
    """Run greedy equivalence search.

    Chickering (2002), JMLR 3, 507–554, by causal-learn: the BIC of linear normal models for numbers and
    mixed columns, BDeu where all columns are discrete.
    """
    from causallearn.search.ScoreBased.GES import ges

    discrete = bool((data.levels > 0).all())
    values = data.values.astype(np.int64) if discrete else data.values.copy()
    found: Mapping[str, Any] = ges(values, score_func="local_score_BDeu" if discrete else "local_score_BIC")
    return marks_of(found["G"].graph)


def marks_of(table: object) -> Marks:
    """Translate causal-learn's table of end points: -1 a tail, 1 an arrowhead, 2 a circle.

    Examples
    --------
    >>> marks_of([[0, -1], [1, 0]]).tolist()
    [[0, 2], [3, 0]]
    """
    ends = np.asarray(table, dtype=np.int64)
    # causal-learn keeps the mark at i of the edge between i and j in entry (i, j)
    meaning = {0: 0, -1: TAIL, 1: ARROW, 2: CIRCLE}
    return np.array([[meaning[int(end)] for end in row] for row in ends], dtype=np.int8).T.copy()
