"""The analysis as declared beforehand: a frozen value with a hash."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from causalmed.arguments import require_path
from causalmed.results import fingerprint

__all__ = [
    "AuditPlan",
    "Eligibility",
    "Evidence",
    "GraphPlan",
    "PopulationPlan",
    "PredictionPlan",
    "Protocol",
    "QuestionPlan",
    "RecoursePlan",
    "ReportPlan",
    "Ruling",
    "Statement",
    "TolerancePlan",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Something only a person can say: a text, a name, a date (ISO 8601).

    With ``does_not_apply`` the text is the reason why the item does not apply.
    """

    text: str
    stated_by: str
    on: str
    does_not_apply: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Why an arrow is drawn: a source, who says so, since when (ISO 8601)."""

    arrow: str
    source: str
    stated_by: str = ""
    on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Eligibility:
    """One criterion in the grammar of :meth:`causalmed.Cohort.where`, with its reason."""

    where: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationPlan:
    """Who is studied, from which table, followed from when and for how long.

    Parameters
    ----------
    data : str
        A CSV or Parquet file beside the protocol, or ``"dataset:NAME"``.
    unit, cluster : str or None
        Columns with the patient's and the hospital's id.
    eligibility : tuple of Eligibility
        Applied in order; attrition is reported.
    derive : tuple of (str, str)
        Binary columns made from an expression, for example ``("hyperglycaemia", "gluc >= 126")``.
    tiers : tuple of (str, tuple of str)
        Periods in order of time, with the columns measured in each.
    kinds : tuple of (str, str or tuple of str)
        Kinds of columns that cannot be inferred.
    time_zero : str
        The moment from which a patient is at risk.
    follow_up_days : float or None
        Length of follow-up.
    missing : str
        Policy for missing values: ``"error"`` or ``"complete"``.
    """

    data: str
    unit: str | None = None
    cluster: str | None = None
    eligibility: tuple[Eligibility, ...] = ()
    derive: tuple[tuple[str, str], ...] = ()
    tiers: tuple[tuple[str, tuple[str, ...]], ...] = ()
    kinds: tuple[tuple[str, str | tuple[str, ...]], ...] = ()
    time_zero: str = ""
    follow_up_days: float | None = None
    missing: str = "error"


@dataclass(frozen=True, slots=True, kw_only=True)
class GraphPlan:
    """What is assumed to cause what: a DAGitty file (or the data set's own graph), with evidence."""

    file: str
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class QuestionPlan:
    """Which candidates may cause which outcome, and how that is estimated."""

    outcome: str
    candidates: tuple[str, ...] = ()
    estimator: str = "TMLE"
    alpha: float = 0.05
    margin: float = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class PredictionPlan:
    """The risk model: the specificity to guarantee, and hospitals held apart for testing."""

    specificity: float = 0.93
    held_apart: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class TolerancePlan:
    """The largest gap between groups that a named person holds immaterial, and why."""

    value: float
    stated_by: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditPlan:
    """For whom the model is held against itself."""

    protected: tuple[str, ...] = ()
    tolerance: TolerancePlan | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """A contraindication: where ``when`` holds, no plan may contain ``never``."""

    when: str
    never: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecoursePlan:
    """What could be changed for a patient, and what must never be."""

    actionable: tuple[str, ...] = ()
    contraindicated: tuple[Ruling, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportPlan:
    """Language of the report, the seed of everything random, and the report to compare with."""

    language: str = "en"
    seed: int = 1
    previous: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Protocol:
    """Everything that is decided before the outcome is looked at.

    Parameters
    ----------
    title : str
        Title of the report.
    population, graph, question : plans
        Who, what is assumed, what is asked.
    prediction, audit, recourse : plans or None
        ``None`` leaves that part out; the report says so.
    statements : tuple of (str, Statement)
        What only a person can say, by item (``intended_use``, ``ethics_approval``, …).
    words : tuple of (str, str)
        Columns and factors as the report writes them, for example ``("los", "days in hospital")``.
    report : ReportPlan
        Language and seed.
    schema : int
        Version of the protocol's grammar; 1.
    folder : str
        Where relative paths start. It is not part of the hash.

    Examples
    --------
    >>> from causalmed.reporting import protocol_template
    >>> protocol = Protocol.parse(protocol_template())
    >>> protocol.question.outcome
    'infection_30d'
    >>> len(protocol.sha256)
    64
    """

    title: str
    population: PopulationPlan
    graph: GraphPlan
    question: QuestionPlan
    prediction: PredictionPlan | None = None
    audit: AuditPlan | None = None
    recourse: RecoursePlan | None = None
    statements: tuple[tuple[str, Statement], ...] = ()
    words: tuple[tuple[str, str], ...] = ()
    report: ReportPlan = field(default_factory=ReportPlan)
    schema: int = 1
    folder: str = "."

    @classmethod
    def load(cls, path: str | Path) -> Protocol:
        """Read a protocol from a TOML file.

        Parameters
        ----------
        path : str or Path
            The file; paths inside it start from its folder.

        Raises
        ------
        ProtocolError
            The file cannot be read, is not TOML, or says something that is not understood; the
            message names the key.
        """
        from causalmed.reporting.protocol_reading import read_file

        return read_file(require_path(path))

    @classmethod
    def parse(cls, text: str, *, folder: str = ".") -> Protocol:
        """Read a protocol from TOML text; paths inside it start from ``folder``."""
        from causalmed.reporting.protocol_reading import read_text

        return read_text(text, folder=folder)

    def path(self, relative: str) -> Path:
        """Return a path of the protocol, made absolute from its folder."""
        return Path(self.folder, relative)

    def statement(self, item: str) -> Statement | None:
        """Return what a person stated for an item, or ``None``."""
        return dict(self.statements).get(item)

    def evidence(self, arrow: str) -> tuple[Evidence, ...]:
        """Return the evidence given for an arrow written ``"a -> b"``."""
        return tuple(item for item in self.graph.evidence if item.arrow == arrow)

    def to_dict(self) -> dict[str, Any]:
        """Return the protocol as plain JSON types, without the folder it lies in."""
        plain: dict[str, Any] = asdict(self)
        del plain["folder"]
        return plain

    @property
    def sha256(self) -> str:
        """Hash of what was declared, whatever the layout of the file."""
        return fingerprint(self.to_dict())
