"""What the variation between hospitals tells: arrows that nothing hidden explains, and hidden causes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from causalmed.arguments import require_names
from causalmed.discovery.adjusting import is_visible
from causalmed.discovery.marks import ARROW, CIRCLE, MarkedGraph
from causalmed.errors import InvalidArgument

__all__ = ["as_environment", "check_indirect", "exposed", "visible_arrows"]

Pairs = Iterable[tuple[str, str]]


def visible_arrows(graph: MarkedGraph, environment: Sequence[str] = ()) -> tuple[tuple[str, str], ...]:
    """List the arrows behind which no hidden cause can stand.

    In a CPDAG nothing is hidden. In a PAG an arrow is free of hidden causes if some node that is apart from
    its effect leads into its cause (:func:`~causalmed.discovery.adjusting.is_visible`), or if it comes out of
    the environment.

    Parameters
    ----------
    graph : MarkedGraph
        The class.
    environment : sequence of str
        Nodes outside the system.
    """
    number = {name: place for place, name in enumerate(graph.nodes)}
    return tuple(
        (u, v)
        for u, v in graph.directed
        if graph.kind == "cpdag" or u in environment or is_visible(graph.marks, number[u], number[v])
    )


def exposed(graph: MarkedGraph, indirect: Pairs) -> tuple[str, ...]:
    """Say, in words, where a hidden cause shows itself.

    An environment that acts on an outcome only through other columns is unrelated to it once those are held
    fixed, unless one of them shares a hidden cause with the outcome (holding it fixed then opens the path
    between the two), or one of them is no column.

    Parameters
    ----------
    graph : MarkedGraph
        The class.
    indirect : iterable of (str, str)
        Pairs (environment, outcome) that are joined through other columns only.
    """
    said = []
    for place, outcome in indirect:
        if graph.edge(place, outcome) is None:
            continue
        e, y = graph.nodes.index(place), graph.nodes.index(outcome)
        between = [
            name
            for v, name in enumerate(graph.nodes)
            if v not in (e, y) and graph.marks[e, v] == ARROW and graph.marks[v, y] in (CIRCLE, ARROW)
        ]
        who = f"{' or '.join(between)} shares" if between else "what it moves shares"
        said.append(
            f"{place} and {outcome} stay related whatever is held fixed, although {place} acts on {outcome} "
            f"only through other columns: {who} a hidden cause with {outcome}, or {place} moves something "
            "that is no column"
        )
    return tuple(said)


def as_environment(
    given: str | Iterable[str] | Mapping[str, str | Iterable[str]],
) -> tuple[tuple[str, ...], tuple[tuple[str, str], ...]]:
    """Read environments, and the outcomes on which each acts only through other columns.

    Raises
    ------
    InvalidArgument
        Neither names nor a mapping of names to names.

    Examples
    --------
    >>> as_environment("hospital")
    (('hospital',), ())
    >>> as_environment({"hospital": ["infection"]})
    (('hospital',), (('hospital', 'infection'),))
    """
    if not isinstance(given, Mapping):
        return require_names("environment", given), ()
    names = require_names("environment", tuple(given))
    pairs = [(name, one) for name in names for one in require_names("environment", given[name])]
    return names, tuple(pairs)


def check_indirect(indirect: Pairs, environment: Sequence[str], names: Sequence[str]) -> None:
    """Refuse pairs whose outcome is no column of the graph, or an environment.

    Raises
    ------
    InvalidArgument
        With the pair.
    """
    for place, outcome in indirect:
        if outcome not in names or outcome in environment:
            raise InvalidArgument(
                f"environment= says that {place!r} acts on {outcome!r} only through other columns, but "
                f"{outcome!r} is no other column of the graph. Name one: {list(names)[:8]}."
            )
