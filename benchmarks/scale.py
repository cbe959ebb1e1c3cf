"""Effects from a table larger than memory: rows a second, peak resident memory, equality with memory.

Run ``python -m benchmarks.scale [rows] [folder]``. A table of 30 columns (10,000,000 rows by default) is
written as Parquet; AIPW and TMLE, each in a fresh process of one thread, adjust for 27 columns of it. The
first 1,000,000 rows are then estimated on disk and in memory, and the numbers compared with ``==``. Where
DuckDB is installed, reading all columns with it is compared with reading them with pyarrow.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

import causalmed as cm
from causalmed.engine import BLOCK_ROWS, generator

ROWS, COMPARED = 10_000_000, 1_000_000
NUMBERS = [f"number_{k:02}" for k in range(18)]
YES_NO = [f"yes_no_{k}" for k in range(6)]
LEVELS = {"asa": 4, "wound": 3}
ADJUSTED = [*NUMBERS, *YES_NO, *LEVELS, "ward"]
KINDS = {name: tuple(str(level) for level in range(1, count + 1)) for name, count in LEVELS.items()}
BYTES_A_ROW = 240


def block(number: int, rows: int) -> pa.Table:
    rng = generator(1, "scale", number)
    first = number * BLOCK_ROWS
    columns = {"id": np.arange(first, first + rows)}
    columns |= {name: rng.normal(50, 10, rows) for name in NUMBERS}
    columns |= {name: (rng.random(rows) < 0.3).astype(np.int8) for name in YES_NO}
    columns |= {name: rng.integers(1, count + 1, rows).astype(np.int8) for name, count in LEVELS.items()}
    ward = rng.integers(0, 4, rows)
    lean = sum((columns[name] - 50) / (40 + 4 * k) for k, name in enumerate(NUMBERS)) + 0.2 * (ward == 1)
    late = rng.random(rows) < 1 / (1 + np.exp(1.2 - 0.5 * lean - 0.2 * columns["yes_no_0"]))
    risk = 1 / (1 + np.exp(2.6 - 0.4 * late - 0.5 * lean - 0.1 * columns["asa"]))
    columns |= {"late": late.astype(np.int8), "infected": (rng.random(rows) < risk).astype(np.int8)}
    texts = pa.DictionaryArray.from_arrays(ward.astype(np.int32), ["east", "north", "south", "west"])
    return pa.table({**columns, "ward": texts.cast(pa.string())})


def write(path: Path, rows: int) -> None:
    needed = rows * BYTES_A_ROW
    free = shutil.disk_usage(path.parent).free
    if free < needed:
        sys.exit(f"{path.parent} has {free / 1e9:.1f} GB free; {needed / 1e9:.1f} GB are needed.")
    blocks = range(-(-rows // BLOCK_ROWS))
    with pq.ParquetWriter(path, block(0, 1).schema, compression="zstd") as writer:
        for number in blocks:
            writer.write_table(block(number, min(BLOCK_ROWS, rows - number * BLOCK_ROWS)))


def question() -> cm.Estimand:
    return cm.Estimand.given(exposure="late", outcome="infected", adjustment_set=ADJUSTED)


def on_disk(path: str) -> object:
    return cm.Cohort.from_parquet(path, unit="id", outcome="infected", kinds=KINDS)


def peak() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) / 1024


def one(name: str, path: str) -> None:
    """Run in a process of its own, so that its peak is its own."""
    begin = time.perf_counter(), time.process_time()
    cohort = on_disk(path)
    opened = time.perf_counter()
    effect = cm.estimate(question(), cohort, getattr(cm, name)())
    found = effect.risk_difference
    print(
        json.dumps(
            {
                "n": effect.n,
                "open": opened - begin[0],
                "seconds": time.perf_counter() - opened,
                "processor": time.process_time() - begin[1],
                "peak": peak(),
                "answer": [found.estimate, found.low, found.high],
                "gate": {check.name: check.state.value for check in effect.diagnostics.checks},
            }
        )
    )


def compare(path: Path, folder: Path) -> None:
    few = folder / "few.parquet"
    opened = pq.ParquetFile(path)
    groups = min(-(-COMPARED // BLOCK_ROWS), opened.num_row_groups)
    table = opened.read_row_groups(list(range(groups))).slice(0, COMPARED)
    pq.write_table(table, few, row_group_size=100_000, compression="zstd")
    cohort = on_disk(str(few))
    memory = cm.Cohort.from_frame(table, unit="id", outcome="infected", kinds=KINDS)
    for spec in (cm.AIPW(), cm.TMLE(), cm.IPW(), cm.GComputation()):
        first, second = (cm.estimate(question(), each, spec) for each in (cohort, memory))
        same = np.array_equal(first.functionals.values, second.functionals.values)
        same &= np.array_equal(first.functionals.covariance, second.functionals.covariance)
        same &= first.to_dict() == second.to_dict()
        print(f"{memory.n:,} rows on disk == in memory, {spec!r}: {same}")


READING = {
    "pyarrow": """
import pyarrow.parquet as pq
opened = pq.ParquetFile(path, pre_buffer=False)
for group in range(opened.num_row_groups):
    rows += opened.read_row_group(group, use_threads=False).num_rows
""",
    "duckdb": """
import duckdb
link = duckdb.connect()
link.execute("SET memory_limit = '300MB'; SET threads = 1; SET preserve_insertion_order = true")
answer = link.sql(f"SELECT * FROM read_parquet('{path}')")
stream = getattr(answer, "to_arrow_reader", None) or answer.fetch_record_batch
reader = stream(65536)
for batch in reader:
    rows += batch.num_rows
""",
}
"""Read every column of a file once, on one thread; DuckDB under a cap of 300 MB."""


def reading(path: Path) -> None:
    for engine, body in READING.items():
        if find_spec(engine) is None:
            print(f"{engine} is not installed: not measured")
            continue
        code = (
            f"import time; path, rows = {str(path)!r}, 0; begin = time.process_time()\n{body}\n"
            "status = open('/proc/self/status').read()\n"
            "peak = int(status.split('VmHWM:')[1].split()[0]) / 1024\n"
            "print(f'{rows:,} rows in {time.process_time() - begin:.1f} s of processor, peak {peak:.0f} MB')"
        )
        done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
        print(f"reading with {engine}: {done.stdout.strip()}")


def main(rows: int, folder: Path) -> None:
    path = folder / "table.parquet"
    begin = time.perf_counter()
    write(path, rows)
    size = path.stat().st_size
    print(f"wrote {rows:,} x 30, {size / 1e6:,.0f} MB, in {time.perf_counter() - begin:.0f} s", flush=True)
    for name in ("AIPW", "TMLE"):
        command = [sys.executable, "-m", "benchmarks.scale", "--one", name, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        said = json.loads(done.stdout)
        estimate, low, high = said["answer"]
        print(
            f"{name}: {estimate:.6f} ({low:.6f} to {high:.6f}), opened in {said['open']:.0f} s, estimated in "
            f"{said['seconds']:.0f} s; {said['processor']:.0f} s of processor in all = "
            f"{said['n'] / said['processor']:,.0f} rows a second, peak {said['peak']:,.0f} MB; "
            f"{said['gate']}",
            flush=True,
        )
    reading(path)
    compare(path, folder)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--one"]:
        one(*sys.argv[2:4])
    else:
        given = sys.argv[1:]
        with tempfile.TemporaryDirectory(dir=given[1] if len(given) > 1 else None) as temporary:
            main(int(given[0]) if given else ROWS, Path(temporary))
