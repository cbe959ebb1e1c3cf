"""From TOML text to a protocol: every key is known, typed and named in the error."""

from __future__ import annotations

import datetime
import difflib
import math
import tomllib
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from causalmed.errors import ProtocolError
from causalmed.reporting.protocol import (
    AuditPlan,
    Eligibility,
    Evidence,
    GraphPlan,
    PopulationPlan,
    PredictionPlan,
    Protocol,
    QuestionPlan,
    RecoursePlan,
    ReportPlan,
    Ruling,
    Statement,
    TolerancePlan,
)

__all__ = ["read_file", "read_text"]

ESTIMATORS: Final = ("TMLE", "AIPW", "IPW", "IPWRA", "GComputation")


def read_file(path: Path) -> Protocol:
    """Read a protocol file; see :meth:`Protocol.load`."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ProtocolError(f"The protocol {str(path)!r} cannot be read: {error}.") from error
    return read_text(text, folder=str(path.parent))


def read_text(text: str, *, folder: str) -> Protocol:
    """Read protocol text; see :meth:`Protocol.parse`."""
    if not isinstance(text, str):
        raise ProtocolError(f"A protocol is read from text, not from a {type(text).__name__}.")
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProtocolError(f"The protocol is not valid TOML: {error}.") from error
    root = _Table(raw, "")
    schema = root.get("schema", int)
    if schema != 1:
        raise ProtocolError(f"schema = {schema} is not understood; this version reads schema = 1.")
    protocol = Protocol(
        title=root.get("title", str),
        population=_population(root.table("population")),
        graph=_graph(root.table("graph")),
        question=_question(root.table("question")),
        prediction=root.optional("prediction", _prediction),
        audit=root.optional("audit", _audit),
        recourse=root.optional("recourse", _recourse),
        statements=root.optional("statements", _statements) or (),
        words=root.optional("words", _words) or (),
        report=root.optional("report", _report) or ReportPlan(),
        schema=schema,
        folder=folder,
    )
    root.finish()
    return protocol


class _Table:
    """A TOML table that remembers which keys were read, so that a misspelt one is refused."""

    def __init__(self, raw: Mapping[str, Any], name: str) -> None:
        self._raw = raw
        self._name = name
        self._read: set[str] = set()

    def full(self, key: str) -> str:
        return f"{self._name}.{key}" if self._name else key

    def names(self) -> list[str]:
        return list(self._raw)

    def get(self, key: str, kind: type | tuple[type, ...], default: Any = ...) -> Any:
        self._read.add(key)
        if key not in self._raw:
            if default is ...:
                raise ProtocolError(f"The protocol lacks {self.full(key)!r}; state it.")
            return default
        value = self._raw[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ProtocolError(f"{self.full(key)} = {value!r} must be {_kind_name(kind)}.")
        return value

    def strings(self, key: str, default: Any = ...) -> tuple[str, ...]:
        values = self.get(key, list, default)
        if not all(isinstance(value, str) for value in values):
            raise ProtocolError(f"{self.full(key)} must be a list of texts, got {values!r}.")
        return tuple(values)

    def table(self, key: str) -> _Table:
        return _Table(self.get(key, dict), self.full(key))

    def tables(self, key: str) -> list[_Table]:
        values = self.get(key, list, [])
        if not all(isinstance(value, dict) for value in values):
            raise ProtocolError(f"{self.full(key)} must be a list of tables, got {values!r}.")
        return [_Table(value, f"{self.full(key)}[{index}]") for index, value in enumerate(values)]

    def optional(self, key: str, read: Callable[[_Table], Any]) -> Any:
        self._read.add(key)
        return read(self.table(key)) if key in self._raw else None

    def finish(self) -> None:
        unknown = [key for key in self._raw if key not in self._read]
        if unknown:
            close = difflib.get_close_matches(unknown[0], sorted(self._read), 1)
            hint = f" Did you mean {close[0]!r}?" if close else ""
            known = ", ".join(sorted(self._read))
            raise ProtocolError(
                f"{self.full(unknown[0])!r} is not a key of the protocol.{hint} Known here: {known}."
            )


def _population(table: _Table) -> PopulationPlan:
    eligibility = tuple(_eligibility(item) for item in table.tables("eligibility"))
    days = table.get("follow_up_days", (int, float), None)
    if days is not None and not 0 < days < math.inf:
        raise ProtocolError(f"population.follow_up_days = {days} must be a positive number of days.")
    plan = PopulationPlan(
        data=table.get("data", str),
        unit=table.get("unit", str, None),
        cluster=table.get("cluster", str, None),
        eligibility=eligibility,
        derive=table.optional("derive", _text_pairs) or (),
        tiers=table.optional("tiers", _list_pairs) or (),
        kinds=table.optional("kinds", _kind_pairs) or (),
        time_zero=table.get("time_zero", str, ""),
        follow_up_days=None if days is None else float(days),
        missing=table.get("missing", str, "error"),
    )
    table.finish()
    if plan.missing not in ("error", "complete"):
        raise ProtocolError(f"population.missing = {plan.missing!r} must be 'error' or 'complete'.")
    return plan


def _eligibility(table: _Table) -> Eligibility:
    criterion = Eligibility(where=table.get("where", str), reason=table.get("reason", str))
    table.finish()
    return criterion


def _text_pairs(table: _Table) -> tuple[tuple[str, str], ...]:
    return tuple((key, table.get(key, str)) for key in table.names())


def _words(table: _Table) -> tuple[tuple[str, str], ...]:
    pairs = _text_pairs(table)
    for index, (name, words) in enumerate(pairs):
        if not words.strip():
            raise ProtocolError(f"{table.full(name)} is blank. Write the words that stand for the column.")
        if words in (earlier for _, earlier in pairs[:index]):
            raise ProtocolError(f"{table.full(name)} = {words!r} already stands for another column.")
    return pairs


def _list_pairs(table: _Table) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple((key, table.strings(key)) for key in table.names())


def _kind_pairs(table: _Table) -> tuple[tuple[str, str | tuple[str, ...]], ...]:
    pairs: list[tuple[str, str | tuple[str, ...]]] = []
    for key in table.names():
        value = table.get(key, (str, list))
        pairs.append((key, value if isinstance(value, str) else table.strings(key)))
    return tuple(pairs)


def _graph(table: _Table) -> GraphPlan:
    plan = GraphPlan(file=table.get("file", str), evidence=table.optional("evidence", _evidence) or ())
    table.finish()
    return plan


def _evidence(table: _Table) -> tuple[Evidence, ...]:
    found = []
    for arrow in table.names():
        entry = table.table(arrow)
        found.append(
            Evidence(
                arrow=" ".join(arrow.split()),
                source=entry.get("source", str),
                stated_by=entry.get("stated_by", str, ""),
                on=_date(entry, "on", ""),
            )
        )
        entry.finish()
    return tuple(found)


def _question(table: _Table) -> QuestionPlan:
    plan = QuestionPlan(
        outcome=table.get("outcome", str),
        candidates=table.strings("candidates", []),
        estimator=table.get("estimator", str, "TMLE"),
        alpha=_share(table, "alpha", 0.05),
        margin=_share(table, "margin", 0.01),
    )
    table.finish()
    if plan.estimator not in ESTIMATORS:
        raise ProtocolError(
            f"question.estimator = {plan.estimator!r} is not known. Choose one of {_listed(ESTIMATORS)}."
        )
    return plan


def _prediction(table: _Table) -> PredictionPlan:
    plan = PredictionPlan(
        specificity=_share(table, "specificity", 0.93), held_apart=table.strings("held_apart", [])
    )
    table.finish()
    return plan


def _audit(table: _Table) -> AuditPlan:
    plan = AuditPlan(
        protected=table.strings("protected", []), tolerance=table.optional("tolerance", _tolerance)
    )
    table.finish()
    return plan


def _tolerance(table: _Table) -> TolerancePlan:
    plan = TolerancePlan(
        value=_share(table, "value", ...),
        stated_by=table.get("stated_by", str),
        reason=table.get("reason", str),
    )
    table.finish()
    if not plan.stated_by.strip() or not plan.reason.strip():
        raise ProtocolError("audit.tolerance needs the person who states it and the reason; both are empty.")
    return plan


def _recourse(table: _Table) -> RecoursePlan:
    rulings = []
    for item in table.tables("contraindicated"):
        rulings.append(Ruling(when=item.get("when", str), never=item.get("never", str)))
        item.finish()
    plan = RecoursePlan(actionable=table.strings("actionable"), contraindicated=tuple(rulings))
    table.finish()
    return plan


def _statements(table: _Table) -> tuple[tuple[str, Statement], ...]:
    found = []
    for item in table.names():
        entry = table.table(item)
        found.append(
            (
                item,
                Statement(
                    text=entry.get("text", str),
                    stated_by=entry.get("stated_by", str),
                    on=_date(entry, "on", ...),
                    does_not_apply=entry.get("does_not_apply", bool, False),
                ),
            )
        )
        entry.finish()
    return tuple(found)


def _report(table: _Table) -> ReportPlan:
    plan = ReportPlan(
        language=table.get("language", str, "en"),
        seed=table.get("seed", int, 1),
        previous=table.get("previous", str, ""),
    )
    table.finish()
    if plan.language != "en":
        raise ProtocolError(f"report.language = {plan.language!r} has no catalogue yet; use 'en'.")
    if plan.seed < 0:
        raise ProtocolError(f"report.seed = {plan.seed} must not be negative.")
    return plan


def _share(table: _Table, key: str, default: Any) -> float:
    value = float(table.get(key, (int, float), default))
    if not 0 < value < 1:
        raise ProtocolError(f"{table.full(key)} = {value} must lie strictly between 0 and 1.")
    return value


def _date(table: _Table, key: str, default: Any) -> str:
    value = table.get(key, (datetime.date, str), default)
    if isinstance(value, datetime.date):
        return value.isoformat()
    if value:
        try:
            return datetime.date.fromisoformat(value).isoformat()
        except ValueError as error:
            raise ProtocolError(f"{table.full(key)} = {value!r} is not a date (YYYY-MM-DD).") from error
    return ""


def _kind_name(kind: type | tuple[type, ...]) -> str:
    names = {str: "a text", int: "a whole number", float: "a number", list: "a list", dict: "a table"}
    kinds: Iterable[type] = kind if isinstance(kind, tuple) else (kind,)
    return " or ".join(dict.fromkeys(names.get(one, one.__name__) for one in kinds))


def _listed(values: Iterable[str]) -> str:
    return ", ".join(repr(value) for value in values)
