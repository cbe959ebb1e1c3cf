"""Few hospitals on disk: everything is fitted again without each, as in memory."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import causalmed as cm

QUESTION = cm.Estimand.given(exposure="late", outcome="ssi", adjustment_set=["age", "ward"])
KINDS = {"late": "binary", "ssi": "binary"}


def table(n=6_000, hospitals=12, seed=3):
    rng = np.random.default_rng(seed)
    hospital = rng.integers(0, hospitals, n)
    age = rng.normal(0, 1, n)
    ward = rng.choice(["east", "north", "west"], n)
    late = rng.random(n) < 1 / (1 + np.exp(0.5 - 0.6 * age - rng.normal(0, 0.4, hospitals)[hospital]))
    odds = -1.5 + 0.5 * late + 0.6 * age + rng.normal(0, 0.5, hospitals)[hospital]
    ssi = rng.random(n) < 1 / (1 + np.exp(-odds))
    return pd.DataFrame(
        {
            "id": np.arange(n),
            "age": age,
            "ward": ward,
            "late": late.astype(int),
            "ssi": ssi.astype(int),
            "hospital": [f"H{k:02}" for k in hospital],
        }
    )


def cohorts(frame, place):
    frame.to_parquet(place / "few.parquet", row_group_size=1_700, index=False)
    roles = {"unit": "id", "outcome": "ssi", "cluster": "hospital", "kinds": KINDS}
    return cm.Cohort.from_frame(frame, **roles), cm.Cohort.from_parquet(place / "few.parquet", **roles)


@pytest.mark.parametrize("spec", [cm.TMLE(), cm.AIPW(by_arm=True), cm.IPW(), cm.GComputation()], ids=repr)
def test_the_jackknife_of_memory(spec, tmp_path):
    memory, disk = (cm.estimate(QUESTION, cohort, spec) for cohort in cohorts(table(), tmp_path))
    assert "jackknife" in disk.functionals.source
    assert disk.functionals.values.tobytes() == memory.functionals.values.tobytes()
    assert np.allclose(disk.functionals.covariance, memory.functionals.covariance, rtol=1e-5)
    assert disk.functionals.degrees_of_freedom == memory.functionals.degrees_of_freedom == 11
    stated = [
        next(check for check in effect.diagnostics.checks if check.name == "clusters").sentence
        for effect in (memory, disk)
    ]
    assert stated[0] == stated[1]
    assert disk.crude.covariance.tobytes() == memory.crude.covariance.tobytes()


def test_a_hospital_without_which_nothing_can_be_fitted(tmp_path):
    """Only one hospital has patients of the north ward: without it the column is constant."""
    frame = table()
    frame["ward"] = np.where(frame["hospital"] == "H03", frame["ward"], "east")
    memory, disk = (cm.estimate(QUESTION, cohort, cm.AIPW()) for cohort in cohorts(frame, tmp_path))
    assert np.allclose(disk.functionals.covariance, memory.functionals.covariance, rtol=1e-3)
    said = next(check for check in disk.diagnostics.checks if check.name == "clusters")
    assert "Without H03 no model could be fitted" in said.sentence


def test_influences_are_read_again(tmp_path):
    memory, disk = (cm.estimate(QUESTION, cohort, cm.TMLE()) for cohort in cohorts(table(), tmp_path))
    assert disk.functionals.influence is None
    again = np.concatenate(list(disk.functionals.influence_blocks()))
    assert again.tobytes() == memory.functionals.influence.tobytes()
