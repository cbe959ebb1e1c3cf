"""The generator of ``postop`` as a structural causal model: the truth that can be questioned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalmed.datasets.mechanism import Bernoulli, Choice, LogNormal, Node, Normal, Ordered
from causalmed.datasets.postop_constants import NODES, OUTCOME_NAME
from causalmed.datasets.postop_graph import true_arrows
from causalmed.datasets.simulate import FloatArray, Values, draw, linear_predictor
from causalmed.graph import Graph

if TYPE_CHECKING:
    from causalmed.scm import StructuralCausalModel

__all__ = ["LevelsMechanism", "NumberMechanism", "true_model"]


def true_model(nodes: Sequence[Node] = NODES, *, outcome: str = OUTCOME_NAME) -> StructuralCausalModel:
    """Return the generator as a model that can be sampled, intervened on and asked for effects.

    Its mechanisms are the laws of the table itself, with the unmeasured cause simulated like any other node
    and without the arrows that only the question graph has. Sampled with the seed of the shipped cohort, it
    gives the shipped cohort.

    Parameters
    ----------
    nodes : sequence of Node
        Causes before effects.
    outcome : str
        Name of the outcome.

    Returns
    -------
    StructuralCausalModel

    Examples
    --------
    >>> truth = true_model()
    >>> truth.sample(3, do={"late_prophylaxis": 1}, seed=1)["late_prophylaxis"].tolist()
    [1, 1, 1]
    """
    from causalmed.scm import StructuralCausalModel

    known = {node.name: node for node in nodes}
    graph = Graph.of(
        sorted(true_arrows(nodes)),
        nodes=known,
        latent=[node.name for node in nodes if node.latent],
        outcome=outcome,
    )
    return StructuralCausalModel.of(
        graph,
        {node.name: _mechanism(node, known) for node in nodes},
        levels={node.name: node.levels for node in nodes if node.levels},
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberMechanism:
    """A numeric node of the table as the scm room sees one.

    Parameters
    ----------
    node : Node
        The node, with a normal or lognormal law.
    nodes : mapping of str to Node
        The nodes that it may read.
    """

    node: Node
    nodes: Mapping[str, Node]

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return self.node.parents

    @property
    def codes(self) -> tuple[float, ...]:
        """None: any number is possible."""
        return ()

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return uniform noise, shape (rows,)."""
        return random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return the quantile of the law."""
        return draw(self.node.law, self.eta(inputs, len(noise)), noise)

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean by quadrature over 1,000 quantiles, truncation and rounding included."""
        rows = max((len(column) for column in inputs.values()), default=1)
        eta = self.eta(inputs, rows)[:, np.newaxis]
        quantiles = np.broadcast_to((np.arange(1000) + 0.5) / 1000.0, (rows, 1000))
        return np.asarray(draw(self.node.law, eta, quantiles).mean(axis=1))

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log density before truncation and rounding."""
        from scipy.stats import norm

        eta = self.eta(inputs, len(values))
        law = self.node.law
        if isinstance(law, LogNormal):
            logs = np.log(np.maximum(values, 0.5))
            return np.asarray(norm.logpdf(logs, eta, law.sd) - logs)
        assert isinstance(law, Normal)
        return np.asarray(norm.logpdf(values, eta, law.sd))

    def eta(self, inputs: Values, rows: int) -> FloatArray:
        """Return the linear predictor, shape (rows,)."""
        return linear_predictor(self.node, inputs, self.nodes, rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class LevelsMechanism:
    """A node with levels, 0/1 among them, as the scm room sees one.

    Parameters
    ----------
    node : Node
        The node, with a Bernoulli, ordered or choice law.
    nodes : mapping of str to Node
        The nodes that it may read.
    """

    node: Node
    nodes: Mapping[str, Node]

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes it reads."""
        return self.node.parents

    @property
    def codes(self) -> tuple[float, ...]:
        """0, 1, …"""
        return tuple(float(code) for code in range(max(len(self.node.levels), 2)))

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return uniform noise, shape (rows,)."""
        return random.random(rows)

    def value(self, inputs: Values, noise: FloatArray) -> FloatArray:
        """Return the quantile of the law."""
        return draw(self.node.law, linear_predictor(self.node, inputs, self.nodes, len(noise)), noise)

    def mean(self, inputs: Values) -> FloatArray:
        """Return the mean code: the risk, for a 0/1 node."""
        return np.asarray(self.probabilities(inputs) @ np.array(self.codes))

    def probabilities(self, inputs: Values) -> FloatArray:
        """Return P(code), shape (rows, K)."""
        from scipy.special import expit

        rows = max((len(column) for column in inputs.values()), default=1)
        law = self.node.law
        if isinstance(law, Choice):
            return np.tile(np.array(law.probabilities), (rows, 1))
        eta = linear_predictor(self.node, inputs, self.nodes, rows)[:, np.newaxis]
        cuts = np.array(law.cuts if isinstance(law, Ordered) else (0.0,))
        above = np.hstack([np.ones((rows, 1)), expit(eta - cuts), np.zeros((rows, 1))])
        return np.asarray(above[:, :-1] - above[:, 1:])

    def log_density(self, values: FloatArray, inputs: Values) -> FloatArray:
        """Return the log probability of what was observed."""
        chosen = values.astype(np.intp)[:, np.newaxis]
        return np.asarray(np.log(np.take_along_axis(self.probabilities(inputs), chosen, axis=1)[:, 0]))


def _mechanism(node: Node, nodes: Mapping[str, Node]) -> NumberMechanism | LevelsMechanism:
    read = {name: nodes[name] for name in node.parents}
    if isinstance(node.law, Bernoulli | Ordered | Choice):
        return LevelsMechanism(node=node, nodes=read)
    return NumberMechanism(node=node, nodes=read)
