"""Who runs the blocks: one interface, whoever runs them gives the same bits."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from causalmed.engine.blocks import block_slices
from causalmed.engine.sums import exact_sum
from causalmed.errors import InvalidArgument

__all__ = ["Executor", "Joblib", "Local", "in_force"]

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Executor(Protocol):
    """Runs independent tasks and adds up block statistics."""

    def map(self, function: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
        """Apply ``function`` to every item and return the answers in the order of the items."""
        ...

    def total(self, statistic: Callable[[slice], NDArray[np.float64]], rows: int) -> NDArray[np.float64]:
        """Return the exact sum of ``statistic(block)`` over the canonical blocks of ``rows`` rows."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Local:
    """Threads of this process.

    BLAS is held to one thread, with one worker as with many: a threaded BLAS may cut its sums
    differently, and then the bits would depend on the machine's load.

    Parameters
    ----------
    n_jobs : int
        Number of threads, at least 1. It never changes a result.

    Examples
    --------
    >>> Local(n_jobs=2).map(lambda item: item + 1, [1, 2, 3])
    [2, 3, 4]
    >>> values = np.arange(100_000.0)
    >>> float(Local().total(lambda block: values[block].sum(keepdims=True), 100_000)[0])
    4999950000.0
    """

    n_jobs: int = 1

    def __post_init__(self) -> None:
        if not isinstance(self.n_jobs, int) or isinstance(self.n_jobs, bool) or self.n_jobs < 1:
            raise InvalidArgument(f"n_jobs={self.n_jobs!r} must be a whole number of threads, at least 1.")

    def map(self, function: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
        """Apply ``function`` to every item; the answers keep the order of the items."""
        work: Sequence[Item] = list(items)
        with _one_blas_thread():
            if self.n_jobs == 1 or len(work) < 2:
                return [function(item) for item in work]
            from joblib import Parallel, delayed

            answers: list[Answer] = Parallel(n_jobs=self.n_jobs, prefer="threads")(
                delayed(function)(item) for item in work
            )
            return answers

    def total(self, statistic: Callable[[slice], NDArray[np.float64]], rows: int) -> NDArray[np.float64]:
        """Add ``statistic(block)`` over the canonical blocks, correctly rounded per cell."""
        return exact_sum(self.map(statistic, block_slices(rows)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Joblib:
    """The workers of the joblib backend in force: processes, or a Dask, Ray or Spark cluster.

    Tasks travel to the workers, rows do not: it is for functions and items that survive pickling and read
    their rows where they run. Sums over rows that are in this process stay in this process.

    Parameters
    ----------
    n_jobs : int or None
        Number of workers; None: as ``joblib.parallel_config`` says, one where it says nothing.

    Examples
    --------
    >>> import joblib, math
    >>> with joblib.parallel_config("threading", n_jobs=2):
    ...     Joblib().map(math.sqrt, [1.0, 4.0])
    [1.0, 2.0]
    """

    n_jobs: int | None = None

    def map(self, function: Callable[[Item], Answer], items: Iterable[Item]) -> list[Answer]:
        """Apply ``function`` to every item on the workers; the answers keep the order of the items."""
        from joblib import Parallel, delayed

        answers: list[Answer] = Parallel(n_jobs=self.n_jobs)(
            delayed(_alone)(function, item) for item in items
        )
        return answers

    def total(self, statistic: Callable[[slice], NDArray[np.float64]], rows: int) -> NDArray[np.float64]:
        """Add ``statistic(block)`` over the canonical blocks of rows that are in this process."""
        return Local().total(statistic, rows)


def in_force(asked: Local) -> Executor:
    """Return the executor for rows on disk: joblib's workers where ``joblib.parallel_config`` was entered.

    Parameters
    ----------
    asked : Local
        What ``n_jobs=`` asked for; taken where no other backend is in force.
    """
    from joblib.parallel import get_active_backend

    backend, workers = get_active_backend()
    ours = type(backend).__name__ in ("LokyBackend", "SequentialBackend", "ThreadingBackend")
    return asked if asked.n_jobs > 1 or (ours and workers in (None, 1)) else Joblib()


def _alone(function: Callable[[Item], Answer], item: Item) -> Answer:
    with _one_blas_thread():
        return function(item)


@lru_cache(maxsize=1)
def _blas() -> Any:
    import scipy.linalg  # noqa: F401  # its BLAS must be loaded before the controller looks for it
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def _one_blas_thread() -> AbstractContextManager[Any]:
    return _blas().limit(limits=1, user_api="blas")  # type: ignore[no-any-return]
