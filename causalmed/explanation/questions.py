"""The three questions, in words: what each asks, and what its answer does not say."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

__all__ = ["CAVEATS", "ENDS", "FINDINGS", "OVERALL", "QUESTIONS"]

QUESTIONS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "used": "What did the model use?",
        "set": "What would setting it do to the model's risk?",
        "caused": "What causes the risk itself?",
    }
)
"""The questions that can be asked, by name."""

CAVEATS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "used": "This says what the model used. It does not say what causes the outcome.",
        "set": (
            "This says how the model's risk would move if a column were set and all that it causes followed, "
            "the graph taken as true. It does not say what the model read."
        ),
        "caused": (
            "This says how the risk of the outcome would move if a column were set, the graph taken as true. "
            "It does not say what the model did."
        ),
    }
)

ENDS: Final[Mapping[str, tuple[str, str]]] = MappingProxyType(
    {
        "used": ("the mean of the background", "this patient"),
        "set": ("the mean of the population", "this patient"),
        "caused": ("the mean of the population", "this patient"),
    }
)

FINDINGS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "used": "The model says {risk} for this patient, and used {largest} most",
        "set": "The model says {risk} for this patient, and setting {largest} moved that most",
        "caused": "The risk itself is {risk} for patients set like this one, and {largest} moved it most",
    }
)
"""What was found for one patient."""

OVERALL: Final[Mapping[str, str]] = MappingProxyType(
    {
        "used": "Over {n} patients, the model used {largest} most",
        "set": "Over {n} patients, setting {largest} would move the model's risk most",
        "caused": "Over {n} patients, {largest} moved the risk itself most",
    }
)
"""What was found for several."""
