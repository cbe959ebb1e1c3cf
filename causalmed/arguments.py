"""What the public doors let in: one wording for seeds, probabilities, lists of names and wrong types."""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from pathlib import Path

from causalmed.errors import InvalidArgument

__all__ = ["require_instance", "require_names", "require_path", "require_seed", "require_share"]


def require_instance(name: str, given: object, kind: type, *, how: str) -> None:
    """Refuse an argument of another type.

    Parameters
    ----------
    name : str
        The argument.
    given : object
        What it was.
    kind : type
        What it must be.
    how : str
        How to make one.

    Raises
    ------
    InvalidArgument

    Examples
    --------
    >>> require_instance("age", 3, int, how="int(…)")
    """
    if not isinstance(given, kind):
        what = f"the class {given.__name__}" if isinstance(given, type) else f"a {type(given).__name__}"
        if type(given).__name__ == f"Streamed{kind.__name__}":
            raise InvalidArgument(
                f"{name}= needs all rows at once, and those of this {kind.__name__.lower()} stay on disk. "
                f"Read it into memory: {name}.collect()."
            )
        raise InvalidArgument(f"{name}= must be a {kind.__name__}, and is {what}. Make one with {how}.")


def require_names(name: str, given: object) -> tuple[str, ...]:
    """Read one name, or several, as a tuple.

    Parameters
    ----------
    name : str
        The argument.
    given : object
        Text, or an iterable of texts.

    Returns
    -------
    tuple of str
        In the order given, repetitions kept.

    Raises
    ------
    InvalidArgument
        It is neither.

    Examples
    --------
    >>> require_names("features", "age"), require_names("features", ["age", "sex"])
    (('age',), ('age', 'sex'))
    """
    if isinstance(given, str):
        return (given,)
    listed = tuple(given) if isinstance(given, Iterable) else None
    if listed is None or not all(isinstance(one, str) for one in listed):
        raise InvalidArgument(f"{name}={given!r} must be names, such as {name}=['age', 'sex'].")
    return listed


def require_path(given: object) -> Path:
    """Read the name of a file.

    Parameters
    ----------
    given : object
        Text or a path.

    Returns
    -------
    Path

    Raises
    ------
    InvalidArgument
        It is neither.

    Examples
    --------
    >>> require_path("report.html").suffix
    '.html'
    """
    if not isinstance(given, str | PathLike):
        raise InvalidArgument(f"{given!r} is not the name of a file. Give text or a path.")
    return Path(given)


def require_seed(seed: object) -> int:
    """Read a seed.

    Parameters
    ----------
    seed : object
        A whole number, at least 0.

    Returns
    -------
    int

    Raises
    ------
    InvalidArgument
        It is anything else: a seed that is rounded or guessed cannot be reported.

    Examples
    --------
    >>> require_seed(1)
    1
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise InvalidArgument(f"seed={seed!r} must be a whole number, at least 0; give for example seed=1.")
    return seed


def require_share(name: str, given: object, *, example: float) -> float:
    """Read a number strictly between 0 and 1.

    Parameters
    ----------
    name : str
        The argument.
    given : object
        What it was.
    example : float
        Shown in the message.

    Returns
    -------
    float

    Raises
    ------
    InvalidArgument

    Examples
    --------
    >>> require_share("alpha", 0.05, example=0.05)
    0.05
    """
    number = isinstance(given, int | float) and not isinstance(given, bool)
    if not number or not 0 < float(given) < 1:  # type: ignore[arg-type]
        raise InvalidArgument(f"{name}={given!r} is not between 0 and 1; give for example {example:g}.")
    return float(given)  # type: ignore[arg-type]
