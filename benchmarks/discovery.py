"""The skeleton of the PC algorithm beside causal-learn: time, ratios and the skeletons, on one thread.

Run ``python -m benchmarks.discovery``; ``quick`` leaves out 100 nodes, ``counts`` all but G2. The skeletons
must agree.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from causalmed.discovery import background, make_test, variables
from causalmed.discovery.skeleton import find_skeleton

T = TypeVar("T")
ROWS = 10_000
ALPHA = 0.01


def weights(rng: np.random.Generator, size: int) -> NDArray[np.float64]:
    """Draw the arrows of a sparse graph, causes before effects, two causes a node on average."""
    strength = rng.uniform(0.3, 0.8, (size, size)) * rng.choice([-1.0, 1.0], (size, size))
    return np.tril(strength * (rng.random((size, size)) < 4 / size), -1)


def numbers(size: int) -> NDArray[np.float64]:
    """Draw rows of a linear normal model."""
    rng = np.random.default_rng(size)
    arrows, noise = weights(rng, size), rng.normal(size=(ROWS, size))
    return np.asarray(noise @ np.linalg.inv(np.eye(size) - arrows).T)


def flags(size: int) -> NDArray[np.float64]:
    """Draw rows of a logistic model of yes/no columns."""
    rng = np.random.default_rng(size)
    arrows, rows = 3 * weights(rng, size), np.zeros((ROWS, size))
    for node in range(size):
        risk = 1 / (1 + np.exp(-(rows - 0.5) @ arrows[node]))
        rows[:, node] = rng.random(ROWS) < risk
    return rows


def timed(task: Callable[[], T], repeats: int) -> tuple[float, T]:
    """Return the least CPU time of some runs in seconds, and the answer."""
    answer, least = task(), float("inf")
    for _ in range(repeats):
        begin = time.process_time()
        answer = task()
        least = min(least, time.process_time() - begin)
    return least, answer


def compare(rows: NDArray[np.float64], test: str, peer: str) -> None:
    """Time both and print the ratio; their skeletons must be the same."""
    import pandas as pd
    from causallearn.utils.cit import CIT
    from causallearn.utils.PCUtils import SkeletonDiscovery

    from causalmed import Cohort

    size = rows.shape[1]
    frame = pd.DataFrame(rows, columns=[f"n{k:03}" for k in range(size)])
    data = variables(Cohort.from_frame(frame), None)
    known = background(data.names)

    def ours() -> NDArray[np.bool_]:
        test_of_data = make_test(data, test)
        return find_skeleton(test_of_data, known, alpha=ALPHA, max_given=None, sufficient=True).adjacent

    def theirs() -> NDArray[np.bool_]:
        judge = CIT(rows if peer == "fisherz" else rows.astype(int), peer)
        found = SkeletonDiscovery.skeleton_discovery(rows, ALPHA, judge, stable=True, show_progress=False)
        return np.asarray(found.G.graph != 0)

    fast, mine = timed(ours, 5)
    begin = time.process_time()
    other = theirs()
    slow = time.process_time() - begin
    agree = "the same skeleton" if (mine == other).all() else f"{int((mine != other).sum() / 2)} edges differ"
    print(
        f"{test}, {size} nodes x {ROWS:,} rows: {1000 * fast:.1f} ms, causal-learn {slow:.2f} s, "
        f"ratio {slow / fast:.0f}, {int(mine.sum() / 2)} edges, {agree}"
    )


if __name__ == "__main__":
    sizes = (50,) if "quick" in sys.argv else (50, 100)
    for count in sizes if "counts" not in sys.argv else ():
        compare(numbers(count), "fisher_z", "fisherz")
    for count in sizes:
        compare(flags(count), "g_squared", "gsq")
