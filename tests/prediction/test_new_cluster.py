"""A new hospital: the guarantee over repeated draws of hospitals."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed.errors import InvalidArgument, NotEnoughEvents
from causalmed.prediction import new_cluster_threshold


def hospitals(rng, count, patients=60):
    """Risks of patients without the outcome; hospitals differ by a shift of the log odds."""
    shift = rng.normal(0, 0.8, count)
    return 1 / (1 + np.exp(-(rng.normal(-2, 1, (count, patients)) + shift[:, None])))


@pytest.mark.parametrize("confidence", [None, 0.8])
def test_a_new_hospital_reaches_it_as_often_as_said(confidence):
    rng = np.random.default_rng(1)
    cluster = np.repeat(np.arange(12), 60)
    reached, said = [], 0.0
    for _ in range(1500):
        drawn = hospitals(rng, 13)
        found = new_cluster_threshold(
            risk=drawn[:12].ravel(), cluster=cluster, specificity=0.9, confidence=confidence
        )
        said = found.confidence
        reached.append((drawn[12] < found.value).mean() >= 0.9)
    error = 3 * np.sqrt(said * (1 - said) / 1500)
    assert said - error < np.mean(reached) < said + error + 0.01


def test_what_the_hospitals_cannot_give_is_refused():
    risk, cluster = np.linspace(0, 1, 120), np.repeat(np.arange(12), 10)
    assert new_cluster_threshold(risk=risk, cluster=cluster, specificity=0.9).confidence == 12 / 13
    with pytest.raises(NotEnoughEvents, match=r"0\.95 needs 19"):
        new_cluster_threshold(risk=risk, cluster=cluster, specificity=0.9, confidence=0.95)
    with pytest.raises(InvalidArgument, match="specificity=93"):
        new_cluster_threshold(risk=risk, cluster=cluster, specificity=93)
    with pytest.raises(InvalidArgument, match="one hospital a patient"):
        new_cluster_threshold(risk=risk, cluster=cluster[:3], specificity=0.9)
