"""Several graphs: each screen is the one of its graph, and the arrows that decide are named."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from causalmed import Cohort, Graph, screen_risks
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
