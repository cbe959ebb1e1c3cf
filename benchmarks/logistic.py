"""Full logistic fits beside scikit-learn and statsmodels: time, accuracy, ratios, in one run on one thread.

Run ``python benchmarks/logistic.py [rows] [columns]``. The error is the largest distance of a coefficient
from the exact maximum (our solution polished by Newton's method in extended precision), in standard errors.
"""

from __future__ import annotations

import statistics
import sys
import time
import warnings
from collections.abc import Callable

import numpy as np
import statsmodels.api as sm
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from causalmed.regression import fit_logistic, fit_logistic_folds

ROUNDS = 7
Array = NDArray[np.float64]


def cohort(rows: int, columns: int, *, raw: bool) -> tuple[Array, Array]:
    """Draw independent normal columns, the easiest case; or raw ones: rare, skewed, correlated, any unit."""
    rng = np.random.default_rng(2026)
    normal = rng.normal(size=(rows, columns))
    slopes = rng.normal(size=columns) * 0.2
    if raw:
        normal = 0.7 * normal + 0.5 * rng.normal(size=(rows, 1))
        third = columns // 3
        normal[:, :third] = normal[:, :third] > np.linspace(0, 1.6, third)
        normal[:, third : 2 * third] = np.exp(4.8 + 0.3 * normal[:, third : 2 * third])
        slopes[third : 2 * third] /= 40
        normal[:, 2 * third] = 62 + 14 * normal[:, 2 * third]
        slopes[2 * third] /= 14
    eta = normal @ slopes
    matrix = np.column_stack([np.ones(rows), normal])
    return matrix, (rng.random(rows) < 1 / (1 + np.exp(2 - eta + eta.mean()))).astype(float)


def polished(matrix: Array, outcome: Array, start: Array) -> Array:
    """One Newton step from the solution, score summed in extended precision."""
    eta = matrix.astype(np.longdouble) @ start.astype(np.longdouble)
    risk = 1 / (1 + np.exp(-eta))
    score = (matrix * (outcome - risk)[:, None]).sum(axis=0)
    information = (matrix * np.asarray(risk * (1 - risk), dtype=float)[:, None]).T @ matrix
    return np.asarray(start + np.linalg.solve(information, np.asarray(score, dtype=float)))


def timed(peers: dict[str, Callable[[], Array]]) -> tuple[dict[str, float], dict[str, Array]]:
    """Time every peer in every round, so that a busy spell of the machine hits all of them."""
    answers = {name: task() for name, task in peers.items()}
    seconds: dict[str, list[float]] = {name: [] for name in peers}
    for _ in range(ROUNDS):
        for name, task in peers.items():
            begin = time.process_time()
            task()
            seconds[name].append(time.process_time() - begin)
    return {name: statistics.median(each) for name, each in seconds.items()}, answers


def sklearn_fit(matrix: Array, outcome: Array, solver: str, tolerance: float) -> Array:
    model = LogisticRegression(C=np.inf, solver=solver, tol=tolerance, max_iter=300)
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
    centre, scale = matrix[:, 1:].mean(axis=0), matrix[:, 1:].std(axis=0)

    def standardised() -> Array:
        z = np.column_stack([np.ones(len(outcome)), (matrix[:, 1:] - centre) / scale])
        answer = sklearn_fit(z, outcome, "lbfgs", 1e-8)
        slopes = answer[1:] / scale
        return np.concatenate([[answer[0] - slopes @ centre], slopes])

    peers["sklearn lbfgs 1e-8, standardised"] = standardised
    peers["statsmodels Logit newton"] = lambda: np.asarray(sm.Logit(outcome, matrix).fit(disp=0).params)
    return peers


def compare(rows: int, columns: int, *, raw: bool) -> None:
    matrix, outcome = cohort(rows, columns, raw=raw)
    fit = fit_logistic(matrix, outcome)
    exact = polished(matrix, outcome, fit.coefficients)
    kind = "raw columns of a ward" if raw else "independent normal columns"
    print(f"\n{rows:,} rows, {columns} {kind} and an intercept, {outcome.mean():.1%} events")
    print(f"{'fit':<36}{'ms':>9}{'times ours':>12}{'error in SE':>14}{'coef - ours':>14}")
    fold = np.arange(rows) % 5
    complements = "causalmed, 5 complements of 5 folds"
    peers = tasks(matrix, outcome)
    peers[complements] = lambda: fit_logistic_folds(matrix, outcome, fold, 5)[0].coefficients
    seconds, answers = timed(peers)
    for name, spent in seconds.items():
        print(f"{name:<36}{1e3 * spent:9.1f}{spent / seconds['causalmed']:12.2f}", end="")
        error = np.max(np.abs(answers[name] - exact) / fit.std_errors)
        apart = np.max(np.abs(answers[name] - fit.coefficients))
        print("" if name == complements else f"{error:14.1e}{apart:14.1e}")


def main(rows: int = 100_000, columns: int = 30) -> None:
    print(f"One thread, processor time, median of {ROUNDS} rounds.")
    # A peer that stops early says so in a warning; the column of errors says so here.
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        for raw in (False, True):
            compare(rows, columns, raw=raw)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
