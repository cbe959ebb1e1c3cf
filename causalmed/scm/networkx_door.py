"""Models to and from networkx: the graph, with the mechanism of each node as an attribute of the node."""

from __future__ import annotations

from typing import Any

from causalmed.errors import InvalidArgument
from causalmed.graph import Graph
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.model import StructuralCausalModel

__all__ = ["from_networkx", "to_networkx"]


def to_networkx(model: StructuralCausalModel) -> Any:
    """Write a model as a networkx graph.

    Parameters
    ----------
    model : StructuralCausalModel
        Any.

    Returns
    -------
    networkx.DiGraph, or networkx.MultiDiGraph where there are hidden causes
        As :meth:`Graph.to_networkx` writes the graph of the factors; each node has the attributes
        ``mechanism``, ``kind`` and ``levels``, the outcome is marked.

    Examples
    --------
    >>> from causalmed.scm import LogisticBinary, Predictor
    >>> scm = StructuralCausalModel.of(Graph.parse("dag { late -> ssi }"), {
    ...     "late": LogisticBinary(predictor=Predictor.of(-1.0)),
    ...     "ssi": LogisticBinary(predictor=Predictor.of(-2.5, {"late": 0.7}))})
    >>> network = to_networkx(scm)
    >>> from_networkx(network).mechanisms == scm.mechanisms
    True
    """
    graph = model.factors.graph
    if model.outcome is not None:
        graph = graph.with_roles(outcomes=(model.outcome,))
    network = graph.to_networkx()
    for node, mechanism in model.mechanisms.items():
        info = model.nodes[node]
        network.nodes[node].update(mechanism=mechanism, kind=info.kind, levels=info.levels)
    return network


def from_networkx(network: Any) -> StructuralCausalModel:
    """Read a model from a networkx graph whose nodes have the attribute ``mechanism``.

    Parameters
    ----------
    network : networkx.DiGraph or networkx.MultiDiGraph
        As :meth:`Graph.from_networkx` reads it. Latent nodes need no mechanism; ``levels`` of a node are the
        labels of its codes.

    Returns
    -------
    StructuralCausalModel
        Without patients: its mechanisms are taken as exact.

    Raises
    ------
    InvalidArgument
        A mechanism is none; the message names its node.
    GraphError
        A node lacks its mechanism, or a mechanism reads what the graph does not give it.
    """
    graph = Graph.from_networkx(network)
    stated = {str(name): data for name, data in network.nodes(data=True)}
    mechanisms = {name: data["mechanism"] for name, data in stated.items() if "mechanism" in data}
    for name, mechanism in mechanisms.items():
        if not isinstance(mechanism, Mechanism):
            raise InvalidArgument(
                f"The attribute mechanism={mechanism!r} of {name!r} is not a mechanism; see causalmed.scm."
            )
    levels = {name: data["levels"] for name, data in stated.items() if data.get("levels")}
    return StructuralCausalModel.of(graph, mechanisms, levels=levels)
