"""The official colon model against its printed worked example and hand sums."""

import numpy as np
import pytest

from causalmed.datasets import Operation, colon_risk
from causalmed.datasets.nhsn import colon_logit


def test_the_worked_example():
    example = Operation(age=55, duration_min=180, open=True, male=True, asa_3_plus=True)
    assert float(colon_logit(example)) == pytest.approx(-3.5445, abs=1e-9)
    assert float(colon_risk(example)) == pytest.approx(0.02807, abs=5e-6)


def test_the_reference_patient_has_the_constant():
    assert float(colon_logit(Operation(age=80, duration_min=66))) == pytest.approx(-5.5134)


@pytest.mark.parametrize(
    ("minutes", "step"),
    [(66, 0.0), (67, 0.2344), (107, 0.2344), (108, 0.39), (145, 0.39), (146, 0.5221), (232, 0.5221),
     (233, 0.695), (296, 0.695), (297, 0.869), (900, 0.869)],
)  # fmt: skip
def test_steps_of_duration(minutes, step):
    assert float(colon_logit(Operation(age=80, duration_min=minutes))) == pytest.approx(-5.5134 + step)


@pytest.mark.parametrize(
    ("age", "step"), [(18, 0.508), (39, 0.508), (40, 0.3765), (62, 0.3765), (63, 0.197), (79, 0.197), (80, 0)]
)
def test_steps_of_age(age, step):
    assert float(colon_logit(Operation(age=age, duration_min=30))) == pytest.approx(-5.5134 + step)


def test_arrays_and_every_term():
    terms = {
        "open": 0.6402, "trauma": 0.3607, "asa_3_plus": 0.3089, "contaminated": 0.1707,
        "beds_319_plus": 0.0958,
        "emergency": 0.1097, "teaching": 0.0723, "male": 0.1212, "bmi_40_plus": 0.1111, "oncology": 0.3658,
        "general_anaesthesia": 0.1708,
    }  # fmt: skip
    for name, coefficient in terms.items():
        logits = colon_logit(
            Operation(age=np.array([80.0, 80.0]), duration_min=30.0, **{name: np.array([0.0, 1.0])})
        )
        assert np.diff(logits)[0] == pytest.approx(coefficient)
