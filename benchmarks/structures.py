"""Distance of every discovery method from the truth on published networks, beside causal-learn and pgmpy.

Run ``python -m benchmarks.structures``; ``quick`` leaves out Sachs. A cell holds structural Hamming
distances, one a sample: pairs of nodes whose edge differs from that of the true class (a CPDAG; for FCI a
PAG). pgmpy is compared where it can be imported.
"""

from __future__ import annotations

import contextlib
import io
import logging
import re
import sys
import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from causalmed import Cohort, Graph, discover
from causalmed.discovery import MarkedGraph, Oracle, Search, background, learned
from causalmed.discovery.causallearn_adapter import marks_of
from causalmed.discovery.marks import ARROW, TAIL
from causalmed.engine import generator
from causalmed.scm import DiscreteNetwork, read_bif

DATA = Path(__file__).resolve().parents[1] / "tests" / "data"
ROWS, ALPHA, LARGEST = 5_000, 0.01, 3
SAMPLES: Mapping[str, int] = {"cancer": 3, "survey": 3, "asia": 3, "sachs": 1}
Method = Callable[[pd.DataFrame], MarkedGraph]


def drawn(network: DiscreteNetwork, *, seed: int) -> pd.DataFrame:
    """Draw rows of a network as codes of levels."""
    codes: dict[str, Any] = {}
    for node in network.graph.topological_order():
        table = network.tables[node]
        shares = table[tuple(codes[cause] for cause in network.causes[node])]
        uniform = generator(seed, "benchmark", node).random(ROWS)
        below = np.cumsum(np.broadcast_to(shares, (ROWS, table.shape[-1])), axis=1) < uniform[:, None]
        codes[node] = np.minimum(below.sum(axis=1), table.shape[-1] - 1)
    return pd.DataFrame(codes)[sorted(codes)]


def class_of(graph: Graph, method: str) -> MarkedGraph:
    """Return the true CPDAG or PAG."""
    names = tuple(sorted(graph.nodes))
    search = Search(method=method, test="auto", alpha=0.5, max_given=None, known=background(names))  # type: ignore[arg-type]
    return learned(search, Oracle(graph=graph, names=names), names)


def ours(method: str, *, discrete: bool) -> Method:
    """Return one of our methods."""

    def run(rows: pd.DataFrame) -> MarkedGraph:
        kinds = {str(name): tuple(sorted(set(rows[name]))) for name in rows} if discrete else {}
        found = discover(
            Cohort.from_frame(rows, kinds=kinds),
            method=method,  # type: ignore[arg-type]
            latents="allowed" if method == "fci" else "none",
            alpha=ALPHA,
            max_given=LARGEST,
            bootstrap=0,
        )
        return found.graph

    return run


def causal_learn(method: str, *, discrete: bool) -> Method:
    """Return causal-learn's PC or FCI."""

    def run(rows: pd.DataFrame) -> MarkedGraph:
        from causallearn.search.ConstraintBased.FCI import fci
        from causallearn.search.ConstraintBased.PC import pc

        values, test = rows.to_numpy(), "gsq" if discrete else "fisherz"
        if method == "pc":
            table = pc(values, ALPHA, test, show_progress=False).G.graph
        else:
            table = fci(values, test, ALPHA, depth=LARGEST, verbose=False, show_progress=False)[0].graph
        kind = "pag" if method == "fci" else "cpdag"
        return MarkedGraph(nodes=tuple(map(str, rows)), kind=kind, marks=marks_of(table))  # type: ignore[arg-type]

    return run


def pgmpy(method: str, *, discrete: bool) -> Method:
    """Return pgmpy's PC or its hill climbing by BIC, the latter's graph as the class it belongs to."""

    def run(rows: pd.DataFrame) -> MarkedGraph:
        from pgmpy import estimators

        if method == "hill climbing":
            climb, score = estimators.HillClimbSearch(rows), estimators.BicScore(rows)
            arrows = climb.estimate(scoring_method=score, show_progress=False).edges()
            return class_of(Graph.of(sorted(arrows), nodes=sorted(map(str, rows))), "pc")
        found = estimators.PC(rows).estimate(
            ci_test="chi_square" if discrete else "pearsonr",
            significance_level=ALPHA,
            return_type="pdag",
            max_cond_vars=LARGEST,
            n_jobs=1,
            show_progress=False,
        )
        number, marks = (
            {name: k for k, name in enumerate(rows)},
            np.zeros((rows.shape[1],) * 2, dtype=np.int8),
        )
        for u, v in found.undirected_edges:
            marks[number[u], number[v]] = marks[number[v], number[u]] = TAIL
        for u, v in found.directed_edges:
            marks[number[u], number[v]], marks[number[v], number[u]] = ARROW, TAIL
        return MarkedGraph(nodes=tuple(map(str, rows)), kind="cpdag", marks=marks)

    return run


def methods(*, discrete: bool) -> dict[str, tuple[str, Method]]:
    """Name every method, with the class that it is compared with."""
    listed = {
        "PC": ("pc", ours("pc", discrete=discrete)),
        "causal-learn PC": ("pc", causal_learn("pc", discrete=discrete)),
        "pgmpy PC": ("pc", pgmpy("pc", discrete=discrete)),
        "GES": ("pc", ours("ges", discrete=discrete)),
        "pgmpy hill climbing": ("pc", pgmpy("hill climbing", discrete=discrete)),
        "FCI": ("fci", ours("fci", discrete=discrete)),
        "causal-learn FCI": ("fci", causal_learn("fci", discrete=discrete)),
    }
    if not discrete:
        del listed["pgmpy hill climbing"]
    return listed


def line(name: str, graph: Graph, samples: list[pd.DataFrame], *, discrete: bool) -> None:
    """Print one row of the table: distances, and the seconds of processor time of one run."""
    cells = [f"{name} ({len(graph.directed)})"]
    for kind, run in methods(discrete=discrete).values():
        truth, begin = class_of(graph, kind), time.process_time()
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # causal-learn prints
                found = [run(rows).distance(truth) for rows in samples]
        except ImportError:
            cells.append("not installed")
            continue
        except Exception as error:
            cells.append(f"failed: {type(error).__name__}")
            continue
        spent = (time.process_time() - begin) / len(samples)
        cells.append(f"{', '.join(map(str, found))} ({spent:.2g} s)")
    print("| " + " | ".join(cells) + " |", flush=True)


def cells() -> tuple[Graph, pd.DataFrame]:
    """Read the cells of Sachs (2005), logarithms, and the graph on which biologists agreed."""
    text = (DATA / "sachs_truth.txt").read_text()
    graph = Graph.of(re.findall(r"(\w+) --> (\w+)", text))
    rows = pd.read_csv(DATA / "sachs_continuous.csv.gz")[sorted(graph.nodes)]
    return graph, rows.transform("log")


def main() -> None:
    """Print the table."""
    names = methods(discrete=True)
    print("| network (arrows) | " + " | ".join(names) + " |\n|" + "---|" * (len(names) + 1))
    for name, count in SAMPLES.items():
        if name == "sachs" and "quick" in sys.argv:
            continue
        network = read_bif(DATA / f"net_{name}.bif")
        line(name, network.graph, [drawn(network, seed=seed) for seed in range(count)], discrete=True)
    graph, rows = cells()
    print("\n| network (arrows) | " + " | ".join(methods(discrete=False)) + " |\n|" + "---|" * len(names))
    line(f"Sachs, {len(rows):,} cells", graph, [rows], discrete=False)


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    main()
