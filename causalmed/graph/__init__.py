"""What is assumed.

The room's question: *what causes what, and what does that forbid the data to show?* A
:class:`Graph` is a value: read from DAGitty text, frozen, hashed. It knows no data.
"""

from causalmed.graph.graph import Graph

__all__ = ["Graph"]
