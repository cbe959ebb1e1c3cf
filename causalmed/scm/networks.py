r"""Discrete Bayesian networks: a .bif file as a model, and exact queries by enumeration.

.. math:: P(t \mid do(x), e) = \frac{\sum_{v:\, t, e, x} \prod_{i \notin X} P(v_i \mid \mathrm{pa}_i)}
          {\sum_{v:\, e, x} \prod_{i \notin X} P(v_i \mid \mathrm{pa}_i)}

The sum is taken one variable at a time (variable elimination), smallest table first.

References
----------
Zhang NL, Poole D (1996). Exploiting causal independence in Bayesian network inference. JAIR 5:301-328.
Pearl J (2009). Causality, 2nd ed., section 3.2 (truncated factorisation).
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

import numpy as np

from causalmed.arguments import require_names, require_path
from causalmed.errors import DataError, InvalidArgument, UnknownNode
from causalmed.graph import Graph
from causalmed.scm.mechanisms.categorical import Categorical
from causalmed.scm.model import StructuralCausalModel
from causalmed.scm.terms import Factor, FloatArray, Predictor, Term

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["DiscreteNetwork", "read_bif"]

_VARIABLE: Final = re.compile(r"variable\s+(\S+)\s*\{[^}]*?type\s+discrete\s*\[\s*(\d+)\s*\]\s*\{([^}]*)\}")
_TABLE: Final = re.compile(r"probability\s*\(\s*([^|)\s]+)\s*(?:\|([^)]*))?\)\s*\{([^}]*)\}")
_ROW: Final = re.compile(r"\(([^)]*)\)\s*([^;]*);")
_CELLS: Final = 2**24
_SMALLEST: Final = 1e-300


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class DiscreteNetwork:
    """A graph, the levels of each node, and the table of each node given its causes.

    Parameters
    ----------
    graph : Graph
        Acyclic, without hidden causes.
    levels : mapping of str to tuple of str
        Node → its levels.
    causes : mapping of str to tuple of str
        Node → its causes in the order of the axes of its table.
    tables : mapping of str to ndarray
        Node → P(node | causes), one axis a cause and the last the node's own; rows sum to 1.

    Examples
    --------
    >>> network = DiscreteNetwork(
    ...     graph=Graph.parse("dag { late -> ssi }"),
    ...     levels={"late": ("no", "yes"), "ssi": ("no", "yes")},
    ...     causes={"late": (), "ssi": ("late",)},
    ...     tables={"late": np.array([0.7, 0.3]), "ssi": np.array([[0.9, 0.1], [0.8, 0.2]])})
    >>> network.query("late", given={"ssi": "yes"})["probability"].round(3).tolist()
    [0.538, 0.462]
    """

    graph: Graph
    levels: Mapping[str, tuple[str, ...]]
    causes: Mapping[str, tuple[str, ...]]
    tables: Mapping[str, FloatArray]

    def __post_init__(self) -> None:
        tables = {name: np.array(table, dtype=np.float64) for name, table in self.tables.items()}
        for table in tables.values():
            table.setflags(write=False)
        object.__setattr__(self, "tables", MappingProxyType(tables))
        for name in ("levels", "causes"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))
        _check(self)

    def __repr__(self) -> str:
        return f"DiscreteNetwork({len(self.levels)} nodes, {self.parameters} parameters)"

    @property
    def parameters(self) -> int:
        """Number of free probabilities."""
        return sum(table.size // table.shape[-1] * (table.shape[-1] - 1) for table in self.tables.values())

    def query(
        self,
        targets: str | Sequence[str],
        *,
        do: Mapping[str, str] | None = None,
        given: Mapping[str, str] | None = None,
    ) -> pd.DataFrame:
        """Return the exact law of some nodes under an intervention, given evidence.

        Parameters
        ----------
        targets : str or sequence of str
            Nodes that are asked for.
        do : mapping of str to str, optional
            Node → level it is set to.
        given : mapping of str to str, optional
            Node → level it is seen to have, after the intervention.

        Returns
        -------
        pandas.DataFrame
            A column a target and ``probability``; a row a combination of levels.

        Raises
        ------
        UnknownNode, InvalidArgument
            A node or level that the network does not know, or one node asked for twice.
        DataError
            The evidence cannot occur, or the tables of the sum grow too large.
        """
        import pandas as pd

        names = (targets,) if isinstance(targets, str) else require_names("targets", targets)
        fixed, seen = self._codes("do", do), self._codes("given", given)
        listed = (*names, *fixed, *seen)
        if unknown := [name for name in names if name not in self.levels]:
            raise UnknownNode.among(unknown, self.levels)
        if len(set(listed)) < len(listed) or not names:
            raise InvalidArgument("Each node may stand once, as a target, in do= or in given=.")
        law = _eliminated(self, names, fixed=fixed, seen=seen)
        index = pd.MultiIndex.from_product([self.levels[name] for name in names], names=names)
        return pd.DataFrame({"probability": law.ravel()}, index=index).reset_index()

    def model(self) -> StructuralCausalModel:
        """Return the network as a structural causal model: to sample, to intervene, to ask of one unit.

        Each row of a table becomes one term of a multinomial logistic mechanism. A probability of zero
        becomes 1e-300.
        """
        mechanisms = {node: _mechanism(self.causes[node], table) for node, table in self.tables.items()}
        return StructuralCausalModel.of(self.graph, mechanisms, levels=self.levels)

    def _codes(self, argument: str, stated: Mapping[str, str] | None) -> dict[str, int]:
        if not isinstance(stated, Mapping | None):
            raise InvalidArgument(f"{argument}= maps nodes to levels; got {stated!r}.")
        found: dict[str, int] = {}
        for name, level in (stated or {}).items():
            if name not in self.levels:
                raise UnknownNode.among([str(name)], self.levels)
            if level not in self.levels[name]:
                raise InvalidArgument.option(f"{argument}[{name!r}]", level, self.levels[name])
            found[name] = self.levels[name].index(level)
        return found


def read_bif(path: str | Path) -> DiscreteNetwork:
    """Read a discrete Bayesian network from a file in the interchange format (.bif).

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    DiscreteNetwork

    Raises
    ------
    DataError
        The file cannot be read, or is not a complete network: the message names the node.
    """
    file = require_path(path)
    try:
        text = file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file} cannot be read as a .bif file: {error}.") from error
    text = re.sub(r"//[^\n]*|/\*.*?\*/|\bproperty\b[^;]*;", "", text, flags=re.DOTALL)
    levels = {name: _words(found) for name, _, found in _VARIABLE.findall(text)}
    if not levels:
        raise DataError(f"{file} holds no variable; it is not a discrete network in .bif format.")
    parts = {node: (_words(causes), body) for node, causes, body in _TABLE.findall(text)}
    if missing := sorted(set(levels) ^ set(parts)):
        raise DataError(f"{file}: {', '.join(missing)} lack a variable or a probability block.")
    causes = {node: parts[node][0] for node in levels}
    if strange := sorted({c for each in causes.values() for c in each} - set(levels)):
        raise DataError(f"{file}: the causes {', '.join(strange)} are no variables of the file.")
    tables = {node: _table(node, causes[node], parts[node][1], levels) for node in levels}
    arrows = [f'"{c}" -> "{node}"' for node, each in causes.items() for c in each]
    graph = Graph.parse("dag {\n" + "\n".join([*(f'"{node}"' for node in levels), *arrows]) + "\n}")
    return DiscreteNetwork(graph=graph, levels=levels, causes=causes, tables=tables)


def _table(
    node: str, causes: tuple[str, ...], body: str, levels: Mapping[str, tuple[str, ...]]
) -> FloatArray:
    shape = tuple(len(levels[name]) for name in (*causes, node))
    table = np.full(shape, np.nan)
    flat = re.search(r"\btable\b([^;]*);", body)
    if flat is not None and causes:
        raise DataError(
            f"The table of {node!r} is written flat, whose order is ambiguous. Write one row for each "
            "combination of the causes: (level, level) 0.9, 0.1;"
        )
    try:
        if flat is not None:
            return np.array([float(number) for number in _words(flat[1])]).reshape(shape)
        for labels, numbers in _ROW.findall(body):
            place = tuple(levels[c].index(x) for c, x in zip(causes, _words(labels), strict=True))
            table[place] = [float(number) for number in _words(numbers)]
    except ValueError as error:
        raise DataError(f"The table of {node!r} cannot be read: {error}.") from error
    return table


def _mechanism(causes: tuple[str, ...], table: FloatArray) -> Categorical:
    """Write a table as a multinomial logistic mechanism with one term a row."""
    logs = np.log(np.maximum(table, _SMALLEST))
    odds = logs[..., 1:] - logs[..., :1]
    if not causes:
        return Categorical(predictors=tuple(Predictor(intercept=float(value)) for value in odds))
    predictors = []
    for level in range(odds.shape[-1]):
        terms = tuple(
            Term(
                coefficient=float(odds[(*place, level)]),
                factors=tuple(
                    Factor(column=c, code=float(code)) for c, code in zip(causes, place, strict=True)
                ),
            )
            for place in np.ndindex(odds.shape[:-1])
        )
        predictors.append(Predictor(terms=terms))
    return Categorical(predictors=tuple(predictors))


def _words(text: str) -> tuple[str, ...]:
    return tuple(part.strip().strip('"') for part in text.split(",") if part.strip())


def _check(network: DiscreteNetwork) -> None:
    network.graph.topological_order()
    if set(network.levels) != set(network.graph.nodes) or set(network.tables) != set(network.levels):
        raise InvalidArgument("Levels, tables and graph must have the same nodes.")
    for node, table in network.tables.items():
        shape = tuple(len(network.levels[name]) for name in (*network.causes[node], node))
        if set(network.causes[node]) != set(network.graph.parents(node)):
            raise InvalidArgument(f"The causes of {node!r} are not those of the graph.")
        if table.shape != shape or not np.all(table >= 0) or np.any(np.abs(table.sum(axis=-1) - 1) > 1e-6):
            raise DataError(
                f"The table of {node!r} must have shape {shape} and rows of probabilities that sum to 1; a "
                "combination of levels may be missing or written twice."
            )


def _eliminated(
    network: DiscreteNetwork, targets: tuple[str, ...], *, fixed: Mapping[str, int], seen: Mapping[str, int]
) -> FloatArray:
    """Multiply the tables and sum out all but the targets, one variable at a time."""
    known = {**fixed, **seen}
    factors = []
    for node, table in network.tables.items():
        if node in fixed:
            continue
        scope = (*network.causes[node], node)
        place = tuple(known.get(name, slice(None)) for name in scope)
        factors.append((tuple(name for name in scope if name not in known), table[place]))
    left = {name for scope, _ in factors for name in scope} - set(targets)
    while left:
        near = {v: {w for scope, _ in factors if v in scope for w in scope} for v in left}
        cost = {v: math.prod(len(network.levels[w]) for w in near[v]) for v in left}
        chosen = min(sorted(left), key=cost.__getitem__)
        if cost[chosen] > _CELLS:
            raise DataError("The tables of this query grow too large; sample from .model() and count.")
        involved = [factor for factor in factors if chosen in factor[0]]
        rest = tuple(sorted(near[chosen] - {chosen}))
        factors = [factor for factor in factors if chosen not in factor[0]]
        factors.append((rest, _product(involved, rest)))
        left.remove(chosen)
    law = _product(factors, targets)
    if not law.sum() > 0:
        raise DataError(f"The evidence {dict(seen)!r} cannot occur under this intervention.")
    return np.asarray(law / law.sum())


def _product(factors: list[tuple[tuple[str, ...], FloatArray]], kept: tuple[str, ...]) -> FloatArray:
    """Multiply factors and sum out every name that is not kept."""
    names = sorted({name for scope, _ in factors for name in scope} | set(kept))
    place = {name: at for at, name in enumerate(names)}
    operands: list[object] = []
    for scope, table in factors:
        operands += [table, [place[name] for name in scope]]
    return np.asarray(np.einsum(*operands, [place[name] for name in kept], optimize="greedy"))  # type: ignore[call-overload]
