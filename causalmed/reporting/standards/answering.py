"""Which item of a standard is answered, by what, and which still needs a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from causalmed.reporting.items import Item, ItemState
from causalmed.reporting.standards.reading import Standard, StandardItem, all_standards

if TYPE_CHECKING:
    from causalmed.reporting.dossier import Dossier

__all__ = ["Answered", "answer_standards"]

_ALWAYS: Final = frozenset({"protocol", "population", "checks"})
_PARTS: Final = {
    "causes": ("screen", "the causes"),
    "prediction": ("prediction", "the risk model"),
    "explanation": ("explanation", "the explanation"),
    "recourse": ("recourse", "the worked patient"),
    "audit": ("audit", "the audit"),
    "changes": ("changes", "the comparison with the report before"),
}
_NOT_ASKED: Final = {
    "changes": "this is the first report under its protocol",
    "recourse": "no worked patient was asked for, or the patients are real",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An item of a standard with its state.

    Parameters
    ----------
    item : StandardItem
        What is asked.
    state : ItemState
        How it came to be answered.
    label : str
        The state in words.
    """

    item: StandardItem
    state: ItemState
    label: str


def answer_standards(dossier: Dossier) -> tuple[tuple[Standard, tuple[Answered, ...]], ...]:
    """Return every standard that applies with its items and their states.

    Parameters
    ----------
    dossier : Dossier
        What was done and stated.

    Returns
    -------
    tuple of (Standard, tuple of Answered)
        A standard about a part that the protocol leaves out has no items.
    """
    stated = {item.key: item for item in dossier.items()}
    return tuple(
        (
            standard,
            tuple(_answered(item, dossier, stated) for item in standard.items)
            if _applies(standard.part, dossier)
            else (),
        )
        for standard in all_standards()
    )


def _applies(part: str, dossier: Dossier) -> bool:
    return part in _ALWAYS or _has(part, dossier) or dossier.refused(_PARTS[part][1]) is not None


def _has(part: str, dossier: Dossier) -> bool:
    return part in _ALWAYS or getattr(dossier, _PARTS[part][0]) is not None


def _answered(item: StandardItem, dossier: Dossier, stated: dict[str, Item]) -> Answered:
    person = stated[item.stated] if item.stated else None
    if person is not None and person.state is ItemState.MISSING:
        return Answered(item=item, state=ItemState.MISSING, label=person.label)
    if not item.filled:
        assert person is not None
        return Answered(item=item, state=person.state, label=person.label)
    if not _has(item.filled, dossier):
        return _not_computed(item, dossier)
    label = "computed" if person is None else f"computed; {person.label}"
    return Answered(item=item, state=ItemState.COMPUTED, label=label)


def _not_computed(item: StandardItem, dossier: Dossier) -> Answered:
    refusal = dossier.refused(_PARTS[item.filled][1])
    if refusal is not None:
        label = f"missing: {refusal.part} could not be computed, see what we do not know"
        return Answered(item=item, state=ItemState.MISSING, label=label)
    reason = _NOT_ASKED.get(item.filled, f"the protocol does not ask for {_PARTS[item.filled][1]}")
    return Answered(item=item, state=ItemState.NOT_APPLICABLE, label=f"does not apply because {reason}")
