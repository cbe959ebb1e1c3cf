"""What the graph says about an attribute, in words; nothing is estimated here."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from causalmed.graph import Graph

__all__ = ["PathNote", "path_note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PathNote:
    """How an attribute is connected with the outcome in the graph.

    Parameters
    ----------
    attribute : str
        The protected column.
    causal : tuple of str
        A shortest causal path, nodes and arrows in turn; empty if none is drawn.
    direct : bool
        Whether an arrow goes straight to the outcome.
    sentence : str
        The same in words.
    """

    attribute: str
    causal: tuple[str, ...] = ()
    direct: bool = False
    sentence: str = ""


def path_note(graph: Graph, attribute: str, outcome: str) -> PathNote:
    """Say whether the graph draws a causal path from an attribute to the outcome.

    Parameters
    ----------
    graph : Graph
        What is assumed.
    attribute, outcome : str
        Columns; either may be absent from the graph.

    Returns
    -------
    PathNote

    Examples
    --------
    >>> graph = Graph.parse("dag { insurance -> late_prophylaxis -> infection; age -> infection }")
    >>> print(path_note(graph, "insurance", "infection").sentence)
    The graph draws a causal path from insurance to infection, through care or health: insurance -> \
late_prophylaxis -> infection.
    """
    absent = [name for name in (attribute, outcome) if name not in graph]
    if absent:
        sentence = f"{absent[0]} is not in the graph: nothing is assumed about {attribute}."
        return PathNote(attribute=attribute, sentence=sentence)
    causal = _shortest(graph, attribute, outcome)
    direct = attribute in graph.parents(outcome)
    if causal:
        how = "by a direct arrow" if direct else "through care or health"
        sentence = f"The graph draws a causal path from {attribute} to {outcome}, {how}: {' '.join(causal)}."
    elif open_one := graph.open_path(attribute, outcome):
        sentence = (
            f"The graph draws no causal path from {attribute} to {outcome}; they are associated through "
            f"{' '.join(open_one)}."
        )
    else:
        sentence = (
            f"The graph draws no open path between {attribute} and {outcome}: a difference in risk would "
            "contradict it."
        )
    return PathNote(attribute=attribute, causal=causal, direct=direct, sentence=sentence)


def _shortest(graph: Graph, source: str, target: str) -> tuple[str, ...]:
    came_from: dict[str, str] = {}
    queue = deque([source])
    while queue and target not in came_from:
        node = queue.popleft()
        for child in graph.children(node):
            if child not in came_from:
                came_from[child] = node
                queue.append(child)
    if target not in came_from:
        return ()
    pieces = [target]
    while pieces[-1] != source:
        pieces += ["->", came_from[pieces[-1]]]
    return tuple(reversed(pieces))
