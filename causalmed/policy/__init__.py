"""What should be done, for whom, under a budget?

The room's question: *who should be exposed, and what would the infection rate then be?* Everything rests on
one identified and estimated effect: rules are valued by its doubly robust scores, with intervals. A rule is
never valued on the patients it was learned from.
"""

from causalmed.policy.frontier import Front, pareto
from causalmed.policy.growing import policy_tree
from causalmed.policy.scores import Scores, scores_of
from causalmed.policy.tree import PolicyTree
from causalmed.policy.valuing import PolicyValue, policy_value

__all__ = [
    "Front",
    "PolicyTree",
    "PolicyValue",
    "Scores",
    "pareto",
    "policy_tree",
    "policy_value",
    "scores_of",
]
