"""One node fitted on its inputs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import product
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import logit

from causalmed.errors import CausalmedError, ColumnNotFound, DataError
from causalmed.regression import ColumnLike, fit_linear, fit_logistic
from causalmed.scm.mechanism import Mechanism, positions
from causalmed.scm.mechanisms.categorical import Categorical, categorical_step
from causalmed.scm.mechanisms.count import fit_negative_binomial, fit_poisson
from causalmed.scm.mechanisms.empirical import Empirical
from causalmed.scm.mechanisms.gaussian import LinearGaussian
from causalmed.scm.mechanisms.growing import fit_boosted, fit_boosted_mean
from causalmed.scm.mechanisms.learned import fit_learned
from causalmed.scm.mechanisms.logistic import LogisticBinary
from causalmed.scm.mechanisms.newton import maximise
from causalmed.scm.mechanisms.ordinal import Ordinal, ordinal_step
from causalmed.scm.mechanisms.pooling import fit_pooled
from causalmed.scm.mechanisms.scaled import fit_scaled
from causalmed.scm.mechanisms.task import Task, observed_codes, standardised
from causalmed.scm.specs import MechanismSpec
from causalmed.scm.terms import Factor, Predictor, Term, factors_of

__all__ = ["fit_mechanism", "likelier_law"]

_WITH_LEVELS = ("ordinal", "categorical")


def fit_mechanism(
    column: ColumnLike,
    inputs: Sequence[ColumnLike],
    spec: MechanismSpec,
    *,
    keys: NDArray[np.uint64] | None = None,
    seed: int = 0,
) -> Mechanism:
    """Fit the mechanism of one node by maximum likelihood.

    Parameters
    ----------
    column : ColumnLike
        The node.
    inputs : sequence of ColumnLike
        What it is conditioned on.
    spec : MechanismSpec
        Family and terms.
    keys : ndarray of uint64, shape (n,), optional
        Hashes of the patients, which pick those that calibrate a learner; by default of the rows.
    seed : int
        Of learners and of who calibrates them.

    Returns
    -------
    Mechanism

    Raises
    ------
    CausalmedError
        Separation, collinearity, no events: the message names the node and the columns.
    """
    rows = len(np.asarray(column.values))
    terms = _terms(inputs, spec.terms, node=column.name, pooled=spec.pooled)
    spread = terms if spec.spread_terms is None else _terms(inputs, spec.spread_terms, node=column.name)
    task = Task(
        node=column.name,
        kind=column.kind,
        family=spec.family,
        values=np.asarray(column.values, dtype=np.float64),
        table={each.name: np.asarray(each.values, dtype=np.float64) for each in inputs},
        predictor=Predictor(terms=terms),
        spread=Predictor(terms=spread),
        firth=spec.firth,
        pooled=spec.pooled,
        learner=spec.learner,
        trees=spec.trees,
        depth=spec.depth,
        keys=np.arange(rows, dtype=np.uint64) if keys is None else keys,
        seed=seed,
    )
    try:
        return (fit_pooled if spec.pooled else _FITTERS[spec.family])(task)
    except CausalmedError as error:
        raise type(error)(f"Mechanism of {column.name!r}: {error}") from error


def likelier_law(column: ColumnLike, inputs: Sequence[ColumnLike], spec: MechanismSpec) -> MechanismSpec:
    r"""Choose between a linear and a lognormal law for a positive continuous column.

    Both have the same number of parameters, so the higher likelihood decides: lognormal where
    :math:`n(\log s - \log s_{\log}) > \sum_i \log y_i`, with the residual standard deviations
    :math:`s` of y and :math:`s_{\log}` of log y.

    Parameters
    ----------
    column : ColumnLike
        The node.
    inputs : sequence of ColumnLike
        What it is conditioned on.
    spec : MechanismSpec
        The linear spec; returned where it is the likelier, or the column is not positive and continuous.

    Returns
    -------
    MechanismSpec
    """
    values = np.asarray(column.values, dtype=np.float64)
    if column.kind != "continuous" or not np.all(values > 0):
        return spec
    lognormal = MechanismSpec(family="lognormal")
    plain, logged = (fit_mechanism(column, inputs, law) for law in (spec, lognormal))
    assert isinstance(plain, LinearGaussian)
    assert isinstance(logged, LinearGaussian)
    gain = len(values) * (np.log(plain.sd) - np.log(logged.sd)) - np.log(values).sum()
    return lognormal if gain > 0 else spec


def _terms(
    inputs: Sequence[ColumnLike], stated: Sequence[str] | None, *, node: str, pooled: str = ""
) -> tuple[Term, ...]:
    table = {each.name: each for each in inputs if each.name != pooled}
    if pooled and len(table) == len(inputs):
        raise ColumnNotFound.among([pooled], list(table), where=f"pooled= of {node!r}, among its causes")
    levels = {each.name: each.levels for each in inputs if each.levels}
    products: list[tuple[Factor, ...]] = [(Factor(column=name),) for name in table]
    if stated is not None:
        products = [factors_of(text, levels=levels) for text in stated]
    strange = {factor.column for factors in products for factor in factors} - set(table)
    if strange:
        raise ColumnNotFound.among(sorted(strange), list(table), where=f"terms of {node!r}")
    return tuple(
        Term(coefficient=0.0, factors=factors)
        for factors_stated in products
        for factors in product(*(_expanded(factor, table[factor.column]) for factor in factors_stated))
    )


def _expanded(factor: Factor, column: ColumnLike) -> tuple[Factor, ...]:
    """A column with levels stands for the indicators of those observed, but the first."""
    if column.kind not in _WITH_LEVELS or factor.code is not None or factor.power != 1:
        return (factor,)
    present = np.unique(np.asarray(column.values))[1:]
    return tuple(Factor(column=factor.column, code=float(code)) for code in present)


def _logistic(task: Task) -> Mechanism:
    fit = fit_logistic(task.design(), task.values, names=task.predictor.names, firth=task.firth)
    return LogisticBinary(predictor=task.predictor.with_coefficients(fit.coefficients))


def _linear(task: Task, *, log: bool = False) -> Mechanism:
    if log and np.any(task.values <= 0):
        raise DataError("A lognormal mechanism needs positive values.")
    y = np.log(task.values) if log else task.values
    fit = fit_linear(task.design(), y, names=task.predictor.names)
    sd = float(np.sqrt(np.mean((y - fit.mean) ** 2)))
    if not sd > 1e-9 * max(1.0, float(np.max(np.abs(y)))):
        raise DataError(
            "It is an exact function of its causes: there is no noise to fit. Leave one of them out."
        )
    return LinearGaussian(predictor=task.predictor.with_coefficients(fit.coefficients), sd=sd, log=log)


def _lognormal(task: Task) -> Mechanism:
    return _linear(task, log=True)


def _empirical(task: Task) -> Mechanism:
    return Empirical.of(task.values)


def _ordinal(task: Task) -> Mechanism:
    codes = observed_codes(task)
    x, centre, scale = standardised(task.design()[:, 1:])
    level, inner = positions(task.values, codes), len(codes) - 1
    share = np.cumsum(np.bincount(level, minlength=len(codes)) / len(level))[:-1]
    start = np.concatenate([logit(share), np.zeros(x.shape[1])])
    found = maximise(
        lambda at: ordinal_step(at, x=x, level=level, levels=len(codes)), start, what=repr(task.node)
    )
    beta = found[inner:] / scale
    cuts = found[:inner] + float(centre @ beta)
    return Ordinal(
        predictor=task.predictor.with_coefficients([0.0, *beta]), cuts=tuple(cuts.tolist()), codes=codes
    )


def _categorical(task: Task) -> Mechanism:
    codes = observed_codes(task)
    inner, centre, scale = standardised(task.design()[:, 1:])
    x = np.column_stack([np.ones(len(inner)), inner])
    level = positions(task.values, codes)
    found = maximise(
        lambda at: categorical_step(at, x=x, level=level, levels=len(codes)),
        np.zeros((len(codes) - 1) * x.shape[1]),
        what=repr(task.node),
    ).reshape(len(codes) - 1, -1)
    beta = found[:, 1:] / scale
    rows = np.column_stack([found[:, 0] - beta @ centre, beta])
    return Categorical(predictors=tuple(task.predictor.with_coefficients(row) for row in rows), codes=codes)


_FITTERS: Final[Mapping[str, Callable[[Task], Mechanism]]] = {
    "logistic": _logistic,
    "linear": _linear,
    "lognormal": _lognormal,
    "empirical": _empirical,
    "ordinal": _ordinal,
    "categorical": _categorical,
    "scaled": fit_scaled,
    "poisson": fit_poisson,
    "negative_binomial": fit_negative_binomial,
    "boosted": fit_boosted,
    "boosted_mean": fit_boosted_mean,
    "learned": fit_learned,
}
