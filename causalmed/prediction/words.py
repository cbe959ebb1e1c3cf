"""A risk model in words."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from causalmed.prediction.model import RiskModel

__all__ = ["model_summary"]


def model_summary(model: RiskModel) -> str:
    """Return what a model is, what it leaves out and what is guaranteed, in at most 80 columns.

    Parameters
    ----------
    model : RiskModel
        Any.

    Returns
    -------
    str
    """
    lines = [f"Risk of {model.outcome or 'an outcome'}: {model.predictor.describes}."]
    lines.append(f"Uses {len(model.features)} columns: {', '.join(model.features)}.")
    lines += [f"Left out: {one}." for one in model.left_out if one.kind not in ("role", "outcome")]
    if model.trained is not None and model.calibrated is not None:
        lines.append(
            f"Trained on {model.trained[0]:,} patients ({model.trained[1]:,} events), calibrated on "
            f"{model.calibrated[0]:,} ({model.calibrated[1]:,} events): {model.how}."
        )
    lines.append(_threshold_line(model))
    lines += [f"{check}" for check in model.diagnostics.not_passed()]
    return "\n".join(textwrap.fill(line, 80, subsequent_indent="  ") for line in lines)


def _threshold_line(model: RiskModel) -> str:
    if model.guarantee is None:
        return "No threshold: it gives risks and no alerts."
    text = str(model.guarantee)
    end = "" if model.guarantee.specificity is None else "; beyond them nothing is guaranteed"
    return f"{text[0].upper()}{text[1:]}{end}. Read it beside the sensitivity (.performance)."
