"""A model on disk: one zip file with ``model.json`` and ``arrays.npz``, a schema version, no pickle.

The patients are not in it. The observed distributions of nodes without causes are, column by column.
"""

from __future__ import annotations

import io
import json
import math
import zipfile
import zlib
from collections.abc import Callable, Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from causalmed.errors import DataError, NotSavable
from causalmed.graph import Graph
from causalmed.results import Provenance
from causalmed.scm.factorisation import Factorisation
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.mechanisms.categorical import Categorical
from causalmed.scm.mechanisms.empirical import Empirical
from causalmed.scm.mechanisms.gaussian import LinearGaussian
from causalmed.scm.mechanisms.logistic import LogisticBinary
from causalmed.scm.mechanisms.ordinal import Ordinal
from causalmed.scm.nodes import NodeInfo
from causalmed.scm.specs import MechanismSpec
from causalmed.scm.terms import Factor, FloatArray, Predictor, Term

if TYPE_CHECKING:
    from causalmed.scm.model import StructuralCausalModel

__all__ = ["load_model", "save_model"]

SCHEMA: Final = 1
_WHAT: Final = "causalmed.scm.StructuralCausalModel"
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
            node: _mechanism(node, model.mechanisms[node], arrays, f"m{place}")
            for place, node in enumerate(model.order)
        },
        "specs": {node: _spec(spec) for node, spec in model.specs.items()},
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
        mechanisms={
            node: _READERS[each["family"]](each, arrays) for node, each in described["mechanisms"].items()
        },
        nodes={each["name"]: _node_back(each) for each in described["nodes"]},
        outcome=described["outcome"],
        specs={node: _spec_back(each) for node, each in described["specs"].items()},
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


def _mechanism(node: str, mechanism: Mechanism, arrays: Arrays, key: str) -> dict[str, Any]:
    if type(mechanism) is LogisticBinary:
        arrays[key] = mechanism.predictor.coefficients
        return {"family": "logistic", "key": key, "terms": _terms(mechanism.predictor)}
    if type(mechanism) is LinearGaussian:
        arrays[key] = mechanism.parameters
        terms = _terms(mechanism.predictor)
        return {"family": "linear", "key": key, "terms": terms, "log": mechanism.log}
    if type(mechanism) is Ordinal:
        arrays[key], arrays[f"{key}_cuts"] = mechanism.predictor.coefficients, np.array(mechanism.cuts)
        codes = list(mechanism.codes)
        return {"family": "ordinal", "key": key, "terms": _terms(mechanism.predictor), "codes": codes}
    if type(mechanism) is Categorical:
        arrays[key] = np.array([predictor.coefficients for predictor in mechanism.predictors])
        codes, terms = list(mechanism.codes), _terms(mechanism.predictors[0])
        return {"family": "categorical", "key": key, "terms": terms, "codes": codes}
    if type(mechanism) is Empirical:
        arrays[key] = np.array([mechanism.support, mechanism.weights])
        return {"family": "empirical", "key": key}
    raise NotSavable(
        f"Node {node!r} has a mechanism of type {type(mechanism).__name__}, which has no safe form on disk. "
        "Fit it with one of the mechanisms of causalmed.scm, or keep the model in memory."
    )


def _terms(predictor: Predictor) -> list[list[list[Any]]]:
    return [[[f.column, f.code, f.power] for f in term.factors] for term in predictor.terms]


def _predictor(stored: Mapping[str, Any], coefficients: FloatArray) -> Predictor:
    terms = tuple(
        Term(
            coefficient=0.0,
            factors=tuple(Factor(column=column, code=code, power=power) for column, code, power in factors),
        )
        for factors in stored["terms"]
    )
    return Predictor(terms=terms).with_coefficients(coefficients)


def _logistic(stored: Mapping[str, Any], arrays: Mapping[str, FloatArray]) -> Mechanism:
    return LogisticBinary(predictor=_predictor(stored, arrays[stored["key"]]))


def _linear(stored: Mapping[str, Any], arrays: Mapping[str, FloatArray]) -> Mechanism:
    *coefficients, sd = arrays[stored["key"]].tolist()
    predictor = _predictor(stored, np.array(coefficients))
    return LinearGaussian(predictor=predictor, sd=sd, log=bool(stored["log"]))


def _ordinal(stored: Mapping[str, Any], arrays: Mapping[str, FloatArray]) -> Mechanism:
    return Ordinal(
        predictor=_predictor(stored, arrays[stored["key"]]),
        cuts=tuple(arrays[f"{stored['key']}_cuts"].tolist()),
        codes=tuple(stored["codes"]),
    )


def _categorical(stored: Mapping[str, Any], arrays: Mapping[str, FloatArray]) -> Mechanism:
    rows = arrays[stored["key"]]
    return Categorical(
        predictors=tuple(_predictor(stored, row) for row in rows), codes=tuple(stored["codes"])
    )


def _empirical(stored: Mapping[str, Any], arrays: Mapping[str, FloatArray]) -> Mechanism:
    support, weights = arrays[stored["key"]]
    return Empirical(support=tuple(support.tolist()), weights=tuple(weights.tolist()))


_READERS: Final[dict[str, Callable[[Mapping[str, Any], Mapping[str, FloatArray]], Mechanism]]] = {
    "logistic": _logistic,
    "linear": _linear,
    "ordinal": _ordinal,
    "categorical": _categorical,
    "empirical": _empirical,
}


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
    terms = None if spec.terms is None else list(spec.terms)
    return {"family": spec.family, "terms": terms, "firth": spec.firth}


def _spec_back(stored: Mapping[str, Any]) -> MechanismSpec:
    terms = None if stored["terms"] is None else tuple(stored["terms"])
    return MechanismSpec(family=stored["family"], terms=terms, firth=stored["firth"])
