"""The estimators of a two-valued exposure, on outcomes with the censored filled in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit

from causalmed.engine import Executor
from causalmed.errors import InvalidArgument, NotConverged
from causalmed.estimation.inference import Inference, infer
from causalmed.estimation.models import ArmRegressions, Regression
from causalmed.estimation.positivity import default_bound
from causalmed.estimation.problem import Problem
from causalmed.estimation.solving import Nuisances, Solution, fit_nuisances, solve
from causalmed.estimation.specs import IPW, Estimator
from causalmed.estimation.survival.hazards import Hazard, fit_hazard, standardised, weight_influence
from causalmed.estimation.survival.posing import Timed
from causalmed.estimation.survival.standin import Standins, Wanted, stand_in
from causalmed.estimation.targets import tilt_of
from causalmed.regression import Linear, Logistic

__all__ = ["Answered", "Hazards", "fill_in", "fit_hazards", "solve_one"]

Array = NDArray[np.float64]
_STEPS = 50
_FAR = 30.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Hazards:
    """The fitted hazards of censoring and of every event.

    Attributes
    ----------
    censoring : Hazard
        Of being seen no longer.
    causes : tuple of Hazard
        Of infection and of each competing event.
    matrix : ndarray, shape (n, p)
        Covariates, standardised.
    """

    censoring: Hazard
    causes: tuple[Hazard, ...]
    matrix: Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Answered:
    """One function of the follow-up, estimated.

    Attributes
    ----------
    problem : Problem
        With the stand-in as its outcome.
    nuisances, solution, inference
        As for an outcome without censoring.
    """

    problem: Problem
    nuisances: Nuisances
    solution: Solution
    inference: Inference


def fit_hazards(timed: Timed, *, adjusted: bool = True) -> Hazards:
    """Fit the hazards of censoring and of every event given exposure and adjustment set."""
    seen, exposed = timed.seen, timed.problem.exposed
    X = standardised(timed.covariates) if adjusted else np.empty((seen.n, 0))
    fitted = [
        fit_hazard(rank=seen.rank, event=seen.cause == cause, exposed=exposed, matrix=X)
        for cause in range(len(timed.causes) + 2)
    ]
    return Hazards(censoring=fitted[0], causes=tuple(fitted[1:]), matrix=X)


def fill_in(timed: Timed, hazards: Hazards, wanted: Sequence[Wanted]) -> Standins:
    """Return the stand-ins of what is asked for, weights at most those of the sample-size rule."""
    return stand_in(
        timed.seen,
        wanted,
        exposed=timed.problem.exposed,
        censoring=hazards.censoring,
        causes=hazards.causes,
        bound=default_bound(timed.seen.n),
    )


def solve_one(
    timed: Timed,
    spec: Estimator,
    hazards: Hazards,
    filled: Standins,
    column: int,
    *,
    kind: str,
    seed: int,
    executor: Executor,
) -> Answered:
    """Estimate the means of one stand-in under a, under b, and as observed.

    Parameters
    ----------
    timed : Timed
        The question.
    spec : Estimator
        GComputation, IPW, IPWRA, AIPW or TMLE.
    hazards : Hazards
        Behind the stand-ins.
    filled : Standins
        The stand-ins.
    column : int
        Which.
    kind : str
        ``"binary"`` for a risk, ``"continuous"`` for a time.
    seed, executor
        Of learners; who runs the blocks.

    Returns
    -------
    Answered
    """
    spec = _of_kind(spec, kind)
    base = replace(timed.problem, outcome=filled.values[:, column], outcome_kind=kind)
    if isinstance(spec, IPW):
        weighted = filled.weight[:, column] * filled.observed[:, column]
        nuisances = fit_nuisances(replace(base, outcome=weighted), spec, seed=seed, executor=executor)
        base = replace(base, outcome=_normalised(nuisances, spec, filled, column))
        nuisances = replace(nuisances, working=replace(nuisances.working, outcome=base.outcome))
    else:
        nuisances = _fit(base, spec, seed=seed, executor=executor)
    solution = solve(base, spec, nuisances)
    if isinstance(spec, IPW) and spec.variance == "stacked":
        extra = _of_weights(timed, spec, hazards, nuisances, solution, filled, column)
        solution = replace(solution, influence=solution.influence + extra)
    inference = infer(base, spec, nuisances, solution, executor=executor)
    return Answered(problem=base, nuisances=nuisances, solution=solution, inference=inference)


def _of_kind(spec: Estimator, kind: str) -> Estimator:
    """Give a time a linear model where a logistic one was stated for the risk."""
    stated = getattr(spec, "outcome", None)
    if kind == "continuous" and isinstance(stated, Logistic):
        return replace(spec, outcome=Linear(formula=stated.formula))  # type: ignore[type-var]
    return spec


def _fit(problem: Problem, spec: Estimator, *, seed: int, executor: Executor) -> Nuisances:
    y, model = problem.outcome, getattr(spec, "outcome", None)
    if problem.outcome_kind != "binary" or bool(np.isin(y, (0.0, 1.0)).all()):
        return fit_nuisances(problem, spec, seed=seed, executor=executor)
    if model is not None and not isinstance(model, Logistic | Linear):
        if hasattr(model, "predict_proba"):
            raise InvalidArgument(
                f"{type(model).__name__} is a classifier, but where patients were censored the outcome is "
                "filled in with a number. Use a regressor, or Logistic()."
            )
        number = replace(problem, outcome_kind="continuous")
        return fit_nuisances(number, spec, seed=seed, executor=executor)
    if isinstance(model, Logistic) and model.firth:
        raise InvalidArgument(
            "Logistic(firth=True) cannot be fitted where patients were censored before the horizon. Use "
            "Logistic()."
        )
    start = fit_nuisances(replace(problem, outcome=np.clip(y, 0, 1)), spec, seed=seed, executor=executor)
    if start.outcome is None or isinstance(model, Linear):
        return fit_nuisances(problem, spec, seed=seed, executor=executor)
    first, second = start.outcome.each(lambda regression, _: _continued(regression, y))
    arms = ArmRegressions(models=(first, second), designs=start.outcome.designs)
    m1, m0 = arms.means
    return replace(start, outcome=arms, working=replace(start.working, outcome=y, m1=m1, m0=m0))


def _continued(regression: Regression, y: Array) -> Regression:
    r"""Solve the logistic score equations for a response that may leave [0, 1].

    .. math:: \sum_i w_i x_i \{Y^*_i - \operatorname{expit}(x_i^\top\beta)\} = 0

    The function they are the gradient of is concave whatever :math:`Y^*` is.
    """
    rows = regression.rows
    X = regression.matrix[rows]
    target = y[rows]
    w = np.ones(len(target)) if regression.weights is None else regression.weights[rows]
    beta = np.array(regression.fit.coefficients)

    def value(b: Array) -> float:
        eta = X @ b
        return float(w @ (target * eta - np.logaddexp(0, eta)))

    current = value(beta)
    for _ in range(_STEPS):
        mu = expit(X @ beta)
        R = np.asarray(np.linalg.qr(X * np.sqrt(w * mu * (1 - mu))[:, None], mode="r"))
        if np.abs(X @ beta).max() > _FAR or np.abs(np.diagonal(R)).min() == 0:
            raise NotConverged(_separated(regression, beta))
        step = np.linalg.solve(R, np.linalg.solve(R.T, X.T @ (w * (target - mu))))
        while value(beta + step) < current - 1e-9 * abs(current) and np.abs(step).max() > 1e-12:
            step = step / 2
        beta = beta + step
        current = value(beta)
        if np.abs(R @ step).max() < 1e-9:
            break
    else:
        raise NotConverged(_separated(regression, beta))
    eta = regression.matrix @ beta
    fit = replace(regression.fit, coefficients=beta, linear_predictor=eta[rows], mean=expit(eta[rows]))
    return replace(regression, response=y, fit=fit)


def _separated(regression: Regression, beta: Array) -> str:
    moved = np.abs(beta - regression.fit.coefficients) * np.maximum(regression.matrix.std(axis=0), 1e-300)
    name = regression.fit.names[int(np.argmax(moved))]
    return (
        f"The outcome model grows without end in {name!r}: in some group next to nobody was seen with the "
        "outcome before the horizon, and the censored there are expected to have none. Adjust for coarser "
        "groups, restrict the cohort (cohort.where), use IPW(), or choose a longer horizon."
    )


def _normalised(nuisances: Nuisances, spec: IPW, filled: Standins, column: int) -> Array:
    """Fill in the weighted mean of the own arm, so that the weights of an arm sum to one."""
    w, y, A = filled.weight[:, column], filled.observed[:, column], nuisances.working.exposed
    if not spec.stabilised:
        return w * y
    tilt = tilt_of(nuisances.working)
    means = [float((t * w) @ y / (t @ w)) for t in (tilt.w1, tilt.w0)]
    return np.asarray(w * y + np.where(A == 1, means[0], means[1]) * (1 - w))


def _of_weights(
    timed: Timed,
    spec: IPW,
    hazards: Hazards,
    nuisances: Nuisances,
    solution: Solution,
    filled: Standins,
    column: int,
) -> Array:
    """Return what the estimation of the censoring weights adds to the influence."""
    w, y, A = filled.weight[:, column], filled.observed[:, column], nuisances.working.exposed
    tilt = tilt_of(nuisances.working)
    own = np.where(A == 1, solution.psi[0], solution.psi[1]) if spec.stabilised else np.zeros_like(y)
    weights = np.column_stack([tilt.w1, tilt.w0, tilt.t])
    masses = weights.mean(axis=0) if spec.stabilised else np.full(3, float(tilt.t.mean()))
    seen = timed.seen
    return weight_influence(
        hazards.censoring,
        rank=seen.rank,
        event=seen.cause == 0,
        exposed=A,
        matrix=hazards.matrix,
        load=weights / masses * (w * (y - own))[:, None],
        until=np.where(seen.cause == 0, -1, seen.rank),
    )
