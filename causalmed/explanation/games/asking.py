r"""The two games that need a structural causal model.

*Set* (causal Shapley values): :math:`v(S) = E[f(X) \mid do(X_S = x_S)]`, what setting columns would do to the
model's risk. *Caused* (do-Shapley values): :math:`v(S) = E[Y \mid do(X_S = x_S)]`, what it would do to the
outcome itself.

A player is scored where setting it alone is identified. That is enough for every coalition: an intervention
is refused only where a node that is set has a child in its own c-component that still reaches a target, and
with more nodes set fewer reach one.

References
----------
Heskes T, Sijben E, Bucur IG, Claassen T (2020). Causal Shapley values. NeurIPS 33, 4778-4789.
Jung Y, Kasiviswanathan S, Tian J, Janzing D, Blöbaum P, Bareinboim E (2022). On measuring causal
contributions via do-interventions. ICML 39, 10476-10501.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument, NotIdentified
from causalmed.explanation.games.forests import tree_risk
from causalmed.explanation.games.noise import shared_noise
from causalmed.explanation.games.playing import Played, play, rules
from causalmed.explanation.games.worlds import Reader, Worlds, averaged
from causalmed.explanation.players import Players
from causalmed.scm import FloatArray, Mechanism, StructuralCausalModel, Values, columns_of

__all__ = ["Asked", "Unscored", "ask_caused", "ask_set"]

Matrix = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unscored:
    """A column without a share, and why.

    Parameters
    ----------
    feature, reason : str
        The column; one sentence.
    """

    feature: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was asked and what came of it.

    Parameters
    ----------
    players : tuple of str
        Who was scored.
    unscored : tuple of Unscored
        Who was not.
    played : Played
        Their shares.
    """

    players: tuple[str, ...]
    unscored: tuple[Unscored, ...]
    played: Played


def ask_set(
    scm: StructuralCausalModel,
    model: Players,
    patients: Cohort,
    *,
    draws: int,
    seed: int,
    parts: bool | None = None,
    mechanisms: Mapping[str, Mechanism] | None = None,
) -> Asked:
    """Share out what setting each column would do to the model's risk.

    Raises
    ------
    InvalidArgument
        The model reads a column that is no node of the structural model.
    NotIdentified
        No column can be set.
    """
    absent = [name for name in model.names if name not in scm.nodes]
    if absent:
        raise InvalidArgument(
            f"The model reads {', '.join(map(repr, absent))}, which the structural model does not hold. What "
            "becomes of such a column when another is set is not known. Put it into the graph and fit the "
            "structural model again, or ask only what the model used: questions=['used']."
        )
    players, unscored = _identified(scm, model.names, targets=model.names)
    recode = [_recoding(scm, model, at) for at in range(len(model.names))]
    trees = tree_risk(model, model.matrix(patients), seed=seed)
    reader = Reader(
        inputs=model.names,
        natural=frozenset(),
        value=_risk_of(model, recode),
        every=None if trees is None else lambda worlds, reader: trees.worths(worlds, reader, recode),
    )
    return _answer(
        scm, players, unscored, reader, patients,
        targets=model.names, draws=draws, seed=seed, parts=parts, mechanisms=mechanisms,
    )  # fmt: skip


def ask_caused(
    scm: StructuralCausalModel,
    features: Sequence[str],
    patients: Cohort,
    *,
    outcome: str,
    draws: int,
    seed: int,
    parts: bool | None = None,
    mechanisms: Mapping[str, Mechanism] | None = None,
) -> Asked:
    """Share out what setting each column would do to the mean of the outcome, a node of the model.

    Raises
    ------
    NotIdentified
        No column can be set.
    """
    known = [name for name in features if name in scm.nodes and name != outcome]
    players, unscored = _identified(scm, known, targets=(outcome,))
    others = [name for name in features if name not in known]
    unscored += tuple(Unscored(feature=name, reason=_left_out(name, outcome)) for name in others)
    used = mechanisms or scm.mechanisms
    within = scm.factors.closure((outcome,))
    mates = scm.plan(exposures=(), targets=(outcome,)).district[outcome]
    inputs = tuple(name for name in scm.factors.pillows[outcome] if name in within)

    def value(worlds: Sequence[Values], shape: tuple[int, int]) -> FloatArray:
        return np.stack([averaged(used[outcome], world, shape) for world in worlds])

    reader = Reader(inputs=inputs, natural=frozenset(inputs) & mates, value=value)
    return _answer(
        scm, players, unscored, reader, patients,
        targets=(outcome,), draws=draws, seed=seed, parts=parts, mechanisms=mechanisms,
    )  # fmt: skip


def _left_out(name: str, outcome: str) -> str:
    if name == outcome:
        return f"{name} is the outcome itself."
    return f"The structural model does not hold {name}."


def _identified(
    scm: StructuralCausalModel, names: Sequence[str], *, targets: Sequence[str]
) -> tuple[tuple[str, ...], tuple[Unscored, ...]]:
    """Return who can be set, and who cannot with the reason."""
    players, unscored, first = [], [], None
    for name in names:
        try:
            scm.plan(exposures=(name,), targets=tuple(targets))
            players.append(name)
        except NotIdentified as error:
            first = first or error
            unscored.append(Unscored(feature=name, reason=str(error).split("\n")[0]))
    if first is not None and not players:
        raise first
    if not players:
        raise InvalidArgument("None of the columns is a node of the structural model: nothing can be set.")
    return tuple(players), tuple(unscored)


def _answer(
    scm: StructuralCausalModel,
    players: tuple[str, ...],
    unscored: tuple[Unscored, ...],
    reader: Reader,
    patients: Cohort,
    *,
    targets: Sequence[str],
    draws: int,
    seed: int,
    parts: bool | None,
    mechanisms: Mapping[str, Mechanism] | None,
) -> Asked:
    used = mechanisms or scm.mechanisms
    within = scm.factors.closure(targets)
    every = {node: used[node] for node in scm.order}
    noise = shared_noise(every, wanted=within, draws=draws, seed=seed)
    own = columns_of(patients, players, scm.nodes)

    def make(rows: slice) -> Worlds:
        return Worlds(
            players=players,
            own={name: values[rows, np.newaxis] for name, values in own.items()},
            factors=scm.factors,
            within=frozenset(within),
            mechanisms=used,
            noise=noise,
        )

    rule = rules(_before(scm, players), parts=parts, seed=seed)
    played = play(make, reader, rule, patients=patients.n, draws=draws)
    return Asked(players=players, unscored=unscored, played=played)


def _before(scm: StructuralCausalModel, players: Sequence[str]) -> list[int]:
    """Return for each player the players that are causes of it, as bits."""
    graph = scm.factors.graph
    above = [graph.ancestors([name]) - {name} for name in players]
    return [sum(1 << k for k, other in enumerate(players) if other in causes) for causes in above]


def _risk_of(
    model: Players, recode: Sequence[Matrix | None]
) -> Callable[[Sequence[Values], tuple[int, int]], FloatArray]:
    """Return the model's risk of each world, its levels coded as the model has them."""

    def value(worlds: Sequence[Values], shape: tuple[int, int]) -> FloatArray:
        columns = np.empty((len(model.names), len(worlds), *shape))
        for at, name in enumerate(model.names):
            codes = recode[at]
            for number, world in enumerate(worlds):
                seen = world[name]
                columns[at, number] = seen if codes is None else codes[seen.astype(np.intp)]
        return model.risk_of_columns(columns.reshape(len(model.names), -1)).reshape(-1, *shape)

    return value


def _recoding(scm: StructuralCausalModel, model: Players, at: int) -> Matrix | None:
    """Return the model's code of each of the structural model's codes; None where they are the same."""
    column, node = model.columns[at], scm.nodes[model.names[at]]
    if node.levels == column.levels or not node.levels:
        return None
    known = {label: float(code) for code, label in enumerate(column.levels)}
    absent = [node.levels[int(code)] for code in node.seen if node.levels[int(code)] not in known]
    if absent:
        raise InvalidArgument(
            f"Column {column.name!r} has the level {absent[0]!r} in the structural model, which the "
            "background does not know. Give a background with the same levels."
        )
    return np.array([known.get(label, np.nan) for label in node.levels])
