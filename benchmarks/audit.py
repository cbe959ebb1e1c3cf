"""A full audit against fairlearn's MetricFrame with bootstrap intervals, side by side in one run.

100,000 patients, 4 groups, 8 metrics, an interval for each. fairlearn resamples rows; its cost is linear in
the number of draws, so a few draws are timed and the time of 1,000 is computed from them; the output says so.
fairlearn may live in another environment: set FAIRLEARN_PYTHON to its interpreter.

Run with ``python -m benchmarks.audit``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

from causalmed.cohort import Cohort
from causalmed.fairness import audit

N, DRAWS, WANTED, THRESHOLD = 100_000, 4, 1000, 0.1

PEER = """
import json, sys, time
import numpy as np
from fairlearn.metrics import MetricFrame
from sklearn.metrics import roc_auc_score

table = np.load(sys.argv[1])
y, risk, group, threshold = table["y"], table["risk"], table["group"], float(sys.argv[3])

def share(of, among):
    return float(of[among].mean()) if among.any() else float("nan")

metrics = {
    "sensitivity": lambda t, p: share(p >= threshold, t == 1),
    "missed": lambda t, p: share(p < threshold, t == 1),
    "specificity": lambda t, p: share(p < threshold, t == 0),
    "false_alarms": lambda t, p: share(p >= threshold, t == 0),
    "alerts": lambda t, p: float((p >= threshold).mean()),
    "predictive_value": lambda t, p: share(t == 1, p >= threshold),
    "brier": lambda t, p: float(((t - p) ** 2).mean()),
    "auroc": lambda t, p: float(roc_auc_score(t, p)),
}

def run(draws):
    started = time.process_time()
    frame = MetricFrame(metrics=metrics, y_true=y, y_pred=risk, sensitive_features=group,
                        n_boot=draws, ci_quantiles=[0.025, 0.975], random_state=1)
    frame.by_group_ci
    return time.process_time() - started, frame.by_group

few, _ = run(1)
more, by_group = run(int(sys.argv[2]))
print(json.dumps({"one": few, "more": more, "values": by_group.to_dict()}))
"""


def simulated(seed: int = 1) -> pd.DataFrame:
    """Return patients with a risk, an outcome drawn from a shifted one, and four groups of unequal size."""
    rng = np.random.default_rng(seed)
    logit = rng.normal(-2.6, 1.0, N)
    group = rng.choice(["a", "b", "c", "d"], N, p=[0.55, 0.3, 0.1, 0.05])
    shift = np.select([group == "b", group == "d"], [0.2, -0.3], 0.0)
    outcome = (rng.random(N) < 1 / (1 + np.exp(-logit - shift))).astype(int)
    return pd.DataFrame({"risk": 1 / (1 + np.exp(-logit)), "infection": outcome, "group": group})


def ours(frame: pd.DataFrame) -> tuple[float, pd.DataFrame]:
    """Return the best of three times in seconds, and the groups."""
    cohort = Cohort.from_frame(frame, outcome="infection", protected="group")
    times = []
    for _ in range(3):
        started = time.process_time()
        found = audit("risk", cohort, threshold=THRESHOLD)
        times.append(time.process_time() - started)
    return min(times), found.groups_frame().set_index("group")


def fairlearn(frame: pd.DataFrame) -> dict[str, object]:
    """Time the peer on the same patients."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.npz"
        columns = {"y": frame["infection"], "risk": frame["risk"], "group": frame["group"].to_numpy("U1")}
        np.savez(path, **columns)
        python = os.environ.get("FAIRLEARN_PYTHON", sys.executable)
        told = subprocess.run(
            [python, "-W", "ignore", "-c", PEER, str(path), str(DRAWS), str(THRESHOLD)],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        )
    answer: dict[str, object] = json.loads(told.stdout)
    return answer


def main() -> None:
    """Print both times, their ratio and the largest difference between the estimates."""
    frame = simulated()
    own, groups = ours(frame)
    peer = fairlearn(frame)
    draw = (float(peer["more"]) - float(peer["one"])) / (DRAWS - 1)
    thousand = float(peer["one"]) + (WANTED - 1) * draw
    apart = max(
        abs(groups.loc[group, name] - value)
        for name, by_group in peer["values"].items()
        for group, value in by_group.items()
    )
    print(f"{N:,} patients, 4 groups, 8 metrics, an interval each (CPU seconds, one thread)")
    print(f"  causalmed, audit()                      {own:10.3f} s")
    print(f"  fairlearn, {DRAWS} draws as timed            {float(peer['more']):10.2f} s")
    print(f"  fairlearn, {WANTED:,} draws from {draw:.2f} s each  {thousand:10.1f} s")
    print(f"  ratio                                   {thousand / own:10.0f}")
    print(f"  largest difference of an estimate       {apart:10.1e}")


if __name__ == "__main__":
    main()
