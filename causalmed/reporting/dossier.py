"""Everything that a protocol led to, as one frozen value that writes itself."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from causalmed.arguments import require_path
from causalmed.errors import DataError
from causalmed.reporting.items import Item, ItemState
from causalmed.reporting.page import Section
from causalmed.reporting.protocol import Protocol
from causalmed.results import Gate, Provenance, fingerprint

if TYPE_CHECKING:
    from causalmed.cohort import Cohort
    from causalmed.explanation import Explanation, Recourse
    from causalmed.fairness import Audit
    from causalmed.monitoring import ReportChanges
    from causalmed.prediction import ClinicalPerformance, RiskModel
    from causalmed.reporting.population import Population
    from causalmed.reporting.wording import Wording
    from causalmed.screening import RiskScreen

__all__ = ["Dossier", "Prediction", "Refusal", "Tested"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A part that could not be done, and why: nothing is lost in silence.

    Parameters
    ----------
    part : str
        What was asked for, for example ``"risk model"``.
    reason : str
        The error's own words, without counts of a few patients.
    kind : str
        The error's name.
    """

    part: str
    reason: str
    kind: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Tested:
    """A risk model with how it did where; it saw none of these patients.

    Parameters
    ----------
    model : RiskModel
        The fitted model.
    performances : tuple of (str, ClinicalPerformance)
        Name of the patients, and how the model did among them: all first, then their parts.
    """

    model: RiskModel
    performances: tuple[tuple[str, ClinicalPerformance], ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prediction:
    """The risk model, what it was tested on, and a model to hold beside it.

    Parameters
    ----------
    stable : Tested
        The model of the report: of columns that may travel.
    every_column : Tested or None
        The same learner given every column known before the outcome, for comparison and not for use;
        ``None`` where the graph leaves no such column out.
    seen, tested : Cohort
        Patients the models learned from, and all those they were tested on.
    """

    stable: Tested
    every_column: Tested | None
    seen: Cohort
    tested: Cohort

    @property
    def model(self) -> RiskModel:
        """The model of the report."""
        return self.stable.model


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Dossier:
    """What was assumed, done, found and not found under one protocol.

    Parameters
    ----------
    protocol : Protocol
        As declared.
    population : Population
        Cohort, graph, attrition.
    checks : Gate
        What was checked before anything was estimated.
    screen : RiskScreen or None
        Which candidates cause the outcome.
    prediction : Prediction or None
        The risk model and its performance.
    explanation : Explanation or None
        What the model used.
    questions : Explanation or None
        What the model used, what setting a factor would do and what causes the outcome, side by side.
    recourse : Recourse or None
        A worked, synthetic patient.
    audit : Audit or None
        For whom the model is different.
    changes : ReportChanges or None
        What differs from the report before; None where none was named.
    refusals : tuple of Refusal
        Parts that could not be done.
    provenance : Provenance
        Data, protocol hash, seed, versions.

    Examples
    --------
    See :func:`causalmed.run`.
    """

    protocol: Protocol
    population: Population
    checks: Gate
    screen: RiskScreen | None
    prediction: Prediction | None
    explanation: Explanation | None
    questions: Explanation | None
    recourse: Recourse | None
    audit: Audit | None
    changes: ReportChanges | None
    refusals: tuple[Refusal, ...]
    provenance: Provenance

    def items(self) -> tuple[Item, ...]:
        """Return what only a person can state, with its state."""
        from causalmed.reporting.items import items_of

        synthetic = "the patients are synthetic; nobody's data are used"
        reasons = (
            dict.fromkeys(("lawful_basis", "ethics_approval"), synthetic) if self.population.synthetic else {}
        )
        return items_of(self.protocol, not_applicable=reasons)

    def missing_items(self) -> tuple[Item, ...]:
        """Return the items that a person must still state."""
        return tuple(item for item in self.items() if item.state is ItemState.MISSING)

    def sections(self) -> tuple[Section, ...]:
        """Return the report as questions with their answers."""
        from causalmed.reporting.sections import all_sections

        return all_sections(self)

    def refused(self, part: str) -> Refusal | None:
        """Return why a part could not be done, or ``None``."""
        return next((refusal for refusal in self.refusals if refusal.part == part), None)

    @property
    def wording(self) -> Wording:
        """The words that stand for columns and factors in the report."""
        from causalmed.reporting.wording import Wording

        names = (*self.population.cohort.names, *self.population.graph.nodes)
        return Wording.of(names, dict(self.protocol.words))

    @property
    def published_screen(self) -> RiskScreen | None:
        """The screen as it may leave the hospital: without small cells and p-values."""
        from causalmed.reporting.published_screen import published_screen

        return self.screen and published_screen(self.screen, self.population.cohort)

    def summary(self) -> str:
        """Return the findings in a few lines of at most 80 columns."""
        from causalmed.reporting.sections import findings

        return findings(self)

    def to_dict(self) -> dict[str, Any]:
        """Return every number of the report as plain JSON types."""
        from causalmed.reporting.record import record

        return record(self)

    def write(self, path: str | Path) -> tuple[Path, Path]:
        """Write the page and, beside it, the JSON file with every number.

        Both are written whole or not at all.

        Parameters
        ----------
        path : str or Path
            The page, ending in ``.html``; the JSON file gets the same name.

        Returns
        -------
        tuple of Path
            The page and the JSON file.

        Raises
        ------
        DataError
            The path does not end in ``.html``.
        """
        from causalmed.reporting.html import page
        from causalmed.reporting.sealing import seal, write_whole

        target = require_path(path)
        if target.suffix != ".html":
            raise DataError(
                f"The report {target.name!r} must end in .html; the JSON file is written beside it."
            )
        body = self.to_dict()
        quoted = seal(body)
        html = page(
            self.sections(),
            title=self.protocol.title,
            seal=quoted,
            language=self.protocol.report.language,
            version=dict(self.provenance.versions)["causalmed"],
        )
        seals = {
            "body_sha256": quoted,
            "html_sha256": hashlib.sha256(html.encode()).hexdigest(),
            "protocol_sha256": self.protocol.sha256,
            "data_sha256": self.population.cohort.fingerprint,
            "graph_sha256": fingerprint(self.population.graph.to_dagitty()),
        }
        text = json.dumps({"body": body, "seals": seals}, indent=1, ensure_ascii=False, allow_nan=False)
        record_file = target.with_suffix(".json")
        write_whole({target: html, record_file: text + "\n"})
        return target, record_file

    def __str__(self) -> str:
        return self.summary()
