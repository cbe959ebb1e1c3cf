"""The same table from three libraries, and a copy to prove that nobody wrote to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa


def surgical(n: int = 60, seed: int = 1) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    return pd.DataFrame(
        {
            "patient_id": rng.permutation(np.arange(100, 100 + n)),
            "hospital": rng.choice(["north", "south", "west"], n),
            "age": rng.integers(18, 90, n),
            "sex": rng.choice(["F", "M"], n),
            "bmi": rng.normal(27, 5, n),
            "diabetes": rng.random(n) < 0.3,
            "visits": rng.integers(0, 9, n),
            "wound": rng.choice(["clean", "contaminated", "dirty"], n),
            "operated": pd.Timestamp("2026-01-01") + pd.to_timedelta(rng.integers(0, 300, n), unit="D"),
            "infected": rng.integers(0, 2, n),
        }
    )


def as_polars(frame: pd.DataFrame) -> pl.DataFrame:
    return pl.from_pandas(frame)


def as_arrow(frame: pd.DataFrame) -> pa.Table:
    return pa.Table.from_pandas(frame, preserve_index=False)


SOURCES: dict[str, Callable[[pd.DataFrame], Any]] = {
    "pandas": lambda frame: frame.copy(),
    "pandas-object": lambda frame: frame.astype({"hospital": object, "sex": object, "wound": object}),
    "pandas-nullable": lambda frame: frame.convert_dtypes(),
    "pandas-category": lambda frame: frame.astype({"wound": "category", "hospital": "category"}),
    "polars": as_polars,
    "arrow": as_arrow,
    "arrow-dictionary": lambda frame: as_arrow(frame.astype({"wound": "category"})),
}


def contents(frame: Any) -> bytes:
    """Every byte that a caller could notice: values, types, names, index."""
    if isinstance(frame, pd.DataFrame):
        words = repr((list(frame.columns), frame.dtypes.tolist(), frame.index.tolist()))
        return words.encode() + repr([frame.iloc[:, at].tolist() for at in range(frame.shape[1])]).encode()
    if isinstance(frame, pl.DataFrame):
        return repr((frame.schema, frame.rows())).encode()
    return repr((frame.schema, frame.to_pydict())).encode()
