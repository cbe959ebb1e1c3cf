"""Bounds on unit counterfactuals against closed forms and against every coupling by enumeration."""

from __future__ import annotations

from itertools import product

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument, NotIdentified
from causalmed.graph import Graph
from causalmed.scm import (
    Categorical,
    LinearGaussian,
    LogisticBinary,
    Ordinal,
    Predictor,
    StructuralCausalModel,
)
from causalmed.scm.bounds import extreme_means

risks = st.floats(0.02, 0.98)


def logit(p):
    return float(np.log(p / (1 - p)))


def one_arrow(p1: float, p0: float) -> StructuralCausalModel:
    return StructuralCausalModel.of(
        Graph.parse("dag { y [outcome]; x -> y }"),
        {
            "x": LogisticBinary(predictor=Predictor.of(0.0)),
            "y": LogisticBinary(predictor=Predictor.of(logit(p0), {"x": logit(p1) - logit(p0)})),
        },
    )


def patients(**columns) -> Cohort:
    kinds = {name: "binary" for name in columns}
    return Cohort.from_frame(pd.DataFrame(columns), outcome="y", kinds=kinds)


def test_the_printed_example_of_the_probabilities_of_causation():
    """p(Y=1, a) = .30 against .15: between 50 and 100 % of the infected would have been spared."""
    found = one_arrow(0.30, 0.15).counterfactual(patients(x=[1], y=[1]), do={"x": 0})
    assert (1 - found.high[0], 1 - found.low[0]) == pytest.approx((0.50, 1.00))
    independent = one_arrow(0.30, 0.15).counterfactual(
        patients(x=[1], y=[1]), do={"x": 0}, coupling="independent"
    )
    assert 1 - independent.low[0] == pytest.approx(0.85, abs=1e-3)
    monotone = one_arrow(0.30, 0.15).counterfactual(patients(x=[1], y=[1]), do={"x": 0}, coupling="monotone")
    assert 1 - monotone.low[0] == pytest.approx(0.50, abs=1e-3)


@given(p1=risks, p0=risks)
@settings(max_examples=40, deadline=None)
def test_tian_and_pearls_bounds(p1, p0):
    found = one_arrow(p1, p0).counterfactual(patients(x=[1, 1, 0, 0], y=[1, 0, 1, 0]), do={"x": [0, 0, 1, 1]})
    spared = (max(0, (p1 - p0) / p1), min(1, (1 - p0) / p1))
    assert (1 - found.high[0], 1 - found.low[0]) == pytest.approx(spared, abs=1e-9)
    sick = (max(0, (p1 - p0) / (1 - p0)), min(1, p1 / (1 - p0)))
    assert (found.low[3], found.high[3]) == pytest.approx(sick, abs=1e-9)


def chain(numbers: list[float]) -> StructuralCausalModel:
    a, b, c, d, e, f, g = numbers
    return StructuralCausalModel.of(
        Graph.parse("dag { y [outcome]; x -> m -> w -> y; x -> y; m -> y }"),
        {
            "x": LogisticBinary(predictor=Predictor.of(0.0)),
            "m": LogisticBinary(predictor=Predictor.of(a, {"x": b})),
            "w": Ordinal(predictor=Predictor.of(0.0, {"m": c}), cuts=(-0.5, 1.0)),
            "y": LogisticBinary(predictor=Predictor.of(d, {"x": e, "m": f, "w": g, "x:m": -f})),
        },
    )


@given(
    numbers=st.lists(st.floats(-2, 2), min_size=7, max_size=7),
    record=st.tuples(st.integers(0, 1), st.integers(0, 1), st.integers(0, 2), st.integers(0, 1)),
)
@settings(max_examples=60, deadline=None)
def test_bounds_hold_every_named_coupling_and_facts_return(numbers, record):
    scm = chain(numbers)
    x, m, w, y = record
    frame = pd.DataFrame({"x": [x], "m": [m], "w": [w], "y": [y]})
    cohort = Cohort.from_frame(frame, kinds={"x": "binary", "m": "binary", "w": (0, 1, 2), "y": "binary"})
    bounds = scm.counterfactual(cohort, do={"x": 1 - x})
    assert 0 <= bounds.low[0] <= bounds.high[0] <= 1
    for coupling in ("monotone", "independent", "gumbel"):
        point = scm.counterfactual(cohort, do={"x": 1 - x}, coupling=coupling, draws=2000)
        error = 4 * np.sqrt(0.25 / 2000)
        assert bounds.low[0] - error <= point.low[0] <= bounds.high[0] + error
        assert scm.counterfactual(cohort, do={"x": x}, coupling=coupling).low[0] == y
    fact = scm.counterfactual(cohort, do={"x": x})
    assert fact.low[0] == fact.high[0] == y


@pytest.mark.parametrize("seed", range(12))
def test_any_mixture_of_nodes_between_keeps_couplings_inside(seed):
    """Random graphs of numeric, binary and ordinal nodes between exposure and outcome."""
    rng = np.random.default_rng(seed)
    names = ["x", *(f"m{k}" for k in range(4)), "y"]
    edges = [
        (a, b) for at, b in enumerate(names) for a in names[:at] if rng.random() < 0.6 or a == names[at - 1]
    ]
    graph = Graph.of(edges, outcome="y")
    kinds = {name: str(rng.choice(["numeric", "binary", "ordinal"])) for name in names} | {
        "x": "binary",
        "y": "binary",
    }
    mechanisms = {}
    for name in names:
        slopes = {parent: float(rng.normal()) / 2 for parent in graph.parents(name)}
        if kinds[name] == "numeric":
            mechanisms[name] = LinearGaussian(predictor=Predictor.of(0.0, slopes), sd=1.0)
        elif kinds[name] == "binary":
            mechanisms[name] = LogisticBinary(predictor=Predictor.of(0.1, slopes))
        else:
            mechanisms[name] = Ordinal(predictor=Predictor.of(0.0, slopes), cuts=(-0.7, 0.8))
    scm = StructuralCausalModel.of(graph, mechanisms)
    stated = {
        name: {"numeric": "continuous", "binary": "binary", "ordinal": (0, 1, 2)}[kinds[name]]
        for name in names
    }
    cohort = Cohort.from_frame(scm.sample(25, seed=seed), outcome="y", kinds=stated)
    other = (1 - cohort.values("x")).tolist()
    bounds = scm.counterfactual(cohort, do={"x": other})
    assert np.all((bounds.low >= 0) & (bounds.high <= 1) & (bounds.low <= bounds.high))
    for coupling in ("monotone", "independent", "gumbel"):
        point = scm.counterfactual(cohort, do={"x": other}, coupling=coupling, draws=4000).low
        assert np.all(bounds.low - 0.03 <= point)
        assert np.all(point <= bounds.high + 0.03)
    one_by_one = [scm.counterfactual(cohort.take([k]), do={"x": other[k]}).low[0] for k in range(5)]
    assert bounds.low[:5] == pytest.approx(one_by_one, abs=1e-12)


def test_random_response_functions_stay_inside():
    """Enumerate canonical models: any law on response functions with these margins obeys the bounds."""
    rng = np.random.default_rng(3)
    for _ in range(30):
        laws = {size: rng.dirichlet(np.full(2 ** (2**size), 0.3)) for size in (1, 2)}
        responses_m = list(product((0, 1), repeat=2))
        responses_y = list(product((0, 1), repeat=4))
        p_m = [sum(q for q, r in zip(laws[1], responses_m, strict=True) if r[x]) for x in (0, 1)]
        p_y = {
            (x, m): sum(q for q, r in zip(laws[2], responses_y, strict=True) if r[2 * x + m])
            for x in (0, 1)
            for m in (0, 1)
        }
        if min(*p_m, *p_y.values()) < 1e-6 or max(*p_m, *p_y.values()) > 1 - 1e-6:
            continue
        base = logit(p_y[0, 0])
        dx, dm = logit(p_y[1, 0]) - base, logit(p_y[0, 1]) - base
        both = logit(p_y[1, 1]) - base - dx - dm
        scm = StructuralCausalModel.of(
            Graph.parse("dag { y [outcome]; x -> m -> y; x -> y }"),
            {
                "x": LogisticBinary(predictor=Predictor.of(0.0)),
                "m": LogisticBinary(
                    predictor=Predictor.of(logit(p_m[0]), {"x": logit(p_m[1]) - logit(p_m[0])})
                ),
                "y": LogisticBinary(predictor=Predictor.of(base, {"x": dx, "m": dm, "x:m": both})),
            },
        )
        for m, y in product((0, 1), repeat=2):
            weight = hit = 0.0
            for (qm, rm), (qy, ry) in product(
                zip(laws[1], responses_m, strict=True), zip(laws[2], responses_y, strict=True)
            ):
                if rm[1] == m and ry[2 + m] == y:
                    weight += qm * qy
                    hit += qm * qy * ry[rm[0]]
            found = scm.counterfactual(patients(x=[1], m=[m], y=[y]), do={"x": 0})
            assert found.low[0] - 1e-9 <= hit / weight <= found.high[0] + 1e-9


def test_extreme_means_are_those_of_linear_programming():
    from scipy.optimize import linprog

    rng = np.random.default_rng(1)
    for _ in range(50):
        values, caps = rng.normal(size=4), rng.uniform(0.2, 1.0, size=4)
        if caps.sum() < 1:
            continue
        best = linprog(values, A_eq=np.ones((1, 4)), b_eq=[1], bounds=[(0, cap) for cap in caps])
        assert extreme_means(values, caps) == pytest.approx(best.fun, abs=1e-9)


def test_a_categorical_mediator_is_bounded_too():
    scm = StructuralCausalModel.of(
        Graph.parse("dag { y [outcome]; x -> ward -> y }"),
        {
            "x": LogisticBinary(predictor=Predictor.of(0.0)),
            "ward": Categorical(predictors=(Predictor.of(0.2, {"x": 0.7}), Predictor.of(-0.2, {"x": -0.5}))),
            "y": LogisticBinary(predictor=Predictor.of(-1.0, {"ward=1": 0.8, "ward=2": -0.6})),
        },
        levels={"ward": ("a", "b", "c")},
    )
    frame = pd.DataFrame({"x": [1, 1, 0], "ward": ["a", "b", "c"], "y": [1, 0, 0]})
    cohort = Cohort.from_frame(frame, kinds={"ward": ("a", "b", "c"), "x": "binary", "y": "binary"})
    found = scm.counterfactual(cohort, do={"x": [0, 0, 1]})
    for coupling in ("monotone", "independent", "gumbel"):
        point = scm.counterfactual(cohort, do={"x": [0, 0, 1]}, coupling=coupling, draws=4000).low
        assert np.all(found.low - 0.03 <= point)
        assert np.all(point <= found.high + 0.03)
    assert found.high[0] - found.low[0] > 0.05


def test_too_many_combinations_are_refused_by_number():
    names = [f"m{k}" for k in range(19)]
    graph = Graph.of([("x", m) for m in names] + [(m, "y") for m in names], outcome="y")
    mechanisms = {m: LogisticBinary(predictor=Predictor.of(0.0, {"x": 0.1})) for m in names}
    mechanisms |= {"x": LogisticBinary(predictor=Predictor.of(0.0))}
    mechanisms |= {"y": LogisticBinary(predictor=Predictor.of(0.0, {m: 0.1 for m in names}))}
    scm = StructuralCausalModel.of(graph, mechanisms)
    cohort = patients(x=[1], y=[0], **{m: [0] for m in names})
    with pytest.raises(InvalidArgument, match="19 nodes with levels"):
        scm.counterfactual(cohort, do={"x": 0})
    assert 0 <= scm.counterfactual(cohort, do={"x": 0}, coupling="monotone").low[0] <= 1


def response_world(world, graph: Graph, seed: int):
    """A latent world whose nodes follow random laws on response functions, and its conditional tables."""
    rng = np.random.default_rng(seed)
    laws, tables = {}, {}
    for node in graph.nodes:
        settings_ = list(product((0, 1), repeat=len(graph.parents(node))))
        if len(settings_) > 4:
            functions = rng.integers(2, size=(40, len(settings_)))
        else:
            functions = np.array(list(product((0, 1), repeat=len(settings_))))
        law = 0.02 + rng.dirichlet(np.full(len(functions), 0.2))
        law /= law.sum()
        laws[node] = (functions, law)
        tables[node] = {values: float(law @ functions[:, at]) for at, values in enumerate(settings_)}
    return world(graph, tables), laws


def units(graph: Graph, laws, n: int, seed: int, do: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The same units under any intervention: their response functions depend on the seed alone."""
    rng = np.random.default_rng(seed)
    chosen = {node: rng.choice(len(laws[node][1]), size=n, p=laws[node][1]) for node in graph.nodes}
    values: dict[str, np.ndarray] = {}
    for node in graph.topological_order():
        if node in do:
            values[node] = do[node]
            continue
        place = np.zeros(n, dtype=int)
        for parent in graph.parents(node):
            place = 2 * place + values[parent]
        values[node] = laws[node][0][chosen[node], place]
    return values


@pytest.mark.parametrize("seed", range(40))
def test_with_hidden_causes_what_is_answered_holds_and_the_rest_is_refused(world, seed):
    """Random graphs with latent nodes: among patients with one record, the truth lies inside the bounds."""
    rng = np.random.default_rng(seed)
    names = [f"v{k}" for k in range(4)]
    pairs = [(a, b) for at, b in enumerate(names) for a in names[:at]]
    edges = [pair for pair in pairs if rng.random() < 0.55]
    hidden = [pair for pair in pairs if rng.random() < 0.3][:2]
    edges += [(f"u{k}", v) for k, pair in enumerate(hidden) for v in pair]
    graph = Graph.of(edges, nodes=names, latent=[f"u{k}" for k in range(len(hidden))])
    truth, laws = response_world(world, graph, seed)
    scm = truth.fitted("v3")
    n = 60_000
    fact = units(graph, laws, n, seed, {})
    for exposure in ("v0", "v1", "v2"):
        read = scm.factors.closure(("v3", exposure))
        other = units(graph, laws, n, seed, {exposure: 1 - fact[exposure]})["v3"]
        key = sum(2**at * fact[name] for at, name in enumerate(read))
        for record in np.unique(key):
            rows = np.flatnonzero(key == record)
            one = pd.DataFrame({name: [int(fact[name][rows[0]])] for name in read})
            cohort = Cohort.from_frame(one, kinds=dict.fromkeys(read, "binary"))
            try:
                found = scm.counterfactual(cohort, do={exposure: 1 - int(one[exposure][0])}, outcome="v3")
            except NotIdentified:
                break
            error = 4 * np.sqrt(0.25 / len(rows))
            assert found.low[0] - error <= other[rows].mean() <= found.high[0] + error


def test_why_two_tied_nodes_below_the_exposure_are_refused(monkeypatch):
    """A latent type (always, complier, defier, never) of m decides y too: limits node by node would be false.

    Of those with x = m = y = 1 every one is of the type "always", for whom y stays 1 under x = 0.
    """
    always, complier, defier, never = 0.1, 0.2, 0.6, 0.1
    m1, m0 = always + complier, always + defier
    p_y = {(1, 1): always / m1, (0, 1): always / m0, (1, 0): 0.05, (0, 0): 0.05}
    assert never + complier == pytest.approx(1 - m0)
    base = logit(p_y[0, 0])
    dx, dm = logit(p_y[1, 0]) - base, logit(p_y[0, 1]) - base
    scm = StructuralCausalModel.of(
        Graph.parse("dag { y [outcome]; x -> m -> y; x -> y; m <-> y }"),
        {
            "x": LogisticBinary(predictor=Predictor.of(0.0)),
            "m": LogisticBinary(predictor=Predictor.of(logit(m0), {"x": logit(m1) - logit(m0)})),
            "y": LogisticBinary(
                predictor=Predictor.of(base, {"x": dx, "m": dm, "x:m": logit(p_y[1, 1]) - base - dx - dm})
            ),
        },
    )
    one = patients(x=[1], m=[1], y=[1])
    with pytest.raises(NotIdentified, match="m and y share a hidden cause"):
        scm.counterfactual(one, do={"x": 0})
    monkeypatch.setattr("causalmed.scm.unit.check_abduction", lambda facts, graph: None)
    assert scm.counterfactual(one, do={"x": 0}).high[0] < 0.5
