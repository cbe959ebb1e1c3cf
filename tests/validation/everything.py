"""All evidence, in the order of the table."""

from __future__ import annotations

from tests.validation import adjustment, further

EVERYTHING = (*adjustment.EVIDENCE, *further.EVIDENCE)
