"""What a risk model remembers about its columns, so that other tables are read the same way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Cohort, Column
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument

__all__ = ["Feature", "columns_from_values", "feature_columns", "learn_features", "native_features"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """A column the model reads.

    Parameters
    ----------
    name, kind : str
        As in the cohort the model was fitted on.
    levels : tuple of str
        Labels of the codes; empty for numbers.
    present : tuple of float
        Codes seen while fitting, for ordinal and categorical columns.

    Examples
    --------
    >>> Feature(name="age", kind="continuous").stated
    'continuous'
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    present: tuple[float, ...] = ()

    @property
    def stated(self) -> str | tuple[str, ...]:
        """What ``kinds=`` would state to read this column again."""
        return self.levels if len(self.levels) > 1 else self.kind

    def column(self, values: NDArray[np.float64]) -> Column:
        """Return a column of these values under this feature's kind and levels."""
        return Column(name=self.name, kind=self.kind, values=values, levels=self.levels)

    def to_dict(self) -> dict[str, Any]:
        """Return the feature as plain JSON types."""
        return {
            "name": self.name,
            "kind": self.kind,
            "levels": list(self.levels),
            "present": list(self.present),
        }


def learn_features(cohort: Cohort, names: Sequence[str]) -> tuple[Feature, ...]:
    """Remember the kinds and levels of columns.

    Parameters
    ----------
    cohort : Cohort
        Where the model is fitted.
    names : sequence of str
        Its features.

    Returns
    -------
    tuple of Feature

    Examples
    --------
    >>> import pandas as pd
    >>> cohort = Cohort.from_frame(pd.DataFrame({"sex": ["F", "M", "F"]}))
    >>> learn_features(cohort, ["sex"])[0].levels
    ('F', 'M')
    """
    columns = [cohort.column(name) for name in names]
    return tuple(
        Feature(
            name=column.name,
            kind=column.kind,
            levels=column.levels,
            present=tuple(np.unique(column.values).tolist()) if column.is_discrete else (),
        )
        for column in columns
    )


def feature_columns(features: Sequence[Feature], patients: object) -> list[Column]:
    """Read the model's columns from a cohort or from a frame of any library.

    Parameters
    ----------
    features : sequence of Feature
        What the model reads.
    patients : Cohort or frame
        Labels are matched by name, so levels may stand in another order or be fewer.

    Returns
    -------
    list of Column
        In the order of the features, coded as when the model was fitted.

    Raises
    ------
    ColumnNotFound, DataError, InvalidArgument
        A column is absent, has a level that was unknown when fitting, or holds missing values.

    Examples
    --------
    >>> import pandas as pd
    >>> sex = Feature(name="sex", kind="binary", levels=("F", "M"))
    >>> feature_columns([sex], pd.DataFrame({"sex": ["M"]}))[0].values.tolist()
    [1.0]
    """
    if not isinstance(patients, Cohort):
        patients = _as_cohort(features, patients)
    return [_recoded(feature, patients.column(feature.name)) for feature in features]


def columns_from_values(
    features: Sequence[Feature], values: Mapping[str, NDArray[np.float64]]
) -> list[Column]:
    """Make the model's columns from numbers, codes where there are levels.

    Parameters
    ----------
    features : sequence of Feature
        What the model reads.
    values : mapping of str to ndarray, shape (n,)
        Numbers by the name of the feature.

    Returns
    -------
    list of Column

    Examples
    --------
    >>> columns_from_values([Feature(name="age", kind="continuous")], {"age": np.array([70.0])})
    [Column(name='age', kind='continuous', n=1)]
    """
    absent = [feature.name for feature in features if feature.name not in values]
    if absent:
        raise ColumnNotFound.among(absent, list(values), where="features of the risk model")
    return [feature.column(np.asarray(values[feature.name], dtype=np.float64)) for feature in features]


def native_features(names: Sequence[str], patients: object) -> Any:
    """Return a pandas frame of some columns, labels as the table has them, for a foreign classifier.

    Parameters
    ----------
    names : sequence of str
        Features.
    patients : Cohort or frame
        Of any library.

    Returns
    -------
    pandas.DataFrame

    Examples
    --------
    >>> import pandas as pd
    >>> native_features(["age"], pd.DataFrame({"age": [70], "sex": ["F"]})).columns.tolist()
    ['age']
    """
    if isinstance(patients, Cohort):
        _require(names, patients.names)
        return patients.to_frame()[list(names)]
    return _selected(names, patients).to_pandas()


def _as_cohort(features: Sequence[Feature], frame: object) -> Cohort:
    chosen = _selected([feature.name for feature in features], frame).to_native()
    return Cohort.from_frame(chosen, kinds={feature.name: feature.stated for feature in features})


def _selected(names: Sequence[str], frame: object) -> Any:
    import narwhals as nw

    repeated = {name for name in names if list(getattr(frame, "columns", ())).count(name) > 1}
    if repeated:
        raise DataError(
            f"Column {min(repeated)!r} occurs more than once, so it is not known which one is meant. Rename "
            "or drop the repetitions."
        )
    try:
        table: Any = nw.from_native(frame, eager_only=True)
    except TypeError:
        raise InvalidArgument(
            f"patients is a {type(frame).__name__}, which is neither a Cohort nor a data frame. Give a "
            "Cohort, or a pandas, polars or Arrow table with the features as columns."
        ) from None
    _require(names, table.columns)
    return table.select(list(names))


def _require(names: Sequence[str], available: Sequence[str]) -> None:
    absent = [name for name in names if name not in available]
    if absent:
        raise ColumnNotFound.among(absent, list(available), where="features of the risk model")


def _recoded(feature: Feature, column: Column) -> Column:
    if column.levels == feature.levels:
        return feature.column(column.values)
    if not feature.levels:
        raise DataError(
            f"Column {feature.name!r} holds labels {column.levels[:6]}, but the risk model was fitted on "
            f"numbers ({feature.kind}). Give it as numbers."
        )
    labels = column.labels()
    code = {label: float(at) for at, label in enumerate(feature.levels)}
    strangers = sorted({str(label) for label in labels if label not in code})
    if strangers:
        raise DataError(
            f"Column {feature.name!r} holds {', '.join(map(repr, strangers[:6]))}, which the risk model "
            f"never saw: it knows {', '.join(map(repr, feature.levels[:12]))}. Correct the values, merge "
            "the level, or fit the model on patients who have it."
        )
    return feature.column(np.array([code[label] for label in labels], dtype=np.float64))
