"""What is usually done with such a table; each returns the candidates that it names."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

import numpy as np
import pandas as pd

ALPHA = 0.01
TOP = 12


def univariate(frame: pd.DataFrame, candidates: Sequence[str], outcome: str) -> list[str]:
    """Name candidates whose two-by-two table rejects independence after Holm."""
    from scipy.stats import chi2_contingency

    tables = [pd.crosstab(frame[name], frame[outcome]) for name in candidates]
    return holm(candidates, [chi2_contingency(table, correction=False).pvalue for table in tables])


def multivariable(frame: pd.DataFrame, candidates: Sequence[str], outcome: str) -> list[str]:
    """Name candidates whose Wald test in one logistic regression on every column rejects after Holm."""
    import statsmodels.api as sm

    design = sm.add_constant(encoded(frame, outcome))
    fit = sm.Logit(frame[outcome].to_numpy(float), design).fit(disp=0)
    return holm(candidates, [float(fit.pvalues[name]) for name in candidates])


def lasso(frame: pd.DataFrame, candidates: Sequence[str], outcome: str) -> list[str]:
    """Name candidates with a coefficient other than zero in a cross-validated lasso."""
    from sklearn.linear_model import LogisticRegressionCV

    design = standardised(encoded(frame, outcome))
    model = LogisticRegressionCV(
        Cs=10, cv=5, l1_ratios=(1.0,), solver="liblinear", scoring="neg_log_loss", random_state=0,
        use_legacy_attributes=False,
    )  # fmt: skip
    model.fit(design, frame[outcome])
    kept = dict(zip(design.columns, np.ravel(model.coef_), strict=True))
    return [name for name in candidates if kept[name] != 0.0]


def shap_tops(frame: pd.DataFrame, candidates: Sequence[str], outcome: str) -> tuple[list[str], list[str]]:
    """Name the candidates among the twelve columns of largest mean SHAP size, and the twelve largest ones."""
    size = shap_sizes(frame, outcome)
    columns = sorted(size, key=lambda name: -size[name])[:TOP]
    return (
        [name for name in candidates if name in columns],
        sorted(candidates, key=lambda name: -size[name])[:TOP],
    )


def shap_sizes(frame: pd.DataFrame, outcome: str) -> dict[str, float]:
    """Return the mean absolute SHAP value of each column in a boosted model, over 2,000 of the patients."""
    import lightgbm
    import shap

    design = encoded(frame, outcome)
    model = lightgbm.LGBMClassifier(
        n_estimators=200, learning_rate=0.05, num_leaves=31, random_state=0, n_jobs=1, verbose=-1
    )
    model.fit(design, frame[outcome])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on the shape of the answer
        values = np.asarray(shap.TreeExplainer(model).shap_values(design.iloc[:2_000]))
    return dict(zip(design.columns, np.abs(values).mean(axis=0).tolist(), strict=True))


def holm(names: Sequence[str], values: Sequence[float]) -> list[str]:
    """Return the names that Holm's step-down procedure rejects at ALPHA."""
    order = np.argsort(values)
    rejected = []
    for step, place in enumerate(order):
        if values[place] > ALPHA / (len(names) - step):
            break
        rejected.append(names[place])
    return rejected


def encoded(frame: pd.DataFrame, outcome: str) -> pd.DataFrame:
    """Return every column but the outcome as numbers: indicators of all levels but the first."""
    columns: dict[str, pd.Series] = {}
    for name in frame.columns.drop(outcome):
        values = frame[name]
        if pd.api.types.is_numeric_dtype(values):
            columns[name] = values.astype(float)
            continue
        levels = sorted(values.unique())
        plain = len(levels) == 2
        for level in levels[1:]:
            columns[name if plain else f"{name}={level}"] = (values == level).astype(float)
    return pd.DataFrame(columns)


def standardised(design: pd.DataFrame) -> pd.DataFrame:
    """Return columns with mean 0 and standard deviation 1."""
    return (design - design.mean()) / design.std()
