"""AIPW with every nuisance refitted in each bootstrap replicate, beside a loop over scikit-learn.

Run ``python -m benchmarks.bootstrap [rows] [columns]``. One thread, processor time. The peer's loop draws the
same kind of weights, fits two ``LogisticRegression`` without penalty and evaluates AIPW; a few replicates are
timed and scaled. The error of our replicates is the largest distance of 32 of them from refits with the same
weights to 1e-10, in bootstrap standard deviations.
"""

from __future__ import annotations

import sys
import time
import warnings

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits

from causalmed import AIPW, Cohort, Estimand
from causalmed.engine import Local
from causalmed.estimation.bootstrap.exact import refit
from causalmed.estimation.bootstrap.replicating import replicate
from causalmed.estimation.bootstrap.weights import row_keys, weights_of
from causalmed.estimation.problem import pose_problem
from causalmed.estimation.solving import fit_nuisances, solve

REPLICATES, CHECKED, TIMED = 1_000, 32, 3
SOLVERS = ("lbfgs", "newton-cholesky")
Array = NDArray[np.float64]


def cohort(rows: int, columns: int) -> tuple[pd.DataFrame, list[str]]:
    """Draw a ward: a third of the columns yes/no, half exposed, one in thirteen infected."""
    rng = np.random.default_rng(2026)
    matrix = rng.normal(size=(rows, columns))
    matrix[:, : columns // 3] = matrix[:, : columns // 3] > 0.5
    centred = matrix - matrix.mean(axis=0)
    exposed = rng.random(rows) < 1 / (1 + np.exp(-centred @ rng.normal(0, 0.12, columns)))
    eta = -2.6 - 0.15 * exposed + centred @ rng.normal(0, 0.12, columns)
    names = [f"x{j}" for j in range(columns)]
    table = pd.DataFrame(matrix, columns=names)
    return table.assign(
        late=exposed.astype(int), ssi=(rng.random(rows) < 1 / (1 + np.exp(-eta))).astype(int)
    ), names


def by_scikit(table: pd.DataFrame, names: list[str], weights: Array, solver: str) -> float:
    """One replicate as a user would write it."""
    x, a, y = table[names].to_numpy(), table["late"].to_numpy(), table["ssi"].to_numpy()
    xa = np.column_stack([x, a])
    propensity = LogisticRegression(C=np.inf, solver=solver, max_iter=300).fit(x, a, weights)
    outcome = LogisticRegression(C=np.inf, solver=solver, max_iter=300).fit(xa, y, weights)
    e = propensity.predict_proba(x)[:, 1]
    risks = [outcome.predict_proba(np.column_stack([x, np.full(len(x), float(v))]))[:, 1] for v in (1, 0)]
    first = risks[0] + a / e * (y - risks[0])
    second = risks[1] + (1 - a) / (1 - e) * (y - risks[1])
    return float(weights @ (first - second) / weights.sum())


def compare(rows: int, columns: int, *, by_arm: bool) -> None:
    """Print one line for us and one a solver."""
    table, names = cohort(rows, columns)
    question = Estimand.given(exposure="late", outcome="ssi", adjustment_set=names)
    problem = pose_problem(question, Cohort.from_frame(table), contrast=(1, 0), population="all")
    spec = AIPW(by_arm=by_arm)
    nuisances = fit_nuisances(problem, spec, seed=0, executor=Local())
    solution = solve(problem, spec, nuisances)
    begin = time.process_time()
    draws = replicate(problem, spec, nuisances, solution, replicates=REPLICATES, seed=1, executor=Local())
    ours = time.process_time() - begin
    difference = draws.values[:, 0] - draws.values[:, 1]
    keys = row_keys(problem, 1)
    exact = [refit(problem, spec, nuisances, weights_of(keys, r)) for r in range(CHECKED)]
    refitted = np.array([value[0] - value[1] for value in exact if value is not None])
    error = np.abs(difference[:CHECKED] - refitted).max() / difference.std()
    standard = (
        float(np.sqrt(np.square(solution.influence[:, 0] - solution.influence[:, 1]).sum())) / problem.n
    )
    print(f"\n{rows:,} rows x {columns} columns, {spec!r}, {REPLICATES:,} replicates")
    print(f"  causalmed {ours:8.2f} s; {draws.passes} passes, {draws.refitted} alone; error {error:.1e} SD")
    print(f"  bootstrap SD over influence SE: {difference.std() / standard:.3f}")
    if by_arm:
        return
    for solver in SOLVERS:
        begin = time.process_time()
        for r in range(TIMED):
            by_scikit(table, names, weights_of(keys, r), solver)
        peer = (time.process_time() - begin) / TIMED * REPLICATES
        print(f"  scikit-learn {solver:<16}{peer:8.1f} s (scaled from {TIMED}): {peer / ours:.0f} times ours")


def main(rows: int = 100_000, columns: int = 30) -> None:
    """Compare at the size asked for and at 2,000 rows, where more steps are needed."""
    warnings.simplefilter("ignore")
    with threadpool_limits(1):
        for n in (rows, 10_000, 2_000):
            compare(n, columns, by_arm=False)
        compare(rows, columns, by_arm=True)


if __name__ == "__main__":
    main(*(int(argument) for argument in sys.argv[1:]))
