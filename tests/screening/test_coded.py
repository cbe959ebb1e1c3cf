"""Blocks of columns, and the regressions on them, beside statsmodels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import statsmodels.formula.api as smf

from causalmed.discovery import Variables
from causalmed.screening.coded import Coded, coded, fitted, p_values, selected, statistic


@pytest.fixture
def frame() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    frame = pd.DataFrame(
        {"age": rng.normal(size=900), "ward": rng.integers(0, 3, 900), "sex": rng.integers(0, 2, 900)}
    )
    logit = -0.5 + 0.6 * frame["age"] + 0.5 * (frame["ward"] == 2)
    frame["ssi"] = (rng.random(900) < 1 / (1 + np.exp(-logit))).astype(float)
    return frame


@pytest.fixture
def data(frame: pd.DataFrame) -> Coded:
    names = ("age", "sex", "ward")
    values = frame[list(names)].to_numpy(float)
    return coded(Variables(names=names, values=values, levels=np.array([0, 2, 3])))


def test_p_values_are_those_of_joint_wald_tests(frame: pd.DataFrame, data: Coded) -> None:
    theirs = smf.logit("ssi ~ age + sex + C(ward)", frame).fit(disp=0)
    table = theirs.wald_test_terms(scalar=True).table["pvalue"]
    ours = p_values(data, ["age", "sex", "ward"], frame["ssi"].to_numpy())
    for name, term in (("age", "age"), ("sex", "sex"), ("ward", "C(ward)")):
        assert ours[name] == pytest.approx(float(table[term]), rel=1e-6)


def test_the_statistic_of_one_more_column_is_its_z(frame: pd.DataFrame, data: Coded) -> None:
    theirs = smf.logit("ssi ~ age + C(ward) + sex", frame).fit(disp=0)
    z = statistic(data, ["age", "ward"], frame["ssi"].to_numpy(), frame["sex"].to_numpy(float))
    assert z == pytest.approx(theirs.tvalues["sex"], rel=1e-6)


def test_what_matters_is_selected_and_what_is_kept_stays(frame: pd.DataFrame, data: Coded) -> None:
    response = frame["ssi"].to_numpy()
    assert selected(data, ["age", "sex", "ward"], response, alpha=0.01) == ("age", "ward")
    assert "sex" in selected(data, ["age", "sex", "ward"], response, alpha=0.01, kept=["sex"])
    assert selected(data, ["sex"], response, alpha=0.01) == ()


def test_a_column_that_separates_does_not_stop_the_regression(data: Coded) -> None:
    response = (data.blocks["age"][:, 0] > 0).astype(float)
    assert np.isfinite(fitted(data, ["age"], response).coefficients).all()
