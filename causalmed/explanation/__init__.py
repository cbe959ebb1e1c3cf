"""Why a risk model says so, and what could change the risk.

The room's question: *which causes moved this risk, and what could change it?* Attributions carry
their question and each feature's place in the graph; plans go through the structural causal model,
aim at the outcome rather than the score, and never break a contraindication.
"""

from causalmed.explanation.contraindications import Contraindicated, Contraindication
from causalmed.explanation.explaining import explain
from causalmed.explanation.explanation import Explanation
from causalmed.explanation.games.asking import Unscored
from causalmed.explanation.places import Place, place_of
from causalmed.explanation.plans import Outlook, Plan, Recourse
from causalmed.explanation.recoursing import recourse
from causalmed.explanation.uncertainty import Uncertainty

__all__ = [
    "Contraindicated",
    "Contraindication",
    "Explanation",
    "Outlook",
    "Place",
    "Plan",
    "Recourse",
    "Uncertainty",
    "Unscored",
    "explain",
    "place_of",
    "recourse",
]
