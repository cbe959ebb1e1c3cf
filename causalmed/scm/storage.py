"""A model on disk: one zip file with ``model.json`` and ``arrays.npz``, a schema version, no pickle.

The patients are not in it. The observed distributions of nodes without causes are, column by column.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from causalmed.errors import DataError, NotSavable
from causalmed.graph import Graph
from causalmed.results import Provenance
from causalmed.scm.comparison import Comparison
from causalmed.scm.factorisation import Factorisation
from causalmed.scm.mechanisms.storing import packed, unpacked
from causalmed.scm.nodes import NodeInfo
from causalmed.scm.specs import MechanismSpec
from causalmed.scm.terms import FloatArray

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["load_model", "save_model"]

SCHEMA: Final = 1
_WHAT: Final = "causalmed.scm.StructuralCausalModel"
_OPTIONS: Final = ("family", "terms", "firth", "spread_terms", "pooled", "trees", "depth")
_DATE: Final = (1980, 1, 1, 0, 0, 0)

Arrays = dict[str, FloatArray]


def save_model(model: StructuralCausalModel, path: str | Path) -> None:
    """Write a model; see :meth:`StructuralCausalModel.save`."""
    arrays: Arrays = {}
    described = {
        "what": _WHAT,
        "schema": SCHEMA,
        "graph": model.graph.to_dagitty(),
        "projected": model.factors.graph.to_dagitty(),
        "order": list(model.order),
        "pillows": {node: list(seen) for node, seen in model.factors.pillows.items()},
        "outcome": model.outcome,
        "nodes": [_node(model.nodes[node]) for node in model.order],
        "mechanisms": {
            node: packed(node, model.mechanisms[node], arrays, f"m{place}")
            for place, node in enumerate(model.order)
        },
        "specs": {node: _spec(spec) for node, spec in model.specs.items()},
        "candidates": model.comparison.to_dict(),
        "provenance": model.provenance.to_dict(),
    }
    stream = io.BytesIO()
    np.savez(stream, **arrays)  # type: ignore[arg-type]
    text = json.dumps(described, indent=1, allow_nan=False, ensure_ascii=False)
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo("model.json", _DATE), text, zipfile.ZIP_DEFLATED)
        archive.writestr(zipfile.ZipInfo("arrays.npz", _DATE), stream.getvalue(), zipfile.ZIP_DEFLATED)
    try:
        Path(path).write_bytes(content.getvalue())
    except (OSError, TypeError) as error:
        raise NotSavable(f"The model cannot be written to {path!r}: {error}. Name a file.") from error


def load_model(cls: type[StructuralCausalModel], path: str | Path) -> StructuralCausalModel:
    """Read a model; see :meth:`StructuralCausalModel.load`."""
    if not isinstance(path, str | PathLike):
        raise DataError(f"{path!r} is not the name of a file that StructuralCausalModel.save wrote.")
    described, arrays = _read(Path(path))
    if described.get("what") != _WHAT or described.get("schema") != SCHEMA:
        raise DataError(
            f"{path} holds {described.get('what')!r} of schema {described.get('schema')!r}; this version "
            f"reads {_WHAT!r} of schema {SCHEMA}. Load it with the version that wrote it."
        )
    try:
        return _assembled(cls, described, arrays)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
        raise DataError(f"{path} is damaged or was changed by hand: {error}.") from error


def _assembled(
    cls: type[StructuralCausalModel], described: Mapping[str, Any], arrays: Mapping[str, FloatArray]
) -> StructuralCausalModel:
    pillows = {node: tuple(seen) for node, seen in described["pillows"].items()}
    nodes = set(Graph.parse(described["projected"]).nodes)
    if not nodes == set(pillows) == set(described["order"]):
        raise ValueError("its order names other nodes than its graph")
    provenance = dict(described["provenance"])
    return cls(
        graph=Graph.parse(described["graph"]),
        factors=Factorisation(
            graph=Graph.parse(described["projected"]), order=tuple(described["order"]), pillows=pillows
        ),
        mechanisms={node: unpacked(each, arrays) for node, each in described["mechanisms"].items()},
        nodes={each["name"]: _node_back(each) for each in described["nodes"]},
        outcome=described["outcome"],
        specs={node: _spec_back(each) for node, each in described["specs"].items()},
        candidates=Comparison.of(described.get("candidates", [])).rows,
        provenance=Provenance(
            data_fingerprint=provenance["data_fingerprint"],
            spec=provenance["spec"],
            seed=provenance["seed"],
            versions=tuple(provenance["versions"].items()),
        ),
    )


def _read(path: Path) -> tuple[dict[str, Any], dict[str, FloatArray]]:
    try:
        with zipfile.ZipFile(path) as archive:
            described = json.loads(archive.read("model.json"))
            with np.load(io.BytesIO(archive.read("arrays.npz")), allow_pickle=False) as stored:
                arrays = {name: stored[name] for name in stored.files}
    except FileNotFoundError:
        raise DataError(f"There is no file {path}.") from None
    except (zipfile.BadZipFile, zlib.error, KeyError, ValueError, OSError) as error:
        raise DataError(f"{path} is not a saved model: {error}.") from error
    if not isinstance(described, dict):
        raise DataError(f"{path} is not a saved model.")
    return described, arrays


def _node(info: NodeInfo) -> dict[str, Any]:
    return {
        "name": info.name,
        "kind": info.kind,
        "levels": list(info.levels),
        "seen": list(info.seen),
        "low": info.low if math.isfinite(info.low) else None,
        "high": info.high if math.isfinite(info.high) else None,
        "whole": info.whole,
    }


def _node_back(stored: Mapping[str, Any]) -> NodeInfo:
    return NodeInfo(
        name=stored["name"],
        kind=stored["kind"],
        levels=tuple(stored["levels"]),
        seen=tuple(stored["seen"]),
        low=-math.inf if stored["low"] is None else stored["low"],
        high=math.inf if stored["high"] is None else stored["high"],
        whole=stored["whole"],
    )


def _spec(spec: MechanismSpec) -> dict[str, Any]:
    stored: dict[str, Any] = {name: getattr(spec, name) for name in _OPTIONS}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in stored.items()}


def _spec_back(stored: Mapping[str, Any]) -> MechanismSpec:
    return MechanismSpec(**{name: stored[name] for name in _OPTIONS if name in stored})
