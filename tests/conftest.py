"""Printed answers, real tables, and an honest count of what had to be skipped."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

ROOT = Path(__file__).resolve().parent.parent
SHIPPED = ROOT / "tests" / "data"
ELSEWHERE = Path(os.environ.get("CAUSALMED_DATA", ROOT.parent / "shared" / "data"))
"""Tables whose licence forbids shipping them are read from here, where it exists."""


@lru_cache(maxsize=1)
def _cases() -> dict[str, dict[str, Any]]:
    return {case["id"]: case for case in json.loads((SHIPPED / "expected.json").read_text())}


@lru_cache(maxsize=32)
def _read(path: Path) -> pd.DataFrame:
    return pd.read_csv(path, keep_default_na=True, sep="\t" if ".tsv" in path.name else ",")


def _find(name: str) -> Path | None:
    candidates = [SHIPPED / name, SHIPPED / f"{name}.gz", ELSEWHERE / name]
    return next((path for path in candidates if path.exists()), None)


@pytest.fixture
def printed() -> Callable[[str], dict[str, Any]]:
    """A published or recomputed answer by its id: value, tol, spec, source."""
    return lambda case: _cases()[case]


@pytest.fixture
def table() -> Callable[[str], pd.DataFrame]:
    """A real table by its file name, a fresh copy; skips, and counts, where it is not at hand."""

    def read(name: str) -> pd.DataFrame:
        path = _find(name)
        if path is None:
            pytest.skip(f"{name} may not be shipped; set CAUSALMED_DATA to the folder that holds it")
        return _read(path).copy()

    return read


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say how many cases lacked their table, whichever worker found out."""
    reasons = [str(report.longrepr) for report in terminalreporter.stats.get("skipped", ())]
    absent = [found[1] for reason in reasons if (found := re.search(r"(\S+) may not be shipped", reason))]
    if absent:
        names = ", ".join(sorted(set(absent)))
        terminalreporter.write_line(
            f"{len(absent)} published cases skipped, their tables are not in CAUSALMED_DATA: {names}"
        )
