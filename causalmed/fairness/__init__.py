"""For whom a risk is less right.

The room's question: *for whom, and how sure are we?* An :class:`Audit` measures a risk in every
group, compares each with the largest, and puts every difference in one of four states: shown, not
material (inside a tolerance a person stated), cannot tell, not measured. There is no state for fair.
"""

from causalmed.fairness.audit import audit
from causalmed.fairness.compare import Comparison, Evidence, Pair, compare, holm
from causalmed.fairness.counterfactual import (
    CounterfactualFairness,
    CounterfactualGap,
    counterfactual_fairness,
)
from causalmed.fairness.decomposing import decompose_disparity
from causalmed.fairness.decomposition import DisparityDecomposition, DisparityPart
from causalmed.fairness.groups import Grouping, groupings
from causalmed.fairness.measures import Counts, GroupMetrics
from causalmed.fairness.paths import PathNote, path_note
from causalmed.fairness.pathways import Pathways, pathways
from causalmed.fairness.recourse_gap import RecourseCost, RecourseGap, recourse_gap
from causalmed.fairness.report import Audit, Excluded
from causalmed.fairness.slices import Slice, Slices, find_slices
from causalmed.fairness.specs import DisparityAIPW
from causalmed.fairness.tolerance import Tolerance

__all__ = [
    "Audit",
    "Comparison",
    "CounterfactualFairness",
    "CounterfactualGap",
    "Counts",
    "DisparityAIPW",
    "DisparityDecomposition",
    "DisparityPart",
    "Evidence",
    "Excluded",
    "GroupMetrics",
    "Grouping",
    "Pair",
    "PathNote",
    "Pathways",
    "RecourseCost",
    "RecourseGap",
    "Slice",
    "Slices",
    "Tolerance",
    "audit",
    "compare",
    "counterfactual_fairness",
    "decompose_disparity",
    "find_slices",
    "groupings",
    "holm",
    "path_note",
    "pathways",
    "recourse_gap",
]
