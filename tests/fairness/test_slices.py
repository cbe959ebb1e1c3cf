"""Slices nobody named: found where they are, and not where nothing is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom
from statsmodels.stats.multitest import multipletests

from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument
from causalmed.fairness import Evidence, find_slices
from causalmed.fairness.slices import benjamini_hochberg

COLUMNS = ["sex", "ward", "age"]


def make(seed, n=3000, gap=0.0):
    rng = np.random.default_rng(seed)
    risk = rng.uniform(0.05, 0.35, n)
    sex, ward = rng.choice(["F", "M"], n), rng.choice(["a", "b", "c"], n)
    wrong = gap * ((sex == "F") & (ward == "c"))
    y = (rng.random(n) < risk + wrong).astype(int)
    frame = pd.DataFrame({"risk": risk, "y": y, "sex": sex, "ward": ward, "age": rng.normal(60, 10, n)})
    return Cohort.from_frame(frame, outcome="y")


def test_correction_equals_statsmodels():
    p = np.random.default_rng(1).uniform(0, 0.2, 12)
    np.testing.assert_allclose(benjamini_hochberg(p), multipletests(p, method="fdr_bh")[1])


def test_a_wrong_slice_is_found_on_patients_that_did_not_choose_it():
    found = find_slices("risk", make(2, n=6000, gap=0.2), columns=COLUMNS)
    best = found.slices[0]
    assert best.conditions == "sex F, ward c"
    assert best.state is Evidence.SHOWN
    assert 0.2 in best.difference
    assert best.n < 6000 / 6 * 0.7
    assert "sex F, ward c" in found.summary()
    assert len(found.to_frame()) == len(found.slices) <= 10


def test_where_the_risk_is_right_searches_show_nothing():
    audits = 60
    shown = [
        any(one.state is Evidence.SHOWN for one in find_slices("risk", make(seed), columns=COLUMNS).slices)
        for seed in range(audits)
    ]
    assert sum(shown) <= binom.ppf(0.999, audits, 0.05)


@pytest.mark.slow
def test_where_the_risk_is_right_searches_show_nothing_at_length():
    audits = 1500
    shown = [
        any(one.state is Evidence.SHOWN for one in find_slices("risk", make(seed), columns=COLUMNS).slices)
        for seed in range(audits)
    ]
    assert sum(shown) <= binom.ppf(0.999, audits, 0.05)


def test_bad_settings_are_refused():
    with pytest.raises(InvalidArgument, match="most"):
        find_slices("risk", make(1, n=300), columns=COLUMNS, most=0)
    with pytest.raises(InvalidArgument, match="protected"):
        find_slices("risk", make(1, n=300), columns=[])
