"""The words around effects along some paths."""

from __future__ import annotations

from causalmed.estimation.mediation.posing import in_words
from causalmed.identification import Estimand

__all__ = ["arms_of", "assumed"]


def arms_of(estimand: Estimand, contrast: tuple[float, float]) -> tuple[str, ...]:
    """Say what is set in each arm of an effect.

    Examples
    --------
    >>> direct = Estimand(kind="mediation", effect="natural_direct", exposure="late", outcome="ssi",
    ...                   mediators=("icu",))
    >>> arms_of(direct, (1, 0))
    ('late = 1, icu as under late = 0', 'late = 0, icu as under late = 0')
    """
    a, b = (f"{estimand.exposure} = {value:g}" for value in contrast)
    if estimand.effect == "total":
        return ()
    if estimand.effect == "controlled_direct":
        pairs = zip(estimand.mediators, estimand.mediator_values, strict=True)
        at = ", ".join(
            f"{name} = {value if isinstance(value, str) else f'{value:g}'}" for name, value in pairs
        )
        return f"{a}, {at}", f"{b}, {at}"
    through = in_words(estimand.mediators) if len(estimand.mediators) < 3 else "the mediators"
    if estimand.effect == "natural_direct":
        return f"{a}, {through} as under {b}", f"{b}, {through} as under {b}"
    return f"{a}, {through} as under {a}", f"{a}, {through} as under {b}"


def assumed(estimand: Estimand) -> str:
    """Say which models must be right."""
    if estimand.effect == "controlled_direct":
        return (
            "The outcome model is right and with it the model of the mean predicted outcome or of the "
            "exposure; or the models of the exposure and of the mediators are right."
        )
    return (
        "The outcome model is right and with it the model of the mean predicted outcome or the propensity "
        "model; or both models of the exposure, with and without the mediators, are right."
    )
