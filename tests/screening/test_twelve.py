"""The twelve-risks study: its seeds, its tables, and its aims on a cohort for development."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from benchmarks.twelve import peers
from benchmarks.twelve.__main__ import summary
from benchmarks.twelve.seeds import COHORTS, STUDY_SEEDS, TRIAL_SEEDS
from benchmarks.twelve.study import GRAPH, METHODS, TIERS, answers
from causalmed.datasets.postop_constants import CAUSES

DOCS = Path(__file__).resolve().parents[2] / "docs" / "methods"


def test_no_seed_of_the_study_was_used_for_development() -> None:
    assert len(set(STUDY_SEEDS)) == COHORTS == 20
    assert not set(STUDY_SEEDS) & set(TRIAL_SEEDS)


def test_the_printed_table_is_that_of_the_cohorts() -> None:
    cohorts = pd.read_csv(DOCS / "twelve-risks-cohorts.csv", keep_default_na=False)
    assert set(cohorts["seed"]) <= set(STUDY_SEEDS)
    assert all(tuple(part["method"]) == METHODS for _, part in cohorts.groupby("seed"))
    printed = pd.read_csv(DOCS / "twelve-risks.csv")
    pd.testing.assert_frame_equal(summary(cohorts).astype(str), printed.astype(str))
    missed = cohorts["missed_names"].str.split().map(len)
    np.testing.assert_array_equal(cohorts["hits"] + missed, len(CAUSES))


def test_holm_rejects_step_by_step() -> None:
    assert peers.holm(["a", "b", "c"], [0.004, 0.001, 0.02]) == ["b", "a"]
    assert peers.holm(["a", "b"], [0.006, 0.5]) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", TRIAL_SEEDS[10:12])
def test_the_aims_are_met_on_cohorts_for_development(seed: int) -> None:
    named = {answer.method: answer for answer, _ in answers(seed)}
    assert tuple(named) == METHODS
    assert (named[GRAPH].hits, named[GRAPH].false) == (12, ())
    assert named[TIERS].hits >= 8
    assert len(named[TIERS].false) <= 1
    assert len(named["univariate tests, Holm"].false) >= 5
