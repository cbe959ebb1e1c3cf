"""Are the risks right?"""

from __future__ import annotations

from typing import TYPE_CHECKING

from causalmed.reporting.disclosure import MINIMUM
from causalmed.reporting.page import Block, Checks, Details, Figure, Items, Listing, Paragraph, Section, Table
from causalmed.reporting.published_model import published_performances
from causalmed.reporting.sections.measures import measure_tables
from causalmed.reporting.written import decimal, in_brackets, per_100

if TYPE_CHECKING:
    import pandas as pd

    from causalmed.prediction import ClinicalPerformance
    from causalmed.reporting.dossier import Dossier, Prediction

__all__ = ["beside_line", "found_line", "model"]

_QUESTION = "Are the risks right?"
_FEWEST_POINTS = 10
_HIDDEN = f"Its alerts are not shown: a cell holds fewer than {MINIMUM} patients."


def model(dossier: Dossier) -> Section:
    """The risk model: what it may use, how right it is among patients it never saw."""
    prediction = dossier.prediction
    if prediction is None:
        return _without(dossier)
    shown = published_performances(prediction, prediction.stable)
    name, main = shown[0]
    alerts = _alerts(shown)
    blocks: tuple[Block, ...] = (
        *((Table(frame=alerts, caption=_CAPTION),) if len(alerts) else ()),
        Paragraph(text=_threshold(prediction)),
        *_beside(prediction),
        Figure(picture=main.picture("calibration")),
        *_decision(main),
        Checks(gate=main.diagnostics, lead=f"Checks ({name.lower()}):"),
        Details(title="All measures", blocks=measure_tables(shown)),
        Details(title="What the model may use, and what not", blocks=_columns(prediction)),
        Items(items=tuple(item for item in dossier.items() if item.section == "model")),
    )
    return Section(key="model", question=_QUESTION, answer=found_line(prediction), blocks=blocks)


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


def found_line(prediction: Prediction) -> str:
    """Specificity with its sensitivity, intervals and denominators, in one or two sentences."""
    name, found = published_performances(prediction, prediction.stable)[0]
    who = _where(name, prediction)
    if found.specificity is None or found.sensitivity is None:
        area = in_brackets(found.auroc, places=2)
        hidden = f" {_HIDDEN}" if prediction.stable.performances[0][1].at_threshold else ""
        return f"{who}. The area under the ROC curve is {area}.{hidden}"
    return (
        f"{who}. Of the {found.n - found.events:,} patients without infection, "
        f"{_percent(found, 'specificity')} "
        f"got no alert: its specificity. Of the {found.events:,} with infection, "
        f"{_percent(found, 'sensitivity')} got an alert: its sensitivity."
    )


def _where(name: str, prediction: Prediction) -> str:
    parts = len(prediction.stable.performances) - 1
    if parts > 1:
        return f"The risk model was tested in {parts} hospitals that it had never seen"
    where = "in one hospital that it had never seen" if parts else "among patients kept apart at random"
    return f"The risk model was tested {where}"


def _percent(found: ClinicalPerformance, measure: str) -> str:
    share = getattr(found, measure)
    low, high = decimal(100 * share.low), decimal(100 * share.high)
    return f"{decimal(100 * share.estimate)} % ({low} to {high} %)".replace(" %", "\xa0%")


def beside_line(prediction: Prediction) -> list[str]:
    """The comparison in one sentence, or none."""
    if prediction.every_column is None:
        return []
    found = published_performances(prediction, prediction.every_column)[0][1]
    if found.specificity is None or found.sensitivity is None:
        return []
    return [
        "For comparison, not for use: the same model, given every column known before infection. Its "
        "specificity "
        f"was {_percent(found, 'specificity')}. Its sensitivity was {_percent(found, 'sensitivity')}."
    ]


_CAPTION = "Alerts among patients the model never saw; in percent, with 95 % intervals"


def _alerts(shown: tuple[tuple[str, ClinicalPerformance], ...]) -> pd.DataFrame:
    import pandas as pd

    rows = [
        {
            "patients": who,
            "number": f"{found.n:,}",
            "specificity, %": per_100(found.specificity),
            "sensitivity, %": per_100(found.sensitivity),
            "alerts in 100": decimal(found.alerts_per_100.estimate),
        }
        for who, found in shown
        if found.specificity is not None and found.alerts_per_100 is not None
    ]
    return pd.DataFrame(rows)


def _beside(prediction: Prediction) -> tuple[Block, ...]:
    """The stable model beside the same learner with every column known before the outcome."""
    if prediction.every_column is None:
        return ()
    frame = _comparison(prediction)
    added = [name for name in prediction.every_column.model.features if name not in prediction.model.features]
    lead = (
        "Does it pay to leave columns out? The same model was also given every column known before the "
        f"infection. That adds {', '.join(added)}. The graph says that these may mean something else in "
        "another "
        "hospital. The second model is shown for comparison only."
    )
    if not len(frame):
        return (Paragraph(text=f"{lead} {_HIDDEN}", label="comparison, not for use"),)
    caption = "The model of this report beside one with every column; in percent, with 95 % intervals"
    return (
        Paragraph(text=lead, label="comparison, not for use"),
        Table(frame=frame, caption=caption),
    )


def _comparison(prediction: Prediction) -> pd.DataFrame:
    import pandas as pd

    assert prediction.every_column is not None
    stable = dict(published_performances(prediction, prediction.stable))
    every = dict(published_performances(prediction, prediction.every_column))
    rows = [
        {
            "patients": who,
            "this report: specificity": per_100(stable[who].specificity),
            "this report: sensitivity": per_100(stable[who].sensitivity),
            "every column: specificity": per_100(every[who].specificity),
            "every column: sensitivity": per_100(every[who].sensitivity),
        }
        for who in stable
        if who in every and (stable[who].specificity or every[who].specificity)
    ]
    return pd.DataFrame(rows)


def _decision(found: ClinicalPerformance) -> tuple[Block, ...]:
    if len(found.benefit.thresholds) >= _FEWEST_POINTS:
        return (Figure(picture=found.picture("decision_curve")),)
    text = f"Net benefit is not drawn: at most thresholds a cell holds fewer than {MINIMUM} patients."
    return (Paragraph(text=text, label="not shown"),)


def _threshold(prediction: Prediction) -> str:
    guarantee = prediction.model.guarantee
    if guarantee is None:
        return "The model gives risks and no alerts."
    risk = f"An alert is given from a risk of {decimal(100 * guarantee.value)} in 100"
    if guarantee.specificity is None or guarantee.delta is None:
        return f"{risk}, as stated by a person."
    if guarantee.unlabelled is not None:
        return f"{risk}. This limit was moved for another hospital: {guarantee}."
    return (
        f"{risk}. This limit was set on {guarantee.negatives:,} patients without infection. With a certainty "
        "of "
        f"{100 * (1 - guarantee.delta):g} %, at least {100 * guarantee.specificity:g} in 100 patients like "
        "them "
        "who stay free of infection get no alert. Any such share can be reached: the price is paid in "
        "infections "
        "that are missed. Nothing is promised for patients of another hospital: for them, only the figures "
        "measured there count."
    )


def _columns(prediction: Prediction) -> tuple[Block, ...]:
    used = ", ".join(prediction.model.features)
    left_out = tuple(f"{item.name}: {item.reason}." for item in prediction.model.left_out)
    return (Paragraph(text=f"Used: {used}."), Listing(lead="Not used, and why:", lines=left_out))
