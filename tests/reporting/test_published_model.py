"""How right a model is, told without a cell of a few patients; the model beside one with every column."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from causalmed.reporting import Protocol, run
from causalmed.reporting.published_model import published_performances

GRAPH = """dag {
  late [exposure]; infected [outcome]; rating [unstable]; frail [latent]
  age -> {late infected rating}
  late -> infected
  frail -> {rating infected}
  hospital -> {late rating}
}"""
PROTOCOL = """
schema = 1
title = "Late"
[population]
data = "cohort.csv"
unit = "id"
cluster = "hospital"
[population.tiers]
before = ["hospital", "age", "rating", "ward"]
during = ["late"]
after = ["infected"]
[graph]
file = "graph.dagitty"
[question]
outcome = "infected"
[prediction]
specificity = 0.8
held_apart = ["E", "F"]
[words]
late = "late antibiotics"
infected = "infection"
"""


def frame_of(n, seed=3):
    rng = np.random.default_rng(seed)
    hospital = rng.choice(list("ABCDEF"), n)
    age = rng.normal(60, 10, n).round()
    frail = rng.normal(size=n)
    late = (rng.random(n) < 1 / (1 + np.exp(1 - (age - 60) / 20))).astype(int)
    shift = np.where(np.isin(hospital, ["E", "F"]), 1.5, 0.0)
    rating = (frail + shift + (age - 60) / 20 + rng.normal(size=n) > 0.5).astype(int)
    infected = (rng.random(n) < 1 / (1 + np.exp(1.6 - late - 0.9 * frail - (age - 60) / 20))).astype(int)
    frame = pd.DataFrame(
        {
            "id": np.arange(n),
            "hospital": hospital,
            "age": age,
            "rating": rating,
            "late": late,
            "infected": infected,
        }
    )
    return frame.assign(ward=rng.integers(0, 2, n))


def dossier_of(folder, n):
    frame_of(n).to_csv(folder / "cohort.csv", index=False)
    (folder / "graph.dagitty").write_text(GRAPH)
    return run(Protocol.parse(PROTOCOL, folder=str(folder)))


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    return dossier_of(tmp_path_factory.mktemp("large"), 3000)


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    return dossier_of(tmp_path_factory.mktemp("small"), 330)


def counts(dossier, found, hospitals):
    tested = dossier.prediction.tested.to_frame()
    rows = np.isin(tested["hospital"], hospitals)
    infected = tested["infected"].to_numpy(dtype=int)[rows] == 1
    alert = np.asarray(found.alert(dossier.prediction.tested))[rows]
    return [int((a & b).sum()) for a in (infected, ~infected) for b in (alert, ~alert)]


def test_the_second_model_is_given_every_column_known_before_and_no_other(large):
    every, stable = large.prediction.every_column.model, large.prediction.model
    assert set(every.features) - set(stable.features) == {"rating", "ward"}
    assert "rating" not in stable.features
    assert not {"hospital", "infected", "id"} & set(every.features)


def test_the_section_holds_both_models_hospital_by_hospital(large):
    section = next(one for one in large.sections() if one.key == "model")
    table = next(
        block.frame
        for block in section.blocks
        if "every column: specificity" in getattr(block, "frame", pd.DataFrame()).columns
    )
    assert table.iloc[:, 0].tolist() == ["All hospitals held apart", "Hospital E", "Hospital F"]
    for row, hospitals in enumerate((["E", "F"], ["E"], ["F"])):
        for tested, column in ((large.prediction.stable, 1), (large.prediction.every_column, 3)):
            seen, missed, alarms, silent = counts(large, tested.model, hospitals)
            assert table.iloc[row, column].startswith(f"{100 * silent / (silent + alarms):.1f}\xa0(")
            assert table.iloc[row, column + 1].startswith(f"{100 * seen / (seen + missed):.1f}\xa0(")
    label = next(block.label for block in section.blocks if "every column" in getattr(block, "text", ""))
    assert label == "comparison, not for use"


def test_no_comparison_where_the_graph_leaves_nothing_out(tmp_path):
    frame_of(900).drop(columns="rating").to_csv(tmp_path / "cohort.csv", index=False)
    (tmp_path / "graph.dagitty").write_text(
        "dag { late [exposure]; infected [outcome]; age -> {late infected}; late -> infected; "
        "hospital -> late }"
    )
    text = PROTOCOL.replace('"rating", ', "")
    dossier = run(Protocol.parse(text, folder=str(tmp_path)))
    assert dossier.prediction.every_column is None
    assert dossier.to_dict()["comparison"] is None


def test_alerts_in_small_cells_are_hidden_with_a_partner(small):
    tested = small.prediction.stable
    published = dict(published_performances(small.prediction, tested))
    everybody = counts(small, tested.model, ["E", "F"])
    parts = [counts(small, tested.model, [name]) for name in "EF"]
    assert any(0 < cell < 11 for part in parts for cell in part), "the example has no small cell"
    if any(0 < cell < 11 for cell in everybody):
        assert list(published) == ["All hospitals held apart"]
    # two parts and their sum: one hidden part would be the sum less the other
    assert all(found.at_threshold is None for name, found in published.items() if name.startswith("Hospital"))


@pytest.mark.parametrize("size", ["large", "small"])
def test_net_benefit_is_kept_where_its_cells_are_large(size, request):
    dossier = request.getfixturevalue(size)
    prediction = dossier.prediction
    risk = prediction.model.risk(prediction.tested)
    infected = prediction.tested.values("infected") == 1
    found = published_performances(prediction, prediction.stable)[0][1]
    before = prediction.stable.performances[0][1].benefit.thresholds
    kept = [
        t
        for t in before
        if not any(
            0 < ((infected == y) & ((risk >= t) == alert)).sum() < 11
            for y in (0, 1)
            for alert in (True, False)
        )
    ]
    assert found.benefit.thresholds.tolist() == kept


def test_the_record_repeats_no_hidden_number(small):
    body = json.loads(json.dumps(small.to_dict(), allow_nan=False))
    for part in body["performance"].values():
        assert not {"sensitivity", "specificity", "missed per 100", "alerts per 100"} & set(part["measures"])
    assert "adjusted_p" not in json.dumps(body)
