"""The numbers under a picture: units in the header, no empty column, few rows of a curve."""

from __future__ import annotations

from causalmed.reporting.picture_numbers import drawn_numbers
from causalmed.results import Interval
from causalmed.results.pictures import Calibration, Forest, ForestRow, GraphArrow, GraphNode, GraphPicture


def test_numbers_of_a_column_have_the_same_decimals_and_sentences_are_left_to_the_text():
    rows = (
        ForestRow(label="a", interval=Interval(estimate=0.1031, low=-0.004, high=0.2, std_error=0.1)),
        ForestRow(label="b", note="no estimate, because"),
    )
    frame, caption = drawn_numbers(Forest(title="T", rows=rows, axis_label="more of 100", per=100))
    assert frame.columns.tolist() == ["factor", "estimate", "from", "to"]
    assert frame["from"].tolist() == ["−0.40", "–"]
    assert frame["estimate"].tolist() == ["10.3", "–"]
    assert caption == "The numbers drawn: more of 100"


def test_curves_are_told_in_100_at_every_few_points():
    points = tuple(i / 100 for i in range(1, 61))
    picture = Calibration(
        title="T", curve_x=points, curve_y=points, band_low=points, band_high=points, n=900, events=90
    )
    frame, caption = drawn_numbers(picture)
    assert len(frame) == 12
    assert frame.iloc[0].tolist() == ["1.0"] * 4
    assert "every 5th point" in caption


def test_a_graph_without_a_main_path_has_no_column_for_it():
    nodes = (GraphNode(name="a"), GraphNode(name="b"))
    frame, _ = drawn_numbers(
        GraphPicture(title="T", nodes=nodes, arrows=(GraphArrow(source="a", target="b", number=1),))
    )
    assert frame.columns.tolist() == ["from", "arrow", "to", "evidence"]
