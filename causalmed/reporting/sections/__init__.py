"""The sections of a report: one module a question, each a function of the dossier."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from causalmed.reporting.page import Section
from causalmed.reporting.sections.assumptions import assumptions
from causalmed.reporting.sections.causes import causes
from causalmed.reporting.sections.data import data
from causalmed.reporting.sections.groups import groups
from causalmed.reporting.sections.model import model
from causalmed.reporting.sections.patient import patient
from causalmed.reporting.sections.purpose import purpose
from causalmed.reporting.sections.reasons import reasons
from causalmed.reporting.sections.reproduction import reproduction
from causalmed.reporting.sections.signatures import signatures
from causalmed.reporting.sections.summary import findings, summary
from causalmed.reporting.sections.unknowns import unknowns

if TYPE_CHECKING:
    from causalmed.reporting.dossier import Dossier

__all__ = ["all_sections", "findings"]

_ORDER: Final[tuple[Callable[[Dossier], Section], ...]] = (
    summary,
    purpose,
    data,
    assumptions,
    causes,
    model,
    groups,
    reasons,
    patient,
    unknowns,
    reproduction,
    signatures,
)
"""The order of the report."""


def all_sections(dossier: Dossier) -> tuple[Section, ...]:
    """Return every section of the report in reading order."""
    speak = dossier.wording.speak
    return tuple(speak(section(dossier)) for section in _ORDER)
