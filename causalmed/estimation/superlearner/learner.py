"""The super learner as an estimator that scikit-learn, and every nuisance here, can use."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from causalmed.engine import fold_of
from causalmed.errors import CausalmedError, DataError, InvalidArgument
from causalmed.estimation.learners import fitted, predictions
from causalmed.estimation.parametric import as_learner
from causalmed.estimation.specs import check_folds, is_learner
from causalmed.estimation.superlearner.library import default_library, named
from causalmed.estimation.superlearner.mixing import losses, weights_for_log, weights_for_squares
from causalmed.regression import Linear, Logistic

__all__ = ["SuperLearner"]

Array = NDArray[np.float64]
_KEPT: Final = object()
_PARAMETERS: Final = ("learners", "folds", "loss", "discrete", "random_state")


class SuperLearner:
    r"""Several learners, mixed with the weights that cross-validation finds best.

    .. math:: \hat m(x) = \sum_j \hat\alpha_j \hat m_j(x), \qquad
              \hat\alpha = \arg\min_{\alpha \ge 0,\, \sum \alpha = 1} \sum_i
              L\Big(y_i, \sum_j \alpha_j \hat m_j^{(-k(i))}(x_i)\Big)

    Asymptotically as good as the best mixture of its candidates. A candidate that cannot be fitted is left
    out and named in ``failed_``.

    Parameters
    ----------
    learners : sequence of learners or None
        Scikit-learn classifiers (regressors, for a number), ``Logistic()`` or ``Linear()``. None: mean,
        logistic regression, ridge and boosted trees, tamer where events are few.
    folds : int
        Folds of the cross-validation inside, at least 2; whole clusters where it is a nuisance.
    loss : {"log", "squared"}
        Log loss is for a binary outcome. Squared loss is for a number, or for a binary outcome where
        ``learners`` are classifiers.
    discrete : bool
        Take the one best candidate instead of a mixture.
    random_state : int
        Seed of the candidates; as a nuisance it is derived from the seed of ``estimate``.

    Attributes
    ----------
    weights_ : dict of str to float
        Weight of each candidate.
    risks_ : dict of str to float
        Cross-validated loss of each candidate.
    failed_ : dict of str to str
        Candidates that could not be fitted, and why.

    Raises
    ------
    InvalidArgument
        An option outside its list; something that is not a learner.

    References
    ----------
    van der Laan MJ, Polley EC, Hubbard AE (2007). Super learner. Stat Appl Genet Mol Biol 6:25.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> X = rng.normal(size=(400, 2))
    >>> y = (rng.random(400) < 1 / (1 + np.exp(-X[:, 0]))).astype(int)
    >>> model = SuperLearner(learners=(Logistic(),), folds=3).fit(X, y)
    >>> model.weights_, model.predict_proba(X).shape
    ({'Logistic': 1.0}, (400, 2))
    """

    takes_groups = True

    def __init__(
        self,
        learners: Sequence[Any] | None = None,
        *,
        folds: int = 5,
        loss: str = "log",
        discrete: bool = False,
        random_state: int = 0,
    ) -> None:
        self.learners = learners
        self.folds = folds
        self.loss = loss
        self.discrete = discrete
        self.random_state = random_state
        self._check()

    def __repr__(self) -> str:
        usual = {"learners": None, "folds": 5, "loss": "log", "discrete": False}
        told = [f"{name}={getattr(self, name)!r}" for name in usual if getattr(self, name) != usual[name]]
        return f"SuperLearner({', '.join(told)})"

    def __sklearn_tags__(self) -> Any:
        from sklearn.utils import ClassifierTags, RegressorTags, Tags, TargetTags

        return Tags(
            estimator_type="classifier" if self.classifies else "regressor",
            target_tags=TargetTags(required=True),
            classifier_tags=ClassifierTags(multi_class=False) if self.classifies else None,
            regressor_tags=None if self.classifies else RegressorTags(),
        )

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "weights_")

    @property
    def classifies(self) -> bool:
        """Whether probabilities are predicted."""
        given = self.learners or ()
        return self.loss == "log" or any(
            hasattr(one, "predict_proba") or isinstance(one, Logistic) for one in given
        )

    @property
    def predict_proba(self) -> Any:
        """Return the method that gives probabilities of 0 and 1; a regressor has none."""
        if not self.classifies:
            raise AttributeError("a super learner of a number has no predict_proba")
        return self._probabilities

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return what the learner was made with."""
        return {name: getattr(self, name) for name in _PARAMETERS}

    def set_params(
        self,
        *,
        learners: Any = _KEPT,
        folds: Any = _KEPT,
        loss: Any = _KEPT,
        discrete: Any = _KEPT,
        random_state: Any = _KEPT,
    ) -> Self:
        """Replace what the learner is made with."""
        given = dict(zip(_PARAMETERS, (learners, folds, loss, discrete, random_state), strict=True))
        for name, value in given.items():
            if value is not _KEPT:
                setattr(self, name, value)
        self._check()
        return self

    def fit(self, X: ArrayLike, y: ArrayLike, groups: ArrayLike | None = None) -> Self:
        """Fit the candidates outside each fold, find their weights, fit them on everybody.

        Parameters
        ----------
        X : array_like, shape (n, p)
            Covariates.
        y : array_like, shape (n,)
            Outcome; 0 or 1 for a classifier.
        groups : array_like of int, shape (n,), optional
            Who may not be torn apart by a fold; None: every row by itself.

        Raises
        ------
        DataError
            No candidate could be fitted.
        """
        features, outcome = np.asarray(X, dtype=np.float64), np.asarray(y, dtype=np.float64)
        _check_outcome(outcome, self.classifies)
        library = self._library(features, outcome)
        fold = _folds(groups, len(outcome), folds=self.folds, seed=self.random_state)
        names = named(library)
        self.failed_: dict[str, str] = {}
        found: dict[str, Array] = {}
        for at, (name, learner) in enumerate(zip(names, library, strict=True)):
            try:
                found[name] = self._out_of_fold(learner, features, outcome, fold, at)
            except (CausalmedError, ArithmeticError, ValueError) as error:
                self.failed_[name] = str(error)
        if not found:
            raise DataError(f"No candidate of the super learner could be fitted: {self.failed_}.")
        Z = np.column_stack(list(found.values()))
        risks = losses(Z, outcome, loss=self.loss)
        alpha = self._weights(Z, outcome, risks)
        self.risks_ = dict(zip(found, risks.tolist(), strict=True))
        self.weights_ = dict.fromkeys(names, 0.0) | dict(zip(found, alpha.tolist(), strict=True))
        self._parts = [
            (self.weights_[name], self._fitted(learner, features, outcome, at, "all"))
            for at, (name, learner) in enumerate(zip(names, library, strict=True))
            if self.weights_[name] > 0
        ]
        self.classes_ = np.array([0, 1]) if self.classifies else None
        return self

    def predict(self, X: ArrayLike) -> Array:
        """Return predicted numbers, or the likelier class."""
        mixed = self._mixed(X)
        return np.asarray(mixed > 0.5, dtype=np.intp) if self.classifies else mixed

    def _probabilities(self, X: ArrayLike) -> Array:
        risk = np.clip(self._mixed(X), 0.0, 1.0)
        return np.column_stack([1 - risk, risk])

    def _mixed(self, X: ArrayLike) -> Array:
        features = np.asarray(X, dtype=np.float64)
        answer = np.zeros(len(features))
        for weight, model in self._parts:
            answer += weight * predictions(model, features, probability=self.classifies)
        return answer

    def _weights(self, Z: Array, y: Array, risks: Array) -> Array:
        if self.discrete:
            return np.asarray(np.arange(len(risks)) == risks.argmin(), dtype=np.float64)
        return weights_for_log(Z, y) if self.loss == "log" else weights_for_squares(Z, y)

    def _out_of_fold(self, learner: Any, X: Array, y: Array, fold: NDArray[np.intp], at: int) -> Array:
        answer = np.empty(len(y))
        for k in np.unique(fold):
            inside = fold == k
            model = self._fitted(learner, X[~inside], y[~inside], at, int(k))
            answer[inside] = predictions(model, X[inside], probability=self.classifies)
        if not np.isfinite(answer).all():
            raise DataError("predictions are not finite")
        return answer

    def _fitted(self, learner: Any, X: Array, y: Array, at: int, k: int | str) -> Any:
        path = ("candidate", at, k)
        return fitted(learner, X, y, classify=self.classifies, seed=self.random_state, path=path)

    def _library(self, X: Array, y: Array) -> tuple[Any, ...]:
        if self.learners is not None:
            return tuple(as_learner(one, binary=self.classifies) for one in self.learners)
        events = int(min(y.sum(), len(y) - y.sum())) if self.classifies else len(y)
        return default_library(n=len(y), columns=X.shape[1], events=events, binary=self.classifies)

    def _check(self) -> None:
        check_folds(self.folds)
        if self.loss not in ("log", "squared"):
            raise InvalidArgument.option("loss", self.loss, ("log", "squared"))
        if not isinstance(self.discrete, bool):
            raise InvalidArgument.option("discrete", self.discrete, (False, True))
        if self.learners is None:
            return
        if isinstance(self.learners, str) or not len(self.learners):
            raise InvalidArgument("learners= must be a sequence of learners, or None for the usual ones.")
        for one in self.learners:
            self._check_candidate(one)

    def _check_candidate(self, one: Any) -> None:
        if isinstance(one, Logistic | Linear):
            if one.formula is not None:
                raise InvalidArgument(
                    f"{one!r} has a formula, but a super learner sees numbers without names. Leave it out."
                )
            return
        if not is_learner(one):
            raise InvalidArgument(
                f"{one!r} is not a learner. Use instances of scikit-learn estimators, Logistic() or Linear()."
            )
        if self.classifies != hasattr(one, "predict_proba"):
            needed = "a classifier with predict_proba" if self.classifies else "a regressor"
            raise InvalidArgument(
                f"{type(one).__name__} does not fit the other candidates or the loss {self.loss!r}. Use "
                f"{needed}."
            )


def _check_outcome(y: Array, classifies: bool) -> None:
    if not np.isfinite(y).all():
        raise DataError("The outcome of a super learner must be finite numbers.")
    if classifies and not np.isin(y, (0.0, 1.0)).all():
        raise DataError(
            "The outcome of this super learner must be 0 or 1. For a number use "
            'SuperLearner(loss="squared") with regressors.'
        )


def _folds(groups: ArrayLike | None, n: int, *, folds: int, seed: int) -> NDArray[np.intp]:
    keys = np.arange(n, dtype=np.uint64) if groups is None else np.asarray(groups).astype(np.uint64)
    if len(np.unique(keys)) == 1:
        keys = np.arange(n, dtype=np.uint64)
    for attempt in range(100):
        # so few keys may all hash into one fold
        fold = fold_of(keys, folds=folds, seed=seed + attempt)
        if fold.min() != fold.max():
            return fold
    raise DataError(f"{n} rows cannot be split into folds.")
