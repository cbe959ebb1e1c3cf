"""The verb: where does the gap between groups come from?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from causalmed.arguments import require_instance, require_seed, require_share
from causalmed.cohort import Cohort
from causalmed.engine import Local, fold_of, unit_keys
from causalmed.errors import ColumnNotFound, InvalidArgument, RoleConflict
from causalmed.fairness.decomposition import PARTS, DisparityDecomposition, DisparityPart
from causalmed.fairness.groups import Grouping, groupings
from causalmed.fairness.judging import adjusted, judged
from causalmed.fairness.nuisances import Folds
from causalmed.fairness.pairwise import Found, between
from causalmed.fairness.risks import understood
from causalmed.fairness.specs import DisparityAIPW
from causalmed.fairness.targets import Target, outcome_target, prediction_target
from causalmed.fairness.telling import assumptions
from causalmed.graph import Graph
from causalmed.prediction import refuse_weights
from causalmed.results import Check, Gate, Provenance

__all__ = ["decompose_disparity", "decompose_grouping"]

FEWEST = 11
"""Groups with fewer patients are not decomposed (nor shown outside the notebook)."""


def decompose_disparity(
    cohort: Cohort,
    *,
    graph: Graph,
    protected: str | Mapping[str, Sequence[float] | None] | None = None,
    reference: str | None = None,
    outcome: str | None = None,
    model: object = None,
    estimator: DisparityAIPW | None = None,
    level: float = 0.95,
    seed: int = 0,
    n_jobs: int = 1,
) -> DisparityDecomposition:
    r"""Split a gap between groups into what is direct, what goes through care, what is background.

    .. math:: E[Y \mid x_1] - E[Y \mid x_0] = \underbrace{E[Y_{x_1, W_{x_0}} - Y_{x_0} \mid x_0]}_{direct}
        + \underbrace{E[Y_{x_1} - Y_{x_1, W_{x_0}} \mid x_0]}_{indirect}
        + \underbrace{E[Y_{x_1} \mid x_1] - E[Y_{x_1} \mid x_0]}_{spurious}

    These are Ctf-DE, minus Ctf-IE and minus Ctf-SE of Zhang and Bareinboim (2018, AAAI), written as what each
    adds. Means are doubly robust and cross-fitted with centred influence functions; each part is returned,
    or refused, on its own.

    Parameters
    ----------
    cohort : Cohort
        The patients.
    graph : Graph
        What is assumed. Mediators and background are read from it.
    protected : str or mapping of str to cut points, optional
        One attribute; by default the cohort's, if it has one.
    reference : str, optional
        The group the others are compared with; by default the largest, by count alone.
    outcome : str, optional
        Binary or a number; by default the cohort's.
    model : RiskModel, str, classifier or callable, optional
        As for :func:`audit`: its disparity, and that of outcome minus risk, are split beside
        the outcome's. A model that can be asked needs no assumption for the direct part.
    estimator : DisparityAIPW, optional
        Models of group and outcome, folds, bounds.
    level : float
        Confidence level.
    seed, n_jobs : int
        Of folds and learners; threads, which change no number.

    Returns
    -------
    DisparityDecomposition

    Raises
    ------
    InvalidArgument
        More than one attribute, an unknown reference, unusable settings.
    RoleConflict
        The outcome is the attribute, or neither yes/no nor a number.

    Notes
    -----
    Plečko and Bareinboim (2024), Foundations and Trends in Machine Learning 17:304-589, theorem 4.3. The
    parts depend on the direction: group and reference swapped is another question, about others'
    background and care.

    Examples
    --------
    >>> import pandas as pd
    >>> rng = np.random.default_rng(1)
    >>> age, sex = rng.normal(size=4000), rng.choice(["F", "M"], 4000, p=[0.4, 0.6])
    >>> glucose = 7 + (sex == "F") + rng.normal(size=4000)
    >>> days = 5 + 0.5 * glucose + age + rng.normal(size=4000)
    >>> cohort = Cohort.from_frame(pd.DataFrame({"age": age, "sex": sex, "glucose": glucose, "days": days}))
    >>> graph = Graph.parse("dag { sex -> glucose -> days; sex -> days; age -> days }")
    >>> found = decompose_disparity(cohort, graph=graph, protected="sex", outcome="days")
    >>> print(found.part("indirect").interval)
    0.45 (95 % CI 0.38 to 0.52)
    """
    _check(cohort, graph, level=level, seed=seed)
    grouping = _grouping(cohort, protected)
    return decompose_grouping(
        replace(grouping, reference=_reference(grouping, reference)),
        cohort,
        graph=graph,
        outcome=_outcome(cohort, outcome, grouping.attribute),
        model=model,
        estimator=estimator,
        level=level,
        seed=seed,
        n_jobs=n_jobs,
    )


def decompose_grouping(
    grouping: Grouping,
    cohort: Cohort,
    *,
    graph: Graph,
    outcome: str,
    model: object = None,
    estimator: DisparityAIPW | None = None,
    level: float = 0.95,
    seed: int = 0,
    n_jobs: int = 1,
) -> DisparityDecomposition:
    """Split the gaps of patients who are already divided; see :func:`decompose_disparity`."""
    spec, named, at = DisparityAIPW() if estimator is None else estimator, outcome, grouping.reference
    require_instance("estimator", spec, DisparityAIPW, how="DisparityAIPW(folds=5)")
    targets = [outcome_target(cohort, graph, grouping, named)]
    asked = None if model is None else understood(model, cohort, named)
    if asked is not None:
        targets.append(prediction_target(cohort, graph, grouping, named, asked))
    pairs = [_Pair(cohort, grouping, code, at, targets) for code in range(len(grouping.groups)) if code != at]
    solved = [pair.solve(spec, seed=seed, level=level, n_jobs=n_jobs) for pair in pairs]
    paths = {one.of: one.pathways for one in targets}
    return DisparityDecomposition(
        attribute=grouping.attribute,
        outcome=named,
        model="" if asked is None else asked if isinstance(asked, str) else asked.predictor.describes,
        binary=targets[0].kind == "binary",
        parts=adjusted([part for parts, _ in solved for part in parts]),
        pathways=paths,
        assumptions=assumptions(grouping.attribute, named, paths["outcome"]),
        n=cohort.n,
        clusters=cohort.clusters or None,
        diagnostics=Gate(checks=tuple(check for _, checks in solved for check in checks)),
        provenance=Provenance.collect(
            data_fingerprint=cohort.fingerprint,
            spec=f"decompose_disparity(protected={grouping.attribute!r}, estimator={spec!r})",
            seed=seed,
        ),
    )


class _Pair:
    """Two groups, and what is estimated between them."""

    def __init__(
        self, cohort: Cohort, grouping: Grouping, code: int, at: int, targets: Sequence[Target]
    ) -> None:
        rows = np.isin(grouping.codes, (code, at))
        self.names = grouping.groups[code], grouping.groups[at]
        self.targets = [one.take(rows) for one in targets]
        self.group: NDArray[np.bool_] = grouping.codes[rows] == code
        self.small = min(self.group.sum(), (~self.group).sum()) < FEWEST
        self.cohort = cohort if self.small or rows.all() else cohort.take(rows)
        self.cluster = None if self.small else self.cohort.cluster_codes

    def solve(
        self, spec: DisparityAIPW, *, seed: int, level: float, n_jobs: int
    ) -> tuple[list[DisparityPart], list[Check]]:
        """Estimate the parts of every target, and of outcome minus prediction."""
        if self.small:
            return self._refused(), []
        keys = self.cohort.unit_keys
        if self.cluster is not None:
            keys = unit_keys(np.array(self.cohort.cluster_levels)[self.cluster])
        fold = fold_of(keys, folds=spec.folds, seed=seed)
        split = Folds(fold=fold, count=spec.folds, seed=seed, executor=Local(n_jobs=n_jobs))
        who = " against ".join(self.names)
        found = {
            one.of: between(one, self.cohort, self.group, spec=spec, folds=split, who=who)
            for one in self.targets
        }
        if len(found) == 2:
            found["residual"] = _residual(*found.values())
        group, reference = self.names
        parts = [
            part
            for of, one in found.items()
            for part in judged(
                one, of=of, group=group, reference=reference, cluster=self.cluster, level=level
            )
        ]
        return parts, [check for one in found.values() for check in one.checks]

    def _refused(self) -> list[DisparityPart]:
        why = f"not reported: fewer than {FEWEST} patients in a group"
        return [
            DisparityPart(of=one.of, group=self.names[0], reference=self.names[1], part=part, why=why)
            for one in self.targets
            for part in PARTS
        ]


def _residual(outcome: Found, prediction: Found) -> Found:
    """Return outcome minus prediction, part by part, from the difference of the influences."""
    parts = {}
    for name in ("total", "direct", "indirect", "spurious"):
        one, other = outcome.parts[name], prediction.parts[name]
        parts[name] = None if one is None or other is None else one - other
    why = {name: outcome.why[name] or prediction.why[name] for name in outcome.why}
    return Found(parts=parts, why=why, checks=())


def _check(cohort: Cohort, graph: Graph, *, level: float, seed: int) -> None:
    require_instance("cohort", cohort, Cohort, how="Cohort.from_frame(frame, …)")
    require_instance("graph", graph, Graph, how="Graph.parse(text)")
    require_share("level", level, example=0.95)
    require_seed(seed)
    refuse_weights(cohort, "decompose_disparity()")


def _grouping(cohort: Cohort, protected: str | Mapping[str, Sequence[float] | None] | None) -> Grouping:
    found = groupings(cohort, protected)
    if len(found) != 1:
        raise InvalidArgument(
            f"protected= names {len(found)} attributes; a gap is split for one at a time. Name one of them."
        )
    return found[0]


def _outcome(cohort: Cohort, outcome: str | None, attribute: str) -> str:
    named = cohort.outcome if outcome is None else outcome
    if named is None:
        raise InvalidArgument("No outcome is named: give outcome=, or name it in the cohort.")
    if named not in cohort:
        raise ColumnNotFound.among([named], list(cohort.names), where="outcome=")
    if named == attribute:
        raise RoleConflict(f"{named!r} is both the outcome and the attribute that divides the groups.")
    if cohort.column(named).kind not in ("binary", "continuous", "count"):
        raise RoleConflict(
            f"The outcome {named!r} is {cohort.column(named).kind}: a gap is a difference of means. Derive a "
            "column that is a number, or 1 for the event of interest, else 0."
        )
    return named


def _reference(grouping: Grouping, reference: str | None) -> int:
    if reference is None:
        return grouping.reference
    if reference not in grouping.groups:
        raise InvalidArgument.option("reference", reference, grouping.groups)
    return grouping.groups.index(reference)
