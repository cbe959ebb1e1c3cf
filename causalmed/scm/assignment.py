"""Interventions made ready: what each node is set to, by value or by regime, and what a regime reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Column, evaluate
from causalmed.errors import InvalidArgument, UnknownNode
from causalmed.scm.nodes import NodeInfo, read_do
from causalmed.scm.regimes import Randomise, Regime, Replace, Rule, Set, Shift
from causalmed.scm.terms import FloatArray, Values

__all__ = ["Assignment", "Intervention", "is_regime", "read_interventions"]

_REGIMES: Final = (Set, Shift, Randomise, Rule, Replace)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Assignment:
    """A regime for one node.

    Parameters
    ----------
    node : str
        What is set.
    regime : Regime
        How.
    reads : tuple of str
        Columns it needs; the node itself where the value it would have had is needed.
    nodes : mapping of str to NodeInfo
        What is known about all nodes.
    """

    node: str
    regime: Regime
    reads: tuple[str, ...]
    nodes: Mapping[str, NodeInfo]

    @property
    def is_random(self) -> bool:
        """Whether chance plays a part."""
        return isinstance(self.regime, Randomise | Replace) or (
            isinstance(self.regime, Set) and self.regime.share < 1
        )

    def draw_noise(self, random: np.random.Generator, rows: int) -> FloatArray:
        """Return the noise of a random regime, shape (rows,)."""
        if isinstance(self.regime, Replace):
            return self.regime.mechanism.draw_noise(random, rows)
        return random.random(rows)

    def values(self, seen: Values, noise: FloatArray | None) -> FloatArray:
        """Return what the node is set to.

        Parameters
        ----------
        seen : mapping of str to ndarray, shape (n,)
            What the regime reads; under the name of the node, the value it would have had.
        noise : ndarray, shape (n,), or None
            For a random regime.
        """
        to, mask = self._to(seen, noise), self._mask(seen, noise)
        if mask is None:
            return to
        return np.where(mask, to, seen[self.node])

    def _to(self, seen: Values, noise: FloatArray | None) -> FloatArray:
        regime, info = self.regime, self.nodes[self.node]
        if isinstance(regime, Set):
            return np.asarray(info.code(regime.to))
        if isinstance(regime, Shift):
            return regime.moved(seen[self.node])
        if isinstance(regime, Randomise):
            assert noise is not None
            codes = np.array([info.code(value) for value in regime.chances])
            edges = np.cumsum(list(regime.chances.values()))[:-1]
            return np.asarray(codes[np.searchsorted(edges, noise, side="right")])
        if isinstance(regime, Replace):
            assert noise is not None
            return regime.mechanism.value(seen, noise)
        return self._by_rule(regime, seen)

    def _by_rule(self, regime: Rule, seen: Values) -> FloatArray:
        read = {name: seen[name].view() for name in regime.reads}
        for column in read.values():
            column.setflags(write=False)
        found = np.asarray(regime.function(MappingProxyType(read)), dtype=np.float64)
        rows = max((len(column) for column in read.values()), default=1)
        if found.shape not in {(), (rows,)}:
            raise InvalidArgument(
                f"The rule for {self.node!r} gave an array of shape {found.shape} for {rows} patients."
            )
        for value in np.unique(found).tolist() if self.nodes[self.node].is_discrete else [float(found.sum())]:
            self.nodes[self.node].code(value, numbers_are_codes=True)
        return found

    def _mask(self, seen: Values, noise: FloatArray | None) -> NDArray[np.bool_] | None:
        regime = self.regime
        mask: NDArray[np.bool_] | None = None
        if isinstance(regime, Set | Shift | Randomise) and regime.where:
            mask = evaluate(regime.where, _Seen(values=seen, nodes=self.nodes))
        if isinstance(regime, Set) and regime.share < 1:
            assert noise is not None
            chosen = noise < regime.share
            mask = chosen if mask is None else mask & chosen
        return mask


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Intervention:
    """Everything one arm sets.

    Parameters
    ----------
    fixed : mapping of str to ndarray
        Node → code(s) it is set to.
    assignments : mapping of str to Assignment
        Node → regime.
    words : mapping of str to str
        Node → what happens to it, as written.
    """

    fixed: Mapping[str, FloatArray]
    assignments: Mapping[str, Assignment]
    words: Mapping[str, str]

    @property
    def exposures(self) -> tuple[str, ...]:
        """The nodes that are set."""
        return (*self.fixed, *self.assignments)

    @property
    def rules(self) -> dict[str, tuple[str, ...]]:
        """Node with a regime → what the regime reads."""
        return {node: each.reads for node, each in self.assignments.items()}

    @property
    def is_random(self) -> bool:
        """Whether chance plays a part in what is set."""
        return any(each.is_random for each in self.assignments.values())

    @property
    def text(self) -> str:
        """All of it in words."""
        return ", ".join(f"{node} {words}" for node, words in self.words.items()) or "nothing set"


def read_interventions(
    do: Mapping[str, object] | None,
    nodes: Mapping[str, NodeInfo],
    *,
    rows: int,
    numbers_are_codes: bool = False,
) -> Intervention:
    """Read an intervention as written.

    Parameters
    ----------
    do : mapping of str to value or regime
        Node → label, number, a sequence of ``rows`` of them, or a regime.
    nodes : mapping of str to NodeInfo
        What is known about the nodes.
    rows : int
        Number of patients.
    numbers_are_codes : bool
        Whether a number is a code even where labels look like numbers.

    Raises
    ------
    UnknownNode, InvalidArgument
        A name, a value, or a condition that the model does not know.
    """
    stated = do if isinstance(do, Mapping) else {}
    regimes = {name: value for name, value in stated.items() if isinstance(value, _REGIMES)}
    if unknown := [str(name) for name in regimes if name not in nodes]:
        raise UnknownNode.among(unknown, nodes)
    whole = {name: value.to for name, value in regimes.items() if isinstance(value, Set) and _is_plain(value)}
    plain = {name: value for name, value in stated.items() if name not in regimes} | whole
    fixed = read_do(
        plain if isinstance(do, Mapping) else do, nodes, rows=rows, numbers_are_codes=numbers_are_codes
    )
    assignments = {
        name: _assignment(name, value, nodes) for name, value in regimes.items() if name not in whole
    }
    words = {name: str(regimes[name]) if name in regimes else f"= {_shown(stated[name])}" for name in stated}
    return Intervention(fixed=fixed, assignments=assignments, words=words)


def is_regime(value: object) -> bool:
    """Say whether a value of ``do=`` is a regime."""
    return isinstance(value, _REGIMES)


def _is_plain(regime: Set) -> bool:
    return not regime.where and regime.share == 1


def _assignment(node: str, regime: Regime, nodes: Mapping[str, NodeInfo]) -> Assignment:
    info = nodes[node]
    if isinstance(regime, Shift) and info.is_discrete:
        raise InvalidArgument(f"{node!r} has levels and cannot be shifted. Use Set or Randomise.")
    if isinstance(regime, Set):
        info.code(regime.to)
    if isinstance(regime, Randomise):
        if not info.is_discrete:
            raise InvalidArgument(f"{node!r} is a number; Randomise needs levels. Use Replace for a law.")
        for value in regime.chances:
            info.code(value)
    reads = _reads(node, regime, nodes)
    if unknown := [name for name in reads if name not in nodes]:
        raise UnknownNode.among(unknown, nodes)
    if isinstance(regime, Replace) and node in reads:
        raise InvalidArgument(f"The new mechanism of {node!r} reads {node!r} itself.")
    return Assignment(node=node, regime=regime, reads=reads, nodes=nodes)


def _reads(node: str, regime: Regime, nodes: Mapping[str, NodeInfo]) -> tuple[str, ...]:
    if isinstance(regime, Rule):
        return regime.reads
    if isinstance(regime, Replace):
        return tuple(regime.mechanism.columns)
    read: list[str] = []
    if regime.where:
        noted = _Seen(values={}, nodes=nodes)
        evaluate(regime.where, noted)
        read += noted.asked
    if isinstance(regime, Shift) or regime.where or (isinstance(regime, Set) and regime.share < 1):
        read.append(node)
    return tuple(dict.fromkeys(read))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """Nodes as columns that a condition can read; it notes which were asked for."""

    values: Values
    nodes: Mapping[str, NodeInfo]
    asked: list[str] = field(default_factory=list)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.nodes)

    def column(self, name: str) -> Column:
        self.asked.append(name)
        info = self.nodes[name]
        values = self.values.get(name, np.zeros(0))
        return Column(name=name, kind=info.kind, values=np.array(values), levels=info.levels)


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else str(value)
