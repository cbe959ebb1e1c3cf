"""Proportions, rates and plain regressions of printed hospital tables."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import Cohort, Estimand, GComputation, Logistic, estimate
from causalmed.regression import encode, fit_linear, fit_logistic


def crude_rate(events, days):
    """Events per 10,000 days: a mean of daily rates weighted by the days."""
    return fit_linear(np.ones((len(days), 1)), 1e4 * events / days, weights=days).coefficients[0]


def test_semmelweis(table, printed):
    case = printed("semmelweis")
    yearly = table("semmelweis_yearly_deaths_by_clinic.csv").groupby("clinic")[["births", "deaths"]].sum()
    births, deaths = yearly.births.to_numpy(), yearly.deaths.to_numpy()
    women = pd.DataFrame(
        {
            "clinic_1": np.repeat(
                [1, 1, 0, 0], [deaths[0], births[0] - deaths[0], deaths[1], births[1] - deaths[1]]
            ),
            "died": np.repeat(
                [1, 0, 1, 0], [deaths[0], births[0] - deaths[0], deaths[1], births[1] - deaths[1]]
            ),
        }
    )
    effect = estimate(
        Estimand.given(exposure="clinic_1", outcome="died"), Cohort.from_frame(women), GComputation()
    )
    monthly = table("semmelweis_monthly_deaths.csv")
    share = (monthly.deaths / monthly.births).to_numpy()
    washed = (monthly.date >= "1847-06-01").to_numpy(dtype=float)
    before, change = fit_linear(np.column_stack([np.ones_like(washed), washed]), share).coefficients
    found = [effect.functionals["exposed"], effect.functionals["unexposed"], before, before + change, change]
    assert np.allclose(found, case["value"], atol=case["tol"])


def test_berkeley(table, printed):
    case = printed("berkeley")
    cells = table("berkeley.csv")
    people = cells.loc[cells.index.repeat(cells.Freq)]
    frame = pd.DataFrame(
        {"male": people.Gender == "Male", "dept": people.Dept, "admitted": people.Admit == "Admitted"}
    )
    cohort = Cohort.from_frame(frame.reset_index(drop=True))
    question = Estimand.given(exposure="male", outcome="admitted", adjustment_set=["dept"])
    saturated = GComputation(outcome=Logistic(formula="male * dept"))
    effects = [
        estimate(question, cohort, saturated, population=who) for who in ("all", "unexposed", "exposed")
    ]
    crude = effects[0].crude
    found = [crude["exposed"], crude["unexposed"], *(effect.risk_difference.estimate for effect in effects)]
    assert np.allclose(found, case["value"], atol=case["tol"])


def test_danish_infections(table, printed):
    case, frame = printed("danish_hai"), table("hospital_infections.csv")
    found = [
        crude_rate(rows.n.to_numpy(), rows.days.to_numpy())
        for _, rows in frame.sort_values("infection").groupby("infection")
    ]
    assert np.allclose(found, case["value"], atol=case["tol"])


def test_clostridium_before_and_after(table, printed):
    case, frame = printed("cdi_before_after"), table("cdi.csv")
    found = [
        crude_rate(frame.n[frame.period == when].to_numpy(), frame.days[frame.period == when].to_numpy())
        for when in ("pre", "post")
    ]
    assert np.allclose(found, case["value"], atol=case["tol"])


@pytest.mark.parametrize("names", [["Stay", "Age", "Xray"]])
def test_senic(table, printed, names):
    case, cohort = printed("senic_ols"), Cohort.from_frame(table("senic.csv"))
    design = encode([cohort.column(name) for name in names])
    fit = fit_linear(design.matrix, cohort.values("Risk"), names=design.names)
    assert np.allclose(fit.coefficients, case["value"], atol=case["tol"])


def test_icu(table, printed):
    case, frame = printed("icu_hosmer"), table("icu_vcdextra.csv")[["died", "age", "infect"]]
    cohort = Cohort.from_frame(frame)
    assert cohort.values("died").sum() == 40
    assert cohort.values("infect").sum() == 84
    fit = fit_logistic(encode([cohort.column("age")]).matrix, cohort.values("died"))
    assert np.allclose(fit.coefficients, case["value"], atol=case["tol"])
