"""The house style, as tests: sizes, names, docstrings, the package list, the kernels' header."""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import causalmed

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "causalmed"
FILES = sorted(PACKAGE.rglob("*.py"))
KERNELS = sorted((ROOT / "_ext").glob("*.pyx"))
ROOMS = sorted(path.parent for path in PACKAGE.glob("*/__init__.py") if path.parent.name != "_kernels")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def code_lines(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    """Lines of a function without its signature, docstring, blank lines."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if not body:
        return 0
    return body[-1].end_lineno - body[0].lineno + 1


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_modules_and_functions_stay_small(path):
    text = path.read_text()
    assert text.count("\n") <= 400, f"{relative(path)} has {text.count(chr(10))} lines"
    long = {
        node.name: code_lines(node)
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and code_lines(node) > 40
    }
    assert not long, f"{relative(path)}: {long}"


@pytest.mark.parametrize("path", KERNELS, ids=relative)
def test_kernels_stay_small_and_carry_the_header(path):
    lines = path.read_text().splitlines()
    assert len(lines) <= 250
    assert re.match(r"# cython: .*boundscheck=False", lines[0]), "the directives stand in line 1"
    assert "cimport numpy" not in path.read_text()


def public_objects():
    for room in ROOMS:
        module = __import__(f"causalmed.{room.name}", fromlist=["*"])
        for name in module.__all__:
            yield f"{room.name}.{name}", getattr(module, name)


PUBLIC = dict(public_objects())


@pytest.mark.parametrize("name", sorted(PUBLIC))
def test_public_names_are_documented_and_take_no_kwargs(name):
    value = PUBLIC[name]
    if not (inspect.isfunction(value) or inspect.isclass(value)):
        return
    documentation = inspect.getdoc(value) or ""
    assert len(documentation) > 30, f"{name} has no docstring"
    functions = [value] if inspect.isfunction(value) else _methods(value)
    for function in functions:
        kinds = [parameter.kind for parameter in inspect.signature(function).parameters.values()]
        assert inspect.Parameter.VAR_KEYWORD not in kinds, f"{name}.{function.__name__} takes **kwargs"


@pytest.mark.parametrize("name", sorted(causalmed._ROOMS))
def test_top_level_names_show_an_example(name):
    value = getattr(causalmed, name)
    documentation = inspect.getdoc(value) or ""
    assert ">>>" in documentation, f"causalmed.{name} has no example that runs"


def _methods(cls):
    return [
        member
        for name, member in vars(cls).items()
        if inspect.isfunction(member) and not name.startswith("_") and name != "gradient"
    ]


def test_public_list_is_short_and_sorted():
    names = list(causalmed._ROOMS)
    assert len(names) <= 36
    assert names == sorted(names)


def test_no_name_is_both_a_room_and_a_verb():
    rooms = {room.name for room in ROOMS}
    assert not rooms & set(causalmed._ROOMS)


def test_package_list_equals_the_tree():
    listed = set(PROJECT["tool"]["setuptools"]["packages"]) - {"causalmed._data"}
    tree = {
        ".".join(path.parent.relative_to(ROOT).parts)
        for path in PACKAGE.rglob("__init__.py")
        if "__pycache__" not in path.parts
    }
    assert listed == tree
    assert (ROOT / "datasets" / "__init__.py").exists()


def test_kernel_list_equals_the_sources():
    modules = PROJECT["tool"]["setuptools"]["ext-modules"]
    assert {module["sources"][0] for module in modules} == {f"_ext/{path.name}" for path in KERNELS}
    for module in modules:
        stem = module["name"].rsplit(".", 1)[1]
        assert (PACKAGE / "_kernels" / f"{stem}.pyi").exists(), f"{stem} has no stub"


def test_version_is_stated_once():
    assert PROJECT["project"]["version"] == causalmed.__version__


def test_importing_costs_nothing_beyond_numpy():
    heavy = "pandas scipy sklearn statsmodels matplotlib shap dowhy econml causallearn networkx joblib jinja2"
    code = (
        "import sys, numpy; before = set(sys.modules); import causalmed; "
        f"heavy = '{heavy}'.split(); "
        "print(sorted(name for name in set(sys.modules) - before if name.split('.')[0] in heavy))"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"


def test_names_are_there_and_unknown_ones_are_refused():
    assert set(dir(causalmed)) >= set(causalmed._ROOMS)
    with pytest.raises(AttributeError, match="no attribute 'estimat'"):
        _ = causalmed.estimat


def test_no_global_random_numbers():
    pattern = re.compile(r"np\.random\.(?!Generator|Philox|default_rng)|numpy\.random\.(?!Generator|Philox)")
    users = [relative(path) for path in FILES if pattern.search(path.read_text())]
    assert not users


def test_nothing_is_pickled():
    users = [
        relative(path) for path in FILES if re.search(r"\bimport (pickle|cloudpickle|dill)", path.read_text())
    ]
    assert not users


@pytest.mark.parametrize(
    "fragment", sorted((ROOT / "docs" / "changes").glob("*.md")), ids=lambda path: path.name
)
def test_a_change_is_one_sentence(fragment):
    text = fragment.read_text().strip()
    assert text.endswith("."), "a change is told in a sentence"
    assert "\n\n" not in text
    assert len(text) < 400
