"""A fit prints, tabulates and predicts."""

from __future__ import annotations

import json

import numpy as np
import pytest
import statsmodels.api as sm

from causalmed.errors import InvalidArgument
from causalmed.regression import fit_linear, fit_logistic


def data() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(1)
    matrix = np.column_stack([np.ones(400), rng.normal(size=400)])
    return matrix, (rng.random(400) < 1 / (1 + np.exp(1 - matrix[:, 1]))).astype(float)


def test_table_agrees_with_statsmodels() -> None:
    matrix, outcome = data()
    frame = fit_logistic(matrix, outcome, names=["Intercept", "glucose"]).to_frame(level=0.9)
    peer = sm.Logit(outcome, matrix).fit(disp=0, tol=1e-12)
    assert frame.term.tolist() == ["Intercept", "glucose"]
    assert frame.std_error.to_numpy() == pytest.approx(peer.bse, rel=1e-7)
    assert frame.statistic.to_numpy() == pytest.approx(peer.tvalues, rel=1e-7)
    assert frame.p_value.to_numpy() == pytest.approx(peer.pvalues, rel=1e-6)
    assert frame[["conf_low", "conf_high"]].to_numpy() == pytest.approx(peer.conf_int(0.1), rel=1e-7)


def test_text_and_plain_types() -> None:
    fit = fit_logistic(*data(), names=["Intercept", "glucose"])
    lines = fit.summary().splitlines()
    assert lines[0] == "logistic, maximum likelihood, 400 rows"
    assert max(map(len, lines)) <= 80
    assert json.loads(json.dumps(fit.to_dict()))["names"] == ["Intercept", "glucose"]


def test_predict_on_other_rows() -> None:
    matrix, outcome = data()
    risk = fit_logistic(matrix, outcome)
    assert risk.predict(matrix[:5]) == pytest.approx(risk.mean[:5], rel=1e-14)
    assert risk.predict(np.array([[1.0, 1e6], [1.0, -1e6]])).tolist() == [1.0, 0.0]
    line = fit_linear(matrix, outcome)
    assert line.predict(matrix[:5], np.ones(5)) == pytest.approx(line.mean[:5] + 1, rel=1e-14)
    with pytest.raises(InvalidArgument, match="2 coefficients"):
        risk.predict(np.ones((3, 5)))


def test_a_row_is_predicted_alike_alone_and_in_company() -> None:
    rng = np.random.default_rng(2)
    matrix = np.column_stack([np.ones(500), rng.normal(size=(500, 17))])
    fit = fit_logistic(matrix, (rng.random(500) < 0.5).astype(float))
    together = fit.predict(matrix)
    assert all(fit.predict(matrix[[i]])[0] == together[i] for i in range(500))
