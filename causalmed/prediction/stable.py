"""Which columns a risk may use if it must travel to another hospital."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from causalmed.errors import InvalidArgument, UnknownNode
from causalmed.graph import Graph

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["LeftOut", "StableColumns", "stable_columns"]

_SELECTION: Final = "another hospital"


@dataclass(frozen=True, slots=True, kw_only=True)
class LeftOut:
    """A column that is not used, and why.

    Parameters
    ----------
    name : str
        The column.
    reason : str
        In words, ending without a full stop.
    kind : str
        ``"outcome"``, ``"after the outcome"``, ``"shares a hidden cause"``, ``"unstable"``,
        ``"opens a path"``, ``"not in the graph"`` or ``"role"``.

    Examples
    --------
    >>> print(LeftOut(name="ward_rating", reason="is marked unstable", kind="unstable"))
    ward_rating is marked unstable
    """

    name: str
    reason: str
    kind: str

    def __str__(self) -> str:
        return f"{self.name} {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class StableColumns:
    """The columns that are kept, those left out with the reason, and what remains open.

    Parameters
    ----------
    kept : tuple of str
        In the order in which they were offered.
    left_out : tuple of LeftOut
        In the same order.
    open_path : tuple of str
        A path from a change of hospital to the outcome that the kept columns leave open; empty where
        they separate the two, so that the risk given them is the same in every hospital the graph holds for.

    Examples
    --------
    >>> graph = Graph.parse("dag { y [outcome]; u [latent]; x -> y; rating <- u -> y }")
    >>> found = stable_columns(graph, "y", ["x", "rating"])
    >>> found.kept, [str(one) for one in found.left_out]
    (('x',), ['rating shares a hidden cause with y: rating <-> y'])
    """

    kept: tuple[str, ...]
    left_out: tuple[LeftOut, ...]
    open_path: tuple[str, ...] = ()

    @property
    def separating(self) -> bool:
        """Whether the kept columns separate the outcome from a change of hospital, in the graph."""
        return not self.open_path

    def summary(self) -> str:
        """Return a line a column."""
        lines = [f"kept: {', '.join(self.kept) or 'none'}"]
        lines += [f"left out: {one}" for one in self.left_out]
        if self.open_path:
            lines.append(f"open: {' '.join(self.open_path)}")
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """Return a row a column: column, used, reason."""
        import pandas as pd

        rows = [(name, True, "") for name in self.kept]
        rows += [(one.name, False, one.reason) for one in self.left_out]
        return pd.DataFrame(rows, columns=["column", "used", "reason"])

    def to_dict(self) -> dict[str, Any]:
        """Return the columns as plain JSON types."""
        return {
            "kept": list(self.kept),
            "left_out": [{"name": one.name, "reason": one.reason} for one in self.left_out],
            "open_path": list(self.open_path),
        }


def stable_columns(
    graph: Graph, outcome: str, available: Iterable[str], *, recorded: Iterable[str] = ()
) -> StableColumns:
    """Keep the columns through which the risk of the outcome is the same in every hospital.

    Nodes that nobody recorded are projected out. Left out is what comes after the outcome, what shares a
    hidden cause with it (stands in its c-component), and what is marked ``[unstable]``: its mechanism
    differs between hospitals. Then an arrow is drawn from "another hospital" to every unstable node, and as
    long as an open path leads from there to the outcome, the kept descendant of an unstable node nearest to
    it on that path is left out too; what cannot be closed is returned as ``open_path``.

    Subbaswamy, Schulam and Saria (2019), AISTATS, PMLR 89:3118-3127 (graph surgery, selection nodes);
    Magliacane et al. (2018), NeurIPS 31 (separating feature sets).

    Parameters
    ----------
    graph : Graph
        What is assumed.
    outcome : str
        An observed node.
    available : iterable of str
        Columns that may be used.
    recorded : iterable of str
        Further columns that were recorded but may not be used, for example the hospital: they are no hidden
        causes.

    Returns
    -------
    StableColumns

    Raises
    ------
    UnknownNode
        If the outcome is not in the graph.
    InvalidArgument
        If the outcome is latent.

    Examples
    --------
    >>> graph = Graph.parse("dag { y [outcome]; staffing [unstable]; age -> y; age -> staffing; y -> stay }")
    >>> stable_columns(graph, "y", ["age", "staffing", "stay"]).kept
    ('age',)
    """
    offered = tuple(dict.fromkeys(available))
    _check_outcome(graph, outcome)
    seen = {name for name in (*offered, *recorded, outcome) if name in graph and name not in graph.latent}
    projected = graph.latent_projection(observed=sorted(seen))
    left = {name: why for name in offered if (why := _reason(graph, projected, outcome, name))}
    kept = [name for name in offered if name not in left]
    selection = _with_selection(graph)
    unstable_below = graph.descendants(graph.unstable) if graph.unstable else frozenset()
    path = selection.open_path(_SELECTION, outcome, kept) if graph.unstable else None
    while path is not None:
        opener = next((name for name in _nearest(path, selection, kept) if name in unstable_below), None)
        if opener is None:
            break
        kept.remove(opener)
        reason = f"opens a path from another hospital to {outcome}: {' '.join(path)}"
        left[opener] = LeftOut(name=opener, reason=reason, kind="opens a path")
        path = selection.open_path(_SELECTION, outcome, kept)
    ordered = tuple(left[name] for name in offered if name in left)
    return StableColumns(kept=tuple(kept), left_out=ordered, open_path=path or ())


def _check_outcome(graph: Graph, outcome: str) -> None:
    if outcome not in graph:
        raise UnknownNode.among([outcome], graph.nodes)
    if outcome in graph.latent:
        raise InvalidArgument(
            f"The outcome {outcome!r} is latent in the graph: a risk of it cannot be learned. Name an "
            "observed node."
        )


def _reason(graph: Graph, projected: Graph, outcome: str, name: str) -> LeftOut | None:
    if name == outcome:
        return LeftOut(name=name, reason="is the outcome", kind="outcome")
    if name not in graph:
        return LeftOut(name=name, reason="is not in the graph", kind="not in the graph")
    if name in graph.descendants([outcome]):
        return LeftOut(name=name, reason=f"comes after {outcome}", kind="after the outcome")
    if name in graph.unstable:
        reason = "is marked unstable: its mechanism differs between hospitals"
        return LeftOut(name=name, reason=reason, kind="unstable")
    district = next(part for part in projected.districts() if outcome in part)
    if name in district:
        path = " ".join(_hidden_path(projected, name, outcome))
        shared = f"shares a hidden cause with {outcome}: {path}"
        return LeftOut(name=name, reason=shared, kind="shares a hidden cause")
    return None


def _hidden_path(projected: Graph, name: str, outcome: str) -> list[str]:
    """Return the shortest walk of two-headed arrows, as printable pieces."""
    before: dict[str, str] = {}
    queue = [name]
    for node in queue:
        for spouse in projected.spouses(node):
            if spouse not in before and spouse != name:
                before[spouse] = node
                queue.append(spouse)
    pieces = [outcome]
    while pieces[-1] != name:
        pieces += ["<->", before[pieces[-1]]]
    return pieces[::-1]


def _with_selection(graph: Graph) -> Graph:
    """Return the graph with an arrow from another hospital to every unstable node."""
    return Graph.of(
        edges=[*graph.directed, *((_SELECTION, name) for name in sorted(graph.unstable))],
        bidirected=[(min(pair), max(pair)) for pair in graph.bidirected],
        latent=graph.latent,
    )


def _nearest(path: tuple[str, ...], graph: Graph, kept: list[str]) -> list[str]:
    """Return the kept columns that hold the path open: conditioned colliders or descendants of them."""
    openers: list[str] = []
    for at in range(2, len(path) - 2, 2):
        into_left = path[at - 1].endswith(">")
        into_right = path[at + 1].startswith("<")
        if into_left and into_right:
            below = graph.descendants([path[at]])
            openers += [name for name in kept if name in below]
    return openers
