"""Parts of a disparity against closed forms and enumeration, and what is refused."""

from __future__ import annotations

import itertools
import json

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom

from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError, InvalidArgument, RoleConflict
from causalmed.fairness import DisparityAIPW, decompose_disparity
from causalmed.fairness.crossworld import transported_mean
from causalmed.graph import Graph
from causalmed.prediction import RiskModel
from causalmed.regression import Logistic

GRAPH = Graph.parse("dag { z -> {x w y}; x -> {w y}; w -> y }")
PARTS = ("direct", "indirect", "spurious")


def expit(value):
    return 1 / (1 + np.exp(-value))


# ---- a discrete model whose parts are enumerated ---------------------------------------------------

P_Z = 0.4


def p_x(z):
    return expit(-0.8 + 1.2 * z)


def p_w(x, z):
    return expit(-1.0 + 0.9 * x + 0.8 * z)


def p_y(x, z, w):
    return expit(-2.0 + 0.5 * x + 0.7 * z + 1.1 * w + 0.4 * x * w)


def world(x_background, x_mediator, x_outcome):
    """E[Y_{x_outcome, W_{x_mediator}} | X = x_background], summed over every state."""
    weights = {z: (P_Z if z else 1 - P_Z) * (p_x(z) if x_background else 1 - p_x(z)) for z in (0, 1)}
    return sum(
        weights[z]
        / sum(weights.values())
        * (p_w(x_mediator, z) if w else 1 - p_w(x_mediator, z))
        * p_y(x_outcome, z, w)
        for z, w in itertools.product((0, 1), repeat=2)
    )


TRUTH = {
    "total": world(1, 1, 1) - world(0, 0, 0),
    "direct": world(0, 0, 1) - world(0, 0, 0),
    "indirect": world(0, 1, 1) - world(0, 0, 1),
    "spurious": world(1, 1, 1) - world(0, 1, 1),
}


def draw(n, seed):
    rng = np.random.default_rng(seed)
    z = (rng.random(n) < P_Z).astype(int)
    x = (rng.random(n) < p_x(z)).astype(int)
    w = (rng.random(n) < p_w(x, z)).astype(int)
    y = (rng.random(n) < p_y(x, z, w)).astype(int)
    return pd.DataFrame({"z": z, "x": x, "w": w, "y": y})


def parts_of(frame, graph=GRAPH, **more):
    cohort = Cohort.from_frame(frame, outcome="y", protected="x", **more.pop("roles", {}))
    return decompose_disparity(cohort, graph=graph, reference="0", **more)


def values(found, of="outcome"):
    return {name: found.part(name, of=of).interval.estimate for name in ("total", *PARTS)}


def test_parts_equal_the_enumerated_ones_in_a_large_sample():
    found = parts_of(draw(100_000, 1))
    for name, truth in TRUTH.items():
        one = found.part(name).interval
        assert abs(one.estimate - truth) < 4 * one.std_error, name
        assert one.std_error < 0.005


def test_a_saturated_fit_equals_the_counts_of_the_cells():
    """Outcome models saturated in z and w: the plug-in over cells differs little."""
    frame = draw(50_000, 2)
    found = parts_of(frame, estimator=DisparityAIPW(regression=Logistic(formula="z*w")))
    cells = frame[frame["x"] == 1].groupby(["z", "w"])["y"].mean()
    reference = frame[frame["x"] == 0]
    carried = cells.reindex(pd.MultiIndex.from_frame(reference[["z", "w"]])).to_numpy()
    assert found.part("direct").interval.estimate == pytest.approx(
        carried.mean() - reference["y"].mean(), abs=2e-3
    )


def test_parts_add_up_to_the_total_to_the_last_digits():
    found = values(parts_of(draw(3000, 3)))
    assert found["total"] == pytest.approx(sum(found[name] for name in PARTS), abs=1e-12)
    frame = draw(3000, 3)
    assert found["total"] == pytest.approx(
        frame.loc[frame.x == 1, "y"].mean() - frame.loc[frame.x == 0, "y"].mean(), abs=1e-12
    )


# ---- a linear model with closed-form parts ---------------------------------------------------------


def linear(n=20_000, seed=4):
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    x = (rng.random(n) < expit(0.7 * z)).astype(int)
    w = 0.8 * x + 0.5 * z + rng.normal(size=n)
    y = 1.0 * x + 1.5 * w + 0.6 * z + rng.normal(size=n)
    return pd.DataFrame({"z": z, "x": x, "w": w, "y": y})


def test_linear_model_in_closed_form():
    frame = linear()
    found = parts_of(frame)
    gap = frame.loc[frame.x == 1, "z"].mean() - frame.loc[frame.x == 0, "z"].mean()
    truth = {"direct": 1.0, "indirect": 0.8 * 1.5, "spurious": (0.6 + 0.5 * 1.5) * gap}
    for name, value in truth.items():
        one = found.part(name).interval
        assert abs(one.estimate - value) < 4 * one.std_error, name


@pytest.mark.parametrize("shift", [1.0, 1000.0])
def test_intervals_do_not_depend_on_the_origin_of_the_scale(shift):
    frame = linear(2000)
    one, other = parts_of(frame), parts_of(frame.assign(y=frame["y"] + shift))
    for name in ("total", *PARTS):
        a, b = one.part(name).interval, other.part(name).interval
        assert a.estimate == pytest.approx(b.estimate, abs=1e-8)
        assert a.std_error == pytest.approx(b.std_error, rel=1e-7)


def test_labels_of_the_groups_change_nothing_and_swapping_them_turns_the_total():
    frame = draw(3000, 5)
    plain = parts_of(frame)
    named = frame.assign(x=frame["x"].map({0: "zebra", 1: "ant"}))
    cohort = Cohort.from_frame(named, outcome="y", protected="x")
    again = decompose_disparity(cohort, graph=GRAPH, reference="zebra")
    for name in ("total", *PARTS):
        assert plain.part(name).interval == again.part(name).interval
    swapped = decompose_disparity(cohort, graph=GRAPH, reference="ant").part("total").interval
    assert swapped.estimate == pytest.approx(-plain.part("total").interval.estimate, abs=1e-12)
    assert swapped.low == pytest.approx(-plain.part("total").interval.high, abs=1e-12)


def test_rows_in_any_order_and_any_number_of_threads_give_the_same():
    frame = linear(1500).assign(id=lambda f: [f"p{at}" for at in range(len(f))])
    roles = {"roles": {"unit": "id"}}
    one = parts_of(frame, **roles)
    other = parts_of(frame.sample(frac=1, random_state=1), n_jobs=2, **roles)
    assert one.parts == other.parts


# ---- double robustness -----------------------------------------------------------------------------


def curved(n=20_000, seed=6):
    """Background acts by its square: main effects are wrong for every nuisance."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=n)
    x = (rng.random(n) < expit(-0.8 + 0.8 * z**2)).astype(int)
    w = 0.8 * x + 0.5 * z + rng.normal(size=n)
    y = 1.0 * x + 1.0 * w + 2.0 * z**2 + rng.normal(size=n)
    return pd.DataFrame({"z": z, "x": x, "w": w, "y": y})


def squares(learner):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import PolynomialFeatures

    return make_pipeline(PolynomialFeatures(2), learner)


def right_propensity():
    from sklearn.linear_model import LogisticRegression

    return squares(LogisticRegression(C=1e6, max_iter=1000))


def right_regression():
    from sklearn.linear_model import LinearRegression

    return squares(LinearRegression())


def test_each_part_is_right_where_either_model_is():
    frame = curved()
    at = frame.groupby("x")["z"].agg(["mean", lambda z: (z**2).mean()]).diff().loc[1].to_numpy()
    truth = {"direct": 1.0, "indirect": 0.8, "spurious": 0.5 * at[0] + 2.0 * at[1]}
    either = (
        DisparityAIPW(propensity=right_propensity()),
        DisparityAIPW(regression=right_regression()),
        DisparityAIPW(propensity=right_propensity(), regression=right_regression()),
    )
    for estimator in either:
        found = parts_of(frame, estimator=estimator)
        for name, value in truth.items():
            one = found.part(name).interval
            assert abs(one.estimate - value) < max(4 * one.std_error, 0.03), (estimator, name)
    neither = parts_of(frame)
    for name in ("direct", "spurious"):
        assert abs(neither.part(name).interval.estimate - truth[name]) > 0.5, name


def test_the_simple_form_equals_the_general_influence_function():
    """The three-term form for (x_z, x_w, x_y) collapses to one carried-over mean, term by term."""
    rng = np.random.default_rng(7)
    n = 500
    x, y = rng.random(n) < 0.4, rng.normal(size=n)
    pi_z, pi_zw, mu, nu = (
        rng.uniform(0.2, 0.8, n),
        rng.uniform(0.2, 0.8, n),
        rng.normal(size=n),
        rng.normal(size=n),
    )
    p0 = (~x).mean()

    def general(xz, xw, xy):
        def chance(value, one):
            return one if value else 1 - one

        first = (
            (x == xy) * (y - mu) * chance(xw, pi_zw) / chance(xy, pi_zw) * chance(xz, pi_z) / chance(xw, pi_z)
        )
        second = (x == xw) * chance(xz, pi_z) / chance(xw, pi_z) * (mu - nu)
        return ((first + second + (x == xz) * nu) / p0).mean()

    assert transported_mean(y, x, chance=pi_zw, mean=mu).value == pytest.approx(general(0, 0, 1), abs=1e-12)
    assert transported_mean(y, x, chance=pi_z, mean=nu).value == pytest.approx(general(0, 1, 1), abs=1e-12)


# ---- coverage --------------------------------------------------------------------------------------


def covered(draws, n, start):
    hits = dict.fromkeys(("total", *PARTS), 0)
    for seed in range(draws):
        found = parts_of(draw(n, start + seed))
        for name in hits:
            hits[name] += TRUTH[name] in found.part(name).interval
    return hits


def within_bounds(hits, draws):
    low, high = binom.ppf([0.0005, 0.9995], draws, 0.95)
    assert all(low <= hit <= high for hit in hits.values()), hits


def test_intervals_cover():
    within_bounds(covered(30, 1000, 100), 30)


@pytest.mark.slow
def test_intervals_cover_at_length():
    within_bounds(covered(600, 1500, 10_000), 600)


@pytest.mark.slow
def test_intervals_cover_in_clusters():
    """Sixty hospitals that differ in background and in outcome."""
    draws, hits = 200, dict.fromkeys(("total", *PARTS), 0)
    estimates = {name: [] for name in hits}
    intervals = {name: [] for name in hits}
    for seed in range(draws):
        rng = np.random.default_rng(seed)
        hospital = np.repeat(np.arange(60), 25)
        of_hospital, n = rng.normal(0, 0.7, 60)[hospital], 1500
        z = rng.normal(size=n)
        x = (rng.random(n) < expit(0.7 * z)).astype(int)
        w = 0.8 * x + 0.5 * z + rng.normal(size=n)
        y = 1.0 * x + 1.5 * w + 0.6 * z + of_hospital + rng.normal(size=n)
        frame = pd.DataFrame({"z": z, "x": x, "w": w, "y": y, "hospital": [f"h{at}" for at in hospital]})
        found = parts_of(frame, roles={"cluster": "hospital"})
        for name in hits:
            estimates[name].append(found.part(name).interval.estimate)
            intervals[name].append(found.part(name).interval)
    truth = {"direct": 1.0, "indirect": 1.2}
    for name, value in truth.items():
        hits[name] = sum(value in one for one in intervals[name])
        low, high = binom.ppf([0.0005, 0.9995], draws, 0.95)
        assert low <= hits[name] <= high, (name, hits[name])


# ---- what is refused, and what is known all the same -----------------------------------------------


def refused(text, frame=None, **more):
    return parts_of(draw(2000, 8) if frame is None else frame, graph=Graph.parse(text), **more)


def test_a_hidden_cause_of_mediator_and_outcome_refuses_what_goes_through_it():
    found = refused("dag { u [latent]; z -> {x w y}; x -> {w y}; w -> y; u -> {w y} }")
    assert found.part("spurious").interval is not None
    assert found.part("direct").interval is found.part("indirect").interval is None
    assert found.part("direct").why == "not identified: w <- u -> y stays open"
    joint, total = found.part("direct and indirect").interval, found.part("total").interval
    assert joint.estimate + found.part("spurious").interval.estimate == pytest.approx(
        total.estimate, abs=1e-12
    )


def test_a_hidden_cause_of_group_and_mediator_leaves_the_direct_part():
    found = refused("dag { u [latent]; z -> {x w y}; x -> {w y}; w -> y; u -> {x w} }")
    assert found.part("direct").interval is not None
    assert found.part("spurious").interval is found.part("indirect").interval is None
    assert found.part("indirect and spurious").interval is not None


def test_a_hidden_cause_of_group_and_outcome_refuses_the_outcome_but_not_the_prediction():
    frame = draw(4000, 9)
    model = RiskModel.wrap(
        lambda f: expit(-2 + 0.6 * f["z"] + f["w"] + 0.3 * f["x"]), features=["z", "w", "x"]
    )
    found = refused("dag { x <-> y; z -> {x w y}; x -> {w y}; w -> y }", frame, model=model)
    assert all(found.part(name).interval is None for name in PARTS)
    assert all(found.part(name, of="prediction").interval is not None for name in PARTS)
    assert all(found.part(name, of="residual").interval is None for name in PARTS)
    assert "Not identified: direct, indirect and spurious" in found.headline


def test_the_direct_part_of_a_prediction_is_computed_not_estimated():
    frame = draw(4000, 9)

    def risk(f):
        return expit(-2 + 0.6 * f["z"] + f["w"] + 0.3 * f["x"])

    found = parts_of(frame, model=RiskModel.wrap(risk, features=["z", "w", "x"]))
    reference = frame[frame.x == 0]
    by_hand = (risk(reference.assign(x=1)) - risk(reference)).mean()
    one = found.part("direct", of="prediction")
    assert one.interval.estimate == pytest.approx(by_hand, abs=1e-12)
    assert one.robustness is None
    blind = parts_of(frame, model=RiskModel.wrap(lambda f: expit(-2 + f["w"]), features=["w"]))
    assert blind.part("direct", of="prediction").interval.estimate == pytest.approx(0.0, abs=1e-12)
    for name in ("total", *PARTS):
        rest = found.part(name).interval.estimate - found.part(name, of="prediction").interval.estimate
        assert found.part(name, of="residual").interval.estimate == pytest.approx(rest, abs=1e-12)


def test_a_column_of_risks_needs_to_be_in_the_graph():
    frame = draw(2000, 10).assign(risk=lambda f: expit(-2 + f["w"]))
    outside = parts_of(frame, model="risk")
    assert "columns behind a column of risks" in outside.part("direct", of="prediction").why
    inside = parts_of(
        frame, graph=Graph.parse("dag { z -> {x w y}; x -> {w y}; w -> {y risk} }"), model="risk"
    )
    assert inside.part("direct", of="prediction").interval is not None


def test_without_mediators_nothing_is_indirect():
    found = parts_of(draw(2000, 11).drop(columns="w"), graph=Graph.parse("dag { z -> {x y}; x -> y }"))
    assert found.part("indirect").interval.estimate == 0.0


def test_without_background_nothing_is_spurious():
    rng = np.random.default_rng(12)
    x = rng.integers(2, size=3000)
    y = (rng.random(3000) < 0.1 + 0.1 * x).astype(int)
    found = parts_of(pd.DataFrame({"x": x, "y": y}), graph=Graph.parse("dag { x -> y }"))
    total, direct = found.part("total").interval, found.part("direct").interval
    assert direct.estimate == pytest.approx(total.estimate, abs=1e-2)


def test_a_cause_of_the_group_alone_is_not_adjusted_for():
    from causalmed.fairness import pathways

    graph = Graph.parse("dag { ancestry -> x; z -> {x w y}; x -> {w y}; w -> y }")
    found = pathways(graph, "x", "y", observed=["ancestry", "x", "z", "w", "y"])
    assert (found.background, found.mediators) == (("z",), ("w",))


# ---- several groups, small groups, bad input -------------------------------------------------------


def test_every_level_against_the_reference_by_holm_and_small_groups_are_refused():
    frame = draw(3000, 13)
    rng = np.random.default_rng(1)
    frame["x"] = np.where(rng.random(3000) < 0.3, "c", frame["x"].map({0: "a", 1: "b"}))
    frame.loc[:4, "x"] = "rare"
    cohort = Cohort.from_frame(frame, outcome="y", protected="x")
    found = decompose_disparity(cohort, graph=GRAPH, reference="a")
    assert found.groups == ("b", "c", "rare")
    assert "fewer than 11" in found.part("total", group="rare").why
    tested = [one for one in found.parts if one.p_adjusted is not None]
    assert len(tested) == 6
    assert all(one.p_adjusted >= one.p_value for one in tested)


def test_sensitivity_reads_as_it_should():
    one = parts_of(linear(4000)).part("direct")
    assert 0 < one.robustness_limit < one.robustness < 1
    null = parts_of(linear(4000).assign(y=lambda f: f["y"] - f["x"])).part("direct")
    assert null.robustness < one.robustness


def test_frames_words_and_picture_are_complete():
    found = parts_of(draw(3000, 14), model=RiskModel.wrap(lambda f: expit(-2 + f["w"]), features=["w"]))
    json.dumps(found.to_dict(), allow_nan=False)
    assert len(found.to_frame()) == len(found.parts) == 12
    assert max(map(len, found.summary().splitlines())) <= 80
    picture = found.picture(of="residual")
    assert "through w" in picture.alt
    assert len(picture.table()) == 4
    assert found.plot().get_xlabel()
    with pytest.raises(InvalidArgument, match="There is no 'total' of the 'errors'"):
        found.part("total", of="errors")


@pytest.mark.parametrize(
    ("more", "error", "match"),
    [
        ({"reference": "2"}, InvalidArgument, "reference"),
        ({"protected": ["x", "z"]}, InvalidArgument, "one at a time"),
        ({"outcome": "x"}, RoleConflict, "both the outcome"),
        ({"outcome": "nothing"}, CausalmedError, "'nothing'"),
        ({"graph": "dag { x -> y }"}, InvalidArgument, "Graph"),
        ({"estimator": "AIPW"}, InvalidArgument, "DisparityAIPW"),
        ({"model": object()}, InvalidArgument, r"RiskModel\.wrap"),
        ({"level": 95}, InvalidArgument, "level"),
    ],
)
def test_bad_input_is_refused_in_words(more, error, match):
    cohort = Cohort.from_frame(draw(200, 15), outcome="y", protected="x")
    with pytest.raises(error, match=match):
        decompose_disparity(cohort, **{"graph": GRAPH, **more})


def test_bad_settings_are_refused():
    for wrong in ({"folds": 1}, {"trim": 0.7}, {"folds": True}):
        with pytest.raises(InvalidArgument):
            DisparityAIPW(**wrong)
