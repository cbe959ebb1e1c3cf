"""Modelled spread: the fit is the maximum, the noise comes back, the influence is the sandwich."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed.cohort import Column
from causalmed.errors import DataError
from causalmed.scm import MechanismSpec, Predictor, ScaledGaussian
from causalmed.scm.fitting import fit_mechanism


def made(n: int = 1_500, seed: int = 1) -> tuple[Column, list[Column]]:
    rng = np.random.default_rng(seed)
    age, late = rng.normal(60, 10, n), (rng.random(n) < 0.3).astype(float)
    y = 100 + 2 * age + 10 * late + np.exp(1.0 + 0.02 * age - 0.4 * late) * rng.normal(size=n)
    columns = [
        Column(name="age", kind="continuous", values=age),
        Column(name="late", kind="binary", values=late),
    ]
    return Column(name="cost", kind="continuous", values=y), columns


def test_the_fit_is_the_maximum_and_close_to_the_truth():
    cost, inputs = made()
    law = fit_mechanism(cost, inputs, MechanismSpec(family="scaled"))
    assert isinstance(law, ScaledGaussian)
    table = {each.name: each.values for each in inputs}
    phi = law.influence(cost.values, table)
    errors = np.sqrt(np.diag(phi.T @ phi))
    assert np.abs(phi.sum(axis=0) / errors).max() < 1e-5
    height = law.log_density(cost.values, table).sum()
    for k, error in enumerate(errors):
        for step in (-0.3, 0.3):
            there = law.parameters.copy()
            there[k] += step * error
            assert law.with_parameters(there).log_density(cost.values, table).sum() < height
    assert np.all(np.abs(law.parameters - [100, 2, 10, 1.0, 0.02, -0.4]) < 4 * errors)


def test_terms_of_the_spread_are_its_own():
    cost, inputs = made()
    law = fit_mechanism(cost, inputs, MechanismSpec(family="scaled", spread_terms=("late",)))
    assert law.spread.names == ("Intercept", "late")
    assert law.predictor.names == ("Intercept", "age", "late")


def test_noise_comes_back_and_moves_with_the_inputs():
    law = ScaledGaussian(predictor=Predictor.of(1.0, {"a": 2.0}), spread=Predictor.of(0.1, {"a": 0.5}))
    rng = np.random.default_rng(2)
    before, after = {"a": rng.normal(size=50)}, {"a": rng.normal(size=50)}
    u = rng.normal(size=50)
    x = law.value(before, u)
    np.testing.assert_allclose(law.noise_of(x, before), u, rtol=1e-10)
    np.testing.assert_allclose(law.moved(x, before, after), law.value(after, u), rtol=1e-9, atol=1e-10)
    np.testing.assert_array_equal(law.moved(x, before, before), x)
    np.testing.assert_array_equal(law.mean(before), 1 + 2 * before["a"])


def test_an_exact_function_is_refused():
    _, inputs = made(100)
    exact = Column(name="cost", kind="continuous", values=3 * inputs[0].values)
    with pytest.raises(DataError, match="exact function"):
        fit_mechanism(exact, inputs, MechanismSpec(family="scaled"))


@pytest.mark.slow
def test_standard_errors_are_those_of_repeated_samples():
    found, errors = [], []
    for seed in range(300):
        cost, inputs = made(600, seed)
        law = fit_mechanism(cost, inputs, MechanismSpec(family="scaled"))
        phi = law.influence(cost.values, {each.name: each.values for each in inputs})
        found.append(law.parameters)
        errors.append(np.sqrt(np.diag(phi.T @ phi)))
    np.testing.assert_allclose(np.mean(errors, axis=0), np.std(found, axis=0), rtol=0.15)
