"""Hold two reports against each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from causalmed.errors import DataError
from causalmed.monitoring.report_changes import Change, ReportChanges
from causalmed.results import Interval, fingerprint

__all__ = ["compare_reports"]

_SHOWN: Final = (
    "area under the ROC curve",
    "calibration in the large",
    "calibration slope",
    "ICI",
    "scaled Brier score",
    "sensitivity",
    "specificity",
    "alerts per 100",
    "missed per 100",
    "net benefit",
)
"""Measures of performance that are compared, as the report names them."""
_Z: Final = 1.959963984540054


def compare_reports(before: Mapping[str, Any], now: Mapping[str, Any]) -> ReportChanges:
    r"""Say what changed between two reports of different patients.

    .. math:: \hat\theta_2 - \hat\theta_1 \pm 1.96 \sqrt{s_1^2 + s_2^2}

    Each number is compared on its own; with 20 numbers one is expected to move by chance.

    Parameters
    ----------
    before, now : mapping
        The content of ``report.json``: with ``body``, or the body itself.

    Returns
    -------
    ReportChanges

    Raises
    ------
    DataError
        One of them is not the record of a report.

    Examples
    --------
    >>> part = {"estimate": 0.10, "low": 0.06, "high": 0.14, "std_error": 0.02, "level": 0.95}
    >>> body = {"protocol": {}, "provenance": {"data_fingerprint": "a"}, "audit": None, "performance": None,
    ...         "causes": {"candidates": [{"name": "late", "verdict": "cause", "risk_difference": part}]}}
    >>> later = {**body, "causes": {"candidates": [{"name": "late", "verdict": "cannot tell",
    ...          "risk_difference": {**part, "estimate": 0.01, "low": -0.03, "high": 0.05}}]}}
    >>> print(compare_reports(body, later))
    1 of 1 numbers moved beyond chance; 1 other things changed.
    effect of late: 0.10 before, 0.010 now (lower now).
    late: cause before, cannot tell now.
    """
    first, second = _body(before), _body(now)
    return ReportChanges(
        before_sha256=fingerprint(dict(first)),
        same_protocol=_declared(first) == _declared(second),
        same_data=_data(first) == _data(second),
        changes=tuple(_changes(first, second)),
        lines=tuple(_lines(first, second)),
    )


def _body(report: Mapping[str, Any]) -> Mapping[str, Any]:
    body = report.get("body", report) if isinstance(report, Mapping) else None
    if not isinstance(body, Mapping) or not {"protocol", "causes", "performance"} <= set(body):
        raise DataError(
            "This is not the record of a report: it lacks its protocol, causes or performance. Read a "
            "report.json that causalmed wrote."
        )
    return body


def _declared(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was declared, apart from where the table lies and which report came before."""
    plain = {key: value for key, value in dict(body["protocol"]).items() if key != "report"}
    population = {key: value for key, value in dict(plain.get("population") or {}).items() if key != "data"}
    return {**plain, "population": population, "statements": None}


def _data(body: Mapping[str, Any]) -> object:
    return dict(body.get("provenance") or {}).get("data_fingerprint")


def _changes(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[Change]:
    for label, read in (("effect of ", _effects), ("", _measures), ("", _gaps)):
        old, new = read(first), read(second)
        for name in dict.fromkeys((*old, *new)):
            yield _change(f"{label}{name}", old.get(name), new.get(name))


def _change(name: str, before: Interval | None, now: Interval | None) -> Change:
    difference = None
    if before is not None and now is not None:
        error = math.hypot(before.std_error, now.std_error)
        estimate = now.estimate - before.estimate
        difference = Interval(
            estimate=estimate, low=estimate - _Z * error, high=estimate + _Z * error, std_error=error
        )
    return Change(name=name, before=before, now=now, difference=difference)


def _effects(body: Mapping[str, Any]) -> dict[str, Interval]:
    rows = (body["causes"] or {}).get("candidates", [])
    return _found({row["name"]: row.get("risk_difference") for row in rows})


def _measures(body: Mapping[str, Any]) -> dict[str, Interval]:
    performances = list((body["performance"] or {}).values())
    measures = performances[0]["measures"] if performances else {}
    return _found({name: measures.get(name) for name in _SHOWN})


def _gaps(body: Mapping[str, Any]) -> dict[str, Interval]:
    rows = (body.get("audit") or {}).get("comparisons", [])
    return _found({_comparison(row): row["difference"] for row in rows})


def _found(raw: Mapping[str, Any]) -> dict[str, Interval]:
    return {
        name: _interval(value) for name, value in raw.items() if value and value.get("std_error") is not None
    }


def _interval(raw: Mapping[str, Any]) -> Interval:
    infinite = math.inf
    return Interval(
        estimate=raw["estimate"],
        low=-infinite if raw["low"] is None else raw["low"],
        high=infinite if raw["high"] is None else raw["high"],
        std_error=raw["std_error"],
        level=raw["level"],
    )


def _lines(first: Mapping[str, Any], second: Mapping[str, Any]) -> Iterator[str]:
    for name, old, new in _pairs(first, second, "causes", "candidates", lambda row: row["name"], "verdict"):
        yield f"{name}: {old} before, {new} now."
    for name, old, new in _pairs(first, second, "audit", "comparisons", _comparison, "state"):
        yield f"{name}: {old} before, {new} now."
    for what, read in (("graph", "graph"), ("risk model", "risk_model")):
        old_part, new_part = first.get(read), second.get(read)
        if (old_part is None) != (new_part is None):
            yield f"The {what} is in one of the reports only."
        elif what == "graph" and old_part != new_part:
            yield "The graph is another one."


def _comparison(row: Mapping[str, Any]) -> str:
    return f"{row['measure']}, {row['group']} against {row['reference']}"


def _pairs(
    first: Mapping[str, Any],
    second: Mapping[str, Any],
    part: str,
    rows: str,
    key: Callable[[Mapping[str, Any]], str],
    field: str,
) -> Iterator[tuple[str, str, str]]:
    old, new = (
        {key(row): row.get(field) for row in (body.get(part) or {}).get(rows, [])} for body in (first, second)
    )
    for name in old:
        if name in new and old[name] != new[name]:
            yield name, str(old[name]), str(new[name])
