r"""Worlds in which a coalition is set: every node as the rest of the model makes it.

Under :math:`do(x_S)` a node depends only on the members of S that reach it along a path without another
member. So what a node is, and what a reader of several nodes (a risk model, the outcome) gets to see, is kept
under the names of these members and computed once, however many coalitions share it. Noise is the same in
every world. Members of the same c-component see each other as they would have been (Tian and Pearl 2002).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from causalmed.scm import COMPILED, Factorisation, FloatArray, Mechanism, Values, district_of

__all__ = ["Reader", "View", "Worlds"]

View = tuple[int, ...]
"""What a reader sees of each input: -1 the patient's own value, else the members that reach it, as bits."""

OWN = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Reader:
    """What is made of a world.

    Parameters
    ----------
    inputs : tuple of str
        Nodes that it reads.
    natural : frozenset of str
        Those it sees as they would have been, even where they are set.
    value : callable
        A list with one mapping a world, input → (patients or 1, draws or 1), and the shape (patients, draws)
        → (worlds, patients, draws).
    every : callable or None
        A faster way to all coalitions: the worlds → (2^players, patients, runs).
    """

    inputs: tuple[str, ...]
    natural: frozenset[str]
    value: Callable[[Sequence[Values], tuple[int, int]], FloatArray]
    every: Callable[[Worlds, Reader], FloatArray] | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Worlds:
    """Everything that the worlds share.

    Parameters
    ----------
    players : tuple of str
        Nodes that can be set; player j is bit j.
    own : mapping of str to ndarray, shape (patients, 1)
        What the players are set to.
    factors : Factorisation
        What each node is conditioned on.
    within : frozenset of str
        The ancestors that matter; c-components are taken inside it.
    mechanisms : mapping of str to Mechanism
        One a node.
    noise : mapping of str to ndarray, shape (draws,)
        Of every node within.
    """

    players: tuple[str, ...]
    own: Values
    factors: Factorisation
    within: frozenset[str]
    mechanisms: Mapping[str, Mechanism]
    noise: Mapping[str, FloatArray]
    _bit: dict[str, int] = field(init=False, default_factory=dict)
    _mates: dict[str, frozenset[str]] = field(init=False, default_factory=dict)
    _kept: dict[tuple[str, int], FloatArray] = field(init=False, default_factory=dict)
    _masks: dict[tuple[str, int], int] = field(init=False, default_factory=dict)
    _above: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._bit.update({name: 1 << j for j, name in enumerate(self.players)})
        graph = self.factors.graph
        self._mates.update({n: district_of(graph, n, within=self.within) for n in self.within})
        for node in (name for name in self.factors.order if name in self.within):
            above = 0
            for seen in self.factors.pillows[node]:
                above |= self.bit(seen) | self._above[seen]
            self._above[node] = above

    @property
    def shape(self) -> tuple[int, int]:
        """Patients and draws."""
        rows = next((len(values) for values in self.own.values()), 1)
        return rows, len(next(iter(self.noise.values())))

    def bit(self, name: str) -> int:
        """Return the bit of a player, 0 for a node that is none."""
        return self._bit.get(name, 0)

    def cube(self, node: str, members: int) -> tuple[int, int]:
        """Return the members that reach a node, and the players whose absence lets just these reach it."""
        met: set[str] = set()
        waiting, done = [node], {node}
        while waiting:
            at = waiting.pop()
            for seen in self.factors.pillows[at]:
                met |= {seen} if seen not in self._mates[at] else set()
                if not self._sees_set(at, seen, members) and seen not in done:
                    done.add(seen)
                    waiting.append(seen)
        return members, sum(self.bit(name) for name in met) & ~members

    def view(self, reader: Reader, coalition: int) -> View:
        """Return what the reader sees once the coalition is set."""
        return tuple(
            OWN
            if self._bit.get(name, 0) & coalition and name not in reader.natural
            else self._reached(name, coalition)
            for name in reader.inputs
        )

    def values(self, reader: Reader, views: Sequence[View]) -> FloatArray:
        """Return what the reader makes of each view, shape (views, patients, draws)."""
        return reader.value(
            [
                {
                    name: self.own[name] if seen == OWN else self.natural(name, seen)
                    for name, seen in zip(reader.inputs, view, strict=True)
                }
                for view in views
            ],
            self.shape,
        )

    def _sees_set(self, node: str, seen: str, coalition: int) -> bool:
        return bool(self._bit.get(seen, 0) & coalition) and seen not in self._mates[node]

    def _reached(self, node: str, coalition: int) -> int:
        """Return the members of the coalition on which the node itself depends, as bits."""
        coalition &= self._above[node]
        key = (node, coalition)
        if key not in self._masks:
            found = 0
            for seen in self.factors.pillows[node]:
                set_ = self._sees_set(node, seen, coalition)
                found |= self._bit[seen] if set_ else self._reached(seen, coalition)
            self._masks[key] = found
        return self._masks[key]

    def natural(self, node: str, coalition: int) -> FloatArray:
        """Return the node as its mechanism makes it, shape (patients or 1, draws)."""
        key = (node, self._reached(node, coalition))
        if key not in self._kept:
            inputs = {
                seen: self.own[seen] if self._sees_set(node, seen, key[1]) else self.natural(seen, key[1])
                for seen in self.factors.pillows[node]
            }
            self._kept[key] = drawn(self.mechanisms[node], inputs, self.noise[node])
        return self._kept[key]


def drawn(mechanism: Mechanism, inputs: Values, noise: FloatArray) -> FloatArray:
    """Return a node of every patient (rows) under every draw of its noise (columns)."""
    rows = max((len(values) for values in inputs.values()), default=1)
    shape = (rows, len(noise))
    if isinstance(mechanism, COMPILED):
        return np.broadcast_to(mechanism.value(inputs, noise[np.newaxis, :]), shape)
    flat = {name: np.broadcast_to(values, shape).reshape(-1) for name, values in inputs.items()}
    value = mechanism.value(flat, np.broadcast_to(noise, shape).reshape(-1))
    return np.broadcast_to(value, rows * len(noise)).reshape(shape)


def averaged(mechanism: Mechanism, inputs: Values, shape: tuple[int, int]) -> FloatArray:
    """Return the mean of a node of every patient under every draw of what it reads."""
    if isinstance(mechanism, COMPILED):
        return np.broadcast_to(mechanism.mean(inputs), shape)
    flat = {name: np.broadcast_to(values, shape).reshape(-1) for name, values in inputs.items()}
    return np.broadcast_to(mechanism.mean(flat), shape[0] * shape[1]).reshape(shape)
