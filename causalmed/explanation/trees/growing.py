"""Collecting the views of trees while their libraries' nodes are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from causalmed.explanation.trees.forest import Forest, Grown
from causalmed.explanation.trees.links import Link
from causalmed.explanation.trees.views import View

__all__ = ["Views"]


@dataclass(slots=True)
class Views:
    """Numbers of the views, in the order in which they were met."""

    known: dict[View, int] = field(default_factory=dict)

    def number(self, view: View) -> int:
        """Return the number of a view, a new one where it was not met before."""
        return self.known.setdefault(view, len(self.known))

    def forest(
        self, trees: Sequence[Grown], *, columns: int, start: float = 0.0, link: Link | None = None
    ) -> Forest:
        """Return the forest of trees that compare these views."""
        if not self.known:
            self.number(View(column=0))  # trees of a leaf each still compare something
        return Forest.planted(trees, views=tuple(self.known), columns=columns, start=start, link=link)

    def by_side(self, columns: np.ndarray, missing_left: np.ndarray, *, single: bool) -> np.ndarray:
        """Return the views of splits on numbers, from their column and the side of what is missing."""
        pairs, which = np.unique(np.column_stack([columns, missing_left]), axis=0, return_inverse=True)
        numbers = [
            self.number(View(column=int(column), missing="left" if left else "right", single=single))
            for column, left in pairs.tolist()
        ]
        return np.array(numbers, dtype=np.int64)[which.reshape(-1)]
