"""What is so before the operation: the patients of the ``postop`` cohort. Constants only.

Sources in short: "Kaye 2005" and the like are listed in full in the data card; "typical mix" is the usual
case mix of a general and abdominal surgical service; "assumed" is a choice of ours, made before any analysis.
"""

from __future__ import annotations

from typing import Final

from causalmed.datasets.mechanism import Bernoulli, Choice, Habit, LogNormal, Node, Normal, Ordered, term

__all__ = ["BEFORE", "HOSPITALS", "HOSPITALS_APART"]

HOSPITALS: Final = tuple(f"H{number:02d}" for number in range(1, 25))
"""Codes of the 24 hospitals."""

HOSPITALS_APART: Final = ("H22", "H23", "H24")
"""Three hospitals with other practices and other coding habits, held apart to see what travels."""

_WEIGHTS: Final = (
    0.070, 0.068, 0.065, 0.062, 0.060, 0.057, 0.055, 0.053, 0.051, 0.049, 0.047,
    0.046, 0.044, 0.042, 0.040, 0.038, 0.036, 0.033, 0.031, 0.028, 0.025,
)  # fmt: skip
_SHARES: Final = (*(0.88 * weight for weight in _WEIGHTS), 0.040, 0.040, 0.040)

_ROOTS: Final = (
    Node(
        name="hospital", meaning="hospital of the operation", kind="categorical", tier="before",
        law=Choice(probabilities=_SHARES), levels=HOSPITALS,
    ),
    Node(
        name="age", meaning="age at the operation", unit="years", kind="continuous", tier="before",
        law=Normal(sd=17.0, low=18.0, high=95.0), intercept=58.5, centre=60.0, step=10.0,
        marginal=(56.0, 60.0), marginal_source="typical mix 58 ± 16",
    ),
    Node(
        name="sex", meaning="sex in the record", kind="binary", tier="before", law=Bernoulli(),
        levels=("female", "male"), intercept=-0.16, marginal=(0.44, 0.48),
        marginal_source="typical mix 46 % male",
    ),
    Node(
        name="ethnic_group", meaning="self-reported ethnic group", kind="categorical", tier="before",
        law=Choice(probabilities=(0.78, 0.14, 0.08)), levels=("majority", "minority_a", "minority_b"),
    ),
    Node(
        name="procedure", meaning="group of procedures", kind="categorical", tier="before",
        law=Choice(probabilities=(0.30, 0.28, 0.12, 0.30)),
        levels=("abdominal_wall", "biliary", "upper_gi", "colorectal"),
    ),
    Node(
        name="frailty", meaning="reserve of the patient beyond age and diagnoses; in no record",
        kind="continuous",
        tier="before", law=Normal(sd=1.0, low=-4.0, high=4.0, decimals=6), latent=True,
    ),
)  # fmt: skip

_SOCIAL: Final = (
    Node(
        name="deprivation", meaning="area deprivation index, standardised (higher is poorer)", unit="SD",
        kind="continuous", tier="before", law=Normal(sd=0.97, low=-4.0, high=4.0, decimals=2),
        intercept=-0.11,
        terms=(
            term(0.50, "ethnic_group=minority_a", source="assumed"),
            term(0.35, "ethnic_group=minority_b", source="assumed"),
        ),
        marginal=(-0.1, 0.1), marginal_source="standardised",
    ),
    Node(
        name="insurance", meaning="public or private insurance", kind="binary", tier="before",
        law=Bernoulli(),
        levels=("private", "public"), candidate=True, intercept=-0.76,
        terms=(
            term(1.80, "deprivation", source="a proxy of deprivation: IDSA 2015, Qi 2019"),
            term(0.30, "ethnic_group=minority_a", source="assumed"),
            term(0.20, "age", source="assumed: pensioners"),
        ),
        habit=Habit(sd=0.20, apart=(1.6, 1.8, 1.4)), marginal=(0.36, 0.46), marginal_source="assumed 40 %",
    ),
    Node(
        name="interpreter_needed", meaning="an interpreter was booked", kind="binary", tier="before",
        law=Bernoulli(), candidate=True, intercept=-3.05,
        terms=(
            term(2.2, "ethnic_group=minority_a", source="assumed"),
            term(1.6, "ethnic_group=minority_b", source="assumed"),
            term(0.4, "deprivation", source="assumed"),
        ),
        marginal=(0.08, 0.12), marginal_source="assumed 10 %",
    ),
)  # fmt: skip

_RISKS: Final = (
    Node(
        name="smoking", meaning="smoked in the four weeks before", kind="binary", tier="before",
        law=Bernoulli(),
        candidate=True, intercept=-1.31,
        terms=(
            term(0.55, "deprivation", source="assumed: socioeconomic gradient"),
            term(0.35, "sex=male", source="assumed"),
            term(-0.15, "age", source="assumed"),
        ),
        marginal=(0.23, 0.29), marginal_source="typical mix 20 %, raised for power",
    ),
    Node(
        name="obesity", meaning="body mass index of 30 kg/m² or more", kind="binary", tier="before",
        law=Bernoulli(), candidate=True, intercept=-0.65,
        terms=(
            term(0.25, "deprivation", source="assumed: socioeconomic gradient"),
            term(-0.10, "age^70", source="assumed"),
        ),
        marginal=(0.31, 0.36), marginal_source="typical mix 30 %",
    ),
    Node(
        name="diabetes", meaning="known diabetes mellitus", kind="binary", tier="before", law=Bernoulli(),
        candidate=True, intercept=-1.49,
        terms=(
            term(0.30, "age", source="assumed: prevalence about doubles in 20 years"),
            term(0.75, "obesity", source="assumed: OR about 2"),
            term(0.15, "deprivation", source="assumed"),
            term(0.30, "ethnic_group=minority_a", source="assumed"),
        ),
        marginal=(0.21, 0.27), marginal_source="typical mix 15 %, raised for power",
    ),
    Node(
        name="copd", meaning="chronic obstructive pulmonary disease", kind="binary", tier="before",
        law=Bernoulli(), intercept=-3.38,
        terms=(term(1.2, "smoking", source="assumed"), term(0.45, "age", source="assumed")),
        marginal=(0.04, 0.07), marginal_source="Gupta 2013: 4.8 %",
    ),
    Node(
        name="chronic_kidney_disease", meaning="chronic kidney disease, stage 3b or worse", kind="binary",
        tier="before", law=Bernoulli(), intercept=-3.04,
        terms=(term(0.50, "age", source="assumed"), term(0.80, "diabetes", source="assumed")),
        marginal=(0.05, 0.09), marginal_source="assumed 7 %",
    ),
    Node(
        name="dialysis", meaning="on dialysis", kind="binary", tier="before", law=Bernoulli(),
        intercept=-5.62,
        terms=(term(4.0, "chronic_kidney_disease", source="assumed: nearly all on dialysis are known"),),
        marginal=(0.010, 0.020), marginal_source="typical mix 1.5 %",
    ),
    Node(
        name="hypertension", meaning="treated hypertension", kind="binary", tier="before", law=Bernoulli(),
        candidate=True, intercept=-0.87,
        terms=(
            term(0.55, "age", source="assumed"),
            term(0.60, "obesity", source="assumed"),
            term(0.90, "diabetes", source="assumed"),
            term(0.80, "chronic_kidney_disease", source="assumed"),
        ),
        marginal=(0.36, 0.44), marginal_source="assumed 40 %",
    ),
    Node(
        name="statin", meaning="statin on the drug chart", kind="binary", tier="before", law=Bernoulli(),
        candidate=True, intercept=-1.8,
        terms=(
            term(0.45, "age", source="assumed"),
            term(0.90, "diabetes", source="assumed"),
            term(0.90, "hypertension", source="assumed"),
        ),
        marginal=(0.22, 0.30), marginal_source="assumed 26 %",
    ),
    Node(
        name="cancer", meaning="operated on for cancer", kind="binary", tier="before", law=Bernoulli(),
        intercept=-3.23,
        terms=(
            term(0.35, "age", source="assumed"),
            term(3.0, "procedure=colorectal", source="assumed"),
            term(2.8, "procedure=upper_gi", source="assumed"),
        ),
        marginal=(0.16, 0.24), marginal_source="assumed 20 %",
    ),
    Node(
        name="inflammatory_bowel_disease", meaning="inflammatory bowel disease", kind="binary", tier="before",
        law=Bernoulli(), intercept=-5.01,
        terms=(
            term(2.6, "procedure=colorectal", source="assumed"),
            term(-0.35, "age", source="assumed"),
        ),
        marginal=(0.02, 0.05), marginal_source="assumed 3 %",
    ),
    Node(
        name="chronic_steroids", meaning="corticosteroids for more than a month", kind="binary",
        tier="before",
        law=Bernoulli(), intercept=-3.61,
        terms=(
            term(1.6, "copd", source="assumed"),
            term(2.2, "inflammatory_bowel_disease", source="assumed"),
        ),
        marginal=(0.03, 0.045), marginal_source="Ismael 2011, Chouairi 2019: 3.2 to 3.5 %",
    ),
    Node(
        name="prior_admission", meaning="admitted in the six months before", kind="binary", tier="before",
        law=Bernoulli(), intercept=-1.84,
        terms=(
            term(0.10, "age", source="assumed"),
            term(0.60, "copd", source="assumed"),
            term(0.70, "chronic_kidney_disease", source="assumed"),
            term(0.90, "cancer", source="assumed"),
            term(0.15, "deprivation", source="assumed"),
        ),
        marginal=(0.15, 0.21), marginal_source="assumed 18 %",
    ),
    Node(
        name="staph_aureus_carriage", meaning="nasal carriage of Staphylococcus aureus", kind="binary",
        tier="before", law=Bernoulli(), candidate=True, intercept=-1.21,
        terms=(
            term(0.60, "prior_admission", source="assumed"),
            term(0.20, "diabetes", source="assumed"),
            term(0.20, "sex=male", source="assumed"),
        ),
        marginal=(0.26, 0.30), marginal_source="Bode 2010: 26 to 30 %",
    ),
    Node(
        name="mrsa_screened", meaning="screened for MRSA on admission", kind="binary", tier="before",
        law=Bernoulli(), candidate=True, intercept=-1.27,
        terms=(
            term(1.6, "prior_admission", source="assumed: screening protocols"),
            term(0.6, "frailty", source="assumed: M-structure of the evidence table"),
        ),
        habit=Habit(sd=0.80, apart=(0.6, -0.8, 0.4)), marginal=(0.27, 0.39), marginal_source="assumed 33 %",
    ),
    Node(
        name="anaemia", meaning="haemoglobin below 120 (women) or 130 g/l (men)", kind="binary",
        tier="before",
        law=Bernoulli(), candidate=True, intercept=-0.99,
        terms=(
            term(0.18, "age", source="assumed"),
            term(0.90, "cancer", source="assumed"),
            term(0.90, "chronic_kidney_disease", source="assumed"),
            term(0.70, "inflammatory_bowel_disease", source="assumed"),
            term(0.20, "deprivation", source="assumed"),
        ),
        marginal=(0.29, 0.37), marginal_source="typical mix 30 %; Fowler 2015: 39 %",
    ),
    Node(
        name="emergency", meaning="unplanned operation", kind="binary", tier="before", law=Bernoulli(),
        intercept=-1.77,
        terms=(
            term(0.35, "deprivation", source="assumed: later access"),
            term(0.70, "procedure=biliary", source="assumed"),
            term(0.50, "procedure=colorectal", source="assumed"),
            term(-0.50, "cancer", source="assumed"),
        ),
        marginal=(0.16, 0.22), marginal_source="typical mix 18 %",
    ),
    Node(
        name="hypoalbuminaemia", meaning="serum albumin below 35 g/l", kind="binary", tier="before",
        law=Bernoulli(), candidate=True, intercept=-1.7,
        terms=(
            term(0.20, "age", source="assumed"),
            term(0.70, "cancer", source="assumed"),
            term(0.90, "inflammatory_bowel_disease", source="assumed"),
            term(0.60, "emergency", source="assumed"),
            term(0.60, "chronic_kidney_disease", source="assumed"),
        ),
        marginal=(0.18, 0.24), marginal_source="typical mix 15 %, raised for power",
    ),
)  # fmt: skip

_RATINGS: Final = (
    Node(
        name="preop_stay_days", meaning="nights in hospital before the operation", unit="days", kind="count",
        tier="before", law=LogNormal(sd=0.75, low=0.0, high=30.0), unstable=True, intercept=-0.55,
        terms=(
            term(0.45, "frailty", source="assumed: the frail are prepared for longer"),
            term(0.80, "emergency", source="assumed"),
            term(0.30, "cancer", source="assumed"),
            term(0.05, "age", source="assumed"),
        ),
        habit=Habit(sd=0.15, apart=(0.5, 0.3, 0.6)), marginal=(0.5, 1.5),
        marginal_source="median 1 day, assumed",
    ),
    Node(
        name="asa_3_plus", meaning="ASA physical status III or worse, as rated", kind="binary", tier="before",
        law=Bernoulli(), candidate=True, unstable=True, intercept=-0.89,
        terms=(
            term(0.50, "age", source="assumed"),
            term(1.00, "diabetes", source="assumed"),
            term(1.30, "copd", source="assumed"),
            term(1.50, "chronic_kidney_disease", source="assumed"),
            term(0.70, "emergency", source="assumed"),
            term(1.30, "frailty", source="assumed: what the anaesthetist sees and the record does not"),
        ),
        habit=Habit(sd=0.25, apart=(1.7, 1.4, 2.0)), marginal=(0.42, 0.50),
        marginal_source="typical mix 45 % ASA III or IV",
    ),
    Node(
        name="surgeon_risk_rating", meaning="surgeon's own rating of risk before the operation, 1 to 5",
        kind="ordinal", tier="before", law=Ordered(cuts=(-1.2, 0.8, 2.6, 4.4)),
        levels=("1", "2", "3", "4", "5"),
        unstable=True, intercept=0.0,
        terms=(
            term(1.40, "frailty", source="assumed: the eye of the surgeon"),
            term(0.15, "age", source="assumed"),
            term(0.50, "diabetes", source="assumed"),
            term(0.60, "obesity", source="assumed"),
            term(0.50, "smoking", source="assumed"),
            term(0.80, "emergency", source="assumed"),
            term(0.70, "hypoalbuminaemia", source="assumed"),
            term(0.50, "cancer", source="assumed"),
        ),
        habit=Habit(sd=0.30, apart=(2.0, 1.6, 2.4)),
    ),
)  # fmt: skip

BEFORE: Final[tuple[Node, ...]] = _ROOTS + _SOCIAL + _RISKS + _RATINGS
"""The nodes before the operation, causes before effects."""
