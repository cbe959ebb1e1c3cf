"""The value that says what is assumed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from causalmed.errors import UnknownNode
from causalmed.graph import adjacency as _adjacency
from causalmed.graph.adjacency import Adjacency, indexed
from causalmed.graph.adjustment_sets import adjustment_sets
from causalmed.graph.building import parse
from causalmed.graph.checking import as_names, as_pairs, check_graph, ordered_tiers, require_directions
from causalmed.graph.implications import Independence, implications
from causalmed.graph.networks import from_networkx, to_networkx
from causalmed.graph.projection import districts, latent_projection
from causalmed.graph.separation import open_path, separated
from causalmed.graph.surgery import subgraph, with_roles, without_edges_into, without_edges_out_of
from causalmed.graph.writing import canonical_text, to_dagitty

__all__ = ["Graph"]

Names = str | Iterable[str]
Options = Mapping[str, str | None]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Graph:
    """What causes what, which causes are hidden, and the role of each node.

    An arrow u → v says that u may cause v; the *absence* of an arrow is the assumption. A
    two-headed arrow u ↔ v says that the two share a cause that is not in the graph. A graph is
    frozen: every method returns a new value, and equal graphs are equal.

    Parameters
    ----------
    nodes : tuple of str
        In the order of declaration.
    directed : frozenset of (str, str)
        The arrows (cause, effect).
    bidirected, undirected : frozenset of frozenset of str
        Pairs with a hidden common cause; pairs where it is open which causes which.
    latent : frozenset of str
        Nodes that nobody measured.
    exposures, outcomes, adjusted : frozenset of str
        Roles as marked in the graph; ``adjusted`` nodes are in every adjustment set.
    unstable : frozenset of str
        Nodes whose mechanism differs between hospitals.
    positions : mapping of str to (float, float)
        Where each node is drawn.
    tier_of : mapping of str to str
        The tier (stage in time) of each node, where it was stated.
    tiers : tuple of str
        The tiers from early to late. Unless stated: by number, if all are numbers, else in the
        order in which they first appear.
    node_options, edge_options, attributes : mapping
        What else the text held; kept for the way back, without meaning here.
    name : str
        The graph's name.

    Raises
    ------
    UnknownNode, CyclicGraph, GraphError
        If the graph contradicts itself.

    Examples
    --------
    >>> graph = Graph.parse("dag { urgency -> late_prophylaxis -> ssi <- urgency }")
    >>> graph.adjustment_sets("late_prophylaxis", "ssi")
    (frozenset({'urgency'}),)
    """

    nodes: tuple[str, ...] = ()
    directed: frozenset[tuple[str, str]] = frozenset()
    bidirected: frozenset[frozenset[str]] = frozenset()
    undirected: frozenset[frozenset[str]] = frozenset()
    latent: frozenset[str] = frozenset()
    exposures: frozenset[str] = frozenset()
    outcomes: frozenset[str] = frozenset()
    adjusted: frozenset[str] = frozenset()
    unstable: frozenset[str] = frozenset()
    positions: Mapping[str, tuple[float, float]] = field(default_factory=dict, hash=False)
    tier_of: Mapping[str, str] = field(default_factory=dict, hash=False)
    tiers: tuple[str, ...] = ()
    node_options: Mapping[str, Options] = field(default_factory=dict, hash=False)
    edge_options: Mapping[tuple[str, str, str], Options] = field(default_factory=dict, hash=False)
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)
    name: str = ""
    adjacency: Adjacency = field(init=False, compare=False)
    _number: Mapping[str, int] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        for attribute in ("positions", "tier_of", "node_options", "edge_options", "attributes"):
            object.__setattr__(self, attribute, MappingProxyType(dict(getattr(self, attribute))))
        object.__setattr__(self, "_number", {name: number for number, name in enumerate(self.nodes)})
        used = [self.tier_of[name] for name in self.nodes if name in self.tier_of]
        object.__setattr__(self, "tiers", ordered_tiers(self.tiers, used))
        object.__setattr__(self, "adjacency", indexed(self._number, self.directed, self.bidirected))
        check_graph(self)

    # ---- from and to other forms -------------------------------------------------------------

    @classmethod
    def parse(cls, text: str) -> Graph:
        """Read the text that DAGitty shows and accepts.

        Parameters
        ----------
        text : str
            ``dag { … }`` (or ``digraph``, ``graph``, ``pdag``). Chains ``a -> b <- c``, groups
            ``{a b} -> c``, ``<->``, comments, and the options ``latent``, ``exposure``,
            ``outcome``, ``adjusted``, ``pos``; beyond DAGitty's, ``unstable`` and ``tier=…``.

        Raises
        ------
        GraphSyntax
            With line and column, for anything that is not understood. Nothing is skipped.
        GraphError
            If what is understood contradicts itself.

        Examples
        --------
        >>> graph = Graph.parse("dag { {age smoking} -> ssi; age <-> smoking }")
        >>> sorted(graph.directed), graph.spouses("age")
        ([('age', 'ssi'), ('smoking', 'ssi')], ('smoking',))
        """
        return parse(cls, text)

    @classmethod
    def of(
        cls,
        edges: Iterable[tuple[str, str]] = (),
        *,
        bidirected: Iterable[tuple[str, str]] = (),
        nodes: Iterable[str] = (),
        latent: Names = (),
        exposures: Names = (),
        outcome: Names | None = None,
        adjusted: Names = (),
        unstable: Names = (),
        tiers: Mapping[str, Iterable[str]] | None = None,
    ) -> Graph:
        """Build a graph from lists of edges.

        Parameters
        ----------
        edges, bidirected : iterable of (str, str)
            Arrows (cause, effect) and pairs with a hidden common cause.
        nodes : iterable of str
            Nodes without an edge, or an order of declaration.
        latent, exposures, outcome, adjusted, unstable : str or iterable of str
            Roles.
        tiers : mapping of str to iterable of str
            Tier, from early to late → its nodes.

        Examples
        --------
        >>> print(Graph.of([("u", "a"), ("u", "y")], latent="u").to_dagitty())
        dag {
        u [latent]
        a
        y
        u -> a
        u -> y
        }
        """
        arrows, pairs = as_pairs(edges), as_pairs(bidirected)
        listed = [*as_names(nodes), *(name for edge in [*arrows, *pairs] for name in edge)]
        return cls(
            nodes=tuple(dict.fromkeys(listed)),
            directed=frozenset(arrows),
            bidirected=frozenset(frozenset(pair) for pair in pairs),
            latent=frozenset(as_names(latent)),
            exposures=frozenset(as_names(exposures)),
            outcomes=frozenset(as_names(outcome)),
            adjusted=frozenset(as_names(adjusted)),
            unstable=frozenset(as_names(unstable)),
            tier_of={name: tier for tier, names in (tiers or {}).items() for name in as_names(names)},
            tiers=tuple(tiers or ()),
        )

    def to_dagitty(self) -> str:
        """Write the graph as DAGitty text that :meth:`parse` reads back as an equal value."""
        return to_dagitty(self)

    @classmethod
    def from_networkx(cls, network: Any) -> Graph:
        """Read a ``networkx.DiGraph`` or ``MultiDiGraph`` whose nodes are text.

        Roles are node attributes (``latent=True``, …); an edge with the attribute
        ``bidirected=True`` is a two-headed arrow, whichever way it points.

        Examples
        --------
        >>> import networkx
        >>> network = networkx.DiGraph([("smoking", "ssi")])
        >>> network.add_edge("age", "smoking", bidirected=True)
        >>> Graph.from_networkx(network).spouses("smoking")
        ('age',)
        """
        return from_networkx(cls, network)

    def to_networkx(self) -> Any:
        """Return a ``networkx.DiGraph`` (``MultiDiGraph`` if there are two-headed arrows)."""
        return to_networkx(self)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what is assumed: the same for the same assumptions, however they were drawn."""
        return hashlib.sha256(canonical_text(self).encode()).hexdigest()

    def __repr__(self) -> str:
        return f"Graph.parse({self.to_dagitty()!r})"

    def __str__(self) -> str:
        return self.to_dagitty()

    def __reduce__(self) -> tuple[Any, ...]:
        return Graph.parse, (self.to_dagitty(),)

    # ---- who is related to whom --------------------------------------------------------------

    @property
    def observed(self) -> frozenset[str]:
        """The nodes that are not latent."""
        return frozenset(self.nodes) - self.latent

    def __contains__(self, name: object) -> bool:
        return name in self._number

    def __len__(self) -> int:
        return len(self.nodes)

    def numbers(self, names: Names | None) -> frozenset[int]:
        """Return the places of nodes in :attr:`nodes`; :class:`UnknownNode` names those that have none."""
        listed = as_names(names)
        unknown = [name for name in listed if name not in self._number]
        if unknown:
            raise UnknownNode.among(unknown, self.nodes)
        return frozenset(self._number[name] for name in listed)

    def names(self, numbers: Iterable[int]) -> frozenset[str]:
        """Return the nodes at these places."""
        return frozenset(self.nodes[number] for number in numbers)

    def parents(self, node: str) -> tuple[str, ...]:
        """Return the direct causes of ``node``, in order of declaration."""
        return self._row(self.adjacency.parents, node)

    def children(self, node: str) -> tuple[str, ...]:
        """Return the direct effects of ``node``, in order of declaration."""
        return self._row(self.adjacency.children, node)

    def spouses(self, node: str) -> tuple[str, ...]:
        """Return the nodes with a two-headed arrow to ``node``, in order of declaration."""
        return self._row(self.adjacency.spouses, node)

    def ancestors(self, nodes: Names) -> frozenset[str]:
        """Return the nodes themselves and everything with a directed path to one of them."""
        return self.names(_adjacency.ancestors(self.oriented, self.numbers(nodes)))

    def descendants(self, nodes: Names) -> frozenset[str]:
        """Return the nodes themselves and everything that a directed path from one of them reaches."""
        return self.names(_adjacency.descendants(self.oriented, self.numbers(nodes)))

    def topological_order(self) -> tuple[str, ...]:
        """Return the nodes, causes before effects, otherwise as declared."""
        return tuple(self.nodes[v] for v in _adjacency.topological_order(self.oriented))

    @property
    def oriented(self) -> Adjacency:
        """The arrows by number; a graph that leaves directions open has none and raises GraphError."""
        require_directions(self)
        return self.adjacency

    def _row(self, lists: tuple[tuple[int, ...], ...], node: str) -> tuple[str, ...]:
        (number,) = self.numbers((node,))
        return tuple(self.nodes[other] for other in lists[number])

    # ---- the same graph, changed -------------------------------------------------------------

    def without_edges_out_of(self, nodes: Names) -> Graph:
        """Return the graph without the arrows that leave ``nodes``."""
        return without_edges_out_of(self, nodes)

    def without_edges_into(self, nodes: Names) -> Graph:
        """Return the graph under an intervention on ``nodes``: no arrow, one- or two-headed, enters them."""
        return without_edges_into(self, nodes)

    def subgraph(self, nodes: Names) -> Graph:
        """Return the graph of ``nodes`` and the edges between them."""
        return subgraph(self, nodes)

    def with_roles(
        self,
        *,
        latent: Names | None = None,
        exposures: Names | None = None,
        outcomes: Names | None = None,
        adjusted: Names | None = None,
        unstable: Names | None = None,
    ) -> Graph:
        """Return the graph with other roles; a role left at ``None`` stays as it is."""
        return with_roles(
            self,
            latent=latent,
            exposures=exposures,
            outcomes=outcomes,
            adjusted=adjusted,
            unstable=unstable,
        )

    # ---- what the arrows forbid the data to show ---------------------------------------------

    def separated(self, x: Names, y: Names, given: Names = ()) -> bool:
        """Say whether no path between ``x`` and ``y`` is open given ``given`` (m-separation).

        Linear in the number of arrows; latent nodes and two-headed arrows are respected.

        Examples
        --------
        >>> graph = Graph.parse("dag { a -> b -> c }")
        >>> graph.separated("a", "c"), graph.separated("a", "c", given="b")
        (False, True)
        """
        return separated(self, x, y, given)

    def open_path(self, x: Names, y: Names, given: Names = ()) -> tuple[str, ...] | None:
        """Return a shortest open path, nodes and arrows in turn, or ``None`` if there is none.

        Examples
        --------
        >>> " ".join(Graph.parse("dag { a <- u -> b }").open_path("a", "b"))
        'a <- u -> b'
        """
        return open_path(self, x, y, given)

    def implications(self) -> tuple[Independence, ...]:
        """Return what the graph forbids the data to show: one independence a separable pair.

        Examples
        --------
        >>> for independence in Graph.parse("dag { a -> b -> c }").implications():
        ...     print(independence)
        a ⫫ c | b
        """
        return tuple(implications(self))

    def adjustment_sets(
        self,
        exposure: Names,
        outcome: Names,
        kind: Literal["minimal", "optimal", "all"] = "minimal",
        *,
        observed: Names | None = None,
        limit: int = 1000,
    ) -> tuple[frozenset[str], ...]:
        """List the sets that identify the total effect by adjustment.

        Parameters
        ----------
        exposure, outcome : str or iterable of str
            X and Y; several exposures are set jointly.
        kind : {"minimal", "optimal", "all"}
            Sets without a node that can be spared; the one that makes the estimate most precise
            (none, where hidden causes leave it open which that is); or every set.
        observed : iterable of str, optional
            The columns that exist; nodes that are not among them are not used.
        limit : int
            The most sets to list; :class:`~causalmed.errors.ApproximationWarning` if there are more.

        Returns
        -------
        tuple of frozenset of str
            By size, then by name; empty if no set exists. Nodes marked ``adjusted`` are in each;
            latent nodes, descendants of causal nodes and nodes of a tier after the outcome in none.
        """
        return adjustment_sets(self, exposure, outcome, kind, observed=observed, limit=limit)

    # ---- hidden causes -----------------------------------------------------------------------

    def latent_projection(self, observed: Names | None = None) -> Graph:
        """Return the graph on the observed nodes that says the same about them (an ADMG).

        Examples
        --------
        >>> hidden = Graph.parse("dag { u [latent]; a <- u -> b; a -> b }")
        >>> hidden.latent_projection() == Graph.of([("a", "b")], bidirected=[("a", "b")])
        True
        """
        return latent_projection(self, observed)

    def districts(self) -> tuple[frozenset[str], ...]:
        """Return the c-components: nodes joined by two-headed arrows (of a graph without latent nodes)."""
        return districts(self)
