"""Terms of a model formula as values: products of polynomials in columns and of indicators."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Binary",
    "Categorical",
    "Factor",
    "Name",
    "Node",
    "Number",
    "Polynomial",
    "Term",
    "columns_in",
    "evaluate",
]

Values: TypeAlias = NDArray[np.float64] | float


@dataclass(frozen=True, slots=True)
class Name:
    """A column, by its name."""

    column: str


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Binary:
    """``left operator right``; the operator is one of ``+ - * / **``."""

    operator: str
    left: Node
    right: Node


Node: TypeAlias = Name | Number | Binary


@dataclass(frozen=True, slots=True)
class Polynomial:
    """A factor that is a number on each row; ``label`` is how the formula wrote it."""

    label: str
    node: Node


@dataclass(frozen=True, slots=True)
class Categorical:
    """A factor with a level on each row."""

    column: str


Factor: TypeAlias = Polynomial | Categorical


@dataclass(frozen=True, slots=True)
class Term:
    """A product of factors; none at all is the intercept."""

    factors: tuple[Factor, ...] = ()


_OPERATIONS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "**": operator.pow,
}


def columns_in(factor: Factor) -> tuple[str, ...]:
    """Return the names of the columns a factor reads, in the order of the text."""
    if isinstance(factor, Categorical):
        return (factor.column,)
    return _names(factor.node)


def _names(node: Node) -> tuple[str, ...]:
    if isinstance(node, Name):
        return (node.column,)
    if isinstance(node, Number):
        return ()
    return (*_names(node.left), *_names(node.right))


def evaluate(node: Node, values: Mapping[str, Values]) -> Values:
    """Compute a polynomial from the values of its columns.

    Parameters
    ----------
    node : Node
        The polynomial.
    values : mapping of str to ndarray or float
        A column that is constant on all rows may be given as one number.

    Returns
    -------
    ndarray or float

    Examples
    --------
    >>> square = Binary("**", Name("age"), Number(2.0))
    >>> evaluate(square, {"age": np.array([2.0, 3.0])}).tolist()
    [4.0, 9.0]
    """
    if isinstance(node, Name):
        return values[node.column]
    if isinstance(node, Number):
        return node.value
    answer: Values = _OPERATIONS[node.operator](evaluate(node.left, values), evaluate(node.right, values))
    return answer
