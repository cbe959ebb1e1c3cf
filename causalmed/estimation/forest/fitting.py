"""A grown forest that can be asked about other patients."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from causalmed.arguments import require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.engine import Local
from causalmed.errors import ColumnNotFound, InvalidArgument
from causalmed.estimation.forest.binning import Binning
from causalmed.estimation.forest.growing import Forest
from causalmed.estimation.forest.learning import learn
from causalmed.estimation.forest.neighbourhoods import effects
from causalmed.estimation.forest.slope import Slope, stretched
from causalmed.estimation.forest.spec import CausalForest
from causalmed.estimation.inference import check_clusters
from causalmed.estimation.problem import pose_problem
from causalmed.estimation.suitability import check_suits
from causalmed.identification import Estimand
from causalmed.results import ConditionalEffects

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["CausalForestFit", "conditional", "fit_forest"]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CausalForestFit:
    """A grown causal forest.

    Attributes
    ----------
    spec : CausalForest
        How it was grown.
    estimand : Estimand
        What it is the effect of.
    contrast : tuple of float
        (a, b).
    binning : Binning
        How columns become bins.
    forest : Forest
        The trees.
    slope : Slope or None
        Of the calibration test.
    outcome_kind, outcome_unit : str
        Of the outcome.
    """

    spec: CausalForest
    estimand: Estimand
    contrast: tuple[float, float]
    binning: Binning
    forest: Forest
    slope: Slope | None
    outcome_kind: str
    outcome_unit: str

    def effects(self, patients: Cohort, *, level: float = 0.95, n_jobs: int = 1) -> ConditionalEffects:
        """Return the effect for patients that need not have been in the cohort.

        Patients of the cohort are better served by ``Effect.conditional``: here trees that saw them
        speak about them too, which makes intervals too narrow.

        Parameters
        ----------
        patients : Cohort
            With the columns of the adjustment set; outcome and exposure are not read.
        level : float
            Confidence level, in (0, 1).
        n_jobs : int
            Threads; never changes a result.

        Raises
        ------
        ColumnNotFound, DataError
            A column is missing; a value or level that cannot be placed.
        """
        require_share("level", level, example=0.95)
        if not isinstance(patients, Cohort):
            raise InvalidArgument(
                f"effects() needs a Cohort, not {type(patients).__name__}: Cohort.from_frame(frame, …)."
            )
        names = self.estimand.adjustment_set
        if absent := [name for name in names if name not in patients]:
            raise ColumnNotFound.among(absent, patients.names, where="adjustment set of the forest")
        bins = self.binning.apply([patients.column(name) for name in names])
        found, errors = effects(self.forest, bins, cluster=None, executor=Local(n_jobs=n_jobs))
        return conditional(
            found,
            errors,
            self.slope if self.spec.stretch else None,
            level,
            self.outcome_kind,
            self.outcome_unit,
        )

    def column_use(self) -> Mapping[str, float]:
        """Return the share of cuts at each column, cuts nearer the root counting more; the shares sum to 1.

        What the trees cut on, not what modifies the effect: of two columns that go together either may
        be cut. A cut at depth d counts :math:`(d + 1)^{-2}`, to depth 3.
        """
        total = np.zeros(len(self.binning.columns))
        for first in self.forest.node_starts[:-1]:
            _count_cuts(self.forest.nodes[first:], total)
        share = total / max(float(total.sum()), 1.0)
        answer: dict[str, float] = dict.fromkeys((name for name, *_ in self.binning.columns), 0.0)
        for (name, *_), value in zip(self.binning.columns, share, strict=True):
            answer[name] += float(value)
        return dict(sorted(answer.items(), key=lambda item: -item[1]))


def fit_forest(
    estimand: Estimand,
    cohort: Cohort,
    spec: CausalForest | None = None,
    *,
    contrast: tuple[float, float] = (1, 0),
    seed: int = 0,
    n_jobs: int = 1,
) -> CausalForestFit:
    """Grow a causal forest that can be asked about other patients.

    The same forest as that of ``estimate(estimand, cohort, spec, seed=seed)``.

    Parameters
    ----------
    estimand : Estimand
        An effect identified by adjustment.
    cohort : Cohort
        The patients to learn from. Never changed.
    spec : CausalForest or None
        How; None: ``CausalForest()``.
    contrast : tuple of float
        (1, 0) or (0, 1).
    seed : int
        Seed of trees and folds.
    n_jobs : int
        Threads; never changes a result.

    Returns
    -------
    CausalForestFit

    Raises
    ------
    InvalidArgument, DataError, NotEnoughEvents, PositivityViolation
        As :func:`causalmed.estimate`.

    Examples
    --------
    >>> import numpy as np, pandas as pd
    >>> from causalmed import Cohort, Estimand
    >>> rng = np.random.default_rng(1)
    >>> age, late = rng.normal(60, 10, 2000), rng.integers(0, 2, 2000)
    >>> stay = 5 + 0.1 * (age - 60) * late + rng.normal(size=2000)
    >>> cohort = Cohort.from_frame(pd.DataFrame({"age": age, "late": late, "stay_days": stay}))
    >>> question = Estimand.given(exposure="late", outcome="stay_days", adjustment_set=["age"])
    >>> forest = fit_forest(question, cohort, CausalForest(trees=100), seed=1)
    >>> new = Cohort.from_frame(pd.DataFrame({"age": [50.0, 70.0]}), kinds={"age": "continuous"})
    >>> effects = forest.effects(new)
    >>> bool(effects.estimate[0] < -0.5), bool(effects.estimate[1] > 0.5)
    (True, True)
    """
    spec = CausalForest() if spec is None else spec
    if not isinstance(spec, CausalForest):
        raise InvalidArgument(f"fit_forest() needs CausalForest(…), not {spec!r}.")
    if not isinstance(estimand, Estimand) or not isinstance(cohort, Cohort):
        raise InvalidArgument("fit_forest() needs an Estimand and a Cohort, as estimate() does.")
    require_seed(seed)
    check_suits(estimand, spec, "all")
    problem = pose_problem(estimand, cohort, contrast=contrast, population="all")
    check_clusters(problem)
    executor = Local(n_jobs=n_jobs)
    learned = Local().map(lambda _: learn(problem, spec, seed=seed, executor=executor), [0])[0]
    return CausalForestFit(
        spec=spec,
        estimand=estimand,
        contrast=problem.contrast,
        binning=learned.binning,
        forest=learned.forest,
        slope=learned.slope,
        outcome_kind=problem.outcome_kind,
        outcome_unit=cohort.column(estimand.outcome).unit_label,
    )


def conditional(
    found: NDArray[np.float64],
    errors: NDArray[np.float64],
    slope: Slope | None,
    level: float,
    outcome_kind: str,
    outcome_unit: str,
) -> ConditionalEffects:
    """Return effects with their pointwise intervals, stretched where there is a slope."""
    from scipy.special import ndtri

    estimate, error = stretched(found, errors, slope)
    away = float(ndtri(0.5 + level / 2)) * error
    return ConditionalEffects(
        estimate=estimate,
        low=estimate - away,
        high=estimate + away,
        std_error=error,
        level=float(level),
        outcome_kind=outcome_kind,
        outcome_unit=outcome_unit,
    )


def _count_cuts(nodes: NDArray[np.int32], total: NDArray[np.float64]) -> None:
    layer = [0]
    for depth in range(4):
        following: list[int] = []
        for node in layer:
            child, rule = (int(value) for value in nodes[node])
            if child >= 0:
                total[rule >> 8] += (depth + 1.0) ** -2
                following += [child, child + 1]
        layer = following
