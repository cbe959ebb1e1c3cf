"""The trees inside a risk model, on the columns that a reader sees."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import CausalmedError
from causalmed.explanation.players import Players
from causalmed.explanation.trees.forest import Forest
from causalmed.explanation.trees.reading import read_trees, readable
from causalmed.prediction import Recalibration, RiskModel

__all__ = ["TreeRisk", "tree_risk"]

Matrix = NDArray[np.float64]
AGREES: Final = 1e-9  # in risk
PROBES: Final = 64


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TreeRisk:
    """A risk model as trees.

    Parameters
    ----------
    forest : Forest
        The trees.
    player : tuple of int
        Number of the player to whom each column of the trees belongs.
    columns : callable
        From (rows, players), coded as the background, to the columns of the trees.
    recalibration : Recalibration or None
        What is made of the risk of the trees.
    """

    forest: Forest
    player: tuple[int, ...]
    columns: Callable[[Matrix], Matrix]
    recalibration: Recalibration | None = None

    @property
    def adds_up(self) -> bool:
        """Whether the risk is a sum over the trees."""
        return self.forest.link.adds_up and self.recalibration is None

    def of_margin(self, margin: Matrix) -> Matrix:
        """Return the risk that goes with a sum of the trees."""
        link, after = self.forest.link, self.recalibration
        if after is None:
            return link(margin)
        if link.adds_up:
            return after.apply(margin)
        from scipy.special import expit  # a line on the log odds, within what 0 and 1 become

        low, high = after.apply(np.array([0.0, 1.0]))
        return np.asarray(np.clip(expit(after.intercept + after.slope * link.slope * margin), low, high))

    def risk(self, matrix: Matrix) -> Matrix:
        """Return the risk of rows of players, shape (rows,)."""
        return self.of_margin(self.forest(self.columns(matrix)))


def tree_risk(players: Players, *rows: Matrix) -> TreeRisk | None:
    """Return the trees of a risk model, or ``None`` where it has none that can be read.

    Parameters
    ----------
    players : Players
        The model and its columns.
    *rows : ndarray, shape (rows, players)
        Rows on which, as they are and with columns exchanged between them, the trees must give the model's
        own risk to 1e-9; else they are not used.

    Returns
    -------
    TreeRisk or None
    """
    model = players.model
    if not isinstance(model, RiskModel):
        return None
    predictor: Any = model.predictor
    if not readable(getattr(predictor, "classifier", None)):
        return None
    try:
        found = _read(players, model, predictor)
        if found is None:
            return None
        asked = [*rows, *(_exchanged(each) for each in rows)]
        agrees = all(np.allclose(found.risk(each), players.risk(each), rtol=0, atol=AGREES) for each in asked)
    except CausalmedError:
        return None
    return found if agrees else None


def _exchanged(rows: Matrix) -> Matrix:
    """Return some of the rows with columns exchanged between them, as coalitions do."""
    few = rows[:PROBES]
    return np.column_stack([np.roll(column, j) for j, column in enumerate(few.T)])


def _read(players: Players, model: RiskModel, predictor: Any) -> TreeRisk | None:
    after = model.recalibration
    if not hasattr(predictor, "recipe"):
        if any(column.levels for column in players.columns):
            return None  # it reads labels, not numbers
        forest = read_trees(predictor.classifier, positive=predictor.positive)
        return TreeRisk(
            forest=forest, player=tuple(range(len(players.names))), columns=np.asarray, recalibration=after
        )
    whose = _whose(predictor.recipe.names, players.names)
    if whose is None:
        return None
    forest = read_trees(predictor.classifier, positive=1)
    return TreeRisk(
        forest=forest, player=whose, columns=_design(players, model, predictor), recalibration=after
    )


def _whose(names: tuple[str, ...], players: tuple[str, ...]) -> tuple[int, ...] | None:
    """Return the player of each column of a design: the column itself, or one of its indicators."""
    found = [
        [j for j, player in enumerate(players) if name == player or name.startswith(f"{player}[")]
        for name in names
    ]
    if any(len(each) != 1 for each in found) or {each[0] for each in found} != set(range(len(players))):
        return None
    return tuple(each[0] for each in found)


def _design(players: Players, model: RiskModel, predictor: Any) -> Callable[[Matrix], Matrix]:
    """Return how rows of players become the design on which the trees were grown."""
    codes = [
        np.array([feature.levels.index(label) for label in column.levels], dtype=np.float64)
        if feature.levels and column.levels != feature.levels
        else None
        for feature, column in zip(model.schema, players.columns, strict=True)
    ]

    def columns(matrix: Matrix) -> Matrix:
        read = [
            feature.column(np.ascontiguousarray(values if code is None else code[values.astype(np.intp)]))
            for feature, code, values in zip(model.schema, codes, matrix.T, strict=True)
        ]
        return np.asarray(predictor.recipe.build(read).matrix)

    return columns
