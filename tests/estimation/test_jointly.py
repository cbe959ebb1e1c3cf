"""Intervals that hold together."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, norm

from causalmed import AIPW, Cohort, Estimand, estimate
from causalmed.errors import InvalidArgument
from causalmed.estimation import Bootstrap, simultaneous

EXPOSURES = ("a", "b", "c")


def ward(seed, n=500, alike=0.0):
    rng = np.random.default_rng(seed)
    common = rng.random(n)
    columns = {name: np.where(rng.random(n) < alike, common, rng.random(n)) < 0.5 for name in EXPOSURES}
    table = pd.DataFrame(columns | {"y": rng.random(n) < 0.4, "h": rng.integers(0, 50, n)})
    return Cohort.from_frame(table.astype(int), kinds={"h": "categorical"})


def effects_of(cohort, spec=None):
    return [
        estimate(Estimand.given(exposure=name, outcome="y", adjustment_set=[]), cohort, spec or AIPW())
        for name in EXPOSURES
    ]


def factors(effects, intervals):
    return [
        (interval.high - interval.estimate) / effect.difference.std_error
        for effect, interval in zip(effects, intervals, strict=True)
    ]


def test_independent_effects_pay_sidak_and_equal_ones_nothing():
    effects = effects_of(ward(1, n=20_000))
    sidak = norm.ppf(0.5 + 0.95 ** (1 / 3) / 2)
    assert factors(effects, simultaneous(effects)) == pytest.approx([sidak] * 3, rel=0.01)
    same = [effects[0]] * 3
    assert factors(same, simultaneous(same)) == pytest.approx([norm.ppf(0.975)] * 3, rel=0.01)


def test_all_hold_as_often_as_they_say():
    hits, draws = 0, 150
    for seed in range(draws):
        intervals = simultaneous(effects_of(ward(seed, n=300, alike=0.7)))
        hits += all(0 in interval for interval in intervals)
    assert binom.ppf(0.001, draws, 0.95) <= hits <= binom.ppf(0.999, draws, 0.95)


def test_the_bootstrap_brings_its_own_errors():
    effects = effects_of(ward(1), Bootstrap(replicates=100))
    together = simultaneous(effects, level=0.9)
    for effect, interval in zip(effects, together, strict=True):
        assert interval.estimate == effect.difference.estimate
        assert interval.std_error == effect.difference.std_error
        assert interval.level == 0.9


def test_refusals():
    cohort, other = ward(1), ward(2)
    effects = effects_of(cohort)
    for wrong, message in (
        ([], "at least one"),
        ([1], "at least one"),
        ([effects[0], effects_of(other)[0]], "different patients"),
    ):
        with pytest.raises(InvalidArgument, match=message):
            simultaneous(wrong)
    with pytest.raises(InvalidArgument, match="level"):
        simultaneous(effects, level=95)
    table = cohort.to_frame()
    clustered = Cohort.from_frame(table, cluster="h", kinds={"h": "categorical"})
    in_clusters = effects_of(clustered)
    with pytest.raises(InvalidArgument, match="cohort="):
        simultaneous(in_clusters)
    assert len(simultaneous(in_clusters, cohort=clustered)) == 3
