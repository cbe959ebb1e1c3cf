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
    Asked(
        key="interpretation",
        section="summary",
        asks="What does it all mean, in the words of those who did the study?",
    ),
    Asked(
        key="intended_use",
        section="purpose",
        asks="What will this be used for, by whom, for which patients?",
    ),
    Asked(
        key="care_pathway",
        section="purpose",
        asks="Where in the care of a patient does it come in, and why is it wanted?",
    ),
    Asked(key="out_of_scope", section="purpose", asks="What must it not be used for?"),
    Asked(key="known_inequalities", section="purpose", asks="Which groups are already served worse?"),
    Asked(key="lawful_basis", section="purpose", asks="On which legal basis are the data used?"),
    Asked(
        key="sensitive_data_basis",
        section="purpose",
        asks="Which condition allows the use of health data and of data on groups?",
    ),
    Asked(
        key="legal_route",
        section="purpose",
        asks="Which laws reach it, and by which route (medical device, high-risk system, neither)?",
    ),
    Asked(key="team", section="purpose", asks="Who took part in making it, with which expertise?"),
    Asked(key="contact", section="purpose", asks="Who answers questions about it?"),
    Asked(
        key="data_origin",
        section="data",
        asks="Where do the data come from, and how were they collected?",
    ),
    Asked(key="study_dates", section="data", asks="Between which dates were patients included and followed?"),
    Asked(key="study_size", section="data", asks="How did the number of patients come about?"),
    Asked(
        key="representativeness",
        section="data",
        asks="Why are these patients like those it will be used for?",
    ),
    Asked(
        key="treatments",
        section="data",
        asks="Which treatments did patients have that change their risk?",
    ),
    Asked(
        key="ethics_approval",
        section="data",
        asks="Which committee decided on the use of the data, under which number?",
    ),
    Asked(key="consent_information", section="data", asks="What were patients told, and could they refuse?"),
    Asked(
        key="outcome_ascertainment",
        section="data",
        asks="Who decided that a patient was infected, and how?",
    ),
    Asked(
        key="assessor_blinding",
        section="data",
        asks="Did those who decided it know what the patient had been exposed to?",
    ),
    Asked(key="predictor_assessment", section="data", asks="Who judged the predictors that need judgement?"),
    Asked(
        key="loss_to_follow_up",
        section="data",
        asks="Who was lost before the end, and what was done about it?",
    ),
    Asked(
        key="graph_authors",
        section="assumptions",
        asks="Who drew the arrows, and which were left out on purpose?",
    ),
    Asked(
        key="unmeasured_causes",
        section="assumptions",
        asks="Which causes of infection were not measured?",
    ),
    Asked(
        key="why_emulate",
        section="trial",
        asks="Why is no trial done, and why can these data stand in for one?",
    ),
    Asked(
        key="strategies",
        section="trial",
        asks="What exactly would be done to a patient under each choice compared?",
    ),
    Asked(key="trial_deviations", section="trial", asks="Where do the data fall short of that trial?"),
    Asked(key="material_effect", section="causes", asks="Which difference in risk would change care?"),
    Asked(key="model_choice", section="model", asks="Why this kind of model?"),
    Asked(
        key="acceptable_error",
        section="model",
        asks="Which errors are acceptable, and why are these the right measures?",
    ),
    Asked(key="alert_consequence", section="model", asks="What happens to a patient after an alert?"),
    Asked(key="external_validator", section="model", asks="Who else has tested it, on which patients?"),
    Asked(key="groups_that_matter", section="audit", asks="Why are these the groups that matter?"),
    Asked(key="proxies", section="audit", asks="Which inputs stand in for a group without naming it?"),
    Asked(
        key="bias_measures",
        section="audit",
        asks="What was decided about the differences found, and by whom?",
    ),
    Asked(
        key="legitimate_paths",
        section="gap",
        asks="Which paths from the group to the outcome are acceptable, and why?",
    ),
    Asked(key="reader_test", section="reasons", asks="Who tested that readers understand the explanations?"),
    Asked(key="risk_acceptance", section="risks", asks="Who accepted what remains of each risk, and why?"),
    Asked(
        key="rights_assessment",
        section="risks",
        asks="Was its effect on fundamental rights assessed, and must it be?",
    ),
    Asked(key="impact_assessment", section="risks", asks="Was its impact on data protection assessed?"),
    Asked(key="oversight", section="oversight", asks="Who watches the model, and who can stop it?"),
    Asked(
        key="override",
        section="oversight",
        asks="How does a clinician overrule it, and what happens when it fails?",
    ),
    Asked(key="users_training", section="oversight", asks="Who uses it, and how are they trained?"),
    Asked(key="poor_input", section="oversight", asks="What happens when an input is missing or poor?"),
    Asked(key="implementation", section="oversight", asks="How is it put into care?"),
    Asked(key="logs", section="oversight", asks="Which logs are kept, and for how long?"),
    Asked(key="security", section="oversight", asks="How is it kept safe from attack?"),
    Asked(key="complaints", section="oversight", asks="Where can a patient ask for reasons, or complain?"),
    Asked(
        key="planned_changes",
        section="oversight",
        asks="Which changes are planned, and who decides on others?",
    ),
    Asked(key="review_interval", section="oversight", asks="When is this looked at again?"),
    Asked(key="stop_rule", section="oversight", asks="At which value is it stopped?"),
    Asked(key="next_steps", section="unknowns", asks="What should be studied next?"),
    Asked(
        key="conformity",
        section="standards",
        asks="Which standards does it claim to meet, declared by whom?",
    ),
    Asked(key="funding", section="reproduction", asks="Who paid, and what did they have to say?"),
    Asked(key="conflicts_of_interest", section="reproduction", asks="Who gains?"),
    Asked(key="registration", section="reproduction", asks="Where was the study registered before it began?"),
    Asked(key="data_access", section="reproduction", asks="Who can have the data?"),
    Asked(key="code_access", section="reproduction", asks="Who can have the code?"),
    Asked(
        key="patient_involvement",
        section="reproduction",
        asks="How did patients and the public take part?",
    ),
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
    if statement is not None and statement.does_not_apply:
        state, text = ItemState.NOT_APPLICABLE, statement.text
        label = f"does not apply because {text} ({statement.stated_by}, {statement.on})"
    elif statement is not None:
        state, text = ItemState.STATED, statement.text
        label = f"stated by {statement.stated_by} on {statement.on}"
    elif reason is not None:
        state, text, label = ItemState.NOT_APPLICABLE, reason, f"does not apply because {reason}"
    else:
        state, text, label = ItemState.MISSING, "", "missing: a person must state this"
    return Item(key=asked.key, section=asked.section, asks=asked.asks, state=state, text=text, label=label)
