from __future__ import annotations

import subprocess
import sys

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure
from picture_samples import HOSTILE, pictures

from causalmed.errors import InvalidArgument
from causalmed.plotting import draw

KINDS = sorted(pictures("word"))


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_draws_on_its_own_figure(kind: str) -> None:
    axes = draw(pictures("Late antibiotics cause infection")[kind])
    figure = axes.get_figure(root=True)
    figure.draw_without_rendering()
    words = [text.get_text() for text in figure.findobj(mpl.text.Text) if text.get_text()]
    assert any("Late antibiotics cause" in text.replace("\n", " ") for text in words)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_draws_on_given_axes(kind: str) -> None:
    figure = Figure()
    axes = figure.add_subplot()
    assert draw(pictures("A finding")[kind], axes) is axes
    assert axes.get_title(loc="left").startswith("A finding")


@pytest.mark.parametrize("kind", KINDS)
def test_no_word_leaves_the_page(kind: str) -> None:
    figure = draw(pictures("Late antibiotics")[kind]).get_figure(root=True)
    figure.draw_without_rendering()
    width, height = figure.bbox.width, figure.bbox.height
    axes = figure.axes[0]
    for text in (*figure.texts, *axes.texts, figure._suptitle, axes.xaxis.label, axes.yaxis.label):
        if not text.get_text():
            continue
        box = text.get_window_extent()
        assert box.x0 >= -1, text.get_text()
        assert box.x1 <= width + 1, text.get_text()
        assert box.y0 >= -1, text.get_text()
        assert box.y1 <= height + 1, text.get_text()


def test_drawing_leaves_matplotlib_as_it_was() -> None:
    before = dict(mpl.rcParams)
    for picture in pictures(HOSTILE).values():
        picture._repr_html_()
    assert dict(mpl.rcParams) == before


def test_drawing_never_imports_pyplot() -> None:
    code = (
        "import sys\n"
        "from causalmed.results.pictures import Balance, BalanceRow\n"
        "assert 'matplotlib' not in sys.modules\n"
        "Balance(title='t', rows=(BalanceRow(label='a', before=0.1, after=0.0),)).plot()\n"
        "print('matplotlib.pyplot' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("thing", [None, "Forest", 3.0, [1]])
def test_what_is_not_a_picture_is_refused(thing: object) -> None:
    with pytest.raises(InvalidArgument, match="takes a picture"):
        draw(thing)  # type: ignore[arg-type]
