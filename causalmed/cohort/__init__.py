"""Who, when, exposed to what, followed how long.

The room's question: *is this row at risk, from when, until when?* A table of any library enters here
once, is checked, put in the order of its unit ids and never changed again. What each column is for and
what kind of quantity it is are stated, or inferred by printed rules; who was left out is logged. Missing
values are refused, left out, or kept as holes and imputed. The room knows no graph.
"""

from causalmed.cohort.attrition import AttritionStep
from causalmed.cohort.cohort import Cohort
from causalmed.cohort.column import Column
from causalmed.cohort.discharge import Discharge
from causalmed.cohort.expression import evaluate
from causalmed.cohort.followup import FollowUp
from causalmed.cohort.imputation import Completions, Imputation, completions_of
from causalmed.cohort.streamed import BlockReader, StreamedCohort, sort_parquet
from causalmed.cohort.tableone import TableOne, TableOneRow

__all__ = [
    "AttritionStep",
    "BlockReader",
    "Cohort",
    "Column",
    "Completions",
    "Discharge",
    "FollowUp",
    "Imputation",
    "StreamedCohort",
    "TableOne",
    "TableOneRow",
    "completions_of",
    "evaluate",
    "sort_parquet",
]
