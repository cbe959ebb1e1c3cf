"""Designs that are coded when they are read give the bits of designs that are kept."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, Logistic, estimate
from causalmed.errors import InvalidArgument
from causalmed.estimation import IPWRA, coded
from causalmed.regression import DesignRecipe

SPECS = (
    GComputation(),
    GComputation(by_arm=True),
    IPW(),
    IPWRA(),
    AIPW(),
    TMLE(),
    AIPW(outcome=Logistic(formula="a * ward + u + I(u**2)")),
)


def cohort(cluster=None):
    rng = np.random.default_rng(3)
    n = 900
    u, ward = rng.normal(size=n), rng.choice(["east", "north", "west"], n)
    a = rng.random(n) < 1 / (1 + np.exp(-u))
    y = rng.random(n) < 1 / (1 + np.exp(0.8 - a - u + (ward == "west")))
    columns = {"u": u, "ward": ward, "a": a.astype(int), "y": y.astype(int)}
    if cluster:
        columns["h"] = [f"H{k}" for k in rng.integers(0, 8, n)]
    return Cohort.from_frame(pd.DataFrame(columns), cluster=cluster)


@pytest.mark.parametrize("cluster", [None, "h"])
@pytest.mark.parametrize("spec", SPECS, ids=repr)
def test_the_bits_are_those_of_designs_kept(spec, cluster, monkeypatch):
    question = Estimand.given(exposure="a", outcome="y", adjustment_set=["u", "ward"])
    kept = estimate(question, cohort(cluster), spec)
    monkeypatch.setattr(coded, "KEPT", 0)
    read = estimate(question, cohort(cluster), spec)
    assert kept.functionals.values.tobytes() == read.functionals.values.tobytes()
    assert kept.functionals.covariance.tobytes() == read.functionals.covariance.tobytes()
    assert kept.functionals.influence.tobytes() == read.functionals.influence.tobytes()
    assert kept.diagnostics.to_dict() == read.diagnostics.to_dict()


def test_rows_are_coded_as_a_whole_table_is():
    columns = [cohort().column(name) for name in ("u", "ward", "a")]
    recipe = DesignRecipe.learn(columns, formula="a * ward + u + I(u**2)")
    block = slice(37, 411)
    for override in (None, {"a": 1.0}, {"ward": 2.0}):
        expected = recipe.build(columns, override=override).matrix[block]
        assert np.array_equal(recipe.build_rows(columns, block, override, rows=900), expected)
        if override:
            plain = recipe.build_rows(columns, block, rows=900)
            assert np.array_equal(recipe.recoded(plain, columns, block, override), expected)
    assert len(recipe.build_rows(columns, slice(800, 2000), rows=900)) == 100


def test_a_column_that_the_design_does_not_read_cannot_be_set():
    recipe = DesignRecipe.learn([cohort().column("u")])
    with pytest.raises(InvalidArgument, match="'a' would change nothing"):
        recipe.check_override(["a"])
