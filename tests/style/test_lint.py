"""The linters and the type checker are part of the tests, so that a clean tree stays clean."""

from __future__ import annotations

import os
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
    ],
    ids=lambda command: " ".join(command),
)
def test_python_is_clean(command):
    tool, *arguments = command
    found = subprocess.run(
        [sys.executable, "-m", tool, *arguments], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert found.returncode == 0, found.stdout[-4000:] + found.stderr[-2000:]


def test_cython_is_clean():
    scripts = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}"}
    found = subprocess.run(
        [str(scripts / "cython-lint"), "--max-line-length", "110", "_ext"],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
        env=environment,
    )
    assert found.returncode == 0, found.stdout + found.stderr
