"""Nearest-neighbour matching beside scikit-learn and NumPy: time, the same effect, ratios, on one thread.

Run ``python -m benchmarks.matching [rows …]``. Ours returns exposed, unexposed and natural mean with their
Abadie-Imbens covariance; the peers return the difference alone.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from causalmed.engine import Local
from causalmed.estimation.matching.abadie_imbens import Matched, covariance_of, spread_of
from causalmed.estimation.matching.points import PointSearch, metric_root
from causalmed.estimation.matching.scores import ScoreSearch

ROUNDS = 5
Array = NDArray[np.float64]


def patients(rows: int) -> tuple[Array, Array, Array]:
    """Return ten covariates, the exposure and an outcome of one in ten."""
    rng = np.random.default_rng(2026)
    X = rng.normal(size=(rows, 10))
    exposed = (rng.random(rows) < 1 / (1 + np.exp(0.5 - 0.3 * X[:, :4].sum(axis=1)))).astype(float)
    outcome = (rng.random(rows) < 1 / (1 + np.exp(2.4 - 0.4 * exposed - 0.3 * X[:, :3].sum(axis=1)))).astype(
        float
    )
    return X, exposed, outcome


def ours(search: ScoreSearch | PointSearch, outcome: Array) -> tuple[float, float]:
    """Return the difference and its standard error."""
    Y, target = outcome[search.order], np.ones(len(outcome), dtype=bool)
    found = search.match(Y, target)
    matched = Matched(
        order=search.order, exposed=search.exposed, outcome=Y, target=target, found=found, imputed=found.mean
    )
    psi, covariance = covariance_of(matched, spread_of(matched), executor=Local())
    gradient = np.array([1.0, -1.0, 0.0])
    return float(gradient @ psi), float(np.sqrt(gradient @ covariance @ gradient))


def with_sklearn(places: Array, exposed: Array, outcome: Array) -> tuple[float, float]:
    other = np.empty_like(outcome)
    for arm in (0.0, 1.0):
        tree = NearestNeighbors(n_neighbors=1).fit(places[exposed == arm])
        index = tree.kneighbors(places[exposed != arm], return_distance=False)[:, 0]
        other[exposed != arm] = outcome[exposed == arm][index]
    return float(np.where(exposed == 1, outcome - other, other - outcome).mean()), float("nan")


def with_searchsorted(score: Array, exposed: Array, outcome: Array) -> tuple[float, float]:
    other = np.empty_like(outcome)
    for arm in (0.0, 1.0):
        rows = np.flatnonzero(exposed == arm)
        rows = rows[np.argsort(score[rows])]
        known, asked = score[rows], score[exposed != arm]
        above = np.searchsorted(known, asked)
        low, high = np.maximum(above - 1, 0), np.minimum(above, len(known) - 1)
        nearer = np.where(asked - known[low] <= known[high] - asked, low, high)
        other[exposed != arm] = outcome[rows[nearer]]
    return float(np.where(exposed == 1, outcome - other, other - outcome).mean()), float("nan")


def compare(title: str, tasks: dict[str, Callable[[], tuple[float, float]]]) -> None:
    """Time every task in every round, so that a busy spell of the machine hits all of them."""
    answers = {name: task() for name, task in tasks.items()}
    seconds: dict[str, list[float]] = {name: [] for name in tasks}
    for _ in range(ROUNDS):
        for name, task in tasks.items():
            begin = time.process_time()
            task()
            seconds[name].append(time.process_time() - begin)
    middle = {name: statistics.median(each) for name, each in seconds.items()}
    own = middle["causalmed"]
    print(title)
    for name, (difference, error) in answers.items():
        told = "no SE" if np.isnan(error) else f"SE {error:.6f}"
        ratio = f"{middle[name] / own:6.1f}x"
        print(f"  {name:<24} {1000 * middle[name]:9.1f} ms {ratio}  difference {difference:.6f}  {told}")


def on_score(rows: int) -> None:
    X, exposed, outcome = patients(rows)
    score = 1 / (1 + np.exp(0.5 - 0.3 * X[:, :4].sum(axis=1)))
    compare(
        f"{rows:,} rows, one propensity score",
        {
            "causalmed": lambda: ours(ScoreSearch(score, exposed, None), outcome),
            "sklearn NearestNeighbors": lambda: with_sklearn(score[:, None], exposed, outcome),
            "numpy searchsorted": lambda: with_searchsorted(score, exposed, outcome),
        },
    )


def on_covariates(rows: int, width: int) -> None:
    X, exposed, outcome = patients(rows)
    X = X[:, :width]
    root = metric_root(X, "mahalanobis")
    compare(
        f"{rows:,} rows, {width} covariates (Mahalanobis)",
        {
            "causalmed": lambda: ours(PointSearch(X, exposed, None, root), outcome),
            "sklearn NearestNeighbors": lambda: with_sklearn(X @ root, exposed, outcome),
        },
    )


def main(sizes: list[int]) -> None:
    for rows in sizes:
        on_score(rows)
    for width in (3, 10):
        on_covariates(10_000, width)


if __name__ == "__main__":
    with threadpool_limits(1):
        main([int(size) for size in sys.argv[1:]] or [100_000, 1_000_000])
