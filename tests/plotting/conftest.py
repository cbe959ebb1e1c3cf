"""Every kind of picture, with ordinary and with hostile words."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

_SPEC = importlib.util.spec_from_file_location("picture_samples", Path(__file__).with_name("samples.py"))
assert _SPEC is not None
assert _SPEC.loader is not None
_MODULE = importlib.util.module_from_spec(_SPEC)
sys.modules["picture_samples"] = _MODULE
_SPEC.loader.exec_module(_MODULE)
