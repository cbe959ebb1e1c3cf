"""Compiled kernels and their slow NumPy twins.

The room's question: *where is the time spent?* Each kernel ``NAME`` is built from
``_ext/NAME.pyx``; :mod:`causalmed._kernels.reference` says in NumPy what each must return.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from causalmed._kernels import (
        bootstrap,
        coalitions,
        forest_grow,
        forest_moments,
        logistic,
        matching,
        pairing,
        scm,
        separation,
        skeleton,
        treepairs,
        treeshap,
        treewalk,
    )

__all__ = [
    "bootstrap",
    "coalitions",
    "forest_grow",
    "forest_moments",
    "logistic",
    "matching",
    "pairing",
    "scm",
    "separation",
    "skeleton",
    "treepairs",
    "treeshap",
    "treewalk",
]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module 'causalmed._kernels' has no attribute {name!r}")
    try:
        return import_module(f"causalmed._kernels.{name}")
    except ImportError as error:
        raise ImportError(
            f"The compiled kernel {name!r} is missing: this copy of causalmed was not built. Run "
            "`pip install .` (or, in a checkout, `pip install -e .`) with a C compiler at hand."
        ) from error
