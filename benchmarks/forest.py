"""The causal forest beside econml.grf.CausalForest, given the same residuals.

One thread, processor seconds; fit (ours with binning) plus predictions with intervals for as many new
patients. Arguments: patients, trees, trees of the peer (fewer are extrapolated linearly), for example

    python -m benchmarks.forest 10000 500 500
    python -m benchmarks.forest 100000 500 40
"""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from causalmed.engine import Local
from causalmed.estimation import CausalForest
from causalmed.estimation.forest.binning import Binning
from causalmed.estimation.forest.growing import Rows, grow
from causalmed.estimation.forest.neighbourhoods import effects
from causalmed.estimation.forest.slope import fit_slope, stretched

Array = NDArray[np.float64]
COLUMNS = 30


def patients(n: int, seed: int) -> SimpleNamespace:
    """Draw patients: 20 continuous columns, 10 binary, a binary outcome in 30 %, an effect with SD 0.09."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, COLUMNS))
    X[:, 20:] = X[:, 20:] > 0
    e = 1 / (1 + np.exp(-(0.5 * X[:, 0] + 0.4 * X[:, 1] - 0.3 * X[:, 20])))
    base = 1 / (1 + np.exp(1.2 - 0.5 * X[:, 0] - 0.4 * X[:, 3]))
    tau = 0.1 + 0.1 * np.tanh(X[:, 0]) + 0.08 * (X[:, 21] - 0.5) - 0.05 * X[:, 2]
    tau = np.clip(base + tau, 0.02, 0.98) - base
    A = (rng.random(n) < e) * 1.0
    Y = (rng.random(n) < base + A * tau) * 1.0
    return SimpleNamespace(X=X, w=A - e, y=Y - base - e * tau, tau=tau)


def ours(train: SimpleNamespace, new: Array, *, trees: int, bins: int) -> tuple[Array, Array, Any]:
    spec = CausalForest(trees=trees, bins=bins, mtry=COLUMNS)  # the peer looks at all columns too
    columns = [
        SimpleNamespace(name=str(j), kind="continuous", values=x, levels=()) for j, x in enumerate(train.X.T)
    ]
    binning = Binning.learn(columns, bins=bins)
    n = len(train.X)
    rows = Rows(
        bins=binning.apply(columns), levels=binning.levels, exposure=train.w, outcome=train.y,
        cluster=np.arange(n, dtype=np.int32), clusters=n,
    )  # fmt: skip
    forest = grow(rows, spec, seed=1, path=("all",), executor=Local())
    asked = [
        SimpleNamespace(name=str(j), kind="continuous", values=x, levels=()) for j, x in enumerate(new.T)
    ]
    estimate, error = effects(forest, binning.apply(asked), cluster=None, executor=Local())
    return estimate, error, (forest, rows)


def theirs(train: SimpleNamespace, new: Array, *, trees: int) -> tuple[Array, Array, Any]:
    from econml.grf import CausalForest as Peer

    forest = Peer(
        n_estimators=trees, criterion="mse", min_samples_leaf=5, n_jobs=1, random_state=1, inference=True
    )
    forest.fit(train.X, train.w[:, None], train.y)
    estimate, low, high = (part.ravel() for part in forest.predict(new, interval=True, alpha=0.05))
    return estimate, (high - low) / 2 / 1.959964, forest


def timed(run: Callable[[], Any], repeats: int) -> tuple[float, Any]:
    best, answer = np.inf, None
    for _ in range(repeats):
        start = time.process_time()
        answer = run()
        best = min(best, time.process_time() - start)
    return best, answer


def told(name: str, seconds: float, estimate: Array, error: Array, tau: Array) -> None:
    rmse = float(np.sqrt(np.mean((estimate - tau) ** 2)))
    inside = float(np.mean(np.abs(estimate - tau) < 1.959964 * error))
    print(
        f"{name:<28} {seconds:9.2f} s   RMSE {rmse:.4f}   coverage {inside:.3f}   mean SE {error.mean():.4f}"
    )


def main(n: int = 10_000, trees: int = 500, peer_trees: int = 500) -> None:
    train, new = patients(n, 0), patients(n, 99)
    print(f"{n:,} patients x {COLUMNS}, {trees} trees; effect SD {new.tau.std():.3f}")
    repeats = 3 if n <= 20_000 else 1
    spent = {}
    for bins in (63, 255):
        spent[bins], (estimate, error, grown) = timed(
            lambda b=bins: ours(train, new.X, trees=trees, bins=b), repeats
        )
        told(f"causalmed, {bins} bins", spent[bins], estimate, error, new.tau)
        forest, rows = grown
        own, _ = effects(forest, rows.bins, cluster=rows.cluster, executor=Local())
        slope = fit_slope(exposure=train.w, outcome=train.y, effects=own, clusters=None, count=0)
        told(
            f"  stretched x{slope.factor if slope else 1:.2f}",
            spent[bins],
            *stretched(estimate, error, slope),
            new.tau,
        )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    seconds, (estimate, error, _) = timed(lambda: theirs(train, new.X, trees=peer_trees), 1)
    told(f"econml, {peer_trees} trees", seconds, estimate, error, new.tau)
    scaled = seconds * trees / peer_trees
    how = "" if peer_trees == trees else f" ({peer_trees} trees extrapolated linearly to {trees})"
    ratios = ", ".join(f"{bins} bins x{scaled / spent[bins]:.0f}" for bins in spent)
    print(f"econml / causalmed: {ratios}{how}; peak memory of causalmed {peak:.0f} MB")


if __name__ == "__main__":
    with threadpool_limits(1):
        main(*(int(value) for value in sys.argv[1:]))
