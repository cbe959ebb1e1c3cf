"""Published Bayesian networks: read, drawn from, and their true classes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from causalmed import Graph

DATA = Path(__file__).resolve().parents[1] / "data"


@dataclass(frozen=True)
class Network:
    levels: dict[str, list[str]]
    parents: dict[str, list[str]]
    shares: dict[str, dict[tuple[str, ...], list[float]]]

    @property
    def graph(self):
        return Graph.of(
            sorted((u, v) for v, causes in self.parents.items() for u in causes), nodes=sorted(self.levels)
        )

    def sample(self, n, seed):
        rng = np.random.default_rng(seed)
        codes = {}
        for name in self.graph.topological_order():
            uniform, drawn = rng.random(n), np.zeros(n, dtype=int)
            causes = self.parents[name]
            for given, shares in self.shares[name].items():
                rows = np.ones(n, dtype=bool)
                for cause, level in zip(causes, given, strict=True):
                    rows &= codes[cause] == self.levels[cause].index(level)
                last = len(shares) - 1
                drawn[rows] = np.minimum(
                    np.searchsorted(np.cumsum(shares), uniform[rows], side="right"), last
                )
            codes[name] = drawn
        return pd.DataFrame(codes)


def read(name):
    text = (DATA / f"net_{name}.bif").read_text()
    levels = {
        node: [level.strip() for level in listed.split(",")]
        for node, listed in re.findall(r"variable (\w+) \{\s*type discrete \[ \d+ \] \{([^}]*)\}", text)
    }
    parents, shares = {}, {}
    for node, given, body in re.findall(r"probability \( (\w+)(?: \| ([^)]*))? \) \{([^}]*)\}", text):
        parents[node] = [one.strip() for one in given.split(",")] if given else []
        rows = re.findall(r"\(([^)]*)\)([^;]*);", body)
        table = re.search(r"table([^;]*);", body)
        listed = (
            [((), table.group(1))] if table else [(tuple(map(str.strip, k.split(","))), v) for k, v in rows]
        )
        shares[node] = {key: [float(share) for share in values.split(",")] for key, values in listed}
    return Network(levels=levels, parents=parents, shares=shares)
