"""A risk model as a function of its columns: one clinical variable, one player."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from types import MappingProxyType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort, Column
from causalmed.errors import CausalmedError, InvalidArgument

__all__ = ["Players", "RiskFunction", "word_of"]

Matrix = NDArray[np.float64]


class RiskFunction(Protocol):
    """What can be explained: it names its columns and gives each patient a risk."""

    @property
    def features(self) -> Sequence[str]:
        """Columns that it reads."""
        ...

    def risk(self, patients: Cohort, /) -> Matrix:
        """Return the risk of every patient, shape (n,), in [0, 1]."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Players:
    """A model and the columns it reads, as numbers in and risks out.

    A column with levels is one player, however many numbers the model makes of it.

    Parameters
    ----------
    model : RiskFunction
        The model.
    columns : tuple of Column
        The features, as in the background: their kinds and levels.
    """

    model: RiskFunction
    columns: tuple[Column, ...]

    @classmethod
    def of(cls, model: RiskFunction, background: Cohort) -> Players:
        """Take the kinds and levels of the features from the background."""
        if not (hasattr(model, "features") and hasattr(model, "risk")):
            raise InvalidArgument(
                f"model= is a {type(model).__name__}, which has no .features and .risk(patients). Fit one "
                "with fit_risk_model, or wrap a classifier: RiskModel.wrap(classifier, features=[…])."
            )
        return cls(model=model, columns=tuple(background.column(name) for name in model.features))

    def with_model(self, model: RiskFunction) -> Players:
        """Return the same columns read by another model.

        Raises
        ------
        InvalidArgument
            If it reads other columns.
        """
        if tuple(model.features) != self.names:
            raise InvalidArgument(
                f"The model fitted again reads {', '.join(model.features)}; the one explained reads "
                f"{', '.join(self.names)}. Their attributions cannot be compared. Keep the columns in refit=."
            )
        return replace(self, model=model)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the players."""
        return tuple(column.name for column in self.columns)

    def matrix(self, patients: Cohort) -> Matrix:
        """Return the patients as numbers, shape (n, players), levels coded as in the background."""
        return np.column_stack([_codes(patients.column(column.name), column) for column in self.columns])

    def risk(self, matrix: Matrix) -> Matrix:
        """Return the model's risk for every row of numbers, shape (rows,).

        Raises
        ------
        CausalmedError
            If the model returns another number of risks, or risks outside [0, 1].
        """
        return self.risk_of_columns(np.ascontiguousarray(matrix.T))

    def risk_of_columns(self, values: Matrix) -> Matrix:
        """Return the model's risk of every row, given its columns, shape (players, rows)."""
        columns = {column.name: column.replace_values(values[j]) for j, column in enumerate(self.columns)}
        rows = replace(
            _blank(),
            names=self.names,
            columns=MappingProxyType(columns),
            unit_ids=np.arange(values.shape[1]),
        )
        risk = np.asarray(self.model.risk(rows), dtype=np.float64)
        if risk.shape != (values.shape[1],) or not np.all((risk >= 0) & (risk <= 1)):
            what = "values outside" if risk.shape == (values.shape[1],) else f"shape {risk.shape}"
            raise CausalmedError(
                f"The model must return {values.shape[1]:,} risks between 0 and 1, and returned {what}. A "
                "sum of such numbers would not be a risk. Wrap the model so that .risk(patients) returns "
                "probabilities."
            )
        return risk


@cache
def _blank() -> Cohort:
    """Return a cohort whose columns have no roles: the model must live on its features."""
    import pandas as pd

    return Cohort.from_frame(pd.DataFrame({"row": [0]}))


def _codes(column: Column, like: Column) -> Matrix:
    """Return the values of a column in the coding of another with the same name."""
    if column.levels == like.levels:
        return column.values
    unknown = sorted(set(column.labels().tolist()) - set(like.levels))
    if unknown or not like.levels or not column.levels:
        what = f"{', '.join(map(repr, unknown[:3]))} " if unknown else ""
        raise InvalidArgument(
            f"Column {column.name!r} has values {what}that the background does not know. The model cannot be "
            "asked about them. Give a background with the same levels."
        )
    code = {label: float(index) for index, label in enumerate(like.levels)}
    return np.array([code[label] for label in column.labels().tolist()], dtype=np.float64)


def word_of(column: Column, value: float) -> str:
    """Write a value of a column as a reader would: its level, yes or no, or a short number."""
    if column.levels:
        return column.levels[int(value)]
    if column.kind == "binary":
        return "yes" if value == 1 else "no"
    return f"{value:.4g}"
