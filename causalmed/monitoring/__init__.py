"""Has anything changed since?

The room's question: *has anything changed since the last look?* Two records of reports under one protocol are
held against each other, number by number, each difference with its interval.
"""

from causalmed.monitoring.comparing import compare_reports
from causalmed.monitoring.report_changes import Change, ReportChanges

__all__ = ["Change", "ReportChanges", "compare_reports"]
