"""The linters and the type checker are part of the tests, so that a clean tree stays clean."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "check", "."),
        ("ruff", "format", "--check", "."),
        ("mypy",),
        ("cython_lint", "_ext"),
    ],
    ids=lambda command: " ".join(command),
)
def test_tree_is_clean(command):
    tool, *arguments = command
    found = subprocess.run(
        [sys.executable, "-m", tool, *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert found.returncode == 0, found.stdout[-4000:] + found.stderr[-2000:]
