"""Infection after caesarean section: a real hole in the data, and the answer where there is none."""

from __future__ import annotations

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, Linear, Logistic, estimate
from causalmed.errors import CausalmedError, PositivityViolation, PositivityWarning
from causalmed.regression import encode, fit_logistic
from causalmed.results import State

QUESTION = Estimand.given(exposure="antib", outcome="infected", adjustment_set=["risk", "noplan"])
SATURATED = (
    GComputation(outcome=Linear(formula="antib * (risk + noplan)")),
    IPW(propensity=Logistic(formula="risk + noplan"), trim=0),
    AIPW(propensity=Logistic(formula="risk + noplan"), trim=0),
    TMLE(propensity=Logistic(formula="risk + noplan"), trim=0),
)
"""Among the three strata that remain, two main effects are a saturated model."""


@pytest.fixture
def women(table):
    grouped = table("caesar_7rows.csv")
    rows = [
        (*line[["risk", "noplan", "antib"]], infected)
        for _, line in grouped.iterrows()
        for infected, count in ((1, line.n_infected), (0, line.n_not))
        for _ in range(int(count))
    ]
    return Cohort.from_frame(pd.DataFrame(rows, columns=["risk", "noplan", "antib", "infected"]))


def test_logit_of_the_textbook(women, printed):
    case = printed("caesar_logit")
    design = encode([women.column(name) for name in ("noplan", "risk", "antib")])
    fit = fit_logistic(design.matrix, women.values("infected"), names=design.names)
    assert np.allclose(fit.coefficients, case["value"], atol=case["tol"])
    assert np.allclose(fit.std_errors, [0.412, 0.425, 0.455, 0.481], atol=1e-3)


def test_the_empty_stratum_stops_the_report(women):
    effect = estimate(QUESTION, women, AIPW(trim=0))
    check = effect.diagnostics.check("empty strata")
    assert check.state is State.FAIL
    assert "of 9 patients with noplan = 1, risk = 0 none is exposed" in check.sentence
    assert "Not reported, because a check failed (empty strata" in effect.summary()
    assert "risk difference" not in effect.summary()


@pytest.mark.parametrize(
    "spec",
    [
        GComputation(outcome=Linear(formula="antib * risk * noplan")),
        IPW(propensity=Logistic(formula="risk * noplan")),
    ],
    ids=lambda spec: type(spec).__name__,
)
def test_a_saturated_model_of_the_empty_stratum_is_refused(women, spec):
    with pytest.raises(CausalmedError, match=r"collinear|separated"):
        estimate(QUESTION, women, spec)


@pytest.fixture
def both(women):
    return women.where("risk == 1 or noplan == 0", reason="women whose like were treated either way")


@pytest.mark.parametrize("spec", SATURATED, ids=lambda spec: type(spec).__name__)
def test_standardised_over_the_strata_with_both(both, printed, spec):
    case = printed("caesar_std_rd")
    assert (both.n, both.attrition[-1].n_before) == (242, 251)
    # without weights the thin stratum is not refused, but told
    told = pytest.warns(PositivityWarning) if spec.models == {"outcome"} else nullcontext()
    with told:
        effect = estimate(QUESTION, both, spec)
    assert abs(effect.risk_difference.estimate - case["value"]) <= case["tol"]


def test_thin_strata_are_refused_unless_a_bound_is_stated(both):
    with pytest.raises(PositivityViolation, match=r"42 of 242 patients \(risk = 0\)"):
        estimate(QUESTION, both, AIPW())
    effect = estimate(QUESTION, both, SATURATED[2])
    assert any("trim=0" in sentence for sentence in effect.overrides)
