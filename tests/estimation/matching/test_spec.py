"""The specification refuses what it cannot mean."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

import causalmed as cm
from causalmed.errors import InvalidArgument
from causalmed.estimation import Matching


def test_it_prints_as_written_and_compares_by_value():
    spec = Matching(on="logit", caliper=0.2, exact=["sex"])
    assert repr(spec) == "Matching(on='logit', caliper=0.2, exact=('sex',))"
    assert spec == Matching(on="logit", caliper=0.2, exact=("sex",))
    assert cm.Matching is Matching


def test_bias_is_corrected_by_default_where_it_does_not_vanish():
    assert [Matching(on=on).corrects for on in ("propensity", "logit", "covariates")] == [False, False, True]
    assert Matching(bias_corrected=True).corrects
    assert not Matching(on="covariates", bias_corrected=False).corrects


@pytest.mark.parametrize(
    "wrong",
    [
        {"on": "Propensity"}, {"on": None}, {"on": ["logit"]},
        {"neighbours": 0}, {"neighbours": 1.0}, {"neighbours": True}, {"neighbours": 10**9},
        {"caliper": 0}, {"caliper": -1.0}, {"caliper": float("nan")}, {"caliper": float("inf")},
        {"caliper": "0.2"}, {"caliper": True}, {"caliper": np.array([0.2])},
        {"exact": "sex"}, {"exact": [1]}, {"exact": None}, {"exact": {"sex"}},
        {"replace": 0}, {"replace": None}, {"optimal": 1}, {"optimal": True},
        {"bias_corrected": 1}, {"bias_corrected": np.array([True])},
        {"replace": False, "neighbours": 2}, {"replace": False, "bias_corrected": True},
        {"propensity": LogisticRegression()}, {"propensity": None}, {"propensity": "logit"},
        {"metric": "euclid"}, {"variance": True}, {"variance": "bootstrap"}, {"variance_neighbours": 0},
    ],
    ids=repr,
)  # fmt: skip
def test_wrong_options_are_refused_by_name(wrong):
    with pytest.raises(InvalidArgument) as caught:
        Matching(**wrong)
    assert any(name in str(caught.value) for name in wrong)
