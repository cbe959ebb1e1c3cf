"""Names under a report: who read it, in which role, with which opinion, sealed so that it cannot be changed.

A signature is detached: it stands in a file beside the report, which stays as it is. Each names the report by
its hash and the signature before it by its own, so that none can be taken away or put in between. The scheme
is Ed25519 (RFC 8032) of the library ``cryptography``; whose a key is, people must tell each other.
"""

from __future__ import annotations

import datetime
import hashlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from causalmed.arguments import require_path
from causalmed.errors import DataError, InvalidArgument
from causalmed.reporting.sealing import read_report, seal, write_whole

__all__ = ["OPINIONS", "checked_signatures", "make_key", "sign_report", "signatures_file"]

OPINIONS: Final = ("agree", "dissent")
"""What a signature can say."""


def signatures_file(report: Path) -> Path:
    """Return where the signatures of a report stand: beside it."""
    return report.with_suffix(".signatures.json")


def make_key(path: str | Path, *, password: str | None = None) -> str:
    """Make a key to sign with and write it to a file that only its owner can read.

    Parameters
    ----------
    path : str or Path
        The file, PEM; it must not exist.
    password : str, optional
        Encrypts the file.

    Returns
    -------
    str
        Fingerprint of the key: what its owner tells others.

    Raises
    ------
    DataError
        The file exists.
    InvalidArgument
        ``cryptography`` is not installed.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     len(make_key(Path(folder) / "anna.pem"))
    16
    """
    ed25519, serialization = _library()
    file = require_path(path)
    key = ed25519.Ed25519PrivateKey.generate()
    lock = (
        serialization.BestAvailableEncryption(password.encode()) if password else serialization.NoEncryption()
    )
    text = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock)
    try:
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise DataError(f"{str(path)!r} exists; a key is never overwritten. Name another file.") from error
    with os.fdopen(handle, "wb") as stream:
        stream.write(text)
    return _fingerprint(_public(key))


def sign_report(
    report: str | Path,
    *,
    name: str,
    role: str,
    key: str | Path,
    opinion: str = "agree",
    text: str = "",
    on: datetime.date | None = None,
    password: str | None = None,
) -> Path:
    """Put a name under a report.

    Parameters
    ----------
    report : str or Path
        The JSON file of the report.
    name, role : str
        Who signs, as what.
    key : str or Path
        File with the signer's key; see :func:`make_key`.
    opinion : {"agree", "dissent"}
        What the signer says.
    text : str
        Reasons; needed for dissent.
    on : datetime.date, optional
        Day of the signature; None: today.
    password : str, optional
        Of the key.

    Returns
    -------
    Path
        The file of signatures.

    Raises
    ------
    InvalidArgument
        No name or role; dissent without a reason.
    DataError
        The report was changed after it was written, the key cannot be read, or a signature that stands there
        already is broken.
    """
    file = require_path(report)
    _require(name, role, opinion, text)
    body = read_report(file)
    if seal(body["body"]) != body["seals"]["body_sha256"]:
        raise DataError(f"{file.name} was changed after it was written; it cannot be signed any more.")
    entries = _entries(file)
    if any(not good for _, good, _ in checked_signatures(file)):
        raise DataError("A signature under this report is broken; see causalmed verify. Nothing was added.")
    secret = _key(require_path(key), password)
    entry = {
        "name": name.strip(),
        "role": role.strip(),
        "on": (on or datetime.date.today()).isoformat(),
        "opinion": opinion,
        "text": text.strip(),
        "report_sha256": _hash_of(file),
        "after": _hash(entries[-1]) if entries else "",
        "public_key": _public(secret).hex(),
    }
    entry["signature"] = secret.sign(_plain(entry)).hex()
    target = signatures_file(file)
    write_whole({target: json.dumps([*entries, entry], indent=1, ensure_ascii=False) + "\n"})
    return target


def checked_signatures(report: Path) -> list[tuple[str, bool, str]]:
    """Return a line for each signature under a report: whose, whether it holds, and a sentence."""
    return list(_checked(report))


def _checked(report: Path) -> Iterator[tuple[str, bool, str]]:
    before, now = "", _hash_of(report)
    for entry in _entries(report):
        holds = _holds(entry)
        linked, same = entry["after"] == before, entry["report_sha256"] == now
        before = _hash(entry)
        what = f"{entry['name']}, {entry['role']}"
        mark = _fingerprint(bytes.fromhex(entry["public_key"]))
        said = f"{entry['opinion']} on {entry['on']}, with the key {mark}"
        if not holds:
            said = "the entry was changed after it was signed"
        elif not linked:
            said = "an entry before it is missing or was changed"
        elif not same:
            said = "it was given for another version of the report"
        yield f"signature of {what}", holds and linked and same, said


def _holds(entry: dict[str, Any]) -> bool:
    from cryptography.exceptions import InvalidSignature

    ed25519, _ = _library()
    signed = {key: value for key, value in entry.items() if key != "signature"}
    try:
        public = ed25519.Ed25519PublicKey.from_public_bytes(bytes.fromhex(entry["public_key"]))
        public.verify(bytes.fromhex(entry["signature"]), _plain(signed))
    except (InvalidSignature, ValueError):
        return False
    return True


def _entries(report: Path) -> list[dict[str, Any]]:
    file = signatures_file(report)
    if not file.exists():
        return []
    try:
        entries = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{file.name} cannot be read as signatures: {error}.") from error
    wanted = {"name", "role", "on", "opinion", "report_sha256", "after", "public_key", "signature"}
    if not isinstance(entries, list) or not all(isinstance(e, dict) and wanted <= set(e) for e in entries):
        raise DataError(f"{file.name} does not hold signatures of a report.")
    return entries


def _require(name: str, role: str, opinion: str, text: str) -> None:
    if not name.strip() or not role.strip():
        raise InvalidArgument("A signature needs name= and role=: who says it, and as what.")
    if opinion not in OPINIONS:
        raise InvalidArgument.option("opinion", opinion, OPINIONS)
    if opinion == "dissent" and not text.strip():
        raise InvalidArgument("A dissent needs text=: its reason is what the next reader looks for.")


def _key(path: Path, password: str | None) -> Any:
    ed25519, serialization = _library()
    try:
        found = serialization.load_pem_private_key(path.read_bytes(), password.encode() if password else None)
    except (OSError, ValueError, TypeError) as error:
        raise DataError(f"The key {path.name!r} cannot be read: {error}.") from error
    if not isinstance(found, ed25519.Ed25519PrivateKey):
        raise DataError(f"The key {path.name!r} is not an Ed25519 key; make one with causalmed key.")
    return found


def _public(key: Any) -> bytes:
    _, serialization = _library()
    raw: bytes = key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
    return raw


def _fingerprint(public: bytes) -> str:
    return hashlib.sha256(public).hexdigest()[:16]


def _plain(entry: dict[str, Any]) -> bytes:
    return json.dumps(entry, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()


def _hash(entry: dict[str, Any]) -> str:
    return hashlib.sha256(_plain(entry)).hexdigest()


def _hash_of(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _library() -> tuple[Any, Any]:
    try:
        from cryptography.hazmat.primitives import serialization
        from cryptography.hazmat.primitives.asymmetric import ed25519
    except ImportError as error:
        raise InvalidArgument(
            'Signing needs the library cryptography. Install it with: pip install "causalmed[sign]".'
        ) from error
    return ed25519, serialization
