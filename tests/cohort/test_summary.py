from __future__ import annotations

import pandas as pd
import pytest

from causalmed.cohort import Cohort, FollowUp
from tests.cohort.frames import surgical


def test_everything_inferred_is_shown() -> None:
    cohort = Cohort.from_frame(
        surgical(),
        unit="patient_id",
        outcome="infected",
        cluster="hospital",
        protected=("sex",),
        kinds={"wound": ("clean", "contaminated", "dirty")},
        tiers={"before": ["age"], "during": ["wound"]},
    ).where("age >= 30", reason="30 or older")
    text = " ".join(cohort.summary().split())
    for words in (
        f"Cohort of {cohort.n} patients, 10 columns",
        "outcome infected = 1 in",
        "cluster hospital (3 levels)",
        "protected sex",
        "tier 1 before: age",
        "sex binary two levels 0 = F, 1 = M",
        "wound ordinal stated clean < contaminated < dirty",
        "diabetes binary true/false",
        "60 rows in the table",
        f"{cohort.n} left of 60 ({60 - cohort.n} left out): 30 or older",
        cohort.fingerprint[:16],
    ):
        assert words in text, words
    assert repr(cohort).startswith(f"Cohort(n={cohort.n}, outcome='infected'")


@pytest.mark.parametrize("length", [1, 30, 200])
def test_it_fits_a_page_whatever_the_names(length: int) -> None:
    frame = pd.DataFrame(
        {
            "days" + "x" * length: [1.5, 2.5, 3.5],
            "code" + "y" * length: [0, 1, 2],
            "words" * length: ["a" * length, "b" * length, "c"],
            "line\nbreak\t|": ["a\nb", "c", "d"],
        }
    )
    spec = FollowUp("days" + "x" * length, "code" + "y" * length)
    cohort = Cohort.from_frame(frame, follow_up=spec, tiers={"t" * length: ["words" * length]})
    cohort = cohort.take([0, 1], reason="r" * 40 * length)
    lines = cohort.summary().splitlines()
    assert max(map(len, lines)) <= 80
    assert sum("line break |" in line for line in lines) == 1


def test_html_trusts_nothing_from_the_data() -> None:
    frame = pd.DataFrame({"<script>alert(1)</script>": ["<b>", "</table>", "c"], "x": [1.5, 2.5, 3.5]})
    cohort = Cohort.from_frame(frame).where("x > 2", reason="<img src=x>")
    html = cohort._repr_html_()
    for tag in ("<script", "<b>", "<img"):
        assert tag not in html
    assert html.count("</table>") == 1
    assert "&lt;script&gt;" in html
    assert cohort.column("<script>alert(1)</script>").levels == ("</table>", "<b>", "c")
