"""The shipped table: reproduced, and as the card says."""

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from causalmed.datasets import draw_postop, load_dataset
from causalmed.datasets.mechanism import Bernoulli, LogNormal
from causalmed.datasets.postop import AGE_GROUPS, frame_of
from causalmed.datasets.postop_constants import CANDIDATES, HOSPITALS_APART, NODES, SEED
from causalmed.datasets.simulate import simulate

DECOYS = ("insurance", "asa_3_plus", "transfusion")


@pytest.fixture(scope="module")
def cohort():
    return load_dataset("postop").cohort


@pytest.fixture(scope="module")
def frame(cohort):
    return cohort.to_frame()


def test_the_generator_makes_the_shipped_table(frame):
    again = draw_postop()
    assert list(again.columns) == list(frame.columns)
    for name in again.columns:
        if name == "deprivation":
            np.testing.assert_allclose(frame[name].to_numpy(float), again[name], atol=1e-9)
        else:
            assert (
                frame[name].astype(str).str.removesuffix(".0").tolist() == again[name].astype(str).tolist()
            ), name


def test_size_roles_and_fixed_names(cohort):
    assert cohort.n == 20_000
    assert cohort.unit_ids.tolist() == list(range(1, 20_001))
    assert (cohort.unit, cohort.cluster, cohort.outcome) == ("patient_id", "hospital", "infection_30d")
    assert len(cohort.cluster_levels) == 24
    assert {"sex", "insurance"} <= set(cohort.protected)
    assert {"late_prophylaxis", "hypothermia", "glucose_mg_dl"} <= set(cohort.names)
    assert "frailty" not in cohort.names
    assert tuple(cohort.tiers) == ("before", "during", "outcome", "after")


@pytest.mark.parametrize("name", CANDIDATES)
def test_candidates_are_binary(cohort, name):
    assert cohort.column(name).kind == "binary"
    assert 0.05 < cohort.values(name).mean() < 0.6


@pytest.mark.parametrize("node", [node for node in NODES if node.marginal], ids=lambda node: node.name)
def test_marginals_are_within_what_was_stated(cohort, node):
    values = cohort.values(node.name)
    shown = np.median(values) if isinstance(node.law, LogNormal) else values.mean()
    low, high = node.marginal
    assert low <= shown <= high


def test_age_groups_are_labels_of_age(frame):
    starts = {
        group: frame.loc[frame["age_group"] == group, "age"].agg(["min", "max"]) for group in AGE_GROUPS
    }
    assert starts["18-39"].tolist() == [18, 39]
    assert starts["40-62"].tolist() == [40, 62]
    assert starts["63-79"].tolist() == [63, 79]
    assert starts["80+"]["min"] == 80


@pytest.mark.parametrize("name", DECOYS)
def test_decoys_look_like_causes(cohort, name):
    exposed, outcome = cohort.values(name) == 1, cohort.values("infection_30d")
    odds = [outcome[arm].mean() / (1 - outcome[arm].mean()) for arm in (exposed, ~exposed)]
    assert 1.5 < odds[0] / odds[1] < 2.6


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [
        ("crp_day3_mg_l", 0.78, 0.87),
        ("length_of_stay_days", 0.72, 0.82),
        ("icu_admission", 0.52, 0.60),
        ("antibiotics_postop", 0.80, 0.90),
        ("culture_taken", 0.76, 0.88),
    ],
)
def test_columns_after_the_outcome_leak(cohort, name, low, high):
    assert low < roc_auc_score(cohort.values("infection_30d"), cohort.values(name)) < high
    assert cohort.tier_of(name) == "after"


def test_stay_with_and_without_infection_is_as_published(frame):
    stay = frame.groupby("infection_30d")["length_of_stay_days"].mean()
    assert stay[0] == pytest.approx(6.0, abs=1.0)
    assert stay[1] == pytest.approx(11.0, abs=1.5)


def test_every_practice_varies_within_every_hospital(cohort):
    hospital = cohort.cluster_codes
    for node in NODES:
        if node.habit and isinstance(node.law, Bernoulli):
            values = cohort.values(node.name)
            shares = np.bincount(hospital, values) / np.bincount(hospital)
            assert (shares > 0.015).all(), node.name
            assert (shares < 0.90).all(), node.name


def test_a_hospital_moves_nobody_whose_practices_stay():
    natural = simulate(NODES, 5_000, seed=7)
    practices = [node.name for node in NODES if node.habit and node.tier == "during"]
    kept = {name: natural[name] for name in natural if name == "hospital" or name in practices}
    other = [node for node in NODES if node.name not in kept]
    moved = simulate_with(other, kept, hospital=23.0)
    np.testing.assert_array_equal(moved["infection_30d"], natural["infection_30d"])
    assert (moved["asa_3_plus"] != natural["asa_3_plus"]).mean() > 0.1


def simulate_with(nodes, kept, *, hospital):
    """Interpret the rest of the nodes with the practices as they were and everybody in one hospital."""
    from causalmed.datasets.simulate import draw, linear_predictor
    from causalmed.engine import generator

    known = {node.name: node for node in NODES}
    values = kept | {"hospital": np.full(5_000, hospital)}
    for node in nodes:
        noise = generator(7, "noise", node.name, 0).random(5_000)
        values[node.name] = draw(node.law, linear_predictor(node, values, known, 5_000), noise)
    return values


def test_hospitals_held_apart_code_otherwise_and_have_the_same_risk(cohort):
    apart = np.isin(cohort.to_frame()["hospital"], HOSPITALS_APART)
    sizes = cohort.to_frame().loc[apart, "hospital"].value_counts()
    assert sizes.between(700, 900).all()

    def gap(name):
        return cohort.values(name)[apart].mean() - cohort.values(name)[~apart].mean()

    assert gap("asa_3_plus") > 0.15
    assert gap("surgeon_risk_rating") > 0.6
    assert gap("insurance") > 0.15
    assert gap("razor_hair_removal") > 0.05
    assert gap("late_prophylaxis") < -0.05
    assert abs(gap("infection_30d")) < 0.02


def test_frailty_drives_infection_and_the_ratings():
    values = simulate(NODES, 50_000, seed=SEED + 2)
    for name in ("asa_3_plus", "surgeon_risk_rating", "preop_stay_days", "infection_30d"):
        assert np.corrcoef(values["frailty"], values[name])[0, 1] > 0.08
    for name in ("smoking", "late_prophylaxis", "anaemia", "transfusion", "hospital"):
        assert abs(np.corrcoef(values["frailty"], values[name])[0, 1]) < 0.02


def test_an_intervention_sets_the_column_and_moves_what_follows():
    forced = draw_postop(2_000, seed=4, do={"loose_glucose_control": 1})
    natural = draw_postop(2_000, seed=4)
    assert (forced["loose_glucose_control"] == 1).all()
    assert forced["glucose_mg_dl"].mean() > natural["glucose_mg_dl"].mean() + 5
    pd.testing.assert_frame_equal(forced[["age", "hypothermia"]], natural[["age", "hypothermia"]])


def test_labels_are_shown_and_hidden_columns_are_not():
    frame = frame_of(simulate(NODES, 50, seed=1))
    assert set(frame["sex"]) == {"female", "male"}
    assert set(frame["insurance"]) == {"private", "public"}
    assert "frailty" not in frame
