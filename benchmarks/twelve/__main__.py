"""Run the study: ``python -m benchmarks.twelve [--cohorts N] [--trial]``; prints a table, writes two.

On each of the twenty committed seeds (or, with ``--trial``, on seeds for development) seven ways of screening
name causes among the same 26 candidates of the same 20,000 patients. A line a cohort and method goes to
``twelve-risks-cohorts.csv``, the summary and the reasons to files beside it.
"""

from __future__ import annotations

import argparse
from collections import Counter
from pathlib import Path

import pandas as pd

from benchmarks.twelve.seeds import STUDY_SEEDS, TRIAL_SEEDS
from benchmarks.twelve.study import METHODS, answers
from causalmed.datasets.postop_constants import CAUSES

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "methods"


def main() -> None:
    """Run every cohort, print each, and write the tables as they grow."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--cohorts", type=int, default=len(STUDY_SEEDS))
    arguments.add_argument("--trial", action="store_true")
    arguments.add_argument("--folder", type=Path, default=FOLDER)
    given = arguments.parse_args()
    rows: list[dict[str, object]] = []
    why: Counter[tuple[str, str]] = Counter()
    for seed in (TRIAL_SEEDS if given.trial else STUDY_SEEDS)[: given.cohorts]:
        for answer, reasons in answers(seed):
            rows.append(answer.row())
            why.update(reasons.items())
            print(
                f"{seed} {answer.method:<38} {answer.hits:>2} of {len(CAUSES)}, false: "
                f"{', '.join(answer.false) or 'none'} ({answer.seconds:.0f} s)",
                flush=True,
            )
        write(given.folder, rows, why)
    print(summary(pd.DataFrame(rows)).to_string(index=False))
    print(reasons_table(why).to_string(index=False))


def write(folder: Path, rows: list[dict[str, object]], why: Counter[tuple[str, str]]) -> None:
    """Write what is known so far."""
    cohorts = pd.DataFrame(rows)
    cohorts.to_csv(folder / "twelve-risks-cohorts.csv", index=False)
    summary(cohorts).to_csv(folder / "twelve-risks.csv", index=False)
    reasons_table(why).to_csv(folder / "twelve-risks-reasons.csv", index=False)


def summary(cohorts: pd.DataFrame) -> pd.DataFrame:
    """Return a line a method: hits, false names, and in how many cohorts each aim was met."""
    lines = []
    for method in METHODS:
        part = cohorts[cohorts["method"] == method]
        hits, false = part["hits"], part["false"]
        lines.append(
            {
                "method": method,
                "causes named, mean (least)": f"{hits.mean():.1f} ({hits.min()})",
                "false names, mean (most)": f"{false.mean():.1f} ({false.max()})",
                "all 12 and none false": f"{((hits == 12) & (false == 0)).sum()} of {len(part)}",
                "8 or more and at most 1 false": f"{((hits >= 8) & (false <= 1)).sum()} of {len(part)}",
                "CPU seconds": f"{part['seconds'].mean():.0f}",
            }
        )
    return pd.DataFrame(lines)


def reasons_table(why: Counter[tuple[str, str]]) -> pd.DataFrame:
    """Return, for the screen without a graph, how often each candidate was not named, and why."""
    table = pd.DataFrame(
        [{"candidate": name, "why": reason, "cohorts": count} for (name, reason), count in why.items()],
        columns=["candidate", "why", "cohorts"],
    )
    wide = table.pivot_table(index="candidate", columns="why", values="cohorts", fill_value=0, aggfunc="sum")
    wide.insert(0, "cause", ["yes" if name in CAUSES else "no" for name in wide.index])
    return wide.sort_values(["cause"], ascending=False, kind="stable").reset_index()


if __name__ == "__main__":
    main()
