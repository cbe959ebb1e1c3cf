"""One number: whoever computes it, wherever the rows are, in whatever order and portions they come."""

from __future__ import annotations

import warnings
from functools import cache

import joblib
import numpy as np
import pandas as pd
import polars as pl
import pytest

import causalmed as cm
from causalmed.cohort import sort_parquet
from causalmed.engine import BLOCK_ROWS

N = BLOCK_ROWS + 5_000
"""More than one block: what is added up matters."""
KINDS = {"asa": (1, 2, 3), "hospital": "categorical"}
QUESTION = cm.Estimand.given(
    exposure="late", outcome="infected", adjustment_set=["age", "sex", "asa", "ward"]
)
STAY = cm.Estimand.given(exposure="late", outcome="days", adjustment_set=["age", "sex", "asa"])
SPECS = (cm.AIPW(), cm.TMLE(), cm.IPW(), cm.GComputation())


@cache
def make(n=N, hospitals=60, seed=5):
    rng = np.random.default_rng(seed)
    hospital = rng.integers(0, hospitals, n)
    age, sex, asa = rng.normal(60, 10, n).round(1), rng.random(n) < 0.5, rng.integers(1, 4, n)
    ward = rng.choice(["east", "north", "west"], n)
    late = rng.random(n) < 1 / (1 + np.exp(1 - (age - 60) / 30 - 0.3 * sex - 0.4 * (ward == "east")))
    risk = 1 / (1 + np.exp(2.2 - 0.7 * late - (age - 60) / 20 - 0.3 * asa))
    return pd.DataFrame(
        {
            "id": rng.permutation(10 * n)[:n],
            "age": age,
            "sex": np.where(sex, "F", "M"),
            "asa": asa,
            "ward": ward,
            "late": late.astype(int),
            "infected": (rng.random(n) < risk).astype(int),
            "days": 5 + 2 * late + age / 10 + rng.normal(0, 2, n),
            "hospital": [f"H{k:02}" for k in hospital],
        }
    )


def shuffled():
    return make().sample(frac=1, random_state=3)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The same table with row groups of every size, and one that was sorted on disk."""
    place = tmp_path_factory.mktemp("parquet")
    ordered = make().sort_values("id")
    for group in (BLOCK_ROWS, 7_777, 1_000_000):
        ordered.to_parquet(place / f"{group}.parquet", row_group_size=group, index=False)
    shuffled().to_parquet(place / "raw.parquet", row_group_size=20_000, index=False)
    sort_parquet(place / "raw.parquet", to=place / "sorted.parquet", unit="id")
    return place


FRAMES = {
    "pandas": make,
    "pandas, shuffled": shuffled,
    "polars": lambda: pl.from_pandas(shuffled()),
    "arrow": lambda: pl.from_pandas(make().iloc[::-1]).to_arrow(),
}
FILES = (str(BLOCK_ROWS), "7777", "1000000", "sorted")


def roles(cluster=None):
    return {"unit": "id", "outcome": "infected", "kinds": KINDS, "cluster": cluster}


@cache
def in_memory(name="pandas", cluster=None):
    return cm.Cohort.from_frame(FRAMES[name](), **roles(cluster))


def on_disk(folder, name=FILES[0], cluster=None):
    return cm.Cohort.from_parquet(folder / f"{name}.parquet", **roles(cluster))


def bits(effect):
    functionals = effect.functionals
    return functionals.values.tobytes(), functionals.covariance.tobytes(), effect.to_dict()


@cache
def reference(spec, cluster=None):
    return bits(cm.estimate(QUESTION, in_memory(cluster=cluster), spec))


@pytest.mark.parametrize("source", [name for name in FRAMES if name != "pandas"])
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_tables_in_memory(source, spec):
    assert bits(cm.estimate(QUESTION, in_memory(source), spec)) == reference(spec)


SOME_FILES = [(spec, file) for spec in SPECS for file in FILES if spec in SPECS[:2] or file == "7777"]


@pytest.mark.parametrize(("spec", "file"), SOME_FILES, ids=repr)
def test_files(folder, spec, file):
    found = cm.estimate(QUESTION, on_disk(folder, file), spec)
    assert bits(found) == reference(spec)
    assert found.functionals.influence is None


def dask_workers():
    """Two worker processes of a cluster on this machine."""
    distributed = pytest.importorskip("distributed")
    cluster = distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None)
    return cluster, distributed.Client(cluster)


EXECUTORS = {
    "threads of joblib": lambda: joblib.parallel_config("threading", n_jobs=2),
    "two processes": lambda: joblib.parallel_config("loky", n_jobs=2),
}


@pytest.mark.parametrize("executor", EXECUTORS)
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_executors(folder, executor, spec):
    expected = reference(spec)
    with EXECUTORS[executor]():
        assert bits(cm.estimate(QUESTION, on_disk(folder, "7777"), spec)) == expected


def test_threads(folder):
    found = [bits(cm.estimate(QUESTION, on_disk(folder), cm.TMLE(), n_jobs=n_jobs)) for n_jobs in (1, 2)]
    assert found[0] == found[1] == reference(cm.TMLE())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
def test_a_dask_cluster(folder):
    expected = {spec: reference(spec) for spec in SPECS}
    cluster, client = dask_workers()
    try:
        with joblib.parallel_config("dask"):
            found = {spec: bits(cm.estimate(QUESTION, on_disk(folder, "7777"), spec)) for spec in SPECS}
    finally:
        client.close()
        cluster.close()
    for spec in SPECS:
        assert found[spec] == expected[spec], spec


@pytest.mark.parametrize("spec", [cm.TMLE(), cm.GComputation()], ids=repr)
def test_clusters(folder, spec):
    found = cm.estimate(QUESTION, on_disk(folder, cluster="hospital"), spec)
    assert bits(found) == reference(spec, "hospital")
    assert found.clusters == 60


VARIANTS = (
    (cm.AIPW(by_arm=True), "exposed"),
    (cm.TMLE(fluctuation="covariate"), "overlap"),
    (cm.IPW(stabilised=False, trim=0.2), "all"),
    (cm.GComputation(by_arm=True), "unexposed"),
    (cm.AIPW(propensity=cm.Logistic(formula="age*sex + I(age**2) + asa")), "all"),
)


@pytest.mark.parametrize(("spec", "population"), VARIANTS, ids=repr)
def test_variants(folder, spec, population):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", cm.errors.CausalmedWarning)
        memory, disk = (
            cm.estimate(QUESTION, cohort, spec, population=population)
            for cohort in (in_memory(), on_disk(folder))
        )
    assert bits(memory) == bits(disk)


@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_outcomes_that_are_numbers(folder, spec):
    memory, disk = (cm.estimate(STAY, cohort, spec) for cohort in (in_memory(), on_disk(folder)))
    assert bits(memory) == bits(disk)


def test_a_rare_outcome_gets_the_larger_variance(folder):
    rare = cm.Estimand.given(exposure="late", outcome="dead", adjustment_set=["age", "sex"])
    frame = make().sort_values("id").assign(dead=lambda table: (table["id"] % 97 == 0).astype(int))
    frame.to_parquet(folder / "rare.parquet", row_group_size=9_999, index=False)
    with pytest.warns(cm.errors.RareEventWarning):
        memory = cm.estimate(rare, cm.Cohort.from_frame(frame, **roles()), cm.AIPW())
    with pytest.warns(cm.errors.RareEventWarning):
        disk = cm.estimate(rare, cm.Cohort.from_parquet(folder / "rare.parquet", **roles()), cm.AIPW())
    assert bits(memory) == bits(disk)


def test_part_of_a_file(folder):
    """Rows that are left out shift every block after them."""
    condition = {"expression": "age > 50 and ward != 'west'", "reason": "asked about"}
    memory, disk = (
        cm.estimate(QUESTION, cohort.where(**condition), cm.TMLE())
        for cohort in (in_memory(), on_disk(folder, "7777"))
    )
    assert bits(memory) == bits(disk)


def test_effects_within_levels_by_cluster_ask_for_the_rows(folder):
    with pytest.raises(cm.errors.InvalidArgument, match=r"cohort\.collect\(\)"):
        cm.estimate(QUESTION, on_disk(folder, cluster="hospital"), cm.AIPW(), by="sex")


def test_effects_within_levels(folder):
    memory, disk = (
        cm.estimate(QUESTION, cohort, cm.AIPW(), by="sex") for cohort in (in_memory(), on_disk(folder))
    )
    for label in ("F", "M"):
        assert bits(memory.effects[label]) == bits(disk.effects[label])
