"""Random models on random graphs, whose effects are computed by enumeration."""

from __future__ import annotations

import importlib.util
import itertools
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
            outer = self.conditional(seen, set(m), {x, *z})[tuple(at)] * self.marginal(seen, set(z))
            inner = self.conditional(seen, {y}, {x, *m, *z}) * self.conditional(seen, {x}, set(z))
            inside = outer * self.marginal(inner, {y, *m, *z})
        return self.marginal(inside, {y}).ravel()


class NoisyModel:
    """A structural model as functions of parents and noise: what each patient would do in any world.

    Every node has its own noise of three values; the population is every combination of them.
    """

    def __init__(self, graph, seed):
        rng = np.random.default_rng([seed, 11])
        self.graph, self.order = graph, graph.topological_order()
        chances = {name: rng.dirichlet(np.full(3, 3.0)) for name in self.order}
        grid = np.meshgrid(*[np.arange(3)] * len(self.order), indexing="ij")
        self.noise = {name: axis.ravel() for name, axis in zip(self.order, grid, strict=True)}
        self.weight = np.prod([chances[name][self.noise[name]] for name in self.order], axis=0)
        self.table = {}
        for name in self.order:
            cells = 2 ** len(graph.parents(name))
            # two of the three noises give the two values, so that everything occurs; the third is drawn
            answers = np.array([rng.permutation([0, 1, rng.integers(2)]) for _ in range(cells)])
            self.table[name] = answers

    def world(self, do=None):
        """The values of every node for every patient, some of them set."""
        values = {}
        for name in self.order:
            if do is not None and name in do:
                values[name] = np.broadcast_to(do[name], self.weight.shape)
                continue
            cell = np.zeros(len(self.weight), dtype=int)
            for parent in self.graph.parents(name):
                cell = 2 * cell + values[parent]
            values[name] = self.table[name][cell, self.noise[name]]
        return values

    def nested(self, x, y, mediators, first, second):
        """E[Y(first, M(second))], patient by patient."""
        left = self.world({x: second})
        right = self.world({x: first, **{name: left[name] for name in mediators}})
        return float(self.weight @ right[y])

    def held(self, x, y, level, at):
        """E[Y(level, m)]."""
        return float(self.weight @ self.world({x: level, **at})[y])

    def seen(self):
        """A cell of the observed columns each: the values, and how many patients have them."""
        return self.world(), self.weight


def natural_formula(model, estimand, first, second):
    """Sum over w and m of P(w) P(m | second, w) E[Y | first, m, w]."""
    values, weight = model.seen()
    x, y = estimand.exposure, estimand.outcome
    total = 0.0
    for w in _cells(values, estimand.adjustment_set):
        for m in _cells(values, estimand.mediators):
            given_m = w & m & (values[x] == first)
            other = w & (values[x] == second)
            chance = weight[other & m].sum() / weight[other].sum()
            mean = (weight * values[y])[given_m].sum() / weight[given_m].sum() if chance else 0.0
            total += weight[w].sum() * chance * mean
    return float(total)


def controlled_formula(model, estimand, level):
    """Sum over w and l of P(w) P(l | x, w) E[Y | x, m, l, w]."""
    values, weight = model.seen()
    x, y = estimand.exposure, estimand.outcome
    m = np.ones(len(weight), dtype=bool)
    for name, value in zip(estimand.mediators, estimand.mediator_values, strict=True):
        m &= values[name] == value
    total = 0.0
    for w in _cells(values, estimand.adjustment_set):
        inside = w & (values[x] == level)
        for after in _cells(values, estimand.after_exposure):
            chance = weight[inside & after].sum() / weight[inside].sum()
            if chance:
                cell = inside & after & m
                total += weight[w].sum() * chance * (weight * values[y])[cell].sum() / weight[cell].sum()
    return float(total)


def _cells(values, names):
    size = len(next(iter(values.values())))
    for levels in itertools.product((0, 1), repeat=len(names)):
        cell = np.ones(size, dtype=bool)
        for name, level in zip(names, levels, strict=True):
            cell &= values[name] == level
        if cell.any():
            yield cell


@pytest.fixture(scope="session")
def brute():
    """The slow definitions, and random discrete models."""
    module = _definitions()
    public = {name: value for name, value in vars(module).items() if callable(value)}
    own = (DiscreteModel, NoisyModel, natural_formula, controlled_formula)
    return SimpleNamespace(**public, **{one.__name__: one for one in own})
