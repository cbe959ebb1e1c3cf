"""Graphs learned from data, and graphs put to the test.

The room's question: *which graphs do the data allow, and does this one survive them?* :func:`discover`
returns a class of graphs with what stays open and how stable each mark is; :func:`falsify` holds a graph
that somebody drew against the independences in the data, beside the same graph with its names shuffled.
The room never turns an open edge into an arrow.
"""

from causalmed.discovery.adjusting import ClassAdjustment, adjustment_in_class
from causalmed.discovery.background import Background, background
from causalmed.discovery.discovering import discover
from causalmed.discovery.discovery import Discovery
from causalmed.discovery.exogeneity import Exogeneity, exogeneity
from causalmed.discovery.falsification import Contradiction, Falsification
from causalmed.discovery.falsifying import falsify
from causalmed.discovery.independence import FisherZ, GSquared, IndependenceTest, RegressionTest, make_test
from causalmed.discovery.learning import Search, learned
from causalmed.discovery.marks import Edge, MarkedGraph
from causalmed.discovery.oracle import Oracle
from causalmed.discovery.remedies import Remedy
from causalmed.discovery.stability import EdgeStability
from causalmed.discovery.variables import Variables, default_columns, variables

__all__ = [
    "Background",
    "ClassAdjustment",
    "Contradiction",
    "Discovery",
    "Edge",
    "EdgeStability",
    "Exogeneity",
    "Falsification",
    "FisherZ",
    "GSquared",
    "IndependenceTest",
    "MarkedGraph",
    "Oracle",
    "RegressionTest",
    "Remedy",
    "Search",
    "Variables",
    "adjustment_in_class",
    "background",
    "default_columns",
    "discover",
    "exogeneity",
    "falsify",
    "learned",
    "make_test",
    "variables",
]
