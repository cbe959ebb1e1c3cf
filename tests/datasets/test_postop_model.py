"""The generator as a structural causal model: the scm room draws the very cohort that is shipped."""

import numpy as np
import pytest

from causalmed.datasets import load_dataset, true_model
from causalmed.datasets.postop_constants import NODES, PATIENTS, SEED
from causalmed.datasets.simulate import simulate


@pytest.fixture(scope="module")
def model():
    return true_model()


@pytest.fixture(scope="module")
def values():
    return simulate(NODES, 4_000, seed=5)


def test_the_model_draws_the_shipped_cohort(model):
    drawn = model.sample(PATIENTS, seed=SEED)
    shipped = load_dataset("postop").cohort.to_frame()
    for node in NODES:
        if not node.latent:
            ours, theirs = shipped[node.name].to_numpy(), drawn[node.name].to_numpy()
            if node.levels:
                assert ours.astype(str).tolist() == theirs.astype(str).tolist(), node.name
            else:
                np.testing.assert_allclose(ours.astype(float), theirs.astype(float), atol=1e-9)


@pytest.mark.parametrize("exposure", ["late_prophylaxis", "diabetes", "transfusion"])
def test_effects_of_the_model_are_the_truth(model, exposure):
    truth = load_dataset("postop").truth.loc[exposure]
    effect = model.effect(exposure=exposure, draws=1, replicates=20, seed=3)
    assert effect.risk_difference.estimate == pytest.approx(truth["risk_difference"], abs=0.003)


@pytest.mark.parametrize("name", ["infection_30d", "surgeon_risk_rating", "procedure", "duration_min", "age"])
def test_means_and_probabilities_are_those_of_the_draws(model, values, name):
    mechanism = model.mechanisms[name]
    inputs = {column: np.repeat(values[column][:5], 20_000) for column in mechanism.columns}
    drawn = mechanism.value(inputs, np.random.default_rng(1).random(100_000)).reshape(-1, 20_000)
    means = np.broadcast_to(mechanism.mean({column: values[column][:5] for column in mechanism.columns}), 5)
    error = drawn.std(axis=1) / 20_000**0.5
    assert (np.abs(drawn.mean(axis=1) - means) < 4.5 * error + 1e-3).all()


@pytest.mark.parametrize("name", ["infection_30d", "surgeon_risk_rating", "hospital"])
def test_log_probabilities_are_logs_of_probabilities(model, values, name):
    mechanism = model.mechanisms[name]
    inputs = {column: values[column] for column in mechanism.columns}
    logs = np.array([np.exp(mechanism.log_density(np.full(4_000, code), inputs)) for code in mechanism.codes])
    np.testing.assert_allclose(logs.sum(axis=0), 1.0, atol=1e-12)


def test_log_densities_of_numbers_integrate_to_one(model, values):
    mechanism = model.mechanisms["duration_min"]
    inputs = {column: np.repeat(values[column][:1], 6_000) for column in mechanism.columns}
    grid = np.arange(1.0, 6_001.0)
    assert np.exp(mechanism.log_density(grid, inputs)).sum() == pytest.approx(1.0, abs=1e-3)
    age = model.mechanisms["age"]
    assert np.exp(age.log_density(np.arange(-200.0, 300.0), {})).sum() == pytest.approx(1.0, abs=1e-6)
