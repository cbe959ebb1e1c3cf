"""How a specification prints: as one would write it."""

from __future__ import annotations

from dataclasses import MISSING, Field, fields
from typing import Any

__all__ = ["as_written"]


def as_written(spec: Any) -> str:
    """Spell a frozen dataclass as the call that makes it, naming only what differs from the defaults.

    Assign it to ``__repr__`` of a dataclass that is declared with ``repr=False``.

    Parameters
    ----------
    spec : dataclass instance
        Keyword-only, built by its own fields.

    Examples
    --------
    >>> from causalmed.regression import Logistic
    >>> as_written(Logistic())
    'Logistic()'
    >>> as_written(Logistic(firth=True))
    'Logistic(firth=True)'
    """
    named = ((field, getattr(spec, field.name)) for field in fields(spec) if field.init and field.repr)
    told = ", ".join(f"{field.name}={value!r}" for field, value in named if _differs(field, value))
    return f"{type(spec).__qualname__}({told})"


def _differs(field: Field[Any], value: Any) -> bool:
    default = field.default if field.default_factory is MISSING else field.default_factory()
    # 0 == False and 1 == 1.0, but they are not the same to a reader
    return default is not value and (type(default) is not type(value) or bool(default != value))
