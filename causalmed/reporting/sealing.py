"""The hashes that let anyone check that a report is the one that was signed."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from causalmed.arguments import require_path
from causalmed.errors import DataError
from causalmed.results import fingerprint

__all__ = ["Verification", "read_report", "seal", "verify", "write_whole"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What ``causalmed verify`` found.

    Parameters
    ----------
    lines : tuple of (str, bool, str)
        What was checked, whether it is unchanged, and a sentence.
    """

    lines: tuple[tuple[str, bool, str], ...]

    @property
    def intact(self) -> bool:
        """Whether everything that could be checked is unchanged."""
        return all(good for _, good, _ in self.lines)

    def summary(self) -> str:
        """Return one line a check."""
        return "\n".join(
            f"{'unchanged' if good else 'CHANGED  '}  {what}: {text}" for what, good, text in self.lines
        )


def seal(body: dict[str, Any]) -> str:
    """Return the hash of a report's content."""
    return fingerprint(body)


def verify(
    path: str | Path, *, data_fingerprint: str | None = None, protocol_sha256: str | None = None
) -> Verification:
    """Recompute the hashes of a written report and say what changed.

    Parameters
    ----------
    path : str or Path
        The JSON file of the report; its page is looked for beside it.
    data_fingerprint : str, optional
        Fingerprint of the table as it is now, to hold against the one in the report.
    protocol_sha256 : str, optional
        Hash of the protocol as it is now.

    Returns
    -------
    Verification

    Raises
    ------
    DataError
        The file is not a report of causalmed.
    """
    file = require_path(path)
    report = read_report(file)
    body, seals = report["body"], report["seals"]
    found = seal(body)
    lines = [_line("numbers", found == seals["body_sha256"], f"the JSON file has the hash {found[:16]}…")]
    page = file.with_suffix(".html")
    if page.exists():
        current = hashlib.sha256(page.read_bytes()).hexdigest()
        lines.append(
            _line("page", current == seals["html_sha256"], f"{page.name} has the hash {current[:16]}…")
        )
    else:
        lines.append(_line("page", False, f"{page.name} is not beside the JSON file"))
    protocol = protocol_sha256 or fingerprint(body["protocol"])
    lines.append(_line("protocol", protocol == seals["protocol_sha256"], f"its hash is {protocol[:16]}…"))
    if data_fingerprint is not None:
        same = data_fingerprint == seals["data_sha256"]
        lines.append(_line("data", same, f"the table now has the hash {data_fingerprint[:16]}…"))
    return Verification(lines=tuple(lines))


def write_whole(files: dict[Path, str]) -> None:
    """Write several files or none: each in full beside its place first, then all moved into place."""
    written: list[tuple[str, Path]] = []
    try:
        for path, text in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
            written.append((temporary, path))
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
        for temporary, path in written:
            os.chmod(temporary, 0o644)
            os.replace(temporary, path)
    finally:
        for temporary, _ in written:
            Path(temporary).unlink(missing_ok=True)


def _line(what: str, good: bool, text: str) -> tuple[str, bool, str]:
    return what, good, text


def read_report(path: Path) -> dict[str, Any]:
    """Read the JSON file of a report; DataError where it is none."""
    try:
        report = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{str(path)!r} cannot be read as a report: {error}.") from error
    if not isinstance(report, dict) or not {"body", "seals"} <= set(report):
        raise DataError(f"{str(path)!r} is not a report of causalmed: it lacks 'body' or 'seals'.")
    return report
