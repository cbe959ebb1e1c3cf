"""Are the risks right?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.graph_picture import in_words
from causalmed.reporting.page import Block, Checks, Details, Figure, Items, Listing, Paragraph, Section, Table
from causalmed.results.words import number, percent

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.prediction import ClinicalPerformance
    from causalmed.reporting.dossier import Dossier, Prediction

__all__ = ["model"]

_QUESTION = "Are the risks right?"


def model(dossier: Dossier) -> Section:
    """The risk model: what it may use, how right it is among patients it never saw."""
    prediction = dossier.prediction
    if prediction is None:
        return _without(dossier)
    name, main = prediction.performances[0]
    blocks: tuple[Block, ...] = (
        Table(
            frame=_alerts(prediction), caption="Alerts among patients the model never saw; intervals of 95 %"
        ),
        Paragraph(text=_guarantee(prediction)),
        Figure(picture=main.picture("calibration")),
        Figure(picture=main.picture("decision_curve")),
        Checks(gate=main.diagnostics, lead=f"Checks ({name.lower()}):"),
        Details(
            title="All measures",
            blocks=tuple(
                Table(frame=_measures(found), caption=f"{who}: {found.n:,} patients")
                for who, found in prediction.performances
            ),
        ),
        Details(title="What the model may use, and what not", blocks=_columns(prediction)),
        Items(items=tuple(item for item in dossier.items() if item.section == "model")),
    )
    return Section(key="model", question=_QUESTION, answer=_answer(name, main), blocks=blocks)


def _without(dossier: Dossier) -> Section:
    refusal = dossier.refused("the risk model")
    reason = refusal.reason if refusal else "The protocol asks for no risk model."
    label = "not done" if refusal else "does not apply"
    return Section(
        key="model",
        question=_QUESTION,
        answer="There is no risk model in this report.",
        blocks=(Paragraph(text=reason, label=label),),
    )


def _answer(name: str, found: ClinicalPerformance) -> str:
    if found.specificity is None or found.sensitivity is None:
        return f"{name}: area under the ROC curve {found.auroc}."
    return (
        f"{name}: no alert for {percent(found.specificity.estimate, 3)} of the patients without infection "
        f"({percent(found.specificity.low, 3)} to {percent(found.specificity.high, 3)}), an alert for "
        f"{percent(found.sensitivity.estimate)} of those with it ({percent(found.sensitivity.low)} to "
        f"{percent(found.sensitivity.high)})."
    )


def _alerts(prediction: Prediction) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for who, found in prediction.performances:
        if found.specificity is None or found.sensitivity is None or found.alerts_per_100 is None:
            continue
        rows.append(
            {
                "patients": who,
                "number": f"{found.n:,}",
                "specificity": _share(found, "specificity"),
                "sensitivity": _share(found, "sensitivity"),
                "alerts per 100": number(found.alerts_per_100.estimate),
                "area under the ROC curve": f"{found.auroc.estimate:.2f} "
                f"({found.auroc.low:.2f} to {found.auroc.high:.2f})",
            }
        )
    return pd.DataFrame(rows)


def _share(found: ClinicalPerformance, measure: str) -> str:
    interval = getattr(found, measure)
    return f"{percent(interval.estimate, 3)} ({number(100 * interval.low, 3)} to "
    f"{number(100 * interval.high, 3)})"


def _guarantee(prediction: Prediction) -> str:
    guarantee = prediction.model.guarantee
    if guarantee is None:
        return "The model gives risks and no alerts."
    return (
        f"{_sentence(str(guarantee))} Any threshold can reach a wanted specificity; the sensitivity beside "
        "it is what it costs. Nothing "
        "is guaranteed for patients who are not exchangeable with those it was calibrated on, such as those "
        "of "
        "another hospital: there, only the measured figures above count."
    )


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:].rstrip(".") + "."


def _measures(found: ClinicalPerformance) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {"measure": name, "estimate": number(value.estimate, 3), "interval": _limits(value.low, value.high)}
        for name, value in found.measures().items()
    ]
    return pd.DataFrame(rows)


def _limits(low: float, high: float) -> str:
    return f"{number(low, 3)} to {number(high, 3)}"


def _columns(prediction: Prediction) -> tuple[Block, ...]:
    used = ", ".join(in_words(name) for name in prediction.model.features)
    left_out = tuple(str(item) for item in prediction.model.left_out)
    return (Paragraph(text=f"Used: {used}."), Listing(lead="Not used, and why:", lines=left_out))
