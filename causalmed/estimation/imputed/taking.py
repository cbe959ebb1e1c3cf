"""Which questions touch missing values."""

from __future__ import annotations

from dataclasses import fields, is_dataclass

from causalmed.estimation.asked import Asked

__all__ = ["lacks_outcomes", "needs_imputation", "touched"]


def needs_imputation(asked: Asked) -> bool:
    """Return whether a column of the question has holes that are to be filled."""
    return bool(touched(asked))


def lacks_outcomes(asked: Asked) -> bool:
    """Return whether the outcome alone has holes, which are weighted for or left out."""
    holes = asked.cohort.incomplete
    return holes is not None and asked.estimand.outcome in holes and not touched(asked)


def touched(asked: Asked) -> tuple[str, ...]:
    """Return the columns of the question that have holes to be filled, sorted.

    Any column may matter to an estimand that is not a plain adjustment; there all holes count.
    """
    holes = asked.cohort.incomplete
    if holes is None:
        return ()
    estimand = asked.estimand
    names = set(holes.columns)
    if estimand.kind == "backdoor":
        names &= {estimand.exposure, estimand.outcome, *estimand.adjustment_set, *_mentioned(asked.spec)}
    if holes.spec.outcome != "impute":
        names.discard(estimand.outcome)
    return tuple(sorted(names))


def _mentioned(spec: object) -> set[str]:
    """Return every text in the fields of a specification: any of them may name a column."""
    found: set[str] = set()
    for field in fields(spec) if is_dataclass(spec) else ():
        value = getattr(spec, field.name)
        listed = value if isinstance(value, tuple | list | set | frozenset) else (value,)
        found |= {one for one in listed if isinstance(one, str)}
    return found
