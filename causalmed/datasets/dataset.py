"""Shipped cohorts by name: the table, the graph, the truth where it is known, the card."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Final

from causalmed.cohort import Cohort
from causalmed.errors import InvalidArgument
from causalmed.graph import Graph

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DATASETS", "Dataset", "load_dataset"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """A cohort that can be tried, with everything known about it.

    Attributes
    ----------
    name : str
        As given to :func:`load_dataset`.
    cohort : Cohort
        All rows.
    graph : Graph
        What is assumed; candidates marked as exposures.
    truth : pandas.DataFrame or None
        One row a candidate: does it cause the outcome, and its effect with the Monte-Carlo error. None where
        the data are real.
    card : str
        The data card, in Markdown.
    held_apart : tuple of str
        Hospitals to be looked at last; empty where there are none.
    """

    name: str
    cohort: Cohort
    graph: Graph
    truth: pd.DataFrame | None
    card: str
    held_apart: tuple[str, ...] = ()

    @property
    def development(self) -> Cohort:
        """The patients of the ordinary hospitals: everybody, where no hospital is held apart."""
        if not self.held_apart:
            return self.cohort
        return self.cohort.where(self._apart("not in"), reason="hospitals for development")

    @property
    def apart(self) -> Cohort:
        """The patients of the hospitals held apart.

        Raises
        ------
        InvalidArgument
            If none is held apart.
        """
        if not self.held_apart:
            raise InvalidArgument(
                f"No hospital of {self.name!r} is held apart, so there is no such cohort. Use .cohort."
            )
        return self.cohort.where(self._apart("in"), reason="hospitals held apart")

    def _apart(self, operator: str) -> str:
        codes = ", ".join(repr(code) for code in self.held_apart)
        return f"{self.cohort.cluster} {operator} ({codes},)"

    def summary(self) -> str:
        """Name, size, outcome and what is known of the truth, in a few lines."""
        truth = "unknown: real data" if self.truth is None else _count(self.truth)
        apart = ", ".join(self.held_apart) or "none"
        return (
            f"{self.name}: {self.cohort.n:,} patients, {len(self.cohort.names)} columns, "
            f"outcome {self.cohort.outcome}\n"
            f"graph: {len(self.graph.nodes)} nodes, {len(self.graph.exposures)} candidates\n"
            f"truth: {truth}\n"
            f"hospitals held apart: {apart}"
        )

    def __repr__(self) -> str:
        known = "unknown" if self.truth is None else "known"
        return f"Dataset(name={self.name!r}, n={self.cohort.n}, truth {known})"


def load_dataset(name: str) -> Dataset:
    """Load a shipped cohort.

    Parameters
    ----------
    name : {"postop", "caesarean"}
        ``postop``: 20,000 synthetic surgical patients of 24 hospitals whose truth is known.
        ``caesarean``: 251 real women, infection after caesarean section.

    Returns
    -------
    Dataset

    Raises
    ------
    InvalidArgument
        For any other name; the message lists them.

    Examples
    --------
    >>> postop = load_dataset("postop")
    >>> postop.cohort.n, postop.held_apart
    (20000, ('H22', 'H23', 'H24'))
    >>> print(load_dataset("caesarean").summary())
    caesarean: 251 patients, 5 columns, outcome infection
    graph: 4 nodes, 1 candidates
    truth: unknown: real data
    hospitals held apart: none
    """
    if not isinstance(name, str) or name not in DATASETS:
        raise InvalidArgument.option("name", name, DATASETS)
    return DATASETS[name]()


def _postop() -> Dataset:
    from causalmed.datasets.postop_constants import HOSPITALS_APART

    return Dataset(
        name="postop",
        cohort=_postop_cohort(),
        graph=_graph("postop"),
        truth=_table("postop_truth.csv", index_col="candidate"),
        card=_text("postop.md"),
        held_apart=HOSPITALS_APART,
    )


def _caesarean() -> Dataset:
    cohort = Cohort.from_frame(
        _table("caesarean.csv"),
        unit="woman_id",
        outcome="infection",
        kinds={"woman_id": "identifier"},
        tiers={"before": ["risk_factor", "unplanned"], "during": ["antibiotic"], "outcome": ["infection"]},
    )
    return Dataset(
        name="caesarean", cohort=cohort, graph=_graph("caesarean"), truth=None, card=_text("caesarean.md")
    )


DATASETS: Final[dict[str, Callable[[], Dataset]]] = {"postop": _postop, "caesarean": _caesarean}
"""Name → what loads it."""


@lru_cache(maxsize=1)
def _postop_cohort() -> Cohort:
    from causalmed.datasets.postop import cohort_options

    options: dict[str, Any] = cohort_options()
    ratings = {"surgeon_risk_rating": str}
    return Cohort.from_frame(_table("postop.csv.gz", dtype=ratings), **options)


def _graph(name: str) -> Graph:
    return Graph.parse(_text(f"{name}.dagitty"))


def _text(file: str) -> str:
    return files("causalmed._data").joinpath(file).read_text(encoding="utf-8")


def _table(
    file: str, *, index_col: str | None = None, dtype: Mapping[str, type] | None = None
) -> pd.DataFrame:
    import io

    import pandas as pd

    content = files("causalmed._data").joinpath(file).read_bytes()
    types: Any = dtype
    compression: Any = "gzip" if file.endswith(".gz") else None
    return pd.read_csv(io.BytesIO(content), index_col=index_col, dtype=types, compression=compression)


def _count(truth: pd.DataFrame) -> str:
    causes = int(truth["cause"].sum())
    return f"known: {causes} of {len(truth)} candidates cause the outcome"
