"""From columns to risks: our logistic model, or any classifier behind one small door."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from causalmed.cohort import Column
from causalmed.engine import generator
from causalmed.errors import CausalmedError, DataError, InvalidArgument
from causalmed.prediction.features import native_features
from causalmed.regression import DesignRecipe, Logistic, fit_logistic

__all__ = ["Fitted", "ForeignPredictor", "LinearPredictor", "WrappedPredictor", "fit_predictor"]


class Fitted(Protocol):
    """A predictor fitted here, on columns coded by the model's features."""

    @property
    def describes(self) -> str:
        """What it is, for the report."""
        ...

    def risk(self, columns: Sequence[Column]) -> NDArray[np.float64]:
        """Return the uncalibrated risk of each row, shape (n,)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinearPredictor:
    r"""A logistic regression: :math:`{\rm logit}\,p = x^\top\beta`.

    Parameters
    ----------
    recipe : DesignRecipe
        How columns become x.
    coefficients : ndarray, shape (p,)
        :math:`\beta`.
    formula : str or None
        What the recipe was learned with.
    """

    recipe: DesignRecipe
    coefficients: NDArray[np.float64]
    formula: str | None = None

    @property
    def describes(self) -> str:
        """What it is, for the report."""
        effects = "main effects" if self.formula is None else self.formula
        return f"logistic regression, {effects}, {len(self.coefficients)} coefficients"

    def risk(self, columns: Sequence[Column]) -> NDArray[np.float64]:
        """Return the uncalibrated risk of each row, shape (n,)."""
        from scipy.special import expit

        matrix = self.recipe.build(columns).matrix
        return np.asarray(expit(np.einsum("ij,j->i", matrix, self.coefficients)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ForeignPredictor:
    """A scikit-learn classifier fitted here, on reference-coded columns.

    Parameters
    ----------
    classifier : object
        Fitted, with ``predict_proba``.
    recipe : DesignRecipe
        How columns become its matrix.
    """

    classifier: Any = field(repr=False)
    recipe: DesignRecipe = field(repr=False)

    @property
    def describes(self) -> str:
        """What it is, for the report."""
        return repr(self.classifier)

    def risk(self, columns: Sequence[Column]) -> NDArray[np.float64]:
        """Return the uncalibrated risk of each row, shape (n,)."""
        return probabilities(self.classifier, self.recipe.build(columns).matrix, positive=1)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WrappedPredictor:
    """A classifier somebody else fitted; it is given columns as the table has them.

    Parameters
    ----------
    classifier : object
        Fitted, with ``predict_proba``, or a function of a frame that returns risks.
    features : tuple of str
        In the order it expects.
    positive : object
        The class whose probability is the risk.
    """

    classifier: Any = field(repr=False)
    features: tuple[str, ...]
    positive: object = 1

    @property
    def describes(self) -> str:
        """What it is, for the report."""
        return f"{type(self.classifier).__module__}.{type(self.classifier).__qualname__}, fitted elsewhere"

    def risk(self, patients: object) -> NDArray[np.float64]:
        """Return the risk of each row of a cohort or frame, shape (n,)."""
        frame = native_features(self.features, patients)
        if not hasattr(self.classifier, "predict_proba"):
            return _checked(_asked(self.classifier, frame), len(frame))
        named = hasattr(self.classifier, "feature_names_in_")
        return probabilities(self.classifier, frame if named else frame.to_numpy(), positive=self.positive)


def fit_predictor(
    learner: object,
    columns: Sequence[Column],
    outcome: NDArray[np.float64],
    *,
    weights: NDArray[np.float64] | None = None,
    seed: int,
) -> LinearPredictor | ForeignPredictor:
    """Fit a learner.

    Parameters
    ----------
    learner : Logistic or scikit-learn classifier
        What to fit; a classifier is cloned and seeded, never changed.
    columns : sequence of Column
        The features.
    outcome : ndarray, shape (n,)
        0 or 1.
    weights : ndarray, shape (n,), optional
        Sampling weights.
    seed : int
        For learners that draw.

    Returns
    -------
    LinearPredictor or ForeignPredictor

    Raises
    ------
    InvalidArgument
        If the learner is neither.

    Examples
    --------
    >>> age = Column(name="age", kind="continuous", values=np.array([50.0, 60, 70, 80, 55, 75]))
    >>> fit_predictor(Logistic(firth=True), [age], np.array([0.0, 0, 1, 1, 1, 0]), seed=1).describes
    'logistic regression, main effects, 2 coefficients'
    """
    if isinstance(learner, Logistic):
        recipe = DesignRecipe.learn(columns, formula=learner.formula)
        design = recipe.build(columns, rows=len(outcome))
        fit = fit_logistic(design.matrix, outcome, weights=weights, names=design.names, firth=learner.firth)
        return LinearPredictor(recipe=recipe, coefficients=fit.coefficients, formula=learner.formula)
    able = hasattr(learner, "fit") and hasattr(learner, "predict_proba")
    if isinstance(learner, type) or not able:
        raise InvalidArgument(
            f"learner={learner!r} cannot be fitted to risks: it needs fit and predict_proba. Give "
            "Logistic() or a scikit-learn classifier, an instance and not its class."
        )
    recipe = DesignRecipe.learn(columns, intercept=False)
    classifier = _seeded(learner, seed)
    extra = {} if weights is None else {"sample_weight": weights}
    classifier.fit(recipe.build(columns).matrix.copy(), outcome, **extra)
    return ForeignPredictor(classifier=classifier, recipe=recipe)


def probabilities(classifier: Any, rows: Any, *, positive: object) -> NDArray[np.float64]:
    """Return the probability of one class from a classifier, shape (n,)."""
    table = np.asarray(_asked(classifier.predict_proba, rows))
    classes = np.asarray(getattr(classifier, "classes_", [0, 1])).tolist()
    if np.ndim(positive) or positive not in classes:  # type: ignore[arg-type]
        raise InvalidArgument.option("positive", positive, classes)
    if table.shape != (len(rows), len(classes)):
        raise DataError(
            f"The classifier returned an array of shape {table.shape} for {len(rows)} patients and "
            f"{len(classes)} classes. predict_proba must return one column a class."
        )
    return _checked(table[:, classes.index(positive)], len(rows))


def _asked(function: Callable[[Any], object], rows: Any) -> object:
    """Ask foreign code for risks, and say whose error it was."""
    try:
        return function(rows)
    except CausalmedError:
        raise
    except Exception as error:
        raise DataError(
            f"The classifier failed on these {len(rows)} patients ({type(error).__name__}: {error!s:.200}). "
            "Check that it is fitted, and that the columns are what it was fitted on."
        ) from error


def checked_callable(classifier: object) -> None:
    """Refuse what can give no risk."""
    if isinstance(classifier, type):
        raise InvalidArgument(f"{classifier.__name__} is a class. Give an instance of it, fitted.")
    if not (hasattr(classifier, "predict_proba") or callable(classifier)):
        raise InvalidArgument(
            f"A {type(classifier).__name__} gives no risk: it needs predict_proba, or must be a function "
            "of a frame that returns risks. Wrap a regressor's or booster's predict method itself."
        )


def _seeded(learner: Any, seed: int) -> Any:
    from sklearn.base import clone

    copy: Callable[[Any], Any] = clone
    classifier = copy(learner)
    names = [name for name in classifier.get_params(deep=True) if name.split("__")[-1] == "random_state"]
    draws = {name: int(generator(seed, "learner", name).integers(2**31)) for name in sorted(names)}
    return classifier.set_params(**draws)


def _checked(values: object, n: int) -> NDArray[np.float64]:
    try:
        risk = np.array(None if np.iscomplexobj(np.asarray(values)) else values, dtype=np.float64)
    except (TypeError, ValueError):
        risk = np.array(np.nan)
    if risk.shape != (n,) or not ((risk >= 0) & (risk <= 1)).all():
        raise DataError(
            f"The classifier returned an array of shape {risk.shape} for {n} patients, or values outside 0 "
            "to 1. A risk is one probability a patient: turn margins into probabilities before wrapping."
        )
    return risk
