"""Mechanisms as plain JSON and arrays: a writer and a reader for each that has a safe form on disk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np

from causalmed.errors import NotSavable
from causalmed.scm.mechanism import Mechanism
from causalmed.scm.mechanisms.boosted import BoostedBinary, BoostedLevels, BoostedMean, BoostedQuantiles
from causalmed.scm.mechanisms.categorical import Categorical
from causalmed.scm.mechanisms.count import Count
from causalmed.scm.mechanisms.empirical import Empirical
from causalmed.scm.mechanisms.gaussian import LinearGaussian
from causalmed.scm.mechanisms.logistic import LogisticBinary
from causalmed.scm.mechanisms.ordinal import Ordinal
from causalmed.scm.mechanisms.quantiles import QuantileLaw
from causalmed.scm.mechanisms.scaled import ScaledGaussian
from causalmed.scm.mechanisms.trees import Trees
from causalmed.scm.terms import Factor, FloatArray, Predictor, Term

__all__ = ["packed", "unpacked"]

Arrays = dict[str, FloatArray]
Stored = Mapping[str, Any]
Read = Mapping[str, FloatArray]


def packed(node: str, mechanism: Mechanism, arrays: Arrays, key: str) -> dict[str, Any]:
    """Return a mechanism as JSON types; its numbers are put into ``arrays`` under ``key``.

    Raises
    ------
    NotSavable
        The mechanism is a learner, a function, or of another package; the node is named.
    """
    writer = _WRITERS.get(type(mechanism))
    if writer is not None:
        return {"key": key, **writer(mechanism, arrays, key)}
    raise NotSavable(
        f"Node {node!r} has a mechanism of type {type(mechanism).__name__}, which has no safe form on disk. "
        "Fit it with one of the other mechanisms of causalmed.scm, or keep the model in memory."
    )


def unpacked(stored: Stored, arrays: Read) -> Mechanism:
    """Return the mechanism that :func:`packed` stored."""
    return _READERS[stored["family"]](stored, arrays)


def _terms(predictor: Predictor) -> list[list[list[Any]]]:
    return [[[f.column, f.code, f.power] for f in term.factors] for term in predictor.terms]


def _predictor(terms: list[list[list[Any]]], coefficients: FloatArray) -> Predictor:
    read = tuple(
        Term(
            coefficient=0.0,
            factors=tuple(Factor(column=column, code=code, power=power) for column, code, power in factors),
        )
        for factors in terms
    )
    return Predictor(terms=read).with_coefficients(coefficients)


def _write_logistic(it: Any, arrays: Arrays, key: str) -> dict[str, Any]:
    arrays[key] = it.predictor.coefficients
    return {"family": "logistic", "terms": _terms(it.predictor), "penalty": list(it.penalty)}


def _read_logistic(stored: Stored, arrays: Read) -> Mechanism:
    predictor = _predictor(stored["terms"], arrays[stored["key"]])
    return LogisticBinary(predictor=predictor, penalty=tuple(stored.get("penalty", ())))


def _write_linear(it: Any, arrays: Arrays, key: str) -> dict[str, Any]:
    arrays[key] = it.parameters
    terms = _terms(it.predictor)
    return {"family": "linear", "terms": terms, "log": it.log, "penalty": list(it.penalty)}


def _read_linear(stored: Stored, arrays: Read) -> Mechanism:
    *coefficients, sd = arrays[stored["key"]].tolist()
    predictor = _predictor(stored["terms"], np.array(coefficients))
    penalty = tuple(stored.get("penalty", ()))
    return LinearGaussian(predictor=predictor, sd=sd, log=bool(stored["log"]), penalty=penalty)


def _write_scaled(it: Any, arrays: Arrays, key: str) -> dict[str, Any]:
    arrays[key], arrays[f"{key}_spread"] = it.predictor.coefficients, it.spread.coefficients
    return {"family": "scaled", "terms": _terms(it.predictor), "spread": _terms(it.spread)}


def _read_scaled(stored: Stored, arrays: Read) -> Mechanism:
    key = stored["key"]
    return ScaledGaussian(
        predictor=_predictor(stored["terms"], arrays[key]),
        spread=_predictor(stored["spread"], arrays[f"{key}_spread"]),
    )


def _write_count(it: Any, arrays: Arrays, key: str) -> dict[str, Any]:
    arrays[key] = it.predictor.coefficients
    return {"family": "count", "terms": _terms(it.predictor), "dispersion": it.dispersion}


def _read_count(stored: Stored, arrays: Read) -> Mechanism:
    predictor = _predictor(stored["terms"], arrays[stored["key"]])
    return Count(predictor=predictor, dispersion=float(stored["dispersion"]))


def _write_ordinal(it: Any, arrays: Arrays, key: str) -> dict[str, Any]:
    arrays[key], arrays[f"{key}_cuts"] = it.predictor.coefficients, np.array(it.cuts)
    return {"family": "ordinal", "terms": _terms(it.predictor), "codes": list(it.codes)}


def _read_ordinal(stored: Stored, arrays: Read) -> Mechanism:
    return Ordinal(
        predictor=_predictor(stored["terms"], arrays[stored["key"]]),
        cuts=tuple(arrays[f"{stored['key']}_cuts"].tolist()),
        codes=tuple(stored["codes"]),
    )


def _write_categorical(it: Any, arrays: Arrays, key: str) -> dict[str, Any]:
    arrays[key] = np.array([predictor.coefficients for predictor in it.predictors])
    return {"family": "categorical", "terms": _terms(it.predictors[0]), "codes": list(it.codes)}


def _read_categorical(stored: Stored, arrays: Read) -> Mechanism:
    rows = arrays[stored["key"]]
    predictors = tuple(_predictor(stored["terms"], row) for row in rows)
    return Categorical(predictors=predictors, codes=tuple(stored["codes"]))


def _write_empirical(it: Any, arrays: Arrays, key: str) -> dict[str, Any]:
    arrays[key] = np.array([it.support, it.weights])
    return {"family": "empirical"}


def _read_empirical(stored: Stored, arrays: Read) -> Mechanism:
    support, weights = arrays[stored["key"]]
    return Empirical(support=tuple(support.tolist()), weights=tuple(weights.tolist()))


def _write_trees(trees: tuple[Trees, ...], arrays: Arrays, key: str) -> dict[str, Any]:
    for name in ("features", "thresholds", "leaves"):
        arrays[f"{key}_{name}"] = np.stack([getattr(each, name) for each in trees])
    arrays[key] = np.array([each.start for each in trees])
    return {"columns": list(trees[0].columns)}


def _read_trees(stored: Stored, arrays: Read) -> tuple[Trees, ...]:
    key, columns = stored["key"], tuple(stored["columns"])
    parts = [arrays[f"{key}_{name}"] for name in ("features", "thresholds", "leaves")]
    return tuple(
        Trees(columns=columns, start=start, features=f.astype(np.int32), thresholds=t, leaves=v)
        for start, f, t, v in zip(arrays[key].tolist(), *parts, strict=True)
    )


def _write_law(law: QuantileLaw) -> dict[str, Any]:
    return {
        "levels": list(law.levels),
        "low_tail": law.low_tail,
        "high_tail": law.high_tail,
        "gap": law.gap,
    }


def _read_law(stored: Stored) -> QuantileLaw:
    return QuantileLaw(
        levels=tuple(stored["levels"]),
        low_tail=stored["low_tail"],
        high_tail=stored["high_tail"],
        gap=stored["gap"],
    )


def _write_boosted(it: Any, arrays: Arrays, key: str) -> dict[str, Any]:
    more = {"family": "boosted binary", "intercept": it.intercept, "slope": it.slope}
    return more | _write_trees((it.trees,), arrays, key)


def _read_boosted(stored: Stored, arrays: Read) -> Mechanism:
    (trees,) = _read_trees(stored, arrays)
    return BoostedBinary(trees=trees, intercept=stored["intercept"], slope=stored["slope"])


def _write_levels(it: Any, arrays: Arrays, key: str) -> dict[str, Any]:
    more = {"family": "boosted levels", "codes": list(it.codes), "slope": it.slope}
    return more | _write_trees(it.trees, arrays, key)


def _read_levels(stored: Stored, arrays: Read) -> Mechanism:
    codes = tuple(stored["codes"])
    return BoostedLevels(trees=_read_trees(stored, arrays), codes=codes, slope=stored["slope"])


def _write_mean(it: Any, arrays: Arrays, key: str) -> dict[str, Any]:
    arrays[f"{key}_residuals"] = np.array(it.residuals)
    return {"family": "boosted mean"} | _write_law(it.law) | _write_trees((it.trees,), arrays, key)


def _read_mean(stored: Stored, arrays: Read) -> Mechanism:
    (trees,) = _read_trees(stored, arrays)
    residuals = tuple(arrays[f"{stored['key']}_residuals"].tolist())
    return BoostedMean(trees=trees, residuals=residuals, law=_read_law(stored))


def _write_quantiles(it: Any, arrays: Arrays, key: str) -> dict[str, Any]:
    return {"family": "boosted quantiles"} | _write_law(it.law) | _write_trees(it.trees, arrays, key)


def _read_quantiles(stored: Stored, arrays: Read) -> Mechanism:
    return BoostedQuantiles(trees=_read_trees(stored, arrays), law=_read_law(stored))


_WRITERS: Final[Mapping[type, Callable[[Any, Arrays, str], dict[str, Any]]]] = {
    LogisticBinary: _write_logistic,
    LinearGaussian: _write_linear,
    ScaledGaussian: _write_scaled,
    Count: _write_count,
    Ordinal: _write_ordinal,
    Categorical: _write_categorical,
    Empirical: _write_empirical,
    BoostedBinary: _write_boosted,
    BoostedLevels: _write_levels,
    BoostedMean: _write_mean,
    BoostedQuantiles: _write_quantiles,
}
_READERS: Final[Mapping[str, Callable[[Stored, Read], Mechanism]]] = {
    "logistic": _read_logistic,
    "linear": _read_linear,
    "scaled": _read_scaled,
    "count": _read_count,
    "ordinal": _read_ordinal,
    "categorical": _read_categorical,
    "empirical": _read_empirical,
    "boosted binary": _read_boosted,
    "boosted levels": _read_levels,
    "boosted mean": _read_mean,
    "boosted quantiles": _read_quantiles,
}
