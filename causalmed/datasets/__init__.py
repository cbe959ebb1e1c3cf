"""What can be tried, and what is the truth?

Shipped cohorts by name, each with its graph, its truth where it is known and a data card; and the
generator of the synthetic surgical cohort ``postop``, which no room below needs.
"""

from causalmed.datasets.dataset import DATASETS, Dataset, load_dataset
from causalmed.datasets.nhsn import Operation, colon_risk
from causalmed.datasets.postop import draw_postop
from causalmed.datasets.postop_model import true_model
from causalmed.datasets.postop_power import PowerDesign, power
from causalmed.datasets.postop_redraw import RedrawnPostop, redraw_postop
from causalmed.datasets.postop_truth import TrueEffect, true_effects, truth_frame

__all__ = [
    "DATASETS",
    "Dataset",
    "Operation",
    "PowerDesign",
    "RedrawnPostop",
    "TrueEffect",
    "colon_risk",
    "draw_postop",
    "load_dataset",
    "power",
    "redraw_postop",
    "true_effects",
    "true_model",
    "truth_frame",
]
