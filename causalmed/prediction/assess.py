"""From outcomes and risks to a :class:`ClinicalPerformance`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from causalmed.engine import generator
from causalmed.errors import DataError, InvalidArgument, NotConverged, NotEnoughEvents
from causalmed.prediction.calibration import CLIP, WeakCalibration, calibration_curve, weak_calibration
from causalmed.prediction.clustered import clustered_proportion
from causalmed.prediction.discrimination import auroc
from causalmed.prediction.influence import normal_interval, std_error_of_mean
from causalmed.prediction.performance import AlertPerformance, ClinicalPerformance, Histogram
from causalmed.prediction.utility import net_benefit, net_benefit_curve
from causalmed.results import Check, Gate, Interval, Provenance, State

__all__ = ["clinical_performance"]

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


def clinical_performance(
    *,
    outcome: NDArray[np.float64],
    risk: NDArray[np.float64],
    threshold: float | None = None,
    thresholds: NDArray[np.float64] | None = None,
    cluster: NDArray[np.intp] | None = None,
    outcome_name: str = "the outcome",
    level: float = 0.95,
    seed: int = 0,
    provenance: Provenance | None = None,
) -> ClinicalPerformance:
    """Measure how right risks are, in arrays from any model.

    Parameters
    ----------
    outcome : ndarray, shape (n,)
        0 or 1, both present.
    risk : ndarray, shape (n,)
        Predicted probability, in [0, 1].
    threshold : float, optional
        Alert where risk >= threshold; without it sensitivity and specificity do not exist.
    thresholds : ndarray, shape (m,), optional
        Where net benefit is computed, in (0, 1); by default 0.01 to 0.50 in steps of 0.01.
    cluster : ndarray of int, shape (n,), optional
        Cluster of every patient; with fewer than 2 clusters patients are taken as independent, and a
        check says so.
    outcome_name : str
        For the words.
    level : float
        Confidence level, in (0, 1).
    seed : int
        For the draws behind the bands.
    provenance : Provenance, optional
        Kept with the result.

    Returns
    -------
    ClinicalPerformance

    Raises
    ------
    DataError
        If lengths differ, the outcome is not 0/1 or a risk is not in [0, 1].
    NotEnoughEvents
        With fewer than 2 patients with, or without, the outcome.
    NotConverged
        Risks that tell the outcome without error, or that are all 0 or 1: they have no calibration slope.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> p = rng.uniform(0.02, 0.4, 2000)
    >>> y = (rng.random(2000) < p).astype(float)
    >>> found = clinical_performance(outcome=y, risk=p, threshold=0.2)
    >>> print(found.specificity)
    0.54 (95 % CI 0.52 to 0.57)
    """
    y, p = _checked(outcome, risk)
    groups = None if cluster is None else len(np.unique(cluster))
    codes = cluster if groups is not None and groups > 1 else None
    if thresholds is None:
        thresholds = np.arange(1, 51) / 100.0
    weak = _weak_calibration(y, p, codes, level, outcome_name)
    brier, scaled = _brier(y, p, codes, level)
    return ClinicalPerformance(
        outcome=outcome_name,
        n=len(y),
        events=int(y.sum()),
        clusters=groups if codes is not None else None,
        auroc=auroc(outcome=y, risk=p, cluster=codes, level=level).interval,
        calibration_in_the_large=weak.in_the_large,
        calibration_intercept=weak.intercept,
        calibration_slope=weak.slope,
        curve=calibration_curve(
            outcome=y, risk=p, cluster=codes, level=level, generator=generator(seed, "calibration")
        ),
        brier=brier,
        scaled_brier=scaled,
        benefit=net_benefit_curve(
            outcome=y, risk=p, thresholds=thresholds, generator=generator(seed, "net benefit"),
            cluster=codes, level=level,
        ),
        histogram=_histogram(y, p),
        at_threshold=None if threshold is None else _alerts(y, p, float(threshold), codes, level),
        diagnostics=_gate(y, p, groups),
        provenance=provenance,
        level=level,
    )  # fmt: skip


def _checked(outcome: Array, risk: Array) -> tuple[Array, Array]:
    y, p = np.asarray(outcome, dtype=np.float64), np.asarray(risk, dtype=np.float64)
    if y.ndim != 1 or y.shape != p.shape:
        raise DataError(
            f"outcome has shape {y.shape} and risk {p.shape}: there must be one risk a patient. Give two "
            "one-dimensional arrays in the same order."
        )
    if not np.isin(y, (0.0, 1.0)).all():
        raise DataError(
            "The outcome must be 0 or 1 for every patient: other values (or missing ones) have no risk. "
            "Recode it, and leave out patients whose outcome is not known with a stated reason."
        )
    outside = int((~((p >= 0) & (p <= 1))).sum())
    if outside:
        raise DataError(
            f"{outside} of {len(p)} risks are not between 0 and 1 (or missing): a risk is a probability. "
            "Turn scores into probabilities first (predict_proba, or a logistic recalibration)."
        )
    events = int(y.sum())
    if min(events, len(y) - events) < 2:
        raise NotEnoughEvents(
            f"Of {len(y)} patients {events} have the outcome: how right a risk is cannot be measured with "
            "fewer than 2 patients on either side. Take a larger cohort."
        )
    return y, p


def _weak_calibration(
    y: NDArray[np.float64],
    p: NDArray[np.float64],
    cluster: NDArray[np.intp] | None,
    level: float,
    outcome_name: str,
) -> WeakCalibration:
    try:
        return weak_calibration(outcome=y, risk=p, cluster=cluster, level=level)
    except NotConverged as error:
        raise NotConverged(
            f"The risks, from {p.min():.3g} to {p.max():.3g}, tell patients with {outcome_name} from those "
            "without it almost without error, or are all 0 or 1: calibration has no finite slope. Such a "
            "model has usually seen the outcome: look for a feature recorded after it, and check that risks "
            "are probabilities. For discrimination alone ask causalmed.prediction.auroc."
        ) from error


def _brier(y: Array, p: Array, codes: Codes | None, level: float) -> tuple[Interval, Interval]:
    square, prevalence = (p - y) ** 2, y.mean()
    brier, most = square.mean(), prevalence * (1 - prevalence)
    ratio = brier / most
    influence = -((square - brier) - ratio * (1 - 2 * prevalence) * (y - prevalence)) / most
    return (
        normal_interval(
            float(brier), std_error_of_mean(square - brier, codes), cluster=codes, level=level, scale="log"
        ),
        normal_interval(float(1 - ratio), std_error_of_mean(influence, codes), cluster=codes, level=level),
    )


def _alerts(y: Array, p: Array, threshold: float, codes: Codes | None, level: float) -> AlertPerformance:
    if not np.isfinite(threshold):
        raise InvalidArgument(f"threshold={threshold!r} is not a number. Give the risk from which to alert.")
    alert = p >= threshold
    event = y == 1

    def share(flags: NDArray[np.bool_], among: NDArray[np.bool_]) -> Interval:
        return clustered_proportion(flags[among], None if codes is None else codes[among], level=level)

    everybody = np.ones(len(y), dtype=bool)
    inside = 0 < threshold < 1
    return AlertPerformance(
        threshold=threshold,
        sensitivity=share(alert, event),
        specificity=share(~alert, ~event),
        predictive_value=share(event, alert) if alert.any() else None,
        alerts=share(alert, everybody),
        missed=share(event & ~alert, everybody),
        net_benefit=net_benefit(outcome=y, risk=p, threshold=threshold, cluster=codes, level=level)
        if inside
        else None,
    )


def _histogram(y: Array, p: Array) -> Histogram:
    top = float(np.quantile(p, 0.999)) or 1.0
    edges = np.linspace(0.0, top, 31)
    edges[-1] = max(top, float(p.max()))
    counts = [np.histogram(p[y == value], bins=edges)[0] for value in (1, 0)]
    return Histogram(
        edges=tuple(edges.tolist()),
        events=tuple(float(value) for value in counts[0]),
        nonevents=tuple(float(value) for value in counts[1]),
    )


def _gate(y: Array, p: Array, groups: int | None) -> Gate:
    return Gate(checks=(_events_check(y), _border_check(p), *_cluster_checks(groups)))


def _events_check(y: Array) -> Check:
    fewer = int(min(y.sum(), len(y) - y.sum()))
    state = State.PASS if fewer >= 100 else State.WARN
    return Check(
        name="events",
        state=state,
        sentence=f"{fewer} patients are on the rarer side of the outcome.",
        value=float(fewer),
        threshold=100.0,
        advice="Below 100 a calibration curve is mostly noise (Collins 2016): read its band, not its line.",
    )


def _border_check(p: Array) -> Check:
    share = float(((p < CLIP) | (p > 1 - CLIP)).mean())
    state = State.PASS if share == 0 else (State.WARN if share <= 0.05 else State.FAIL)
    return Check(
        name="risks at the border",
        state=state,
        sentence=f"{100 * share:.1f} % of the risks are 0 or 1, which have no log odds.",
        value=share,
        threshold=0.05,
        advice=f"They were moved {CLIP:g} inside: do not read calibration slope and curve.",
    )


def _cluster_checks(groups: int | None) -> tuple[Check, ...]:
    if groups is None:
        return ()
    if groups == 1:
        sentence = "There is one cluster: intervals hold for patients of this cluster only."
    else:
        sentence = f"Intervals allow for {groups} clusters."
    return (
        Check(
            name="clusters",
            state=State.PASS if groups >= 40 else State.WARN,
            sentence=sentence,
            value=float(groups),
            threshold=40.0,
            advice="Below 40 clusters, intervals from sums within clusters may be too narrow.",
        ),
    )
