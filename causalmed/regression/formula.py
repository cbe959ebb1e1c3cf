"""Wilkinson formulas as data: read by formulaic, checked against a short grammar, never evaluated.

A protocol file may contain a formula, and a formula language that evaluates Python would make
the protocol a program. Here formulaic only splits the text into terms; each factor is then
walked as a syntax tree, and what is not on the list below is refused with the piece in question:
column names (in backticks where they are not plain words), numbers, ``+ - : * ** ( )``, ``/ ^``
as Wilkinson wrote them, ``C(column)`` and ``I(polynomial in columns)``.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable
from typing import Any, Final, NoReturn

from causalmed.errors import ColumnNotFound, InvalidArgument
from causalmed.regression.terms import Binary, Categorical, Factor, Name, Node, Number, Polynomial, Term

__all__ = ["parse_formula"]

GRAMMAR: Final = (
    "A formula may contain column names (in `backticks` where they are not plain words), numbers, "
    "+ - : * / ** ( ), C(column) and I(polynomial in columns), for example 'age + I(age**2) + C(sex) * bmi'."
)
_OPERATORS: Final[dict[type[ast.operator], str]] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "**",
}  # fmt: skip
_HIGHEST_POWER: Final = 9


def parse_formula(formula: str, *, kinds: dict[str, bool]) -> tuple[Term, ...]:
    """Read a right-hand side into terms.

    Parameters
    ----------
    formula : str
        For example ``"age + I(age**2) + wound_class * bmi"``; a leading ``~`` is allowed, ``- 1`` or
        ``0 +`` leaves the intercept out.
    kinds : dict of str to bool
        The columns that may be named, with True where the column is ordinal or categorical.

    Returns
    -------
    tuple of Term
        By degree, then as written.

    Raises
    ------
    InvalidArgument
        The formula is not in the grammar; the message shows the piece.
    ColumnNotFound
        A column is not among ``kinds``.

    References
    ----------
    Wilkinson GN, Rogers CE (1973). Symbolic description of factorial models for analysis of
    variance. Appl Stat 22(3):392-399.

    Examples
    --------
    >>> parse_formula("age", kinds={"age": False})
    (Term(factors=()), Term(factors=(Polynomial(label='age', node=Name(column='age')),)))
    """
    if not isinstance(formula, str) or not formula.strip():
        raise InvalidArgument(f"formula={formula!r} is not a formula. {GRAMMAR}")
    text = formula.strip().removeprefix("~").strip()
    if "~" in re.sub(r"`[^`]*`", "", text) or "|" in re.sub(r"`[^`]*`", "", text):
        _refuse(
            formula, "~" if "~" in text else "|", "only the right-hand side is written; the outcome is known"
        )
    if number := re.search(r"`\s*[\d.]+\s*`", text):
        _refuse(
            formula,
            number.group(),
            "a column whose name is a number would be taken for the number; rename it",
        )
    try:
        terms = [_term(factors, formula, kinds) for factors in _split(text, formula)]
    except RecursionError:
        _refuse(formula, text[:40], "it is nested too deeply")
    if not terms:
        raise InvalidArgument(f"formula={formula!r} has no term. {GRAMMAR}")
    return tuple(sorted(terms, key=lambda term: len(term.factors)))


def _split(text: str, formula: str) -> list[list[tuple[str, str]]]:
    from formulaic.errors import FormulaicError
    from formulaic.parser import DefaultFormulaParser

    try:
        parsed = DefaultFormulaParser(include_intercept=True).get_terms(text)
        return [
            [(str(factor.expr), factor.eval_method.name) for factor in term.factors] for term in _flat(parsed)
        ]
    except (FormulaicError, SyntaxError, TypeError, ValueError, MemoryError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InvalidArgument(f"formula={formula!r} is not understood: {reason}. {GRAMMAR}") from error


def _flat(parsed: Any) -> Iterable[Any]:
    terms = list(parsed)
    if any(not hasattr(term, "factors") for term in terms):
        raise ValueError("it has more than one part")
    return terms


def _term(pieces: list[tuple[str, str]], formula: str, kinds: dict[str, bool]) -> Term:
    return Term(tuple(_factor(*piece, formula, kinds) for piece in pieces if piece != ("1", "LITERAL")))


def _factor(piece: str, method: str, formula: str, kinds: dict[str, bool]) -> Factor:
    if method == "LOOKUP":
        if piece not in kinds:
            raise ColumnNotFound.among([piece], list(kinds), where=f"formula={formula!r}")
        return Categorical(piece) if kinds[piece] else Polynomial(piece, Name(piece))
    tree, quoted = _syntax(piece, formula)
    if (
        not isinstance(tree, ast.Call)
        or not isinstance(tree.func, ast.Name)
        or tree.func.id not in ("C", "I")
    ):
        _refuse(formula, piece, "it is neither a column nor C(column) nor I(polynomial)")
    if len(tree.args) != 1 or tree.keywords:
        _refuse(formula, piece, f"{tree.func.id}() takes one argument")
    node = _polynomial(tree.args[0], piece, formula, kinds, quoted)
    if tree.func.id == "I":
        return Polynomial(piece, node)
    if not isinstance(node, Name):
        _refuse(formula, piece, "C() takes the name of a column")
    return Categorical(node.column)


def _syntax(piece: str, formula: str) -> tuple[ast.expr, dict[str, str]]:
    quoted: dict[str, str] = {}

    def stand_in(match: re.Match[str]) -> str:
        quoted[f"quoted_{len(quoted)}_"] = match.group(1)
        return f"quoted_{len(quoted) - 1}_"

    try:
        return ast.parse(re.sub(r"`([^`]*)`", stand_in, piece), mode="eval").body, quoted
    except (SyntaxError, ValueError, MemoryError):
        _refuse(formula, piece, "it is not understood")


def _polynomial(
    tree: ast.expr, piece: str, formula: str, kinds: dict[str, bool], quoted: dict[str, str]
) -> Node:
    if isinstance(tree, ast.Name):
        name = quoted.get(tree.id, tree.id)
        if name not in kinds:
            raise ColumnNotFound.among([name], list(kinds), where=f"formula={formula!r}")
        if kinds[name] and not piece.startswith("C("):
            _refuse(formula, piece, f"{name!r} has levels, not numbers")
        return Name(name)
    if (
        isinstance(tree, ast.Constant)
        and isinstance(tree.value, int | float)
        and not isinstance(tree.value, bool)
    ):
        return Number(float(tree.value))
    if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub):
        return Binary("*", Number(-1.0), _polynomial(tree.operand, piece, formula, kinds, quoted))
    if not isinstance(tree, ast.BinOp) or type(tree.op) not in _OPERATORS:
        _refuse(formula, piece, f"{ast.unparse(tree)!r} is not part of a polynomial")
    left = _polynomial(tree.left, piece, formula, kinds, quoted)
    right = _polynomial(tree.right, piece, formula, kinds, quoted)
    _check_operator(tree.op, right, piece, formula)
    return Binary(_OPERATORS[type(tree.op)], left, right)


def _check_operator(operator: ast.operator, right: Node, piece: str, formula: str) -> None:
    if isinstance(operator, ast.Pow) and not (
        isinstance(right, Number) and right.value.is_integer() and 1 <= right.value <= _HIGHEST_POWER
    ):
        _refuse(formula, piece, f"a power is a whole number from 1 to {_HIGHEST_POWER}")
    if isinstance(operator, ast.Div) and not (isinstance(right, Number) and right.value != 0):
        _refuse(formula, piece, "only division by a number other than zero is allowed")


def _refuse(formula: str, piece: str, why: str) -> NoReturn:
    raise InvalidArgument(f"formula={formula!r} is not accepted because of {piece!r}: {why}. {GRAMMAR}")
