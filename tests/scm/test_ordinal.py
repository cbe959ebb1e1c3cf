"""Proportional odds against statsmodels and against simulation from its own noise."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from causalmed.errors import InvalidArgument, NotConverged
from causalmed.scm import MechanismSpec, Ordinal, Predictor
from causalmed.scm.fitting import fit_mechanism
from causalmed.scm.mechanisms.ordinal import ordinal_step


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(4)
    n = 1_500
    age, late = rng.normal(60, 10, n), (rng.random(n) < 0.4).astype(float)
    level = np.digitize(0.06 * age + 0.8 * late + rng.logistic(size=n), [3.0, 4.2, 5.5]).astype(float)
    columns = [
        SimpleNamespace(name="age", kind="continuous", values=age, levels=()),
        SimpleNamespace(name="late", kind="binary", values=late, levels=()),
    ]
    node = SimpleNamespace(name="asa", kind="ordinal", values=level, levels=("1", "2", "3", "4"))
    return node, columns


def test_coefficients_and_cuts_are_those_of_statsmodels(data):
    from statsmodels.miscmodels.ordinal_model import OrderedModel

    node, columns = data
    ours = fit_mechanism(node, columns, MechanismSpec(family="ordinal"))
    x = np.column_stack([column.values for column in columns])
    theirs = OrderedModel(node.values, x, distr="logit").fit(
        method="newton", disp=False, maxiter=100, tol=1e-8
    )
    cuts = theirs.model.transform_threshold_params(theirs.params)[1:-1]
    assert ours.predictor.coefficients[1:] == pytest.approx(theirs.params[:2], rel=1e-5)
    assert ours.cuts == pytest.approx(cuts, rel=1e-5)


def test_scores_are_derivatives_and_the_information_their_negative_slope(data):
    node, columns = data
    x = np.column_stack([(column.values - column.values.mean()) / column.values.std() for column in columns])
    level = node.values.astype(int)
    at = np.array([-1.0, 0.2, 1.3, 0.3, -0.2])
    step = ordinal_step(at, x=x, level=level, levels=4)
    h = 1e-5
    for k in range(5):
        up, down = (ordinal_step(at + s * h * np.eye(5)[k], x=x, level=level, levels=4) for s in (1, -1))
        assert step.scores.sum(axis=0)[k] == pytest.approx(
            (up.log_likelihood - down.log_likelihood) / (2 * h), rel=1e-6
        )
        slope = -(up.scores.sum(axis=0) - down.scores.sum(axis=0)) / (2 * h)
        assert step.information[k] == pytest.approx(slope, rel=1e-5, abs=1e-4)


def test_values_drawn_have_the_probabilities():
    asa = Ordinal(predictor=Predictor.of(0.0, {"age": 0.5}), cuts=(-1.0, 0.5))
    inputs = {"age": np.array([1.0])}
    drawn = asa.value(inputs, asa.draw_noise(np.random.default_rng(1), 100_000))
    shares = np.bincount(drawn.astype(int), minlength=3) / 100_000
    assert shares == pytest.approx(asa.probabilities(inputs)[0], abs=0.006)
    assert float(asa.mean(inputs)[0]) == pytest.approx(shares @ [0, 1, 2], abs=0.01)
    assert asa.log_density(np.array([2.0]), inputs)[0] == pytest.approx(
        np.log(asa.probabilities(inputs)[0, 2])
    )


def test_perfect_prediction_is_refused(data):
    _, columns = data
    level = (columns[1].values + (np.arange(1_500) == 0)).astype(float)
    node = SimpleNamespace(name="asa", kind="ordinal", values=level, levels=("1", "2", "3"))
    with pytest.raises(NotConverged, match="Mechanism of 'asa'"):
        fit_mechanism(node, columns[1:], MechanismSpec(family="ordinal"))


@pytest.mark.parametrize("cuts", [(), (1.0, 1.0), (2.0, 1.0)])
def test_cuts_must_ascend(cuts):
    with pytest.raises(InvalidArgument):
        Ordinal(predictor=Predictor.of(0.0), cuts=cuts)
