"""Hospitals expose the exposure behind which something hidden stands, at the stated level, and say so."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from causalmed import Cohort
from causalmed.discovery import exogeneity
from causalmed.errors import CausalmedError, ColumnNotFound, InvalidArgument


def patients(seed, n=4000, *, shared=1.5):
    rng = np.random.default_rng(seed)
    hospital = rng.integers(0, 12, n)
    habits = rng.normal(0, 0.9, (3, 12))
    age, frailty = rng.normal(size=(2, n))

    def practice(number, own):
        risk = habits[number][hospital] + own
        return (rng.random(n) < 1 / (1 + np.exp(-risk))).astype(int)

    warm = practice(0, 0.7 * age)
    drain = practice(1, shared * frailty)
    music = (rng.random(n) < 0.5).astype(int)
    risk = -1.5 + 0.5 * age - 0.8 * warm + shared * frailty
    ssi = (rng.random(n) < 1 / (1 + np.exp(-risk))).astype(int)
    columns = {"hospital": hospital, "age": age, "warm": warm, "drain": drain, "music": music, "ssi": ssi}
    return Cohort.from_frame(pd.DataFrame(columns), kinds={"hospital": tuple(range(12))})


ASKED = {"environment": "hospital", "outcome": "ssi", "exposures": ["warm", "drain"], "given": ["age"]}


def test_where_nothing_is_hidden_the_level_is_kept():
    runs = 60
    wrong = np.zeros(2)
    for seed in range(runs):
        found = exogeneity(patients(seed, 1500, shared=0.0), **ASKED, alpha=0.05)
        wrong += [one.hidden <= 0.05 for one in found]
    assert (wrong <= binom.ppf(0.999, runs, 0.05)).all()


def test_the_confounded_exposure_is_told_from_the_other():
    runs = 10
    told = [exogeneity(patients(100 + seed, 8000), **ASKED) for seed in range(runs)]
    assert sum(drain.verdict == "hidden cause" for _, drain in told) >= 9
    assert sum(warm.verdict == "no sign of a hidden cause" for warm, _ in told) >= 9


def test_what_hospitals_do_not_move_cannot_be_told():
    (found,) = exogeneity(patients(3), environment="hospital", outcome="ssi", exposures=["music"])
    assert found.verdict == "not moved"
    assert "does not move music enough" in str(found)


def test_the_p_values_are_those_of_statsmodels():
    import statsmodels.formula.api as smf
    from scipy.stats import chi2

    cohort = patients(5)
    frame = pd.DataFrame({name: cohort.values(name) for name in ("hospital", "age", "warm", "drain", "ssi")})
    for name in ("warm", "drain"):
        first = smf.ols(f"{name} ~ age + C(hospital)", frame).fit()
        frame[f"rest_{name}"] = first.resid
        (mine,) = (one for one in exogeneity(cohort, **ASKED) if one.exposure == name)
        expected = first.compare_f_test(smf.ols(f"{name} ~ age", frame).fit())[1]
        assert mine.moved == pytest.approx(expected, rel=1e-6)
    full = smf.logit("ssi ~ warm + drain + age + rest_warm + rest_drain", frame).fit(disp=0)
    null = smf.logit("ssi ~ warm + drain + age + rest_drain", frame).fit(disp=0)
    expected = chi2.sf(2 * (full.llf - null.llf), 1)
    assert exogeneity(cohort, **ASKED)[0].hidden == pytest.approx(expected, rel=1e-5)


def test_the_order_of_patients_and_of_columns_does_not_matter():
    cohort = patients(6)
    names = ["hospital", "age", "warm", "drain", "ssi"]
    frame = pd.DataFrame({name: cohort.values(name) for name in names}).sample(frac=1, random_state=1)
    other = Cohort.from_frame(
        frame[names[::-1]].astype({"hospital": int}), kinds={"hospital": tuple(range(12))}
    )
    for one, two in zip(exogeneity(cohort, **ASKED), exogeneity(other, **ASKED), strict=True):
        assert one.hidden == pytest.approx(two.hidden, rel=1e-8)


@pytest.mark.parametrize(
    ("change", "error", "says"),
    [
        ({"environment": "ward"}, ColumnNotFound, "ward"),
        ({"environment": "age", "given": ()}, InvalidArgument, "discrete"),
        ({"outcome": "age", "given": ()}, InvalidArgument, "discrete"),
        ({"exposures": []}, InvalidArgument, "at least one"),
        ({"exposures": ["warm", "warm"]}, InvalidArgument, "different columns"),
        ({"exposures": ["hospital"], "environment": "music"}, InvalidArgument, "several levels"),
        ({"environment": "music"}, InvalidArgument, "at most 1 exposures"),
        ({"alpha": 1.5}, InvalidArgument, "between 0 and 1"),
    ],
)
def test_bad_input(change, error, says):
    with pytest.raises(error, match=says) as caught:
        exogeneity(patients(1, 300), **{**ASKED, **change})
    assert isinstance(caught.value, CausalmedError)
    with pytest.raises(InvalidArgument, match="Cohort"):
        exogeneity(None, **ASKED)
