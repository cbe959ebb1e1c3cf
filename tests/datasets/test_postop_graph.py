"""The question graph against the generator."""

import pytest

from causalmed.datasets import load_dataset
from causalmed.datasets.postop_constants import CANDIDATES, CAUSES, NODES
from causalmed.datasets.postop_graph import TIERS, question_graph, true_arrows
from causalmed.errors import NotIdentified
from causalmed.identification import identify

NULLS = tuple(name for name in CANDIDATES if name not in CAUSES)
HIDDEN = ("mrsa_screened", "asa_3_plus")


def test_the_shipped_graph_is_the_question_graph():
    assert load_dataset("postop").graph == question_graph()


def test_without_the_arrows_of_the_null_candidates_it_is_the_generator():
    graph = question_graph()
    assert graph.directed - {(name, "infection_30d") for name in NULLS} == true_arrows()
    assert all((name, "infection_30d") in graph.directed for name in CANDIDATES)
    assert not graph.bidirected


def test_counts_and_roles():
    graph = question_graph()
    assert (len(CAUSES), len(NULLS)) == (12, 14)
    assert graph.exposures == set(CANDIDATES)
    assert graph.latent == {"frailty"}
    assert graph.unstable == {"asa_3_plus", "surgeon_risk_rating", "preop_stay_days"}
    assert graph.tiers == TIERS
    assert {"insurance", "asa_3_plus", "transfusion"} <= set(NULLS)


def test_the_causes_reach_the_outcome_in_truth_and_the_others_do_not():
    graph = question_graph()
    truth = type(graph).of(true_arrows(), nodes=graph.nodes)
    before = truth.ancestors("infection_30d")
    assert [name for name in CANDIDATES if name in before] == [name for name in CANDIDATES if name in CAUSES]


def test_frailty_points_into_no_cause():
    assert not {"frailty"} & {parent for node in NODES if node.name in CAUSES for parent in node.parents}


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_is_identified_by_observed_columns(cause):
    estimand = identify(question_graph(), exposure=cause, outcome="infection_30d")
    assert estimand.kind == "backdoor"
    assert estimand.adjustment_set
    assert "frailty" not in estimand.adjustment_set


@pytest.mark.parametrize("name", NULLS)
def test_the_others_are_identified_unless_frailty_stands_behind_them(name):
    if name in HIDDEN:
        with pytest.raises(NotIdentified, match="frailty"):
            identify(question_graph(), exposure=name, outcome="infection_30d")
    else:
        estimand = identify(question_graph(), exposure=name, outcome="infection_30d")
        assert estimand.kind == "backdoor"


def test_the_graph_draws_from_left_to_right():
    graph = question_graph()
    assert set(graph.positions) == set(graph.nodes)
    assert all(graph.positions[cause][0] < graph.positions[effect][0] for cause, effect in graph.directed)
    assert len(set(graph.positions.values())) == len(graph.nodes)


def test_hospitals_act_on_infection_only_through_practices():
    practices = {node.name for node in NODES if node.habit}
    graph = question_graph()
    assert set(graph.children("hospital")) == practices
    assert "hospital" not in graph.parents("infection_30d")
    truth = type(graph).of(true_arrows(), nodes=graph.nodes).without_edges_out_of(practices)
    assert "infection_30d" not in truth.descendants("hospital")


def test_leaks_are_children_of_the_infection_and_cause_nothing():
    graph = question_graph()
    leaks = [node.name for node in NODES if node.tier == "after"]
    assert len(leaks) == 5
    assert set(graph.children("infection_30d")) == set(leaks)
    assert not any(graph.children(name) for name in leaks)
