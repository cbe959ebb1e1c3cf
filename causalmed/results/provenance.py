"""Where a number comes from: data, specification, seed, versions."""

from __future__ import annotations

import hashlib
import json
import sys
from dataclasses import dataclass
from functools import lru_cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

__all__ = ["Provenance", "fingerprint"]

_PACKAGES: Final = ("causalmed", "numpy", "scipy", "pandas", "scikit-learn", "statsmodels", "shap")


def fingerprint(value: object) -> str:
    """Hash anything that JSON can hold, the same on every machine.

    Parameters
    ----------
    value : object
        Nested lists, mappings, strings, numbers, booleans, ``None``.

    Returns
    -------
    str
        SHA-256 in hexadecimal of the canonical JSON (sorted keys, no spaces, UTF-8).

    Examples
    --------
    >>> fingerprint({"b": 1, "a": 2}) == fingerprint({"a": 2, "b": 1})
    True
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


@lru_cache(maxsize=1)
def _versions() -> tuple[tuple[str, str], ...]:
    found = [("python", ".".join(str(part) for part in sys.version_info[:3]))]
    for package in _PACKAGES:
        try:
            found.append((package, version(package)))
        except PackageNotFoundError:
            found.append((package, "not installed"))
    return tuple(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provenance:
    """What one needs in order to make a result again.

    Parameters
    ----------
    data_fingerprint : str
        SHA-256 of the cohort.
    spec : str
        The specification, as it prints.
    seed : int
        The seed.
    versions : tuple of (str, str)
        Package and version, Python first.

    Examples
    --------
    >>> Provenance.collect(data_fingerprint="ab12", spec="TMLE()", seed=1).seed
    1
    """

    data_fingerprint: str
    spec: str
    seed: int
    versions: tuple[tuple[str, str], ...]

    @classmethod
    def collect(cls, *, data_fingerprint: str, spec: str, seed: int) -> Provenance:
        """Build the provenance with the versions of this process."""
        return cls(data_fingerprint=data_fingerprint, spec=spec, seed=seed, versions=_versions())

    def to_dict(self) -> dict[str, Any]:
        """Return the provenance as plain JSON types."""
        return {
            "data_fingerprint": self.data_fingerprint,
            "spec": self.spec,
            "seed": self.seed,
            "versions": dict(self.versions),
        }
