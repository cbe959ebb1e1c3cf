"""The ward whose mechanisms are known."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location("ward_model", Path(__file__).with_name("ward.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
sys.modules["ward_model"] = _MODULE
_SPEC.loader.exec_module(_MODULE)
