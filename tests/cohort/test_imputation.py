"""Holes are kept, shown, refused where they cannot be used, and filled by draws that are proper."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import statsmodels.api as sm

from causalmed.cohort import Cohort, FollowUp, Imputation, completions_of
from causalmed.cohort.imputation.bordered import bordered
from causalmed.cohort.imputation.matching import matched, nearest_of
from causalmed.cohort.imputation.regressions import Rows, draw_linear, draw_logistic
from causalmed.cohort.imputation.tables import table_of
from causalmed.engine import Local
from causalmed.errors import ColumnNotFound, DataError, InvalidArgument, MissingValues
from tests.cohort.frames import contents


def ward(n=400, seed=1):
    """Patients of 12 hospitals; holes in numbers, counts, yes/no, levels, dates, exposure, outcome."""
    rng = np.random.default_rng(seed)
    age, hospital = rng.normal(60, 10, n), rng.integers(0, 12, n)
    late = (rng.random(n) < 0.4).astype(float)
    frame = pd.DataFrame(
        {
            "id": rng.permutation(n),
            "age": age,
            "drains": rng.poisson(1.5, n).astype(float),
            "sex": rng.choice(["F", "M"], n),
            "asa": np.clip(rng.poisson(1 + (age > 60), n), 1, 4).astype(float),
            "wound": rng.choice(["clean", "dirty", "other"], n),
            "late": late,
            "infected": (rng.random(n) < 1 / (1 + np.exp(2 - late - (age - 60) / 10))).astype(float),
            "hospital": [f"h{k}" for k in hospital],
        }
    )
    for name in ("age", "drains", "sex", "asa", "wound", "late", "infected"):
        frame.loc[rng.random(n) < 0.1, name] = None if name in ("sex", "wound") else np.nan
    return frame


ROLES = {"unit": "id", "outcome": "infected", "cluster": "hospital", "kinds": {"asa": (1, 2, 3, 4)}}
SPEC = Imputation(draws=3, iterations=4)


@pytest.fixture(scope="module")
def frame():
    return ward()


@pytest.fixture(scope="module")
def cohort(frame):
    return Cohort.from_frame(frame, **ROLES, missing=SPEC)


def filled(cohort, draw=1):
    return cohort.completed(draw).to_frame()


@pytest.mark.parametrize("source", ["pandas", "polars", "arrow"])
def test_every_library_keeps_the_same_holes(frame, source):
    made = {"pandas": frame, "polars": pl.from_pandas(frame), "arrow": pa.Table.from_pandas(frame)}[source]
    before = contents(made)
    cohort = Cohort.from_frame(made, **ROLES, missing=SPEC)
    assert cohort.fingerprint == Cohort.from_frame(frame, **ROLES, missing=SPEC).fingerprint
    expected = frame.sort_values("id")["sex"].notna().to_numpy()
    assert (cohort.recorded("sex") == expected).all()
    assert contents(made) == before


def test_what_was_recorded_comes_back_and_stays(frame, cohort):
    shown = cohort.to_frame()
    sorted_ = frame.sort_values("id").reset_index(drop=True)
    for name in ("age", "drains", "sex", "wound", "infected"):
        assert shown[name].isna().equals(sorted_[name].isna())
        known = sorted_[name].notna()
        assert (shown[name][known] == sorted_[name][known]).all()
        assert (filled(cohort)[name][known] == sorted_[name][known]).all()
        assert filled(cohort)[name].notna().all()


def test_imputed_values_are_values_that_occur(cohort):
    for name in ("age", "drains", "asa", "wound", "late"):
        assert set(cohort.completed(2).values(name)) == set(cohort.as_recorded(name).values)


def test_a_column_with_holes_is_not_handed_out(cohort):
    with pytest.raises(MissingValues, match=r"'age' has \d+ missing values.*cohort.completed\(1\)"):
        cohort.values("age")
    with pytest.raises(MissingValues, match="where_recorded"):
        cohort.where("age > 60", reason="old")
    assert "age" in cohort.names
    assert "age" not in cohort.columns
    assert cohort.values("hospital").shape == (cohort.n,)


def test_the_same_bits_in_any_order_of_rows_and_columns_and_with_any_threads(frame, cohort):
    mixed = frame.sample(frac=1, random_state=3)[list(frame.columns)[::-1]]
    again = Cohort.from_frame(mixed, **ROLES, missing=SPEC)
    completions_of(again, executor=Local(n_jobs=2))
    pd.testing.assert_frame_equal(filled(again, 3)[frame.columns], filled(cohort, 3))
    other = Cohort.from_frame(frame, **ROLES, missing=Imputation(draws=3, iterations=4, seed=1))
    assert not filled(other).equals(filled(cohort))
    assert not filled(cohort, 1).equals(filled(cohort, 2))


def test_kept_holes_chosen_rows_and_new_columns(cohort):
    kept = cohort.completed(1, keep=["infected"])
    assert kept.incomplete is not None
    assert list(kept.incomplete.columns) == ["infected"]
    whole = cohort.where_recorded(["age", "infected"])
    assert whole.attrition[-1].reason == "age, infected recorded"
    assert np.isfinite(whole.values("age")).all()
    assert whole.recorded("sex").mean() < 1
    replaced = cohort.assign("age", np.zeros(cohort.n), "continuous")
    assert replaced.values("age").sum() == 0
    assert cohort.completed(1).completed(7) == cohort.completed(1)


def test_missing_values_are_counted_by_column_group_and_pattern(frame, cohort):
    table = cohort.missingness(by="late")
    by_hand = frame.isna().sum()
    assert {row.column: row.missing for row in table.rows} == by_hand[by_hand > 0].to_dict()
    assert table.complete == len(frame.dropna())
    groups = dict(table.groups)
    assert groups == {
        "0": int((frame["late"] == 0).sum()),
        "1": int((frame["late"] == 1).sum()),
        "not recorded": int(frame["late"].isna().sum()),
    }
    age = next(row for row in table.rows if row.column == "age")
    assert age.by_group[1] == frame["age"].isna()[frame["late"] == 1].sum()
    assert sum(count for _, count in table.patterns) == len(frame)
    only_sex = frame["sex"].isna() & (frame.isna().sum(axis=1) == 1)
    assert dict(table.patterns)[("sex",)] == only_sex.sum()
    assert table.to_frame().iloc[0]["percent"] == round(100 * by_hand.max() / len(frame), 1)
    assert "<td" in table._repr_html_()
    assert "missing together" in cohort.summary()
    assert "not recorded" in cohort.summary()
    described = cohort.table_one().to_frame().to_string()
    assert "not recorded" in described


def test_without_holes_the_policy_changes_nothing(frame):
    whole = frame.dropna()
    assert Cohort.from_frame(whole, **ROLES, missing="impute") == Cohort.from_frame(whole, **ROLES)
    assert Cohort.from_frame(whole, **ROLES, missing="impute").incomplete is None


@pytest.mark.parametrize(
    ("damage", "error", "words"),
    [
        (lambda f: f.assign(age=np.nan), DataError, "'age' 0 of 400"),
        (lambda f: f.assign(age=[61.0] + [np.nan] * 399), DataError, "'age' 1 of 400.*Drop 'age'"),
        (lambda f: f.assign(id=f["id"].where(f["id"] > 3)), MissingValues, "no id in 'id'"),
        (lambda f: f.assign(hospital=f["hospital"].where(f["id"] > 3)), MissingValues, "which hospital"),
        (lambda f: f.assign(age=f["age"].where(f["id"] > 3, np.inf)), DataError, "Infinite values: 'age'"),
    ],
)
def test_tables_that_cannot_be_imputed_are_refused(frame, damage, error, words):
    with pytest.raises(error, match=words):
        Cohort.from_frame(damage(frame), **ROLES, missing="impute")


def test_what_cannot_be_imputed_later_is_refused_there(frame, cohort):
    note = frame.assign(note=[None, *(f"n{k}" for k in range(399))])
    with pytest.raises(DataError, match="'note' is an identifier with 1 missing"):
        Cohort.from_frame(note, **{**ROLES, "kinds": {**ROLES["kinds"], "note": "identifier"}}, missing=SPEC)
    empty = cohort.take(~cohort.recorded("age"))
    with pytest.raises(DataError, match="'age' was recorded for none of these"):
        empty.completed(1)
    with pytest.raises(InvalidArgument, match="from 1 to 3"):
        cohort.completed(4)
    with pytest.raises(ColumnNotFound, match="interactions="):
        Cohort.from_frame(frame, missing=Imputation(interactions=(("late", "ag"),))).completed(1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"draws": 1}, "draws=1 must be a whole number, at least 2"),
        ({"draws": True}, "draws=True"),
        ({"iterations": 0}, "iterations=0"),
        ({"outcome": "drop"}, "'weights', 'impute', 'complete'"),
        ({"method": "mean"}, "'chained', 'indicator'"),
        ({"numbers": "guess"}, "'residuals'"),
        ({"seed": -1}, "seed=-1"),
        ({"interactions": "ab"}, "pairs of columns"),
        ({"interactions": (("a",),)}, "pairs of columns"),
    ],
)
def test_specifications_are_checked(options, words):
    with pytest.raises(InvalidArgument, match=words):
        Imputation(**options)


def test_a_product_is_a_predictor_of_other_columns_alone(frame):
    spec = Imputation(draws=2, iterations=2, interactions=[("late", "infected")])
    table = table_of(Cohort.from_frame(frame, **ROLES, missing=spec))
    product = np.arange(table.width)[table.blocks["late × infected"]]
    assert set(product) <= set(table.predictors_of("age"))
    assert not set(product) & set(table.predictors_of("late"))
    assert "id" not in table.columns
    assert "hospital" not in table.columns


def test_times_enter_as_the_cumulative_hazard():
    frame = pd.DataFrame(
        {"days": [1.0, 2, 2, 3, 4, 5], "status": [1, 1, 0, 2, 0, 1], "age": [50.0, 60, np.nan, 70, 65, 55]}
    )
    cohort = Cohort.from_frame(frame, follow_up=FollowUp("days", "status"), missing="impute")
    hazard = np.cumsum([1 / 6, 1 / 5, 1 / 3, 0, 1 / 1])
    found = table_of(cohort).columns["days"].values
    np.testing.assert_allclose(found, hazard[[0, 1, 1, 2, 3, 4]])


def regression(n=300, clusters=0, seed=4):
    rng = np.random.default_rng(seed)
    X = np.column_stack([np.ones(n), rng.normal(size=(n, 2))])
    groups = rng.integers(0, max(clusters, 1), n)
    return rng, Rows(X=X, groups=groups, count=clusters)


def test_bordered_equations_are_the_dense_ones():
    rng, rows = regression(60, clusters=5)
    w, prior = rng.random(60), np.array([0.1, 0.2, 0.3])
    A = bordered(rows.X, weights=w, groups=rows.groups, count=5, prior=prior, between=2.0)
    Z = np.column_stack([rows.X, np.eye(5)[rows.groups]])
    dense = (Z.T * w) @ Z + np.diag([*prior, *[2.0] * 5])
    right = rng.normal(size=8)
    np.testing.assert_allclose(np.concatenate(A.solve(right[:3], right[3:])), np.linalg.solve(dense, right))
    noise = np.array([np.concatenate(A.noise(rng)) for _ in range(8000)])
    wanted = np.linalg.inv(dense)
    np.testing.assert_allclose(np.cov(noise.T), wanted, atol=0.08 * wanted.max())


def test_drawn_coefficients_have_the_posterior_of_statsmodels():
    rng, rows = regression()
    y = rows.X @ [1.0, 0.5, -0.5] + rng.normal(size=300)
    fit = sm.OLS(y, rows.X).fit()
    draws = [draw_linear(y, rows, between=0.1, random=rng) for _ in range(1500)]
    b = np.array([one.drawn[0] for one in draws])
    np.testing.assert_allclose(draws[0].mode[0], fit.params, rtol=1e-4)
    np.testing.assert_allclose(b.mean(axis=0), fit.params, atol=5 * fit.bse.max() / np.sqrt(1500))
    np.testing.assert_allclose(b.std(axis=0), fit.bse * np.sqrt(297 / 295), rtol=0.08)
    sigma = np.array([one.sigma**2 for one in draws])
    np.testing.assert_allclose(sigma.mean(), fit.scale * 297 / 295, rtol=0.02)

    z = (rng.random(300) < 1 / (1 + np.exp(-y))).astype(float)
    logit = sm.Logit(z, rows.X).fit(disp=0)
    draws = [draw_logistic(z, rows, between=0.1, start=None, random=rng) for _ in range(600)]
    b = np.array([one.drawn[0] for one in draws])
    # the weak prior pulls by a small part of a standard error
    np.testing.assert_allclose(b.mean(axis=0), logit.params, atol=0.15 * logit.bse.max())
    np.testing.assert_allclose(b.std(axis=0), logit.bse, rtol=0.12)


def test_separation_leaves_finite_draws():
    rng, rows = regression()
    z = (rows.X[:, 1] > 0).astype(float)
    drawn = draw_logistic(z, rows, between=0.1, start=None, random=rng)
    assert np.isfinite(drawn.drawn[0]).all()
    assert drawn.mode[0][1] > 2


def test_hospitals_have_intercepts_of_their_own():
    rng = np.random.default_rng(6)
    n, level = 3000, rng.normal(0, 5, 30)
    hospital = rng.integers(0, 30, n)
    bmi = 25 + level[hospital] + rng.normal(0, 1, n)
    frame = pd.DataFrame({"bmi": bmi, "x": rng.normal(size=n), "h": [f"h{k:02d}" for k in hospital]})
    gone = rng.random(n) < 0.4
    cohort = Cohort.from_frame(
        frame.assign(bmi=frame["bmi"].mask(gone)), cluster="h", missing=Imputation(draws=2, iterations=3)
    )
    imputed = pd.Series(cohort.completed(1).values("bmi")[gone]).groupby(hospital[gone]).mean()
    assert np.corrcoef(imputed, level)[0, 1] > 0.99
    assert np.abs(imputed - 25 - level).max() < 1.0


@pytest.mark.parametrize("nearest", [1, 3, 50])
def test_matching_draws_among_the_nearest(nearest):
    rng = np.random.default_rng(2)
    donors, recipients = np.round(rng.normal(size=40), 1), rng.normal(size=500)
    lent = matched(
        donors=donors, values=np.arange(40.0), recipients=recipients, nearest=nearest, random=rng
    ).astype(int)
    kth = np.sort(np.abs(donors - recipients[:, None]), axis=1)[:, min(nearest, 40) - 1]
    assert (np.abs(donors[lent] - recipients) <= kth + 1e-12).all()
    if nearest > 1:
        assert len(set(lent)) > 20


def test_the_nearest_recorded_value_by_brute_force():
    rng = np.random.default_rng(2)
    recorded, wanted = rng.normal(size=17), rng.normal(size=200) * 2
    by_hand = recorded[np.abs(recorded[:, None] - wanted).argmin(axis=0)]
    np.testing.assert_array_equal(nearest_of(recorded, wanted), by_hand)
    assert nearest_of(np.array([3.0]), np.array([1.0, 9.0])).tolist() == [3.0, 3.0]


@pytest.mark.parametrize("numbers", ["residuals", "matching", "normal"])
def test_draws_restore_means_that_the_recorded_have_lost(numbers):
    rng = np.random.default_rng(8)
    n = 4000
    x = rng.normal(size=n)
    y, level = x + rng.normal(size=n), np.digitize(x + rng.logistic(size=n), [-1, 1]).astype(float)
    gone = rng.random(n) < 1 / (1 + np.exp(1 - 2 * x))
    frame = pd.DataFrame({"x": x, "y": np.where(gone, np.nan, y), "level": np.where(gone, np.nan, level)})
    spec = Imputation(draws=2, iterations=4, numbers=numbers)
    cohort = Cohort.from_frame(frame, kinds={"level": (0, 1, 2)}, missing=spec)
    for name, truth in (("y", y), ("level", level)):
        found = cohort.completed(1).values(name)
        assert (
            abs(np.mean(found) - truth.mean())
            < 0.06
            < abs(cohort.as_recorded(name).values.mean() - truth.mean())
        )
        assert abs(np.std(found) / truth.std() - 1) < 0.06
    assert abs(np.corrcoef(cohort.completed(1).values("y"), x)[0, 1] - np.corrcoef(y, x)[0, 1]) < 0.06
