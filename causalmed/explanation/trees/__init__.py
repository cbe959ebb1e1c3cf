"""Tree ensembles as flat arrays: evaluated, and explained exactly."""

from causalmed.explanation.trees.forest import Forest
from causalmed.explanation.trees.models import TreeRisk, tree_risk
from causalmed.explanation.trees.reading import read_trees, readable
from causalmed.explanation.trees.shares import interventional, path_dependent

__all__ = [
    "Forest",
    "TreeRisk",
    "interventional",
    "path_dependent",
    "read_trees",
    "readable",
    "tree_risk",
]
