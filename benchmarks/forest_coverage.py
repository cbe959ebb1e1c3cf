"""How often the 95 % intervals of single patients hold the truth: causal forest and econml, equal trees.

Run ``python -m benchmarks.forest_coverage [patients] [data sets] [most trees of the peer]``. Both get the
residuals about the true means; coverage and error are those of 1,000 new patients a data set.
"""

from __future__ import annotations

import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from benchmarks.forest import COLUMNS, ours, patients, theirs
from causalmed.engine import Local
from causalmed.estimation.forest.neighbourhoods import effects
from causalmed.estimation.forest.slope import fit_slope, stretched

Array = NDArray[np.float64]


def _sigmoid(u: Array) -> Array:
    return np.asarray(1 + 1 / (1 + np.exp(-5 * u)))


EFFECTS = {
    "two sigmoids": lambda X: 0.5 * _sigmoid(X[:, 0]) * _sigmoid(X[:, 2]),
    "linear": lambda X: 0.4 * X[:, 0] - 0.2 * X[:, 2] + 0.3 * X[:, 21],
    "V": lambda X: 0.6 * np.abs(X[:, 0]),
    "corner": lambda X: 0.8 * ((X[:, 0] > 0) & (X[:, 2] > 0)),
    "none": lambda X: np.zeros(len(X)),
}
"""Effects on a continuous outcome with noise of SD 1; ``"binary"`` is the design of the speed benchmark."""


def draw(design: str, n: int, seed: int) -> SimpleNamespace:
    if design == "binary":
        return patients(n, seed)
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, COLUMNS))
    X[:, 20:] = X[:, 20:] > 0
    e = 1 / (1 + np.exp(-(0.5 * X[:, 0] + 0.4 * X[:, 1] - 0.3 * X[:, 20])))
    tau = EFFECTS[design](X)
    w = (rng.random(n) < e) - e
    return SimpleNamespace(X=X, w=w, y=w * tau + rng.normal(size=n), tau=tau)


def judged(estimate: Array, error: Array, tau: Array) -> Array:
    rmse = np.sqrt(np.mean((estimate - tau) ** 2))
    return np.array([np.mean(np.abs(estimate - tau) < 1.959964 * error), rmse, error.mean()])


def one(design: str, n: int, seed: int, trees: int, peer: bool) -> dict[str, Array]:
    train, new = draw(design, n, seed), draw(design, 1000, 10_000 + seed)
    estimate, error, (forest, rows) = ours(train, new.X, trees=trees, bins=63)
    own, _ = effects(forest, rows.bins, cluster=rows.cluster, executor=Local())
    slope = fit_slope(exposure=train.w, outcome=train.y, effects=own, clusters=None, count=0)
    answer = {
        "plain": judged(estimate, error, new.tau),
        "stretched": judged(*stretched(estimate, error, slope), new.tau),
    }
    if peer:
        answer["econml"] = judged(*theirs(train, new.X, trees=trees)[:2], new.tau)
    return answer


def main(n: int = 2000, datasets: int = 4, most: int = 500) -> None:
    print(f"n = {n:,}, {datasets} data sets; coverage / RMSE / mean standard error")
    for design in ("binary", *EFFECTS):
        for trees in (100, 500, 2000):
            found: dict[str, Any] = {}
            for seed in range(datasets):
                for name, values in one(design, n, seed, trees, trees <= most).items():
                    found.setdefault(name, []).append(values)
            told = "  ".join(
                f"{name} {m[0]:.3f} / {m[1]:.4f} / {m[2]:.4f}"
                for name, m in ((name, np.mean(values, axis=0)) for name, values in found.items())
            )
            print(f"{design:<13} {trees:>5}  {told}", flush=True)


if __name__ == "__main__":
    with threadpool_limits(1):
        main(*(int(value) for value in sys.argv[1:]))
