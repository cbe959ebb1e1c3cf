"""The commented protocol that ``causalmed init`` writes."""

from __future__ import annotations

from importlib.resources import files

__all__ = ["protocol_template"]


def protocol_template() -> str:
    """Return a commented protocol that runs on the shipped synthetic cohort.

    Examples
    --------
    >>> protocol_template().splitlines()[0]
    '# A causalmed protocol: the analysis as declared before the outcome is looked at.'
    """
    return files("causalmed.reporting").joinpath("templates", "protocol.toml").read_text(encoding="utf-8")
