r"""The observed distribution as a product of conditionals, one a node (Tian's factorisation).

Hidden common causes tie nodes together into c-components (districts). With the nodes in a topological
order of the projected graph, the distribution of the observed columns is

.. math:: P(v) = \prod_i P(v_i \mid \mathrm{pillow}_i), \qquad
          \mathrm{pillow}_i = C_i \cup \mathrm{pa}(C_i) \setminus \{V_i\},

where :math:`C_i` is the c-component of :math:`V_i` among itself and its predecessors. The factors of one
district multiply to its Q-factor, the piece that an intervention elsewhere leaves alone.

References
----------
Tian J, Pearl J (2002). A general identification condition for causal effects. AAAI 18, 567-573.
Tian J (2002). Studies in causal reasoning and learning. UCLA technical report R-309, lemma 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from causalmed.graph import Graph

__all__ = ["Factorisation", "district_of", "factorise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Factorisation:
    """An order of the nodes and what each is conditioned on.

    Parameters
    ----------
    graph : Graph
        Acyclic, with two-headed arrows for hidden common causes, without latent nodes.
    order : tuple of str
        Causes before effects; ancestors of the outcome first.
    pillows : mapping of str to tuple of str
        Node → its pillow, in the order of ``order``.
    """

    graph: Graph
    order: tuple[str, ...]
    pillows: Mapping[str, tuple[str, ...]]

    def closure(self, targets: Iterable[str]) -> tuple[str, ...]:
        """Return the targets and everything their factors need, in order; an ancestral set."""
        needed: set[str] = set()
        waiting = list(targets)
        while waiting:
            node = waiting.pop()
            if node not in needed:
                needed.add(node)
                waiting += self.pillows[node]
        return tuple(node for node in self.order if node in needed)


def factorise(graph: Graph, *, outcomes: Iterable[str]) -> Factorisation:
    """Order a projected graph and find each node's pillow.

    Ancestors of the outcomes come first, so that what follows the outcome never enters its factors.
    """
    first = graph.ancestors([name for name in outcomes if name in graph])
    along = graph.topological_order()
    order = (*(v for v in along if v in first), *(v for v in along if v not in first))
    place = {node: at for at, node in enumerate(order)}
    pillows = {}
    for at, node in enumerate(order):
        component = district_of(graph, node, within=set(order[: at + 1]))
        pillow = component.union(*(graph.parents(member) for member in component)) - {node}
        pillows[node] = tuple(sorted(pillow, key=place.__getitem__))
    return Factorisation(graph=graph, order=order, pillows=pillows)


def district_of(graph: Graph, node: str, *, within: Iterable[str]) -> frozenset[str]:
    """Return the nodes that two-headed arrows inside ``within`` join to ``node``, itself among them."""
    allowed = set(within)
    found, waiting = {node}, [node]
    while waiting:
        for other in graph.spouses(waiting.pop()):
            if other in allowed and other not in found:
                found.add(other)
                waiting.append(other)
    return frozenset(found)
