"""What the numbers of a node mean, and how a value that a reader writes becomes a number."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from causalmed.errors import DataError, InvalidArgument, MissingValues, UnknownNode
from causalmed.scm.terms import FloatArray, Values

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["NodeInfo", "columns_of", "frame_of", "read_do"]

_FEW: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeInfo:
    """Kind, labels and range of a node.

    Parameters
    ----------
    name, kind : str
        As in the cohort.
    levels : tuple of str
        Labels of the codes 0, 1, …; empty where the numbers speak for themselves.
    seen : tuple of float
        Codes that occurred when the model was fitted; empty for numbers.
    low, high : float
        Smallest and largest value that occurred.
    whole : bool
        Whether the table held whole numbers.
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    seen: tuple[float, ...] = ()
    low: float = -math.inf
    high: float = math.inf
    whole: bool = False

    @property
    def is_discrete(self) -> bool:
        """True for binary, ordinal and categorical nodes."""
        return self.kind in {"binary", "ordinal", "categorical"}

    def code(self, value: object, *, numbers_are_codes: bool = False) -> float:
        """Return the number behind a value as a reader writes it: a label, else a number.

        With ``numbers_are_codes`` only a text is looked up among the labels.

        Raises
        ------
        InvalidArgument
            No such level, not a number, or a level without a single patient.
        """
        text = _label(value)
        is_label = text in self.levels and (isinstance(value, str) or not numbers_are_codes)
        number = float(self.levels.index(text)) if is_label else self._number(value)
        if self.is_discrete and number not in (self.seen or (0.0, 1.0)):
            raise InvalidArgument(
                f"{self.name!r} cannot be set to {value!r}. {self._choices()} A level that no patient had "
                "when the model was fitted has no known effect."
            )
        return number

    def labels(self, values: FloatArray) -> Any:
        """Return values as the table shows them."""
        if self.levels:
            return np.array(self.levels, dtype=object)[values.astype(np.intp)]
        return values.astype(np.int64, copy=False) if self.is_discrete else values

    def _number(self, value: object) -> float:
        try:
            number = float(value)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise InvalidArgument(f"{self.name!r} cannot be set to {value!r}. {self._choices()}") from None
        if not math.isfinite(number):
            raise InvalidArgument(f"{self.name!r} cannot be set to {value!r}; it must be a finite number.")
        return number

    def _choices(self) -> str:
        if not self.is_discrete:
            return "It is a number."
        shown = [self.levels[int(c)] if self.levels else f"{c:g}" for c in self.seen or (0.0, 1.0)]
        return f"Choose one of: {', '.join(map(repr, shown))}."


def read_do(
    do: Mapping[str, object] | None,
    nodes: Mapping[str, NodeInfo],
    *,
    rows: int,
    numbers_are_codes: bool = False,
) -> dict[str, FloatArray]:
    """Turn an intervention as written into arrays of codes, one value a row.

    Parameters
    ----------
    do : mapping of str to value
        Node → label or number, or a sequence of ``rows`` of them.
    nodes : mapping of str to NodeInfo
        What is known about the nodes.
    rows : int
        Number of patients.
    numbers_are_codes : bool
        Whether a number is a code even where labels look like numbers.

    Raises
    ------
    UnknownNode
        A name is not a node.
    InvalidArgument
        A value is not one of the node's.
    """
    if do is None:
        return {}
    if not isinstance(do, Mapping):
        raise InvalidArgument(f"do= maps nodes to values, for example {{'late_prophylaxis': 0}}; got {do!r}.")
    unknown = [str(name) for name in do if name not in nodes]
    if unknown:
        raise UnknownNode.among(unknown, nodes)
    return {
        name: _column(nodes[name], value, rows, numbers_are_codes=numbers_are_codes)
        for name, value in do.items()
    }


def _column(info: NodeInfo, value: object, rows: int, *, numbers_are_codes: bool) -> FloatArray:
    if isinstance(value, str) or not isinstance(value, Sequence | np.ndarray):
        return np.broadcast_to(np.float64(info.code(value, numbers_are_codes=numbers_are_codes)), (rows,))
    listed = list(value)
    if len(listed) != rows:
        raise InvalidArgument(f"do= gives {len(listed)} values of {info.name!r} for {rows} patients.")
    return np.array([info.code(each, numbers_are_codes=numbers_are_codes) for each in listed])


def columns_of(cohort: Any, names: Sequence[str], nodes: Mapping[str, NodeInfo]) -> dict[str, FloatArray]:
    """Return the columns of a cohort as numbers that mean what they meant when the model was fitted.

    Raises
    ------
    DataError
        A column has other levels than the model, or a level that it never saw.
    """
    found = {}
    for name in names:
        column, info = cohort.column(name), nodes[name]
        values = np.asarray(column.values, dtype=np.float64)
        known = info.is_discrete and tuple(column.levels) == info.levels and _all_among(values, info.seen)
        if known:
            found[name] = values
            continue
        if not (np.isfinite(values.sum()) or np.isfinite(values).all()):
            raise MissingValues(f"Column {name!r} has missing values; the model needs each of its columns.")
        if info.is_discrete:
            values = _recoded(values, tuple(column.levels), info)
        found[name] = values
    return found


def _recoded(values: FloatArray, levels: tuple[str, ...], info: NodeInfo) -> FloatArray:
    if levels != info.levels:
        texts = [levels[int(v)] if levels else _label(v) for v in values.tolist()]
        known = {label: float(code) for code, label in enumerate(info.levels)} or {
            _label(code): code for code in info.seen
        }
        if strange := sorted(set(texts) - set(known)):
            raise DataError(
                f"Column {info.name!r} has levels that the model does not know: "
                f"{', '.join(map(repr, strange[:5]))}. It knows {', '.join(map(repr, known))}."
            )
        values = np.array([known[text] for text in texts])
    if info.seen and not _all_among(values, info.seen):
        strange_codes = sorted(set(values.tolist()) - set(info.seen))
        shown = ", ".join(repr(info.levels[int(c)]) if info.levels else f"{c:g}" for c in strange_codes[:5])
        raise DataError(
            f"Column {info.name!r} has a level that no patient had when the model was fitted: {shown}."
        )
    return values


def _all_among(values: FloatArray, codes: tuple[float, ...]) -> bool:
    """Say whether every value is one of the codes."""
    if len(codes) <= _FEW:
        return sum(int(np.count_nonzero(values == code)) for code in codes) == values.size
    return bool(np.isin(values, codes).all())


def frame_of(values: Values, nodes: Mapping[str, NodeInfo], names: Sequence[str]) -> pd.DataFrame:
    """Return numbers as a table with labels."""
    import pandas as pd

    columns = {name: nodes[name].labels(values[name]) for name in names}
    own = {name: column if column.flags.writeable else column.copy() for name, column in columns.items()}
    return pd.DataFrame(own, copy=False)


def _label(value: object) -> str:
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
