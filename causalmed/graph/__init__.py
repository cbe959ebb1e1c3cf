"""What is assumed.

The room's question: *what causes what, and what does that forbid the data to show?* A
:class:`Graph` is a value: read from DAGitty text, frozen, hashed. It knows no data. The functions
beside it work on nodes by number and are what the room above, identification, stands on.
"""

from causalmed.graph.adjacency import Adjacency, ancestors, descendants
from causalmed.graph.adjustment import AdjustmentProblem, adjustment_problem
from causalmed.graph.adjustment_sets import disjoint_sides, usable
from causalmed.graph.checking import as_names
from causalmed.graph.graph import Graph
from causalmed.graph.implications import Independence
from causalmed.graph.optimal import outcome_side_set
from causalmed.graph.separation import spelled
from causalmed.graph.separators import SeparatorQuery, minimal_separator, separates
from causalmed.graph.walks import open_walk, touched

__all__ = [
    "Adjacency",
    "AdjustmentProblem",
    "Graph",
    "Independence",
    "SeparatorQuery",
    "adjustment_problem",
    "ancestors",
    "as_names",
    "descendants",
    "disjoint_sides",
    "minimal_separator",
    "open_walk",
    "outcome_side_set",
    "separates",
    "spelled",
    "touched",
    "usable",
]
