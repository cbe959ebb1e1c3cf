"""Adjustment sets in the names of nodes: which nodes may be used, and the listing."""

from __future__ import annotations

import warnings
from itertools import islice
from typing import TYPE_CHECKING, Final

from causalmed.errors import ApproximationWarning, InvalidArgument
from causalmed.graph.adjustment import adjustment_problem
from causalmed.graph.checking import as_names
from causalmed.graph.optimal import optimal_set
from causalmed.graph.separators import all_minimal_separators, all_separators

if TYPE_CHECKING:
    from causalmed.graph.graph import Graph, Names

__all__ = ["adjustment_sets", "disjoint_sides", "usable"]

Nodes = frozenset[int]
KINDS: Final = ("minimal", "optimal", "all")


def usable(graph: Graph, outcome: Nodes, observed: Names | None) -> Nodes:
    """Return the nodes one may adjust for as far as the data go: measured, and not after an outcome."""
    names = graph.observed
    if observed is not None:
        names &= frozenset(as_names(observed))
    rank = {tier: number for number, tier in enumerate(graph.tiers)}
    times = {name: rank[tier] for name, tier in graph.tier_of.items()}
    latest = min((times[name] for name in graph.names(outcome) if name in times), default=len(rank))
    return graph.numbers(name for name in names if times.get(name, -1) <= latest)


def adjustment_sets(
    graph: Graph, exposure: Names, outcome: Names, kind: str, *, observed: Names | None, limit: int
) -> tuple[frozenset[str], ...]:
    """List adjustment sets; see :meth:`causalmed.graph.Graph.adjustment_sets`."""
    if kind not in KINDS:
        raise InvalidArgument.option("kind", kind, KINDS)
    if limit < 1:
        raise InvalidArgument(f"limit={limit} lists nothing. Give a number of sets, at least 1.")
    x, y = disjoint_sides(graph, exposure, outcome)
    problem = adjustment_problem(graph.oriented, x, y)
    include, allowed = graph.numbers(graph.adjusted), usable(graph, y, observed)
    query = problem.query(include=include, allowed=allowed)
    if query is None or not include <= allowed:
        return ()
    if kind == "optimal":
        best = optimal_set(graph.oriented, problem, include=include, allowed=allowed)
        return () if best is None else (graph.names(best),)
    search = all_minimal_separators if kind == "minimal" else all_separators
    found = [graph.names(z) for z in islice(search(query), limit + 1)]
    if len(found) > limit:
        warnings.warn(
            f"more than {limit} {kind} adjustment sets exist; the first {limit} found are returned. "
            "Raise limit= for more, or ask for kind='optimal'.",
            ApproximationWarning,
            stacklevel=3,
        )
        del found[limit:]
    return tuple(sorted(found, key=lambda names: (len(names), sorted(names))))


def disjoint_sides(graph: Graph, exposure: Names, outcome: Names) -> tuple[Nodes, Nodes]:
    """Return exposures and outcomes by number; refuse none, unknown ones and a node that is both."""
    x, y = graph.numbers(exposure), graph.numbers(outcome)
    if not x or not y:
        raise InvalidArgument("name at least one exposure and one outcome.")
    if x & y:
        raise InvalidArgument(
            f"{min(graph.names(x & y))!r} is exposure and outcome. Nothing is its own cause."
        )
    return x, y
