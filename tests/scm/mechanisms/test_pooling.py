"""Hospitals as a shared effect: the fits of statsmodels, and less error than hospitals one by one."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed.cohort import Column
from causalmed.errors import CausalmedError, ColumnNotFound, InvalidArgument
from causalmed.scm import MechanismSpec
from causalmed.scm.fitting import fit_mechanism

TAU = 0.6


def made(n: int = 1_500, hospitals: int = 24, *, seed: int = 1, binary: bool = True):
    rng = np.random.default_rng(seed)
    hospital = np.minimum(rng.integers(0, hospitals, n), rng.integers(0, hospitals, n)).astype(float)
    effect, age = TAU * rng.normal(size=hospitals), rng.normal(size=n)
    eta = -1 + 0.8 * age + effect[hospital.astype(int)]
    y = (rng.random(n) < 1 / (1 + np.exp(-eta))) if binary else eta + rng.normal(size=n)
    columns = [
        Column(name="age", kind="continuous", values=age),
        Column(
            name="hospital", kind="categorical", values=hospital, levels=tuple(map(str, range(hospitals)))
        ),
    ]
    kind = "binary" if binary else "continuous"
    return Column(name="y", kind=kind, values=y.astype(float)), columns, effect


def effects(law) -> np.ndarray:
    return law.predictor.coefficients[2:]


def test_a_linear_node_is_the_mixed_model_of_statsmodels():
    import statsmodels.api as sm

    y, columns, _ = made(binary=False)
    law = fit_mechanism(y, columns, MechanismSpec(family="linear", pooled="hospital"))
    age, hospital = (each.values for each in columns)
    theirs = sm.MixedLM(y.values, sm.add_constant(age), groups=hospital).fit(reml=True)
    np.testing.assert_allclose(law.predictor.coefficients[:2], theirs.fe_params, atol=1e-4)
    assert law.sd == pytest.approx(np.sqrt(theirs.scale), rel=1e-4)
    assert law.sd / np.sqrt(law.penalty[-1]) == pytest.approx(np.sqrt(theirs.cov_re[0, 0]), rel=2e-3)
    predicted = [theirs.random_effects[code].iloc[0] for code in sorted(set(hospital))]
    np.testing.assert_allclose(effects(law), predicted, atol=2e-3)


def test_a_logistic_node_is_near_the_bayesian_mixed_model_of_statsmodels():
    from statsmodels.genmod.bayes_mixed_glm import BinomialBayesMixedGLM

    y, columns, _ = made()
    law = fit_mechanism(y, columns, MechanismSpec(family="logistic", pooled="hospital"))
    age, hospital = (each.values for each in columns)
    groups = (hospital[:, np.newaxis] == np.unique(hospital)).astype(float)
    x = np.column_stack([np.ones(len(age)), age])
    model = BinomialBayesMixedGLM(y.values, x, groups, np.zeros(groups.shape[1], dtype=int), vcp_p=2, fe_p=10)
    theirs = model.fit_vb(rng=0)
    tau = 1 / np.sqrt(law.penalty[-1])
    assert tau == pytest.approx(np.exp(theirs.vcp_mean[0]), rel=0.02)
    np.testing.assert_allclose(law.predictor.coefficients[:2], theirs.fe_mean, atol=0.02)
    np.testing.assert_allclose(effects(law), theirs.vc_mean, atol=0.02)


def test_shrinking_errs_less_than_hospitals_one_by_one():
    pooled, alone = [], []
    for seed in range(20):
        y, columns, truth = made(400, 20, seed=seed, binary=False)
        law = fit_mechanism(y, columns, MechanismSpec(family="linear", pooled="hospital"))
        each = fit_mechanism(y, columns, MechanismSpec(family="linear")).predictor.coefficients
        seen = np.unique(columns[1].values).astype(int)
        own = each[0] + np.append(0.0, each[2:])
        pooled.append(np.mean((law.predictor.intercept + effects(law) + 1 - truth[seen]) ** 2))
        alone.append(np.mean((own + 1 - truth[seen]) ** 2))
    assert np.mean(pooled) < 0.8 * np.mean(alone)


@pytest.mark.parametrize("binary", [True, False])
def test_the_spread_of_hospitals_is_found(binary):
    spread = []
    for seed in range(16):
        y, columns, _ = made(1_000, 24, seed=seed, binary=binary)
        spec = MechanismSpec(family="logistic" if binary else "linear", pooled="hospital")
        law = fit_mechanism(y, columns, spec)
        spread.append((1 if binary else law.sd**2) / law.penalty[-1])
    assert np.mean(spread) == pytest.approx(TAU**2, abs=4 * np.std(spread) / 4 + 0.02)


def test_hospitals_that_do_not_differ_are_shrunk_away():
    y, columns, _ = made(3_000, seed=3)
    rng = np.random.default_rng(0)
    mixed = Column(
        name="hospital",
        kind="categorical",
        values=rng.permutation(columns[1].values),
        levels=columns[1].levels,
    )
    law = fit_mechanism(y, [columns[0], mixed], MechanismSpec(family="logistic", pooled="hospital"))
    assert np.abs(effects(law)).max() < 0.15


def test_a_new_hospital_is_an_average_one_and_influence_knows_the_penalty():
    y, columns, _ = made()
    law = fit_mechanism(y, columns, MechanismSpec(family="logistic", pooled="hospital"))
    new = law.predictor({"age": np.array([0.0]), "hospital": np.array([999.0])})
    assert new[0] == law.predictor.intercept
    table = {each.name: each.values for each in columns}
    phi = law.influence(y.values, table)
    loose = phi.T @ phi
    assert np.all(np.isfinite(loose))
    assert np.sqrt(loose[-1, -1]) < 1 / np.sqrt(law.penalty[-1])


def test_what_cannot_be_pooled_is_refused_by_name():
    y, columns, _ = made(300)
    with pytest.raises(ColumnNotFound, match="clinic"):
        fit_mechanism(y, columns, MechanismSpec(family="logistic", pooled="clinic"))
    two = Column(
        name="hospital", kind="categorical", values=(columns[1].values > 4).astype(float), levels=("0", "1")
    )
    with pytest.raises(CausalmedError, match="2 levels"):
        fit_mechanism(y, [columns[0], two], MechanismSpec(family="logistic", pooled="hospital"))
    with pytest.raises(InvalidArgument, match="pooled"):
        MechanismSpec(family="ordinal", pooled="hospital")
