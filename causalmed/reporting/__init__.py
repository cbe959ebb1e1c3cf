"""What was assumed, done, found and not found: a protocol in, a dossier out.

The room's question: *what was done?* It computes no number of its own; it asks the other rooms in
the order that the protocol declares, and writes what they answer as one page and one JSON file.
"""

from causalmed.reporting.dossier import Dossier
from causalmed.reporting.protocol import Protocol
from causalmed.reporting.running import check_protocol, run, verify_report
from causalmed.reporting.sealing import Verification
from causalmed.reporting.template import protocol_template

__all__ = [
    "Dossier",
    "Protocol",
    "Verification",
    "check_protocol",
    "protocol_template",
    "run",
    "verify_report",
]
