"""Standards of reporting and law, as data: what each asks, and what in the report answers it.

The files in ``data/`` are in our own words. ``known_on`` is the day on which their content was last held
against published summaries; the original decides.
"""

from causalmed.reporting.standards.answering import Answered, answer_standards
from causalmed.reporting.standards.reading import Standard, StandardItem, all_standards

__all__ = ["Answered", "Standard", "StandardItem", "all_standards", "answer_standards"]
