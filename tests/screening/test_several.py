"""Several graphs: each screen is the one of its graph, and the arrows that decide are named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import Cohort, Graph, discover, screen_risks
from causalmed.errors import InvalidArgument
from causalmed.screening import screen_graphs

WITH = Graph.parse("dag { late [exposure] warm [exposure] {age late warm} -> ssi; age -> late }")
WITHOUT = Graph.parse("dag { late [exposure] warm [exposure] {late warm} -> ssi; age }")


def patients():
    rng = np.random.default_rng(1)
    age, warm = rng.normal(size=4000), rng.random(4000) < 0.5
    late = rng.random(4000) < 1 / (1 + np.exp(-1.5 * age))
    ssi = rng.random(4000) < 1 / (1 + np.exp(1 - 1.5 * age + 1.0 * warm))
    return Cohort.from_frame(pd.DataFrame({"age": age, "late": late, "warm": warm, "ssi": ssi}))


def test_what_hangs_on_the_graph_is_told_from_what_does_not():
    cohort = patients()
    found = screen_graphs({"A": WITH, "B": WITHOUT}, cohort, outcome="ssi")
    assert (found.agreed, found.disputed) == (("warm",), ("late",))
    assert found.turning_arrows("late") == ("age -> late", "age -> ssi")
    assert found.turning_arrows("warm") == ()
    alone = screen_risks(WITHOUT, cohort, outcome="ssi").candidate("late").risk_difference
    row = found.to_frame().set_index("candidate").loc["late"]
    assert row["greatest"] == alone.estimate
    assert row["high"] == alone.high
    assert (
        row["least"] == screen_risks(WITH, cohort, outcome="ssi").candidate("late").risk_difference.estimate
    )
    assert "It hangs on age -> late" in found.summary()


@pytest.mark.parametrize("graphs", [[], {}, "dag { a -> b }", [WITH, "x"], None])
def test_what_is_no_graph_is_refused(graphs):
    with pytest.raises(InvalidArgument, match="at least one Graph"):
        screen_graphs(graphs, patients(), outcome="ssi")


def class_of_patients(**options):
    return discover(
        patients(),
        forbidden=[("ssi", name) for name in ("age", "late", "warm")],
        test="regression",
        bootstrap=0,
        **options,
    )


def test_the_range_over_a_class_is_that_of_its_members_one_by_one(monkeypatch):
    from causalmed.screening import answers

    graphs = class_of_patients(method="pc", latents="none").graphs(exposures=["late", "warm"], outcome="ssi")
    assert len(graphs) == 2  # age -> late and late -> age
    alone = [screen_risks(graph, patients(), outcome="ssi") for graph in graphs.values()]
    asked = []
    wrapped = answers.estimate
    monkeypatch.setattr(
        answers,
        "estimate",
        lambda *given, **options: (asked.append(given[0].exposure), wrapped(*given, **options))[1],
    )
    found = screen_graphs(graphs, patients(), outcome="ssi")
    for name in ("late", "warm"):
        row = found.to_frame().set_index("candidate").loc[name]
        each = [screen.candidate(name).risk_difference for screen in alone]
        zero = 0.0 if name == "late" else None  # where late has no path to ssi
        assert [one is None for one in each].count(True) == (zero is not None)
        values = [zero if one is None else one.estimate for one in each]
        assert (row["least"], row["greatest"]) == (min(values), max(values))
        assert row["low"] == pytest.approx(min(zero if one is None else one.low for one in each), rel=1e-12)
    assert sorted(asked) == ["late", "warm"]  # warm is asked alike under both, and estimated once


def test_what_some_graphs_of_a_class_do_not_identify_is_said():
    graphs = class_of_patients().graphs(exposures=["late", "warm"], outcome="ssi")
    found = screen_graphs(graphs, patients(), outcome="ssi")
    assert found.untold == ("late", "warm")
    row = found.to_frame().set_index("candidate").loc["late"]
    assert 0 < row["not_identifiable"] < len(graphs)
    assert "there it could be anything" in " ".join(found.summary().split())
    assert found.agreed == ()
