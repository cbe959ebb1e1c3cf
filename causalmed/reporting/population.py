"""From the protocol's population to a cohort and its graph."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from causalmed.cohort import AttritionStep, Cohort
from causalmed.errors import ColumnNotFound, DataError, ProtocolError, UnknownNode
from causalmed.graph import Graph
from causalmed.reporting.protocol import PopulationPlan, Protocol

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.datasets import Dataset

__all__ = ["Population", "load_population"]

_SHIPPED: Final = "dataset:"
_MISSING_TEXTS: Final = ("", "NA", "NaN", "nan")
"""What a CSV file may write for a missing value. "None" is a level like any other."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Population:
    """The cohort of a protocol with the graph that it is read by.

    Parameters
    ----------
    cohort : Cohort
        After derivation and eligibility.
    graph : Graph
        What is assumed.
    attrition : tuple of AttritionStep
        From the table to the cohort.
    dataset : Dataset or None
        The shipped data set, where the protocol names one.
    """

    cohort: Cohort
    graph: Graph
    attrition: tuple[AttritionStep, ...]
    dataset: Dataset | None

    @property
    def synthetic(self) -> bool:
        """Whether no row is a real patient, so that a row may be shown."""
        return self.dataset is not None and self.dataset.truth is not None


def load_population(protocol: Protocol) -> Population:
    """Read the table, derive columns, apply eligibility, read the graph.

    Parameters
    ----------
    protocol : Protocol
        Its ``population``, ``graph``, ``question.outcome`` and ``audit.protected`` are used.

    Returns
    -------
    Population

    Raises
    ------
    CausalmedError
        The table or the graph cannot be used; the message says why.
    """
    plan = protocol.population
    dataset = _dataset(plan.data)
    frame = dataset.cohort.to_frame() if dataset else _read(protocol.path(plan.data))
    roles = _roles(protocol, dataset)
    first = Cohort.from_frame(frame, **roles)
    cohort, attrition = first, first.attrition
    if plan.derive:
        derived = first.to_frame()
        for name, expression in plan.derive:
            if name in first:
                raise ProtocolError(
                    f"population.derive.{name} would replace the column {name!r}; name it otherwise."
                )
            derived[name] = first.matches(expression).astype(int)
        cohort = Cohort.from_frame(derived, **_with_derived(roles, protocol))
    before = len(cohort.attrition)
    for criterion in plan.eligibility:
        cohort = cohort.where(criterion.where, reason=criterion.reason)
    graph = _graph(protocol, dataset)
    _check_names(protocol, cohort, graph)
    return Population(
        cohort=cohort,
        graph=graph,
        attrition=(*attrition, *cohort.attrition[before:]),
        dataset=dataset,
    )


def _check_names(protocol: Protocol, cohort: Cohort, graph: Graph) -> None:
    """Refuse names that a later part would only stumble over, or never look at."""
    if unknown := [name for name in protocol.question.candidates if name not in graph]:
        raise UnknownNode.among(unknown, graph.nodes)
    if protocol.recourse and (absent := [n for n in protocol.recourse.actionable if n not in cohort]):
        raise ColumnNotFound.among(absent, cohort.names, where="recourse.actionable")
    apart = protocol.prediction.held_apart if protocol.prediction else ()
    if apart and cohort.cluster is None:
        raise ProtocolError("prediction.held_apart names hospitals: say population.cluster, their column.")
    if absent := [name for name in apart if name not in cohort.cluster_levels]:
        raise ProtocolError(
            f"prediction.held_apart names {absent[0]!r}, not among the levels of {cohort.cluster!r}: "
            f"{', '.join(cohort.cluster_levels[:12])}."
        )


def _dataset(data: str) -> Dataset | None:
    from causalmed.datasets import load_dataset

    return load_dataset(data.removeprefix(_SHIPPED)) if data.startswith(_SHIPPED) else None


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return _as_written(path)
    except DataError:
        raise
    except (OSError, ValueError) as error:
        raise DataError(f"The table {path.name!r} cannot be read: {error}.") from error
    except ImportError as error:
        raise DataError(f"Reading {path.name!r} needs pyarrow: pip install pyarrow.") from error


def _as_written(path: Path) -> pd.DataFrame:
    """Read a CSV file as it is: no repeated name made different, no column taken for row names."""
    import csv

    import pandas as pd

    with path.open(newline="", encoding="utf-8-sig") as file:
        rows = csv.reader(file)
        names, first = next(rows, []), next(rows, None)
    repeated = sorted({name for name in names if names.count(name) > 1})
    if repeated:
        raise DataError(
            f"The table {path.name!r} names the column {repeated[0]!r} more than once, so it is not known "
            "which one is meant. Rename or drop the repetitions."
        )
    if first and len(first) > len(names):
        raise DataError(
            f"The table {path.name!r} has {len(names)} column names but {len(first)} values in its first "
            "row. Correct the file: a value that holds a comma must stand in quotes."
        )
    return pd.read_csv(path, keep_default_na=False, na_values=list(_MISSING_TEXTS))


def _roles(protocol: Protocol, dataset: Dataset | None) -> dict[str, Any]:
    """Keyword arguments of ``Cohort.from_frame`` before any column is derived."""
    plan = protocol.population
    derived = {name for name, _ in plan.derive}
    outcome = protocol.question.outcome
    protected = protocol.audit.protected if protocol.audit else ()
    shipped = dataset.cohort if dataset else None
    kinds: dict[str, object] = dict(shipped.kinds) if shipped else {}
    kinds.update(plan.kinds)
    return {
        "outcome": None if outcome in derived else outcome,
        "unit": plan.unit or (shipped.unit if shipped else None),
        "cluster": plan.cluster or (shipped.cluster if shipped else None),
        "protected": tuple(name for name in protected if name not in derived),
        "tiers": _tiers(plan, shipped, leave_out=derived),
        "kinds": {name: kind for name, kind in kinds.items() if name not in derived} or None,
        "missing": plan.missing,
    }


def _with_derived(roles: dict[str, Any], protocol: Protocol) -> dict[str, Any]:
    plan = protocol.population
    derived = dict.fromkeys((name for name, _ in plan.derive), "binary")
    return roles | {
        "outcome": protocol.question.outcome,
        "protected": protocol.audit.protected if protocol.audit else (),
        "tiers": _tiers(plan, None, leave_out=set()) or roles["tiers"],
        "kinds": (roles["kinds"] or {}) | derived,
    }


def _tiers(
    plan: PopulationPlan, shipped: Cohort | None, *, leave_out: set[str]
) -> Mapping[str, tuple[str, ...]] | None:
    if plan.tiers:
        return {tier: tuple(name for name in names if name not in leave_out) for tier, names in plan.tiers}
    return dict(shipped.tiers) if shipped and shipped.tiers else None


def _graph(protocol: Protocol, dataset: Dataset | None) -> Graph:
    file = protocol.graph.file
    if file.startswith(_SHIPPED):
        named = _dataset(file)
        assert named is not None
        return named.graph
    path = protocol.path(file)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProtocolError(f"graph.file = {file!r} cannot be read: {error}.") from error
    return Graph.parse(text)
