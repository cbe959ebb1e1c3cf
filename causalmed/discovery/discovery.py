"""What was discovered, how firmly, and what stays open."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from causalmed.arguments import require_names
from causalmed.discovery.adjusting import ClassAdjustment, adjustment_in_class
from causalmed.discovery.environment import exposed, visible_arrows
from causalmed.discovery.expanding import expanded
from causalmed.discovery.marks import Edge, MarkedGraph
from causalmed.discovery.stability import EdgeStability
from causalmed.errors import GraphError, InvalidArgument, UnknownNode
from causalmed.graph import Graph
from causalmed.results import Provenance
from causalmed.results.words import percent

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

    from causalmed.results.pictures import GraphPicture

__all__ = ["Discovery"]

_NAMES: Final = {"fci": "FCI", "pc": "PC", "ges": "GES"}
_TESTS: Final = {
    "fisher_z": "partial correlations (Fisher's z)",
    "g_squared": "counts (G²)",
    "regression": "likelihood-ratio tests of regressions",
    "score": "scores (BIC or BDeu), no tests",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Discovery:
    """A class of graphs that the data allow, and the stability of every mark.

    Parameters
    ----------
    graph : MarkedGraph
        A PAG (hidden causes allowed) or CPDAG (none).
    stability : tuple of EdgeStability
        A line for each pair that the graph or a replicate joins.
    method, latents, test : str
        How it was found and under which assumption.
    alpha : float
        Level of each test.
    max_given : int or None
        Largest conditioning set.
    bootstrap : int
        Replicates.
    n : int
        Patients.
    tiers : tuple of str
        Periods that were stated.
    environment : tuple of str
        Columns that were stated to stand outside: where or when a patient was treated.
    indirect : tuple of (str, str)
        Pairs (environment, outcome) that were stated to be joined through other columns only.
    provenance : Provenance
        Data, specification, seed, versions.
    """

    graph: MarkedGraph
    stability: tuple[EdgeStability, ...]
    method: str
    latents: str
    test: str
    alpha: float
    max_given: int | None
    bootstrap: int
    n: int
    tiers: tuple[str, ...]
    environment: tuple[str, ...]
    indirect: tuple[tuple[str, str], ...]
    provenance: Provenance

    @property
    def edge_stability(self) -> pd.DataFrame:
        """A row a pair: the edge, how often joined, how often exactly so, how often each mark at each end."""
        import pandas as pd

        columns = ("first", "second", "edge", "joined", "same_edge")
        ends = tuple(
            f"{mark}_at_{end}" for end in ("first", "second") for mark in ("circle", "arrow", "tail")
        )
        return pd.DataFrame([row.row() for row in self.stability], columns=[*columns, *ends])

    @property
    def causes(self) -> tuple[tuple[str, str], ...]:
        """Pairs (cause, effect) on which every graph of the class agrees."""
        return self.graph.directed

    @property
    def open_edges(self) -> tuple[Edge, ...]:
        """Edges of which these data cannot tell everything."""
        return self.graph.open_edges

    @property
    def unconfounded(self) -> tuple[tuple[str, str], ...]:
        """Arrows (cause, effect) behind which no hidden cause can stand, in any graph of the class."""
        return visible_arrows(self.graph, self.environment)

    @property
    def hidden_causes(self) -> tuple[str, ...]:
        """Where the environment exposes a hidden cause, in words."""
        return exposed(self.graph, self.indirect)

    def adjustment(self, exposure: str, outcome: str, *, smallest: bool = True) -> ClassAdjustment:
        """Return the columns that identify an effect in every graph of the class, or what stands in the way.

        Parameters
        ----------
        exposure, outcome : str
            Two nodes.
        smallest : bool
            Leave out what is not needed; otherwise every column that may be adjusted for.
        """
        return adjustment_in_class(self.graph, exposure, outcome, outside=self.environment, smallest=smallest)

    def graphs(
        self, *, exposures: Iterable[str] = (), outcome: str | None = None, limit: int = 100
    ) -> dict[str, Graph]:
        """Return graphs of the class by name, as :func:`causalmed.screening.screen_graphs` takes them.

        Of a CPDAG its acyclic graphs. Of a PAG its maximal ancestral graphs, two-headed arrows where a
        hidden cause joins two columns; an arrow out of an exposure may hide a common cause as well unless
        it is :attr:`unconfounded`, and one more graph for each exposure says so.

        Parameters
        ----------
        exposures : iterable of str
            Nodes to be screened, marked as such in every graph.
        outcome : str, optional
            Marked as the outcome.
        limit : int
            The most members, at least 1; :class:`~causalmed.errors.ApproximationWarning` if there are more.

        Raises
        ------
        GraphError
            No graph agrees with every mark: tests on so many patients contradicted each other.
        UnknownNode, InvalidArgument
            A name is no node; ``limit`` below 1.
        """
        names = require_names("exposures", exposures)
        absent = [
            name for name in (*names, *([] if outcome is None else [outcome])) if name not in self.graph.nodes
        ]
        if absent:
            raise UnknownNode.among(absent, self.graph.nodes)
        if not isinstance(limit, int) or isinstance(limit, bool) or limit < 1:
            raise InvalidArgument(f"limit={limit!r} must be a whole number, at least 1.")
        found = expanded(self.graph, exposures=names, outcome=outcome, outside=self.environment, limit=limit)
        if not found:
            raise GraphError(
                "No graph agrees with every mark that was found: with so many patients some tests contradict "
                "others. Raise alpha=, leave columns out, or state what is known (tiers=, forbidden=)."
            )
        return found

    def to_frame(self) -> pd.DataFrame:
        """Return :attr:`edge_stability`."""
        return self.edge_stability

    def summary(self) -> str:
        """Describe the graph in at most 80 columns: what is settled, what is open, on what it stands."""
        lines = textwrap.wrap(self._headline(), 80)
        settled = [row for row in self.stability if row.edge is not None and not row.edge.is_open]
        left = [row for row in self.stability if row.edge is not None and row.edge.is_open]
        for title, rows in (("told by the data", settled), ("left open", left)):
            if rows:
                lines += ["", f"{title} ({len(rows)})"]
            for row in rows:
                lines += textwrap.wrap(self._line(row), 80, initial_indent="  ", subsequent_indent="    ")
        for title, said in (("no hidden cause behind", self._free()), ("hidden causes", self.hidden_causes)):
            if said:
                lines += ["", f"{title} ({len(said)})"]
            for one in said:
                lines += textwrap.wrap(f"{one}.", 80, initial_indent="  ", subsequent_indent="    ")
        return "\n".join([*lines, "", *textwrap.wrap(self._small_print(), 80)])

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain JSON types."""
        return {
            "kind": self.graph.kind,
            "nodes": list(self.graph.nodes),
            "edges": [str(edge) for edge in self.graph.edges],
            "stability": [row.row() for row in self.stability],
            "method": self.method,
            "latents": self.latents,
            "test": self.test,
            "alpha": self.alpha,
            "max_given": self.max_given,
            "bootstrap": self.bootstrap,
            "n": self.n,
            "tiers": list(self.tiers),
            "environment": list(self.environment),
            "unconfounded": [list(pair) for pair in self.unconfounded],
            "hidden_causes": list(self.hidden_causes),
            "provenance": self.provenance.to_dict(),
        }

    def picture(self) -> GraphPicture:
        """Return the graph with a circle at every end that stays open."""
        from causalmed.results.pictures import GraphArrow, GraphNode, GraphPicture

        place = _columns(self.graph)
        return GraphPicture(
            title=self._headline(),
            nodes=tuple(GraphNode(name=name, tier=place[name]) for name in self.graph.nodes),
            arrows=tuple(_drawn(edge, GraphArrow) for edge in self.graph.edges),
        )

    def plot(self, ax: Axes | None = None) -> Axes:
        """Draw :meth:`picture` and return its axes."""
        from causalmed.plotting import draw

        return draw(self.picture(), ax=ax)

    def __str__(self) -> str:
        return self.summary()

    def _headline(self) -> str:
        edges = self.graph.edges
        hidden = "hidden causes allowed" if self.latents == "allowed" else "no hidden cause assumed"
        return (
            f"{_NAMES[self.method]} joins {len(edges)} pairs of {len(self.graph.nodes)} variables "
            f"({hidden}); {len(self.open_edges)} of them stay open in part"
        )

    def _free(self) -> list[str]:
        free = [] if self.graph.kind == "cpdag" else self.unconfounded
        return [f"{u} -> {v}" for u, v in free if u not in self.environment]

    def _line(self, row: EdgeStability) -> str:
        assert row.edge is not None
        again = (
            f" In {percent(row.joined)} of {self.bootstrap} replicates joined, in {percent(row.same)} "
            "exactly so."
            if self.bootstrap
            else ""
        )
        return f"{row.edge}: {row.edge.in_words}.{again}"

    def _small_print(self) -> str:
        hidden = (
            "Hidden common causes are allowed for."
            if self.latents == "allowed"
            else "You stated that NO common cause is hidden; if one is, arrows may be wrong."
        )
        limit = "" if self.max_given is None else f" given at most {self.max_given} others"
        tiers = f" Tiers: {' < '.join(self.tiers)}." if self.tiers else ""
        outside = (
            f" Taken as outside, and moved by nothing here: {', '.join(self.environment)}."
            if self.environment
            else ""
        )
        tests = "" if self.method == "ges" else f" at level {self.alpha:g}{limit}"
        return (
            f"{self.n:,} patients; {_TESTS[self.test]}{tests}.{tiers}{outside} {hidden} Every method here "
            "takes independences in the data for absences of causes (faithfulness): effects that cancel, "
            "or are too small for this many patients, are missed."
        )


def _columns(graph: MarkedGraph) -> dict[str, int]:
    """Place each node to the right of what points at it, as far as arrows go."""
    place = dict.fromkeys(graph.nodes, 0)
    pointing = [(e.first, e.second) for e in graph.edges if e.symbol in ("->", "o->")]
    for _ in graph.nodes:
        for first, second in pointing:
            place[second] = min(max(place[second], place[first] + 1), len(graph.nodes) - 1)
    return place


def _drawn(edge: Edge, arrow: Any) -> Any:
    return arrow(source=edge.first, target=edge.second, kind=edge.symbol)
