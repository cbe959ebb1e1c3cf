"""Loading by name."""

import time

import pytest

from causalmed.datasets import DATASETS, dataset, load_dataset
from causalmed.errors import InvalidArgument


@pytest.mark.parametrize("name", ["postopp", "", None, 3, ["postop"]])
def test_an_unknown_name_lists_the_known_ones(name):
    with pytest.raises(InvalidArgument, match="'postop', 'caesarean'"):
        load_dataset(name)


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_says_what_it_is(name):
    loaded = load_dataset(name)
    assert loaded.name == name
    assert f"{loaded.cohort.n:,} patients" in loaded.summary()
    assert name in repr(loaded)
    assert loaded.card.startswith(f"# `{name}`")
    assert loaded.graph.outcomes == {loaded.cohort.outcome}
    assert loaded.graph.observed <= set(loaded.cohort.names)


def test_hospitals_are_split_without_overlap():
    postop = load_dataset("postop")
    development, apart = postop.development, postop.apart
    assert development.n + apart.n == postop.cohort.n
    assert not set(development.unit_ids) & set(apart.unit_ids)
    assert set(apart.to_frame()["hospital"]) == set(postop.held_apart) == {"H22", "H23", "H24"}
    assert "hospitals held apart" in str(apart.attrition[-1])


def test_without_hospitals_held_apart():
    caesarean = load_dataset("caesarean")
    assert caesarean.development is caesarean.cohort
    with pytest.raises(InvalidArgument, match="held apart"):
        _ = caesarean.apart


def test_a_changed_truth_does_not_come_back():
    first = load_dataset("postop").truth
    first.loc[:, "risk_difference"] = 99.0
    assert load_dataset("postop").truth["risk_difference"].max() < 0.1


def test_loading_is_quick():
    seconds = []
    for _ in range(3):
        dataset._postop_cohort.cache_clear()
        begin = time.process_time()
        load_dataset("postop")
        seconds.append(time.process_time() - begin)
    assert min(seconds) < 1.0
