"""What the public doors let in."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed.arguments import require_instance, require_names, require_seed, require_share
from causalmed.engine import generator
from causalmed.errors import InvalidArgument


@pytest.mark.parametrize("seed", [-1, 1.0, "1", None, True, [1], np.int64(1)])
def test_a_seed_is_a_whole_number(seed):
    with pytest.raises(InvalidArgument, match=r"^seed=.*give for example seed=1"):
        require_seed(seed)
    assert require_seed(0) == 0


@pytest.mark.parametrize("seed", [-1, 1.0, "1", None, True])
def test_no_generator_rounds_or_guesses_a_seed(seed):
    with pytest.raises(InvalidArgument, match=r"^seed="):
        generator(seed, "noise")


@pytest.mark.parametrize("share", [0, 1, -0.1, np.nan, np.inf, "0.5", None, True, [0.5]])
def test_a_share_lies_strictly_between_0_and_1(share):
    with pytest.raises(InvalidArgument, match=r"^alpha=.* is not between 0 and 1; give for example 0.05"):
        require_share("alpha", share, example=0.05)


@pytest.mark.parametrize("names", [3, None, [3], [["age"]], np.array([1.0])])
def test_names_are_texts(names):
    with pytest.raises(InvalidArgument, match=r"^features=.* must be names"):
        require_names("features", names)


def test_the_wrong_type_is_named():
    with pytest.raises(InvalidArgument, match=r"cohort= must be a dict, and is a str\. Make one with dict"):
        require_instance("cohort", "x", dict, how="dict(…)")
    with pytest.raises(InvalidArgument, match="is the class list"):
        require_instance("cohort", list, dict, how="dict(…)")
