"""Effects that differ between patients: every estimator beside econml and DoubleML on IHDP and ACIC 2016.

Run ``python -m benchmarks.heterogeneity``. Covariates and exposures are those of the files; the noise of the
outcomes (standard deviation 1 in both) is drawn anew, so that bias and coverage can be counted. The truth is
the mean of mu1 - mu0 over the patients of the file; root PEHE is the root mean squared error of the effects
of single patients. Tables are read from tests/data, or from the folder CAUSALMED_DATA.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from causalmed import AIPW, IPW, TMLE, CausalForest, Cohort, DoubleML, Estimand, GComputation, Logistic
from causalmed.estimation import EconML, Matching, estimate
from causalmed.results import Effect

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = (ROOT / "tests" / "data", Path(os.environ.get("CAUSALMED_DATA", ROOT.parent / "shared" / "data")))


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One data set: covariates, exposure and the mean outcomes under both exposures."""

    family: str
    covariates: pd.DataFrame
    exposed: np.ndarray
    mu0: np.ndarray
    mu1: np.ndarray

    @property
    def effects(self) -> np.ndarray:
        """Effect of each patient."""
        return self.mu1 - self.mu0

    def draw(self, rng: np.random.Generator) -> pd.DataFrame:
        """Return the table with freshly drawn outcomes."""
        mean = np.where(self.exposed == 1, self.mu1, self.mu0)
        return self.covariates.assign(z=self.exposed, y=mean + rng.normal(size=len(mean)))


@dataclass(slots=True, kw_only=True)
class Tally:
    """What an estimator did over the draws."""

    errors: list[float] = field(default_factory=list)
    covered: int = 0
    pehe: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    refused: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Estimate, limits and, where there are any, the effects of single patients."""

    estimate: float
    low: float
    high: float
    each: np.ndarray | None = None


def find(name: str) -> Path:
    """Return the path of a table."""
    names = (f"{name}.gz", name)
    return next(path for folder in FOLDERS for path in (folder / one for one in names) if path.exists())


def worlds() -> Iterator[World]:
    """Yield the five data sets."""
    for k in (1, 2):
        raw = pd.read_csv(find(f"ihdp_npci_{k}.csv"), header=None).to_numpy()
        names = [f"x{at}" for at in range(1, raw.shape[1] - 4)]
        covariates = pd.DataFrame(raw[:, 5:], columns=names)
        yield World(
            family="IHDP", covariates=covariates, exposed=raw[:, 0].astype(int), mu0=raw[:, 3], mu1=raw[:, 4]
        )
    X = pd.read_csv(find("acic2016_x.csv"))
    for k in (1, 2, 3):
        made = pd.read_csv(find(f"acic2016_zymu_{k}.csv"))
        yield World(
            family="ACIC 2016",
            covariates=X,
            exposed=made.z.to_numpy(),
            mu0=made.mu0.to_numpy(),
            mu1=made.mu1.to_numpy(),
        )


def trees() -> tuple[Any, Any]:
    """Return boosted trees for the exposure and for the outcome."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    how = {"learning_rate": 0.05, "max_iter": 150, "max_leaf_nodes": 8, "early_stopping": False}
    return HistGradientBoostingClassifier(**how, random_state=0), HistGradientBoostingRegressor(
        **how, random_state=0
    )


def specs() -> dict[str, Any]:
    """Return our estimators and econml's, by the name in the table."""
    firth, (e, m) = Logistic(firth=True), trees()
    both = {"propensity": e, "outcome": m, "trim": 0.01}
    return {
        "`GComputation()`": GComputation(),
        "`IPW` (Firth)": IPW(propensity=firth, trim=0.01),
        "`AIPW` (Firth, linear)": AIPW(propensity=firth, trim=0.01),
        "`TMLE` (Firth, linear)": TMLE(propensity=firth, trim=0.01),
        "`Matching` (Firth)": Matching(propensity=firth),
        "`AIPW` (trees)": AIPW(**both),
        "`TMLE` (trees)": TMLE(**both),
        "`DoubleML` partially linear (trees)": DoubleML(propensity=e, outcome=m),
        "`DoubleML` interactive (trees)": DoubleML(model="interactive", **both),
        "`CausalForest` (trees)": CausalForest(**both),
        **_of_econml(e, m),
    }


def _of_econml(e: Any, m: Any) -> dict[str, Any]:
    from econml.dml import CausalForestDML
    from econml.dr import LinearDRLearner

    linear = LinearDRLearner(model_propensity=e, model_regression=m, min_propensity=0.01, cv=5)
    forest = CausalForestDML(model_y=m, model_t=e, discrete_treatment=True, n_estimators=500, cv=5)
    return {
        "econml `LinearDRLearner` (trees)": EconML(linear),
        "econml `CausalForestDML` (trees)": EconML(forest),
    }


def by_spec(spec: Any) -> Callable[[pd.DataFrame, int], Answer]:
    """Return a function that answers with an estimator of causalmed."""

    def run(frame: pd.DataFrame, seed: int) -> Answer:
        names = [name for name in frame if name not in ("z", "y")]
        question = Estimand.given(exposure="z", outcome="y", adjustment_set=names)
        effect: Effect = estimate(question, Cohort.from_frame(frame), spec, seed=seed)
        found, each = effect.difference, effect.conditional
        return Answer(
            estimate=found.estimate,
            low=found.low,
            high=found.high,
            each=None if each is None else each.estimate,
        )

    return run


def by_doubleml(frame: pd.DataFrame, seed: int) -> Answer:
    """Answer with the interactive model of the DoubleML package."""
    import doubleml
    from sklearn.model_selection import KFold

    e, m = trees()
    coded = pd.get_dummies(frame, drop_first=True, dtype=float)
    data = doubleml.DoubleMLData(coded, y_col="y", d_cols="z")
    model = doubleml.DoubleMLIRM(data, ml_g=m, ml_m=e, n_folds=5)
    model.set_sample_splitting([list(KFold(5, shuffle=True, random_state=seed).split(coded))])
    model.fit()
    low, high = model.confint(level=0.95).to_numpy()[0]
    return Answer(estimate=float(model.coef[0]), low=float(low), high=float(high))


def crude(frame: pd.DataFrame, seed: int) -> Answer:
    """Answer without adjustment."""
    arms = [frame.y[frame.z == arm] for arm in (1, 0)]
    value = arms[0].mean() - arms[1].mean()
    error = np.sqrt(sum(arm.var() / len(arm) for arm in arms))
    return Answer(estimate=value, low=value - 1.96 * error, high=value + 1.96 * error)


def tally(run: Callable[[pd.DataFrame, int], Answer], world: World, draws: int, into: Tally) -> None:
    """Let an estimator answer some draws of a data set."""
    truth = float(world.effects.mean())
    for draw in range(draws):
        frame = world.draw(np.random.default_rng(1000 + draw))
        begin = time.process_time()
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                answer = run(frame, draw)
        except Exception as error:
            print(f"  refused: {type(error).__name__}: {error!s:.150}", flush=True)
            into.refused += 1
            continue
        into.seconds.append(time.process_time() - begin)
        into.errors.append(answer.estimate - truth)
        into.covered += answer.low <= truth <= answer.high
        if answer.each is not None:
            into.pehe.append(float(np.sqrt(np.mean((answer.each - world.effects) ** 2))))


def line(name: str, tallies: dict[str, Tally], families: list[str]) -> str:
    """Return a row of the table."""
    cells = [name]
    for family in families:
        one = tallies[family]
        if not one.errors:
            cells += ["not installed" if one.refused < 0 else "refused", "", "", "", ""]
            continue
        errors = np.array(one.errors)
        refused = f" ({one.refused} refused)" if one.refused else ""
        pehe = f"{np.mean(one.pehe):.2f}" if one.pehe else "–"
        cells += [
            f"{errors.mean():+.3f}",
            f"{np.sqrt(np.mean(errors**2)):.3f}",
            f"{one.covered} of {len(errors)}{refused}",
            pehe,
            f"{np.mean(one.seconds):.2f}",
        ]
    return "| " + " | ".join(cells) + " |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--ihdp", type=int, default=10, help="draws of each IHDP data set")
    parser.add_argument("--acic", type=int, default=3, help="draws of each ACIC data set")
    asked = parser.parse_args()
    draws = {"IHDP": asked.ihdp, "ACIC 2016": asked.acic}
    runs: dict[str, Callable[[pd.DataFrame, int], Answer]] = {"no adjustment": crude}
    runs |= {name: by_spec(spec) for name, spec in specs().items()}
    runs["DoubleML `IRM` (trees)"] = by_doubleml
    sets, rows = list(worlds()), []
    for name, run in runs.items():
        print(name, flush=True)
        tallies = {family: Tally() for family in draws}
        absent = run is by_doubleml and not _installed("doubleml")
        for world in sets:
            if absent:
                tallies[world.family].refused = -1
            else:
                tally(run, world, draws[world.family], tallies[world.family])
        rows.append(line(name, tallies, list(draws)))
        print(rows[-1], flush=True)
    heads = ["bias", "RMSE", "covered", "root PEHE", "CPU s"]
    print("\n| estimator | " + " | ".join(f"{family}: {head}" for family in draws for head in heads) + " |")
    print("| --- |" + " --- |" * len(heads) * len(draws))
    print("\n".join(rows))
    packages = ("causalmed", "econml", "doubleml", "scikit-learn", "numpy")
    print("\n" + ", ".join(f"{one} {importlib.metadata.version(one)}" for one in packages if _installed(one)))


def _installed(package: str) -> bool:
    try:
        importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


if __name__ == "__main__":
    main()
