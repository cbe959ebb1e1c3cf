"""How columns become a design matrix, remembered so that new rows are coded the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from itertools import combinations, product
from operator import mul
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from causalmed.errors import ColumnNotFound, DataError, InvalidArgument
from causalmed.regression.design import INTERCEPT, ColumnLike, Design
from causalmed.regression.formula import parse_formula
from causalmed.regression.terms import (
    Categorical,
    Factor,
    Name,
    Polynomial,
    Term,
    Values,
    columns_in,
    evaluate,
)

__all__ = ["DesignRecipe", "encode"]

_LEVELS_LIMIT: Final = 500
_CHUNK: Final = 4096
_WITH_LEVELS: Final = ("ordinal", "categorical")


@dataclass(frozen=True, slots=True)
class _Piece:
    """One column of the design: polynomials times indicators ``(column, code)``."""

    name: str
    numbers: tuple[Polynomial, ...]
    indicators: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class DesignRecipe:
    """The coding of a design matrix as a value, learned on one table and applied to others.

    Ordinal and categorical columns are reference-coded: an indicator for each level present in the
    learning data, but the first. A term whose categorical margins were left out (``a:b`` without
    ``a``) brings them along, so that a formula always spans the space Wilkinson's algebra gives it.

    Attributes
    ----------
    names : tuple of str
        Names of the columns of the design.
    columns : tuple of str
        Names of the columns of the table that are read.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> age = SimpleNamespace(name="age", kind="continuous", values=np.array([50.0, 60, 70]), levels=())
    >>> wound = SimpleNamespace(name="wound", kind="ordinal", values=np.array([0.0, 1, 2]),
    ...                         levels=("clean", "contaminated", "dirty"))
    >>> recipe = DesignRecipe.learn([age, wound], formula="wound + I(age**2)")
    >>> recipe.names
    ('Intercept', 'wound[contaminated]', 'wound[dirty]', 'I(age ** 2)')
    >>> recipe.build([age, wound], override={"wound": 2}).matrix[0].tolist()
    [1.0, 0.0, 1.0, 2500.0]
    """

    pieces: tuple[_Piece, ...]
    codes: tuple[tuple[str, tuple[float, ...]], ...]
    columns: tuple[str, ...]

    @classmethod
    def learn(
        cls, columns: Iterable[ColumnLike], formula: str | None = None, intercept: bool = True
    ) -> DesignRecipe:
        """Decide the coding on the learning data.

        Parameters
        ----------
        columns : iterable of ColumnLike
            The columns that may enter.
        formula : str, optional
            A right-hand side in the grammar of :mod:`causalmed.regression.formula`; the main effects of
            all columns where it is None.
        intercept : bool
            Whether main effects get a column of ones (without it, levels stay reference-coded); a formula
            says so itself.

        Raises
        ------
        DataError
            Two columns share a name, or a column has more than 500 levels.
        InvalidArgument, ColumnNotFound
            The formula is not in the grammar, or names a column that is not there.
        """
        table = _by_name(columns)
        kinds = {name: column.kind in _WITH_LEVELS for name, column in table.items()}
        if formula is not None:
            terms = parse_formula(formula, kinds=kinds)
        else:
            terms = (Term(),) * intercept + tuple(Term((_main_effect(name, kinds[name]),)) for name in table)
        factors = [factor for term in terms for factor in term.factors]
        coded = dict.fromkeys(factor.column for factor in factors if isinstance(factor, Categorical))
        codes = {name: _present(table[name]) for name in coded}
        bare = formula is None and not intercept
        pieces = tuple(_expand(terms, table=table, codes=codes, without_intercept=bare))
        if not pieces:
            raise InvalidArgument("A design needs at least one column: name a column, or keep the intercept.")
        used = dict.fromkeys(name for factor in factors for name in columns_in(factor))
        return cls(pieces=pieces, codes=tuple(codes.items()), columns=tuple(used))

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the columns of the design."""
        return tuple(piece.name for piece in self.pieces)

    def build(
        self,
        columns: Iterable[ColumnLike],
        override: Mapping[str, float] | None = None,
        *,
        rows: int | None = None,
        known: bool = False,
    ) -> Design:
        """Code rows, if asked as if a column had one value on all of them.

        Parameters
        ----------
        columns : iterable of ColumnLike
            Columns of the rows to code; those the recipe does not read are ignored.
        override : mapping of str to float, optional
            Column → the value it is set to on every row (the code, for a column with levels): the
            intervention of the g-formula.
        rows : int, optional
            How many rows there are, where ``columns`` may be empty (a design of the intercept alone).
        known : bool
            Whether the rows are among those the recipe was learned on, so that no level can be new.

        Raises
        ------
        ColumnNotFound
            A column of the recipe is missing.
        InvalidArgument
            A column is overridden that the design does not read, so that setting it would change nothing.
        DataError
            A level that the learning data did not have, or columns of different lengths.
        """
        table = _by_name(columns)
        override = {} if override is None else dict(override)
        if absent := [name for name in self.columns if name not in table]:
            raise ColumnNotFound.among(absent, list(table), where="the design")
        self.check_override(override)
        n = _rows(table, rows)
        values: dict[str, Any] = {
            name: np.asarray(table[name].values, dtype=np.float64) for name in self.columns
        }
        values |= {name: float(value) for name, value in override.items()}
        for name, codes in () if known else self.codes:
            _check_codes(values[name], codes=codes, column=table[name])
        matrix = _fill(self.pieces, values=values, rows=n)
        return Design(matrix=matrix, names=self.names)

    def check_override(self, names: Iterable[str]) -> None:
        """Raise :class:`InvalidArgument` for columns that the design does not read."""
        if idle := [name for name in names if name not in self.columns]:
            raise InvalidArgument(
                f"Setting {', '.join(map(repr, idle))} would change nothing: the design reads only "
                f"{', '.join(map(repr, self.columns)) or 'the intercept'}. Add the column to the formula."
            )

    def build_rows(
        self,
        columns: Iterable[ColumnLike],
        block: slice,
        override: Mapping[str, float] | None = None,
        *,
        rows: int,
    ) -> NDArray[np.float64]:
        """Code some of the rows the recipe was learned on, unchecked.

        Parameters
        ----------
        columns, override
            As for :meth:`build`.
        block : slice
            Which rows; with a start and a stop.
        rows : int
            How many rows the columns have.
        """
        values = _sliced(_by_name(columns), self.columns, block, override)
        return _fill(self.pieces, values=values, rows=min(block.stop, rows) - block.start)

    def recoded(
        self,
        matrix: NDArray[np.float64],
        columns: Iterable[ColumnLike],
        block: slice,
        override: Mapping[str, float],
    ) -> NDArray[np.float64]:
        """Return coded rows with some columns of the table set to a value; only what reads them changes.

        Parameters
        ----------
        matrix : ndarray, shape (rows, p)
            The rows as :meth:`build_rows` coded them, under an override of the same columns or none.
        columns, block, override
            As for :meth:`build_rows`.
        """
        answer, values = matrix.copy(), _sliced(_by_name(columns), self.columns, block, override)
        for at, piece in enumerate(self.pieces):
            if not set(override).isdisjoint(_reads(piece)):
                answer[:, at] = _column(piece, values)
        return answer


def encode(columns: Sequence[ColumnLike], intercept: bool = True) -> Design:
    """Code the main effects of columns; short for learning a recipe and building it once.

    Examples
    --------
    >>> from types import SimpleNamespace
    >>> age = SimpleNamespace(name="age", kind="continuous", values=np.array([50.0, 60]), levels=())
    >>> encode([age])
    Design(2 rows, Intercept, age)
    """
    return DesignRecipe.learn(columns, intercept=intercept).build(columns)


def _by_name(columns: Iterable[ColumnLike]) -> dict[str, ColumnLike]:
    table: dict[str, ColumnLike] = {}
    for column in columns:
        if column.name in table:
            raise DataError(f"Column {column.name!r} appears twice. Each column may enter a design once.")
        table[column.name] = column
    return table


def _sliced(
    table: Mapping[str, ColumnLike],
    names: Iterable[str],
    block: slice,
    override: Mapping[str, float] | None,
) -> dict[str, Any]:
    fixed = {} if override is None else override
    return {
        name: float(fixed[name]) if name in fixed else np.asarray(table[name].values[block], np.float64)
        for name in names
    }


def _reads(piece: _Piece) -> set[str]:
    coded = {name for name, _ in piece.indicators}
    return coded.union(*(columns_in(polynomial) for polynomial in piece.numbers))


def _rows(table: Mapping[str, ColumnLike], rows: int | None) -> int:
    lengths = {name: len(column.values) for name, column in table.items()}
    distinct = {*lengths.values(), *(() if rows is None else (rows,))}
    if len(distinct) > 1:
        raise DataError(
            f"The columns of a design must have one length, but they have {lengths} and rows={rows}."
        )
    return distinct.pop() if distinct else 0


def _main_effect(name: str, has_levels: bool) -> Factor:
    return Categorical(name) if has_levels else Polynomial(name, Name(name))


def _present(column: ColumnLike) -> tuple[float, ...]:
    codes = np.unique(np.asarray(column.values, dtype=np.float64))
    if len(codes) > _LEVELS_LIMIT:
        raise DataError(
            f"Column {column.name!r} has {len(codes):,} levels, more than the {_LEVELS_LIMIT} a regression "
            "can use. Merge levels, or declare the column as a number or as an identifier with `kinds=`."
        )
    if not np.isfinite(codes).all():
        raise DataError(f"Column {column.name!r} has missing levels. Impute them or leave the rows out.")
    return tuple(codes.tolist())


def _expand(
    terms: Iterable[Term],
    *,
    table: Mapping[str, ColumnLike],
    codes: Mapping[str, tuple[float, ...]],
    without_intercept: bool,
) -> Iterable[_Piece]:
    done: set[tuple[frozenset[Polynomial], frozenset[str]]] = set()
    if without_intercept:
        done.add((frozenset(), frozenset()))
    for term in terms:
        numbers = tuple(factor for factor in term.factors if isinstance(factor, Polynomial))
        coded = tuple(factor.column for factor in term.factors if isinstance(factor, Categorical))
        for margin in _margins(coded):
            key = (frozenset(numbers), frozenset(margin))
            if key in done:
                continue
            done.add(key)
            for combination in product(*(codes[name][1:] for name in margin)):
                indicators = tuple(zip(margin, combination, strict=True))
                yield _Piece(_label(term, numbers, indicators, table), numbers, indicators)


def _margins(coded: tuple[str, ...]) -> Iterable[tuple[str, ...]]:
    return (margin for size in range(len(coded) + 1) for margin in combinations(coded, size))


def _label(
    term: Term,
    numbers: tuple[Polynomial, ...],
    indicators: tuple[tuple[str, float], ...],
    table: Mapping[str, ColumnLike],
) -> str:
    level = {name: f"{name}[{_level(table[name], code)}]" for name, code in indicators}
    parts = [
        factor.label if isinstance(factor, Polynomial) else level.get(factor.column, "")
        for factor in term.factors
    ]
    return ":".join(part for part in parts if part) or INTERCEPT


def _level(column: ColumnLike, code: float) -> str:
    return column.levels[int(code)] if 0 <= code < len(column.levels) else f"{code:g}"


def _check_codes(values: Values, *, codes: tuple[float, ...], column: ColumnLike) -> None:
    known = np.asarray(codes)
    distinct = np.unique(np.asarray(values))
    if strange := distinct[~np.isin(distinct, known)].tolist():
        shown = ", ".join(repr(_level(column, code)) for code in strange[:5])
        raise DataError(
            f"Column {column.name!r} has levels that the learning data did not have: {shown}. Their "
            "coefficient is unknown. Leave those rows out or merge the level with another before learning."
        )


def _fill(pieces: tuple[_Piece, ...], *, values: Mapping[str, Any], rows: int) -> NDArray[np.float64]:
    matrix = np.empty((rows, len(pieces)))
    bare = [_bare(piece, values) for piece in pieces]
    read = set().union(*(_reads(piece) for piece, value in zip(pieces, bare, strict=True) if value is None))
    for start in range(0, rows, _CHUNK):
        block = slice(start, start + _CHUNK)
        local = {
            name: value if isinstance(value, float) else value[block]
            for name, value in values.items()
            if name in read
        }
        for at, value in enumerate(bare):
            matrix[block, at] = _column(pieces[at], local) if value is None else value[block]
    return matrix


def _bare(piece: _Piece, values: Mapping[str, Any]) -> Any:
    """Return the column of the table that a piece merely copies, or None."""
    if piece.indicators or len(piece.numbers) != 1 or not isinstance(piece.numbers[0].node, Name):
        return None
    value = evaluate(piece.numbers[0].node, values)
    return value if isinstance(value, np.ndarray) else None


def _column(piece: _Piece, values: Mapping[str, Values]) -> Values:
    factors = [evaluate(polynomial.node, values) for polynomial in piece.numbers]
    factors += [np.equal(values[name], code) for name, code in piece.indicators]
    return reduce(mul, factors) if factors else 1.0
