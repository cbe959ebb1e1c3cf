"""What must never be proposed, and the check that stands between a search and a plan.

The search does not import its own judge: a plan exists only with a :class:`Clearance`, and a clearance
that breaks a rule cannot be made.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from causalmed.cohort import Cohort
from causalmed.errors import CausalmedError, ColumnNotFound, DataError, InvalidArgument
from causalmed.explanation.players import word_of

__all__ = ["Clearance", "Contraindicated", "Contraindication", "check_rules", "violations"]


class Contraindicated(CausalmedError):
    """A change that a rule forbids for this patient."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contraindication:
    """A rule: for whom, and what never.

    Parameters
    ----------
    when : str
        For whom it holds: a condition as in :meth:`Cohort.where`. It is read on the patient as is, and on
        the patient with the proposed changes; the rule holds if either is true.
    never : str
        What must not be proposed: the name of a column (it may not be changed at all), a level of a
        column (it may not be chosen), or a condition (it may not become true).

    Examples
    --------
    >>> Contraindication(when="penicillin_allergy == 1", never="cefazolin")
    Contraindication(when='penicillin_allergy == 1', never='cefazolin')
    """

    when: str
    never: str

    def __post_init__(self) -> None:
        for field in ("when", "never"):
            value = getattr(self, field)
            if not isinstance(value, str) or not value.strip():
                raise InvalidArgument(
                    f"A contraindication needs {field}=, and it is {value!r}. A rule that cannot be read "
                    "protects nobody. Give text."
                )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Clearance:
    """Proof that changes break no rule: it is checked as it is made.

    Parameters
    ----------
    patient : Cohort
        One patient.
    changes : mapping of str to float
        Columns and the values (codes where there are levels) proposed.
    rules : tuple of Contraindication
        The rules, every one of which was checked.

    Raises
    ------
    Contraindicated
        If a rule is broken.
    """

    patient: Cohort
    changes: Mapping[str, float]
    rules: tuple[Contraindication, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "changes", MappingProxyType(dict(self.changes)))
        broken = violations(self.patient, changes=self.changes, rules=self.rules)
        if broken:
            first = broken[0]
            raise Contraindicated(
                f"{describe(self.patient, self.changes)} is contraindicated: never {first.never!r} when "
                f"{first.when!r}. Such a plan cannot be made."
            )


def violations(
    patient: Cohort, *, changes: Mapping[str, float], rules: Sequence[Contraindication]
) -> tuple[Contraindication, ...]:
    """Return the rules that the changes break for this patient.

    Parameters
    ----------
    patient : Cohort
        One patient.
    changes : mapping of str to float
        Columns and the values proposed.
    rules : sequence of Contraindication
        The rules.

    Examples
    --------
    >>> import pandas as pd
    >>> table = pd.DataFrame({"allergy": [1], "drug": ["none"]})
    >>> patient = Cohort.from_frame(table, kinds={"allergy": "binary", "drug": ("none", "cefazolin")})
    >>> rule = Contraindication(when="allergy == 1", never="cefazolin")
    >>> len(violations(patient, changes={"drug": 1.0}, rules=[rule]))
    1
    >>> len(violations(patient, changes={"drug": 0.0}, rules=[rule]))
    0
    """
    changed = with_changes(patient, changes)
    return tuple(
        rule
        for rule in rules
        if (holds(rule.when, patient) or holds(rule.when, changed))
        and _touches(rule.never, patient, changed, changes)
    )


def check_rules(rules: Sequence[Contraindication], patient: Cohort) -> tuple[Contraindication, ...]:
    """Return the rules; refuse those that cannot bite: unreadable, or about nothing that the table holds.

    Raises
    ------
    InvalidArgument
        If a rule is no :class:`Contraindication`, or ``never`` is neither a column, a level nor a condition.
    ColumnNotFound
        If a condition names a column that is not there.
    """
    listed = tuple(rules) if isinstance(rules, Iterable) else (rules,)
    for rule in listed:
        if not isinstance(rule, Contraindication):
            raise InvalidArgument(
                f"contraindicated= holds {rule!r}, which is no rule. Give Contraindication(when=…, never=…)."
            )
        holds(rule.when, patient)
        if rule.never in patient or _is_level(rule.never, patient):
            continue
        if not re.search(r"[<>=!]|\bin\b", rule.never):
            raise InvalidArgument(
                f"never={rule.never!r} is neither a column, nor a level of one, nor a condition. A rule "
                f"about nothing protects nobody. The columns are: {', '.join(patient.names[:20])}."
            )
        holds(rule.never, patient)
    return listed


def holds(condition: str, patient: Cohort) -> bool:
    """Say whether a condition is true of a patient."""
    try:
        return patient.where(condition, reason="rule").n > 0
    except ColumnNotFound:
        raise
    except InvalidArgument:
        raise
    except DataError:
        return False


def with_changes(patient: Cohort, changes: Mapping[str, float]) -> Cohort:
    """Return the patient with some columns set, and nothing downstream recomputed."""
    changed = patient
    for name, value in changes.items():
        column = patient.column(name)
        changed = changed.assign(name, np.array([value]), column.kind, levels=column.levels)
    return changed


def describe(patient: Cohort, changes: Mapping[str, float]) -> str:
    """Write changes in words: ``drug: none → cefazolin``."""
    columns = {name: patient.column(name) for name in changes}
    parts = (
        f"{name.replace('_', ' ')}: {word_of(column, column.values[0])} → {word_of(column, changes[name])}"
        for name, column in columns.items()
    )
    return ", ".join(parts)


def _is_level(word: str, patient: Cohort) -> bool:
    return any(word in patient.column(name).levels for name in patient.names if name != patient.unit)


def _touches(never: str, patient: Cohort, changed: Cohort, changes: Mapping[str, float]) -> bool:
    if never in changes:
        return True
    if any(_chosen(changed, name) == never for name in changes):
        return True
    if never in patient or _is_level(never, patient):
        return False
    mentioned = any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", never) for name in changes)
    return holds(never, changed) and (mentioned or not holds(never, patient))


def _chosen(changed: Cohort, name: str) -> str | None:
    column = changed.column(name)
    return str(column.labels()[0]) if column.levels else None
