"""All evidence, in the order of the table."""

from __future__ import annotations

from tests.validation import adjustment

EVERYTHING = (*adjustment.EVIDENCE,)
