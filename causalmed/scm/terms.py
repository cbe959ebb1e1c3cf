"""Linear predictors as values: an intercept and named terms, written by hand or fitted."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from operator import mul
from typing import Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import InvalidArgument

__all__ = ["Factor", "FloatArray", "Predictor", "Term", "Values"]

FloatArray = NDArray[np.float64]
Values = Mapping[str, FloatArray]
"""Node → its numbers (codes, where it has levels); the arrays broadcast against each other."""

_FACTOR: Final = re.compile(r"^(?P<column>[^=*:]+?)(?:=(?P<level>[^=*:]+)|\*\*(?P<power>[2-9]))?$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A number read off one column: the value, a power of it, or the indicator of a level.

    Parameters
    ----------
    column : str
        Node that is read.
    code : float or None
        With a code, the indicator that the column has it.
    power : int
        Power of the value, from 1.

    Examples
    --------
    >>> Factor(column="wound_class", code=2.0).read({"wound_class": np.array([0.0, 2.0])}).tolist()
    [0.0, 1.0]
    """

    column: str
    code: float | None = None
    power: int = 1

    def read(self, values: Values) -> FloatArray:
        """Return the factor on rows; the shape is the column's."""
        column = values[self.column]
        if self.code is not None:
            return np.asarray(column == self.code, dtype=np.float64)
        return column if self.power == 1 else np.asarray(column**self.power)

    @property
    def text(self) -> str:
        """The factor as :meth:`Predictor.of` reads it, with the code for the level."""
        if self.code is not None:
            return f"{self.column}={self.code:g}"
        return self.column if self.power == 1 else f"{self.column}**{self.power}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Term:
    """A coefficient times a product of factors.

    Parameters
    ----------
    coefficient : float
        Change of the linear predictor for one unit of the product.
    factors : tuple of Factor
        At least one.

    Examples
    --------
    >>> Term(coefficient=0.3, factors=(Factor(column="late"), Factor(column="bmi", power=2))).text
    'late:bmi**2'
    """

    coefficient: float
    factors: tuple[Factor, ...]

    def product(self, values: Values) -> FloatArray:
        """Return the product of the factors, without the coefficient."""
        return reduce(mul, (factor.read(values) for factor in self.factors))

    @property
    def text(self) -> str:
        """The product in words, for tables and messages."""
        return ":".join(factor.text for factor in self.factors)


@dataclass(frozen=True, slots=True, kw_only=True)
class Predictor:
    r"""A linear predictor :math:`\eta = \beta_0 + \sum_k \beta_k \prod_j f_{kj}(x)`.

    Parameters
    ----------
    intercept : float
        :math:`\beta_0`.
    terms : tuple of Term
        The rest; a product term is a term with several factors.

    Examples
    --------
    >>> eta = Predictor.of(-2.0, {"late": 0.5, "late:asa": 0.25})
    >>> eta({"late": np.array([0.0, 1.0]), "asa": np.array([2.0, 2.0])}).tolist()
    [-2.0, -1.0]
    """

    intercept: float = 0.0
    terms: tuple[Term, ...] = ()
    _gathered: tuple[dict[str, FloatArray], tuple[Term, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_gathered", _gathered(self.terms))

    @classmethod
    def of(
        cls,
        intercept: float,
        coefficients: Mapping[str, float] | None = None,
        *,
        levels: Mapping[str, Sequence[str]] | None = None,
    ) -> Predictor:
        """Build a predictor from text.

        Parameters
        ----------
        intercept : float
            The constant.
        coefficients : mapping of str to float
            Term → coefficient. Terms read ``"age"``, ``"age**2"``, ``"wound_class=dirty"`` and, for
            products, ``"late:age"``.
        levels : mapping of str to sequence of str, optional
            Labels of the codes of a column, for terms that name a level; without them the text after
            ``=`` is the code.

        Raises
        ------
        InvalidArgument
            A term is not understood.
        """
        terms = tuple(
            Term(coefficient=float(value), factors=factors_of(text, levels=levels or {}))
            for text, value in (coefficients or {}).items()
        )
        return cls(intercept=float(intercept), terms=terms)

    def __call__(self, values: Values) -> FloatArray:
        """Return η on rows; without terms an array of no dimension."""
        total = np.asarray(self.intercept, dtype=np.float64)
        tables, others = self._gathered
        for name, table in tables.items():
            column = np.clip(values[name], -1, len(table) - 1)
            codes = column.astype(np.intp)
            total = total + np.where(codes == column, table[codes], 0.0)
        for term in others:
            total = total + term.coefficient * term.product(values)
        return np.asarray(total)

    @property
    def columns(self) -> tuple[str, ...]:
        """The nodes that are read, in order of first mention."""
        return tuple(dict.fromkeys(factor.column for term in self.terms for factor in term.factors))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the coefficients, the intercept first."""
        return ("Intercept", *(term.text for term in self.terms))

    @property
    def coefficients(self) -> FloatArray:
        """Intercept and coefficients, shape (p,)."""
        return np.array([self.intercept, *(term.coefficient for term in self.terms)])

    def with_coefficients(self, coefficients: Iterable[float]) -> Predictor:
        """Return the same terms with other numbers, the intercept first."""
        first, *rest = (float(value) for value in coefficients)
        terms = tuple(replace(term, coefficient=value) for term, value in zip(self.terms, rest, strict=True))
        return Predictor(intercept=first, terms=terms)

    def design(self, values: Values, rows: int) -> FloatArray:
        """Return the matrix whose product with :attr:`coefficients` is η, shape (rows, p)."""
        matrix = np.ones((rows, 1 + len(self.terms)))
        for at, term in enumerate(self.terms, start=1):
            matrix[:, at] = term.product(values)
        return matrix


def _gathered(terms: tuple[Term, ...]) -> tuple[dict[str, FloatArray], tuple[Term, ...]]:
    """Gather the indicators of a column with several terms into one table, code → coefficient."""
    pairs: dict[str, list[tuple[int, Term]]] = {}
    for term in terms:
        code = term.factors[0].code
        if len(term.factors) == 1 and code is not None and code >= 0 and code == int(code):
            pairs.setdefault(term.factors[0].column, []).append((int(code), term))
    tables: dict[str, FloatArray] = {}
    gathered: set[int] = set()
    for name, found in pairs.items():
        if len(found) > 2:
            tables[name] = np.zeros(max(code for code, _ in found) + 2)
            for code, term in found:
                tables[name][code] += term.coefficient
                gathered.add(id(term))
    return tables, tuple(term for term in terms if id(term) not in gathered)


def factors_of(text: str, *, levels: Mapping[str, Sequence[str]]) -> tuple[Factor, ...]:
    """Read the text of a product of factors."""
    return tuple(_factor(part.strip(), levels=levels) for part in text.split(":"))


def _factor(text: str, *, levels: Mapping[str, Sequence[str]]) -> Factor:
    match = _FACTOR.match(text)
    if match is None:
        raise InvalidArgument(
            f"The term {text!r} is not understood. Write a column, column**2, column=level, or a product "
            "of such parts joined by ':'."
        )
    column, level, power = match["column"].strip(), match["level"], match["power"]
    if level is None:
        return Factor(column=column, power=int(power or 1))
    return Factor(column=column, code=_code(column, level.strip(), levels.get(column)))


def _code(column: str, level: str, labels: Sequence[str] | None) -> float:
    if labels is not None and level in labels:
        return float(list(labels).index(level))
    try:
        return float(level)
    except ValueError:
        known = ", ".join(map(repr, labels)) if labels else "numbers, because its labels were not given"
        raise InvalidArgument(f"{column!r} has no level {level!r}. Its levels are {known}.") from None
