"""dowhy's estimators, asked an identified question on a copy of the data.

dowhy writes the columns of its weighting into the table it is given, and a later fit that finds a column
``propensity_score`` there does not fit again. Every call here therefore gets a fresh table of exposure,
outcome and adjustment set under neutral names, and nothing of it survives the call; the resampling below
starts from such a table each time, so that the propensity model is part of what is resampled.
"""

from __future__ import annotations

import logging
import warnings
from collections.abc import Mapping
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import generator
from causalmed.errors import CausalmedError, DataError, InvalidArgument
from causalmed.estimation.asked import Asked
from causalmed.estimation.building import contrast_effect, overlap_check
from causalmed.estimation.problem import Problem, pose_problem
from causalmed.regression import DesignRecipe
from causalmed.results import Check, Effect, Functionals, State
from causalmed.results.spelling import as_written

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DoWhy", "answer"]

Array = NDArray[np.float64]
_TARGETS = MappingProxyType({"all": "ate", "exposed": "att", "unexposed": "atc"})


@dataclass(frozen=True, slots=True, repr=False)
class DoWhy:
    """An estimator of dowhy.

    Parameters
    ----------
    method : str
        Its name in dowhy, ``"backdoor.…"``.
    parameters : mapping or None
        dowhy's ``method_params``.
    resamples : int
        How often patients (whole clusters, where there are any) are drawn with replacement and everything
        is fitted again, where dowhy has no formula for the standard error. 0: never; the answer then has
        no interval, and the gate says so.

    Examples
    --------
    >>> DoWhy("backdoor.propensity_score_weighting", resamples=200)
    DoWhy(method='backdoor.propensity_score_weighting', resamples=200)
    """

    targets: ClassVar[frozenset[str]] = frozenset({"backdoor"})
    populations: ClassVar[frozenset[str]] = frozenset({"all", "exposed", "unexposed"})
    models: ClassVar[frozenset[str]] = frozenset()

    method: str
    _: KW_ONLY
    parameters: Mapping[str, Any] | None = None
    resamples: int = 0

    __repr__ = as_written

    def __post_init__(self) -> None:
        if not isinstance(self.method, str) or not self.method.startswith("backdoor."):
            raise InvalidArgument(
                f"method={self.method!r} must be the name of one of dowhy's back-door estimators, such as "
                "'backdoor.propensity_score_weighting'."
            )
        if self.parameters is not None and not isinstance(self.parameters, Mapping):
            raise InvalidArgument(f"parameters={self.parameters!r} must be a mapping of dowhy's settings.")
        if isinstance(self.resamples, bool) or not isinstance(self.resamples, int) or self.resamples < 0:
            raise InvalidArgument(f"resamples={self.resamples!r} must be a whole number, at least 0.")


def answer(asked: Asked) -> Effect:
    """Let dowhy answer a question.

    Parameters
    ----------
    asked : Asked
        With a :class:`DoWhy`.

    Returns
    -------
    Effect

    Raises
    ------
    DataError
        dowhy failed; its own words are in the message.
    """
    spec = asked.spec
    assert isinstance(spec, DoWhy)
    if asked.horizon is not None:
        raise InvalidArgument("dowhy does not know outcomes with a time. Leave horizon= out.")
    problem = pose_problem(asked.estimand, asked.cohort, contrast=asked.contrast, population=asked.population)
    table = _table(problem)
    value, error = _theirs(table.copy(), spec, problem.population)
    how, lost = "its own standard error, patients independent", 0
    if np.isnan(error) and spec.resamples:
        draws = _resampled(problem, table, spec, asked)
        lost = spec.resamples - len(draws)
        error = float(np.std(draws, ddof=1)) if len(draws) > 1 else float("nan")
        how = f"{len(draws)} resamples of " + ("patients" if problem.clusters is None else "whole clusters")
    functionals = Functionals(
        labels=("difference",),
        values=np.array([value]),
        covariance=np.array([[error**2]]),
        source=f"dowhy, {how}" if np.isfinite(error) else "none: dowhy gave no standard error",
        degrees_of_freedom=float("inf") if problem.clusters is None else problem.groups - 1.0,
    )
    checks = (
        overlap_check(problem, asked.executor),
        _interval_check(spec, error, how, lost),
        _cluster_check(problem, error, how),
    )
    assumed = (f"The models of dowhy's {spec.method} are right.",)
    return contrast_effect(asked, problem, functionals, checks, assumed=assumed)


def _table(problem: Problem) -> pd.DataFrame:
    """Return exposure, outcome and adjustment set as numbers under names dowhy cannot mistake."""
    import pandas as pd

    columns = {"exposure": problem.exposed.astype(np.int64), "outcome": problem.outcome.copy()}
    if problem.covariates:
        recipe = DesignRecipe.learn(problem.covariates, intercept=False)
        matrix = recipe.build(problem.covariates, rows=problem.n).matrix
        columns |= {f"covariate_{at}": matrix[:, at].copy() for at in range(matrix.shape[1])}
    return pd.DataFrame(columns)


def _theirs(table: pd.DataFrame, spec: DoWhy, population: str) -> tuple[float, float]:
    """Return dowhy's estimate and, where it has a formula for one, its standard error."""
    from dowhy import CausalModel

    quiet = logging.getLogger("dowhy")
    before = quiet.level
    quiet.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            model = CausalModel(
                data=table,
                treatment="exposure",
                outcome="outcome",
                common_causes=[name for name in table.columns if name.startswith("covariate_")],
            )
            # the set is given: looking for all valid ones takes time exponential in its size
            identified = model.identify_effect(
                proceed_when_unidentifiable=True, method_name="maximal-adjustment"
            )
            found = model.estimate_effect(
                identified,
                method_name=spec.method,
                target_units=_TARGETS[population],
                method_params=None if spec.parameters is None else dict(spec.parameters),
            )
            return float(found.value), _formula_error(found)
    except CausalmedError:
        raise
    except Exception as error:
        raise DataError(f"dowhy's {spec.method} failed ({type(error).__name__}: {error!s:.300}).") from error
    finally:
        quiet.setLevel(before)


def _formula_error(found: Any) -> float:
    """Return a standard error by formula; dowhy's fallback, a bootstrap of the spoilt table, is not used."""
    from dowhy.causal_estimator import CausalEstimator

    if type(found.estimator)._estimate_std_error is CausalEstimator._estimate_std_error:
        return float("nan")
    return float(np.ravel(found.get_standard_error())[0])


def _resampled(problem: Problem, table: pd.DataFrame, spec: DoWhy, asked: Asked) -> Array:
    members = None
    if problem.clusters is not None:
        members = [np.flatnonzero(problem.clusters == group) for group in range(problem.groups)]

    def one(draw: int) -> float:
        rng = generator(asked.seed, "dowhy", draw)
        if members is None:
            rows = rng.integers(problem.n, size=problem.n)
        else:
            rows = np.concatenate([members[g] for g in rng.integers(len(members), size=len(members))])
        try:
            fresh = table.iloc[rows].reset_index(drop=True)
            return _theirs(fresh, spec, problem.population)[0]
        except CausalmedError:
            return float("nan")

    found = np.array([one(draw) for draw in range(spec.resamples)])
    return np.asarray(found[np.isfinite(found)])


def _interval_check(spec: DoWhy, error: float, how: str, lost: int) -> Check:
    if not np.isfinite(error):
        return Check(
            name="interval",
            state=State.FAIL,
            sentence=f"dowhy has no formula for the standard error of {spec.method}: there is no interval.",
            advice="Set resamples=200, or use IPW(), AIPW() or TMLE().",
        )
    few = 0 < spec.resamples < 100 and "resamples" in how
    gone = f"; {lost} resamples had no answer" if lost else ""
    return Check(
        name="interval",
        state=State.WARN if few or lost else State.PASS,
        sentence=f"The interval of {spec.method} comes from dowhy, {how}{gone}.",
        value=error,
        advice="Raise resamples= to 200 or more.",
    )


def _cluster_check(problem: Problem, error: float, how: str) -> Check | None:
    if problem.clusters is None or not np.isfinite(error):
        return None
    whole = "clusters" in how
    return Check(
        name="clusters",
        state=State.PASS if whole and problem.groups >= 40 else State.WARN if whole else State.FAIL,
        sentence=(
            f"Whole groups of {problem.cluster_name} were resampled, {problem.groups} of them."
            if whole
            else f"dowhy's standard error ignores the {problem.groups} groups of {problem.cluster_name}."
        ),
        value=float(problem.groups),
        threshold=40.0,
        advice="Use TMLE(), AIPW() or DoubleML(): they allow for clusters.",
    )
