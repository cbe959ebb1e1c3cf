"""Net benefit against the printed decision curves and a brute-force count."""

from __future__ import annotations

import numpy as np
import pytest

from causalmed.errors import InvalidArgument
from causalmed.prediction import auroc, net_benefit, net_benefit_curve
from causalmed.prediction.influence import robust_covariance


def curve(y, p, at):
    return net_benefit_curve(outcome=y, risk=p, thresholds=np.array(at), generator=np.random.default_rng(0))


def test_dca_famhistory_as_printed(printed, table):
    case = printed("dca_famhistory")
    frame = table("dca_df_binary.csv")
    y = (frame["cancer"].astype(str).str.upper() == "TRUE").to_numpy(float)
    found = curve(y, frame["famhistory"].to_numpy(float), [0.05, 0.10, 0.20])
    np.testing.assert_allclose(found.model, case["value"][0], atol=case["tol"])
    np.testing.assert_allclose(found.treat_all, case["value"][1], atol=case["tol"])


def test_dca_famhistory_over_the_whole_benchmark(table):
    frame, bench = table("dca_df_binary.csv"), table("dca_r_benchmark_famhistory.csv")
    y = (frame["cancer"].astype(str).str.upper() == "TRUE").to_numpy(float)
    for variable, risk in (("famhistory", frame["famhistory"].to_numpy(float)), ("all", np.ones(len(y)))):
        rows = bench[(bench["variable"] == variable) & (bench["threshold"] > 0)]
        found = curve(y, risk, rows["threshold"].to_numpy())
        np.testing.assert_allclose(found.model, rows["net_benefit"], atol=1e-10)


def test_dca_marker_as_printed(printed, table):
    case = printed("dca_marker")
    frame = table("dca_df_binary.csv")
    y = (frame["cancer"].astype(str).str.upper() == "TRUE").to_numpy(float)
    p = frame["cancerpredmarker"].to_numpy(float)
    np.testing.assert_allclose(
        curve(y, p, [0.05, 0.10, 0.15, 0.20]).model, case["value"][0], atol=case["tol"]
    )
    assert auroc(outcome=y, risk=p).interval.estimate == pytest.approx(case["value"][1], abs=case["tol"])


def test_one_threshold_equals_the_curve_and_a_count():
    rng = np.random.default_rng(1)
    p = rng.uniform(0, 0.5, 800)
    y = (rng.random(800) < p).astype(float)
    t = 0.2
    alert = p >= t
    counted = (alert & (y == 1)).sum() / 800 - (alert & (y == 0)).sum() / 800 * t / (1 - t)
    found = net_benefit(outcome=y, risk=p, threshold=t)
    assert found.estimate == pytest.approx(counted, abs=1e-12)
    assert curve(y, p, [t]).low[0] == pytest.approx(found.low, abs=1e-12)


def test_error_is_that_of_repeated_sampling_and_the_band_holds_everywhere():
    rng = np.random.default_rng(2)
    at = np.arange(2, 31, 2) / 100
    big = rng.uniform(0, 0.4, 1_000_000)
    truth = np.array([np.where(big >= t, big - (1 - big) * t / (1 - t), 0).mean() for t in at])
    values, errors, single, band = [], [], 0, 0
    for seed in range(150):
        p = rng.uniform(0, 0.4, 1000)
        y = (rng.random(1000) < p).astype(float)
        found = net_benefit_curve(
            outcome=y, risk=p, thresholds=at, generator=np.random.default_rng(seed), draws=500
        )
        one = net_benefit(outcome=y, risk=p, threshold=at[5])
        values.append(one.estimate)
        errors.append(one.std_error)
        single += ((found.low <= truth) & (truth <= found.high)).all()
        band += ((found.band_low <= truth) & (truth <= found.band_high)).all()
    assert np.mean(errors) == pytest.approx(np.std(values, ddof=1), rel=0.18)
    assert 0.9 < band / 150 < 0.985
    assert single < band


@pytest.mark.parametrize("clusters", [None, 20])
def test_errors_from_counts_equal_those_from_influence_values(clusters):
    rng = np.random.default_rng(3)
    p = np.round(rng.uniform(0, 0.5, 600), 2)
    y = (rng.random(600) < p).astype(float)
    cluster = None if clusters is None else rng.integers(clusters, size=600)
    at = np.arange(1, 40, 3) / 100
    harm = at / (1 - at)
    gain = np.where(p[:, None] >= at, y[:, None] - (1 - y[:, None]) * harm, 0.0)
    covariance = robust_covariance(gain - gain.mean(axis=0), cluster)
    for k, t in enumerate(at):
        found = net_benefit(outcome=y, risk=p, threshold=t, cluster=cluster)
        assert found.estimate == pytest.approx(gain[:, k].mean(), abs=1e-12)
        assert found.std_error == pytest.approx(np.sqrt(covariance[k, k]), rel=1e-9)
    many = net_benefit_curve(
        outcome=y, risk=p, thresholds=at, cluster=cluster, generator=np.random.default_rng(0)
    )
    assert many.low[4] == pytest.approx(
        net_benefit(outcome=y, risk=p, threshold=at[4], cluster=cluster).low, abs=1e-12
    )


def test_thresholds_outside_their_range_are_refused():
    with pytest.raises(InvalidArgument, match="must lie between 0 and 1 and increase"):
        net_benefit(outcome=np.array([0.0, 1.0]), risk=np.array([0.1, 0.2]), threshold=1.0)
