from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from picture_samples import HOSTILE, pictures

from causalmed.errors import InvalidArgument
from causalmed.plotting import to_png, to_svg
from causalmed.plotting.style import clean

KINDS = sorted(pictures("word"))
SVG = "{http://www.w3.org/2000/svg}"


@pytest.mark.parametrize("kind", KINDS)
def test_same_picture_same_bytes(kind: str) -> None:
    assert to_svg(pictures("Finding")[kind]) == to_svg(pictures("Finding")[kind])


@pytest.mark.parametrize("kind", KINDS)
def test_hostile_words_stay_words(kind: str) -> None:
    picture = pictures(HOSTILE)[kind]
    text = to_svg(picture)
    root = ET.fromstring(text)
    assert "<script" not in text
    assert {element.tag for element in root.iter()} <= {
        SVG + tag
        for tag in (
            "svg",
            "title",
            "desc",
            "defs",
            "g",
            "path",
            "text",
            "tspan",
            "use",
            "clipPath",
            "rect",
            "pattern",
        )
    }
    assert root.find(f"{SVG}title").text == clean(HOSTILE)
    assert root.find(f"{SVG}desc").text == clean(picture.alt)


@pytest.mark.parametrize("kind", KINDS)
def test_accessible_and_self_contained(kind: str) -> None:
    text = to_svg(pictures("Finding")[kind], prefix="fig-1")
    root = ET.fromstring(text)
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "fig-1-title"
    ids = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(ids) == len(set(ids))
    assert all(name.startswith("fig-1-") for name in ids)
    targets = re.findall(r"url\(#([^)]+)\)", text) + re.findall(r'href="#([^"]+)"', text)
    assert set(targets) <= set(ids)
    assert 'href="#' in text or not re.search(r"href=", text)
    outside = [
        match for match in re.findall(r"https?://[^\"' ]+", text) if match != "http://www.w3.org/2000/svg"
    ]
    assert not outside
    for forbidden in ("<style", "@import", "data:", "<image", "onload", "<metadata", "<!--", "<?xml"):
        assert forbidden not in text
    assert not re.search(r"20\d\d-\d\d-\d\d", text)


def test_text_is_text() -> None:
    words = " ".join(
        element.text or ""
        for element in ET.fromstring(to_svg(pictures("Finding")["Forest"])).iter(f"{SVG}text")
    )
    assert "3 (1 to 5)" in words.replace(".0", "")
    assert "not identifiable" in words


def test_ids_of_all_kinds_can_share_a_page() -> None:
    seen: list[str] = []
    for picture in pictures("Finding").values():
        seen += re.findall(r'\bid="([^"]+)"', to_svg(picture))
    assert len(seen) == len(set(seen))


@pytest.mark.parametrize("prefix", ["", "1a", 'a"b', "a b", "é", "a<b"])
def test_bad_prefixes_are_refused(prefix: str) -> None:
    with pytest.raises(InvalidArgument, match="prefix"):
        to_svg(pictures("Finding")["Bars"], prefix=prefix)


def test_small_enough_to_put_many_in_a_page() -> None:
    assert max(len(to_svg(picture)) for picture in pictures("Finding").values()) < 60_000


def test_png_is_written(tmp_path: Path) -> None:
    path = to_png(pictures(HOSTILE)["Overlap"], tmp_path / "overlap.png", dots_per_inch=40)
    assert path.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
