"""Which small changes of a graph the data would contradict less."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from causalmed.errors import GraphError
from causalmed.graph import Graph

__all__ = ["Remedy", "remedies"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A change of one edge, and how many contradictions it would leave.

    Parameters
    ----------
    change : str
        In words.
    arrow : str
        The edge that it concerns, as the graph has it; empty where an edge is added.
    left : int
        Contradictions that remain.
    """

    change: str
    arrow: str
    left: int

    def __str__(self) -> str:
        after = "would remove every contradiction" if not self.left else f"would leave {self.left}"
        return f"{self.change} {after}"


def remedies(
    graph: Graph, pairs: Sequence[tuple[str, str]], *, now: int, count: Callable[[Graph], int]
) -> tuple[Remedy, ...]:
    """Try every change of one edge that touches a contradicted pair.

    A change that the data contradict less is a hint, not a finding: another graph may fit as well.

    Parameters
    ----------
    graph : Graph
        Without latent nodes.
    pairs : sequence of (str, str)
        Pairs of which an independence is contradicted.
    now : int
        Contradictions of the graph as it stands.
    count : callable
        Contradictions of another graph.

    Returns
    -------
    tuple of Remedy
        Those that leave fewer contradictions, the best first.
    """
    found = []
    for change, arrow, changed in _changes(graph, pairs):
        left = count(changed)
        if left < now:
            found.append(Remedy(change=change, arrow=arrow, left=left))
    return tuple(sorted(found, key=lambda one: (one.left, one.change)))


def _changes(graph: Graph, pairs: Sequence[tuple[str, str]]) -> Iterator[tuple[str, str, Graph]]:
    arrows, both = set(graph.directed), {(a, b) for a, b in map(sorted, graph.bidirected)}
    touched = {name for pair in pairs for name in pair}
    trials: list[tuple[str, str, set[tuple[str, str]], set[tuple[str, str]]]] = []
    for u, v in sorted(arrows):
        if u in touched or v in touched:
            turned = (arrows - {(u, v)}) | {(v, u)}
            trials.append((f"turning {u} -> {v} round", f"{u} -> {v}", turned, both))
    for u, v in sorted({(a, b) for a, b in map(sorted, pairs)}):
        trials += [(f"an arrow {a} -> {b}", "", arrows | {(a, b)}, both) for a, b in ((u, v), (v, u))]
        trials.append((f"a hidden common cause of {u} and {v}", "", arrows, both | {(u, v)}))
    for change, arrow, directed, hidden in trials:
        try:
            changed = Graph.of(sorted(directed), bidirected=sorted(hidden), nodes=graph.nodes)
        except GraphError:  # it would close a circle
            continue
        yield change, arrow, changed
