"""The model as a table and in words."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from causalmed.scm.mechanism import Mechanism, Regressed
from causalmed.scm.mechanisms.empirical import Empirical

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.scm.model import StructuralCausalModel

__all__ = ["model_frame", "model_summary"]


def model_frame(model: StructuralCausalModel) -> pd.DataFrame:
    """Return a row a node; see :meth:`StructuralCausalModel.to_frame`."""
    import pandas as pd

    graph = model.factors.graph
    rows = [
        {
            "node": node,
            "kind": model.nodes[node].kind,
            "mechanism": type(model.mechanisms[node]).__name__,
            "causes": ", ".join(graph.parents(node)),
            "conditioned_on": ", ".join(model.factors.pillows[node]),
            "hidden_causes_shared_with": ", ".join(graph.spouses(node)),
            "parameters": _size(model.mechanisms[node]),
        }
        for node in model.order
    ]
    return pd.DataFrame(rows)


def model_summary(model: StructuralCausalModel) -> str:
    """Return the model in words; see :meth:`StructuralCausalModel.summary`."""
    districts = [sorted(each) for each in model.factors.graph.districts() if len(each) > 1]
    tied = "; ".join(", ".join(each) for each in districts) or "none"
    sizes = sum(_size(mechanism) for mechanism in model.mechanisms.values())
    roots = sum(isinstance(mechanism, Empirical) for mechanism in model.mechanisms.values())
    whom = "written by hand" if model.cohort is None else f"fitted on {model.cohort.n:,} patients"
    sentences = (
        f"A structural causal model of {len(model.order)} nodes, {whom}: {roots} roots with their observed "
        f"distribution, {len(model.order) - roots} mechanisms with {sizes:,} parameters.",
        f"Outcome: {model.outcome or 'none stated'}.",
        f"Nodes that hidden causes tie together: {tied}.",
    )
    lines = [line for sentence in sentences for line in textwrap.wrap(sentence, 80)]
    if model.candidates:
        lines += ["Left to the data:", *model.comparison.summary().splitlines()]
    return "\n".join([*lines, *_fit(model)])


def _fit(model: StructuralCausalModel) -> list[str]:
    """Say which mechanisms do not fit, where there are patients to tell."""
    if model.cohort is None:
        return []
    wrong = model.diagnostics.gate.not_passed()
    if not wrong:
        return ["The mechanisms fit patients that they were not fitted on."]
    return [line for check in wrong for line in textwrap.wrap(str(check), 80, subsequent_indent="      ")]


def _size(mechanism: Mechanism) -> int:
    return len(mechanism.parameters) if isinstance(mechanism, Regressed) else 0
