"""Multinomial logistic against statsmodels and against its own noise."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from causalmed.errors import DataError, InvalidArgument
from causalmed.scm import Categorical, MechanismSpec, Predictor
from causalmed.scm.fitting import fit_mechanism


def test_coefficients_are_those_of_statsmodels():
    from statsmodels.discrete.discrete_model import MNLogit

    rng = np.random.default_rng(4)
    n = 1_500
    age, late = rng.normal(60, 10, n), (rng.random(n) < 0.4).astype(float)
    utility = np.column_stack([np.zeros(n), 0.05 * (age - 60), 0.5 * late - 0.3])
    level = np.argmax(utility + rng.gumbel(size=(n, 3)), axis=1).astype(float)
    columns = [
        SimpleNamespace(name="age", kind="continuous", values=age, levels=()),
        SimpleNamespace(name="late", kind="binary", values=late, levels=()),
    ]
    node = SimpleNamespace(name="ward", kind="categorical", values=level, levels=("a", "b", "c"))
    ours = fit_mechanism(node, columns, MechanismSpec(family="categorical"))
    x = np.column_stack([np.ones(n), age, late])
    theirs = MNLogit(level, x).fit(method="newton", disp=False, tol=1e-12)
    assert (
        pytest.approx(np.asarray(theirs.params), rel=1e-6)
        == np.array([p.coefficients for p in ours.predictors]).T
    )
    inputs = {"age": age, "late": late}
    covariance = ours.influence(level, inputs).T @ ours.influence(level, inputs)
    assert np.sqrt(np.diag(covariance)) == pytest.approx(np.asarray(theirs.bse).T.ravel(), rel=0.1)


def test_values_drawn_have_the_probabilities():
    ward = Categorical(
        predictors=(Predictor.of(0.3, {"x": 1.0}), Predictor.of(-0.2, {"x": -1.0})), codes=(0.0, 2.0, 5.0)
    )
    inputs = {"x": np.array([0.5])}
    drawn = ward.value(inputs, ward.draw_noise(np.random.default_rng(1), 100_000))
    shares = [np.mean(drawn == code) for code in ward.codes]
    assert shares == pytest.approx(ward.probabilities(inputs)[0], abs=0.006)
    assert ward.probabilities({"x": np.array([900.0])})[0] == pytest.approx([0, 1, 0])
    assert np.isneginf(ward.log_density(np.array([1.0]), inputs)[0])


def test_a_constant_column_and_unequal_terms_are_refused():
    node = SimpleNamespace(name="ward", kind="categorical", values=np.zeros(50), levels=("a",))
    x = SimpleNamespace(name="x", kind="continuous", values=np.arange(50.0), levels=())
    with pytest.raises(DataError, match="constant"):
        fit_mechanism(node, [x], MechanismSpec(family="categorical"))
    with pytest.raises(InvalidArgument, match="same terms"):
        Categorical(predictors=(Predictor.of(0.0), Predictor.of(0.0, {"x": 1.0})))
    with pytest.raises(InvalidArgument, match="ascending codes"):
        Categorical(predictors=(Predictor.of(0.0),), codes=(0.0, 1.0, 2.0))
