"""Shapley values of a model against a background, exactly.

For one patient ``x`` and one background row ``b`` the game is ``v(S) = f(x_S, b_rest)``, and

    phi_j = sum over S without j of |S|! (d - |S| - 1)! / d! * [v(S + j) - v(S)].

The interventional value is the mean of ``phi_j`` over the background rows, so the spread over the
rows gives its standard error at no further cost.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Attributions", "exact"]

Matrix = NDArray[np.float64]
BATCH = 1 << 17  # rows that the model is asked about at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Attributions:
    """Attributions of several patients, in units of risk.

    Parameters
    ----------
    values : ndarray, shape (patients, players)
        The Shapley values.
    background_error : ndarray, shape (patients, players)
        Standard error from the background being a sample; not a number where it cannot be known.
    monte_carlo_error : ndarray, shape (patients, players)
        Standard error from sampling orders of the players; 0 where none were sampled.
    start : float
        Mean risk of the background.
    method : str
        How they were computed, in words.
    """

    values: Matrix
    background_error: Matrix
    monte_carlo_error: Matrix
    start: float
    method: str


def exact(risk: Callable[[Matrix], Matrix], *, patients: Matrix, background: Matrix) -> Attributions:
    """Compute interventional Shapley values by all coalitions.

    Parameters
    ----------
    risk : callable
        Takes (rows, players), returns (rows,).
    patients : ndarray, shape (patients, players)
        ``x``.
    background : ndarray, shape (rows, players)
        ``b``, every row with the same weight.

    Returns
    -------
    Attributions

    Notes
    -----
    Strumbelj and Kononenko (2014, Knowl. Inf. Syst. 41:647) for the game; Janzing, Minorics and
    Bloebaum (2020, AISTATS) for why the rest of the patient is left as in the background.

    Examples
    --------
    >>> linear = lambda rows: 0.1 + 0.2 * rows[:, 0] + 0.3 * rows[:, 1]
    >>> found = exact(linear, patients=np.array([[1.0, 1.0]]), background=np.array([[0.0, 0.0], [1.0, 0.0]]))
    >>> found.values.round(3).tolist(), round(found.start, 3)
    ([[0.1, 0.3]], 0.2)
    """
    spread = [_by_row(risk, patient=patient, background=background) for patient in patients]
    n = len(background)
    error = np.array([rows.std(axis=0, ddof=1) / math.sqrt(n) for rows in spread]) if n > 1 else None
    values = np.array([rows.mean(axis=0) for rows in spread])
    return Attributions(
        values=values,
        background_error=np.full_like(values, np.nan) if error is None else error,
        monte_carlo_error=np.zeros_like(values),
        start=float(np.mean(risk(background))),
        method=f"exact: all {2 ** background.shape[1]:,} coalitions",
    )


def _by_row(risk: Callable[[Matrix], Matrix], *, patient: Matrix, background: Matrix) -> Matrix:
    """Return the Shapley values against every background row, shape (rows, players)."""
    players = background.shape[1]
    size = max(1, BATCH >> players)
    parts = []
    for start in range(0, len(background), size):
        rows = background[start : start + size]
        parts.append(_values(_game(risk, patient=patient, rows=rows)))
    return np.concatenate(parts, axis=1).T


def _game(risk: Callable[[Matrix], Matrix], *, patient: Matrix, rows: Matrix) -> Matrix:
    """Return v(S) for every coalition and row, shape (2^players, rows); bit j of S is player j."""
    players = rows.shape[1]
    inside = (np.arange(1 << players)[:, None] >> np.arange(players)) & 1 == 1
    values = np.empty((1 << players, len(rows)))
    step = max(1, BATCH // len(rows))
    for start in range(0, 1 << players, step):
        chosen = inside[start : start + step]
        mixed = np.where(chosen[:, None, :], patient, rows[None, :, :])
        values[start : start + step] = risk(mixed.reshape(-1, players)).reshape(len(chosen), len(rows))
    return values


def _values(game: Matrix) -> Matrix:
    """Return the Shapley values of games v(S), shape (players, games)."""
    players = int(game.shape[0]).bit_length() - 1
    coalitions = np.arange(1 << players)
    size = np.array([int(s).bit_count() for s in coalitions])
    weight = np.array([1.0 / (players * math.comb(players - 1, s)) for s in range(players)])
    values = np.empty((players, game.shape[1]))
    for j in range(players):
        without = coalitions[(coalitions >> j) & 1 == 0]
        values[j] = weight[size[without]] @ (game[without | (1 << j)] - game[without])
    return values
