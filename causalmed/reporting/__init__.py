"""What was assumed, done, found and not found: a protocol in, a dossier out.

The room's question: *what was done?* It computes no number of its own; it asks the other rooms in
the order that the protocol declares, and writes what they answer as one page and one JSON file.
"""

from causalmed.reporting.dossier import Dossier
from causalmed.reporting.model_card import model_card
from causalmed.reporting.protocol import Protocol
from causalmed.reporting.running import check_protocol, run, verify_report
from causalmed.reporting.sealing import Verification, read_report
from causalmed.reporting.signing import make_key, sign_report
from causalmed.reporting.standards import all_standards
from causalmed.reporting.template import protocol_template

__all__ = [
    "Dossier",
    "Protocol",
    "Verification",
    "all_standards",
    "check_protocol",
    "make_key",
    "model_card",
    "protocol_template",
    "read_report",
    "run",
    "sign_report",
    "verify_report",
]
