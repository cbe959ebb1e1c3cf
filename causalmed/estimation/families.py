"""Which family of estimators answers a question.

A family is a way of getting from the data to an effect: adjustment, matching, the front door, censoring
weights. The table is read from the top; the first family that takes the question answers it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from causalmed.cohort import StreamedCohort
from causalmed.estimation.asked import Asked
from causalmed.estimation.exposures.shift import Shift
from causalmed.estimation.imputed.taking import lacks_outcomes, needs_imputation
from causalmed.results import Effect

__all__ = ["FAMILIES", "Family", "answer"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """One way to answer, imported when it is needed.

    Attributes
    ----------
    name : str
        In words.
    takes : callable
        Whether the family answers a question.
    door : str
        ``"module:function"``; the function takes the question and returns the effect.
    """

    name: str
    takes: Callable[[Asked], bool]
    door: str

    def answer(self, asked: Asked) -> Effect:
        """Answer the question."""
        module, name = self.door.split(":")
        found: Effect = getattr(import_module(f"causalmed.estimation.{module}"), name)(asked)
        return found


def _spec_is(name: str) -> Callable[[Asked], bool]:
    return lambda asked: type(asked.spec).__name__ == name


def _kind_is(kind: str) -> Callable[[Asked], bool]:
    return lambda asked: asked.estimand.kind == kind


def _timed(asked: Asked) -> bool:
    return asked.horizon is not None and asked.cohort.follow_up is not None


def _is_shift(asked: Asked) -> bool:
    return isinstance(asked.contrast, Shift)


def _has_levels(asked: Asked) -> bool:
    name = asked.estimand.exposure
    return name in asked.cohort and asked.cohort.column(name).kind in ("ordinal", "categorical")


def _on_disk(asked: Asked) -> bool:
    return isinstance(asked.cohort, StreamedCohort)


FAMILIES: tuple[Family, ...] = (
    Family(name="rows on disk", takes=_on_disk, door="streaming.answering:answer"),
    Family(name="multiple imputation", takes=needs_imputation, door="imputed.answering:answer"),
    Family(name="the front door", takes=_kind_is("frontdoor"), door="frontdoor.answering:answer"),
    Family(name="instruments", takes=_kind_is("instrument"), door="instrument.answering:answer"),
    Family(name="effects along paths", takes=_kind_is("mediation"), door="mediation.answering:answer"),
    Family(name="time to infection", takes=_timed, door="survival.answering:answer"),
    Family(name="missing outcomes", takes=lacks_outcomes, door="imputed.outcomes:answer"),
    Family(name="econml", takes=_spec_is("EconML"), door="econml_adapter:answer"),
    Family(name="dowhy", takes=_spec_is("DoWhy"), door="dowhy_adapter:answer"),
    Family(name="causal forest", takes=_spec_is("CausalForest"), door="forest.answering:answer"),
    Family(name="debiased machine learning", takes=_spec_is("DoubleML"), door="debiased.answering:answer"),
    Family(name="matching", takes=_spec_is("Matching"), door="matching.answering:answer"),
    Family(name="shift", takes=_is_shift, door="exposures.moving:answer"),
    Family(name="levels", takes=_has_levels, door="exposures.levels:answer"),
    Family(name="bootstrap", takes=_spec_is("Bootstrap"), door="bootstrap.answering:answer"),
    Family(name="adjustment", takes=lambda asked: True, door="backdoor:answer"),
)
"""Families in the order in which they are asked; plain adjustment comes last."""


def answer(asked: Asked) -> Effect:
    """Answer a question by the first family that takes it."""
    return next(family for family in FAMILIES if family.takes(asked)).answer(asked)
