"""The only importer of shap: permutations of many players, antithetic, with their own error."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import numpy as np
from numpy import random as shared
from numpy.typing import NDArray

from causalmed.engine import generator
from causalmed.explanation.shapley import Attributions

__all__ = ["by_permutations"]

Matrix = NDArray[np.float64]
BLOCKS: Final = 10
ORDERS: Final = 10  # antithetic pairs of orders a block and run


def by_permutations(
    risk: Callable[[Matrix], Matrix], *, patients: Matrix, background: Matrix, seed: int
) -> Attributions:
    """Compute interventional Shapley values by antithetic permutations, with standard errors.

    The background is divided into ten blocks of random rows, and every block is explained twice with
    orders of its own. An interventional value is linear in the background, so the weighted mean over the
    blocks uses *every* row (shap would silently keep 100 of them). The difference of the two runs gives
    the Monte-Carlo error; the spread of the blocks, less that, the error of the background.

    Parameters
    ----------
    risk : callable
        Takes (rows, players), returns (rows,).
    patients, background : ndarray, shape (rows, players)
        Who is explained, against whom.
    seed : int
        Seed of the orders and of the blocks.

    Returns
    -------
    Attributions

    Notes
    -----
    Orders: ``shap.PermutationExplainer`` (Lundberg and Lee 2017), each with its reverse.
    """
    blocks = _blocks(len(background), seed)
    weight = np.array([len(rows) / len(background) for rows in blocks])
    runs = np.array(
        [
            [_run(risk, patients, background[rows], _seed(seed, block, run)) for run in range(2)]
            for block, rows in enumerate(blocks)
        ]
    )
    means = runs.mean(axis=1)
    values = np.tensordot(weight, means, axes=1)
    noise = np.tensordot(weight**2, (runs[:, 0] - runs[:, 1]) ** 2 / 4, axes=1)
    return Attributions(
        values=values,
        background_error=_between(means, values, noise),
        monte_carlo_error=np.sqrt(noise),
        start=float(np.mean(risk(background))),
        method=f"permutations: {2 * ORDERS * len(blocks)} antithetic pairs of orders",
    )


def _between(means: Matrix, values: Matrix, noise: Matrix) -> Matrix:
    """Return the error of the background: the spread of the blocks, less the Monte-Carlo noise."""
    count = len(means)
    if count < BLOCKS:
        return np.full_like(values, np.nan)
    total = ((means - values) ** 2).sum(axis=0) / (count * (count - 1))
    return np.asarray(np.sqrt(np.maximum(total - noise, 0.0)))


def _blocks(n: int, seed: int) -> list[NDArray[np.intp]]:
    order = generator(seed, "explain", "background blocks").permutation(n)
    return [np.sort(rows) for rows in np.array_split(order, BLOCKS if n >= 2 * BLOCKS else 1)]


def _seed(seed: int, block: int, run: int) -> int:
    return int(generator(seed, "explain", "orders", block, run).integers(2**31 - 1))


def _run(risk: Callable[[Matrix], Matrix], patients: Matrix, rows: Matrix, seed: int) -> Matrix:
    shap = _shap()
    masker = shap.maskers.Independent(rows, max_samples=len(rows))
    evaluations = ORDERS * (2 * rows.shape[1] + 1)
    with _global_numbers_kept():
        explainer = shap.explainers.PermutationExplainer(risk, masker, seed=seed)
        found = explainer(patients, max_evals=evaluations, silent=True)
    return np.asarray(found.values, dtype=np.float64)


def _shap() -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # its plotting module calls what its own dependencies deprecate
        import shap
    return shap


@contextmanager
def _global_numbers_kept() -> Iterator[None]:
    """Give NumPy's global generator back as it was: shap seeds it."""
    state = shared.get_state()  # noqa: NPY002
    try:
        yield
    finally:
        shared.set_state(state)  # noqa: NPY002
