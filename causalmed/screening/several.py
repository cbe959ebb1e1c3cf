"""The same screen under several graphs: what holds in all of them, and on which arrows the rest hangs."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument
from causalmed.estimation import Estimator
from causalmed.graph import Graph
from causalmed.results.words import number
from causalmed.screening.answers import Memory
from causalmed.screening.asking import screened
from causalmed.screening.screen import RiskScreen

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["GraphScreen", "screen_graphs"]

_NAMED = 4
"""More graphs than that are counted instead of named."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GraphScreen:
    """A screen a graph, side by side.

    Parameters
    ----------
    graphs : mapping of str to Graph
        The graphs by name.
    screens : mapping of str to RiskScreen
        Their screens.
    """

    graphs: Mapping[str, Graph]
    screens: Mapping[str, RiskScreen]

    @property
    def candidates(self) -> tuple[str, ...]:
        """Names of the candidates, in the order asked."""
        return tuple(row.name for row in next(iter(self.screens.values())).candidates)

    @property
    def agreed(self) -> tuple[str, ...]:
        """Candidates that are causes under every graph."""
        return tuple(name for name in self.candidates if all(self._causes(name).values()))

    @property
    def disputed(self) -> tuple[str, ...]:
        """Candidates that are causes under some graphs only."""
        return tuple(name for name in self.candidates if len(set(self._causes(name).values())) == 2)

    @property
    def untold(self) -> tuple[str, ...]:
        """Candidates whose effect no formula gives under some of the graphs."""
        return tuple(name for name in self.candidates if self._under(name, "not identifiable"))

    def turning_arrows(self, candidate: str) -> tuple[str, ...]:
        """Return the arrows whose presence alone tells under which graphs a candidate is a cause."""
        causes = self._causes(candidate)
        drawn = {name: _arrows(graph) for name, graph in self.graphs.items()}
        every = sorted(frozenset().union(*drawn.values()))
        if len(set(causes.values())) < 2:
            return ()
        patterns = {arrow: {name: arrow in drawn[name] for name in drawn} for arrow in every}
        opposite = {name: not cause for name, cause in causes.items()}
        return tuple(arrow for arrow, shown in patterns.items() if shown in (causes, opposite))

    def to_frame(self) -> pd.DataFrame:
        """Return a row a candidate: verdicts, range of the risk difference and its limits, turning arrows.

        ``least`` to ``greatest`` is the range of the estimates, ``low`` to ``high`` that of the limits, over
        the graphs under which the effect was estimated, and zero where a graph has no path; under
        ``not_identifiable`` others no formula gives it, and there it could be anything.
        """
        import pandas as pd

        return pd.DataFrame([self._row(name) for name in self.candidates])

    def summary(self) -> str:
        """Describe in at most 80 columns what holds under every graph and what does not."""
        lines = [f"{len(self.graphs)} graphs; causes under all of them: {', '.join(self.agreed) or 'none'}."]
        for name in self.candidates:
            if name not in self.disputed and name not in self.untold:
                continue
            row, arrows = self._row(name), self.turning_arrows(name)
            hangs = ""
            if name in self.disputed:
                hangs = f" It hangs on {', '.join(arrows)}." if arrows else " No single arrow decides it."
            lines.append(f"{name}: {self._heading(name)}.{hangs}{_range(row)}{self._unknown(name)}")
        return "\n".join(piece for line in lines for piece in textwrap.wrap(line, 80))

    def __str__(self) -> str:
        return self.summary()

    def _causes(self, candidate: str) -> dict[str, bool]:
        return {name: screen.candidate(candidate).is_cause for name, screen in self.screens.items()}

    def _under(self, candidate: str, verdict: str) -> tuple[str, ...]:
        return tuple(
            name for name, screen in self.screens.items() if screen.candidate(candidate).verdict == verdict
        )

    def _heading(self, candidate: str) -> str:
        under = self._under(candidate, "cause")
        if not under:
            return "a cause under no graph"
        return f"a cause under {_listed(under, len(self.graphs))}"

    def _unknown(self, candidate: str) -> str:
        under = self._under(candidate, "not identifiable")
        if not under:
            return ""
        return f" Not identifiable under {_listed(under, len(self.graphs))}: there it could be anything."

    def _row(self, candidate: str) -> dict[str, object]:
        rows = {name: screen.candidate(candidate) for name, screen in self.screens.items()}
        known = [row.risk_difference for row in rows.values() if row.risk_difference is not None]
        found = [(one.estimate, one.low, one.high) for one in known]
        if any(row.verdict == "assumed none" for row in rows.values()):
            found.append((0.0, 0.0, 0.0))  # no path, no effect
        return {
            "candidate": candidate,
            "cause_under": ", ".join(name for name, row in rows.items() if row.is_cause),
            "not_identifiable": len(self._under(candidate, "not identifiable")),
            "verdicts": "; ".join(f"{name}: {row.verdict}" for name, row in rows.items()),
            "least": min((estimate for estimate, _, _ in found), default=None),
            "greatest": max((estimate for estimate, _, _ in found), default=None),
            "low": min((low for _, low, _ in found), default=None),
            "high": max((high for _, _, high in found), default=None),
            "turning_arrows": ", ".join(self.turning_arrows(candidate)),
        }


def screen_graphs(
    graphs: Mapping[str, Graph] | Iterable[Graph],
    cohort: Cohort,
    *,
    outcome: str | None = None,
    candidates: Iterable[str] | None = None,
    estimator: Estimator | None = None,
    alpha: float = 0.05,
    margin: float = 0.01,
    seed: int = 0,
) -> GraphScreen:
    """Screen the same candidates under several graphs: experts who disagree, or members of a class.

    Parameters
    ----------
    graphs : mapping of str to Graph, or iterable of Graph
        At least one; without names they are numbered from 1. ``Discovery.graphs()`` gives those of a class.
        What several of them ask alike is estimated once.
    cohort, outcome, estimator, alpha, margin, seed
        As in :func:`screen_risks`.
    candidates : iterable of str, optional
        Nodes of every graph; None: those marked ``[exposure]`` in the first.

    Returns
    -------
    GraphScreen

    Raises
    ------
    InvalidArgument
        No graph, or something that is none; and whatever :func:`screen_risks` refuses.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> age = rng.normal(size=4000)
    >>> late = rng.random(4000) < 1 / (1 + np.exp(-1.5 * age))
    >>> ssi = rng.random(4000) < 1 / (1 + np.exp(1 - 1.5 * age))
    >>> cohort = Cohort.from_frame(pd.DataFrame({"age": age, "late": late, "ssi": ssi}))
    >>> graphs = {"A": Graph.parse("dag { late [exposure] {age late} -> ssi; age -> late }"),
    ...           "B": Graph.parse("dag { late [exposure] late -> ssi; age }")}
    >>> found = screen_graphs(graphs, cohort, outcome="ssi")
    >>> found.disputed, found.turning_arrows("late")
    (('late',), ('age -> late', 'age -> ssi'))
    """
    named = _named(graphs)
    first = next(iter(named.values()))
    asked = (
        tuple(node for node in first.nodes if node in first.exposures) if candidates is None else candidates
    )
    chosen = tuple(asked) if not isinstance(asked, str) else (asked,)
    memory: Memory = {}
    screens = {
        name: screened(
            graph,
            cohort,
            outcome=outcome,
            candidates=chosen,
            estimator=estimator,
            alpha=alpha,
            margin=margin,
            seed=seed,
            memory=memory,
        )
        for name, graph in named.items()
    }
    return GraphScreen(graphs=named, screens=screens)


def _named(graphs: object) -> dict[str, Graph]:
    if isinstance(graphs, Mapping):
        named = {str(name): graph for name, graph in graphs.items()}
    else:
        listed = list(graphs) if isinstance(graphs, Iterable) and not isinstance(graphs, str) else [graphs]
        named = {f"graph {place}": graph for place, graph in enumerate(listed, 1)}
    if not named or not all(isinstance(graph, Graph) for graph in named.values()):
        raise InvalidArgument("graphs= must hold at least one Graph; make each with Graph.parse(text).")
    return named


def _arrows(graph: Graph) -> frozenset[str]:
    hidden = (" <-> ".join(sorted(pair)) for pair in graph.bidirected)
    return frozenset((*(f"{u} -> {v}" for u, v in graph.directed), *hidden))


def _listed(names: tuple[str, ...], graphs: int) -> str:
    if len(names) <= _NAMED:
        return ", ".join(names)
    return f"{len(names)} of {graphs} graphs"


def _range(row: Mapping[str, object]) -> str:
    low, high = row["least"], row["greatest"]
    if not isinstance(low, float) or not isinstance(high, float):
        return ""
    return f" Risk difference from {number(100 * low)} to {number(100 * high)} in 100."
