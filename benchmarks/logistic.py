"""Full logistic fits beside scikit-learn and statsmodels: time, accuracy, ratios, in one run on one thread.

Run ``python benchmarks/logistic.py [rows] [columns]``. The error is the largest distance of a coefficient
from the exact maximum (our solution polished by Newton's method in extended precision), in standard errors.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from causalmed.regression import fit_logistic, fit_logistic_folds

REPEATS = 5
Array = NDArray[np.float64]


def cohort(rows: int, columns: int) -> tuple[Array, Array]:
    rng = np.random.default_rng(2026)
    matrix = np.column_stack([np.ones(rows), rng.normal(size=(rows, columns))])
    eta = matrix @ np.concatenate([[-2.0], rng.normal(size=columns) * 0.2])
    return matrix, (rng.random(rows) < 1 / (1 + np.exp(-eta))).astype(float)


def polished(matrix: Array, outcome: Array, start: Array) -> Array:
    """One Newton step from the solution, score summed in extended precision."""
    eta = matrix.astype(np.longdouble) @ start.astype(np.longdouble)
    risk = 1 / (1 + np.exp(-eta))
    score = (matrix * (outcome - risk)[:, None]).sum(axis=0)
    information = (matrix * np.asarray(risk * (1 - risk), dtype=float)[:, None]).T @ matrix
    return np.asarray(start + np.linalg.solve(information, np.asarray(score, dtype=float)))


def timed(task: Callable[[], Array]) -> tuple[float, Array]:
    answer = task()
    seconds = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        answer = task()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), answer


def sklearn_fit(matrix: Array, outcome: Array, solver: str, tolerance: float) -> Array:
    model = LogisticRegression(C=np.inf, solver=solver, tol=tolerance, max_iter=1000)
    model.fit(matrix[:, 1:], outcome)
    return np.concatenate([model.intercept_, model.coef_[0]])


def tasks(matrix: Array, outcome: Array) -> dict[str, Callable[[], Array]]:
    peers: dict[str, Callable[[], Array]] = {"causalmed": lambda: fit_logistic(matrix, outcome).coefficients}
    for solver, tolerance in (
        ("lbfgs", 1e-4), ("lbfgs", 1e-8), ("newton-cholesky", 1e-4), ("newton-cholesky", 1e-8),
        ("newton-cg", 1e-8),
    ):  # fmt: skip
        peers[f"sklearn {solver} tol={tolerance:g}"] = lambda s=solver, t=tolerance: sklearn_fit(  # type: ignore[misc]
            matrix, outcome, s, t
        )
    peers["statsmodels Logit newton"] = lambda: np.asarray(sm.Logit(outcome, matrix).fit(disp=0).params)
    return peers


def main(rows: int = 100_000, columns: int = 30) -> None:
    matrix, outcome = cohort(rows, columns)
    fit = fit_logistic(matrix, outcome)
    exact = polished(matrix, outcome, fit.coefficients)
    print(f"{rows:,} rows, {columns} columns and an intercept, {outcome.mean():.1%} events, one thread,")
    print(f"median of {REPEATS} runs\n")
    print(f"{'fit':<34}{'ms':>9}{'times ours':>12}{'error in SE':>14}{'coef - ours':>14}")
    with threadpool_limits(1):
        ours = 0.0
        for name, task in tasks(matrix, outcome).items():
            seconds, answer = timed(task)
            ours = ours or seconds
            error = np.max(np.abs(answer - exact) / fit.std_errors)
            apart = np.max(np.abs(answer - fit.coefficients))
            print(f"{name:<34}{1e3 * seconds:9.1f}{seconds / ours:12.2f}{error:14.1e}{apart:14.1e}")
        fold = np.arange(rows) % 5
        seconds, _ = timed(lambda: fit_logistic_folds(matrix, outcome, fold, 5)[0].coefficients)
        print(f"{'causalmed, 5 complements of folds':<34}{1e3 * seconds:9.1f}{seconds / ours:12.2f}")


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
