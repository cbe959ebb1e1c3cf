r"""econml's learners of heterogeneous effects, asked an identified question.

econml's ``ate_inference`` holds the covariates of the patients fixed; the population's average effect also
varies with who was sampled. Where the final model is linear the two parts add,

.. math:: \widehat{se}^2 = \widehat{se}^2(\bar\phi^\top \hat\theta \mid L) +
          \frac1n \widehat{\operatorname{var}}\{\hat\tau(L)\}

because the first is driven by residuals and the second by covariates. For the doubly robust linear learner
that is the variance of the mean of its pseudo-outcomes. A causal forest brings a doubly robust mean with its
standard error, which are used. Other learners give a bound only, and the gate says so.
"""

from __future__ import annotations

import copy
import inspect
import warnings
from dataclasses import KW_ONLY, dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import generator
from causalmed.errors import DataError, InvalidArgument
from causalmed.estimation.asked import Asked
from causalmed.estimation.building import contrast_effect, overlap_check
from causalmed.estimation.debiased.posing import pose
from causalmed.estimation.learners import seeded_clone
from causalmed.estimation.problem import Problem
from causalmed.regression import DesignRecipe
from causalmed.results import Check, ConditionalEffects, Effect, Functionals, State
from causalmed.results.spelling import as_written

__all__ = ["EconML", "answer"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, repr=False)
class EconML:
    """An estimator of econml.

    Parameters
    ----------
    estimator : econml estimator
        Not fitted; copied, seeded and never changed.
    modifiers : tuple of str or None
        Columns of the adjustment set by which the effect may vary (econml's X); the others are adjusted
        for only (its W). None: all of them.
    inference : str
        As in econml: "auto", or "bootstrap" for 100 refits where a learner has no interval of its own.

    Examples
    --------
    >>> from econml.dml import LinearDML
    >>> EconML(LinearDML(), modifiers=("age",)).modifiers
    ('age',)
    """

    targets: ClassVar[frozenset[str]] = frozenset({"backdoor"})
    populations: ClassVar[frozenset[str]] = frozenset({"all"})
    models: ClassVar[frozenset[str]] = frozenset()

    estimator: Any
    _: KW_ONLY
    modifiers: tuple[str, ...] | None = None
    inference: str = "auto"

    def __repr__(self) -> str:
        name = type(self.estimator).__name__
        return as_written(self).replace(repr(self.estimator), f"{name}(…)")

    def __post_init__(self) -> None:
        foreign = type(self.estimator).__module__.split(".")[0] == "econml"
        if isinstance(self.estimator, type) or not foreign or not hasattr(self.estimator, "effect"):
            raise InvalidArgument(
                f"estimator={self.estimator!r} is not an estimator of econml. Give an instance that is not "
                "fitted, such as econml.dr.LinearDRLearner()."
            )
        if self.modifiers is not None and not (
            isinstance(self.modifiers, tuple) and all(isinstance(name, str) for name in self.modifiers)
        ):
            raise InvalidArgument(f"modifiers={self.modifiers!r} must be a tuple of names, or None.")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Found:
    """What econml answered.

    Attributes
    ----------
    mean, error : float
        Average effect and its standard error in the population.
    how : str
        Where the standard error comes from.
    sound : bool
        Whether it is that of the population.
    conditional : ConditionalEffects or None
        Patient by patient.
    said : tuple of str
        Warnings of econml.
    """

    mean: float
    error: float
    how: str
    sound: bool
    conditional: ConditionalEffects | None
    said: tuple[str, ...]


def answer(asked: Asked) -> Effect:
    """Let econml answer a question.

    Parameters
    ----------
    asked : Asked
        With an :class:`EconML`.

    Returns
    -------
    Effect

    Raises
    ------
    InvalidArgument
        A column that is not adjusted for is named as a modifier; the learner gives no interval.
    DataError
        econml failed; its own words are in the message.
    """
    spec = asked.spec
    assert isinstance(spec, EconML)
    if asked.horizon is not None:
        raise InvalidArgument("econml does not know outcomes with a time. Leave horizon= out.")
    problem = pose(asked.estimand, asked.cohort, contrast=asked.contrast, population=asked.population)
    X, W = _matrices(problem, spec)
    found = _fit(problem, spec, X, W, seed=asked.seed, level=asked.level)
    functionals = Functionals(
        labels=("difference",),
        values=np.array([found.mean]),
        covariance=np.array([[found.error**2]]),
        source=f"econml, {found.how}",
    )
    name = type(spec.estimator).__name__
    assumed = (f"The model of {name} is right: its intervals allow for noise, not for a wrong form.",)
    return contrast_effect(
        asked,
        problem,
        functionals,
        (overlap_check(problem, asked.executor), *_checks(problem, spec, found)),
        assumed=assumed,
        conditional=found.conditional,
    )


def _matrices(problem: Problem, spec: EconML) -> tuple[Array | None, Array | None]:
    names = [column.name for column in problem.covariates]
    modifiers = names if spec.modifiers is None else list(spec.modifiers)
    if strange := [name for name in modifiers if name not in names]:
        raise InvalidArgument(
            f"modifiers names {', '.join(map(repr, strange))}, which is not in the adjustment set: "
            f"{', '.join(map(repr, names)) or 'nothing'}."
        )
    parts: list[Array | None] = []
    for wanted in (True, False):
        columns = [column for column in problem.covariates if (column.name in modifiers) is wanted]
        if not columns:
            parts.append(None)
            continue
        recipe = DesignRecipe.learn(columns, intercept=False)
        parts.append(np.array(recipe.build(columns, rows=problem.n).matrix))
    return parts[0], parts[1]


def _fit(
    problem: Problem, spec: EconML, X: Array | None, W: Array | None, *, seed: int, level: float
) -> _Found:
    model = _seeded(spec.estimator, seed)
    low, high = (0, 1) if problem.exposure_column.kind == "binary" else problem.contrast[::-1]
    taken = inspect.signature(model.fit).parameters
    given: dict[str, Any] = {"X": X}
    if "inference" in taken and spec.inference != "auto":
        given["inference"] = spec.inference
    if W is not None:
        if "W" not in taken:
            raise InvalidArgument(
                f"{type(model).__name__} adjusts for the columns by which the effect may vary and for no "
                "others: leave modifiers out."
            )
        given["W"] = W
    if problem.clusters is not None and "groups" in taken:
        given["groups"] = problem.clusters.copy()
    exposure = problem.exposed.astype(int) if problem.exposure_column.kind == "binary" else problem.exposed
    outcome = problem.outcome.astype(int) if getattr(model, "discrete_outcome", False) else problem.outcome
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        try:
            model.fit(outcome.copy(), exposure.copy(), **given)
            mean, error, how, sound = _average(model, X, low, high, problem)
            conditional = None if X is None else _each(model, X, low, high, level)
        except Exception as error_of_theirs:
            raise _translated(spec, error_of_theirs) from error_of_theirs
    said = tuple(dict.fromkeys(f"{one.category.__name__}: {one.message!s:.120}" for one in heard))
    return _Found(mean=mean, error=error, how=how, sound=sound, conditional=conditional, said=said)


def _average(
    model: Any, X: Array | None, low: float, high: float, problem: Problem
) -> tuple[float, float, str, bool]:
    if getattr(model, "discrete_treatment", False) and hasattr(model, "ate_stderr_"):
        mean, error = (float(np.ravel(value)[0]) for value in (model.ate_, model.ate_stderr_))
        return mean, error, "its doubly robust mean", True
    summary = model.ate_inference(X, T0=low, T1=high)
    mean, within = float(np.ravel(summary.mean_point)[0]), float(np.ravel(summary.stderr_mean)[0])
    each = np.ravel(model.effect(X, T0=low, T1=high)) if X is not None else np.zeros(1)
    error = float(np.sqrt(within**2 + each.var() / problem.n))
    joint = getattr(summary, "mean_pred_stderr", None) is not None
    return mean, error, "given the covariates, plus their sampling" if joint else "an upper bound", joint


def _each(model: Any, X: Array, low: float, high: float, level: float) -> ConditionalEffects:
    found = model.effect_inference(X, T0=low, T1=high)
    limits = found.conf_int(alpha=1 - level)
    parts = (found.point_estimate, limits[0], limits[1], found.stderr)
    estimate, lower, upper, error = (np.ravel(part) for part in parts)
    return ConditionalEffects(estimate=estimate, low=lower, high=upper, std_error=error, level=level)


def _seeded(estimator: Any, seed: int) -> Any:
    """Return a copy whose own random numbers, and those of its nuisances, come from the seed."""
    model = copy.deepcopy(estimator)
    if hasattr(model, "random_state"):
        model.random_state = int(generator(seed, "econml").integers(2**31))
    for name, value in vars(model).items():
        if all(hasattr(value, one) for one in ("fit", "get_params", "set_params")):
            setattr(model, name, seeded_clone(value, seed=seed, path=("econml", name)))
    return model


def _translated(spec: EconML, error: Exception) -> Exception:
    name = type(spec.estimator).__name__
    if isinstance(error, AttributeError) and "'inference' is None" in str(error):
        return InvalidArgument(
            f"{name} gives no interval. Use inference='bootstrap', or a learner with one, such as "
            "LinearDRLearner or CausalForestDML."
        )
    return DataError(
        f"{name} failed ({type(error).__name__}: {error!s:.300}). Check its models: classifiers for a "
        "two-valued exposure (discrete_treatment=True) and for a binary outcome (discrete_outcome=True)."
    )


def _checks(problem: Problem, spec: EconML, found: _Found) -> tuple[Check | None, ...]:
    name = type(spec.estimator).__name__
    return (
        _population_check(name, found),
        _cluster_check(problem, name),
        _outcome_check(problem, spec.estimator),
        _said_check(found),
    )


def _population_check(name: str, found: _Found) -> Check:
    return Check(
        name="interval of the average",
        state=State.PASS if found.sound else State.WARN,
        sentence=(
            f"The standard error of the average effect is that of {name}: {found.how}."
            if found.sound
            else f"{name} gives intervals for single patients only; that of the average is their upper bound."
        ),
        advice="Use AIPW(), TMLE() or DoubleML() for the average effect.",
    )


def _cluster_check(problem: Problem, name: str) -> Check | None:
    if problem.clusters is None:
        return None
    return Check(
        name="clusters",
        state=State.FAIL,
        sentence=(
            f"{name} keeps the {problem.groups} groups of {problem.cluster_name} whole in its folds, but its "
            "intervals treat patients as independent and are too narrow."
        ),
        value=float(problem.groups),
        advice="Use TMLE(), AIPW() or DoubleML(): they add up within groups.",
    )


def _outcome_check(problem: Problem, estimator: Any) -> Check | None:
    if problem.outcome_kind != "binary" or getattr(estimator, "discrete_outcome", True):
        return None
    return Check(
        name="binary outcome",
        state=State.WARN,
        sentence=f"econml was not told that {problem.estimand.outcome} is yes or no: it fits a number.",
        advice="Set discrete_outcome=True and give a classifier for the outcome.",
    )


def _said_check(found: _Found) -> Check | None:
    if not found.said:
        return None
    more = f" and {len(found.said) - 1} others" if len(found.said) > 1 else ""
    return Check(name="warnings of econml", state=State.PASS, sentence=f"{found.said[0]}{more}.")
