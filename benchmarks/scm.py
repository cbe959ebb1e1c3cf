"""Fitting and sampling a structural causal model beside dowhy.gcm: time and ratio, in one run.

Run ``python benchmarks/scm.py [rows]``. Twenty nodes, half numeric (linear), half binary (logistic). Mean and
spread of every numeric node under the intervention are compared before anything is timed.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import networkx
import numpy as np
import pandas as pd

from causalmed.cohort import Cohort
from causalmed.graph import Graph
from causalmed.scm import LinearGaussian, LogisticBinary, Predictor, StructuralCausalModel, fit_scm

NODES = 20


def made_up(seed: int = 1) -> StructuralCausalModel:
    """Build a chain-like graph in which each node has up to three causes."""
    rng = np.random.default_rng(seed)
    names = [f"n{k:02d}" for k in range(NODES)]
    mechanisms: dict[str, Any] = {}
    edges = []
    for k, name in enumerate(names):
        causes = sorted({names[j] for j in rng.integers(max(0, k - 6), k, size=min(k, 3))}) if k else []
        edges += [(cause, name) for cause in causes]
        eta = Predictor.of(0.0, {cause: float(rng.normal()) / 2 for cause in causes})
        mechanisms[name] = (
            LinearGaussian(predictor=eta, sd=1.0) if k % 2 == 0 else LogisticBinary(predictor=eta)
        )
    return StructuralCausalModel.of(Graph.of(edges, nodes=names), mechanisms)


def seconds(task: Callable[[], Any]) -> tuple[float, Any]:
    """Return the time of one run and its answer."""
    start = time.perf_counter()
    answer = task()
    return time.perf_counter() - start, answer


def theirs(frame: pd.DataFrame, graph: Graph) -> Any:
    """Fit the same mechanisms with dowhy.gcm; its binary nodes want text."""
    from dowhy import gcm

    model = gcm.StructuralCausalModel(networkx.DiGraph(sorted(graph.directed)))
    for name in graph.topological_order():
        binary = not pd.api.types.is_numeric_dtype(frame[name])
        if not graph.parents(name):
            model.set_causal_mechanism(name, gcm.EmpiricalDistribution())
        elif binary:
            classifier = gcm.ml.create_logistic_regression_classifier()
            model.set_causal_mechanism(name, gcm.ClassifierFCM(classifier))
        else:
            model.set_causal_mechanism(name, gcm.AdditiveNoiseModel(gcm.ml.create_linear_regressor()))
    gcm.fit(model, frame)
    return model


def main(rows: int) -> None:
    """Fit and sample with both."""
    truth = made_up()
    frame = truth.sample(rows, seed=1)
    cohort = Cohort.from_frame(
        frame, kinds={n: "binary" if i.is_discrete else "continuous" for n, i in truth.nodes.items()}
    )
    texts = frame.assign(
        **{n: frame[n].map({0: "no", 1: "yes"}) for n, i in truth.nodes.items() if i.is_discrete}
    )
    fit_time, scm = seconds(lambda: fit_scm(truth.graph, cohort))
    draw_time, ours = seconds(lambda: scm.sample(rows, do={"n04": 1.0}, seed=2))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from dowhy import gcm

        gcm.config.disable_progress_bars()
        their_fit, model = seconds(lambda: theirs(texts, truth.graph))
        do = {"n04": lambda _: 1.0}
        their_draw, drawn = seconds(lambda: gcm.interventional_samples(model, do, num_samples_to_draw=rows))
    for name in (n for n, i in truth.nodes.items() if not i.is_discrete):
        error = 5 * ours[name].std() / np.sqrt(rows) + 0.01
        assert abs(ours[name].mean() - drawn[name].astype(float).mean()) < error, name
    print(f"{rows:,} rows, {NODES} nodes    causalmed    dowhy.gcm    ratio")
    print(f"fit                     {fit_time:8.3f} s  {their_fit:9.3f} s  {their_fit / fit_time:7.1f}")
    print(f"sample under do         {draw_time:8.3f} s  {their_draw:9.3f} s  {their_draw / draw_time:7.1f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100_000)
