"""AIPW and TMLE with their intervals on a million patients, beside the Python peers: time and peak memory.

Run ``python -m benchmarks.million [rows] [columns] [--peers PYTHON]``; ``--peers`` names an interpreter that
has DoubleML and zEpid, where those are not installed here. Each entry runs in a process of its own, on one
thread. Time is processor time of the call a user makes, from a table in memory to estimate and error; the
peak is that of the whole process over what it held when the table (rows x (columns + 2) doubles) was there
and the libraries were imported. causalmed is measured from the cohort, which checks and fingerprints the
table once for all effects, and from the table.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

ENTRIES = ("causalmed AIPW", "causalmed TMLE", "causalmed AIPW, with the cohort", "hand-written scikit-learn",
           "econml LinearDRLearner", "DoubleML IRM", "zEpid AIPTW")  # fmt: skip
Answer = tuple[float, float]


def table(rows: int, columns: int) -> Any:
    """Draw a ward: a third of the columns yes/no, half exposed, one in thirteen infected."""
    import pandas as pd

    rng = np.random.default_rng(2026)
    matrix = rng.normal(size=(rows, columns))
    matrix[:, : columns // 3] = matrix[:, : columns // 3] > 0.5
    gamma, beta = rng.normal(0, 0.12, columns), rng.normal(0, 0.12, columns)
    centre = matrix.mean(axis=0)
    exposed = rng.random(rows) < 1 / (1 + np.exp(centre @ gamma - matrix @ gamma))
    infected = rng.random(rows) < 1 / (1 + np.exp(2.6 + 0.15 * exposed + centre @ beta - matrix @ beta))
    data = {f"x{j}": np.ascontiguousarray(matrix[:, j]) for j in range(columns)}
    return pd.DataFrame(data | {"a": exposed.astype(float), "y": infected.astype(float)}, copy=False)


def causalmed(data: Any, spec: str, *, whole: bool) -> Callable[[], Answer]:
    """Return the call of our own estimators."""
    import causalmed as cm
    from causalmed.estimation import bootstrap  # noqa: F401  # nothing is imported within the measured call

    question = cm.Estimand.given(
        exposure="a", outcome="y", adjustment_set=[name for name in data if name[0] == "x"]
    )
    estimator = cm.AIPW() if spec == "AIPW" else cm.TMLE()
    cm.estimate(question, cm.Cohort.from_frame(data.head(3000)), estimator)
    cohort = None if whole else cm.Cohort.from_frame(data)

    def call() -> Answer:
        patients = cm.Cohort.from_frame(data) if cohort is None else cohort
        difference = cm.estimate(question, patients, estimator).difference
        return difference.estimate, difference.std_error

    return call


def by_hand(data: Any) -> Callable[[], Answer]:
    """AIPW from two scikit-learn fits, as a careful user would write it."""
    from sklearn.linear_model import LogisticRegression

    def call() -> Answer:
        x = data[[name for name in data if name[0] == "x"]].to_numpy()
        a, y = data["a"].to_numpy(), data["y"].to_numpy()
        e = LogisticRegression(C=np.inf, max_iter=300).fit(x, a).predict_proba(x)[:, 1]
        xa = np.column_stack([x, a])
        model = LogisticRegression(C=np.inf, max_iter=300).fit(xa, y)
        risks = []
        for value in (1.0, 0.0):
            xa[:, -1] = value
            risks.append(model.predict_proba(xa)[:, 1])
        score = risks[0] - risks[1] + a / e * (y - risks[0]) - (1 - a) / (1 - e) * (y - risks[1])
        return float(score.mean()), float(score.std() / np.sqrt(len(y)))

    return call


def econml(data: Any) -> Callable[[], Answer]:
    """The doubly robust learner with a constant effect: no effect modifiers, all columns as controls."""
    from econml.dr import LinearDRLearner
    from sklearn.linear_model import LogisticRegression

    def call() -> Answer:
        x = data[[name for name in data if name[0] == "x"]].to_numpy()
        plain = LogisticRegression(C=np.inf, max_iter=300)
        learner = LinearDRLearner(
            model_propensity=plain, model_regression=plain, discrete_outcome=True, cv=2, random_state=0
        )
        learner.fit(data["y"].to_numpy(), data["a"].to_numpy(), X=None, W=x)
        found = learner.ate_inference(X=None, T0=0, T1=1)
        return float(np.ravel(found.mean_point)[0]), float(np.ravel(found.stderr_mean)[0])

    return call


def doubleml(data: Any) -> Callable[[], Answer]:
    """The interactive regression model with logistic learners."""
    from doubleml import DoubleMLData, DoubleMLIRM
    from sklearn.linear_model import LogisticRegression

    def call() -> Answer:
        plain = LogisticRegression(C=np.inf, max_iter=300)
        names = [name for name in data if name[0] == "x"]
        model = DoubleMLIRM(DoubleMLData(data, "y", "a", names), ml_g=plain, ml_m=plain, n_folds=2)
        model.fit()
        return float(model.coef[0]), float(model.se[0])

    return call


def zepid(data: Any) -> Callable[[], Answer]:
    """Augmented weighting with its parametric models."""
    from zepid.causal.doublyrobust import AIPTW

    def call() -> Answer:
        names = " + ".join(name for name in data if name[0] == "x")
        model = AIPTW(data, exposure="a", outcome="y")
        model.exposure_model(names, print_results=False)
        model.outcome_model(f"a + {names}", print_results=False)
        model.fit()
        return float(model.risk_difference), float(model.risk_difference_se)

    return call


def prepare(entry: str, data: Any) -> Callable[[], Answer]:
    """Import what an entry needs and return its call."""
    if entry.startswith("causalmed"):
        return causalmed(data, entry.split()[1].rstrip(","), whole="cohort" in entry)
    peers = {"hand": by_hand, "econml": econml, "DoubleML": doubleml, "zEpid": zepid}
    return next(peer for name, peer in peers.items() if entry.startswith(name))(data)


def resident(key: str) -> float:
    """Return VmRSS or VmHWM of this process in MB."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith(key)).split()[1]) / 1024


def measure(entry: str, rows: int, columns: int) -> None:
    """Run one entry in this process and print what it cost."""
    warnings.simplefilter("ignore")
    data = table(rows, columns)
    call = prepare(entry, data)
    Path("/proc/self/clear_refs").write_text("5")  # the peak starts again from here
    before, begin = resident("VmRSS"), time.process_time()
    estimate, error = call()
    seconds = time.process_time() - begin
    print(json.dumps([estimate, error, seconds, resident("VmHWM") - before]))


def main() -> None:
    """Run every entry in a process of its own and print the table."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("rows", nargs="?", type=int, default=1_000_000)
    arguments.add_argument("columns", nargs="?", type=int, default=30)
    arguments.add_argument("--peers", default=sys.executable)
    arguments.add_argument("--entry")
    given = arguments.parse_args()
    if given.entry:
        measure(given.entry, given.rows, given.columns)
        return
    size = given.rows * (given.columns + 2) * 8 / 2**20
    print(f"{given.rows:,} rows x {given.columns} columns and two, {size:,.0f} MB; one thread")
    print(f"{'':<34}{'estimate':>11}{'error':>9}{'seconds':>10}{'peak MB':>9}{'of data':>9}")
    one = {name: "1" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")}
    for entry in ENTRIES:
        python = given.peers if entry.startswith(("DoubleML", "zEpid")) else sys.executable
        command = [python, __file__, str(given.rows), str(given.columns), "--entry", entry]
        done = subprocess.run(command, env=os.environ | one, capture_output=True, text=True, check=False)
        if done.returncode:
            print(f"{entry:<34}not run: {done.stderr.strip().splitlines()[-1][:70]}")
            continue
        estimate, error, seconds, peak = json.loads(done.stdout.strip().splitlines()[-1])
        print(
            f"{entry:<34}{estimate:11.5f}{error:9.5f}{seconds:10.2f}{peak:9.0f}{peak / size:9.2f}", flush=True
        )


if __name__ == "__main__":
    main()
