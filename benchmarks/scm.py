"""Structural causal models beside dowhy.gcm and NumPy: time, ratio and accuracy, in one run, single thread.

Run ``python -m benchmarks.scm [rows]`` (1,000,000). Twenty nodes with up to three causes each. dowhy.gcm is
timed on 100,000 rows and scaled to ``rows``; everything else is timed on ``rows``. Processor time, best of
three (dowhy: one run). Accuracy is the largest difference of means under the intervention, in standard errors
where nothing else is said.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import networkx
import numpy as np
import pandas as pd
from scipy.special import expit

from causalmed.cohort import Cohort
from causalmed.graph import Graph
from causalmed.scm import (
    LinearGaussian,
    LogisticBinary,
    MechanismSpec,
    Predictor,
    StructuralCausalModel,
    fit_scm,
)

NODES, THEIRS, SET = 20, 100_000, "n04"
BOOSTED = ("n06", "n09", "n12", "n15")
TREES, DEPTH = 100, 5


def made_up(seed: int = 1, *, binary: bool = True) -> StructuralCausalModel:
    """Build a chain-like graph in which each node has up to three causes."""
    rng = np.random.default_rng(seed)
    names = [f"n{k:02d}" for k in range(NODES)]
    mechanisms: dict[str, Any] = {}
    edges = []
    for k, name in enumerate(names):
        causes = sorted({names[j] for j in rng.integers(max(0, k - 6), k, size=min(k, 3))}) if k else []
        edges += [(cause, name) for cause in causes]
        eta = Predictor.of(0.0, {cause: float(rng.normal()) / 2 for cause in causes})
        numeric = k % 2 == 0 or not binary
        mechanisms[name] = LinearGaussian(predictor=eta, sd=1.0) if numeric else LogisticBinary(predictor=eta)
    return StructuralCausalModel.of(Graph.of(edges, nodes=names), mechanisms)


def seconds(task: Callable[[], Any], times: int = 3) -> tuple[float, Any]:
    """Return the least processor time of some runs, and the last answer."""
    least = np.inf
    for _ in range(times):
        start = time.process_time()
        answer = task()
        least = min(least, time.process_time() - start)
    return least, answer


def as_cohort(frame: pd.DataFrame, model: StructuralCausalModel) -> Cohort:
    kinds = {n: "binary" if i.is_discrete else "continuous" for n, i in model.nodes.items()}
    return Cohort.from_frame(frame, kinds=kinds)


def as_texts(frame: pd.DataFrame, model: StructuralCausalModel) -> pd.DataFrame:
    """Return the binary nodes as text, which dowhy.gcm wants."""
    binary = [n for n, i in model.nodes.items() if i.is_discrete]
    return frame.assign(**{n: frame[n].map({0: "no", 1: "yes"}) for n in binary})


def with_trees(model: StructuralCausalModel, frame: pd.DataFrame) -> StructuralCausalModel:
    """Replace four nodes by boosted ones, 100 trees of depth 5, fitted on the frame."""
    families = {name: "boosted" if model.nodes[name].is_discrete else "boosted_mean" for name in BOOSTED}
    specs = {name: MechanismSpec(family=f, trees=TREES, depth=DEPTH) for name, f in families.items()}
    fitted = fit_scm(model.graph, as_cohort(frame, model), mechanisms=specs)
    laws = dict(model.mechanisms) | {name: fitted.mechanisms[name] for name in BOOSTED}
    return StructuralCausalModel.of(model.graph, laws)


def theirs(frame: pd.DataFrame, graph: Graph, *, auto: bool = False, trees: tuple[str, ...] = ()) -> Any:
    """Fit dowhy.gcm: the same mechanisms, or those that it assigns by itself."""
    from dowhy import gcm

    model = gcm.InvertibleStructuralCausalModel(networkx.DiGraph(sorted(graph.directed)))
    if any(not pd.api.types.is_numeric_dtype(frame[name]) for name in frame):
        model = gcm.StructuralCausalModel(networkx.DiGraph(sorted(graph.directed)))
    if auto:
        gcm.auto.assign_causal_mechanisms(model, frame)
        gcm.fit(model, frame)
        return model
    for name in graph.topological_order():
        binary = not pd.api.types.is_numeric_dtype(frame[name])
        if not graph.parents(name):
            model.set_causal_mechanism(name, gcm.EmpiricalDistribution())
        elif name in trees:
            size = {"max_iter": TREES, "max_depth": DEPTH, "early_stopping": False}
            if binary:
                classifier = gcm.ml.create_hist_gradient_boost_classifier(**size)
                model.set_causal_mechanism(name, gcm.ClassifierFCM(classifier))
            else:
                regressor = gcm.ml.create_hist_gradient_boost_regressor(**size)
                model.set_causal_mechanism(name, gcm.AdditiveNoiseModel(regressor))
        elif binary:
            classifier = gcm.ml.create_logistic_regression_classifier()
            model.set_causal_mechanism(name, gcm.ClassifierFCM(classifier))
        else:
            model.set_causal_mechanism(name, gcm.AdditiveNoiseModel(gcm.ml.create_linear_regressor()))
    gcm.fit(model, frame)
    return model


def vectorised(model: StructuralCausalModel, rows: int, value: float) -> dict[str, np.ndarray]:
    """Sample in NumPy as one would by hand: a line a node."""
    rng, values = np.random.default_rng(1), {}
    for name in model.order:
        mechanism: Any = model.mechanisms[name]
        eta = mechanism.predictor.intercept + sum(
            t.coefficient * values[t.factors[0].column] for t in mechanism.predictor.terms
        )
        if name == SET:
            values[name] = np.full(rows, value)
        elif isinstance(mechanism, LinearGaussian):
            values[name] = eta + mechanism.sd * rng.standard_normal(rows)
        else:
            values[name] = (rng.random(rows) < expit(eta)).astype(float)
    return values


def furthest(ours: Any, others: Any, names: list[str]) -> float:
    """Return the largest difference of means, in standard errors."""
    gaps = []
    for name in names:
        a, b = (np.asarray(t[name], dtype=float) for t in (ours, others))
        gaps.append(abs(a.mean() - b.mean()) / np.sqrt(a.var() / len(a) + b.var() / len(b) + 1e-18))
    return max(gaps)


def line(task: str, ours: float, them: float, peer: str, accuracy: str) -> None:
    print(f"{task:46s} {ours:9.3f} s {them:9.3f} s  {peer:9s} {them / ours:8.1f}   {accuracy}", flush=True)


def sampling(rows: int, *, binary: bool) -> None:
    from dowhy import gcm

    scm, label = made_up(binary=binary), "linear and logistic" if binary else "all linear"
    numeric = [n for n, i in scm.nodes.items() if not i.is_discrete and n != SET]
    time_ours, ours = seconds(lambda: scm.sample(rows, do={SET: 1.0}, seed=2))
    time_numpy, plain = seconds(lambda: vectorised(scm, rows, 1.0))
    line(
        f"sample under do, {label}",
        time_ours,
        time_numpy,
        "NumPy",
        f"{furthest(ours, plain, list(ours)[5:]):.1f}",
    )
    fitted = theirs(as_texts(scm.sample(20_000, seed=1), scm), scm.graph)
    small = min(THEIRS, rows)
    do = {SET: lambda _: 1.0}
    time_dowhy, drawn = seconds(
        lambda: gcm.interventional_samples(fitted, do, num_samples_to_draw=small), times=1
    )
    gap = max(abs(ours[n].mean() - drawn[n].astype(float).mean()) for n in numeric)
    line(
        f"sample under do, {label}",
        time_ours,
        time_dowhy * rows / small,
        "dowhy.gcm",
        f"means within {gap:.3f}",
    )


def counterfactuals(rows: int, *, binary: bool) -> None:
    from dowhy import gcm

    scm, small = made_up(binary=binary), min(THEIRS, rows)
    frame = scm.sample(rows, seed=1)
    patients = as_cohort(frame, scm)
    below = [n for n in scm.order if n in scm.graph.descendants([SET]) - {SET, "n19"}]

    def ask() -> dict[str, np.ndarray]:
        return scm.counterfactual_draws(patients, do={SET: 1.0}, outcome="n19", nodes=below, draws=1)

    time_ours, ours = seconds(ask)
    if binary:
        print(f"{'counterfactuals, linear and logistic':46s} {time_ours:9.3f} s {'no peer':>11s}  "
              f"{rows / time_ours / 1e6:.1f} million patients a second")  # fmt: skip
        return
    fitted = theirs(scm.sample(small, seed=1), scm.graph)
    observed = frame.head(small)
    time_dowhy, drawn = seconds(
        lambda: gcm.counterfactual_samples(fitted, {SET: lambda _: 1.0}, observed_data=observed), times=1
    )
    gap = max(np.abs(ours[n][:small, 0] - drawn[n].to_numpy()).max() for n in below)
    line(
        "counterfactuals, all linear",
        time_ours,
        time_dowhy * rows / small,
        "dowhy.gcm",
        f"patients within {gap:.2f}",
    )


def boosted(rows: int) -> None:
    """Time a model with four boosted nodes: samples of all kinds, counterfactuals of additive ones."""
    from dowhy import gcm

    small = min(THEIRS, rows)
    for binary in (True, False):
        plain = made_up(binary=binary)
        frame = plain.sample(20_000, seed=1)
        scm = with_trees(plain, frame)
        fitted = theirs(as_texts(frame, scm), scm.graph, trees=BOOSTED)
        if binary:
            time_ours, ours = seconds(lambda scm=scm: scm.sample(rows, do={SET: 1.0}, seed=2))
            time_dowhy, drawn = seconds(
                lambda fitted=fitted: gcm.interventional_samples(
                    fitted, {SET: lambda _: 1.0}, num_samples_to_draw=small
                ),
                times=1,
            )
            numeric = [n for n, i in scm.nodes.items() if not i.is_discrete and n != SET]
            gap = max(abs(ours[n].mean() - drawn[n].astype(float).mean()) for n in numeric)
            accuracy = f"means within {gap:.3f}"
        else:
            everyone = plain.sample(rows, seed=1)
            patients, observed = as_cohort(everyone, scm), everyone.head(small)
            below = [n for n in scm.order if n in scm.graph.descendants([SET]) - {SET, "n19"}]
            time_ours, answer = seconds(
                lambda scm=scm, patients=patients, below=below: scm.counterfactual_draws(
                    patients, do={SET: 1.0}, outcome="n19", nodes=below, draws=1
                )
            )
            time_dowhy, drawn = seconds(
                lambda fitted=fitted, observed=observed: gcm.counterfactual_samples(
                    fitted, {SET: lambda _: 1.0}, observed_data=observed
                ),
                times=1,
            )
            gap = max(np.abs(answer[n][:small, 0] - drawn[n].to_numpy()).mean() for n in below)
            accuracy = f"patients within {gap:.2f} on average (trees of two fits)"
        task = "sample under do" if binary else "counterfactuals"
        line(f"{task}, four boosted nodes", time_ours, time_dowhy * rows / small, "dowhy.gcm", accuracy)


def by_name(model: StructuralCausalModel) -> dict[tuple[str, str], float]:
    """Return the coefficients of the nodes that have causes."""
    etas = {n: model.mechanisms[n].predictor for n in model.order if model.graph.parents(n)}  # type: ignore
    return {(n, t): b for n, eta in etas.items() for t, b in zip(eta.names, eta.coefficients, strict=True)}


def fitting(rows: int) -> None:
    scm = made_up()
    frame = scm.sample(rows, seed=1)
    cohort, texts = as_cohort(frame, scm), as_texts(frame, scm)
    time_ours, ours = seconds(lambda: fit_scm(scm.graph, cohort), times=1)
    time_same, _ = seconds(lambda: theirs(texts, scm.graph), times=1)
    true, found = by_name(scm), by_name(ours)
    gap = f"coefficients within {max(abs(b - found[key]) for key, b in true.items()):.3f}"
    line(f"fit, {rows:,} rows, same mechanisms", time_ours, time_same, "dowhy.gcm", gap)
    time_auto, _ = seconds(lambda: theirs(texts, scm.graph, auto=True), times=1)
    line(f"fit, {rows:,} rows, its automatic assignment", time_ours, time_auto, "dowhy.gcm", gap)


def trial(rows: int) -> None:
    arms = {"high": {SET: 1.0}, "low": {SET: 0.0}}
    twins = made_up().virtual_trial(arms=arms, n=rows, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "twins.parquet"
        taken, _ = seconds(lambda: twins.write_parquet(path), times=1)
        size = path.stat().st_size / 1e9
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(
        f"virtual trial, {rows:,} twins x {len(twins.names)} columns, {size:.2f} GB of Parquet: {taken:.1f} s"
    )
    print(
        f"    {rows / taken / 1e6:.2f} million twins a second, peak {peak:.2f} GB of this process", flush=True
    )


def main(rows: int) -> None:
    """Time everything; the virtual trial first, for its peak of memory."""
    trial(10 * rows)
    warnings.simplefilter("ignore")
    from dowhy import gcm

    gcm.config.disable_progress_bars()
    title = f"{rows:,} rows, {NODES} nodes"
    print(f"{title:46s} {'causalmed':>11s} {'peer':>11s}  {'':9s} {'ratio':>8s}   accuracy")
    for binary in (True, False):
        sampling(rows, binary=binary)
    for binary in (False, True):
        counterfactuals(rows, binary=binary)
    boosted(rows)
    fitting(min(rows, 100_000))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
