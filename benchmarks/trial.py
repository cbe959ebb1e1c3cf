"""A virtual trial written to Parquet on one and on two threads: rows a second, peak memory, same bytes.

Run ``python -m benchmarks.trial [twins]`` (10,000,000). Twenty-one nodes with up to three causes, numbers
and binary nodes in turn. The two arms set the first, so that every other node has a column in each arm: 40
columns in all. Each number of threads runs in a process of its own. Seconds are of the clock, beside the
processor time; the bytes of the two files are compared by their SHA-256.
"""

from __future__ import annotations

import hashlib
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from causalmed.graph import Graph
from causalmed.scm import LinearGaussian, LogisticBinary, Predictor, StructuralCausalModel

NODES, TWINS, THREADS = 21, 10_000_000, (1, 2)


def made_up(seed: int = 1) -> StructuralCausalModel:
    """Build a model in which the first node reaches all others."""
    rng = np.random.default_rng(seed)
    names = [f"n{k:02d}" for k in range(NODES)]
    mechanisms: dict[str, Any] = {}
    edges = []
    for k, name in enumerate(names):
        causes = sorted({names[j] for j in rng.integers(max(0, k - 6), k, size=min(k, 3))}) if k else []
        edges += [(cause, name) for cause in causes]
        eta = Predictor.of(0.0, {cause: float(rng.normal()) / 2 for cause in causes})
        mechanisms[name] = LogisticBinary(predictor=eta) if k % 2 else LinearGaussian(predictor=eta, sd=1.0)
    return StructuralCausalModel.of(Graph.of(edges, nodes=names), mechanisms, outcome=names[-1])


def written(threads: int, twins: int) -> dict[str, Any]:
    """Write one trial; return what it took and the hash of the file."""
    trial = made_up().virtual_trial(arms={"high": {"n00": 1.0}, "low": {"n00": -1.0}}, n=twins, seed=1)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    with tempfile.TemporaryDirectory() as folder:
        clock, processor = time.perf_counter(), time.process_time()
        path = trial.write_parquet(Path(folder) / "trial.parquet", n_jobs=threads)
        took = {"seconds": time.perf_counter() - clock, "processor": time.process_time() - processor}
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
        size = path.stat().st_size / 2**20
    return {
        **took,
        "start": before,
        "peak": peak,
        "columns": len(trial.names),
        "size": size,
        "sha256": digest,
    }


def main() -> None:
    """Print a line a number of threads, and whether the files are the same."""
    twins = int(sys.argv[1]) if len(sys.argv) > 1 else TWINS
    if len(sys.argv) > 2:
        print(json.dumps(written(int(sys.argv[2]), twins)))
        return
    heads = ("threads", "seconds", "processor", "twins/s", "a processor s", "peak MB", "at start", "file MB")
    print("".join(f"{head:>14}" for head in heads), flush=True)
    digests = set()
    for threads in THREADS:
        command = [sys.executable, "-m", "benchmarks.trial", str(twins), str(threads)]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        row = json.loads(done.stdout.strip().splitlines()[-1])
        digests.add(row["sha256"])
        rates = [twins / row["seconds"], twins / row["processor"]]
        cells = [threads, row["seconds"], row["processor"], *rates, row["peak"], row["start"], row["size"]]
        print("".join(f"{cell:>14,.0f}" for cell in cells), flush=True)
    print(
        f"{twins:,} twins, {row['columns']} columns: {'the same bytes' if len(digests) == 1 else 'DIFFERENT'}"
    )


if __name__ == "__main__":
    main()
