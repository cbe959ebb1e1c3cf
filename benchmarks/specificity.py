"""A specificity of 93 % in hospitals that code and practise differently: stable columns beside all columns.

Run ``python -m benchmarks.specificity [--cohorts N] [--trial] [--out FOLDER]``. The cohorts are those of the
twelve-risks study: 20,000 patients of 24 hospitals each, effects redrawn. Every rule is made in the 21
ordinary hospitals. It is measured in the patients of the three others, who rate more generously, register
otherwise *and* practise otherwise; and its true specificity is taken from very many new patients in three
places: the ordinary hospitals, the same where only the coding changed, and the three others.
``--trial`` uses the seeds on which the study was developed.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy import stats
from sklearn.ensemble import HistGradientBoostingClassifier

from benchmarks.twelve.seeds import STUDY_SEEDS, TRIAL_SEEDS
from causalmed.cohort import Cohort
from causalmed.datasets import RedrawnPostop, redraw_postop
from causalmed.datasets.mechanism import Node
from causalmed.datasets.postop import cohort_options, frame_of
from causalmed.datasets.postop_constants import HOSPITALS, HOSPITALS_APART, OUTCOME_NAME
from causalmed.datasets.simulate import simulate
from causalmed.prediction import RiskModel, Threshold, fit_risk_model, proportion

SPECIFICITY: Final = 0.93
PATIENTS_OF_TRUTH: Final = 25_000
UNLABELLED: Final = 25_000
CODING: Final = ("insurance", "preop_stay_days", "asa_3_plus", "surgeon_risk_rating")
"""What hospitals register and rate; the rest of their habits is what they do."""

GUARANTEED: Final = "stable columns, guaranteed threshold"
ADAPTED: Final = "refitted and adapted to 25,000"
Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What one rule did in one cohort: in the patients at hand, and in very many like them."""

    rule: str
    seed: int
    spared: int
    unalerted: int
    events: int
    alerted: int
    specificity: float
    sensitivity: float
    at_home: float
    coding_changed: float

    @property
    def seen(self) -> tuple[float, float]:
        """Specificity and sensitivity in the patients at hand."""
        return self.unalerted / self.spared, self.alerted / self.events


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One cohort: patients to learn from, patients apart, and very many of both kinds for the truth."""

    seed: int
    learn: Cohort
    apart: Cohort
    unlabelled: Cohort
    truth: Cohort
    home: Cohort
    coding_changed: Cohort


def patients_of(world: RedrawnPostop, count: int, *, block: int, hospitals: Sequence[str]) -> Cohort:
    """Draw other patients of some hospitals, as many of each."""
    frames = []
    for name in hospitals:
        code = float(HOSPITALS.index(name))
        values = simulate(world.nodes, count, seed=world.seed, block=block, do={"hospital": code})
        frames.append(frame_of(values, world.nodes))
        block += 1
    import pandas as pd

    table = pd.concat(frames, ignore_index=True).assign(patient_id=lambda t: np.arange(len(t)))
    return Cohort.from_frame(table, **cohort_options(world.nodes))  # type: ignore[arg-type]


def make(seed: int) -> World:
    world = redraw_postop(seed)
    cohort = world.cohort()
    codes = ", ".join(repr(name) for name in HOSPITALS_APART)
    learn = cohort.where(f"hospital not in ({codes})", reason="ordinary hospitals")
    return World(
        seed=seed,
        learn=learn,
        apart=cohort.where(f"hospital in ({codes})", reason="hospitals apart"),
        unlabelled=patients_of(world, UNLABELLED // 3, block=200, hospitals=HOSPITALS_APART),
        truth=patients_of(world, PATIENTS_OF_TRUTH, block=300, hospitals=HOSPITALS_APART),
        home=at_home(world, world.nodes),
        coding_changed=at_home(world, recoded(world.nodes)),
    )


def recoded(nodes: Sequence[Node]) -> tuple[Node, ...]:
    """Let everybody register and rate as the three hospitals do, on average, and practise as before."""
    return tuple(
        replace(node, intercept=node.intercept + float(np.mean(node.habit.apart)))
        if node.name in CODING and node.habit is not None
        else node
        for node in nodes
    )


def at_home(world: RedrawnPostop, nodes: Sequence[Node]) -> Cohort:
    """Draw 60,000 patients as the cohort is drawn, and keep those of ordinary hospitals."""
    frame = frame_of(simulate(nodes, 60_000, seed=world.seed, block=100), nodes)
    frame = frame[~frame["hospital"].isin(HOSPITALS_APART)]
    return Cohort.from_frame(frame, **cohort_options(world.nodes))  # type: ignore[arg-type]


def rules(world: World) -> Mapping[str, Callable[[], RiskModel]]:
    """Return the rules by name, each made when asked."""
    graph = redraw_postop(world.seed).graph()
    stable = fit_risk_model(world.learn, graph=graph, specificity=SPECIFICITY, seed=1)
    early = [name for tier in ("before", "during") for name in world.learn.tiers[tier]]
    every = [name for name in early if name not in ("hospital", "age_group")]
    learner = HistGradientBoostingClassifier()
    boosted = fit_risk_model(world.learn, features=every, learner=learner, specificity=SPECIFICITY, seed=1)
    return {
        "boosted, every column before the outcome": lambda: boosted,
        "boosted, adapted (assumption broken)": lambda: boosted.adapt(world.unlabelled).model,
        GUARANTEED: lambda: stable,
        "adapted to the patients at hand, for them": lambda: (
            stable.adapt(world.apart, aim="these patients").model
        ),
        "adapted to the patients at hand": lambda: stable.adapt(world.apart).model,
        "refitted and adapted to them": lambda: stable.adapt(world.apart, refit=True).model,
        "adapted to 25,000 patients": lambda: stable.adapt(world.unlabelled).model,
        ADAPTED: lambda: stable.adapt(world.unlabelled, refit=True).model,
        "threshold from outcomes nobody has": lambda: known(stable, world.truth),
    }


def measured(rule: str, model: RiskModel, world: World, risks: Risks) -> Measured:
    cut = model.threshold
    assert cut is not None
    y, alert = world.apart.values(OUTCOME_NAME) == 1, risks(model, world.apart) >= cut
    truth, alarm = world.truth.values(OUTCOME_NAME) == 1, risks(model, world.truth) >= cut
    return Measured(
        rule=rule,
        seed=world.seed,
        spared=int((~y).sum()),
        unalerted=int((~y & ~alert).sum()),
        events=int(y.sum()),
        alerted=int((y & alert).sum()),
        specificity=float((~alarm[~truth]).mean()),
        sensitivity=float(alarm[truth].mean()),
        at_home=spared(world.home, risks(model, world.home) < cut),
        coding_changed=spared(world.coding_changed, risks(model, world.coding_changed) < cut),
    )


def spared(cohort: Cohort, calm: NDArray[np.bool_]) -> float:
    """Share of patients without the outcome who are not alerted."""
    return float(calm[cohort.values(OUTCOME_NAME) == 0].mean())


class Risks:
    """Risks of a model in a cohort, computed once: rules that differ in the threshold share them."""

    def __init__(self) -> None:
        self.known: dict[tuple[int, int], Array] = {}
        self.kept: list[object] = []

    def __call__(self, model: RiskModel, cohort: Cohort) -> Array:
        """Return them, shape (n,)."""
        key = (id(model.predictor), id(cohort))
        if key not in self.known:
            self.known[key] = model.risk(cohort)
            self.kept.append(model.predictor)
        return self.known[key]


def known(model: RiskModel, cohort: Cohort) -> RiskModel:
    """Return the model with the threshold that is exactly right in a cohort: what nobody can know."""
    risk = model.risk(cohort)[cohort.values(OUTCOME_NAME) == 0]
    return replace(model, guarantee=Threshold(value=float(np.quantile(risk, SPECIFICITY))))


def study(seeds: Sequence[int]) -> list[Measured]:
    found: list[Measured] = []
    for seed in seeds:
        world, risks = make(seed), Risks()
        for rule, model in rules(world).items():
            found.append(measured(rule, model(), world, risks))
        print(f"cohort {seed}", file=sys.stderr, flush=True)
    return found


def line(found: list[Measured]) -> dict[str, object]:
    """Return one row of the table: means over cohorts with their intervals, and the worst."""
    seen = np.array([one.seen for one in found])
    below = sum(proportion(one.unalerted, one.spared).high < SPECIFICITY for one in found)
    return {
        "rule": found[0].rule,
        "specificity measured": _mean(seen[:, 0]),
        "cohorts whose interval lies below 93 %": f"{below} of {len(found)}",
        "sensitivity measured": _mean(seen[:, 1]),
        "true: at home": _true([one.at_home for one in found]),
        "true: coding changed": _true([one.coding_changed for one in found]),
        "true: coding and practice changed": _true([one.specificity for one in found]),
        "true sensitivity": f"{100 * np.mean([one.sensitivity for one in found]):.1f}",
    }


def _mean(values: Array) -> str:
    error = values.std(ddof=1) / math.sqrt(len(values)) * stats.t.ppf(0.975, len(values) - 1)
    middle = values.mean()
    return f"{100 * middle:.1f} ({100 * (middle - error):.1f} to {100 * (middle + error):.1f})"


def _true(values: Sequence[float]) -> str:
    """Mean, lowest, and how many cohorts reach what was asked."""
    reached = sum(value >= SPECIFICITY for value in values)
    return f"{100 * np.mean(values):.1f}, lowest {100 * min(values):.1f}; {reached} of {len(values)}"


def gained(found: Sequence[Measured]) -> list[dict[str, object]]:
    """What adapting moved, by where the guaranteed threshold had ended in the hospitals apart."""
    old = {one.seed: one for one in found if one.rule == GUARANTEED}
    new = {one.seed: one for one in found if one.rule == ADAPTED}
    rows: list[dict[str, object]] = []
    for name, low, high in (("below 93 %", 0.0, 0.93), ("93 to 93.5 %", 0.93, 0.935), ("above", 0.935, 1.1)):
        seeds = [seed for seed, one in old.items() if low <= one.specificity < high]
        row: dict[str, object] = {"guaranteed threshold, true specificity": name, "cohorts": len(seeds)}
        for label, field in (("specificity", "specificity"), ("sensitivity", "sensitivity")):
            pairs = [(getattr(old[seed], field), getattr(new[seed], field)) for seed in seeds]
            means = 100 * np.mean(pairs, axis=0) if pairs else (math.nan, math.nan)
            row[f"{label}, guaranteed"], row[f"{label}, adapted"] = (f"{value:.1f}" for value in means)
        rows.append(row)
    return rows


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Specificity of 93 % where hospitals change.")
    parser.add_argument("--cohorts", type=int, default=len(STUDY_SEEDS))
    parser.add_argument("--trial", action="store_true", help="seeds of development")
    parser.add_argument("--out", type=Path, help="folder for the table and for a row a cohort and rule")
    given = parser.parse_args(arguments)
    seeds = (TRIAL_SEEDS if given.trial else STUDY_SEEDS)[: given.cohorts]
    found = study(seeds)
    names = dict.fromkeys(one.rule for one in found)
    table = [line([one for one in found if one.rule == name]) for name in names]
    gains = gained(found)
    show(table)
    show(gains)
    if given.out is not None:
        write(given.out / "guaranteed-specificity.csv", table)
        write(given.out / "guaranteed-specificity-gains.csv", gains)
        write(given.out / "guaranteed-specificity-cohorts.csv", [asdict(one) for one in found])


def show(rows: Sequence[Mapping[str, object]]) -> None:
    print("\n| " + " | ".join(rows[0]) + " |")
    print("|" + " --- |" * len(rows[0]))
    for row in rows:
        print("| " + " | ".join(str(value) for value in row.values()) + " |")


def write(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, fieldnames=list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


if __name__ == "__main__":
    main()
