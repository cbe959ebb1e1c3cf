r"""Can an intervention be computed from the factors, and which value of the exposure does each factor see?

Let A be the ancestors of the targets (with what their factors need), X the nodes that are set, D the nodes
of A that still reach a target once X is set. Then

.. math:: P(d \mid do(x)) = \prod_S Q[S \cap D], \qquad Q[S \cap D] = \sum_{S \setminus D} Q[S],

a product over the districts S of A, whenever no arrow leads from :math:`S \setminus D` into
:math:`S \cap D` (for one exposure: it has no child in its own district). The sum keeps, inside a district,
the value that the exposure would have had by itself; every other district sees the value it is set to.
Both are drawn in one pass along the order.

A regime that reads nodes Z (among them the exposure's own value, perhaps) needs their joint law with the
targets: D then holds Z too, and the condition is asked of X as well, whose own value Z may hold.

References
----------
Tian J, Pearl J (2002). AAAI 18, 567-573, theorem 3 and lemma 3.
Tian J (2008). Identifying dynamic sequential plans. UAI 24, 554-561.
Shpitser I, Pearl J (2006). Identification of joint interventional distributions. AAAI 21, theorem 5 (hedges).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from causalmed.errors import InvalidArgument, NotIdentified
from causalmed.graph import Graph
from causalmed.scm.factorisation import Factorisation, district_of

__all__ = ["Plan", "find_hedge", "plan_intervention"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How to draw the targets under an intervention.

    Parameters
    ----------
    order : tuple of str
        The nodes of A, causes first.
    pillows : mapping of str to tuple of str
        What each is conditioned on.
    exposures : frozenset of str
        X, as far as it is in A.
    wanted : frozenset of str
        D.
    district : mapping of str to frozenset of str
        Node → its district in A.
    targets : frozenset of str
        What is asked for.
    rules : mapping of str to tuple of str
        Exposure → what its regime reads; none for one that is set to a value.
    """

    order: tuple[str, ...]
    pillows: Mapping[str, tuple[str, ...]]
    exposures: frozenset[str]
    wanted: frozenset[str]
    district: Mapping[str, frozenset[str]]
    targets: frozenset[str]
    rules: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))

    def sees_natural(self, node: str, exposure: str) -> bool:
        """Say whether the factor of ``node`` sees the exposure's own value, not the one it is set to."""
        return exposure in self.district[node]

    def sees_set(self, node: str, seen: str) -> bool:
        """Say whether ``seen`` is an exposure whose set value the factor of ``node`` sees."""
        return seen in self.exposures and not self.sees_natural(node, seen)

    @property
    def needed(self) -> tuple[str, ...]:
        """The nodes that have to be drawn: an exposure only where its own value is seen."""
        if not self.rules:
            needed = set(self.targets - self.exposures)
            for node in reversed(self.order):
                if node in needed:
                    needed |= {seen for seen in self.pillows[node] if not self.sees_set(node, seen)}
        else:
            needed = {node for node, is_set in self.sequence if not is_set}
        return tuple(node for node in self.order if node in needed)

    @property
    def sequence(self) -> tuple[tuple[str, bool], ...]:
        """What to draw and what to set by regimes, one after the other: (node, whether it is set).

        Raises
        ------
        InvalidArgument
            A regime reads what its own node changes.
        """
        if not self.rules:
            return tuple((node, False) for node in self.needed)
        done: dict[tuple[str, bool], bool] = {}
        for node in (name for name in self.order if name in self.targets):
            _visit(self, (node, node in self.exposures), done)
        return tuple(done)

    @property
    def affected(self) -> frozenset[str]:
        """The nodes whose factor sees a value that the intervention changed."""
        changed: set[str] = set()
        for node in self.order:
            if any(self.sees_set(node, seen) or seen in changed for seen in self.pillows[node]):
                changed.add(node)
        return frozenset(changed)


def _visit(plan: Plan, step: tuple[str, bool], done: dict[tuple[str, bool], bool]) -> None:
    """Put everything a step reads before it, then the step (depth first)."""
    node, is_set = step
    if is_set and node not in plan.rules:
        return
    if step in done:
        if not done[step]:
            _refuse_loop(plan, {name for (name, is_rule), over in done.items() if is_rule and not over})
        return
    done[step] = False
    reads = plan.rules[node] if is_set else plan.pillows[node]
    for seen in reads:
        changed = seen in plan.exposures and seen != node if is_set else plan.sees_set(node, seen)
        _visit(plan, (seen, changed), done)
    del done[step]
    done[step] = True


def _refuse_loop(plan: Plan, nodes: set[str]) -> None:
    changed = "; ".join(
        f"{', '.join(sorted(name for name in plan.rules[node] if name != node))}, read for {node}"
        for node in sorted(nodes)
    )
    raise InvalidArgument(
        f"A regime may read only what the node that it sets does not change. It does change {changed}."
    )


def plan_intervention(
    factors: Factorisation,
    *,
    exposures: Iterable[str],
    targets: Iterable[str],
    rules: Mapping[str, tuple[str, ...]] | None = None,
) -> Plan:
    """Plan an intervention, or say why it cannot be computed.

    Parameters
    ----------
    factors : Factorisation
        The fitted factors.
    exposures : iterable of str
        X.
    targets : iterable of str
        Nodes whose joint distribution is asked for.
    rules : mapping of str to tuple of str, optional
        Exposure with a regime → what the regime reads.

    Raises
    ------
    NotIdentified
        With the path of hidden causes and the arrow that close the loop, as ``witness``.
    InvalidArgument
        A regime reads what its own node changes.
    """
    order, read = _with_reads(factors, targets, rules or {})
    graph, inside = factors.graph, set(order)
    exposed = frozenset(exposures) & inside
    own = {node for node in read if node in read[node]}
    starts = set(targets).union(*read.values()) - exposed
    wanted = _reaching(graph, starts | own, without=exposed)
    district = {node: district_of(graph, node, within=inside) for node in order}
    for source in order:
        if source in wanted - exposed:
            continue
        for child in graph.children(source):
            if child in wanted and child in district[source]:
                _refuse(factors, source, child, exposed=exposed, targets=frozenset(targets), wanted=wanted)
    plan = Plan(
        order=order,
        pillows=factors.pillows,
        exposures=exposed,
        wanted=wanted,
        district=district,
        targets=frozenset(targets),
        rules=MappingProxyType(read),
    )
    _ = plan.sequence  # a regime that depends on itself is refused here
    return plan


def _with_reads(
    factors: Factorisation, targets: Iterable[str], rules: Mapping[str, tuple[str, ...]]
) -> tuple[tuple[str, ...], dict[str, tuple[str, ...]]]:
    """Return the ancestral set of the targets and of what regimes inside it read, and those regimes."""
    roots = set(targets)
    while True:
        order = factors.closure(roots)
        read = {node: reads for node, reads in rules.items() if node in order}
        grown = roots.union(*read.values())
        if grown == roots:
            return order, read
        roots = grown


def find_hedge(graph: Graph, *, exposures: Iterable[str], targets: Iterable[str]) -> frozenset[str] | None:
    """Return the c-component that makes P(targets | do(exposures)) unidentifiable, or None.

    The decision of Tian's algorithm, which is complete (Huang and Valtorta 2006; Shpitser and Pearl 2006).
    """
    exposed = frozenset(exposures)
    within = graph.ancestors(frozenset(targets))
    wanted = _reaching(graph, set(targets) - exposed, without=exposed)
    left = set(wanted)
    while left:
        piece = district_of(graph, next(iter(left)), within=wanted)
        left -= piece
        hedge = _stuck(graph, piece, district_of(graph, next(iter(piece)), within=within))
        if hedge is not None:
            return hedge
    return None


def _stuck(graph: Graph, piece: frozenset[str], whole: frozenset[str]) -> frozenset[str] | None:
    """Tian's Identify: shrink the district to ancestors, then to its own district, until it is the piece."""
    while True:
        above = _reaching(graph, set(piece), without=frozenset(graph.nodes) - whole)
        if above == piece:
            return None
        if above == whole:
            return whole
        whole = district_of(graph, next(iter(piece)), within=above)


def _reaching(graph: Graph, targets: set[str], *, without: frozenset[str]) -> frozenset[str]:
    """Return the targets and their ancestors along paths that avoid ``without``."""
    found, waiting = set(targets), list(targets)
    while waiting:
        for parent in graph.parents(waiting.pop()):
            if parent not in without and parent not in found:
                found.add(parent)
                waiting.append(parent)
    return frozenset(found)


def _refuse(
    factors: Factorisation,
    source: str,
    child: str,
    *,
    exposed: frozenset[str],
    targets: frozenset[str],
    wanted: frozenset[str],
) -> None:
    graph = factors.graph
    path = _hidden_path(graph, source, child, within=factors.closure(targets))
    asked = f"do({', '.join(sorted(exposed))})"
    shown = ", ".join(sorted(targets & wanted & graph.descendants(child))[:4])
    loop = f"{source} -> {child} and {' '.join(path)}"
    if find_hedge(graph, exposures=exposed, targets=targets) is not None:
        raise NotIdentified(
            f"What {asked} would do to {shown} cannot be computed from the observed columns: {loop}. The "
            "hidden causes and the arrow give the same pattern in the data, so no number of patients can "
            "tell them apart.",
            witness=(f"{source} -> {child}", " ".join(path)),
            suggestions=(
                f"Measure what {source} and {child} have in common, and put it into the graph.",
                f"Leave out the hidden cause, if you can argue that there is none: {' '.join(path)}.",
            ),
        )
    raise NotIdentified(
        f"What {asked} would do to {shown} is not computed by this model: {loop}. A formula exists, but not "
        "one that this order of the factors can sample from.",
        witness=(f"{source} -> {child}", " ".join(path)),
        suggestions=(
            f"Fit the model with {shown} as the outcome of the graph (graph.with_roles(outcomes=…)).",
            "Estimate this one effect with causalmed.estimate instead.",
        ),
    )


def _hidden_path(graph: Graph, start: str, end: str, *, within: Iterable[str]) -> tuple[str, ...]:
    """Return a shortest path of two-headed arrows, nodes and arrows in turn."""
    allowed = set(within)
    before: dict[str, str] = {start: ""}
    waiting = [start]
    for node in waiting:
        for other in graph.spouses(node):
            if other in allowed and other not in before:
                before[other] = node
                waiting.append(other)
    steps = [end]
    while before[steps[-1]]:
        steps.append(before[steps[-1]])
    return tuple(piece for node in reversed(steps) for piece in (node, "<->"))[:-1]
