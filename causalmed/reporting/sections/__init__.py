"""The sections of a report: one module a question, each a function of the dossier."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from causalmed.reporting.page import Section
from causalmed.reporting.sections.assumptions import assumptions
from causalmed.reporting.sections.causes import causes
from causalmed.reporting.sections.changes import changes
from causalmed.reporting.sections.data import data
from causalmed.reporting.sections.gap import gap
from causalmed.reporting.sections.groups import groups
from causalmed.reporting.sections.index import standards
from causalmed.reporting.sections.model import model
from causalmed.reporting.sections.oversight import oversight
from causalmed.reporting.sections.patient import patient
from causalmed.reporting.sections.purpose import purpose
from causalmed.reporting.sections.reasons import reasons
from causalmed.reporting.sections.reproduction import reproduction
from causalmed.reporting.sections.risks import risks
from causalmed.reporting.sections.signatures import signatures
from causalmed.reporting.sections.summary import findings, summary
from causalmed.reporting.sections.trial import trial
from causalmed.reporting.sections.unknowns import unknowns

if TYPE_CHECKING:
    from causalmed.reporting.dossier import Dossier

__all__ = ["all_sections", "findings"]

_ORDER: Final[tuple[Callable[[Dossier], Section], ...]] = (
    summary,
    purpose,
    data,
    assumptions,
    trial,
    causes,
    model,
    groups,
    gap,
    reasons,
    patient,
    risks,
    oversight,
    changes,
    unknowns,
    reproduction,
)
"""The order of the report, before the index of standards and the signatures."""


def all_sections(dossier: Dossier) -> tuple[Section, ...]:
    """Return every section of the report in reading order."""
    speak = dossier.wording.speak
    body = tuple(speak(section(dossier)) for section in _ORDER)
    questions = {section.key: section.question for section in body}
    return (*body, speak(standards(dossier, questions)), signatures(dossier))
