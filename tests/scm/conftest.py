"""Small discrete worlds whose truth can be enumerated."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import numpy as np
import pytest

from causalmed.graph import Graph
from causalmed.scm import Factor, LogisticBinary, Predictor, StructuralCausalModel, Term
from causalmed.scm.factorisation import factorise


@dataclass(frozen=True, slots=True)
class World:
    """A random binary structural model: P(node = 1 | parents), latent nodes included."""

    graph: Graph
    tables: Mapping[str, Mapping[tuple[int, ...], float]]

    @classmethod
    def random(cls, graph: Graph, seed: int) -> World:
        rng = np.random.default_rng(seed)
        tables = {
            node: {
                values: float(rng.uniform(0.1, 0.9))
                for values in product((0, 1), repeat=len(graph.parents(node)))
            }
            for node in graph.nodes
        }
        return cls(graph, tables)

    def joint(self, do: Mapping[str, int] | None = None) -> dict[tuple[int, ...], float]:
        """Return the law of the observed nodes, in the order of ``observed``."""
        do = do or {}
        law: dict[tuple[int, ...], float] = {}
        order = self.graph.topological_order()
        for values in product((0, 1), repeat=len(order)):
            world = dict(zip(order, values, strict=True))
            if any(world[name] != value for name, value in do.items()):
                continue
            p = 1.0
            for node in order:
                if node not in do:
                    one = self.tables[node][tuple(world[parent] for parent in self.graph.parents(node))]
                    p *= one if world[node] else 1 - one
            key = tuple(world[node] for node in self.observed)
            law[key] = law.get(key, 0.0) + p
        return law

    @property
    def observed(self) -> tuple[str, ...]:
        return tuple(node for node in self.graph.topological_order() if node in self.graph.observed)

    def marginal(
        self, names: tuple[str, ...], do: Mapping[str, int] | None = None
    ) -> dict[tuple[int, ...], float]:
        law: dict[tuple[int, ...], float] = {}
        places = [self.observed.index(name) for name in names]
        for values, p in self.joint(do).items():
            key = tuple(values[place] for place in places)
            law[key] = law.get(key, 0.0) + p
        return law

    def fitted(self, outcome: str) -> StructuralCausalModel:
        """Return what a saturated fit on infinitely many patients would be."""
        projected = self.graph.latent_projection()
        factors = factorise(projected, outcomes=[outcome])
        mechanisms = {node: self._saturated(node, factors.pillows[node]) for node in factors.order}
        return StructuralCausalModel.of(projected, mechanisms, outcome=outcome)

    def _saturated(self, node: str, pillow: tuple[str, ...]) -> LogisticBinary:
        both, given = self.marginal((*pillow, node)), self.marginal(pillow)
        logit = {
            values: np.log(both[(*values, 1)]) - np.log(both[(*values, 0)])
            for values in product((0, 1), repeat=len(pillow))
        }
        assert len(given) == len(logit)
        terms, intercept = [], 0.0
        for chosen in product((0, 1), repeat=len(pillow)):
            below = [v for v in logit if all(a <= b for a, b in zip(v, chosen, strict=True))]
            value = sum((-1) ** (sum(chosen) - sum(v)) * logit[v] for v in below)
            if not any(chosen):
                intercept = value
                continue
            factors = tuple(Factor(column=name) for name, on in zip(pillow, chosen, strict=True) if on)
            terms.append(Term(coefficient=float(value), factors=factors))
        return LogisticBinary(predictor=Predictor(intercept=float(intercept), terms=tuple(terms)))


def exact_law(
    scm: StructuralCausalModel, do: Mapping[str, int], targets: tuple[str, ...]
) -> dict[tuple[int, ...], float]:
    """Enumerate what the sampler of a binary model draws."""
    plan = scm.plan(exposures=tuple(do), targets=targets)
    law: dict[tuple[int, ...], float] = {}
    for values in product((0, 1), repeat=len(plan.needed)):
        natural = dict(zip(plan.needed, values, strict=True))
        p = 1.0
        for node in plan.needed:
            inputs = {
                seen: np.asarray(float(do[seen] if plan.sees_set(node, seen) else natural[seen]))
                for seen in plan.pillows[node]
            }
            one = float(scm.mechanisms[node].mean(inputs))
            p *= one if natural[node] else 1 - one
        key = tuple(do.get(name, natural.get(name, 0)) for name in targets)
        law[key] = law.get(key, 0.0) + p
    return law


@pytest.fixture
def world() -> type[World]:
    return World


@pytest.fixture
def enumerate_model():
    return exact_law
