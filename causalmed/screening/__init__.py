"""Which of the candidates cause it.

The room's question: *of many possible causes, which are causes, which matter little, and where can the
data not tell?* Each candidate is its own estimand from the one graph; all tests and intervals hold for
the whole list at once. An effect that the graph assumes away is never called a finding.
"""

from causalmed.screening.asking import screen_risks
from causalmed.screening.candidate import VERDICTS, Candidate
from causalmed.screening.fromtiers import screen_from_tiers
from causalmed.screening.orientation import FINDINGS, Orientation
from causalmed.screening.screen import RiskScreen
from causalmed.screening.several import GraphScreen, screen_graphs
from causalmed.screening.tierscreen import TierScreen
from causalmed.screening.wording import found_in_words

__all__ = [
    "FINDINGS",
    "VERDICTS",
    "Candidate",
    "GraphScreen",
    "Orientation",
    "RiskScreen",
    "TierScreen",
    "found_in_words",
    "screen_from_tiers",
    "screen_graphs",
    "screen_risks",
]
