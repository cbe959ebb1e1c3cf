"""What a fitter is given: the data of one node and how it was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import fold_of
from causalmed.errors import DataError
from causalmed.scm.terms import FloatArray, Predictor

__all__ = ["Task", "observed_codes", "standardised"]

_PARTS: Final = 5
_FEWEST: Final = 50


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Task:
    """The data of one node.

    Parameters
    ----------
    node : str
        Its name, for messages.
    kind, family : str
        Of the column, as in the cohort; of the mechanism.
    values : ndarray, shape (n,)
        What was observed.
    table : mapping of str to ndarray
        Its inputs.
    predictor, spread : Predictor
        Terms of the mean, and of the spread where that is modelled; their coefficients are of no account.
    firth : bool
        Penalised likelihood.
    pooled : str
        A column whose levels are shrunk together; empty for none.
    learner : estimator or None
        To be cloned and fitted.
    trees, depth : int
        Of boosted mechanisms.
    keys : ndarray of uint64, shape (n,)
        Hashes of the patients, which decide who calibrates.
    seed : int
        Of the folds and learners.
    """

    node: str
    kind: str
    family: str
    values: FloatArray
    table: Mapping[str, FloatArray]
    predictor: Predictor
    spread: Predictor
    firth: bool
    pooled: str
    learner: Any
    trees: int
    depth: int
    keys: NDArray[np.uint64]
    seed: int

    def design(self, predictor: Predictor | None = None) -> FloatArray:
        """Return the matrix of the mean, or of another predictor, its intercept first."""
        return (self.predictor if predictor is None else predictor).design(self.table, len(self.values))

    def calibrating(self) -> NDArray[np.bool_]:
        """Return who is kept out of the fit and calibrates it: the fifth that the hash picks.

        Raises
        ------
        DataError
            Too few patients to keep a fifth of them out.
        """
        kept_out: NDArray[np.bool_] = fold_of(self.keys, folds=_PARTS, seed=self.seed) == 0
        if kept_out.sum() < _FEWEST // _PARTS or len(kept_out) < _FEWEST:
            raise DataError(
                f"A mechanism that is calibrated on patients kept out of its fit needs at least {_FEWEST} of "
                f"them; there are {len(kept_out)}. State a regression in mechanisms=."
            )
        return kept_out


def observed_codes(task: Task) -> tuple[float, ...]:
    """Return the levels that occur, ascending; ``DataError`` if there is but one."""
    codes = tuple(np.unique(task.values).tolist())
    if len(codes) < 2:
        raise DataError("The column is constant, so nothing can be learned about its causes.")
    return codes


def standardised(matrix: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return a matrix with columns of mean 0 and spread 1, and what was taken off and divided by.

    Raises
    ------
    DataError
        A column is constant.
    """
    centre = matrix.mean(axis=0)
    scale = matrix.std(axis=0)
    if np.any(scale == 0):
        raise DataError("A cause of this node is constant; leave it out of the graph or of the terms.")
    return (matrix - centre) / scale, centre, scale
