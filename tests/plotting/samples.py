"""One picture of every kind, with hostile words in it."""

from __future__ import annotations

from causalmed.results import Interval
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
    Panels,
    Picture,
)

HOSTILE = "<script>alert('x')</script> & \"y\" $a_b$ \x00\x07 ]]> 高い"


def interval(estimate: float, low: float, high: float) -> Interval:
    return Interval(estimate=estimate, low=low, high=high, std_error=(high - low) / 3.92)


def pictures(word: str) -> dict[str, Picture]:
    """Every kind of picture, with ``word`` wherever words can stand."""
    return {
        "Forest": Forest(
            title=word,
            axis_label=word,
            per=100,
            rows=(
                ForestRow(label=word, interval=interval(0.03, 0.01, 0.05), crude=0.06, verdict=word),
                ForestRow(label="none", verdict="not identifiable", note=word),
            ),
        ),
        "IconArray": IconArray(
            title=word,
            before_per_100=12.0,
            before_low=10.0,
            before_high=14.0,
            after_per_100=8.0,
            before_label=word,
            after_label=word,
            event=word,
        ),
        "GraphPicture": GraphPicture(
            title=word,
            tiers=(word, "after"),
            nodes=(
                GraphNode(name="a", words=word, role="exposure"),
                GraphNode(name="b", words="Hidden", latent=True),
                GraphNode(name="y", words="Infection", tier=1, role="outcome"),
            ),
            arrows=(
                GraphArrow(source="a", target="y", number=1, heavy=True),
                GraphArrow(source="b", target="y", number=2),
                GraphArrow(source="a", target="b", kind="<->"),
            ),
        ),
        "Panels": Panels(
            title=word,
            panels=tuple(
                Bars(
                    title=word,
                    question=f"{question} {word}?",
                    rows=(
                        BarRow(label=word, value=3.1, low=2.0, high=4.2, group=word),
                        BarRow(label="b", value=value, group="mediator"),
                    ),
                    axis_label=word,
                    start=5.0,
                    end=9.0,
                )
                for question, value in (("used", -0.2), ("set", float("nan")), ("caused", 0.0))
            ),
            axis_label=word,
            badge=word,
        ),
        "Bars": Bars(
            title=word,
            question=word,
            axis_label=word,
            rows=(BarRow(label=word, value=-2.0, low=-3.0, high=-1.0, group=word),),
        ),
        "Calibration": Calibration(
            title=word,
            curve_x=(0.0, 0.1, 0.2),
            curve_y=(0.01, 0.09, 0.2),
            band_low=(0.0, 0.07, 0.15),
            band_high=(0.02, 0.11, 0.25),
            edges=(0.0, 0.1, 0.2),
            risks_events=(12, 20),
            risks_nonevents=(200, 70),
            n=302,
            events=32,
            outcome=word,
        ),
        "DecisionCurve": DecisionCurve(
            title=word,
            thresholds=(0.05, 0.1, 0.2),
            model=(0.06, 0.05, 0.02),
            low=(0.05, 0.04, 0.01),
            high=(0.07, 0.06, 0.03),
            treat_all=(0.05, 0.0, -0.1),
            shaded=(0.05, 0.15),
        ),
        "Overlap": Overlap(
            title=word,
            edges=(0.0, 0.5, 1.0),
            exposed=(40, 160),
            unexposed=(220, 80),
            exposed_label=word,
            unexposed_label=word,
            axis_label=word,
        ),
        "Balance": Balance(title=word, rows=(BalanceRow(label=word, before=-0.4, after=0.2),)),
        "GroupDots": GroupDots(
            title=word,
            axis_label=word,
            per=100,
            reference=0.7,
            rows=(
                GroupRow(
                    label=word, attribute=word, interval=interval(0.7, 0.6, 0.8), n=500, events=40, state=word
                ),
                GroupRow(label="b", state="not measured"),
            ),
        ),
    }
