"""The table of ``postop``: drawn by the mechanisms, labelled, ready to be read as a cohort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from causalmed.datasets.mechanism import Bernoulli, Node
from causalmed.datasets.postop_constants import NODES, OUTCOME_NAME, PATIENTS, SEED
from causalmed.datasets.simulate import FloatArray, simulate

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["AGE_GROUPS", "PROTECTED", "cohort_options", "draw_postop", "frame_of"]

AGE_GROUPS: Final = {"18-39": 18, "40-62": 40, "63-79": 63, "80+": 80}
"""Age groups of the official surveillance model and where each begins; a label made from ``age``."""

PROTECTED: Final = ("sex", "age_group", "ethnic_group", "insurance")
"""Columns that an audit compares; insurance stands for deprivation."""


def draw_postop(
    patients: int = PATIENTS, *, seed: int = SEED, do: Mapping[str, float] | None = None
) -> pd.DataFrame:
    """Draw the synthetic surgical cohort, as it is or under an intervention.

    Parameters
    ----------
    patients : int
        Number of patients, at least 1.
    seed : int
        Non-negative; the shipped table has the default.
    do : mapping of str to float, optional
        Columns set to a code (0 or 1 for binary ones) in everybody.

    Returns
    -------
    pandas.DataFrame
        One row a patient, without the unmeasured cause.

    Examples
    --------
    >>> frame = draw_postop(5, seed=1)
    >>> frame.shape, int(draw_postop(5, seed=1, do={"transfusion": 1})["transfusion"].sum())
    ((5, 53), 5)
    """
    return frame_of(simulate(NODES, patients, seed=seed, do=do))


def frame_of(values: Mapping[str, FloatArray], nodes: Sequence[Node] = NODES) -> pd.DataFrame:
    """Put simulated codes into a table with labels, whole numbers as such, ids from 1."""
    import pandas as pd

    rows = len(values[nodes[0].name])
    columns: dict[str, object] = {"patient_id": np.arange(1, rows + 1)}
    for node in nodes:
        if not node.latent:
            columns[node.name] = _shown(node, values[node.name])
        if node.name == "age":
            columns["age_group"] = _age_group(values["age"])
    return pd.DataFrame(columns)


def cohort_options(nodes: Sequence[Node] = NODES) -> dict[str, object]:
    """Roles, kinds and tiers of the table, as ``Cohort.from_frame`` takes them."""
    shown = [node for node in nodes if not node.latent]
    kinds: dict[str, object] = {node.name: node.levels or node.kind for node in shown}
    kinds |= {node.name: "categorical" for node in shown if node.kind == "categorical"}
    kinds |= {"patient_id": "identifier", "age_group": tuple(AGE_GROUPS)}
    tiers: dict[str, list[str]] = {}
    for node in shown:
        tiers.setdefault(node.tier, []).append(node.name)
    tiers["before"].append("age_group")
    return {
        "outcome": OUTCOME_NAME,
        "unit": "patient_id",
        "cluster": "hospital",
        "protected": PROTECTED,
        "kinds": kinds,
        "tiers": tiers,
    }


def _shown(node: Node, values: FloatArray) -> object:
    if node.levels:
        return np.array(node.levels, dtype=object)[values.astype(np.intp)]
    decimals = getattr(node.law, "decimals", 0)
    if isinstance(node.law, Bernoulli) or decimals == 0:
        return values.astype(np.int64)
    return values


def _age_group(age: FloatArray) -> object:
    starts = np.array(list(AGE_GROUPS.values()))
    return np.array(list(AGE_GROUPS), dtype=object)[np.searchsorted(starts, age, side="right") - 1]
