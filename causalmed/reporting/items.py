"""What a report must say, item by item, and who can say it.

Every item has one of four states: *computed*, *stated by NAME on DATE*, *missing: a person must
state this*, or *does not apply because …*. Nothing else: the report never says that something is
fair, compliant or approved.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from causalmed.errors import ProtocolError
from causalmed.reporting.protocol import Protocol

__all__ = ["ASKED", "Asked", "Item", "ItemState", "items_of", "unknown_statements"]


class ItemState(StrEnum):
    """How an item came to be answered."""

    COMPUTED = "computed"
    STATED = "stated"
    MISSING = "missing"
    NOT_APPLICABLE = "does not apply"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """An item that only a person can state.

    Parameters
    ----------
    key : str
        Its key under ``[statements]`` in the protocol.
    section : str
        The section of the report that shows it.
    asks : str
        What the person must say, as a question.
    """

    key: str
    section: str
    asks: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item with its state and its text."""

    key: str
    section: str
    asks: str
    state: ItemState
    text: str
    label: str


ASKED: Final[tuple[Asked, ...]] = (
    Asked(key="decision_requested", section="summary", asks="Which decision is asked of the committee?"),
    Asked(key="intended_use", section="purpose", asks="What will this be used for, and by whom?"),
    Asked(key="out_of_scope", section="purpose", asks="What must it not be used for?"),
    Asked(key="known_inequalities", section="purpose", asks="Which groups are already served worse?"),
    Asked(key="lawful_basis", section="purpose", asks="On which legal basis are the data used?"),
    Asked(
        key="data_origin", section="data", asks="Where do the data come from, and how were they collected?"
    ),
    Asked(
        key="ethics_approval",
        section="data",
        asks="Which committee decided on the use of the data, under which number?",
    ),
    Asked(
        key="outcome_ascertainment", section="data", asks="Who decided that a patient was infected, and how?"
    ),
    Asked(
        key="graph_authors",
        section="assumptions",
        asks="Who drew the arrows, and which were left out on purpose?",
    ),
    Asked(
        key="unmeasured_causes", section="assumptions", asks="Which causes of infection were not measured?"
    ),
    Asked(key="material_effect", section="causes", asks="Which difference in risk would change care?"),
    Asked(key="alert_consequence", section="model", asks="What happens to a patient after an alert?"),
    Asked(key="groups_that_matter", section="audit", asks="Why are these the groups that matter?"),
    Asked(key="oversight", section="unknowns", asks="Who watches the model, and who can stop it?"),
    Asked(key="review_interval", section="unknowns", asks="When is this looked at again?"),
    Asked(key="conflicts_of_interest", section="reproduction", asks="Who paid, and who gains?"),
)
"""The items, in the order of the report. Adding one is adding a line."""


def items_of(protocol: Protocol, *, not_applicable: dict[str, str] | None = None) -> tuple[Item, ...]:
    """Return every item with its state under this protocol.

    Parameters
    ----------
    protocol : Protocol
        What was declared and stated.
    not_applicable : dict of str to str, optional
        Items that do not apply, with the reason.

    Returns
    -------
    tuple of Item

    Examples
    --------
    >>> from causalmed.reporting import Protocol, protocol_template
    >>> items = items_of(Protocol.parse(protocol_template()))
    >>> sorted({item.state.value for item in items})
    ['missing', 'stated']
    """
    reasons = not_applicable or {}
    return tuple(_item(asked, protocol, reasons.get(asked.key)) for asked in ASKED)


def unknown_statements(protocol: Protocol) -> None:
    """Refuse statements for items that do not exist.

    Raises
    ------
    ProtocolError
        A key under ``[statements]`` is not an item of the report.
    """
    known = {asked.key for asked in ASKED}
    unknown = [key for key, _ in protocol.statements if key not in known]
    if unknown:
        raise ProtocolError(
            f"statements.{unknown[0]} is not an item of the report. The items are: "
            f"{', '.join(sorted(known))}."
        )


def _item(asked: Asked, protocol: Protocol, reason: str | None) -> Item:
    statement = protocol.statement(asked.key)
    if statement is not None:
        state, text = ItemState.STATED, statement.text
        label = f"stated by {statement.stated_by} on {statement.on}"
    elif reason is not None:
        state, text, label = ItemState.NOT_APPLICABLE, reason, f"does not apply because {reason}"
    else:
        state, text, label = ItemState.MISSING, "", "missing: a person must state this"
    return Item(key=asked.key, section=asked.section, asks=asked.asks, state=state, text=text, label=label)
