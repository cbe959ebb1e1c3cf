from __future__ import annotations

import math

import numpy as np
import pytest

from causalmed.errors import InvalidArgument, UnknownNode
from causalmed.results import Interval
from causalmed.results.picture import within
from causalmed.results.pictures import (
    Balance,
    BalanceRow,
    BarRow,
    Bars,
    Calibration,
    DecisionCurve,
    Forest,
    ForestRow,
    GraphArrow,
    GraphNode,
    GraphPicture,
    GroupDots,
    GroupRow,
    IconArray,
    Overlap,
)


def interval(estimate: float) -> Interval:
    return Interval(estimate=estimate, low=estimate - 0.01, high=estimate + 0.01, std_error=0.005)


def test_forest_is_drawn_by_size_and_says_why_there_is_no_estimate() -> None:
    picture = Forest(
        title="t",
        axis_label="per 100",
        per=100,
        rows=(
            ForestRow(label="none", verdict="not identifiable", note="a hidden cause"),
            ForestRow(label="small", interval=interval(0.01)),
            ForestRow(label="large", interval=interval(0.05), crude=0.08, verdict="cause"),
        ),
    )
    assert picture.table()["label"].tolist() == ["large", "small", "none"]
    assert picture.table()["estimate"].tolist()[:2] == pytest.approx([5.0, 1.0])
    assert "large: 5.0 (4.0 to 6.0), crude 8.0, cause." in picture.alt
    assert "none: no estimate, not identifiable: a hidden cause." in picture.alt


def test_bars_refuse_to_be_drawn_without_their_question() -> None:
    row = BarRow(label="a", value=1.0)
    for question in ("", "  "):
        with pytest.raises(InvalidArgument, match="question"):
            Bars(title="t", question=question, rows=(row,), axis_label="points")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Forest(title=" ", rows=(ForestRow(label="a"),), axis_label="u"),
        lambda: Forest(title="t", rows=(ForestRow(label="a"),), axis_label=""),
        lambda: Forest(title="t", rows=(), axis_label="u"),
        lambda: Balance(title="t", rows=()),
        lambda: GroupDots(title="t", rows=(), axis_label="u"),
        lambda: GraphPicture(title="t", nodes=()),
        lambda: IconArray(title="t", before_per_100=101.0),
        lambda: IconArray(title="t", before_per_100=-0.1),
        lambda: IconArray(title="t", before_per_100=math.nan),
        lambda: Overlap(title="t", edges=(0.0, 1.0), exposed=(1, 2), unexposed=(1, 2)),
        lambda: Overlap(title="t", edges=(0.0, 0.5, 1.0), exposed=(1, 2), unexposed=(1,)),
        lambda: DecisionCurve(
            title="t", thresholds=(0.1, 0.2), model=(0.1,), low=(0.1,), high=(0.1,), treat_all=(0.1,)
        ),
        lambda: Calibration(
            title="t", curve_x=(0.1,), curve_y=(0.1, 0.2), band_low=(0.0,), band_high=(0.2,), n=1, events=1
        ),
    ],
)
def test_pictures_that_would_mislead_are_refused(make: object) -> None:
    with pytest.raises(InvalidArgument):
        make()  # type: ignore[operator]


def test_arrows_need_their_boxes() -> None:
    with pytest.raises(UnknownNode, match="infecton"):
        GraphPicture(
            title="t",
            nodes=(GraphNode(name="a"), GraphNode(name="infection")),
            arrows=(GraphArrow(source="a", target="infecton"),),
        )


def test_many_rows_are_left_to_the_table() -> None:
    rows = tuple(BalanceRow(label=f"c{i}", before=0.1 * i, after=0.01) for i in range(20))
    picture = Balance(title="t", rows=rows)
    assert "14 more are in the table." in picture.alt
    assert len(picture.table()) == 20


def test_groups_say_their_state_in_words() -> None:
    picture = GroupDots(
        title="t", axis_label="u", rows=(GroupRow(label="x", state="cannot tell", n=9, events=1),)
    )
    assert "x: not shown, 1 events among 9, cannot tell." in picture.alt


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ((0.034, 0.021, 0.047), "3.4 (2.1 to 4.7)"),
        ((0.013, -0.0005, 0.027), "1.3 (−0.1 to 2.7)"),
        ((0.0, -0.014, 0.014), "0.0 (−1.4 to 1.4)"),
        ((0.72, 0.67, 0.77), "72 (67 to 77)"),
        ((0.0, 0.0, 0.0), "0.0 (0.0 to 0.0)"),
        ((-0.00001, -0.02, 0.02), "0.0 (−2.0 to 2.0)"),
        ((0.01, -math.inf, math.inf), "1.0 (−∞ to ∞)"),
    ],
)
def test_estimate_and_limits_are_written_to_one_place(
    values: tuple[float, float, float], written: str
) -> None:
    assert within(*values, per=100) == written


def test_pictures_are_values() -> None:
    make = lambda: Balance(title="t", rows=(BalanceRow(label="a", before=0.1),))  # noqa: E731
    assert make() == make()
    assert hash(make()) == hash(make())
    with pytest.raises(AttributeError):
        make().title = "u"  # type: ignore[misc]


@pytest.mark.parametrize("seed", range(30))
def test_no_bar_of_a_published_picture_holds_a_few_patients(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bars = int(rng.integers(1, 25))
    one, two = rng.poisson(rng.gamma(0.5, 40, bars)), rng.poisson(rng.gamma(0.3, 20, bars))
    picture = Overlap(
        title="t",
        edges=tuple(np.linspace(0, 1, bars + 1)),
        exposed=tuple(map(float, one)),
        unexposed=tuple(map(float, two)),
    )
    shown = picture.published()
    assert sum(shown.exposed) == one.sum()
    assert sum(shown.unexposed) == two.sum()
    assert set(shown.edges) <= set(picture.edges)
    assert (shown.edges[0], shown.edges[-1]) == (picture.edges[0], picture.edges[-1])
    if all(total == 0 or total >= 11 for total in (one.sum(), two.sum())):
        assert not any(0 < count < 11 for count in (*shown.exposed, *shown.unexposed))
    assert shown.published() == shown


def test_other_pictures_are_published_as_they_are() -> None:
    picture = Balance(title="t", rows=(BalanceRow(label="a", before=0.1),))
    assert picture.published() is picture
