"""Attributions of trees beside shap: time, ratio and accuracy, on one thread.

Run ``python -m benchmarks.treeshap``. 500 boosted trees of depth 6 on 20 columns. shap is given the
background through ``maskers.Independent(max_samples=…)``, for it keeps 100 rows of an array otherwise. Where
a peer is timed on fewer rows its time is scaled, and the line says so: its cost is proportional to rows times
background.
"""

from __future__ import annotations

import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingClassifier
from threadpoolctl import threadpool_limits

from causalmed.explanation.trees import Forest, TreeRisk, interventional, path_dependent, read_trees
from causalmed.explanation.trees.risks import coalition_shares

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import shap

ROUNDS = 3
COLUMNS = 20
Array = NDArray[np.float64]


def grown() -> GradientBoostingClassifier:
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(5_000, COLUMNS))
    outcome = rows[:, 0] * rows[:, 1] + rows[:, 2] + 0.5 * rows[:, 3] + rng.normal(size=5_000) > 0
    model = GradientBoostingClassifier(
        n_estimators=500, max_depth=6, learning_rate=0.05, subsample=0.5, max_features=6, random_state=0
    )
    return model.fit(rows, outcome)


def timed(task: Callable[[], Array], rounds: int = ROUNDS) -> tuple[float, Array]:
    """Return the median processor seconds, and the answer."""
    seconds = []
    for _ in range(rounds):
        begin = time.process_time()
        answer = task()
        seconds.append(time.process_time() - begin)
    return statistics.median(seconds), answer


def line(name: str, seconds: float, own: float, note: str) -> None:
    print(f"  {name:<26} {seconds:10.3f} s {seconds / own:9.1f}x  {note}")


def against_background(model: GradientBoostingClassifier, forest: Forest) -> None:
    rows, background = np.random.default_rng(1).normal(size=(2, 1_000, COLUMNS))
    own, found = timed(lambda: interventional(forest, rows, background=background))
    gap = np.abs(found.sum(axis=1) + forest(background).mean() - model.decision_function(rows)).max()
    print("against a background: 1,000 rows, 1,000 background rows")
    line("causalmed", own, own, f"sums to the prediction within {gap:.1e}")
    explainer = shap.TreeExplainer(model, shap.maskers.Independent(background, max_samples=1_000))
    theirs, values = timed(lambda: explainer.shap_values(rows[:10], check_additivity=False), 1)
    off = np.abs(values.sum(axis=1) + explainer.expected_value - model.decision_function(rows[:10])).max()
    away = np.abs(values - found[:10]).max()
    line("shap.TreeExplainer", 100 * theirs, own, f"timed on 10 rows, x 100; sums within {off:.1e}")
    print(f"  largest difference {away:.1e}")


def along_paths(model: GradientBoostingClassifier, forest: Forest, count: int, asked: int) -> None:
    rows = np.random.default_rng(2).normal(size=(count, COLUMNS))
    own, found = timed(lambda: path_dependent(forest, rows)[0])
    explainer = shap.TreeExplainer(model)
    theirs, values = timed(lambda: explainer.shap_values(rows[:asked], check_additivity=False), 1)
    scaled = "" if asked == count else f", timed on {asked:,} rows, scaled"
    print(f"along the paths: {count:,} rows")
    line("causalmed", own, own, "")
    away = np.abs(values - found[:asked]).max()
    line("shap.TreeExplainer", theirs * count / asked, own, f"largest difference {away:.1e}{scaled}")


def on_the_risk(model: GradientBoostingClassifier, forest: Forest, players: int, asked: int) -> None:
    """Share out the risk itself; columns are grouped into players, so that all coalitions can be asked."""
    rows, background = np.random.default_rng(4).normal(size=(2, 1_000, COLUMNS))
    player = np.minimum(np.arange(COLUMNS), players - 1)
    tree = TreeRisk(forest=forest, player=tuple(player.tolist()), columns=lambda matrix: matrix)
    own, found = timed(lambda: coalition_shares(tree, rows[:asked], background, players)[0])
    few = 4
    chosen = (np.arange(1 << players)[:, None] >> player) & 1 == 1
    mixed = np.where(chosen[:, None], rows[0], background[:few]).reshape(-1, COLUMNS)
    theirs, _ = timed(lambda: model.predict_proba(mixed)[:, 1], 1)
    gap = np.abs(found.sum(axis=1) + forest.risk(background).mean() - forest.risk(rows[:asked])).max()
    print(f"on the scale of risk: {asked} patients, {players} players, 1,000 background rows")
    line("causalmed", own / asked, own / asked, f"a patient; sums to the risk within {gap:.1e}")
    scaled = theirs * 1_000 / few
    line(
        "all coalitions, predicted", scaled, own / asked, f"a patient, timed on {few} background rows, scaled"
    )


def predictions(model: GradientBoostingClassifier, forest: Forest, count: int) -> None:
    rows = np.random.default_rng(3).normal(size=(count, COLUMNS))
    own, found = timed(lambda: forest(rows))
    theirs, values = timed(lambda: np.asarray(model.decision_function(rows)))
    print(f"predictions: {count:,} rows")
    line("causalmed", own, own, f"{1e9 * own / count / len(forest):.1f} ns a row and tree")
    line("scikit-learn", theirs, own, f"largest difference {np.abs(values - found).max():.1e}")


def main() -> None:
    model = grown()
    forest = read_trees(model)
    leaves = int((forest.child == np.arange(len(forest.child))).sum()) / len(forest)
    print(f"{len(forest)} trees of depth 6, {leaves:.0f} leaves a tree, {COLUMNS} columns")
    against_background(model, forest)
    along_paths(model, forest, 1_000, 1_000)
    along_paths(model, forest, 20_000, 2_000)
    on_the_risk(model, forest, 12, 5)
    predictions(model, forest, 20_000)


if __name__ == "__main__":
    with threadpool_limits(1):
        main()
