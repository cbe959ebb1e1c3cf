"""What happens during the operation: practices, course and outcome of ``postop``. Constants only.

Coefficients are log odds ratios given the other causes. They are larger than the published odds ratios
they aim at, because an odds ratio shrinks when it is averaged over a population whose risks differ.
"""

from __future__ import annotations

from typing import Final

from causalmed.datasets.mechanism import Bernoulli, Habit, LogNormal, Node, term

__all__ = ["DURING", "OUTCOME"]

_PRACTICE: Final = (
    Node(
        name="weekend_surgery", meaning="operated on a Saturday or Sunday", kind="binary", tier="during",
        law=Bernoulli(), candidate=True, intercept=-2.32,
        terms=(term(1.5, "emergency", source="assumed"),),
        marginal=(0.10, 0.16), marginal_source="assumed 13 %",
    ),
    Node(
        name="night_surgery", meaning="incision between 20:00 and 06:00", kind="binary", tier="during",
        law=Bernoulli(), candidate=True, intercept=-3.12,
        terms=(term(2.6, "emergency", source="assumed"),),
        marginal=(0.08, 0.13), marginal_source="assumed 10 %",
    ),
    Node(
        name="premedication", meaning="sedative given on the ward", kind="binary", tier="during",
        law=Bernoulli(), candidate=True, intercept=-0.58,
        terms=(term(-0.20, "age", source="assumed"), term(-0.80, "emergency", source="assumed")),
        habit=Habit(sd=0.50, apart=(0.3, -0.5, 0.2)), marginal=(0.30, 0.40), marginal_source="assumed 35 %",
    ),
    Node(
        name="open_approach", meaning="open rather than laparoscopic, as begun", kind="binary", tier="during",
        law=Bernoulli(), candidate=True, intercept=0.12,
        terms=(
            term(0.80, "emergency", source="assumed: indication"),
            term(-1.00, "procedure=biliary", source="assumed"),
            term(0.50, "procedure=upper_gi", source="assumed"),
            term(0.25, "obesity", source="assumed"),
            term(0.30, "cancer", source="assumed"),
        ),
        habit=Habit(sd=0.50, apart=(-0.7, -0.3, -0.5)), marginal=(0.48, 0.58),
        marginal_source="typical mix 55 % (laparoscopic 45 %)",
    ),
    Node(
        name="razor_hair_removal", meaning="hair removed with a razor, not a clipper", kind="binary",
        tier="during", law=Bernoulli(), candidate=True, intercept=-1.22,
        terms=(
            term(0.40, "sex=male", source="assumed"),
            term(0.20, "emergency", source="assumed"),
        ),
        habit=Habit(sd=0.80, apart=(0.9, 0.4, 0.8)), marginal=(0.26, 0.36), marginal_source="assumed 30 %",
    ),
    Node(
        name="late_prophylaxis", meaning="first antibiotic after incision, or more than 120 min before it",
        kind="binary", tier="during", law=Bernoulli(), candidate=True, intercept=-1.32,
        terms=(
            term(0.70, "emergency", source="assumed: the clock runs differently"),
            term(0.20, "procedure=colorectal", source="assumed"),
        ),
        habit=Habit(sd=0.60, apart=(-0.8, -0.3, -0.7)), marginal=(0.21, 0.29), marginal_source="assumed 25 %",
    ),
    Node(
        name="contaminated_wound", meaning="wound class contaminated or dirty", kind="binary", tier="during",
        law=Bernoulli(), candidate=True, intercept=-2.22,
        terms=(
            term(1.60, "emergency", source="assumed: peritonitis, perforation"),
            term(1.00, "procedure=colorectal", source="assumed"),
            term(0.40, "procedure=biliary", source="assumed"),
            term(0.30, "procedure=upper_gi", source="assumed"),
        ),
        marginal=(0.18, 0.24), marginal_source="typical mix 20 % (contaminated 12, dirty 8)",
    ),
    Node(
        name="loose_glucose_control", meaning="insulin protocol with a target above 180 mg/dl, or none",
        kind="binary", tier="during", law=Bernoulli(), candidate=True, intercept=-0.54,
        terms=(term(0.40, "emergency", source="assumed"),),
        habit=Habit(sd=0.80, apart=(0.7, 0.3, 0.6)), marginal=(0.38, 0.47), marginal_source="assumed 42 %",
    ),
    Node(
        name="high_inspired_oxygen", meaning="inspired oxygen of 80 % during the operation", kind="binary",
        tier="during", law=Bernoulli(), candidate=True, intercept=-0.78,
        terms=(term(0.30, "obesity", source="assumed"), term(-0.60, "copd", source="assumed")),
        habit=Habit(sd=0.90, apart=(0.8, -0.6, 0.2)), marginal=(0.29, 0.41), marginal_source="assumed 35 %",
    ),
)  # fmt: skip

_COURSE: Final = (
    Node(
        name="epidural", meaning="epidural analgesia", kind="binary", tier="during", law=Bernoulli(),
        candidate=True, intercept=-2.42,
        terms=(
            term(1.50, "open_approach", source="assumed"),
            term(0.80, "cancer", source="assumed"),
            term(-0.90, "emergency", source="assumed"),
        ),
        habit=Habit(sd=0.60, apart=(0.4, -0.6, 0.3)), marginal=(0.17, 0.25), marginal_source="assumed 21 %",
    ),
    Node(
        name="duration_min", meaning="incision to closure", unit="min", kind="continuous", tier="during",
        law=LogNormal(sd=0.42, low=15.0, high=900.0), centre=120.0, log=True, intercept=4.44,
        terms=(
            term(0.10, "procedure=biliary", source="assumed"),
            term(0.85, "procedure=upper_gi", source="assumed"),
            term(0.75, "procedure=colorectal", source="assumed"),
            term(0.12, "obesity", source="assumed: BMI prolongs"),
            term(0.10, "cancer", source="assumed"),
            term(-0.10, "open_approach", source="assumed: open is quicker than laparoscopic"),
        ),
        habit=Habit(sd=0.10, apart=(0.05, -0.05, 0.0)), marginal=(110.0, 130.0),
        marginal_source="typical mix, median 120 min",
    ),
    Node(
        name="blood_loss_ml", meaning="estimated blood loss", unit="ml", kind="continuous", tier="during",
        law=LogNormal(sd=0.75, low=5.0, high=5000.0), centre=100.0, log=True, intercept=4.1,
        terms=(
            term(0.55, "duration_min", source="assumed"),
            term(0.60, "open_approach", source="assumed"),
            term(0.30, "cancer", source="assumed"),
        ),
        marginal=(70.0, 140.0), marginal_source="assumed, median 100 ml",
    ),
    Node(
        name="hypothermia", meaning="core temperature below 36 °C at closure", kind="binary", tier="during",
        law=Bernoulli(), candidate=True, intercept=-0.59,
        terms=(
            term(0.45, "duration_min", source="assumed: long operations cool"),
            term(0.40, "open_approach", source="assumed"),
            term(0.12, "age", source="assumed"),
            term(-0.30, "obesity", source="assumed"),
        ),
        habit=Habit(sd=0.60, apart=(-0.8, -0.2, -0.6)), marginal=(0.33, 0.41),
        marginal_source="typical mix 35 %",
    ),
    Node(
        name="glucose_mg_dl", meaning="highest blood glucose from incision to 24 h after", unit="mg/dl",
        kind="continuous", tier="during", law=LogNormal(sd=0.18, low=60.0, high=500.0), centre=140.0,
        step=100.0,
        intercept=4.78,
        terms=(
            term(0.33, "diabetes", source="assumed: +46 mg/dl"),
            term(0.18, "loose_glucose_control", source="assumed: +26 mg/dl"),
            term(0.15, "chronic_steroids", source="assumed"),
            term(0.06, "emergency", source="assumed"),
            term(0.03, "obesity", source="assumed"),
        ),
        marginal=(130.0, 150.0), marginal_source="assumed, median 140 mg/dl",
    ),
    Node(
        name="transfusion", meaning="red cells during the operation", kind="binary", tier="during",
        law=Bernoulli(), candidate=True, intercept=-3.41,
        terms=(
            term(1.50, "anaemia", source="Fowler 2015: OR 5.04 crude"),
            term(0.85, "blood_loss_ml", source="assumed: per doubling"),
            term(0.30, "cancer", source="assumed"),
        ),
        habit=Habit(sd=0.50, apart=(0.6, -0.2, 0.3)), marginal=(0.08, 0.13),
        marginal_source="typical mix 8 %",
    ),
    Node(
        name="urinary_catheter", meaning="urinary catheter in theatre", kind="binary", tier="during",
        law=Bernoulli(), candidate=True, intercept=-0.82,
        terms=(
            term(1.10, "duration_min", source="assumed: per doubling"),
            term(0.80, "open_approach", source="assumed"),
            term(0.80, "emergency", source="assumed"),
            term(0.30, "sex=male", source="assumed"),
        ),
        habit=Habit(sd=0.40, apart=(0.5, 0.2, -0.3)), marginal=(0.44, 0.52), marginal_source="assumed 48 %",
    ),
    Node(
        name="drain", meaning="wound or abdominal drain left in", kind="binary", tier="during",
        law=Bernoulli(),
        candidate=True, intercept=-1.74,
        terms=(
            term(1.40, "contaminated_wound", source="assumed: indication"),
            term(0.80, "procedure=colorectal", source="assumed"),
            term(1.00, "procedure=upper_gi", source="assumed"),
            term(0.40, "open_approach", source="assumed"),
            term(0.30, "blood_loss_ml", source="assumed: per doubling"),
        ),
        habit=Habit(sd=0.70, apart=(0.7, -0.5, 0.3)), marginal=(0.28, 0.38), marginal_source="assumed 33 %",
    ),
)  # fmt: skip

OUTCOME: Final = Node(
    name="infection_30d", meaning="surgical site infection within 30 days", kind="binary", tier="outcome",
    law=Bernoulli(), intercept=-5.47,
    terms=(
        term(0.11, "age", source="Kaye 2005: +1.1 % a year up to 65"),
        term(-0.23, "age^65", source="Kaye 2005: −1.2 % a year above 65"),
        term(0.15, "sex=male", source="Xu 2021: RR 1.30; NHSN 2022: 0.12"),
        term(0.30, "deprivation", source="IDSA 2015: Medicaid aRR 2.1; McGrath: 1.29"),
        term(0.10, "emergency", source="NHSN 2022: 0.1097"),
        term(0.15, "procedure=colorectal", source="assumed: Xu 2021, GlobalSurg-2 mixes"),
        term(0.10, "procedure=upper_gi", source="assumed"),
        term(0.10, "cancer", source="assumed; NHSN 2022 oncology hospital 0.37"),
        term(0.15, "prior_admission", source="assumed: earlier infections, hospital flora"),
        term(0.15, "copd", source="Gupta 2013: OR 1.35 for any morbidity"),
        term(0.30, "chronic_kidney_disease", source="Palamuthusingam 2021, weaker than dialysis"),
        term(0.40, "dialysis", source="Palamuthusingam 2021: 2.3, with kidney disease"),
        term(0.40, "inflammatory_bowel_disease", source="Xu 2021: RR 2.12, part through albumin, anaemia"),
        term(0.50, "chronic_steroids", source="Ismael 2011: 1.72 to 2.47, crude"),
        term(0.40, "frailty", source="the evidence table's direct log OR for the unmeasured cause"),
        term(0.25, "duration_min", source="per doubling; NHSN 2022: 0.31; Cheng 2017: OR 1.37 an hour"),
        term(0.08, "blood_loss_ml", source="assumed: per doubling"),
        term(0.74, "smoking", source="Sørensen 2012: OR 1.79"),
        term(0.36, "obesity", source="Gurunathan 2017: OR 1.51; orthopaedic RR 1.92"),
        term(0.42, "diabetes", source="Martin 2016: OR 1.53, cardiac 2.03; the other half through glucose"),
        term(0.55, "glucose_mg_dl", source="per 100 mg/dl; King 2011: IRR 1.43 above 250"),
        term(0.76, "hypoalbuminaemia", source="Yuwen 2017: RR 2.39; hip fracture OR 1.25"),
        term(0.70, "anaemia", source="Fowler 2015: 1.93"),
        term(0.75, "staph_aureus_carriage", source="Bode 2010, later trials: RR 0.42 to 0.59 if removed"),
        term(0.65, "contaminated_wound", source="RR 2.65; NHSN 2022: 1.19"),
        term(0.60, "open_approach", source="NHSN 2022: 1.90; Kulkarni 2020: RR 0.76 for laparoscopy"),
        term(0.88, "razor_hair_removal", source="Tanner 2011: RR 2.09"),
        term(0.63, "late_prophylaxis", source="de Jonge 2017: OR 1.89 after incision"),
        term(0.30, "late_prophylaxis", "contaminated_wound", source="benefit larger in contaminated wounds"),
        term(0.20, "late_prophylaxis", "obesity", source="benefit larger in obesity (under-dosing)"),
        term(0.45, "hypothermia", source="Bu 2019: OR 1.60 in trials"),
        term(0.30, "hypothermia", "duration_min>120", source="warming matters more beyond two hours"),
        term(0.43, "loose_glucose_control", source="de Vries 2017: OR 0.43; Lai 2022: RR 0.63"),
        term(0.20, "loose_glucose_control", "diabetes=0", source="larger without known diabetes"),
    ),
    marginal=(0.095, 0.12), marginal_source="abdominal pooled 10.6 %; GlobalSurg-2: 12.3 %",
)  # fmt: skip
"""The outcome. Neither the hospital nor any rating is among its causes."""

DURING: Final[tuple[Node, ...]] = _PRACTICE + _COURSE
"""The nodes of the operation, causes before effects."""
