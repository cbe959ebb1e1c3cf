"""The two games on structural models: closed forms, enumeration, and the model's own sampling."""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument, NotIdentified
from causalmed.explanation.games.asking import ask_caused, ask_set
from causalmed.explanation.games.coalitions import asymmetric, symmetric
from causalmed.explanation.players import Players
from causalmed.graph import Graph
from causalmed.scm import LinearGaussian, LogisticBinary, Predictor, StructuralCausalModel, fit_scm


class Linear:
    """A risk that is a straight line of its columns."""

    def __init__(self, slopes: dict[str, float], at: float = 0.5) -> None:
        self.slopes, self.at = slopes, at
        self.features = tuple(slopes)

    def risk(self, patients: Cohort) -> np.ndarray:
        return self.at + sum(slope * patients.values(name) for name, slope in self.slopes.items())


def gaussian(arrows: dict[tuple[str, str], float], names: str) -> StructuralCausalModel:
    mechanisms = {
        name: LinearGaussian(
            predictor=Predictor.of(0.3, {a: slope for (a, b), slope in arrows.items() if b == name}), sd=0.8
        )
        for name in names
    }
    return StructuralCausalModel.of(Graph.of(list(arrows), nodes=list(names)), mechanisms)


def random_arrows(names: str, seed: int) -> dict[tuple[str, str], float]:
    rng = np.random.default_rng(seed)
    return {pair: float(rng.normal()) for pair in itertools.combinations(names, 2) if rng.random() < 0.6}


def means(scm: StructuralCausalModel, fixed: dict[str, float]) -> dict[str, float]:
    """The mean of every node of a linear model, some of them set."""
    found: dict[str, float] = {}
    for name in scm.order:
        predictor = scm.mechanisms[name].predictor
        slopes = zip(predictor.columns, predictor.coefficients[1:], strict=True)
        found[name] = fixed.get(name, predictor.intercept + sum(b * found[c] for c, b in slopes))
    return found


def shapley(
    worth: Callable[[dict[str, float]], float], own: dict[str, float], before: list[int] | None = None
):
    """Shares of a game whose worths are known, through the tested sums over coalitions."""
    shares = symmetric(len(own)) if before is None else asymmetric(before)
    names = list(own)
    table = np.array(
        [worth({n: own[n] for j, n in enumerate(names) if s >> j & 1}) for s in range(1 << len(own))]
    )
    return shares.add_up(table[shares.stop] - table[shares.start])


def cohort(**columns: list[float]) -> Cohort:
    kinds = {name: "continuous" for name in columns}
    return Cohort.from_frame(pd.DataFrame(columns), kinds=kinds)


def test_the_chain_of_two_has_the_known_answer() -> None:
    """f = b W, W = a X + e: half of a b (x - EX) for X; all of it where causes come first."""
    a, b = 0.7, 0.02
    scm = gaussian({("x", "w"): a}, "xw")
    patients = cohort(x=[1.5, -2.0], w=[2.0, 1.0])
    model = Linear({"x": 0.0, "w": b})
    played = ask_set(scm, Players.of(model, patients), patients, draws=4096, seed=1).played
    centre = means(scm, {})
    x, w = (patients.values(name) - centre[name] for name in "xw")
    np.testing.assert_allclose(
        played.values, np.column_stack([a * b * x / 2, b * w - a * b * x / 2]), atol=2e-5
    )
    assert played.asymmetric is not None
    np.testing.assert_allclose(played.asymmetric, np.column_stack([a * b * x, b * w - a * b * x]), atol=2e-5)
    np.testing.assert_allclose(played.direct, np.column_stack([0 * x, played.values[:, 1]]), atol=1e-12)


@pytest.mark.parametrize("seed", range(6))
def test_linear_models_have_closed_forms(seed: int) -> None:
    arrows = random_arrows("abcd", seed)
    scm = gaussian(arrows, "abcd")
    slopes = dict(zip("abcd", np.random.default_rng(seed).normal(size=4) / 100, strict=True))
    patients = cohort(**{name: [1.0 + k] for k, name in enumerate("abcd")})
    own = {name: float(patients.values(name)[0]) for name in "abcd"}
    found = ask_set(scm, Players.of(Linear(slopes), patients), patients, draws=1024, seed=seed)

    def worth(fixed: dict[str, float]) -> float:
        mean = means(scm, fixed)
        return 0.5 + sum(slope * mean[name] for name, slope in slopes.items())

    played = found.played
    gap = np.abs(played.values[0] - shapley(worth, own))
    assert np.all(gap <= 6 * played.monte_carlo_error[0] + 1e-12)
    assert gap.max() < 2e-4
    before = [
        sum(1 << j for j, a in enumerate("abcd") if a in scm.graph.ancestors([b]) - {b}) for b in "abcd"
    ]
    assert played.asymmetric is not None
    np.testing.assert_allclose(played.asymmetric[0], shapley(worth, own, before), atol=2e-4)
    assert played.values.sum() == pytest.approx(float(played.end[0] - played.start[0]), abs=1e-12)


@pytest.mark.parametrize("seed", range(3))
def test_what_causes_a_linear_outcome_has_a_closed_form(seed: int) -> None:
    scm = gaussian(random_arrows("abcdy", seed) | {("d", "y"): 1.0}, "abcdy")
    patients = cohort(**{name: [0.5 - k] for k, name in enumerate("abcd")})
    own = {name: float(patients.values(name)[0]) for name in "abcd"}
    found = ask_caused(scm, tuple("abcd"), patients, outcome="y", draws=1024, seed=1).played
    np.testing.assert_allclose(found.values[0], shapley(lambda fixed: means(scm, fixed)["y"], own), atol=1e-2)


BINARY = StructuralCausalModel.of(
    Graph.parse("dag { a -> b -> y; a -> c -> y; b -> c; y [outcome]; c -> d }"),
    {
        "a": LogisticBinary(predictor=Predictor.of(-0.4)),
        "b": LogisticBinary(predictor=Predictor.of(-1.0, {"a": 1.5})),
        "c": LogisticBinary(predictor=Predictor.of(0.5, {"a": -1.0, "b": 0.9})),
        "d": LogisticBinary(predictor=Predictor.of(-0.5, {"c": 2.0})),
        "y": LogisticBinary(predictor=Predictor.of(-2.0, {"b": 1.0, "c": 0.8, "b:c": 0.5})),
    },
)


class Score:
    features = ("a", "b", "c", "d")

    def risk(self, patients: Cohort) -> np.ndarray:
        a, b, c, d = (patients.values(name) for name in self.features)
        return expit(-2 + 0.5 * a - b + 1.2 * c * d + 0.3 * d)


def enumerated(fixed: dict[str, float], value: Callable[[dict[str, float]], float]) -> float:
    """The mean of a function of the binary model, over all its states."""
    total = 0.0
    for state in itertools.product([0.0, 1.0], repeat=4):
        here, chance = dict(zip("abcd", state, strict=True)), 1.0
        for name in "abcd":
            if name in fixed:
                chance *= here[name] == fixed[name]
            else:
                p = float(BINARY.mechanisms[name].mean({n: np.array(v) for n, v in here.items()}))
                chance *= p if here[name] else 1 - p
        total += chance * value(here)
    return total


def binary_patient(**values: int) -> Cohort:
    return Cohort.from_frame(pd.DataFrame([values]), kinds={name: "binary" for name in values})


@pytest.mark.parametrize("state", [(1, 1, 0, 1), (0, 1, 1, 0), (1, 0, 1, 1)])
def test_binary_models_agree_with_all_their_states(state: tuple[int, ...]) -> None:
    own = dict(zip("abcd", map(float, state), strict=True))
    patient = binary_patient(**{name: int(v) for name, v in own.items()})
    players = Players.of(Score(), patient)
    risk = ask_set(BINARY, players, patient, draws=4096, seed=1).played
    cause = ask_caused(BINARY, tuple("abcd"), patient, outcome="y", draws=4096, seed=1).played

    def score(here: dict[str, float]) -> float:
        return float(players.risk(np.array([[here[name] for name in "abcd"]]))[0])

    def outcome(here: dict[str, float]) -> float:
        return float(BINARY.mechanisms["y"].mean({n: np.array(v) for n, v in here.items()}))

    for played, value in ((risk, score), (cause, outcome)):
        expected = shapley(lambda fixed, value=value: enumerated(fixed, value), own)
        gap = np.abs(played.values[0] - expected)
        assert np.all(gap <= 6 * played.monte_carlo_error[0] + 1e-12), gap
        assert gap.max() < 1e-3
    assert cause.values[0, 3] == 0.0, "an effect of the causes that leads nowhere causes nothing, exactly"


def test_direct_and_indirect_parts_by_all_states() -> None:
    patient, own = binary_patient(a=1, b=1, c=0, d=1), {"a": 1.0, "b": 1.0, "c": 0.0, "d": 1.0}
    players = Players.of(Score(), patient)
    found = ask_set(BINARY, players, patient, draws=4096, seed=1).played
    shares, expected = symmetric(4), []
    for s, j in zip(shares.start.tolist(), shares.joins.tolist(), strict=True):
        fixed = {n: own[n] for k, n in enumerate("abcd") if s >> k & 1}
        more = "abcd"[j]

        def value(here: dict[str, float], more: str = more) -> float:
            mixed = here | {more: own[more]}
            both = np.array([[r[n] for n in "abcd"] for r in (mixed, here)])
            return float(np.subtract(*players.risk(both)))

        expected.append(enumerated(fixed, value))
    np.testing.assert_allclose(found.direct[0], shares.add_up(np.array(expected)), atol=1e-3)


FRONT = Graph.parse("dag { u [latent]; y [outcome]; u -> x -> m -> y; u -> y; z -> y; x -> w; u -> w }")


@pytest.fixture(scope="module")
def hidden() -> StructuralCausalModel:
    rng = np.random.default_rng(3)
    n = 3000
    u, z = rng.normal(size=n), rng.integers(0, 2, n)
    x = (rng.random(n) < expit(u)).astype(int)
    m = (rng.random(n) < expit(-1 + 2 * x)).astype(int)
    w = (rng.random(n) < expit(x + u)).astype(int)
    y = (rng.random(n) < expit(-2 + m + u + 0.5 * z)).astype(int)
    return fit_scm(
        FRONT, Cohort.from_frame(pd.DataFrame({"x": x, "m": m, "w": w, "y": y, "z": z}), outcome="y")
    )


def test_hidden_causes_are_averaged_as_the_model_samples_them(hidden: StructuralCausalModel) -> None:
    patient = binary_patient(x=1, m=0, z=1)
    found = ask_caused(hidden, ("x", "m", "z"), patient, outcome="y", draws=4096, seed=2)
    assert found.players == ("x", "m", "z")
    shares, own = symmetric(3), {"x": 1, "m": 0, "z": 1}
    table = []
    for s in range(8):
        fixed = {n: v for k, (n, v) in enumerate(own.items()) if s >> k & 1}
        table.append(hidden.sample(400_000, do=fixed, nodes=["y"], seed=5)["y"].mean())
    worth = np.array(table)
    np.testing.assert_allclose(
        found.played.values[0], shares.add_up(worth[shares.stop] - worth[shares.start]), atol=4e-3
    )
    assert found.played.values[0, 0] != pytest.approx(0.0, abs=1e-3)


def test_who_cannot_be_set_is_listed_not_scored(hidden: StructuralCausalModel) -> None:
    patient = binary_patient(x=1, m=0, z=1, w=1)

    class Reads:
        features = ("x", "m", "w", "z")

        def risk(self, patients: Cohort) -> np.ndarray:
            return 0.1 + 0.2 * patients.values("w") + 0.1 * patients.values("z")

    found = ask_set(hidden, Players.of(Reads(), patient), patient, draws=64, seed=1)
    assert [one.feature for one in found.unscored] == ["x"]
    assert "cannot be computed" in found.unscored[0].reason
    assert found.players == ("m", "w", "z")
    for size in range(1, 4):
        for chosen in itertools.combinations(found.players, size):
            hidden.plan(exposures=chosen, targets=Reads.features)  # every coalition is identified

    class Reads2:
        features = ("x", "w")

        def risk(self, patients: Cohort) -> np.ndarray:
            return 0.1 + 0.2 * patients.values("w")

    found = ask_set(hidden, Players.of(Reads2(), patient), patient, draws=64, seed=1)
    assert found.players == ("w",)
    only = Graph.parse("dag { u [latent]; u -> x -> y; u -> y; y [outcome] }")
    table = pd.DataFrame({"x": [0, 1] * 20, "y": [0, 1, 1, 0] * 10})
    with pytest.raises(NotIdentified):
        ask_caused(
            fit_scm(only, Cohort.from_frame(table, outcome="y")),
            ("x",),
            patient,
            outcome="y",
            draws=64,
            seed=1,
        )


def test_a_column_the_structural_model_lacks_is_refused_for_setting_and_listed_for_causing() -> None:
    patient = binary_patient(a=1, b=1, c=0, d=1, night=1)

    class Night(Score):
        features = ("a", "night")

        def risk(self, patients: Cohort) -> np.ndarray:
            return 0.1 + 0.1 * patients.values("night")

    with pytest.raises(InvalidArgument, match="night"):
        ask_set(BINARY, Players.of(Night(), patient), patient, draws=64, seed=1)
    found = ask_caused(BINARY, ("a", "night"), patient, outcome="y", draws=64, seed=1)
    assert [one.feature for one in found.unscored] == ["night"]


def test_error_is_that_of_other_seeds() -> None:
    patient = binary_patient(a=1, b=1, c=0, d=1)
    found = [
        ask_caused(BINARY, tuple("abcd"), patient, outcome="y", draws=128, seed=seed).played
        for seed in range(60)
    ]
    spread = np.array([each.values[0] for each in found]).std(axis=0, ddof=1)
    error = np.sqrt(np.mean([each.monte_carlo_error[0] ** 2 for each in found], axis=0))
    np.testing.assert_allclose(error[:3], spread[:3], rtol=0.35)


def test_a_patient_among_others_is_explained_as_alone() -> None:
    rng = np.random.default_rng(1)
    table = pd.DataFrame(rng.integers(0, 2, (40, 4)), columns=list("abcd"))
    several = Cohort.from_frame(table, kinds={name: "binary" for name in "abcd"})
    players = Players.of(Score(), several)
    together = ask_set(BINARY, players, several, draws=512, seed=1).played
    alone = ask_set(BINARY, players, several.take([17]), draws=512, seed=1).played
    np.testing.assert_allclose(together.values[17], alone.values[0], atol=1e-14)
    np.testing.assert_allclose(together.end, players.risk(players.matrix(several)), atol=1e-14)


def test_many_columns_are_explained_by_orders() -> None:
    names = "abcdefghijklm"
    scm = gaussian(dict.fromkeys(itertools.pairwise(names), 0.3), names)
    patients = cohort(**{name: [1.0] for name in names})
    slopes = {name: 0.01 for name in names}
    found = ask_set(scm, Players.of(Linear(slopes), patients), patients, draws=32, seed=1).played
    assert "pairs of orders" in found.method
    assert found.asymmetric is not None, "a chain has one order"
    assert found.values.sum() == pytest.approx(float(found.end[0] - found.start[0]), abs=1e-12)
    own = {name: 1.0 for name in names}

    def worth(fixed: dict[str, float]) -> float:
        return 0.5 + 0.01 * sum(means(scm, fixed).values())

    expected = shapley(worth, own)
    assert np.all(np.abs(found.values[0] - expected) <= 5 * found.monte_carlo_error[0] + 1e-6)


@pytest.mark.parametrize("recalibrated", [False, True])
def test_trees_in_all_worlds_at_once_are_the_trees_world_by_world(recalibrated: bool) -> None:
    from dataclasses import replace

    from sklearn.ensemble import HistGradientBoostingClassifier

    from causalmed.explanation.games import forests
    from causalmed.prediction import Recalibration, RiskModel

    scm = gaussian(random_arrows("abcdef", 2), "abcdef")
    table = scm.sample(600, seed=1)[list("abcdef")]
    events = np.random.default_rng(1).random(600) < expit(table.sum(axis=1) - 1)
    classifier = HistGradientBoostingClassifier(max_iter=12, max_depth=4).fit(table.to_numpy(), events)
    model = RiskModel.wrap(classifier, features=list("abcdef"), positive=True)
    if recalibrated:
        model = replace(model, recalibration=Recalibration(intercept=0.3, slope=0.8))
    patients = Cohort.from_frame(table.iloc[:3])
    players = Players.of(model, patients)
    assert (forests.tree_risk(players, players.matrix(patients)) is None) == recalibrated
    fast = ask_set(scm, players, patients, draws=64, seed=1, parts=False).played
    slow = ask_set(scm, players, patients, draws=64, seed=1, parts=True).played
    np.testing.assert_allclose(fast.values, slow.values, atol=1e-12)
    np.testing.assert_allclose(fast.asymmetric, slow.asymmetric, atol=1e-12)
    np.testing.assert_allclose(fast.monte_carlo_error, slow.monte_carlo_error, atol=1e-12)
