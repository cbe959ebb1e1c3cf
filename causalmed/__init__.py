"""What causes postoperative infection, by how much, for whom, and how sure are we.

``import causalmed as cm`` gives the verbs; each lives in the room of its noun
(:mod:`causalmed.identification`, :mod:`causalmed.estimation`, …) and is imported when first used,
so the import itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Final

__version__ = "0.1.0"

_ROOMS: Final[dict[str, str]] = {
    "AIPW": "estimation",
    "CausalForest": "estimation",
    "Cohort": "cohort",
    "DoubleML": "estimation",
    "Effect": "results",
    "Estimand": "identification",
    "FollowUp": "cohort",
    "GComputation": "estimation",
    "Graph": "graph",
    "IPW": "estimation",
    "Linear": "regression",
    "Logistic": "regression",
    "Matching": "estimation",
    "Protocol": "reporting",
    "RiskModel": "prediction",
    "StructuralCausalModel": "scm",
    "TMLE": "estimation",
    "audit": "fairness",
    "discover": "discovery",
    "estimate": "estimation",
    "explain": "explanation",
    "falsify": "discovery",
    "fit_risk_model": "prediction",
    "fit_scm": "scm",
    "identify": "identification",
    "load_dataset": "datasets",
    "recourse": "explanation",
    "refute": "estimation",
    "run": "reporting",
    "screen_risks": "screening",
    "validation": "estimation",
}
"""Public name → room. The API reference, the import test and the style tests enumerate it."""

__all__ = [*_ROOMS, "__version__", "errors"]

if TYPE_CHECKING:
    from causalmed import errors
    from causalmed.cohort import Cohort, FollowUp
    from causalmed.datasets import load_dataset
    from causalmed.discovery import discover, falsify
    from causalmed.estimation import (
        AIPW,
        IPW,
        TMLE,
        CausalForest,
        DoubleML,
        GComputation,
        Matching,
        estimate,
        refute,
        validation,
    )
    from causalmed.explanation import explain, recourse
    from causalmed.fairness import audit
    from causalmed.graph import Graph
    from causalmed.identification import Estimand, identify
    from causalmed.prediction import RiskModel, fit_risk_model
    from causalmed.regression import Linear, Logistic
    from causalmed.reporting import Protocol, run
    from causalmed.results import Effect
    from causalmed.scm import StructuralCausalModel, fit_scm
    from causalmed.screening import screen_risks


def __getattr__(name: str) -> object:
    if name == "errors":
        return import_module("causalmed.errors")
    if name in _ROOMS:
        value = getattr(import_module(f"causalmed.{_ROOMS[name]}"), name)
        globals()[name] = value
        return value
    raise AttributeError(f"module 'causalmed' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
