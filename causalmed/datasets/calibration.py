"""How the synthetic cohort compares with the official colon-surgery model, term by term and overall."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from causalmed.datasets.nhsn import AGE, COEFFICIENTS, DURATION, Operation, colon_logit
from causalmed.datasets.postop_constants import NODES, OUTCOME_NAME, SEED
from causalmed.datasets.simulate import FloatArray, Values, linear_predictor, simulate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OfficialComparison", "compare_with_official"]

_BINARY: Final = {
    "open": "open_approach",
    "asa_3_plus": "asa_3_plus",
    "contaminated": "contaminated_wound",
    "emergency": "emergency",
    "male": "sex",
}
"""Terms of the official model that the cohort has, and their columns."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialComparison:
    """The cohort's colorectal patients seen through the official model.

    Attributes
    ----------
    terms : pandas.DataFrame
        For each term, the official log odds ratio, the cohort's in the same regression, its standard error.
    fifths : pandas.DataFrame
        Fifths of the official risk: mean official risk of a deep infection, the cohort's risk of any.
    slope : float
        Slope of the cohort's outcome on the official linear predictor; 1 if the official spread is met.
    rank_correlation : float
        Spearman's, between the official risk and the risk by the cohort's own mechanism, frailty included.
    mean_official, mean_cohort : float
        Mean official risk (deep or organ space); the cohort's risk (any surgical site infection).
    patients : int
        Colorectal patients simulated.
    """

    terms: pd.DataFrame
    fifths: pd.DataFrame
    slope: float
    rank_correlation: float
    mean_official: float
    mean_cohort: float
    patients: int


def compare_with_official(*, patients: int = 1_000_000, seed: int = SEED + 1) -> OfficialComparison:
    """Regress the cohort's outcome on the official model's terms among simulated colorectal patients.

    Parameters
    ----------
    patients : int
        Surgical patients simulated, of whom three in ten are colorectal.
    seed : int
        Non-negative.

    Returns
    -------
    OfficialComparison

    Examples
    --------
    >>> comparison = compare_with_official(patients=20_000)
    >>> 0.01 < comparison.mean_official < comparison.mean_cohort < 0.25
    True
    """
    import pandas as pd
    from scipy.stats import spearmanr

    from causalmed.regression import fit_logistic

    values = _colorectal(simulate(NODES, patients, seed=seed))
    outcome = values[OUTCOME_NAME]
    design, official = _design(values)
    own = fit_logistic(np.column_stack([np.ones(len(outcome)), *design.values()]), outcome)
    names = list(design)
    terms = pd.DataFrame(
        {
            "official": official,
            "cohort": own.coefficients[1:],
            "std_error": np.sqrt(np.diag(own.covariance))[1:],
        },
        index=pd.Index(names, name="term"),
    )
    logit = colon_logit(_operations(values))
    shared = fit_logistic(np.column_stack([np.ones(len(outcome)), logit]), outcome)
    risk = 1.0 / (1.0 + np.exp(-logit))
    nodes = {node.name: node for node in NODES}
    mechanism = linear_predictor(nodes[OUTCOME_NAME], values, nodes, len(outcome))
    return OfficialComparison(
        terms=terms,
        fifths=_fifths(risk, outcome),
        slope=float(shared.coefficients[1]),
        rank_correlation=float(spearmanr(risk, mechanism).statistic),
        mean_official=float(risk.mean()),
        mean_cohort=float(outcome.mean()),
        patients=len(outcome),
    )


def _colorectal(values: Values) -> dict[str, FloatArray]:
    levels = next(node.levels for node in NODES if node.name == "procedure")
    chosen = values["procedure"] == levels.index("colorectal")
    return {name: column[chosen] for name, column in values.items()}


def _operations(values: Values) -> Operation:
    binary = {term: values[column] for term, column in _BINARY.items()}
    return Operation(
        age=values["age"], duration_min=values["duration_min"], general_anaesthesia=1.0, **binary
    )


def _design(values: Values) -> tuple[dict[str, FloatArray], list[float]]:
    """Columns of the shared terms, the steps of age and duration as indicators, and official coefficients."""
    design = {term: values[column] for term, column in _BINARY.items()}
    official = [COEFFICIENTS[term] for term in _BINARY]
    for name, steps in (("duration_min", DURATION), ("age", AGE)):
        edges = [*(start for start, _ in steps), np.inf]
        for start, end, (_, height) in zip(edges[:-1], edges[1:], steps, strict=True):
            if height:
                label = f"{name} {start:.0f}+" if end == np.inf else f"{name} {start:.0f}-{end - 1:.0f}"
                design[label] = np.asarray((values[name] >= start) & (values[name] < end), dtype=np.float64)
                official.append(height)
    return design, official


def _fifths(risk: FloatArray, outcome: FloatArray) -> pd.DataFrame:
    import pandas as pd

    fifth = np.searchsorted(np.quantile(risk, [0.2, 0.4, 0.6, 0.8]), risk) + 1
    table = pd.DataFrame({"fifth": fifth, "official": risk, "cohort": outcome})
    return table.groupby("fifth").mean()
