"""What an estimand asks and assumes, in sentences that could be false."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = [
    "absent_assumptions",
    "backdoor_assumptions",
    "everywhere",
    "frontdoor_assumptions",
    "instrument_assumptions",
    "listed",
    "total_effect",
]


def listed(names: Sequence[str], nothing: str = "nothing") -> str:
    """Write names as a list in a sentence.

    Examples
    --------
    >>> listed(("age",)), listed(("age", "bmi", "sex")), listed(())
    ('age', 'age, bmi and sex', 'nothing')
    """
    if not names:
        return nothing
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last


def total_effect(exposure: str, outcome: str) -> str:
    """Write the question of a total effect."""
    return (
        f"How would {outcome} have differed, on average, had every patient had one value of {exposure} "
        "instead of another?"
    )


def backdoor_assumptions(
    exposure: str, outcome: str, adjustment_set: Sequence[str], *, no_path: bool
) -> tuple[str, ...]:
    """Write what adjustment relies on."""
    if adjustment_set:
        given = listed(adjustment_set)
        comparable = (
            f"Patients who are alike in {given} differ in {exposure} only by things that do not affect "
            f"{outcome} otherwise: no common cause of the two is missing from the graph."
        )
        overlap = f"Among patients alike in {given}, every value of {exposure} occurs."
    else:
        comparable = (
            f"Patients with different {exposure} are alike in everything else that affects {outcome}: no "
            "common cause of the two is missing from the graph."
        )
        overlap = f"Every value of {exposure} occurs among these patients."
    absent = (_no_path(exposure, outcome),) if no_path else ()
    return (*absent, comparable, overlap, *everywhere(exposure, outcome))


def absent_assumptions(exposure: str, outcome: str) -> tuple[str, ...]:
    """Write what a graph without a causal path relies on where no set could separate the two."""
    return (
        _no_path(exposure, outcome),
        f"{exposure} and {outcome} are associated for other reasons that no measured column removes, so the "
        "data cannot speak against it.",
    )


def frontdoor_assumptions(
    exposure: str, outcome: str, mediators: Sequence[str], given: Sequence[str] = ()
) -> tuple[str, ...]:
    """Write what the front-door formula relies on."""
    through = listed(mediators)
    if not given:
        return (
            f"{exposure} affects {outcome} only through {through}.",
            f"Nothing that affects {exposure} also affects {through}, measured or not.",
            f"Whatever affects both {through} and {outcome} acts through {exposure}.",
            f"At every value of {through} that occurs, every value of {exposure} occurs.",
            *everywhere(exposure, outcome),
        )
    alike = f"Among patients alike in {listed(given)}"
    return (
        f"{exposure} affects {outcome} only through {through}.",
        f"{alike}, nothing that affects {exposure} also affects {through}, measured or not.",
        f"{alike}, whatever affects both {through} and {outcome} acts through {exposure}.",
        f"{alike}, at every value of {through} that occurs, every value of {exposure} occurs.",
        *everywhere(exposure, outcome),
    )


def instrument_assumptions(
    exposure: str, outcome: str, instrument: str, given: Sequence[str]
) -> tuple[str, ...]:
    """Write what an instrument relies on."""
    alike = f"Among patients alike in {listed(given)}, " if given else ""
    return (
        f"{alike}{instrument} affects {outcome} only through {exposure}.",
        f"{alike}{instrument} and {outcome} have no common cause.",
        f"{alike}{instrument} is associated with {exposure}.",
        f"Either the effect of {exposure} is the same for everybody and adds up (a linear model), or "
        f"{instrument} moves nobody's {exposure} the other way and the answer is about those whom it moves.",
        *everywhere(exposure, outcome),
    )


def _no_path(exposure: str, outcome: str) -> str:
    return (
        f"The graph has no arrow or chain of arrows from {exposure} to {outcome}: that there is no effect is "
        "assumed, not found."
    )


def everywhere(exposure: str, outcome: str) -> tuple[str, ...]:
    """Write what every effect relies on."""
    return (
        f"{exposure} means the same for every patient, and that of one patient does not affect {outcome} "
        "in another.",
        "Every arrow that the graph leaves out is truly absent, and its columns are measured without error.",
    )
