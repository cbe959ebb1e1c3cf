r"""Outcomes that stand in for those that were not recorded.

With :math:`\Delta` = 1 where the outcome was recorded, :math:`\pi = P(\Delta = 1 \mid A, L)` and
:math:`m = E[Y \mid A, L, \Delta = 1]`,

.. math:: Y^* = \frac{\Delta}{\pi} Y + \Big(1 - \frac{\Delta}{\pi}\Big) m(A, L)

has the conditional mean of Y given A and L if either model is right (Robins JM, Rotnitzky A, Zhao LP 1994.
J Am Stat Assoc 89:846-866; Rubin D, van der Laan MJ 2007. Int J Biostat 3(1):4), provided that, given A and
L, whether an outcome was recorded has nothing to do with it. Since
:math:`Y^* - m = \Delta (Y - m) / \pi`, the efficient score evaluated at :math:`Y^*` is the efficient score of
the mean under a missing outcome. For weighting alone, :math:`m` is the weighted mean of the own arm.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import Executor
from causalmed.estimation.crossfit import Splits, Task, exposure_designs, out_of_fold
from causalmed.estimation.learners import check_kind
from causalmed.estimation.models import ArmRegressions, Regression, fit_outcome, fit_propensity
from causalmed.estimation.positivity import default_bound
from causalmed.estimation.problem import Problem
from causalmed.estimation.solving import Nuisances, Solution, fit_nuisances
from causalmed.estimation.specs import IPW, Estimator
from causalmed.estimation.targets import tilt_of
from causalmed.regression import Design, Linear, Logistic

__all__ = ["Recording", "fit_on_recorded", "fit_recording", "from_weights", "standing_in"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recording:
    """Whose outcome was recorded, and how likely that was.

    Attributes
    ----------
    known : ndarray of bool, shape (n,)
        Delta.
    chance : ndarray, shape (n,)
        pi, at least the bound.
    raised : ndarray of bool, shape (n,)
        Patients whose chance was raised to the bound.
    model : Regression or None
        The parametric model of it.
    """

    known: NDArray[np.bool_]
    chance: Array
    raised: NDArray[np.bool_]
    model: Regression | None

    @property
    def weight(self) -> Array:
        """Delta / pi."""
        return self.known / self.chance


def fit_recording(
    problem: Problem, spec: Estimator, known: NDArray[np.bool_], *, seed: int, executor: Executor
) -> Recording:
    """Fit the chance that an outcome was recorded, given exposure and adjustment set.

    Parameters
    ----------
    problem : Problem
        The question; its outcomes are not used.
    spec : Estimator
        The model or learner of its propensity score serves for this too, with the exposure added.
    known : ndarray of bool, shape (n,)
        Who has an outcome.
    seed, executor
        Of learners; who runs them.
    """
    response, learner = known.astype(np.float64), getattr(spec, "propensity", None)
    model = None
    if learner is None or isinstance(learner, Logistic):
        columns = (problem.exposure_column, *problem.covariates)
        form = _with_exposure(learner, problem.estimand.exposure)
        model = fit_propensity(
            replace(problem, exposed=response, covariates=columns), form, executor=executor
        )
        chance = model.fit.mean
    else:
        splits = _splits(problem, spec, seed, executor)
        design = exposure_designs(problem, learner, problem.exposed)[0]
        task = Task(
            model=learner,
            design=design,
            response=response,
            asked=(design,),
            binary=True,
            path=("recorded",),
            what="chances that an outcome was recorded",
        )
        chance = out_of_fold(task, splits).values[0]
    bound = default_bound(problem.n)
    return Recording(known=known, chance=np.maximum(chance, bound), raised=chance < bound, model=model)


def fit_on_recorded(
    problem: Problem, spec: Estimator, recording: Recording, *, seed: int, executor: Executor
) -> Nuisances:
    """Fit the nuisances, the outcome regression where outcomes were recorded.

    Raises
    ------
    PositivityViolation
        Overlap fails.
    """
    # any outcome regression will do here: it is replaced below
    cheap = replace(spec, outcome=None) if "outcome" in spec.models else spec  # type: ignore[type-var]
    nuisances = fit_nuisances(problem, cheap, seed=seed, executor=executor)
    if "outcome" not in spec.models:
        return nuisances
    model = _outcome_model(problem, spec)
    if isinstance(model, Logistic | Linear):
        arms = _arms(problem, model, recording.known, by_arm=spec.by_arm, executor=executor)  # type: ignore[attr-defined]
        m1, m0 = arms.means
    else:
        arms = None
        m1, m0 = _learned(problem, spec, model, recording.known, _splits(problem, spec, seed, executor))
    return replace(nuisances, outcome=arms, working=replace(nuisances.working, m1=m1, m0=m0))


def standing_in(nuisances: Nuisances, spec: Estimator, recording: Recording) -> Array:
    """Return the stand-in of every patient, shape (n,)."""
    working, r = nuisances.working, recording.weight
    if isinstance(spec, IPW):
        if not spec.stabilised:
            return np.asarray(r * working.outcome)
        tilt = tilt_of(working)
        first, second = (float((w * r) @ working.outcome / (w @ r)) for w in (tilt.w1, tilt.w0))
        own = np.where(working.exposed == 1, first, second)
    else:
        own = np.where(working.exposed == 1, working.regression(1), working.regression(0))
    return np.asarray(own + r * (working.outcome - own))


def from_weights(
    nuisances: Nuisances, spec: IPW, recording: Recording, solution: Solution, outcome: Array
) -> Array:
    r"""Return what the estimation of the chances adds to the influence of weighted means, shape (n, 3).

    .. math:: -\Big\{\frac1n \sum_j \frac{w_{a,j}}{\bar w_a} \frac{\Delta_j}{\pi_j} (1 - \pi_j)
              (Y_j - \psi) x_j\Big\}^\top I^{-1} x_i (\Delta_i - \pi_i)
    """
    model = recording.model
    if model is None:
        return np.zeros_like(solution.influence)
    tilt, A = tilt_of(nuisances.working), nuisances.working.exposed
    weights = np.column_stack([tilt.w1, tilt.w0, tilt.t])
    masses = weights.mean(axis=0) if spec.stabilised else np.full(3, float(tilt.t.mean()))
    own = np.where(A == 1, solution.psi[0], solution.psi[1]) if spec.stabilised else np.zeros_like(A)
    moved = np.where(recording.raised, 0.0, recording.weight * (1 - recording.chance) * (outcome - own))
    gradient = -(weights / masses * moved[:, None]).T @ model.matrix / len(A)
    return model.score_along(model.along(gradient.T))


def _with_exposure(model: Logistic | None, exposure: str) -> Logistic:
    if model is None or model.formula is None:
        return Logistic() if model is None else model
    return replace(model, formula=f"{_quoted(exposure)} + {model.formula}")


def _quoted(name: str) -> str:
    return name if name.isidentifier() else f"`{name}`"


def _outcome_model(problem: Problem, spec: Estimator) -> Any:
    model = getattr(spec, "outcome", None)
    if model is None:
        return Logistic() if problem.outcome_kind == "binary" else Linear()
    return model


def _splits(problem: Problem, spec: Estimator, seed: int, executor: Executor) -> Splits:
    return Splits.of(problem, folds=getattr(spec, "folds", 5), seed=seed, executor=executor)


def _arms(
    problem: Problem, model: Logistic | Linear, known: NDArray[np.bool_], *, by_arm: bool, executor: Executor
) -> ArmRegressions:
    used = (problem.exposed * known, (1 - problem.exposed) * known)
    fitted = fit_outcome(problem, model, by_arm=by_arm, executor=executor, weights=used)

    def on_rows(regression: Regression, _: int | None) -> Regression:
        # a weight of zero and a row left out are the same to the fit, but not to refits without a cluster
        return replace(regression, rows=regression.rows & known, weights=None)

    first, second = fitted.each(on_rows)
    return replace(fitted, models=(first, second))


def _learned(
    problem: Problem, spec: Estimator, learner: Any, known: NDArray[np.bool_], splits: Splits
) -> tuple[Array, Array]:
    binary = problem.outcome_kind == "binary"
    check_kind(learner, binary)

    def task(design: Design, asked: tuple[Design, ...], path: tuple[str | int, ...], rows: Any) -> Task:
        return Task(
            model=learner,
            design=design,
            response=problem.outcome,
            asked=asked,
            binary=binary,
            path=path,
            rows=rows & known,
            what="outcome predictions",
        )

    observed, a, b = exposure_designs(problem, learner, problem.exposed, 1.0, 0.0)
    if not getattr(spec, "by_arm", False):
        found = out_of_fold(task(observed, (a, b), ("outcome",), known), splits).values
        return found[0], found[1]
    arms = [
        out_of_fold(task(a, (a,), ("outcome", arm), problem.exposed == arm), splits).values[0]
        for arm in (1, 0)
    ]
    return arms[0], arms[1]
