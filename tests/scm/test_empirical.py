"""The observed distribution as a mechanism."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from causalmed.errors import InvalidArgument
from causalmed.scm import Empirical


@given(st.lists(st.integers(-3, 30), min_size=1, max_size=60))
def test_evenly_spaced_noise_gives_back_the_sample(values):
    column = np.array(values, dtype=float)
    n = len(column)
    root = Empirical.of(column)
    drawn = root.value({}, (np.arange(n) + 0.5) / n)
    assert sorted(drawn) == sorted(column)
    assert float(root.mean({})) == pytest.approx(column.mean())
    assert np.exp(root.log_density(column, {})).mean() == pytest.approx(np.sum(root.probabilities({}) ** 2))


@pytest.mark.parametrize(
    ("support", "weights"),
    [
        ((), ()),
        ((1.0, 1.0), (0.5, 0.5)),
        ((1.0, 2.0), (0.5, 0.6)),
        ((1.0, 2.0), (1.5, -0.5)),
        ((1.0,), (0.5, 0.5)),
    ],
)
def test_what_is_no_distribution_is_refused(support, weights):
    with pytest.raises(InvalidArgument):
        Empirical(support=support, weights=weights)
