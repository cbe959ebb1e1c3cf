"""A virtual trial as a value: streamed as tables, asked for contrasts, sizes of a real trial, calibration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from causalmed.arguments import require_names, require_path
from causalmed.errors import InvalidArgument, UnknownNode
from causalmed.scm.assignment import read_interventions
from causalmed.scm.request import at_least
from causalmed.scm.trial.calibration import calibrated
from causalmed.scm.trial.contrasts import TrialContrast, contrasted
from causalmed.scm.trial.planning import PlannedTrial, planned
from causalmed.scm.trial.published import PublishedComparison, compared
from causalmed.scm.trial.twins import Twins, limits_of

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow

    from causalmed.cohort import Cohort
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["VirtualTrial", "virtual_trial"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class VirtualTrial:
    """The same simulated patients under every arm; nothing is simulated before it is asked for.

    A patient is a row. A node that no arm reaches is one column; a node that an arm reaches is the column
    ``node@arm`` of that arm. Numbers are single precision, levels are bytes.

    Parameters
    ----------
    model : StructuralCausalModel
        Whose patients they are.
    twins : Twins
        Plans, what is set, who is eligible.
    columns : tuple of str
        Nodes that are shown.

    Examples
    --------
    >>> from causalmed.graph import Graph
    >>> from causalmed.scm import LogisticBinary, Predictor, StructuralCausalModel
    >>> scm = StructuralCausalModel.of(Graph.parse("dag { late -> ssi }"), {
    ...     "late": LogisticBinary(predictor=Predictor.of(-1.0)),
    ...     "ssi": LogisticBinary(predictor=Predictor.of(-2.5, {"late": 0.7})),
    ... }, outcome="ssi")
    >>> trial = scm.virtual_trial(arms={"late": {"late": 1}, "timely": {"late": 0}}, n=100_000, seed=1)
    >>> trial.names
    ('ssi@late', 'ssi@timely')
    >>> print(trial.contrast("late", "timely").summary())
    ssi, late minus timely, 100,000 twins: 0.0652
      95 % interval 0.0637 to 0.0667
      Monte-Carlo error 0.00078; error of the model: the mechanisms are taken as exact
    """

    model: StructuralCausalModel
    twins: Twins
    columns: tuple[str, ...]

    def __repr__(self) -> str:
        return f"VirtualTrial({self.twins.n:,} twins, arms {', '.join(self.twins.arms)})"

    @property
    def names(self) -> tuple[str, ...]:
        """The columns of the table."""
        return tuple(f"{node}@{arm}" if arm else node for arm, node in self._keys())

    def batches(self, *, n_jobs: int = 1) -> Iterator[pyarrow.RecordBatch]:
        """Give the patients as Arrow batches of at most 65,536 rows.

        Parameters
        ----------
        n_jobs : int
            Threads, each with a block at hand. It never changes a bit.
        """
        import pyarrow

        keys, names = self._keys(), list(self.names)
        for block in self.twins.blocks(n_jobs=n_jobs):
            yield pyarrow.RecordBatch.from_arrays([self._array(key[1], block[key]) for key in keys], names)

    def write_parquet(self, path: str | Path, *, n_jobs: int = 1) -> Path:
        """Write the patients to one Parquet file with row groups of 65,536 rows, and return its path."""
        import pyarrow.parquet

        target, writer = require_path(path), None
        try:
            for batch in self.batches(n_jobs=n_jobs):
                if writer is None:
                    writer = pyarrow.parquet.ParquetWriter(
                        target, batch.schema, use_dictionary=False, write_statistics=False
                    )
                writer.write_batch(batch, row_group_size=batch.num_rows)
        finally:
            if writer is not None:
                writer.close()
        return target

    def contrast(
        self,
        arm: str,
        against: str,
        *,
        outcome: str | None = None,
        level: float = 0.95,
        replicates: int = 100,
        n_jobs: int = 1,
    ) -> TrialContrast:
        r"""Compare two arms patient by patient, :math:`\bar d = \frac1n \sum_i \{y_i(a) - y_i(b)\}`.

        Parameters
        ----------
        arm, against : str
            a and b.
        outcome : str, optional
            A binary or numeric node; by default the outcome of the model.
        level : float
            Confidence level, in (0, 1).
        replicates : int
            Refits for the error of the model; 0 for none.
        n_jobs : int
            Threads. It never changes a bit.

        Returns
        -------
        TrialContrast
            With the Monte-Carlo error and the error of the model apart.
        """
        return contrasted(
            self.model, self.twins, (self._arm(arm), self._arm(against)), self._outcome(outcome),
            level=level, replicates=replicates, n_jobs=n_jobs,
        )  # fmt: skip

    def plan_trial(
        self,
        arm: str,
        against: str,
        *,
        outcome: str | None = None,
        power: float = 0.8,
        alpha: float = 0.05,
        patients: int | None = None,
    ) -> PlannedTrial:
        """Return the patients an arm that a real trial of these two arms needs, or its power with so many.

        Parameters
        ----------
        arm, against : str
            The arms.
        outcome : str, optional
            By default the outcome of the model.
        power, alpha : float
            Wanted power and two-sided level, in (0, 1).
        patients : int, optional
            Patients an arm; the power that they give is returned too.
        """
        found = self.contrast(arm, against, outcome=outcome, replicates=0)
        return planned(found, power=power, alpha=alpha, patients=patients)

    def against_published(
        self,
        arm: str,
        against: str,
        *,
        estimate: float,
        low: float,
        high: float,
        scale: str = "difference",
        outcome: str | None = None,
        level: float = 0.95,
        replicates: int = 100,
    ) -> PublishedComparison:
        """Compare two arms with the estimate of a published trial.

        Parameters
        ----------
        arm, against : str
            The arms, as the published trial compares them.
        estimate, low, high : float
            What was published: the estimate and its limits.
        scale : {"difference", "risk_ratio", "odds_ratio"}
            Of the published estimate.
        outcome : str, optional
            By default the outcome of the model.
        level : float
            Level of the published limits, in (0, 1).
        replicates : int
            Refits for the error of the model; 0 for none.

        Returns
        -------
        PublishedComparison
            The discrepancy with an interval that holds the errors of both.

        Raises
        ------
        InvalidArgument
            Numbers that are no estimate with limits, or a ratio of a number.
        """
        found = self.contrast(arm, against, outcome=outcome, level=level, replicates=replicates)
        return compared(found, estimate=estimate, low=low, high=high, scale=scale, level=level)

    def calibration(self, cohort: Cohort) -> pd.DataFrame:
        """Compare the patients, before any arm acts, with eligible patients of a cohort.

        Parameters
        ----------
        cohort : Cohort
            Best one that the model was not fitted on.

        Returns
        -------
        pandas.DataFrame
            A row a node (for a level, where it has several): its mean among twins and patients, the
            difference, its standard error from patients and Monte Carlo, and the difference in standard
            deviations of the patients. For the outcome also a row an arm: among those who are, as they come,
            what the arm sets.
        """
        return calibrated(self.model, self.twins, self.columns, cohort)

    def _keys(self) -> list[tuple[str, str]]:
        arms = self.twins.arms
        keys: list[tuple[str, str]] = []
        for node in self.model.order:
            if node in self.columns:
                where = [arm for arm in arms if node in self.twins.changed(arm)]
                shared = any(arm not in where and node not in do.fixed for arm, (_, do) in arms.items())
                keys += [("", node)] * shared + [(arm, node) for arm in where]
        return keys

    def _array(self, node: str, column: np.ndarray) -> Any:
        import pyarrow

        info = self.model.nodes[node]
        if not info.is_discrete:
            return pyarrow.array(column.astype(np.float32))
        codes = column.astype(np.int8 if max(info.seen or (1.0,)) < 128 else np.int32)
        if info.levels:
            return pyarrow.DictionaryArray.from_arrays(codes, pyarrow.array(list(info.levels)))
        return pyarrow.array(codes)

    def _arm(self, name: str) -> str:
        if name not in self.twins.arms:
            raise InvalidArgument.option("arm", name, tuple(self.twins.arms))
        return name

    def _outcome(self, outcome: str | None) -> str:
        name = self.model._outcome(outcome)
        if name not in self.columns:
            raise InvalidArgument(f"{name!r} is not among the columns of this trial.")
        if self.model.nodes[name].kind in {"ordinal", "categorical"}:
            raise InvalidArgument(f"{name!r} has levels without a mean. Ask for a binary or numeric outcome.")
        return name


def virtual_trial(
    model: StructuralCausalModel,
    *,
    arms: Mapping[str, Mapping[str, object]],
    n: int,
    eligibility: Mapping[str, object] | None,
    columns: Sequence[str] | None,
    seed: int,
) -> VirtualTrial:
    """Plan a virtual trial; see :meth:`StructuralCausalModel.virtual_trial`."""
    at_least(1, n, "n")
    at_least(0, seed, "seed")
    if not isinstance(arms, Mapping) or not arms or not all(isinstance(do, Mapping) for do in arms.values()):
        raise InvalidArgument(
            "arms= maps names to what each arm sets, such as {'late': {'late': 1}, 'timely': {'late': 0}}; "
            f"got {arms!r}."
        )
    asked = model.order if columns is None else require_names("columns", columns)
    if unknown := [name for name in asked if name not in model.nodes]:
        raise UnknownNode.among([str(name) for name in unknown], model.nodes)
    limits = limits_of(model, eligibility)
    plans, read = {}, set[str]()
    for arm, do in arms.items():
        acts = read_interventions(do, model.nodes, rows=1)
        plan = model.plan(exposures=acts.exposures, targets=(*asked, *limits), rules=acts.rules)
        plans[str(arm)] = (plan, acts)
        read.update(*acts.rules.values())
    natural = model.plan(exposures=(), targets=(*asked, *limits, *sorted(read)))
    twins = Twins(
        natural=natural, arms=plans, mechanisms=model.mechanisms, eligibility=limits, n=n, seed=seed
    )
    return VirtualTrial(model=model, twins=twins, columns=tuple(asked))


def fewer(twins: Twins, n: int) -> Twins:
    """Return the first ``n`` of the twins."""
    return replace(twins, n=min(n, twins.n))
