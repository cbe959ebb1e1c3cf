"""What a decomposition assumes, as things that could be false."""

from __future__ import annotations

from causalmed.fairness.pathways import Pathways

__all__ = ["assumptions"]


def assumptions(attribute: str, outcome: str, paths: Pathways) -> tuple[str, ...]:
    """Return what the parts of the outcome's disparity need, in words.

    Parameters
    ----------
    attribute, outcome : str
        Columns.
    paths : Pathways
        What is identified.

    Returns
    -------
    tuple of str

    Examples
    --------
    >>> print(assumptions("sex", "ssi", Pathways(target="ssi", mediators=("glucose",)))[1])
    no unmeasured illness or habit moves both glucose and ssi.
    """
    through = ", ".join(paths.mediators)
    found = []
    if not paths.spurious:
        found.append(
            f"nothing unmeasured goes together with {attribute} and bears on {outcome} by another way than "
            f"{attribute} itself."
        )
    if through and not paths.direct:
        found.append(f"no unmeasured illness or habit moves both {through} and {outcome}.")
    if not paths.direct or not paths.spurious:
        found.append(
            f"patients of each group could, by their background, have been of the other, and the graph is "
            f"right about what follows from {attribute} and what does not."
        )
    return tuple(found)
