"""Published intervals of the twelve effects, as ratios of odds or of risks. Constants only.

The sources in full are in the data card. Where an effect was published as protective (decolonisation, tight
glucose control, laparoscopy), the interval is that of its reciprocal.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

__all__ = ["PUBLISHED", "Published"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """An effect as published.

    Parameters
    ----------
    scale : {"odds", "risk"}
        What it is a ratio of.
    low, high : float
        Its limits, above 1.
    source : str
        Who published it.
    """

    scale: Literal["odds", "risk"]
    low: float
    high: float
    source: str


PUBLISHED: Final[dict[str, Published]] = {
    "smoking": Published(scale="odds", low=1.57, high=2.04, source="Sørensen 2012"),
    "obesity": Published(scale="odds", low=1.39, high=1.63, source="colorectal, Gurunathan 2017"),
    "diabetes": Published(scale="odds", low=1.11, high=2.12, source="Martin 2016, prediction interval"),
    "staph_aureus_carriage": Published(
        scale="risk", low=1 / 0.59, high=1 / 0.42, source="decolonisation trials, pooled to Bode 2010"
    ),
    "anaemia": Published(scale="odds", low=1.17, high=3.18, source="Fowler 2015"),
    "hypoalbuminaemia": Published(scale="risk", low=1.57, high=3.64, source="Yuwen 2017"),
    "open_approach": Published(scale="risk", low=1 / 0.90, high=1 / 0.64, source="trials, Kulkarni 2020"),
    "razor_hair_removal": Published(scale="risk", low=1.15, high=3.80, source="Tanner 2011"),
    "late_prophylaxis": Published(scale="odds", low=1.05, high=3.40, source="de Jonge 2017"),
    "contaminated_wound": Published(scale="risk", low=1.52, high=4.61, source="wound class above 2"),
    "loose_glucose_control": Published(
        scale="odds", low=1 / 0.64, high=1 / 0.29, source="trials, de Vries 2017"
    ),
    "hypothermia": Published(scale="odds", low=1.14, high=2.23, source="trials, Bu 2019"),
}
"""The twelve causes and the limits of each."""
