"""Random numbers addressed by what they are for, not by when they are drawn."""

from __future__ import annotations

import hashlib
import operator

import numpy as np

from causalmed.errors import InvalidArgument

__all__ = ["generator"]


def generator(seed: int, *path: int | str) -> np.random.Generator:
    """Return the generator that belongs to one purpose under one seed.

    A counter-based generator (Philox 4x64, Salmon et al. 2011, SC '11) is keyed by the seed and
    the path, so the noise of one node, block or replicate never depends on how many others there
    are or in which order they run.

    Parameters
    ----------
    seed : int
        The user's seed, non-negative.
    *path : int or str
        What the numbers are for, for example ``("noise", "glucose_mg_dl", 3)``.

    Returns
    -------
    numpy.random.Generator

    Raises
    ------
    InvalidArgument
        The seed is no whole number, or negative.

    Examples
    --------
    >>> generator(1, "noise", "age").standard_normal() == generator(1, "noise", "age").standard_normal()
    True
    >>> generator(1, "noise", "age").standard_normal() == generator(1, "noise", "bmi").standard_normal()
    False
    """
    try:
        key = operator.index(seed)
    except TypeError:
        key = -1
    if key < 0 or isinstance(seed, bool):
        raise InvalidArgument(f"seed={seed!r} must be a whole number, at least 0; give for example seed=1.")
    label = "\x1f".join(f"{type(part).__name__}:{part}" for part in path)
    digest = hashlib.blake2b(f"{key}\x1e{label}".encode(), digest_size=16).digest()
    return np.random.Generator(np.random.Philox(key=int.from_bytes(digest, "little")))
