"""The values that answers are made of.

The room's question: *what does an answer consist of?* An interval, a check, a provenance, a few
labelled functionals with their joint covariance, an effect, a picture. All are frozen; none
computes anything from data.
"""

from causalmed.results.bounds import Bounds
from causalmed.results.check import Check, Gate, State
from causalmed.results.conditional import ConditionalEffects
from causalmed.results.curve import Curve
from causalmed.results.effect import Effect
from causalmed.results.evalue import EValue, e_value
from causalmed.results.functionals import Functionals
from causalmed.results.heterogeneity import Heterogeneity
from causalmed.results.interval import Interval
from causalmed.results.missingness import MissingnessRow, MissingnessTable
from causalmed.results.provenance import Provenance, fingerprint
from causalmed.results.tables import html_table, text_table

__all__ = [
    "Bounds",
    "Check",
    "ConditionalEffects",
    "Curve",
    "EValue",
    "Effect",
    "Functionals",
    "Gate",
    "Heterogeneity",
    "Interval",
    "MissingnessRow",
    "MissingnessTable",
    "Provenance",
    "State",
    "e_value",
    "fingerprint",
    "html_table",
    "text_table",
]
