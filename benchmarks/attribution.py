"""Causal Shapley values and recourse: seconds a patient and accuracy, single thread.

Run ``python -m benchmarks.attribution [patients]`` (100). Processor time. The model is a histogram gradient
booster, 100 trees of depth 6 on twelve columns; in the structural model a node has two causes.
Accuracy: the same worths world by world through the model's own ``predict_proba``, the spread of the noise,
and how far the attributions are from adding up.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import pandas as pd
from scipy.special import expit

from causalmed.cohort import Cohort
from causalmed.explanation import explain, recourse
from causalmed.explanation.games.asking import ask_set
from causalmed.explanation.players import Players
from causalmed.graph import Graph
from causalmed.prediction import RiskModel
from causalmed.scm import LinearGaussian, LogisticBinary, Predictor, StructuralCausalModel

PLAYERS, TREES, DEPTH, LEARNT = 12, 100, 6, 6000


def made_up(seed: int = 1) -> tuple[StructuralCausalModel, pd.DataFrame, dict[str, str]]:
    """Build a model of twelve causes and an outcome, and draw from it."""
    rng = np.random.default_rng(seed)
    names = [f"x{k:02d}" for k in range(PLAYERS)]
    edges, mechanisms = [], {}
    for k, name in enumerate(names):
        causes = sorted({names[j] for j in rng.integers(max(0, k - 5), k, size=min(k, 2))}) if k else []
        edges += [(cause, name) for cause in causes]
        eta = Predictor.of(0.0, {cause: 0.7 * float(rng.normal()) for cause in causes})
        mechanisms[name] = LogisticBinary(predictor=eta) if k % 2 else LinearGaussian(predictor=eta, sd=1.0)
    slopes = {name: 0.6 * float(rng.normal()) for name in names}
    mechanisms["infection"] = LogisticBinary(predictor=Predictor.of(-2.0, slopes))
    edges += [(name, "infection") for name in names]
    scm = StructuralCausalModel.of(Graph.of(edges), mechanisms, outcome="infection")
    kinds = {name: "binary" if k % 2 else "continuous" for k, name in enumerate(names)}
    return scm, scm.sample(LEARNT, seed=seed), kinds | {"infection": "binary"}


def boosted(frame: pd.DataFrame) -> RiskModel:
    from sklearn.ensemble import HistGradientBoostingClassifier

    names = [name for name in frame if name != "infection"]
    learner = HistGradientBoostingClassifier(
        max_iter=TREES, max_depth=DEPTH, max_leaf_nodes=None, learning_rate=0.05, early_stopping=False
    )
    return RiskModel.wrap(
        learner.fit(frame[names].to_numpy(), frame["infection"]), features=names, threshold=0.2
    )


def seconds(task: Any) -> tuple[float, Any]:
    start = time.process_time()
    answer = task()
    return time.process_time() - start, answer


def causal_shapley(scm: Any, model: RiskModel, cohort: Cohort, patients: int) -> None:
    """Time "set" for many patients, and hold one of them against the world-by-world computation."""
    some = cohort.take(np.arange(patients))
    took, why = seconds(
        lambda: explain(model, some, scm=scm, background=cohort, questions=["set"], parts=False, seed=1)
    )
    print(
        f"causal Shapley, {PLAYERS} players, {TREES} trees of depth {DEPTH}, 256 draws, {patients} patients"
    )
    print(f"  {took / patients:.3f} s a patient; Monte-Carlo error {why.monte_carlo_error.mean():.3f} points")
    print(f"  mean size {np.abs(why.values).mean():.2f} points, {why.method}")
    print(
        f"  sum of the attributions off by {np.abs(why.values.sum(axis=1) + why.start - why.risks).max():.1e}"
    )
    one = cohort.take([0])
    players = Players.of(model, cohort)
    fast, first = seconds(lambda: ask_set(scm, players, one, draws=32, seed=1, parts=False))
    plain = Players.of(_Opaque(model), cohort)
    slow, second = seconds(lambda: ask_set(scm, plain, one, draws=32, seed=1, parts=False))
    gap = np.abs(first.played.values - second.played.values).max()
    print(
        f"  one patient, 32 draws: {fast:.2f} s, through predict_proba {slow:.2f} s; they differ by {gap:.1e}"
    )


class _Opaque:
    """The same model, its trees hidden."""

    def __init__(self, model: RiskModel) -> None:
        self.model, self.features = model, model.features

    def risk(self, patients: Cohort) -> np.ndarray:
        return self.model.risk(patients)


def plans(scm: Any, model: RiskModel, cohort: Cohort, patients: int) -> None:
    """Time recourse: six columns, five other values each where they are numbers, up to two changes."""
    names = [f"x{k:02d}" for k in range(0, PLAYERS, 2)]
    took, found = seconds(
        lambda: [
            recourse(model, cohort.take([at]), scm=scm, actionable=names, max_changes=2, draws=500, seed=1)
            for at in range(patients)
        ]
    )
    checked = found[0].checked
    print(
        f"recourse, {len(names)} columns, {checked} plans of up to 2 changes, 500 draws, {patients} patients"
    )
    print(f"  {took / patients:.3f} s a patient")
    truth = [_risk(scm, cohort.take([at])) for at in range(patients)]
    gap = max(abs(each.now.risk - risk) for each, risk in zip(found, truth, strict=True))
    print(f"  risk as it is against the mechanism itself: off by {gap:.1e}")


def _risk(scm: Any, patient: Cohort) -> float:
    predictor = scm.mechanisms["infection"].predictor
    return float(expit(predictor({n: patient.values(n) for n in predictor.columns}))[0])


def main(patients: int) -> None:
    scm, frame, kinds = made_up()
    cohort = Cohort.from_frame(frame, outcome="infection", kinds=kinds)
    model = boosted(frame)
    causal_shapley(scm, model, cohort, patients)
    plans(scm, model, cohort, 2)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 100)
