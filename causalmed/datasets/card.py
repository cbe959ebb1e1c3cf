"""The tables of the data card of ``postop``, computed; its words are written by hand around them.

In the card a table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING, Final

from causalmed.datasets.mechanism import Bernoulli, Node, Normal
from causalmed.datasets.postop_constants import CAUSES, HOSPITALS_APART, NODES, OUTCOME_NAME

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.datasets.calibration import OfficialComparison

__all__ = ["TABLES", "write_tables"]

_BLOCK: Final = re.compile(r"(<!-- table: (?P<name>\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def write_tables(card: str) -> str:
    r"""Put the current tables into the text of the card.

    Parameters
    ----------
    card : str
        Markdown with the marks.

    Returns
    -------
    str
        The same words with the tables anew.

    Examples
    --------
    >>> print(write_tables("<!-- table: hospitals -->\nold\n<!-- end -->")[:70])
    <!-- table: hospitals -->
    | column | ordinary hospitals | held apart |
    """
    return _BLOCK.sub(lambda match: f"{match[1]}{TABLES[match['name']]()}\n{match[3]}", card)


def columns_table() -> str:
    """Every column: meaning, unit, kind, tier, what it follows from, its marginal beside the evidence."""
    frame = _shipped()
    rows = [
        ("`patient_id`", "number of the patient, 1 to 20,000", "", "identifier", "", "", "", ""),
        (
            "`age_group`",
            "age in the groups of the official model",
            "",
            "ordinal",
            "before",
            "a label of `age`",
            "",
            "",
        ),
    ]
    for node in NODES:
        if not node.latent:
            causes = ", ".join(f"`{name}`" for name in node.parents if name != "frailty")
            causes += (", " if causes else "") + "frailty" if "frailty" in node.parents else ""
            rows.append(
                (f"`{node.name}`", node.meaning, node.unit, _kind(node), node.tier, causes,
                 _marginal(node, frame[node.name]), _target(node))
            )  # fmt: skip
    head = ("column", "meaning", "unit", "kind", "tier", "follows from", "here", "evidence")
    return _table(head, rows)


def effects_table() -> str:
    """The 12 causes: published, planned, true."""
    from causalmed.datasets.postop_power import power

    truth = _truth()
    rows = []
    for name, plan in CAUSES.items():
        row = truth.loc[name]
        found = power(prevalence=plan.prevalence, odds_ratio=plan.odds_ratio)
        rows.append(
            (f"`{name}`", f"{100 * row['prevalence']:.1f} %", plan.published, f"{plan.odds_ratio:.2f}",
             f"{row['odds_ratio']:.3f}", f"{row['risk_ratio']:.3f}",
             f"{100 * row['risk_difference']:.2f} ± {100 * row['risk_difference_mc_error']:.2f}",
             f"{100 * found:.2f} %")
        )  # fmt: skip
    head = (
        "cause", "exposed", "published", "planned OR", "true OR", "true RR",
        "true risk difference, points (± Monte-Carlo error)", "power",
    )  # fmt: skip
    return _table(head, rows)


def nulls_table() -> str:
    """The 14 candidates without an effect: exposed, crude odds ratio in the shipped table, truth."""
    frame, truth = _shipped(), _truth()
    rows = []
    for node in NODES:
        if node.candidate and node.name not in CAUSES:
            exposed = frame[node.name] == (node.levels[1] if node.levels else 1)
            row = truth.loc[node.name]
            rows.append(
                (f"`{node.name}`", f"{100 * row['prevalence']:.1f} %",
                 f"{_crude_odds_ratio(exposed, frame[OUTCOME_NAME]):.2f}", f"{row['odds_ratio']:.0f}",
                 f"{row['risk_difference']:.0f}")
            )  # fmt: skip
    return _table(
        ("candidate", "exposed", "crude OR, shipped table", "true OR", "true risk difference"), rows
    )


def subgroups_table() -> str:
    """Return the true risk differences where effects differ between patients."""
    from causalmed.datasets.postop_truth import subgroup_effects

    table = subgroup_effects()
    rows = [
        (f"`{exposure}`", f"`{modifier}`",
         f"{100 * row['without']:.1f} ± {100 * row['without_mc_error']:.1f}",
         f"{100 * row['with']:.1f} ± {100 * row['with_mc_error']:.1f}")
        for (exposure, modifier), row in zip(table.index, table.to_dict("records"), strict=True)
    ]  # fmt: skip
    head = ("exposure", "modifier", "risk difference without it, points (± Monte-Carlo error)", "with it")
    return _table(head, rows)


def official_terms_table() -> str:
    """Return the official log odds ratios beside the cohort's."""
    terms = _official().terms
    rows = [
        (str(name), f"{row['official']:.2f}", f"{row['cohort']:.2f} ± {row['std_error']:.2f}")
        for name, row in terms.iterrows()
    ]
    return _table(("term", "official log OR", "cohort log OR (± standard error)"), rows)


def official_fifths_table() -> str:
    """Fifths of official risk, and how the whole compares."""
    comparison = _official()
    rows = [
        (str(fifth), f"{row['official']:.1%}", f"{row['cohort']:.1%}")
        for fifth, row in comparison.fifths.iterrows()
    ]
    rows.append(("all", f"{comparison.mean_official:.1%}", f"{comparison.mean_cohort:.1%}"))
    table = _table(("fifth", "official risk, deep or organ space", "cohort's risk, any"), rows)
    return (
        f"{table}\n\nSlope of the cohort's outcome on the official linear predictor: {comparison.slope:.2f}. "
        f"Rank correlation of the two risks: {comparison.rank_correlation:.2f} "
        f"({comparison.patients:,} simulated colorectal patients)."
    )


def hospitals_table() -> str:
    """What differs in the hospitals held apart."""
    frame = _shipped()
    apart = frame["hospital"].isin(HOSPITALS_APART)
    rows = [("patients", f"{int((~apart).sum()):,}", f"{int(apart.sum()):,}")]
    shown = [node for node in NODES if node.habit] + [node for node in NODES if node.name == OUTCOME_NAME]
    for node in shown:
        column = frame[node.name]
        rows.append((f"`{node.name}`", _marginal(node, column[~apart]), _marginal(node, column[apart])))
    return _table(("column", "ordinary hospitals", "held apart"), rows)


def leakage_table() -> str:
    """How well each column after the outcome tells it."""
    frame = _shipped()
    rows = [
        (f"`{node.name}`", node.meaning, f"{_auc(frame[node.name], frame[OUTCOME_NAME]):.2f}")
        for node in NODES
        if node.tier == "after"
    ]
    return _table(("column", "meaning", "AUC for the infection"), rows)


TABLES: Final[dict[str, Callable[[], str]]] = {
    "columns": columns_table,
    "effects": effects_table,
    "subgroups": subgroups_table,
    "nulls": nulls_table,
    "official_terms": official_terms_table,
    "official_fifths": official_fifths_table,
    "hospitals": hospitals_table,
    "leakage": leakage_table,
}
"""Name of the mark → what computes the table."""


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [tuple(head), tuple("---" for _ in head), *map(tuple, rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _kind(node: Node) -> str:
    marks = [node.kind]
    marks += ["candidate"] if node.candidate else []
    marks += ["unstable"] if node.unstable else []
    return ", ".join(marks)


def _marginal(node: Node, column: pd.Series) -> str:
    if node.levels and node.kind != "binary":
        if node.kind == "categorical" and len(node.levels) > 5:
            return f"{column.nunique()} levels"
        shares = column.astype(str).value_counts(normalize=True).reindex(list(node.levels), fill_value=0.0)
        return ", ".join(f"{level} {100 * share:.0f} %" for level, share in shares.items())
    if isinstance(node.law, Bernoulli):
        label = node.levels[1] if node.levels else 1
        return (
            f"{label} {100 * (column == label).mean():.1f} %"
            if node.levels
            else f"{100 * column.mean():.1f} %"
        )
    if isinstance(node.law, Normal):
        return f"{column.mean():.1f} ± {column.std():.1f}"
    low, middle, high = column.quantile([0.25, 0.5, 0.75])
    return f"median {middle:.0f} ({low:.0f} to {high:.0f}), mean {column.mean():.1f}"


def _target(node: Node) -> str:
    return node.marginal_source or "assumed"


def _crude_odds_ratio(exposed: pd.Series, outcome: pd.Series) -> float:
    first, second = float(outcome[exposed].mean()), float(outcome[~exposed].mean())
    return first / (1.0 - first) * (1.0 - second) / second


def _auc(values: pd.Series, outcome: pd.Series) -> float:
    ranks = values.rank()
    events = int(outcome.sum())
    return float((ranks[outcome == 1].sum() - events * (events + 1) / 2) / (events * (len(outcome) - events)))


@lru_cache(maxsize=1)
def _official() -> OfficialComparison:
    from causalmed.datasets.calibration import compare_with_official

    return compare_with_official()


def _shipped() -> pd.DataFrame:
    from causalmed.datasets.postop import draw_postop

    return draw_postop()


def _truth() -> pd.DataFrame:
    import pandas as pd

    with files("causalmed._data").joinpath("postop_truth.csv").open("rb") as stream:
        return pd.read_csv(stream, index_col="candidate")
