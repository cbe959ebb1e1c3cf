"""Seeds of the study, fixed before its first run.

Each seed is one cohort: it redraws the effects of the twelve causes and draws 20,000 new patients. The
study's twenty are used once, by ``python -m benchmarks.twelve``. Whatever had to be chosen or mended was
chosen on the trial seeds.
"""

from __future__ import annotations

from typing import Final

__all__ = ["COHORTS", "STUDY_SEEDS", "TRIAL_SEEDS"]

COHORTS: Final = 20

STUDY_SEEDS: Final = tuple(range(30_001, 30_001 + COHORTS))
"""Seeds of the twenty cohorts of the study."""

TRIAL_SEEDS: Final = tuple(range(901, 921))
"""Seeds for development; no number in the study's table comes from them."""
