"""Pictures as inline SVG: real text, words for who cannot see, the same bytes every time."""

from __future__ import annotations

import hashlib
import io
import re
import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from causalmed.errors import InvalidArgument
from causalmed.plotting.drawing import draw_apart
from causalmed.plotting.style import FAMILY, clean

if TYPE_CHECKING:
    from causalmed.results.pictures import Picture

__all__ = ["to_png", "to_svg"]

LETTERS: Final = (
    f"system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, '{FAMILY}', sans-serif"
)
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_FAMILIES = re.compile(r"(font:[^;]*?\d(?:\.\d+)?px)\s+[^;]+")


def to_svg(picture: Picture, *, prefix: str | None = None) -> str:
    """Return the picture as one ``<svg>`` element to put into a page.

    The text is real text, ``role="img"`` with ``<title>`` and ``<desc>`` carries the finding and the
    alt text, there is no script, no style sheet, no date and no reference to anything outside. The
    same picture gives the same bytes.

    Parameters
    ----------
    picture : Picture
        What to draw.
    prefix : str, optional
        Put before every id, so that pictures can share a page: letters, digits, ``-`` and ``_``. By
        default made from the picture's content.

    Examples
    --------
    >>> from causalmed.results.pictures import Balance, BalanceRow
    >>> picture = Balance(title="Alike", rows=(BalanceRow(label="<b>", before=0.4, after=0.02),))
    >>> svg = to_svg(picture, prefix="balance")
    >>> svg.startswith('<svg '), "&lt;b&gt;" in svg, 'id="balance-title"' in svg
    (True, True, True)
    """
    name = _content_name(picture) if prefix is None else prefix
    if not re.fullmatch(r"[A-Za-z][\w-]*", name, flags=re.ASCII):
        raise InvalidArgument(
            f"prefix={name!r} cannot start an id. Use a letter, then letters, digits, '-' and '_'."
        )
    buffer = io.StringIO()
    with _rendering():
        figure = draw_apart(picture).get_figure(root=True)
        assert figure is not None
        figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    return _tidy(buffer.getvalue(), picture, name)


def to_png(picture: Picture, path: str | Path, *, dots_per_inch: int = 144) -> Path:
    """Write the picture as a PNG file and return its path.

    Examples
    --------
    >>> import tempfile
    >>> from causalmed.results.pictures import Balance, BalanceRow
    >>> picture = Balance(title="Alike", rows=(BalanceRow(label="Age", before=0.4, after=0.02),))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     to_png(picture, f"{folder}/balance.png").exists()
    True
    """
    target = Path(path)
    with _rendering():
        figure = draw_apart(picture).get_figure(root=True)
        assert figure is not None
        figure.savefig(target, format="png", dpi=dots_per_inch, metadata={"Software": None})
    return target


@contextmanager
def _rendering() -> Iterator[None]:
    import matplotlib as mpl

    with (
        mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "causalmed"}),
        warnings.catch_warnings(),
    ):
        # a letter that the measuring font lacks is still written, and drawn by the reader's own fonts
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def _content_name(picture: Picture) -> str:
    digest = hashlib.sha256(repr(picture).encode("utf-8", "replace")).hexdigest()
    return f"{type(picture).__name__.lower()}-{digest[:10]}"


def _tidy(text: str, picture: Picture, prefix: str) -> str:
    source = ET.fromstring(text)
    root = ET.Element("svg")
    for child in source:
        copied = _copy(child, prefix)
        if copied is not None:
            root.append(copied)
    heading = ET.Element("title", {"id": f"{prefix}-title"})
    heading.text = clean(picture.title)
    words = ET.Element("desc", {"id": f"{prefix}-desc"})
    words.text = clean(picture.alt)
    root[:0] = [heading, words]
    for name, value in _attributes(source, prefix).items():
        root.set(name, value)
    return ET.tostring(root, encoding="unicode")


def _attributes(source: ET.Element, prefix: str) -> dict[str, str]:
    width = float(source.get("width", "0").removesuffix("pt")) * 96 / 72
    return {
        "xmlns": "http://www.w3.org/2000/svg",
        "viewBox": source.get("viewBox", ""),
        "role": "img",
        "aria-labelledby": f"{prefix}-title",
        "aria-describedby": f"{prefix}-desc",
        "style": f"width:100%;max-width:{width:.0f}px;height:auto",
    }


def _copy(element: ET.Element, prefix: str) -> ET.Element | None:
    tag = _local(element.tag)
    if tag in {"metadata", "style", "script"}:
        return None
    copied = ET.Element(tag, {_local(name): _value(name, value, prefix) for name, value in element.items()})
    copied.text = element.text if tag in {"text", "tspan"} else None
    for child in element:
        inner = _copy(child, prefix)
        if inner is not None:
            copied.append(inner)
    return copied


def _local(name: str) -> str:
    return name.rpartition("}")[2]


def _value(name: str, value: str, prefix: str) -> str:
    local = _local(name)
    if local == "id":
        return f"{prefix}-{value}"
    if local == "href":
        return f"#{prefix}-{value.removeprefix('#')}"
    if local == "style":
        value = _FAMILIES.sub(rf"\1 {LETTERS}", value)
    return _REFERENCE.sub(rf"url(#{prefix}-\1)", value)
