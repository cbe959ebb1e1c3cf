"""Who may import whom: the house's floors, held against every import statement."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "causalmed"

FLOORS: tuple[frozenset[str], ...] = (
    frozenset({"errors"}),
    frozenset({"arguments"}),
    frozenset({"results", "_kernels"}),
    frozenset({"graph", "engine"}),
    frozenset({"identification", "cohort", "regression"}),
    frozenset({"estimation", "discovery", "scm"}),
    frozenset({"prediction", "screening", "datasets"}),
    frozenset({"explanation"}),
    frozenset({"fairness", "monitoring", "policy"}),
    frozenset({"reporting"}),
    frozenset({"cli"}),
)
"""From the ground up. A room may import the floors below it, never its own floor or above."""

NARROWER: dict[str, frozenset[str]] = {
    "identification": frozenset({"graph", "results", "arguments", "errors"}),
    "cohort": frozenset({"engine", "results", "arguments", "errors"}),
    "regression": frozenset({"engine", "_kernels", "results", "arguments", "errors"}),
    "plotting": frozenset({"results", "arguments", "errors"}),
}
"""Rooms that stand on less than all the floors below them."""

HEAVY: dict[str, frozenset[str]] = {
    "matplotlib": frozenset({"plotting/"}),
    "shap": frozenset({"explanation/shap_adapter.py"}),
    "dowhy": frozenset({"estimation/dowhy_adapter.py", "scm/dowhy_adapter.py"}),
    "econml": frozenset({"estimation/econml_adapter.py"}),
    "causallearn": frozenset({"discovery/causallearn_adapter.py"}),
}
"""Heavy library → where alone it may be imported."""

FILES = sorted(PACKAGE.rglob("*.py"))


def floor_of(room: str) -> int:
    return next(level for level, rooms in enumerate(FLOORS) if room in rooms)


def room_of(path: Path) -> str:
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imports(path: Path):
    """Yield (module, is_lazy, is_for_types) for every import of the file."""
    tree = ast.parse(path.read_text())

    def walk(node, lazy, typing):
        for child in ast.iter_child_nodes(node):
            inside = lazy or isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
            for_types = typing or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test))
            if isinstance(child, ast.Import):
                yield from ((alias.name, lazy, typing) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{path}: relative import"
                if child.module == "causalmed":
                    yield from ((f"causalmed.{alias.name}", lazy, typing) for alias in child.names)
                else:
                    yield (child.module, lazy, typing)
            yield from walk(child, inside, for_types)

    yield from walk(tree, False, False)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_down(path):
    room = room_of(path)
    if room == "__init__":
        return
    for module, lazy, _ in imports(path):
        if not module.startswith("causalmed."):
            continue
        other = module.split(".")[1]
        if other == room:
            continue
        if other == "plotting":
            assert lazy, f"{room} imports plotting at module level"
            continue
        if room in NARROWER:
            assert other in NARROWER[room], f"{room} may not import {other}"
        else:
            assert floor_of(other) < floor_of(room), f"{room} may not import {other}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_heavy_libraries_have_one_door_each(path):
    here = str(path.relative_to(PACKAGE))
    for module, lazy, typing in imports(path):
        library = module.split(".")[0]
        if library not in HEAVY or typing:
            continue
        doors = HEAVY[library]
        assert any(here == door or (door.endswith("/") and here.startswith(door)) for door in doors), (
            f"{here} imports {library}; its only door is {sorted(doors)}"
        )
        if library != "matplotlib":
            assert lazy, f"{here} imports {library} at module level"


def test_every_room_stands_on_a_floor():
    rooms = {room_of(path) for path in FILES} - {"__init__", "plotting"}
    assert rooms <= frozenset().union(*FLOORS)


def test_rooms_are_reached_by_their_front_door():
    """Another room's private modules are its own business."""
    wrong = []
    for path in FILES:
        for module, _, _ in imports(path):
            parts = module.split(".")
            if parts[0] == "causalmed" and len(parts) > 2 and parts[1] not in {room_of(path), "results"}:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {module}")
    allowed = {"_kernels"}
    wrong = [line for line in wrong if line.split()[-1].split(".")[1] not in allowed]
    assert not wrong, "\n".join(wrong)
