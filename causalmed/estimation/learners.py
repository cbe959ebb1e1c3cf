"""Machine learners as they come: cloned, seeded, fitted on one thread, named where they fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import generator
from causalmed.errors import CausalmedError, DataError, InvalidArgument, NotEnoughEvents

__all__ = ["check_kind", "fitted", "predictions", "seeded_clone"]

Array = NDArray[np.float64]


def seeded_clone(learner: Any, *, seed: int, path: tuple[str | int, ...]) -> Any:
    """Return a clone whose every ``random_state`` comes from the seed and the path."""
    from sklearn.base import clone

    model = clone(learner)
    names = sorted(
        name for name in model.get_params() if name == "random_state" or name.endswith("__random_state")
    )
    states = {name: int(generator(seed, "learner", *path, name).integers(2**31)) for name in names}
    return model.set_params(**states) if states else model


def fitted(
    learner: Any,
    X: Array,
    y: Array,
    *,
    classify: bool,
    seed: int,
    path: tuple[str | int, ...],
    groups: NDArray[np.uint64] | None = None,
    names: tuple[str, ...] = (),
) -> Any:
    """Return a fitted clone.

    Parameters
    ----------
    learner : scikit-learn estimator
        Cloned, never changed.
    X, y : ndarray, shapes (n, p) and (n,)
        Rows to learn from.
    classify : bool
        Whether y is 0/1.
    seed, path
        The user's seed and what the learner is for.
    groups : ndarray of uint64, shape (n,), optional
        Who belongs together, for a learner with folds of its own.
    names : tuple of str, optional
        Names of the columns, for a regression that names what is wrong with them.

    Raises
    ------
    NotEnoughEvents
        y is the same in all rows.
    DataError
        The learner failed; its own words are in the message.
    """
    if classify and (not len(y) or y.min() == y.max()):
        raise NotEnoughEvents(
            f"Outside one fold all {len(y):,} patients have the same value, so {type(learner).__name__} "
            "cannot learn. Use fewer folds, Logistic(), or a larger cohort."
        )
    model = seeded_clone(learner, seed=seed, path=path)
    more: dict[str, Any] = {"names": names} if getattr(model, "takes_names", False) else {}
    if groups is not None and getattr(model, "takes_groups", False):
        more["groups"] = groups
    with _one_thread(), _named(learner):
        return model.fit(X, y.astype(int) if classify else y, **more)


def predictions(model: Any, X: Array, *, probability: bool) -> Array:
    """Return predicted probabilities of 1, or predicted numbers, shape (n,)."""
    with _one_thread(), _named(model):
        if not probability:
            found = np.asarray(model.predict(X), dtype=np.float64).ravel()
        else:
            column = list(model.classes_).index(1)
            found = np.asarray(model.predict_proba(X)[:, column], dtype=np.float64)
    if found.shape != (len(X),):
        raise DataError(f"{type(model).__name__} gave {len(found)} predictions for {len(X)} patients.")
    return found


def check_kind(learner: Any, binary: bool) -> None:
    """Refuse a regressor for a binary response, and a classifier for a number."""
    if binary and not hasattr(learner, "predict_proba"):
        raise InvalidArgument(
            f"{type(learner).__name__} cannot give the probability of a binary outcome. Use a classifier "
            "with predict_proba."
        )
    if not binary and hasattr(learner, "predict_proba"):
        raise InvalidArgument(
            f"{type(learner).__name__} is a classifier, but the outcome is a number. Use a regressor."
        )


def _one_thread() -> AbstractContextManager[Any]:
    """Hold a learner to one thread: folds are the unit of parallel work, more threads than cores crawl."""
    from threadpoolctl import threadpool_limits

    limits: AbstractContextManager[Any] = threadpool_limits(limits=1, user_api="openmp")
    return limits


@contextmanager
def _named(learner: Any) -> Iterator[None]:
    """Say whose error it was where foreign code fails."""
    try:
        yield
    except CausalmedError:
        raise
    except Exception as error:
        raise DataError(
            f"{type(learner).__name__} failed ({type(error).__name__}: {error!s:.200}). Check its settings "
            "on these columns, or use Logistic() or Linear()."
        ) from error
