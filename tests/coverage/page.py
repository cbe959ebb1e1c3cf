"""The page of the coverage cards, from the stored table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tests.coverage.designs import Design

Row = dict[str, str]

HEAD = """# Coverage cards

**The question.** If a study like this were done again and again, how often would the 95 % interval hold the
truth, and would the estimates centre on it?

Each line is one estimator with its default options under one design. Every cohort is drawn from a known
model with two confounders and an exposure whose odds ratio is 1.6; the truth is computed from a million
draws. With hospitals, both the exposure and the outcome differ between them (standard deviation of the log
odds 0.4). *Prevalence* is that of the outcome.

- *Refused*: cohorts in a thousand for which the estimator raised instead of answering.
- *Withheld*: answers in a thousand whose [gate](diagnostics.md) failed, so that they are not shown by
  default. They are part of the bias and the coverage all the same.
- *Bias*: mean error in risks per 1,000 patients, with what the number of cohorts leaves uncertain.
- *Error*: the average standard error that was printed over the real spread of the estimates. 1 is right,
  below 1 is too confident.
- *Coverage*: how often the interval held the true risk difference (RD), risk ratio (RR) and odds ratio (OR),
  the last two with limits made on the logarithm. **▼** marks coverage that is below 95 % beyond chance
  (three standard errors: below {low_full} with 4,000 cohorts, below {low_few} with 1,000).

## How it was checked

`python -m tests.coverage.cards` made this page, seed {seed}: {done} of the {designs} designs of the grid
(prevalence 2, 8, 30 %; 500, 2,000, 20,000 patients; 0, 12, 60 hospitals; each model wrong in turn; the
exposure by patient and by hospital). The
command goes on where it stopped. The numbers stand in `tests/coverage/cards.csv`.
Versions: {made_with}.
All designs of one size use the same random numbers, so that chance moves them together.

A short version runs with every test, a longer one with `make slow`; both hold the coverage against binomial
bounds, and the same check rejects intervals that ignore the hospitals. The simulation shares fitted models
between estimators; a test holds its answers against `estimate`, bit for bit.

Where a model is wrong on purpose, the square of a confounder is left out of it. The estimator that rests on
that model alone may then be biased (*expected*); the doubly robust ones need one of the two. For AIPW and
TMLE that holds for the estimate: their standard error takes both models to be right. The standard error of
IPWRA is right if either is.
"""

SECTIONS: tuple[tuple[str, Callable[[Row], bool]], ...] = (
    ("Independent patients", lambda r: r["hospitals"] == "0" and not r["wrong"]),
    ("Patients in hospitals", lambda r: r["hospitals"] != "0" and not r["wrong"]),
    ("One model wrong", lambda r: bool(r["wrong"])),
)
RESTS_ON = {"propensity": "IPW", "outcome": "GComputation"}
"""Who rests on the wrong model alone."""


def page(rows: Sequence[Row], *, designs: int) -> str:
    """The whole page in Markdown."""
    names = {design_of(row).name for row in rows}
    head = HEAD.format(
        low_full=percent(lowest(4000)),
        low_few=percent(lowest(1000)),
        seed=rows[0]["seed"],
        made_with="; ".join(sorted({row["made_with"] for row in rows})),
        done=len(names),
        designs=designs,
    )
    parts = [head, regular(rows), below(rows)]
    for title, belongs in SECTIONS:
        chosen = [row for row in rows if belongs(row)]
        if chosen:
            parts.append(f"## {title}\n\n{table(chosen)}\n")
    parts.append(LIMITS)
    return "\n".join(parts)


LIMITS = """## Limits

Two confounders, main effects, one odds ratio: a coverage card is an example, not a proof. Machine learners
and the other populations are not simulated here; the other families of estimators have theirs in
`validation()`. Twelve hospitals is few: intervals hold on average, and are wide.
"""


def regular(rows: Sequence[Row]) -> str:
    """Say how coverage does where it is promised."""
    chosen = [row for row in rows if is_regular(row)]
    if not chosen:
        return ""
    names = {design_of(row).name for row in chosen}
    found = [float(row[scale]) for row in chosen for scale in COVERAGES]
    inside = sum(0.935 <= value <= 0.965 for value in found)
    return PROMISE.format(
        designs=len(names),
        inside=inside,
        all=len(found),
        low=percent(min(found)),
        high=percent(max(found)),
    )


PROMISE = """## Where coverage is promised

Regular cells have right models, at least ten events for each number of the outcome model in the rarer arm, a
gate that let 99 % of the answers through, and independent patients or a correction for hospitals. {designs}
designs of those run are regular: {inside} of {all} coverages (RD, RR and OR of each estimator) lie between
93.5 and 96.5 %, all between {low} and {high}.
"""


COVERAGES = ("coverage", "coverage_ratio", "coverage_odds")
PARAMETERS = 4
"""Numbers of the outcome model: intercept, exposure, two confounders."""


def is_regular(row: Row) -> bool:
    """Whether coverage is promised for this design and estimator."""
    design = design_of(row)
    events = 0.35 * design.prevalence * design.n  # in the rarer arm, about
    shown = 1 - (int(row["withheld"]) + int(row["refused"])) / (int(row["draws"]) + int(row["refused"]))
    plain = not design.wrong and design.confounding < 0.9
    return plain and events >= 10 * PARAMETERS and shown >= 0.99


def below(rows: Sequence[Row]) -> str:
    """Say plainly where coverage is too low."""
    low = [row for row in rows if too_low(row)]
    right = [row for row in low if not expected(row)]
    lines = ["## Where coverage falls below 95 %", ""]
    if not right:
        lines.append("Nowhere beyond chance, among the designs where the estimator's own models are right.")
    by_design: dict[str, list[Row]] = {}
    for row in right:
        by_design.setdefault(design_of(row).name, []).append(row)
    for name, members in by_design.items():
        listed = ", ".join(f"{row['estimator']} {percent(float(row['coverage']))}" for row in members)
        shown = thousandths(int(members[-1]["withheld"]), int(members[-1]["draws"]))
        lines.append(f"- **{name}**: {listed}. (Withheld by the gate: {shown} in 1,000.)")
    wrong = [row for row in low if expected(row)]
    if wrong:
        listed = "; ".join(f"{row['estimator']}, {design_of(row).name}" for row in wrong)
        lines += ["", f"As expected, where the one model an estimator rests on is wrong: {listed}."]
    return "\n".join([*lines, ""])


def table(rows: Sequence[Row]) -> str:
    """Rows as a table in Markdown."""
    lines = [
        "| design | estimator | cohorts | refused | withheld | bias (± 1.96 errors) | error | RD | RR | OR |",
        "| --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    before = ""
    for row in rows:
        name, draws, refused = design_of(row).name, int(row["draws"]), int(row["refused"])
        bias, error = 1000 * float(row["bias"]), 1960 * float(row["bias_error"])
        mark = "" if not too_low(row) else " expected" if expected(row) else " **▼**"
        lines.append(
            f"| {name if name != before else ''} | {row['estimator']} | {draws + refused:,} "
            f"| {thousandths(refused, draws + refused)} | {thousandths(int(row['withheld']), draws)} "
            f"| {bias:+.2f} (± {error:.2f}) | {float(row['error_ratio']):.3f} "
            f"| {percent(float(row['coverage']))}{mark} | {percent(float(row['coverage_ratio']))} "
            f"| {percent(float(row['coverage_odds']))} |"
        )
        before = name
    return "\n".join(lines)


def design_of(row: Row) -> Design:
    """The design of a row."""
    return Design(
        prevalence=float(row["prevalence"]),
        n=int(row["n"]),
        hospitals=int(row["hospitals"]),
        wrong=row["wrong"],
        confounding=float(row["confounding"]),
        exposed_by=row["exposed_by"],
    )


def lowest(draws: int) -> float:
    """Coverage below which chance, at three standard errors, is no explanation."""
    return 0.95 - 3 * float(np.sqrt(0.95 * 0.05 / draws))


def too_low(row: Row) -> bool:
    """Whether coverage of the risk difference is below 95 % beyond chance."""
    return float(row["coverage"]) < lowest(int(row["draws"]))


def expected(row: Row) -> bool:
    """Whether the one model that the estimator rests on is wrong."""
    return RESTS_ON.get(row["wrong"]) == row["estimator"]


def thousandths(count: int, of: int) -> str:
    """How many in a thousand."""
    return f"{round(1000 * count / of, 1):g}"


def percent(share: float) -> str:
    """A share in percent."""
    return f"{100 * share:.1f} %"
