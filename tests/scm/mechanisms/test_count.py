"""Counts: the fit is that of statsmodels, the draws follow the law, the influence is the sandwich."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from causalmed.cohort import Column
from causalmed.errors import CausalmedError, InvalidArgument
from causalmed.scm import Count, MechanismSpec, Predictor
from causalmed.scm.diagnosis import ranks
from causalmed.scm.fitting import fit_mechanism


def made(n: int = 3_000, *, dispersion: float = 0.6, seed: int = 1) -> tuple[Column, list[Column]]:
    rng = np.random.default_rng(seed)
    age, late = rng.normal(60, 10, n), (rng.random(n) < 0.3).astype(float)
    mu = np.exp(-1.0 + 0.02 * age + 0.5 * late)
    y = rng.poisson(mu * rng.gamma(1 / dispersion, dispersion, n)) if dispersion else rng.poisson(mu)
    columns = [
        Column(name="age", kind="continuous", values=age),
        Column(name="late", kind="binary", values=late),
    ]
    return Column(name="days", kind="count", values=y.astype(float)), columns


def fitted(family: str, days: Column, inputs: list[Column]) -> Count:
    law = fit_mechanism(days, inputs, MechanismSpec(family=family))
    assert isinstance(law, Count)
    return law


def test_poisson_is_that_of_statsmodels():
    import statsmodels.api as sm

    days, inputs = made()
    law = fitted("poisson", days, inputs)
    x = sm.add_constant(np.column_stack([each.values for each in inputs]))
    theirs = sm.GLM(days.values, x, family=sm.families.Poisson()).fit(tol=1e-12)
    np.testing.assert_allclose(law.parameters, theirs.params, rtol=1e-7)
    table = {each.name: each.values for each in inputs}
    assert law.log_density(days.values, table).sum() == pytest.approx(theirs.llf, rel=1e-10)
    influence = law.influence(days.values, table)
    sandwich = sm.GLM(days.values, x, family=sm.families.Poisson()).fit(cov_type="HC0", tol=1e-12)
    np.testing.assert_allclose(influence.T @ influence, sandwich.cov_params(), rtol=1e-6)


def test_negative_binomial_is_that_of_statsmodels():
    import statsmodels.api as sm

    days, inputs = made()
    law = fitted("negative_binomial", days, inputs)
    x = sm.add_constant(np.column_stack([each.values for each in inputs]))
    start = [*law.predictor.coefficients, law.dispersion]
    theirs = sm.NegativeBinomial(days.values, x).fit(disp=0, start_params=start, gtol=1e-9)
    np.testing.assert_allclose([*law.predictor.coefficients, law.dispersion], theirs.params, rtol=1e-5)
    table = {each.name: each.values for each in inputs}
    assert law.log_density(days.values, table).sum() == pytest.approx(theirs.llf, rel=1e-9)
    spread = np.sqrt(np.diag(law.influence(days.values, table).T @ law.influence(days.values, table)))
    model_based = np.append(theirs.bse[:-1], theirs.bse[-1] / theirs.params[-1])
    np.testing.assert_allclose(spread, model_based, rtol=0.15)


def test_without_overdispersion_the_negative_binomial_is_poisson():
    days, inputs = made(dispersion=0.0)
    laws = [
        fitted("negative_binomial", days, inputs)
        for days, inputs in (made(dispersion=0.0, seed=s) for s in range(6))
    ]
    assert {law.dispersion == 0 for law in laws} <= {True, False}
    assert min(law.dispersion for law in laws) == 0
    assert max(law.dispersion for law in laws) < 0.05
    assert fitted("poisson", days, inputs).dispersion == 0


@pytest.mark.parametrize("dispersion", [0.0, 0.7])
def test_draws_follow_the_law_and_ranks_are_uniform(dispersion):
    law = Count(predictor=Predictor.of(0.4, {"x": 0.5}), dispersion=dispersion)
    rng = np.random.default_rng(3)
    values = {"x": rng.normal(size=20_000)}
    drawn = law.value(values, law.draw_noise(rng, 20_000))
    assert drawn.mean() == pytest.approx(law.mean(values).mean(), rel=0.03)
    assert stats.kstest(ranks(law, drawn, values, rng), "uniform").pvalue > 1e-3
    one = {"x": np.zeros(1)}
    k = np.arange(200.0)
    chance = np.exp(law.log_density(k, one))
    assert chance.sum() == pytest.approx(1.0, abs=1e-9)
    np.testing.assert_allclose(np.cumsum(chance), law.cdf(k, one), atol=1e-12)
    assert chance @ k == pytest.approx(float(law.mean(one)[0]), rel=1e-8)


def test_what_is_no_count_is_refused():
    days, inputs = made(200)
    for wrong in (days.values - 1, days.values + 0.5, np.zeros(200)):
        column = Column(name="days", kind="count", values=wrong)
        with pytest.raises(CausalmedError, match="days"):
            fit_mechanism(column, inputs, MechanismSpec(family="poisson"))
    with pytest.raises(InvalidArgument, match="dispersion"):
        Count(predictor=Predictor.of(0.0), dispersion=-0.1)
    law = Count(predictor=Predictor.of(0.0))
    assert law.log_density(np.array([-1.0, 0.5]), {}).tolist() == [-np.inf, -np.inf]
