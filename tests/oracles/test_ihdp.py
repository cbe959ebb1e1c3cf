"""The infant health programme with simulated outcomes (Hill 2011): a curved effect whose mean is about 4."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import AIPW, IPW, TMLE, Cohort, DoubleML, Estimand, GComputation, Logistic, estimate

COVARIATES = [f"x{k}" for k in range(1, 26)]
NAMES = ["t", "y", "ycf", "mu0", "mu1", *COVARIATES]
QUESTION = Estimand.given(exposure="t", outcome="y", adjustment_set=COVARIATES)


@pytest.fixture
def infants(table):
    """Read one file, which has no line of names."""

    def read(k):
        frame = table(f"ihdp_npci_{k}.csv")
        first = pd.to_numeric(frame.columns.str.extract(r"^(-?\d+\.?\d*(?:[eE]-?\d+)?)")[0]).to_numpy()
        whole = np.vstack([first, frame.to_numpy(dtype=float)])
        return pd.DataFrame(whole, columns=NAMES).astype({"t": int})

    return read


def cohort_of(frame):
    return Cohort.from_frame(frame[["t", "y", *COVARIATES]])


def test_the_truths_are_those_of_the_file(infants, printed):
    case = printed("ihdp_1_2")
    for k, expected in zip((1, 2), case["value"], strict=True):
        frame = infants(k)
        assert len(frame) == 747
        effects, exposed = frame.mu1 - frame.mu0, frame.t == 1
        crude = frame.y[exposed].mean() - frame.y[~exposed].mean()
        found = [effects.mean(), effects[exposed].mean(), crude]
        assert np.allclose(found, expected, rtol=0, atol=case["tol"])


@pytest.mark.parametrize("k", [1, 2])
@pytest.mark.parametrize(
    "spec",
    [
        GComputation(),
        IPW(trim=0.01),
        AIPW(trim=0.01),
        TMLE(trim=0.01),
        DoubleML(propensity=Logistic(firth=True)),
    ],
    ids=repr,
)
@pytest.mark.filterwarnings("ignore::causalmed.errors.PositivityWarning")
def test_every_estimator_finds_the_effect(infants, k, spec):
    frame = infants(k)
    truth = (frame.mu1 - frame.mu0).mean()
    found = estimate(QUESTION, cohort_of(frame), spec).difference
    assert abs(found.estimate - truth) < 3 * found.std_error
    assert found.std_error < 0.5


@pytest.mark.parametrize("k", [1, 2])
def test_the_effect_in_the_exposed(infants, k):
    frame = infants(k)
    truth = (frame.mu1 - frame.mu0)[frame.t == 1].mean()
    assert truth == pytest.approx(4, abs=1e-3)
    found = estimate(QUESTION, cohort_of(frame), TMLE(trim=0.01), population="exposed").difference
    assert found.low < truth < found.high
