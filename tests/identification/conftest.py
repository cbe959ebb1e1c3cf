"""Random models on random graphs, whose effects are computed by enumeration."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest


def _definitions():
    """The slow definitions of the room below."""
    path = Path(__file__).resolve().parent.parent / "graph" / "conftest.py"
    spec = importlib.util.spec_from_file_location("definitions_on_graphs", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class DiscreteModel:
    """A structural model on a graph whose hidden causes are all nodes: one table a node."""

    def __init__(self, graph, seed, levels=2, hidden_levels=2):
        rng = np.random.default_rng([seed, 7])
        self.graph = graph
        self.order = graph.topological_order()
        self.axis = {name: number for number, name in enumerate(self.order)}
        self.levels = {name: hidden_levels if name in graph.latent else levels for name in self.order}
        self.tables = {}
        for name in self.order:
            shape = [self.levels[parent] for parent in graph.parents(name)]
            self.tables[name] = rng.dirichlet(np.full(self.levels[name], 2.0), size=shape)

    def factor(self, name):
        """P(name | parents) on the axes of the joint distribution."""
        axes = [self.axis[parent] for parent in self.graph.parents(name)] + [self.axis[name]]
        moved = np.transpose(self.tables[name], np.argsort(axes))
        shape = [1] * len(self.order)
        for axis in axes:
            shape[axis] = self.levels[self.order[axis]]
        return moved.reshape(shape)

    def joint(self, do=None):
        """The distribution of everything, under an intervention if ``do`` names a node and a level."""
        product = np.ones([1] * len(self.order))
        for name in self.order:
            factor = self.factor(name)
            if do is not None and name == do[0]:
                factor = np.zeros([self.levels[name] if other == name else 1 for other in self.order])
                factor[tuple(do[1] if other == name else 0 for other in self.order)] = 1.0
            product = product * factor
        return product

    def marginal(self, joint, names):
        """The distribution of ``names``, other axes kept at length 1 so that factors multiply."""
        others = tuple(axis for name, axis in self.axis.items() if name not in names)
        return joint.sum(axis=others, keepdims=True)

    def conditional(self, joint, names, given):
        return self.marginal(joint, {*names, *given}) / self.marginal(joint, given)

    def risk_under(self, outcome, exposure, level):
        """P(outcome | do(exposure = level)), by the truncated factorisation."""
        return self.marginal(self.joint(do=(exposure, level)), {outcome}).ravel()

    def risk_by(self, estimand, level):
        """The same by the estimand's formula, from the distribution of its columns alone."""
        x, y, z, m = estimand.exposure, estimand.outcome, estimand.adjustment_set, estimand.mediators
        seen = self.marginal(self.joint(), set(estimand.columns))
        at = [slice(None)] * len(self.order)
        at[self.axis[x]] = slice(level, level + 1)
        if estimand.kind == "absent":
            inside = self.marginal(self.joint(), {y})
        elif estimand.kind == "backdoor":
            inside = self.conditional(seen, {y}, {x, *z})[tuple(at)] * self.marginal(seen, set(z))
        else:
            outer = self.conditional(seen, set(m), {x})[tuple(at)]
            inner = self.conditional(seen, {y}, {x, *m}) * self.marginal(seen, {x})
            inside = outer * self.marginal(inner, {y, *m})
        return self.marginal(inside, {y}).ravel()


@pytest.fixture(scope="session")
def brute():
    """The slow definitions, and random discrete models."""
    module = _definitions()
    public = {name: value for name, value in vars(module).items() if callable(value)}
    return SimpleNamespace(**public, DiscreteModel=DiscreteModel)
