from __future__ import annotations

import matplotlib.colors
import pytest
from matplotlib.textpath import TextPath

from causalmed.plotting import style


@pytest.mark.parametrize("colour", style.MARKS)
def test_marks_reach_three_to_one(colour: str) -> None:
    assert style.contrast(colour) >= 3.0


@pytest.mark.parametrize("colour", style.TEXTS)
def test_text_reaches_four_and_a_half_to_one(colour: str) -> None:
    assert style.contrast(colour) >= 4.5


@pytest.mark.parametrize("ground", [style.PALE_BLUE, style.PALE_VERMILION, style.PALE_GREY])
def test_words_on_pale_grounds_reach_four_and_a_half_to_one(ground: str) -> None:
    assert style.contrast(style.INK, ground) >= 4.5
    assert style.contrast(style.QUIET, style.PALE_GREY) >= 4.5


def test_contrast_of_known_pairs() -> None:
    # WCAG 2.2's own bounds, and the grey that is commonly given as the lightest passing 4.5 : 1
    assert style.contrast("#FFFFFF") == pytest.approx(1.0)
    assert style.contrast("#000000") == pytest.approx(21.0)
    assert style.contrast("#767676") == pytest.approx(4.54, abs=0.01)
    assert style.contrast("#777777") < 4.5


def _grey(colour: str) -> float:
    red, green, blue = matplotlib.colors.to_rgb(colour)
    return 0.299 * red + 0.587 * green + 0.114 * blue


def test_event_and_rest_differ_in_grey_print() -> None:
    assert abs(_grey(style.VERMILION) - _grey(style.PALE_GREY)) > 0.3
    assert abs(_grey(style.VERMILION) - _grey(style.PALE_VERMILION)) > 0.25


def test_width_is_that_of_the_letters() -> None:
    from matplotlib.font_manager import FontProperties

    path = TextPath((0, 0), "Late antibiotics", prop=FontProperties(family=style.FAMILY, size=10))
    assert style.width_of("Late antibiotics", 10) == pytest.approx(path.get_extents().width, rel=0.08)


@pytest.mark.parametrize(
    "text", ["Body temperature below 36 °C", "a" * 90, "Immuno-suppression and more", "", "高い血糖値" * 9]
)
def test_wrapped_lines_fit(text: str) -> None:
    lines = style.wrap(text, 80.0, size=9, lines=3).split("\n")
    assert len(lines) <= 3
    assert all(style.width_of(line, 9) <= 80.0 * 1.15 for line in lines)


def test_wrapping_keeps_words_whole_where_they_fit() -> None:
    assert style.wrap("Body temperature below 36 °C", 70.0, size=9).split() == [
        "Body",
        "temperature",
        "below",
        "36",
        "°C",
    ]


def test_control_characters_are_taken_out() -> None:
    assert style.clean("a\x00b\x07\ud800") == "a b  "
