"""The sentences that ``Cohort.where`` understands: comparisons, and, or, not. Nothing is evaluated as code.

::

    condition  := comparison | condition and condition | condition or condition | not condition | (condition)
    comparison := operand (== | != | < | <= | > | >=) operand ...        18 <= age < 80
                | column [not] in (value, value, ...)                    hospital in ('A', 'B')
    operand    := column | number | 'label' | "label" | True | False
    column     := name | `any name at all`

Text columns are compared with quoted labels, which must exist; ordinal columns by the order of their
levels; dates with quoted ISO dates; everything else with numbers.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort.column import Column
from causalmed.cohort.comparison import compare, is_among
from causalmed.errors import ColumnNotFound, InvalidArgument

__all__ = ["evaluate"]

_LONGEST: Final = 2_000
_PIECES: Final = re.compile(r"""('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")|`([^`]*)`""")
_COMPARISONS: Final[dict[type[ast.cmpop], Callable[[Any, Any], Any]]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}

Mask = NDArray[np.bool_]
Operand = Column | float | str


class Columns(Protocol):
    """Anything with named columns."""

    @property
    def names(self) -> tuple[str, ...]:
        """Columns there are."""

    def column(self, name: str) -> Column:
        """Return one of them."""


def evaluate(expression: str, columns: Columns) -> Mask:
    """Return which rows satisfy a condition.

    Parameters
    ----------
    expression : str
        A condition in the grammar of this module.
    columns : Columns
        Where the columns come from, for example a cohort.

    Returns
    -------
    ndarray of bool, shape (n,)

    Raises
    ------
    InvalidArgument
        The text is not in the grammar, a label does not exist, or a text is compared with a number.
    ColumnNotFound
        A name is not a column.

    Examples
    --------
    >>> import pandas as pd
    >>> from causalmed.cohort import Cohort
    >>> cohort = Cohort.from_frame(pd.DataFrame({"age": [17, 54, 91], "sex": ["F", "M", "F"]}))
    >>> evaluate("18 <= age and not sex == 'M'", cohort).tolist()
    [False, False, True]
    """
    tree, quoted = _parse(expression)
    return _Reading(text=expression, columns=columns, quoted=quoted).condition(tree)


def _parse(expression: str) -> tuple[ast.expr, dict[str, str]]:
    if not isinstance(expression, str) or not expression.strip():
        raise InvalidArgument(
            f"A condition is text such as \"age >= 18 and sex == 'F'\"; got {expression!r}."
        )
    if len(expression) > _LONGEST:
        raise InvalidArgument(
            f"The condition has {len(expression):,} characters; at most {_LONGEST:,} are read."
        )
    quoted: dict[str, str] = {}

    def stand_in(piece: re.Match[str]) -> str:
        if piece[2] is None:
            return piece[0]
        name = f"backticked_{len(quoted)}_"
        while name in expression:
            name += "_"
        quoted[name] = piece[2]
        return f" {name} "

    try:
        body = ast.parse(_PIECES.sub(stand_in, expression).strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as refused:
        hint = " Two equal signs compare: ==." if re.search(r"[^=<>!]=[^=]", expression) else ""
        raise InvalidArgument(
            f"The condition {expression[:200]!r} cannot be read.{hint} Write comparisons joined by and, or, "
            "not; put labels in quotes and unusual column names in backticks."
        ) from refused
    return body, quoted


class _Reading:
    """One condition being read against one set of columns."""

    def __init__(self, *, text: str, columns: Columns, quoted: dict[str, str]) -> None:
        self._text = text
        self._columns = columns
        self._quoted = quoted

    def condition(self, node: ast.expr) -> Mask:
        """Return the rows that satisfy a condition."""
        if isinstance(node, ast.BoolOp):
            joined = np.logical_and if isinstance(node.op, ast.And) else np.logical_or
            return np.asarray(joined.reduce([self.condition(part) for part in node.values]), dtype=bool)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            return ~self.condition(node.operand)
        if isinstance(node, ast.Compare):
            return self._chain(node)
        if isinstance(node, ast.Name):
            raise self._refusal(
                f"{self._name(node)!r} alone is not a condition; write {self._name(node)} == 1"
            )
        raise self._refusal(f"{ast.unparse(node)[:60]!r} is not a comparison")

    def _chain(self, node: ast.Compare) -> Mask:
        sides = [node.left, *node.comparators]
        links = [
            self._link(left, sign, right)
            for left, sign, right in zip(sides[:-1], node.ops, sides[1:], strict=True)
        ]
        return np.asarray(np.logical_and.reduce(links), dtype=bool)

    def _link(self, left: ast.expr, sign: ast.cmpop, right: ast.expr) -> Mask:
        if isinstance(sign, (ast.In, ast.NotIn)):
            found = is_among(self._column(left), self._listed(right))
            return found if isinstance(sign, ast.In) else ~found
        if type(sign) not in _COMPARISONS:
            raise self._refusal("'is' does not compare values; write ==")
        return compare(self._operand(left), _COMPARISONS[type(sign)], self._operand(right))

    def _operand(self, node: ast.expr) -> Operand:
        if isinstance(node, ast.Name):
            return self._columns.column(self._name(node))
        return self._constant(node)

    def _constant(self, node: ast.expr) -> float | str:
        sign = 1.0
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, (ast.USub, ast.UAdd)):
            sign, node = (-1.0 if isinstance(node.op, ast.USub) else 1.0), node.operand
            if not isinstance(node, ast.Constant) or not isinstance(node.value, (int, float)):
                raise self._refusal("a sign stands before a number only")
        if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
            return sign * float(node.value)
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        raise self._refusal(f"{ast.unparse(node)[:60]!r} is neither a column, a number nor a quoted label")

    def _column(self, node: ast.expr) -> Column:
        if not isinstance(node, ast.Name):
            raise self._refusal("'in' needs a column on its left")
        return self._columns.column(self._name(node))

    def _listed(self, node: ast.expr) -> Sequence[float | str]:
        if not isinstance(node, (ast.Tuple, ast.List, ast.Set)) or not node.elts:
            raise self._refusal("'in' needs a list of values on its right, for example in ('A', 'B')")
        return [self._constant(value) for value in node.elts]

    def _name(self, node: ast.Name) -> str:
        name = self._quoted.get(node.id, node.id)
        if name not in self._columns.names:
            raise ColumnNotFound.among([name], self._columns.names, where=f"in {self._text[:80]!r}")
        return name

    def _refusal(self, why: str) -> InvalidArgument:
        return InvalidArgument(
            f"The condition {self._text[:200]!r} is not understood: {why}. Allowed are comparisons "
            "(==, !=, <, <=, >, >=, in) of columns with numbers and quoted labels, joined by and, or, not."
        )
