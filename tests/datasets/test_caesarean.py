"""The caesarean table against printed coefficients."""

import numpy as np
import pytest
import statsmodels.api as sm

from causalmed.datasets import load_dataset
from causalmed.datasets.caesarean import COUNTS, caesarean_frame, caesarean_graph


def test_counts_of_the_printed_table():
    frame = caesarean_frame()
    cells = frame.groupby(["risk_factor", "unplanned", "antibiotic"])["infection"].agg(["sum", "count"])
    for risk_factor, unplanned, antibiotic, infected, spared in COUNTS:
        assert tuple(cells.loc[(risk_factor, unplanned, antibiotic)]) == (infected, infected + spared)
    assert len(cells) == 7
    assert frame["woman_id"].tolist() == list(range(1, 252))


def test_the_printed_logistic_coefficients():
    frame = caesarean_frame()
    design = sm.add_constant(frame[["unplanned", "risk_factor", "antibiotic"]])
    fit = sm.Logit(frame["infection"], design).fit(disp=0)
    np.testing.assert_allclose(fit.params, [-1.893, 1.072, 2.030, -3.254], atol=1e-3)


def test_the_shipped_cohort_is_the_table():
    caesarean = load_dataset("caesarean")
    assert caesarean.cohort.to_frame().astype(int).equals(caesarean_frame().astype(int))
    assert caesarean.graph == caesarean_graph()
    assert caesarean.truth is None
    assert caesarean.held_apart == ()
    assert caesarean.cohort.outcome == "infection"


def test_the_hole_and_the_standardised_difference_of_the_card():
    frame = caesarean_frame()
    cells = (
        frame.groupby(["risk_factor", "unplanned", "antibiotic"])["infection"].mean().unstack("antibiotic")
    )
    assert cells.isna().to_numpy().tolist() == [[False, False], [False, True], [False, False], [False, False]]
    sizes = frame.groupby(["risk_factor", "unplanned"]).size()[~cells[1].isna()]
    difference = (cells[1] - cells[0]).dropna()
    assert sizes.sum() == 242
    assert float((difference * sizes).sum() / sizes.sum()) == pytest.approx(-0.564634, abs=1e-6)
    card = load_dataset("caesarean").card
    assert "−0.565" in card
    assert "251" in card
    assert all(f"`{name}`" in card for name in frame.columns)
