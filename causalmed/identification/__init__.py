"""Can it be known, and from which observed quantities.

The room's question: *is the effect a function of what was observed, given the graph?*
:func:`identify` answers with an :class:`Estimand`, or raises
:class:`~causalmed.errors.NotIdentified` with the path that stays open and what would help. It
never sees data.
"""

from causalmed.identification.estimand import Estimand
from causalmed.identification.identifying import identify

__all__ = ["Estimand", "identify"]
