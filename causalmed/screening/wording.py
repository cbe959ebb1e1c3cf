"""What a screen found, as a sentence: a factor causes the outcome or prevents it."""

from __future__ import annotations

from collections.abc import Sequence

from causalmed.screening.candidate import Candidate

__all__ = ["found_in_words"]


def found_in_words(candidates: Sequence[Candidate], *, outcome: str, noun: str = "candidates") -> str:
    """Say how many of the candidates cause the outcome and how many prevent it.

    Parameters
    ----------
    candidates : sequence of Candidate
        All that were asked about.
    outcome : str
        The outcome, in words.
    noun : str
        What the candidates are called, in the plural.

    Returns
    -------
    str
        Without a full stop.

    Examples
    --------
    >>> rows = [Candidate(name="razor", verdict="cause", reason=""),
    ...         Candidate(name="drain", verdict="cannot tell", reason="")]
    >>> found_in_words(rows, outcome="infection")
    '1 of 2 candidates causes infection'
    >>> found_in_words(rows[1:], outcome="infection")
    'None of 1 candidates could be shown to cause or prevent infection'
    """
    total = len(candidates)
    lowering = sum(row.prevents for row in candidates)
    raising = sum(row.is_cause for row in candidates) - lowering
    if not raising and not lowering:
        return f"None of {total} {noun} could be shown to cause or prevent {outcome}"
    if not lowering:
        return f"{raising} of {total} {noun} {_verb('cause', raising)} {outcome}"
    if not raising:
        return f"{lowering} of {total} {noun} {_verb('prevent', lowering)} {outcome}"
    return (
        f"{raising + lowering} of {total} {noun} change {outcome}: {raising} {_verb('cause', raising)} it, "
        f"{lowering} {_verb('prevent', lowering)} it"
    )


def _verb(verb: str, count: int) -> str:
    return f"{verb}s" if count == 1 else verb
