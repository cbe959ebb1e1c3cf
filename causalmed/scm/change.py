r"""Why did the rate change? The difference between two groups of patients, mechanism by mechanism.

Let v(S) be the mean outcome where the mechanisms of S are those of the patients after, all others those of
the patients before. The part of a mechanism is its Shapley value in this game; the parts sum to
:math:`v(N) - v(\emptyset)`.

References
----------
Budhathoki K, Janzing D, Bloebaum P, Ng H (2021). Why did the distribution change? PMLR 130, 1666-1674.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from causalmed.arguments import require_instance, require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.engine import Local
from causalmed.errors import DataError, InvalidArgument, UnknownNode
from causalmed.graph import Graph
from causalmed.results import Check, Gate, Provenance, State
from causalmed.scm.attribution import permutation_pairs, shapley_by_permutations, shapley_exact
from causalmed.scm.change_report import ChangeAttribution
from causalmed.scm.fit import fit_scm
from causalmed.scm.intervention import Plan
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.model import StructuralCausalModel
from causalmed.scm.request import at_least
from causalmed.scm.specs import MechanismSpec
from causalmed.scm.terms import FloatArray
from causalmed.scm.two_samples import TwoSamples
from causalmed.scm.worlds import Worlds, expected_outcome

__all__ = ["explain_change"]

_EXACT: Final = 8
_EXACT_AGAIN: Final = 5
_PAIRS: Final = 32
_PAIRS_AGAIN: Final = 4
_PIECES: Final = 10
_NOISY: Final = 0.2

Stated = Mapping[str, str | MechanismSpec | Mechanism]


def explain_change(
    before: Cohort,
    after: Cohort,
    graph: Graph,
    outcome: str | None = None,
    *,
    mechanisms: Stated | None = None,
    draws: int = 20_000,
    replicates: int = 100,
    level: float = 0.95,
    seed: int = 0,
    n_jobs: int = 1,
) -> ChangeAttribution:
    r"""Attribute the difference of a mean between two groups to the mechanisms along the graph.

    .. math:: \bar Y_{after} - \bar Y_{before} = \sum_j \phi_j + \text{what the graph does not carry}

    A mechanism is a node given its causes; nodes that share a hidden cause are one mechanism. The groups may
    be two periods or two hospitals.

    Parameters
    ----------
    before, after : Cohort
        Different patients, with the same columns.
    graph : Graph
        What is assumed; it holds in both groups.
    outcome : str, optional
        A binary or numeric node; by default that of the graph or of the cohorts.
    mechanisms : mapping, optional
        As in :func:`fit_scm`; the families chosen before are used after.
    draws : int
        Simulated patients for each combination of mechanisms, at least 100. All combinations share their
        noise.
    replicates : int
        Of the bootstrap, at least 20. With fewer than 40 clusters each is left out in turn instead.
    level : float
        Confidence level, in (0, 1).
    seed, n_jobs : int
        Non-negative; threads, which never change a bit.

    Returns
    -------
    ChangeAttribution

    Raises
    ------
    DataError
        A column means something else after than before, or a level occurs in one group only.
    InvalidArgument, UnknownNode
        An argument is not understood.
    CausalmedError
        A mechanism cannot be fitted: the message names the node.

    References
    ----------
    Budhathoki K, Janzing D, Bloebaum P, Ng H (2021). Why did the distribution change? PMLR 130, 1666-1674.

    Examples
    --------
    >>> import pandas as pd
    >>> def ward(seed, practice):
    ...     random = np.random.default_rng(seed)
    ...     emergency = random.random(4000) < 0.3
    ...     late = random.random(4000) < practice + 0.2 * emergency
    ...     ssi = random.random(4000) < 0.05 + 0.10 * emergency + 0.10 * late
    ...     frame = pd.DataFrame({"emergency": emergency, "late": late, "ssi": ssi})
    ...     return Cohort.from_frame(frame, outcome="ssi")
    >>> graph = Graph.parse("dag { emergency -> {late ssi}; late -> ssi }")
    >>> change = explain_change(ward(1, 0.6), ward(2, 0.2), graph, seed=1)
    >>> print(change["late"])
    −0.038 (95 % CI −0.045 to −0.031)
    """
    for name, group in (("before", before), ("after", after)):
        require_instance(name, group, Cohort, how="Cohort.from_frame(frame, …)")
    require_share("level", level, example=0.95)
    at_least(100, draws, "draws")
    at_least(20, replicates, "replicates")
    require_seed(seed)
    first = fit_scm(graph, before, mechanisms=mechanisms, seed=seed, n_jobs=n_jobs)
    target = _outcome(first, outcome, after)
    plan = first.plan(exposures=(), targets=(target,))
    _comparable(before, after, plan.order)
    last = fit_scm(graph, after, mechanisms={**(mechanisms or {}), **first.specs}, seed=seed, n_jobs=n_jobs)
    game = _Swap(plan=plan, outcome=target, players=_players(plan), rows=-(-draws // _PIECES), seed=seed)
    pair = TwoSamples.of(first, last, plan.order, replicates=replicates, seed=seed)
    return _attributed(game, pair, level=level, n_jobs=n_jobs)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Swap:
    """The game: which mechanisms are taken from after."""

    plan: Plan
    outcome: str
    players: tuple[tuple[str, ...], ...]
    rows: int
    seed: int

    @property
    def is_exact(self) -> bool:
        return len(self.players) <= _EXACT

    @property
    def method(self) -> str:
        k = len(self.players)
        if self.is_exact:
            return f"exact Shapley values of {k} mechanisms"
        return f"Shapley values of {k} mechanisms by {2 * _PAIRS} permutations"

    def value(
        self, bits: int, old: Mapping[str, Mechanism], new: Mapping[str, Mechanism], *, pieces: int
    ) -> FloatArray:
        """Return the mean outcome in each of ten pieces of the draws, or in the first alone."""
        mixed = dict(old)
        for j, nodes in enumerate(self.players):
            if bits >> j & 1:
                mixed |= {node: new[node] for node in nodes}
        rows = self.rows * pieces
        worlds = Worlds(plan=self.plan, outcome=self.outcome, rows=rows, given=None, seed=self.seed)
        means = np.broadcast_to(expected_outcome(worlds, mixed, do={}, draw=0), (rows,))
        return np.asarray(means.reshape(pieces, self.rows).mean(axis=1))

    def parts(
        self, old: Mapping[str, Mechanism], new: Mapping[str, Mechanism]
    ) -> tuple[FloatArray, FloatArray]:
        """Return the Shapley values and their variances from draws and permutations."""
        if self.is_exact:
            found = shapley_exact(lambda bits: self.value(bits, old, new, pieces=_PIECES), len(self.players))
            return found.mean(axis=1), found.var(axis=1, ddof=1) / _PIECES
        orders = permutation_pairs(len(self.players), pairs=_PAIRS, seed=self.seed)
        each = shapley_by_permutations(lambda bits: self.value(bits, old, new, pieces=_PIECES), orders)
        by_pair = each.reshape(_PAIRS, 2, len(self.players), _PIECES).mean(axis=1)
        drawn = by_pair.mean(axis=0).var(axis=1, ddof=1) / _PIECES
        ordered = by_pair.mean(axis=2).var(axis=0, ddof=1) / _PAIRS
        return by_pair.mean(axis=(0, 2)), drawn + ordered

    def parts_again(self, old: Mapping[str, Mechanism], new: Mapping[str, Mechanism]) -> FloatArray:
        """Return the Shapley values of a replicate: fewer draws, the same noise, a few permutations."""
        if len(self.players) <= _EXACT_AGAIN:
            return shapley_exact(lambda b: self.value(b, old, new, pieces=1), len(self.players))[:, 0]
        orders = permutation_pairs(len(self.players), pairs=_PAIRS_AGAIN, seed=self.seed)
        each = shapley_by_permutations(lambda bits: self.value(bits, old, new, pieces=1), orders)
        return np.asarray(each.mean(axis=0)[:, 0])


def _attributed(game: _Swap, pair: TwoSamples, *, level: float, n_jobs: int) -> ChangeAttribution:
    before, after = pair.before.model, pair.after.model
    assert before.cohort is not None
    assert after.cohort is not None
    y0, y1 = before.cohort.values(game.outcome), after.cohort.values(game.outcome)
    parts, variance = game.parts(before.mechanisms, after.mechanisms)
    difference = float(y1.mean() - y0.mean())

    def again(replicate: int) -> FloatArray:
        w0, w1 = pair.weights(replicate)
        found = game.parts_again(*pair.mechanisms(replicate))
        return np.append(found, np.mean(w1 * y1) - np.mean(w0 * y0) - found.sum())

    covariance = pair.covariance(np.array(Local(n_jobs=n_jobs).map(again, range(pair.replicates))))
    values = np.append(parts, difference - parts.sum())
    noise = np.sqrt(np.append(variance, variance.sum()))
    return ChangeAttribution(
        outcome=game.outcome,
        binary=before.nodes[game.outcome].kind == "binary",
        before=float(y0.mean()),
        after=float(y1.mean()),
        patients=(len(y0), len(y1)),
        mechanisms=tuple(" + ".join(nodes) for nodes in game.players),
        values=values,
        covariance=covariance,
        monte_carlo=noise,
        degrees_of_freedom=pair.degrees_of_freedom,
        source=pair.source,
        method=game.method,
        level=level,
        gate=Gate(checks=(_carried(values, covariance), _simulated(noise, covariance))),
        provenance=Provenance.collect(
            data_fingerprint=f"{before.cohort.fingerprint} {after.cohort.fingerprint}",
            spec=f"explain_change(outcome={game.outcome!r}, mechanisms={dict(before.specs)!r})",
            seed=game.seed,
        ),
    )


def _carried(values: FloatArray, covariance: FloatArray) -> Check:
    rest, error = float(values[-1]), float(np.sqrt(covariance[-1, -1]))
    away = abs(rest) / error if error > 0 else 0.0
    bad = away > 2.576 and abs(rest) > 0.1 * float(np.abs(values[:-1]).max())
    return Check(
        name="graph carries the change",
        state=State.WARN if bad else State.PASS,
        sentence=f"What the graph does not carry is {away:.1f} standard errors from zero.",
        value=away,
        threshold=2.576,
        advice="Columns depend on each other in a way the graph or the mechanisms leave out; add arrows or "
        "hidden causes (<->) between the columns that open it, and see .diagnose of a fit_scm of each group.",
    )


def _simulated(noise: FloatArray, covariance: FloatArray) -> Check:
    errors = np.sqrt(np.diag(covariance))[:-1]
    ratio = float(noise[:-1].max() / max(float(errors.max()), 1e-300))
    return Check(
        name="Monte-Carlo error",
        state=State.WARN if ratio > _NOISY else State.PASS,
        sentence=f"The error of the draws is {ratio:.2g} of the standard error.",
        value=ratio,
        threshold=_NOISY,
        advice="Raise draws=.",
    )


def _players(plan: Plan) -> tuple[tuple[str, ...], ...]:
    """Return the districts, causes first."""
    districts = dict.fromkeys(plan.district[node] for node in plan.order)
    return tuple(tuple(node for node in plan.order if node in district) for district in districts)


def _outcome(model: StructuralCausalModel, outcome: str | None, after: Cohort) -> str:
    name = model.outcome if outcome is None else outcome
    if name is None:
        raise InvalidArgument("The graph and the cohorts have no single outcome; name one with outcome=.")
    if name not in model.nodes:
        raise UnknownNode.among([str(name)], model.nodes)
    if model.nodes[name].kind in {"ordinal", "categorical"}:
        raise InvalidArgument(f"{name!r} has levels without a mean. Ask for a binary or numeric outcome.")
    if model.cohort is not None and model.cohort.outcome != after.outcome:
        raise InvalidArgument(
            f"before has outcome={model.cohort.outcome!r}, after outcome={after.outcome!r}; the two models "
            "would not have the same factors. Build both cohorts with the same outcome=."
        )
    return str(name)


def _comparable(before: Cohort, after: Cohort, nodes: tuple[str, ...]) -> None:
    for name in nodes:
        first, last = before.column(name), after.column(name)
        if first.kind != last.kind or tuple(first.levels) != tuple(last.levels):
            raise DataError(
                f"Column {name!r} is {first.kind} with levels {tuple(first.levels)!r} before and {last.kind} "
                f"with levels {tuple(last.levels)!r} after, so its numbers cannot be compared. Build both "
                "cohorts with the same kinds=, or cut both from one cohort with .where(…)."
            )
        if not first.is_discrete:
            continue
        seen = [set(np.unique(each.values).tolist()) for each in (first, last)]
        if alone := sorted(seen[0] ^ seen[1]):
            shown = [first.levels[int(code)] if first.levels else f"{code:g}" for code in alone[:5]]
            raise DataError(
                f"Column {name!r} has levels that occur in one group only ({', '.join(shown)}). What they do "
                "in the other group is unknown; merge levels, or leave these patients out of both groups."
            )
