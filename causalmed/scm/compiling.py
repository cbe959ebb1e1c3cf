"""From mechanisms to the steps of a program."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from causalmed.scm.mechanism import Mechanism
from causalmed.scm.mechanisms.boosted import BoostedBinary, BoostedLevels, BoostedMean, BoostedQuantiles
from causalmed.scm.mechanisms.categorical import Categorical
from causalmed.scm.mechanisms.empirical import Empirical
from causalmed.scm.mechanisms.gaussian import LinearGaussian
from causalmed.scm.mechanisms.logistic import LogisticBinary
from causalmed.scm.mechanisms.ordinal import Ordinal
from causalmed.scm.mechanisms.quantiles import QuantileLaw
from causalmed.scm.mechanisms.scaled import ScaledGaussian
from causalmed.scm.mechanisms.trees import Trees
from causalmed.scm.program import Program, Slot, whole
from causalmed.scm.terms import Factor, FloatArray, Predictor

__all__ = ["COMPILED", "WITH_MEANS", "Assembler", "Op", "Reads"]

Reads: TypeAlias = Mapping[str, Slot]
"""Input of a factor → the slot that holds it."""

COMPILED: Final = (
    LinearGaussian, ScaledGaussian, LogisticBinary, Ordinal, Categorical, Empirical, BoostedBinary,
    BoostedLevels, BoostedMean, BoostedQuantiles,
)  # fmt: skip
"""Mechanisms that the kernel draws; others are computed in NumPy between its runs."""

WITH_MEANS: Final = (LinearGaussian, ScaledGaussian, LogisticBinary, BoostedBinary, BoostedMean)
"""Mechanisms whose mean the kernel computes."""

_NORMAL: Final = (LinearGaussian, ScaledGaussian)

_GUIDE: Final = 2**20


class Op(IntEnum):
    """What a step does; see ``_ext/scm.pyx``."""

    UNIFORM = 0
    NORMAL = 1
    GAUSS = 2
    LOGISTIC = 3
    ORDINAL = 4
    CATEGORICAL = 5
    EMPIRICAL = 6
    MOVED = 7
    POSTERIOR = 8
    KEEP = 9
    RISK = 10
    LINE = 11
    FLIPPED = 12
    TREES = 13
    QUANTILES = 14


@dataclass(slots=True, kw_only=True, eq=False)
class Assembler:
    """Collects steps until the program is finished.

    Examples
    --------
    >>> made = Assembler()
    >>> late = LogisticBinary(predictor=Predictor.of(-1.0, {"emergency": 1.0}))
    >>> made.draw("late", late, target=("", "late"), reads={"emergency": ("", "emergency")})
    >>> made.finished().steps[:, 0].tolist() == [Op.UNIFORM, Op.LOGISTIC]
    True
    """

    _steps: list[list[int]] = field(default_factory=list)
    _predictors: list[list[int]] = field(default_factory=list)
    _pieces: list[list[int]] = field(default_factory=list)
    _factors: list[list[int]] = field(default_factory=list)
    _numbers: list[FloatArray] = field(default_factory=lambda: [np.zeros(1)])
    _forest: list[NDArray[np.int32]] = field(default_factory=lambda: [np.zeros(1, dtype=np.int32)])
    _planted: dict[int, tuple[int, int]] = field(default_factory=dict)
    _scratch: int = 0
    _count: int = 1
    _noises: list[str] = field(default_factory=list)
    _slots: dict[Slot, int] = field(default_factory=dict)

    def finished(self) -> Program:
        """Return the program."""
        return Program(
            steps=whole(self._steps, 8),
            predictors=whole(self._predictors, 3),
            pieces=whole(self._pieces, 4),
            factors=whole(self._factors, 3),
            numbers=np.concatenate(self._numbers),
            forest=np.concatenate(self._forest),
            noises=tuple(self._noises),
            slots=dict(self._slots),
        )

    def slot(self, where: Slot) -> int:
        """Return the number of a slot, a new one where it was not named before."""
        return self._slots.setdefault(where, len(self._slots))

    def noise(self, node: str, mechanism: Mechanism) -> Slot:
        """Draw the noise of a node, once, and return its slot."""
        where = ("noise", node)
        if where not in self._slots:
            self._noise(node, mechanism, where)
        return where

    def draw(
        self, node: str, mechanism: Mechanism, *, target: Slot, reads: Reads, noise: Slot | None = None
    ) -> None:
        """Write a node from its inputs and its noise (drawn, unless a slot of noise is named)."""
        source = self._noise(node, mechanism, ("noise", "")) if noise is None else self.slot(noise)
        if isinstance(mechanism, BoostedQuantiles):
            self._by_quantiles(mechanism.law, self._grown(mechanism.trees, reads), target, source)
            return
        if isinstance(mechanism, BoostedMean):
            scratch = self._new()
            self._by_quantiles(mechanism.law, mechanism.residuals, scratch, source)
            source = self.slot(scratch)
        law, seen = self.lowered(mechanism, reads)
        _DRAWN[type(law)](self, law, self.slot(target), source, seen)

    def lowered(self, mechanism: Mechanism, reads: Reads) -> tuple[Mechanism, Reads]:
        """Grow the trees of a boosted mechanism; return the plain one that reads their sums."""
        if isinstance(mechanism, BoostedBinary):
            line = Predictor.of(mechanism.intercept, {"trees": mechanism.slope})
            return LogisticBinary(predictor=line), {"trees": self._grown((mechanism.trees,), reads)[0]}
        if isinstance(mechanism, BoostedMean):
            seen = {"trees": self._grown((mechanism.trees,), reads)[0]}
            return LinearGaussian(predictor=Predictor.of(0.0, {"trees": 1.0}), sd=1.0), seen
        if isinstance(mechanism, BoostedLevels):
            sums = {str(k): slot for k, slot in enumerate(self._grown(mechanism.trees, reads))}
            others, slope = tuple(sums)[1:], mechanism.slope
            lines = tuple(
                Predictor.of(0.0, {"0": -slope, **{name: slope * (name == level) for name in others}})
                for level in others
            )
            return Categorical(predictors=lines, codes=mechanism.codes), sums
        return mechanism, reads

    def rank(self, mechanism: BoostedQuantiles, *, target: Slot, observed: Slot, before: Reads) -> None:
        """Write the noise that gave the observed value of a number by its quantiles."""
        sums = self._grown(mechanism.trees, before)
        self._by_quantiles(mechanism.law, sums, target, self.slot(observed), back=1)

    def mean(self, mechanism: Mechanism, *, target: Slot, reads: Reads) -> None:
        """Write the mean of a numeric or binary node."""
        into = self.slot(target)
        law, seen = self.lowered(mechanism, reads)
        assert isinstance(law, LogisticBinary | LinearGaussian | ScaledGaussian)
        line = law.predictor
        if isinstance(mechanism, BoostedMean):
            line = replace(line, intercept=float(mechanism.law.mean(mechanism.grid)))
        eta = self._eta(line, seen)
        if isinstance(law, LogisticBinary):
            self._step(Op.RISK, into, predictor=eta)
            return
        log = isinstance(law, LinearGaussian) and law.log
        sd = self._number([law.sd if isinstance(law, LinearGaussian) else 0.0])
        self._step(Op.LINE, into, predictor=eta, number=sd, flag=int(log))

    def move(
        self,
        mechanism: LinearGaussian | BoostedMean,
        *,
        target: Slot,
        observed: Slot,
        before: Reads,
        after: Reads,
    ) -> None:
        """Write a numeric node under other inputs, its noise kept."""
        (law, now), (_, was) = self.lowered(mechanism, after), self.lowered(mechanism, before)
        assert isinstance(law, LinearGaussian)
        first = self._eta(law.predictor, now)
        self._eta(law.predictor, was)
        self._step(
            Op.MOVED,
            self.slot(target),
            other=self.slot(observed),
            predictor=first,
            flag=int(law.log),
        )

    def posterior(
        self, mechanism: Mechanism, *, target: Slot, observed: Slot, uniform: Slot, before: Reads
    ) -> None:
        """Write noise that may have given the observed value of a discrete node."""
        mechanism, before = self.lowered(mechanism, before)
        cuts: Sequence[float] = ()
        predictors: tuple[Predictor, ...]
        if isinstance(mechanism, Categorical):
            predictors = mechanism.predictors
        else:
            assert isinstance(mechanism, LogisticBinary | Ordinal)
            predictors = (mechanism.predictor,)
            cuts = mechanism.cuts if isinstance(mechanism, Ordinal) else (0.0,)
        first = len(self._predictors)
        for predictor in predictors:
            self._eta(predictor, before)
        self._step(
            Op.POSTERIOR,
            self.slot(target),
            source=self.slot(uniform),
            other=self.slot(observed),
            predictor=first,
            count=len(mechanism.codes) - 1,
            number=self._number([*cuts, *mechanism.codes]),
            flag=int(isinstance(mechanism, Categorical)),
        )

    def flip(
        self,
        mechanism: LogisticBinary | BoostedBinary,
        *,
        target: Slot,
        observed: Slot,
        uniform: Slot,
        before: Reads,
        after: Reads,
    ) -> None:
        """Write a binary node under other inputs, its noise anywhere that gives the observed value."""
        (law, now), (_, was) = self.lowered(mechanism, after), self.lowered(mechanism, before)
        assert isinstance(law, LogisticBinary)
        first = self._eta(law.predictor, now)
        self._eta(law.predictor, was)
        source, other = self.slot(uniform), self.slot(observed)
        self._step(Op.FLIPPED, self.slot(target), source, other, predictor=first)

    def keep(
        self, mechanism: Mechanism, *, target: Slot, observed: Slot, before: Reads, after: Reads
    ) -> None:
        """Write the observed value where all inputs are what they were."""
        first, columns = len(self._factors), mechanism.columns
        for name in columns:
            self._factors.append([self.slot(before[name]), self.slot(after[name]), 0])
        self._step(Op.KEEP, self.slot(target), other=self.slot(observed), predictor=first, count=len(columns))

    def _step(self, op: Op, target: int, source: int = 0, other: int = 0, *, predictor: int = 0,
              count: int = 0, number: int = 0, flag: int = 0) -> None:  # fmt: skip
        self._steps.append([op, target, source, other, predictor, count, number, flag])

    def _noise(self, node: str, mechanism: Mechanism, where: Slot) -> int:
        op, slot = Op.NORMAL if isinstance(mechanism, _NORMAL) else Op.UNIFORM, self.slot(where)
        self._step(op, slot, source=len(self._noises))
        self._noises.append(node)
        return slot

    def _new(self) -> Slot:
        """Name a slot for a number in between."""
        self._scratch += 1
        return ("scratch", str(self._scratch))

    def _grown(self, sums: Sequence[Trees], reads: Reads) -> list[Slot]:
        """Write sums of trees, each into a slot of its own."""
        slots = []
        for trees in sums:
            first, slot = self._read(reads[name] for name in trees.columns), self._new()
            if id(trees) not in self._planted:
                at = sum(len(each) for each in self._forest)
                self._planted[id(trees)] = at, self._number(trees.numbers)
                self._forest.append(trees.forest)
            at, number = self._planted[id(trees)]
            count = len(trees.columns)
            self._step(Op.TREES, self.slot(slot), predictor=first, count=count, number=number, flag=at)
            slots.append(slot)
        return slots

    def _by_quantiles(
        self,
        law: QuantileLaw,
        grid: Sequence[Slot] | tuple[float, ...],
        target: Slot,
        source: int,
        *,
        back: int = 0,
    ) -> None:
        """Write the quantile at ``source``, or the rank of ``source`` with ``back``."""
        fixed = [each for each in grid if isinstance(each, float)]
        first = self._read(each for each in grid if not isinstance(each, float))
        number = self._number([*law.levels, law.low_tail, law.high_tail, law.gap, *fixed])
        flag = back + (2 if fixed else 0)
        count = len(law.levels)
        self._step(
            Op.QUANTILES, self.slot(target), source, predictor=first, count=count, number=number, flag=flag
        )

    def _read(self, slots: Iterable[Slot]) -> int:
        """Write factors that read slots as they are; return the number of the first."""
        first = len(self._factors)
        self._factors += [[self.slot(slot), 1, 0] for slot in slots]
        return first

    def _number(self, values: Sequence[float] | FloatArray) -> int:
        start = self._count
        self._numbers.append(np.asarray(values, dtype=np.float64))
        self._count += len(values)
        return start

    def _eta(self, predictor: Predictor, reads: Reads) -> int:
        """Write a predictor: tables first, then the other terms, as :meth:`Predictor.__call__` adds them."""
        first = len(self._pieces)
        tables, others = predictor._gathered
        for name, table in tables.items():
            self._pieces.append(
                [1, self._factor(Factor(column=name), reads), len(table), self._number(table)]
            )
        for term in others:
            at = [self._factor(factor, reads) for factor in term.factors]
            self._pieces.append([0, at[0], len(at), self._number([term.coefficient])])
        self._predictors.append([first, len(self._pieces), self._number([predictor.intercept])])
        return len(self._predictors) - 1

    def _factor(self, factor: Factor, reads: Reads) -> int:
        power = factor.power if factor.code is None else 0
        code = 0 if factor.code is None else self._number([factor.code])
        self._factors.append([self.slot(reads[factor.column]), power, code])
        return len(self._factors) - 1


def _gauss(made: Assembler, mechanism: Mechanism, target: int, noise: int, reads: Reads) -> None:
    assert isinstance(mechanism, LinearGaussian)
    eta, sd = made._eta(mechanism.predictor, reads), made._number([mechanism.sd])
    made._step(Op.GAUSS, target, noise, predictor=eta, number=sd, flag=int(mechanism.log))


def _scaled(made: Assembler, mechanism: Mechanism, target: int, noise: int, reads: Reads) -> None:
    assert isinstance(mechanism, ScaledGaussian)
    eta = made._eta(mechanism.predictor, reads)
    made._eta(mechanism.spread, reads)
    made._step(Op.GAUSS, target, noise, predictor=eta, flag=2)


def _logistic(made: Assembler, mechanism: Mechanism, target: int, noise: int, reads: Reads) -> None:
    assert isinstance(mechanism, LogisticBinary)
    made._step(Op.LOGISTIC, target, noise, predictor=made._eta(mechanism.predictor, reads))


def _ordinal(made: Assembler, mechanism: Mechanism, target: int, noise: int, reads: Reads) -> None:
    assert isinstance(mechanism, Ordinal)
    eta, number = made._eta(mechanism.predictor, reads), made._number([*mechanism.cuts, *mechanism.codes])
    made._step(Op.ORDINAL, target, noise, predictor=eta, count=len(mechanism.cuts), number=number)


def _categorical(made: Assembler, mechanism: Mechanism, target: int, noise: int, reads: Reads) -> None:
    assert isinstance(mechanism, Categorical)
    etas = [made._eta(predictor, reads) for predictor in mechanism.predictors]
    number = made._number(mechanism.codes)
    made._step(Op.CATEGORICAL, target, noise, predictor=etas[0], count=len(etas), number=number)


def _empirical(made: Assembler, mechanism: Mechanism, target: int, noise: int, reads: Reads) -> None:
    """Edges, support, and for each of equal pieces of (0, 1) the first place that may be meant."""
    assert isinstance(mechanism, Empirical)
    edges = np.cumsum(mechanism.weights)[:-1]
    cells = int(min(_GUIDE, 2 ** np.ceil(np.log2(len(edges) + 1))))
    guide = np.searchsorted(edges, np.arange(cells) / cells, side="right")
    number = made._number(np.concatenate([edges, mechanism.support, guide]))
    made._step(Op.EMPIRICAL, target, noise, count=len(mechanism.support), number=number, flag=cells)


_DRAWN: Final[dict[type, Callable[[Assembler, Mechanism, int, int, Reads], None]]] = {
    LinearGaussian: _gauss,
    ScaledGaussian: _scaled,
    LogisticBinary: _logistic,
    Ordinal: _ordinal,
    Categorical: _categorical,
    Empirical: _empirical,
}
