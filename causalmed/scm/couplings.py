r"""Point answers about one patient, under a stated coupling of the two worlds.

The data never show both worlds, so a point needs an assumption about discrete nodes:

- ``"monotone"``: the same uniform noise in both worlds (comonotone). If the intervention makes a level more
  likely for everybody, nobody moves the other way.
- ``"independent"``: fresh noise wherever the inputs change.
- ``"gumbel"``: the same Gumbel noise for each level; the order of the levels plays no part.

All three return the fact where nothing changes, and all lie inside the bounds of
:mod:`causalmed.scm.bounds`.

References
----------
Pearl J (2009). Causality, 2nd ed., section 7.1 (abduction, action, prediction).
Oberst M, Sontag D (2019). Counterfactual off-policy evaluation with Gumbel-max structural causal models.
ICML, PMLR 97:4881-4890.
"""

from __future__ import annotations

from collections.abc import Callable, Set
from dataclasses import dataclass
from typing import Final

import numpy as np

from causalmed.engine import generator
from causalmed.errors import InvalidArgument
from causalmed.scm.abducting import can_be_compiled, compiled_draws
from causalmed.scm.abduction import Facts
from causalmed.scm.mechanism import Discrete, by_quantile, cumulative, positions
from causalmed.scm.terms import FloatArray

__all__ = ["COUPLINGS", "coupled_draws", "coupled_outcome", "coupled_risk", "interpreted_draws"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Node:
    """A discrete node in both worlds: laws, what was observed, random numbers shared by all patients."""

    mechanism: Discrete
    before: FloatArray
    after: FloatArray
    place: np.ndarray
    random: np.random.Generator
    draws: int

    @property
    def codes(self) -> tuple[float, ...]:
        return self.mechanism.codes

    def happened(self, edges: FloatArray) -> FloatArray:
        at = np.broadcast_to(self.place, np.broadcast_shapes(self.place.shape, edges.shape[:-1]))
        rows = np.broadcast_to(edges, (*at.shape, edges.shape[-1]))
        return np.asarray(np.take_along_axis(rows, at[..., np.newaxis], axis=-1)[..., 0])

    def even_noise(self) -> FloatArray:
        """Uniform numbers, one in each of as many equal pieces of (0, 1), shuffled."""
        return even_noise(self.random, self.draws)[np.newaxis]


def even_noise(random: np.random.Generator, draws: int) -> FloatArray:
    """Return uniform numbers, one in each of as many equal pieces of (0, 1), shuffled."""
    return (random.permutation(draws) + random.random(draws)) / draws


def _monotone(node: _Node) -> FloatArray:
    upper = cumulative(np.array(node.before))
    lower = np.concatenate([np.zeros((*upper.shape[:-1], 1)), upper[..., :-1]], axis=-1)
    low, high = node.happened(lower), node.happened(upper)
    return by_quantile(node.after, low + (high - low) * node.even_noise(), node.codes)


def _independent(node: _Node) -> FloatArray:
    return by_quantile(node.after, node.even_noise(), node.codes)


def _gumbel(node: _Node) -> FloatArray:
    levels = len(node.codes)
    exponential = node.random.standard_exponential((levels + 1, node.draws))
    top = -np.log(exponential[-1])[np.newaxis, :, np.newaxis]
    with np.errstate(divide="ignore"):
        log_before, log_after = np.log(node.before), np.log(node.after)
        free = log_before - np.log(exponential[:-1].T)[np.newaxis]
        below = -np.logaddexp(-free, -np.broadcast_to(top, free.shape))
    chosen = np.arange(levels) == node.place[..., np.newaxis]
    value = np.where(chosen, top, below)
    with np.errstate(invalid="ignore"):
        fresh = -np.log(exponential[:-1].T)[np.newaxis]
        noise = np.where(np.isfinite(log_before), value - log_before, fresh)
    return np.asarray(np.asarray(node.codes)[np.argmax(noise + log_after, axis=-1)])


COUPLINGS: Final[dict[str, Callable[[_Node], FloatArray]]] = {
    "monotone": _monotone,
    "independent": _independent,
    "gumbel": _gumbel,
}
"""Name → how a discrete node of one world follows from the other."""


def coupled_draws(
    facts: Facts, *, coupling: str, draws: int, seed: int, means: Set[str] = frozenset()
) -> dict[str, FloatArray]:
    """Draw what each patient's nodes would have been.

    The random numbers belong to the node and are shared by all patients, so one patient's answer does not
    depend on who else is asked about.

    Parameters
    ----------
    facts : Facts
        Patients, intervention, mechanisms.
    coupling : {"monotone", "independent", "gumbel"}
        How discrete nodes of the two worlds hang together.
    draws : int
        Draws a patient.
    seed : int
        Non-negative.
    means : set of str
        Nodes whose mean is taken, without looking at what was observed of them.

    Returns
    -------
    dict of str to ndarray, each of shape (n, draws)
        The nodes that the intervention can change.
    """
    if coupling not in COUPLINGS:
        raise InvalidArgument.option("coupling", coupling, tuple(COUPLINGS))
    if can_be_compiled(facts, coupling=coupling, means=means):
        noise = {
            node: even_noise(generator(seed, "counterfactual", node), draws)
            for node in facts.path
            if node not in means and facts.discrete(node) is not None
        }
        return compiled_draws(facts, monotone=coupling == "monotone", noise=noise, draws=draws, means=means)
    return interpreted_draws(facts, coupling=coupling, draws=draws, seed=seed, means=means)


def interpreted_draws(
    facts: Facts, *, coupling: str, draws: int, seed: int, means: Set[str] = frozenset()
) -> dict[str, FloatArray]:
    """Draw as :func:`coupled_draws` does, in NumPy, whatever the mechanisms are."""
    natural: dict[str, FloatArray] = {}
    for node in facts.path:
        after = facts.after(node, natural)
        mechanism = facts.discrete(node)
        if node in means:
            natural[node] = facts.mechanisms[node].mean(after)
        elif mechanism is None:
            natural[node] = facts.moved(node, after)
        else:
            random = generator(seed, "counterfactual", node)
            drawn = COUPLINGS[coupling](_node(facts, node, mechanism, after, random, draws))
            natural[node] = np.where(facts.unchanged(node, after), facts.observed[node], drawn)
    return {name: np.broadcast_to(value, (facts.rows, draws)) for name, value in natural.items()}


def coupled_outcome(facts: Facts, outcome: str, *, coupling: str, draws: int, seed: int) -> FloatArray:
    """Return each patient's mean outcome under a coupling, shape (n,)."""
    if outcome not in facts.path:
        return facts.observed[outcome][:, 0]
    return _means(facts, outcome, coupling=coupling, draws=draws, seed=seed)


def coupled_risk(facts: Facts, outcome: str, *, coupling: str, draws: int, seed: int) -> FloatArray:
    """Return each patient's mean outcome without the use of the patient's own, shape (n,)."""
    if outcome not in facts.path:
        mean = facts.mechanisms[outcome].mean(facts.before(outcome))
        return np.broadcast_to(mean, (facts.rows, 1))[:, 0]
    return _means(facts, outcome, coupling=coupling, draws=draws, seed=seed, means=frozenset({outcome}))


def _means(
    facts: Facts, outcome: str, *, coupling: str, draws: int, seed: int, means: Set[str] = frozenset()
) -> FloatArray:
    found = [
        coupled_draws(piece, coupling=coupling, draws=draws, seed=seed, means=means)[outcome].mean(axis=1)
        for piece in facts.pieces(width=draws)
    ]
    return np.concatenate(found)


def _node(
    facts: Facts,
    node: str,
    mechanism: Discrete,
    after: dict[str, FloatArray],
    random: np.random.Generator,
    draws: int,
) -> _Node:
    return _Node(
        mechanism=mechanism,
        before=mechanism.probabilities(facts.before(node)),
        after=mechanism.probabilities(after),
        place=positions(facts.observed[node], mechanism.codes),
        random=random,
        draws=draws,
    )
