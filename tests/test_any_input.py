"""Whatever table and graph are thrown at ``estimate``: a valid effect or a CausalmedError, nothing else."""

from __future__ import annotations

import math
import warnings
from collections import Counter

import numpy as np
import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from causalmed import (
    AIPW,
    IPW,
    TMLE,
    Cohort,
    Effect,
    Estimand,
    GComputation,
    Graph,
    Logistic,
    estimate,
    identify,
)
from causalmed.errors import CausalmedError, CausalmedWarning, ScaleNotDefined
from causalmed.estimation import IPWRA, DoubleML, Matching, Shift

NAMES = ("late", "ssi", "age", "sex", "ward", "frailty")
SPECS = (
    None,
    GComputation(),
    GComputation(by_arm=True, outcome=Logistic(firth=True)),
    IPW(),
    IPW(stabilised=False, trim=0.05),
    IPWRA(),
    AIPW(),
    AIPW(trim=0.0),
    TMLE(),
    TMLE(fluctuation="covariate"),
    Matching(),
    DoubleML(folds=2),
)
CONTRASTS = ((1, 0), (0, 1), ("b", "a"), (2, 1), Shift(by=-1), "ab", (1,), None)
POPULATIONS = ("all", "exposed", "unexposed", "overlap", "some")
OPTIONS = {"max_examples": 200, "deadline": None, "derandomize": True}


KINDS = {
    "flag": lambda rng, n: rng.random(n) < 0.35,
    "rare": lambda rng, n: rng.random(n) < 0.02,
    "number": lambda rng, n: rng.normal(size=n),
    "tiny": lambda rng, n: 1e-8 * rng.normal(size=n),
    "whole": lambda rng, n: rng.integers(0, 50, n),
    "three": lambda rng, n: np.array(["a", "b", "c"])[rng.integers(0, 3, n)],
    "two": lambda rng, n: np.array(["a", "b"])[rng.integers(0, 2, n)],
    "constant": lambda rng, n: np.ones(n),
    "enormous": lambda rng, n: 1e200 * rng.normal(size=n),
    "infinite": lambda rng, n: np.where(rng.random(n) < 0.2, np.inf, rng.normal(size=n)),
    "holed": lambda rng, n: np.where(rng.random(n) < 0.2, np.nan, rng.normal(size=n)),
}
"""Values of a column, of every kind and of none."""
FLAGS = st.sampled_from(["flag"] * 12 + list(KINDS))
PLAIN = st.sampled_from(["flag", "number", "three", "whole"] * 5 + list(KINDS))


@st.composite
def table(draw):
    """A table of up to 200 rows; most could be analysed."""
    n = draw(st.sampled_from([200] * 8 + [80, 20, 5, 2, 1, 0]))
    rng = np.random.default_rng(draw(st.integers(0, 10_000)))
    names = ["late", "ssi", *draw(st.lists(st.sampled_from(NAMES[2:]), max_size=4, unique=True))]
    frame = pd.DataFrame(
        {name: KINDS[draw(FLAGS if name in ("late", "ssi") else PLAIN)](rng, n) for name in names}
    )
    if "age" in frame and draw(st.sampled_from([False] * 4 + [True])):
        frame["copy"] = frame["age"]
    return frame if draw(st.sampled_from([True] * 12 + [False])) else frame.drop(columns="ssi")


@st.composite
def question(draw, columns):
    """An estimand, from a random graph or stated by hand; sometimes none exists."""
    strangers = [NAMES[5], "copy"] if draw(st.sampled_from([False] * 5 + [True])) else []
    names = list(dict.fromkeys(["late", "ssi", *columns, *strangers]))
    if draw(st.booleans()):
        rest = draw(st.lists(st.sampled_from(names[2:] or ["age"]), max_size=3, unique=True))
        return lambda: Estimand.given(exposure="late", outcome="ssi", adjustment_set=rest)
    order = draw(st.permutations(names))
    last = len(names) - 1
    arrows = draw(st.lists(st.tuples(st.integers(0, last), st.integers(0, last)), max_size=9))
    text = "; ".join(f"{order[i]} -> {order[j]}" for i, j in arrows if i < j)
    both = "; ".join(
        f"{order[i]} <-> {order[j]}"
        for i, j in draw(st.lists(st.sampled_from([(0, 1), (0, last)]), max_size=1))
    )
    effect = draw(st.sampled_from(["total", "total", "natural_direct", "natural_indirect"]))
    mediators = () if effect == "total" else (draw(st.sampled_from(names[2:] or ["age"])),)

    def ask():
        graph = Graph.parse(f"dag {{ {'; '.join([*names, text, both])} }}")
        return identify(graph, exposure="late", outcome="ssi", effect=effect, mediators=mediators)

    return ask


def is_valid(effect):
    """Finite means, a covariance that can be one, intervals in order, text and plain numbers."""
    arms = effect.functionals
    assert np.isfinite(arms.values).all()
    assert not np.isnan(arms.covariance).any()
    assert (np.diagonal(arms.covariance) >= 0).all()
    assert effect.summary(show_failed=True)
    assert effect.to_dict()["n"] == effect.n > 0
    try:
        found = effect.difference
    except ScaleNotDefined:
        return
    assert found.low <= found.estimate <= found.high
    if effect.outcome_kind == "binary" and not effect.diagnostics.failed():
        assert -1.05 <= found.estimate <= 1.05
    assert not math.isnan(found.std_error)


SEEN: Counter[str] = Counter()


@st.composite
def case(draw):
    """A table and a question about its columns."""
    frame = draw(table())
    return frame, draw(question(list(frame.columns)))


@settings(**OPTIONS, suppress_health_check=list(HealthCheck))
@given(
    asked=case(),
    spec=st.sampled_from(SPECS),
    contrast=st.sampled_from([(1, 0)] * 30 + list(CONTRASTS)),
    population=st.sampled_from(["all"] * 10 + list(POPULATIONS)),
    options=st.fixed_dictionaries({}, optional={"cluster": st.just("ward"), "missing": st.just("complete")}),
)
def test_an_effect_or_a_reason(asked, spec, contrast, population, options):
    frame, ask = asked
    before = frame.copy(deep=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CausalmedWarning)
        try:
            effect = estimate(
                ask(), Cohort.from_frame(frame, **options), spec, contrast=contrast, population=population
            )
        except CausalmedError as error:
            effect, reason = None, str(error)
    pd.testing.assert_frame_equal(frame, before)
    if effect is None:
        assert len(reason) > 20
        SEEN["reason"] += 1
        return
    assert isinstance(effect, Effect)
    is_valid(effect)
    SEEN["effect"] += 1


def test_both_answers_occurred():
    """The generator must not throw nonsense only, nor only what is easy."""
    assert SEEN["effect"] >= 30, SEEN
    assert SEEN["reason"] >= 30, SEEN
