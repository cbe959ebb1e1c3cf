"""The interpreter: draws patients from a list of nodes, as they are or under an intervention.

Every node's value is a function of its parents and of one uniform number of its own,
``x = f(parents, u)``, increasing in u (the quantile function of the node's law). The uniform numbers depend
on the seed, the node and the block alone; so two worlds that differ by an intervention share them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import singledispatch
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.datasets.mechanism import Bernoulli, Choice, Factor, LogNormal, Node, Normal, Ordered
from causalmed.engine import generator
from causalmed.errors import InvalidArgument, UnknownNode

__all__ = ["FloatArray", "Values", "draw", "linear_predictor", "offsets", "simulate"]

FloatArray = NDArray[np.float64]
Values = Mapping[str, FloatArray]

_HOSPITAL: Final = "hospital"


def simulate(
    nodes: Sequence[Node],
    rows: int,
    *,
    seed: int,
    do: Mapping[str, float] | None = None,
    block: int = 0,
    given: Values | None = None,
) -> dict[str, FloatArray]:
    """Draw ``rows`` patients, node by node in the order of the list.

    Parameters
    ----------
    nodes : sequence of Node
        Causes before effects.
    rows : int
        Number of patients.
    seed : int
        Non-negative.
    do : mapping of str to float, optional
        Nodes held at a value (a code) whatever their causes say.
    block : int
        Number of the block of patients; other blocks are other patients.
    given : mapping of str to array, optional
        The same patients in the world without ``do``: columns that ``do`` cannot reach are taken from it.

    Returns
    -------
    dict of str to ndarray, each of shape (rows,)
        Codes for columns with levels, numbers otherwise, in the order of the nodes.

    Raises
    ------
    InvalidArgument, UnknownNode
        If no patient is asked for, or ``do`` names no node or sets it to no number.

    Examples
    --------
    >>> from causalmed.datasets.mechanism import term
    >>> coin = Node(name="coin", meaning="", kind="binary", tier="before", law=Bernoulli())
    >>> echo = Node(name="echo", meaning="", kind="binary", tier="after", law=Bernoulli(),
    ...             intercept=-40.0, terms=(term(80.0, "coin"),))
    >>> world = simulate([coin, echo], 1000, seed=1)
    >>> bool((world["coin"] == world["echo"]).all())
    True
    >>> simulate([coin, echo], 3, seed=1, do={"coin": 1})["echo"]
    array([1., 1., 1.])
    """
    known = {node.name: node for node in nodes}
    fixed = _checked(rows, do or {}, known)
    moved: set[str] = set()
    values: dict[str, FloatArray] = {}
    for node in nodes:
        if node.name in fixed:
            values[node.name] = np.full(rows, float(fixed[node.name]))
            moved.add(node.name)
        elif given is not None and moved.isdisjoint(node.parents):
            values[node.name] = given[node.name]
        else:
            noise = generator(seed, "noise", node.name, block).random(rows)
            values[node.name] = draw(node.law, linear_predictor(node, values, known, rows), noise)
            moved.add(node.name)
    return values


def linear_predictor(node: Node, values: Values, nodes: Mapping[str, Node], rows: int) -> FloatArray:
    """Add up ``η = intercept + Σ coefficient · Π factors + offset of the hospital``, shape (rows,)."""
    total = np.full(rows, node.intercept)
    for part in node.terms:
        product = np.full(rows, part.coefficient)
        for factor in part.factors:
            product *= _read(factor, values[factor.node], nodes[factor.node])
        total += product
    if node.habit is not None:
        total += offsets(node, len(nodes[_HOSPITAL].levels))[values[_HOSPITAL].astype(np.intp)]
    return total


def offsets(node: Node, hospitals: int) -> FloatArray:
    """Return the habit of every hospital as offsets of η, shape (hospitals,).

    The ordinary hospitals have normal scores ``sd · Φ⁻¹((rank + ½)/H)`` in an order of their own for each
    node; the last ones, held apart, have what the habit writes out.
    """
    from scipy.special import ndtri

    if node.habit is None:
        return np.zeros(hospitals)
    ordinary = hospitals - len(node.habit.apart)
    rank = generator(0, "habit", node.name).permutation(ordinary)
    scores = node.habit.sd * ndtri((rank + 0.5) / ordinary)
    return np.concatenate([scores, np.array(node.habit.apart)])


def _checked(rows: int, do: Mapping[str, float], nodes: Mapping[str, Node]) -> dict[str, float]:
    if isinstance(rows, bool) or not isinstance(rows, int | np.integer) or rows < 1:
        raise InvalidArgument(f"{rows!r} patients cannot be drawn; give a whole number, at least 1.")
    unknown = [name for name in do if name not in nodes]
    if unknown:
        raise UnknownNode.among(unknown, nodes)
    for name, value in do.items():
        if isinstance(value, str) or not np.isfinite(value):
            raise InvalidArgument(
                f"do={{{name!r}: {value!r}}} must be a number: the code of the level, or the value."
            )
    return {name: float(value) for name, value in do.items()}


@singledispatch
def draw(law: object, linear: FloatArray, noise: FloatArray) -> FloatArray:
    """Turn a linear predictor and uniform noise into values by the law's quantile function."""
    raise TypeError(f"no quantile function for {type(law).__name__}")


@draw.register
def _(law: Bernoulli, linear: FloatArray, noise: FloatArray) -> FloatArray:
    from scipy.special import expit

    return np.asarray(noise >= expit(-linear), dtype=np.float64)


@draw.register
def _(law: Normal, linear: FloatArray, noise: FloatArray) -> FloatArray:
    from scipy.special import ndtr, ndtri

    low, high = ndtr((law.low - linear) / law.sd), ndtr((law.high - linear) / law.sd)
    return np.asarray(np.round(linear + law.sd * ndtri(low + (high - low) * noise), law.decimals))


@draw.register
def _(law: LogNormal, linear: FloatArray, noise: FloatArray) -> FloatArray:
    from scipy.special import ndtri

    values = np.clip(np.exp(linear + law.sd * ndtri(noise)), law.low, law.high)
    return np.asarray(np.round(values, law.decimals))


@draw.register
def _(law: Ordered, linear: FloatArray, noise: FloatArray) -> FloatArray:
    from scipy.special import logit

    latent = linear + logit(noise)
    return np.asarray(np.searchsorted(np.array(law.cuts), latent), dtype=np.float64)


@draw.register
def _(law: Choice, linear: FloatArray, noise: FloatArray) -> FloatArray:
    return np.asarray(
        np.searchsorted(np.cumsum(law.probabilities)[:-1], noise, side="right"), dtype=np.float64
    )


def _read(factor: Factor, column: FloatArray, node: Node) -> FloatArray:
    if factor.form == "=":
        code = node.levels.index(factor.argument) if node.levels else float(factor.argument)
        return np.asarray(column == code, dtype=np.float64)
    if factor.form == ">":
        return np.asarray(column > float(factor.argument), dtype=np.float64)
    if factor.form == "^":
        return np.maximum(column - float(factor.argument), 0.0) / node.step
    if node.log:
        return np.log2(column / node.centre)
    return (column - node.centre) / node.step
