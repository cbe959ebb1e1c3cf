"""What is shipped: an sdist and a wheel hold everything, and work where the source tree is not."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PARTS = ("pyproject.toml", "README.md", "LICENSE", "MANIFEST.in", "_ext", "causalmed", "datasets")
BUILT = shutil.ignore_patterns("*.so", "*.c", "__pycache__", "*.egg-info")

pytestmark = pytest.mark.slow


def run(*command, folder):
    found = subprocess.run(
        [str(one) for one in command], cwd=folder, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, f"{command}\n{found.stdout[-3000:]}\n{found.stderr[-3000:]}"
    return found.stdout


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    """A copy of the tree in which nothing has been built."""
    folder = tmp_path_factory.mktemp("tree")
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, folder / part, ignore=BUILT)
        elif source.exists():
            shutil.copy(source, folder / part)
    return folder


@pytest.fixture(scope="module")
def sdist(tree):
    """An sdist made from the copy, which stays as it was."""
    folder = tree.with_name("sdist")
    shutil.copytree(tree, folder)
    code = "from setuptools import build_meta; print(build_meta.build_sdist('.'))"
    name = run(sys.executable, "-c", code, folder=folder).split()[-1]
    return folder / name


@pytest.fixture(scope="module")
def wheel(sdist, tmp_path_factory):
    """A wheel made from that sdist, as an index would."""
    folder = tmp_path_factory.mktemp("wheel")
    options = ("--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--wheel-dir", folder)
    run(sys.executable, "-m", "pip", "wheel", *options, sdist, folder=folder)
    (found,) = folder.glob("*.whl")
    return found


def shipped(tree):
    """Files of the tree that a user needs, as they are named once installed."""
    package = [path.relative_to(tree) for path in (tree / "causalmed").rglob("*") if path.is_file()]
    needed = {
        str(path) for path in package if path.suffix in (".py", ".pyi", ".typed", ".j2", ".css", ".toml")
    }
    return needed | {
        f"causalmed/_data/{path.name}" for path in (tree / "datasets").iterdir() if path.is_file()
    }


def test_the_sdist_holds_the_sources(sdist, tree):
    with tarfile.open(sdist) as archive:
        names = {name.split("/", 1)[-1] for name in archive.getnames()}
    kernels = {
        f"_ext/{path.name}" for path in (tree / "_ext").glob("*.p*") if path.suffix in (".pyx", ".pxd")
    }
    assert kernels <= names
    assert {name.replace("causalmed/_data/", "datasets/") for name in shipped(tree)} <= names
    assert {"pyproject.toml", "README.md", "LICENSE"} <= names
    assert not [name for name in names if name.endswith((".so", ".pyc"))]


def test_the_wheel_holds_code_stubs_templates_data_and_kernels(wheel, tree):
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())
    assert shipped(tree) <= names
    for kernel in (tree / "_ext").glob("*.pyx"):
        assert [
            name for name in names if name.startswith(f"causalmed/_kernels/{kernel.stem}.") and ".so" in name
        ]
    strays = {name.split("/")[0] for name in names} - {"causalmed"}
    assert all(stray.endswith(".dist-info") for stray in strays)


def test_it_works_away_from_the_source_tree(wheel, tmp_path):
    target = tmp_path / "site"
    options = ("--no-deps", "--no-index", "--quiet", "--target", target)
    run(sys.executable, "-m", "pip", "install", *options, wheel, folder=tmp_path)
    code = f"""
import sys
sys.path = [{str(target)!r}] + [path for path in sys.path if path != {str(ROOT)!r}]
sys.meta_path = [one for one in sys.meta_path if "editable" not in repr(one)]
import causalmed as cm
from causalmed.reporting import protocol_template
assert cm.__file__.startswith({str(target)!r}), cm.__file__
from causalmed._kernels import logistic
assert logistic.__file__.startswith({str(target)!r}), logistic.__file__
postop = cm.load_dataset("postop")
question = cm.identify(postop.graph, exposure="late_prophylaxis", outcome="infection_30d")
effect = cm.estimate(question, postop.cohort)
text = '''
schema = 1
title = "T"
[population]
data = "dataset:caesarean"
[graph]
file = "dataset:caesarean"
[question]
outcome = "infection"
'''
page, _ = cm.run(cm.Protocol.parse(text)).write("report.html")
print(postop.cohort.n, effect.risk_difference.estimate > 0)
print(page.stat().st_size > 10_000, len(protocol_template()) > 500)
"""
    assert run(sys.executable, "-c", code, folder=tmp_path).split() == ["20000", "True", "True", "True"]
