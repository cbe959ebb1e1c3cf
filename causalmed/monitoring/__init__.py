"""Has anything changed since?

The room's question: *has anything changed since the last look?* Two records of reports under one protocol are
held against each other, number by number, each difference with its interval. Patients are followed one by
one by a risk-adjusted chart, and means and gaps by limits that hold at every look.
"""

from causalmed.monitoring.comparing import compare_reports
from causalmed.monitoring.cusum import CusumChart, risk_adjusted_cusum
from causalmed.monitoring.report_changes import Change, ReportChanges
from causalmed.monitoring.sequence import ConfidenceSequence, confidence_sequence, gap_sequence

__all__ = [
    "Change",
    "ConfidenceSequence",
    "CusumChart",
    "ReportChanges",
    "compare_reports",
    "confidence_sequence",
    "gap_sequence",
    "risk_adjusted_cusum",
]
