"""What follows the infection: five columns that leak the outcome of ``postop``. Constants only."""

from __future__ import annotations

from typing import Final

from causalmed.datasets.mechanism import Bernoulli, LogNormal, Node, Normal, term

__all__ = ["AFTER"]

AFTER: Final[tuple[Node, ...]] = (
    Node(
        name="crp_day3_mg_l", meaning="C-reactive protein on day 3", unit="mg/l", kind="continuous",
        tier="after",
        law=Normal(sd=52.0, low=1.0, high=600.0), intercept=88.0,
        terms=(
            term(60.0, "infection_30d", source="Warschkow 2012: AUC 0.81; +97 mg/l for a leak"),
            term(18.0, "open_approach", source="assumed"),
            term(10.0, "duration_min", source="assumed: per doubling"),
            term(-20.0, "chronic_steroids", source="assumed"),
        ),
        marginal=(90.0, 125.0), marginal_source="assumed, mean near 105 mg/l",
    ),
    Node(
        name="length_of_stay_days", meaning="nights in hospital after the operation", unit="days",
        kind="count",
        tier="after", law=LogNormal(sd=0.60, low=0.0, high=120.0), intercept=1.46,
        terms=(
            term(0.50, "infection_30d", source="Kirkland 1999: 11 v 6 days"),
            term(0.25, "open_approach", source="assumed"),
            term(0.12, "frailty", source="assumed"),
            term(0.06, "age", source="assumed"),
            term(0.20, "duration_min", source="assumed: per doubling"),
        ),
        marginal=(4.0, 7.0), marginal_source="Kirkland 1999: 6 days without infection",
    ),
    Node(
        name="icu_admission", meaning="intensive care after the operation", kind="binary", tier="after",
        law=Bernoulli(), intercept=-2.9,
        terms=(
            term(0.70, "infection_30d", source="Kirkland 1999: RR 1.6"),
            term(0.50, "frailty", source="assumed"),
            term(0.80, "emergency", source="assumed"),
            term(0.40, "duration_min", source="assumed: per doubling"),
        ),
        marginal=(0.06, 0.12), marginal_source="assumed 9 %",
    ),
    Node(
        name="culture_taken", meaning="wound or blood culture sent", kind="binary", tier="after",
        law=Bernoulli(),
        intercept=-2.7,
        terms=(term(3.5, "infection_30d", source="assumed: two thirds of infections are cultured"),),
        marginal=(0.10, 0.16), marginal_source="assumed 13 %",
    ),
    Node(
        name="antibiotics_postop", meaning="therapeutic antibiotics after day 1", kind="binary", tier="after",
        law=Bernoulli(), intercept=-2.2,
        terms=(
            term(3.6, "infection_30d", source="assumed: four fifths of infections are treated so"),
            term(0.9, "contaminated_wound", source="assumed: continued for peritonitis"),
        ),
        marginal=(0.16, 0.26), marginal_source="assumed 20 %",
    ),
)  # fmt: skip
"""Children of the infection, never to be adjusted for or predicted from."""
