"""A screen of rows that stay on disk is the screen of the same rows in memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causalmed as cm

GRAPH = cm.Graph.parse(
    "dag { late [exposure] cold [exposure] music [exposure] drain [exposure] ssi [outcome] frailty [latent] "
    "age -> {late cold ssi}; {late cold music drain} -> ssi; frailty -> {drain ssi} }"
)


@pytest.fixture(scope="module")
def frame():
    n, rng = 70_000, np.random.default_rng(8)
    hospital = rng.integers(0, 45, n)
    age = rng.normal(0, 1, n)
    late, cold, music, drain = (rng.random((4, n)) < 1 / (1 + np.exp(0.8 - 0.4 * age))).astype(int)
    odds = -2.2 + 0.5 * late + 0.08 * cold + 0.5 * age + rng.normal(0, 0.2, 45)[hospital]
    ssi = rng.random(n) < 1 / (1 + np.exp(-odds))
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "age": age,
            "late": late,
            "cold": cold,
            "music": music,
            "drain": drain,
            "ssi": ssi.astype(int),
            "hospital": [f"H{k:02}" for k in hospital],
        }
    )


@pytest.mark.parametrize("cluster", [None, "hospital"])
def test_the_screen_of_memory(frame, cluster, tmp_path):
    frame.to_parquet(tmp_path / "rows.parquet", row_group_size=30_000, index=False)
    roles = {"unit": "id", "outcome": "ssi", "cluster": cluster}
    memory = cm.screen_risks(GRAPH, cm.Cohort.from_frame(frame, **roles), seed=2)
    disk = cm.screen_risks(GRAPH, cm.Cohort.from_parquet(tmp_path / "rows.parquet", **roles), seed=2)
    assert disk.to_dict() == memory.to_dict()
    assert disk.candidate("late").verdict == "cause"
    assert disk.candidate("drain").verdict == "not identifiable"


def test_intervals_together(frame, tmp_path):
    frame.to_parquet(tmp_path / "rows.parquet", row_group_size=30_000, index=False)
    roles = {"unit": "id", "outcome": "ssi", "cluster": "hospital"}
    found = []
    for cohort in (
        cm.Cohort.from_frame(frame, **roles),
        cm.Cohort.from_parquet(tmp_path / "rows.parquet", **roles),
    ):
        effects = [
            cm.estimate(
                cm.Estimand.given(exposure=name, outcome="ssi", adjustment_set=["age"]), cohort, cm.AIPW()
            )
            for name in ("late", "cold", "music")
        ]
        found.append(cm.estimation.simultaneous(effects, cohort=cohort))
    assert found[0] == found[1]
