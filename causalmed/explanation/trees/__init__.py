"""Tree ensembles as flat arrays: evaluated, and explained exactly."""

from causalmed.explanation.trees.forest import Forest
from causalmed.explanation.trees.reading import read_trees, readable

__all__ = ["Forest", "read_trees", "readable"]
