"""Diagnostics pass where the mechanism is right and speak where it is wrong."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed.cohort import Cohort
from causalmed.graph import Graph
from causalmed.results import State
from causalmed.scm import MechanismSpec, fit_scm

GRAPH = Graph.parse("dag { age -> {stay ssi wound}; stay -> ssi }")


def made(n: int, seed: int, *, skewed: bool = False, curved: bool = False) -> Cohort:
    rng = np.random.default_rng(seed)
    age = rng.normal(size=n)
    noise = rng.normal(size=n)
    stay = np.exp(1 + 0.3 * age + 0.8 * noise) if skewed else 5 + age + noise
    eta = -1 + 1.5 * age**2 if curved else -1 + 0.8 * age
    wound = np.digitize(age + rng.logistic(size=n), [-1, 1])
    frame = pd.DataFrame(
        {"age": age, "stay": stay, "ssi": rng.random(n) < 1 / (1 + np.exp(-eta)), "wound": wound}
    )
    return Cohort.from_frame(frame, outcome="ssi", kinds={"wound": (0, 1, 2)})


@pytest.mark.parametrize("seed", range(4))
def test_right_mechanisms_pass(seed):
    cohort = made(3_000, seed)
    gate = fit_scm(GRAPH, cohort).diagnose(cohort)
    assert gate.state is State.PASS
    assert [check.name for check in gate.checks][:3] == [
        "stay: calibration",
        "stay: nothing left in its causes",
        "stay: log score",
    ]
    assert len(gate.checks) == 9


def test_a_skewed_node_warns_and_the_lognormal_cures_it():
    cohort = made(3_000, 1, skewed=True)
    gate = fit_scm(GRAPH, cohort, mechanisms={"stay": "linear"}).diagnose(cohort)
    assert gate.check("stay: calibration").state is not State.PASS
    assert "lognormal" in gate.check("stay: calibration").advice
    cured = fit_scm(GRAPH, cohort, mechanisms={"stay": "lognormal"}).diagnose(cohort)
    assert cured.check("stay: calibration").state is State.PASS


@pytest.mark.parametrize("skewed", [False, True])
def test_the_likelier_law_of_a_positive_column_is_chosen(skewed):
    model = fit_scm(GRAPH, made(3_000, 1, skewed=skewed))
    assert model.specs["stay"].family == ("lognormal" if skewed else "linear")


def test_a_missing_square_is_found_and_the_advice_cures_it():
    cohort = made(3_000, 1, curved=True)
    check = fit_scm(GRAPH, cohort).diagnose(cohort).check("ssi: nothing left in its causes")
    assert check.state is State.FAIL
    assert "age**2" in check.advice
    spec = MechanismSpec(family="logistic", terms=("age", "age**2", "stay"))
    gate = fit_scm(GRAPH, cohort, mechanisms={"ssi": spec}).diagnose(cohort)
    assert gate.check("ssi: nothing left in its causes").state is State.PASS


def test_other_patients_are_judged_without_a_new_fit():
    scm = fit_scm(GRAPH, made(2_000, 1))
    assert scm.diagnose(made(2_000, 2)).state is State.PASS
    assert scm.diagnose(made(2_000, 2, skewed=True)).state is not State.PASS


def test_halves_that_cannot_be_fitted_are_said():
    frame = pd.DataFrame(
        {"age": np.random.default_rng(3).normal(size=60), "ssi": np.isin(np.arange(60), (7, 20))}
    )
    cohort = Cohort.from_frame(frame, outcome="ssi", kinds={"ssi": "binary"})
    scm = fit_scm(
        Graph.parse("dag { age -> ssi }"), cohort, mechanisms={"ssi": MechanismSpec(family="logistic")}
    )
    found = {scm.diagnose(cohort, seed=seed).checks[0].sentence for seed in range(6)}
    assert any("could not be judged" in sentence for sentence in found)


def test_n_jobs_changes_nothing():
    cohort = made(1_000, 4)
    model = fit_scm(GRAPH, cohort)
    assert model.diagnose(cohort, n_jobs=2) == model.diagnose(cohort)
