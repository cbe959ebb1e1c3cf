"""The documentation is held against the code: it builds, it names every room, it uses the glossary."""

from __future__ import annotations

import ast
import inspect
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

import causalmed

ROOT = Path(__file__).resolve().parents[2]
DOCS = ROOT / "docs"
ROOMS = sorted(
    path.parent.name for path in (ROOT / "causalmed").glob("*/__init__.py") if path.parent.name != "_kernels"
)
GLOSSARY = set(re.findall(r"^\*\*(\w+)\*\*$", (DOCS / "glossary.md").read_text(), re.MULTILINE))
FORBIDDEN = {"treatment", "treatments", "score", "scores", "label", "labels", "confounders", "T", "Y", "D"}
"""Words that would be a second name for a term of the glossary."""


@pytest.mark.parametrize("builder", ["dummy", pytest.param("html", marks=pytest.mark.slow)])
def test_docs_build_without_warnings_or_network(builder, tmp_path):
    """Every page is read and every reference resolved; writing the pages takes minutes and is slow."""
    found = subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "--keep-going", "-q", "-b", builder, str(DOCS), str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "http_proxy": "http://127.0.0.1:9", "https_proxy": "http://127.0.0.1:9"},
    )
    assert found.returncode == 0, found.stderr[-4000:]
    assert builder == "dummy" or (tmp_path / "architecture.html").exists()


@pytest.mark.parametrize("room", ROOMS)
def test_every_room_is_in_the_architecture_and_the_reference(room):
    assert f"| `{room}` |" in (DOCS / "architecture.md").read_text()
    assert f"automodule:: causalmed.{room}\n" in (DOCS / "api.md").read_text()


def test_paths_in_the_architecture_exist():
    text = (DOCS / "architecture.md").read_text()
    rows = re.findall(r"^\| (?:an?|the|you).*$", text, re.MULTILINE)
    named = {path for row in rows for path in re.findall(r"`([\w./]+\.(?:py|pyx|md|toml))`", row)}
    named = {path for path in named if "NAME" not in path}
    roots = (ROOT, ROOT / "causalmed", ROOT / "causalmed" / "reporting")
    missing = sorted(path for path in named if not any((root / path).exists() for root in roots))
    assert not missing


@pytest.mark.parametrize("name", sorted(causalmed._ROOMS))
def test_signatures_use_no_second_name_for_a_term(name):
    value = getattr(causalmed, name)
    functions = (
        [value]
        if inspect.isfunction(value)
        else [
            member
            for key, member in vars(value).items()
            if inspect.isfunction(member) and not key.startswith("_")
        ]
    )
    for function in functions:
        used = set(inspect.signature(function).parameters) & FORBIDDEN
        assert not used, f"{name}.{function.__name__} says {used}; the glossary has the term"


@pytest.mark.parametrize(
    "term", ["exposure", "outcome", "adjustment_set", "folds", "protected", "contrast", "cluster", "unit"]
)
def test_terms_of_the_api_are_in_the_glossary(term):
    assert term in GLOSSARY


def test_readme_names_only_what_exists():
    text = (ROOT / "README.md").read_text()
    block = re.search(r"```python\n(.*?)```", text, re.DOTALL).group(1)
    names = {
        node.attr
        for node in ast.walk(ast.parse(block))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "cm"
    }
    assert names <= set(causalmed.__all__)


@pytest.mark.parametrize("page", sorted((DOCS / "methods").glob("*.md")), ids=lambda page: page.stem)
def test_a_method_page_says_how_it_was_checked(page):
    if page.stem == "index":
        return
    text = page.read_text().lower()
    assert "## " in text
    assert re.search(r"check|validat|compar|oracle", text), "a method page says how it was validated"


NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_there_is_a_notebook():
    assert NOTEBOOKS


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_notebooks_run(path, tmp_path):
    from nbclient import NotebookClient

    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
