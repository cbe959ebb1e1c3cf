"""What effects along some paths ask and assume, in sentences that could be false."""

from __future__ import annotations

from collections.abc import Sequence

from causalmed.identification.wording import everywhere, listed

__all__ = ["controlled_assumptions", "controlled_question", "natural_assumptions", "natural_question"]


def natural_question(effect: str, exposure: str, outcome: str, mediators: Sequence[str]) -> str:
    """Write the question of a natural effect."""
    through = listed(mediators)
    if effect == "natural_direct":
        return (
            f"How would {outcome} have differed, on average, had every patient had one value of {exposure} "
            f"instead of another, with {through} left in each patient as under the other value?"
        )
    return (
        f"How would {outcome} have differed, on average, had {through} in each patient been as under one "
        f"value of {exposure} instead of as under another, with {exposure} itself at the first value?"
    )


def controlled_question(exposure: str, outcome: str, held: str) -> str:
    """Write the question of a controlled direct effect."""
    return (
        f"How would {outcome} have differed, on average, had every patient had one value of {exposure} "
        f"instead of another, and {held} in everybody?"
    )


def natural_assumptions(
    exposure: str, outcome: str, mediators: Sequence[str], given: Sequence[str], *, no_path: bool
) -> tuple[str, ...]:
    """Write what natural effects rely on."""
    through, alike = listed(mediators), f"Among patients alike in {listed(given)}, " if given else ""
    also = f"Among patients alike in {exposure}{' and ' if given else ''}{listed(given, '')}"
    nothing = (
        ""
        if not no_path
        else (
            f"The graph has no path from {exposure} to {outcome} around {through}: that there is no direct "
            "effect is assumed, not found."
        )
    )
    return tuple(
        sentence
        for sentence in (
            nothing,
            f"{_capital(f'{alike}nothing else that affects {exposure} affects {through} or {outcome}.')}",
            f"{also}, {through} and {outcome} have no common cause.",
            f"Nothing that {exposure} changes is a common cause of {through} and {outcome}, measured or not.",
            f"{_capital(f'{alike}every value of {exposure} occurs, also at each value of {through}.')}",
            f"The effect speaks of {outcome} under one value of {exposure} with {through} as under the "
            "other. No trial shows both in one patient, so this part cannot be checked by any experiment.",
            *everywhere(exposure, outcome),
        )
        if sentence
    )


def controlled_assumptions(
    exposure: str,
    outcome: str,
    held: str,
    given: Sequence[str],
    after: Sequence[str],
    mediators: Sequence[str],
) -> tuple[str, ...]:
    """Write what a controlled direct effect relies on."""
    through = listed(mediators)
    alike = f"Among patients alike in {listed(given)}, " if given else ""
    both = listed((exposure, *given, *after))
    return (
        _capital(f"{alike}nothing else that affects {exposure} affects {outcome}."),
        f"Among patients alike in {both}, nothing else that affects {through} affects {outcome}.",
        _capital(f"{alike}every value of {exposure} occurs."),
        f"Among patients alike in {both}, {held} occurs.",
        f"It is meant that {held} could be brought about in everybody.",
        *everywhere(exposure, outcome),
    )


def _capital(sentence: str) -> str:
    return sentence[0].upper() + sentence[1:]
