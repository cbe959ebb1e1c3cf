"""What the gate says is read by people who are no statisticians: school grade eight."""

from __future__ import annotations

import re
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit

from causalmed import AIPW, IPW, TMLE, Cohort, Estimand, GComputation, estimate
from causalmed.errors import CausalmedWarning
from causalmed.estimation import IPWRA


def ward(n=2000, seed=1, shift=-1.2, hospitals=0):
    """Patients with two confounders."""
    rng = np.random.default_rng(seed)
    age, sick, h = rng.normal(size=n), rng.random(n) < 0.3, rng.integers(0, max(hospitals, 1), n)
    late = rng.random(n) < expit(0.3 * age + 0.7 * sick - 0.6)
    risk = expit(shift + 0.4 * age + 0.8 * sick + 0.6 * late)
    frame = pd.DataFrame({"age": age, "sick": sick, "late": late, "sepsis": rng.random(n) < risk})
    return frame.assign(ward=[f"W{k}" for k in h]) if hospitals else frame


def without_overlap(seed, share):
    """Nearly all of the sick are exposed."""
    frame, rng = ward(3000, seed), np.random.default_rng(seed)
    frame["sick"] = rng.random(3000) < 0.05
    frame.loc[frame.sick, "late"] = rng.random(int(frame.sick.sum())) < share
    return frame


def with_learners():
    from sklearn.linear_model import LogisticRegression

    return AIPW(propensity=LogisticRegression(), outcome=LogisticRegression())


CASES = {
    "plain": (ward(), TMLE()),
    "weights alone": (ward(), IPW()),
    "both models": (ward(), IPWRA()),
    "outcome alone": (ward(), GComputation()),
    "small": (ward(120), GComputation()),
    "rare": (ward(4000, shift=-5.0), TMLE()),
    "hospitals": (ward(hospitals=8), GComputation()),
    "hospitals, learners": (ward(hospitals=8), with_learners()),
    "events in one hospital": (
        ward(hospitals=8).assign(sepsis=lambda f: f.sepsis & (f.ward == "W0")),
        GComputation(),
    ),
    "trimmed": (without_overlap(5, 0.985), TMLE(trim=0.05)),
    "scores beyond the bound": (without_overlap(5, 0.985), GComputation()),
    "a hole": (without_overlap(6, 1.0), GComputation()),
}


def syllables(word):
    """Count groups of vowels, without a silent ending; a number counts as one."""
    letters = re.sub(r"[^a-z]", "", word.lower())
    if len(letters) <= 3:
        return 1
    spoken = re.sub(r"([^laeiouy]es|[^tdaeiouy]ed|[^laeiouy]e)$", lambda end: end.group()[0], letters)
    return max(1, len(re.findall("[aeiouy]+", spoken)))


def reading_grade(text):
    """Flesch-Kincaid grade (Kincaid JP and others 1975. Navy Research Branch Report 8-75)."""
    sentences = [piece for piece in re.split(r"(?<=[.!?:;])\s+", text.strip()) if piece]
    words = re.findall(r"[A-Za-z0-9][\w'.,%-]*", text)
    return 0.39 * len(words) / len(sentences) + 11.8 * sum(map(syllables, words)) / len(words) - 15.59


def test_the_scale_itself():
    assert reading_grade("The cat sat on the mat.") < 0
    hard = "Heteroscedasticity-consistent estimation necessitates asymptotic considerations."
    assert reading_grade(hard) > 20


def checks_of(name):
    frame, spec = CASES[name]
    question = Estimand.given(exposure="late", outcome="sepsis", adjustment_set=["age", "sick"])
    cohort = Cohort.from_frame(frame, cluster="ward" if "ward" in frame else None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CausalmedWarning)
        return estimate(question, cohort, spec).diagnostics.checks


@pytest.mark.parametrize("name", sorted(CASES))
def test_a_gate_can_be_read_in_grade_eight(name):
    checks = checks_of(name)
    assert reading_grade(" ".join(f"{check.sentence} {check.advice}" for check in checks)) <= 8
    for check in checks:
        for text in (check.sentence, check.advice):
            # one short sentence with a long word or two may be above, not far
            assert not text or reading_grade(text) <= 10, text


def test_one_regression_is_one():
    found = {check.name: check for check in checks_of("outcome alone")}
    assert found["convergence"].sentence == "The regression converged."
    both = {check.name: check for check in checks_of("both models")}
    assert both["convergence"].sentence == "All 2 regressions converged."
