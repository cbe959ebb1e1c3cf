"""The identity of a cohort on disk: that of the same cohort in memory, one column at a time."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from causalmed.cohort.column import label_of
from causalmed.cohort.fingerprint import feed_lengths, feed_words
from causalmed.engine import tasks_of

if TYPE_CHECKING:
    from causalmed.cohort.streamed.cohort import StreamedCohort

__all__ = ["streamed_fingerprint"]


def streamed_fingerprint(cohort: StreamedCohort) -> str:
    """Hash what :func:`~causalmed.cohort.fingerprint.cohort_fingerprint` hashes, reading each column once."""
    digest = hashlib.sha256()
    _feed_ids(digest, cohort)
    for name in sorted(cohort.plans):
        plan = cohort.plans[name]
        feed_words(digest, [plan.name, plan.kind, *plan.levels])
        read = cohort.reader((name,))
        for task in tasks_of(cohort.blocks):
            for _, columns, _ in read(task):
                digest.update(np.ascontiguousarray(columns[name].values, dtype="<f8").data)
    return digest.hexdigest()


def _feed_ids(digest: Any, cohort: StreamedCohort) -> None:
    texts = False
    lengths: list[Any] = []
    for ids in cohort.ids():
        if ids.dtype.kind in "iu":
            digest.update(ids.astype("<i8" if ids.dtype.kind == "i" else "<u8").data)
        else:
            texts = True
            lengths.append(np.array([len(word) for word in _encoded(ids)], dtype="<i8"))
    if texts:
        feed_lengths(digest, np.concatenate(lengths))
        for ids in cohort.ids():
            digest.update(b"".join(_encoded(ids)))


def _encoded(ids: Any) -> list[bytes]:
    return [label_of(value).encode("utf-8", "surrogatepass") for value in ids.tolist()]
