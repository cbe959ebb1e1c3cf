"""A model from mechanisms written by hand."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from causalmed.errors import GraphError, UnknownNode
from causalmed.graph import Graph
from causalmed.results import Provenance, fingerprint
from causalmed.scm.factorisation import Factorisation, factorise
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.mechanisms.boosted import BoostedLevels
from causalmed.scm.mechanisms.categorical import Categorical
from causalmed.scm.mechanisms.count import Count
from causalmed.scm.mechanisms.learned import LearnedLevels
from causalmed.scm.mechanisms.ordinal import Ordinal
from causalmed.scm.nodes import NodeInfo

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["by_hand", "check_mechanisms"]


def by_hand(
    cls: type[StructuralCausalModel],
    graph: Graph,
    mechanisms: Mapping[str, Mechanism],
    *,
    levels: Mapping[str, Sequence[str]],
    outcome: str | None,
) -> StructuralCausalModel:
    """Build a model; see :meth:`StructuralCausalModel.of`."""
    if unknown := [name for name in (*mechanisms, *levels) if name not in graph]:
        raise UnknownNode.among(unknown, graph.nodes)
    hidden = graph.latent - set(mechanisms)
    projected = graph.latent_projection(set(graph.nodes) - hidden).with_roles(latent=())
    outcomes = sorted(graph.outcomes) if outcome is None else [outcome]
    nodes = {
        name: _info(name, mechanisms[name], tuple(levels.get(name, ())))
        for name in projected.nodes
        if name in mechanisms
    }
    spec = fingerprint({name: repr(mechanism) for name, mechanism in sorted(mechanisms.items())})
    return cls(
        graph=graph,
        factors=factorise(projected, outcomes=outcomes),
        mechanisms=dict(mechanisms),
        nodes=nodes,
        outcome=outcomes[0] if len(outcomes) == 1 else None,
        provenance=Provenance.collect(data_fingerprint="", spec=f"mechanisms by hand {spec[:12]}", seed=0),
    )


def _info(name: str, mechanism: Mechanism, levels: tuple[str, ...]) -> NodeInfo:
    codes = mechanism.codes
    if isinstance(mechanism, Count):
        return NodeInfo(name=name, kind="count", low=0.0, whole=True)
    if not codes:
        return NodeInfo(name=name, kind="continuous")
    if codes == (0.0, 1.0):
        return NodeInfo(name=name, kind="binary", levels=levels, seen=(0.0, 1.0))
    if isinstance(mechanism, Ordinal):
        return NodeInfo(name=name, kind="ordinal", levels=levels, seen=codes)
    if isinstance(mechanism, Categorical | BoostedLevels | LearnedLevels) or levels:
        return NodeInfo(name=name, kind="categorical", levels=levels, seen=codes)
    return NodeInfo(name=name, kind="continuous", low=codes[0], high=codes[-1])


def check_mechanisms(factors: Factorisation, mechanisms: Mapping[str, Mechanism]) -> None:
    """Raise :class:`GraphError` unless each node has a mechanism that reads what the graph gives it."""
    for node in factors.order:
        if node not in mechanisms:
            raise GraphError(f"Node {node!r} has no mechanism. State one, or mark the node [latent].")
        if strange := sorted(set(mechanisms[node].columns) - set(factors.pillows[node])):
            raise GraphError(
                f"The mechanism of {node!r} reads {', '.join(map(repr, strange))}, which the graph does not "
                "give it. Draw the arrow, or leave the term out."
            )
