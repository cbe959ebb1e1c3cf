"""From a protocol to a report, on real patients."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from causalmed.errors import CausalmedError, DataError, MissingValues, ProtocolError
from causalmed.reporting import Protocol, check_protocol, run, verify_report
from causalmed.results import State

CAESAREAN = """
schema = 1
title = "Do antibiotics prevent infection after caesarean section?"
[population]
data = "dataset:caesarean"
[graph]
file = "dataset:caesarean"
[question]
outcome = "infection"
[prediction]
specificity = 0.8
[audit]
protected = ["unplanned"]
"""

SANTIAGO = """
schema = 1
title = "Does high blood glucose cause infection after surgery?"
[population]
data = "santiago.csv"
eligibility = [{ where = "age >= 18", reason = "adults" }]
[population.derive]
hyperglycaemia = "gluc >= 126"
diabetes = "diab == 1"
male = "sex == 1"
[graph]
file = "santiago.dagitty"
[question]
outcome = "inf"
candidates = ["hyperglycaemia"]
estimator = "AIPW"
[prediction]
specificity = 0.9
[audit]
protected = ["male"]
"""

SANTIAGO_GRAPH = """dag {
  hyperglycaemia [exposure]
  inf [outcome]
  age -> {diabetes hyperglycaemia inf}
  male -> {diabetes hyperglycaemia inf}
  diabetes -> {hyperglycaemia inf}
  hyperglycaemia -> inf
}"""

SMALL_GRAPH = "dag { late [exposure]; infected [outcome]; age -> {late infected}; late -> infected }"


def small_frame(n=600):
    rng = np.random.default_rng(5)
    age = rng.normal(60, 10, n).round()
    late = (rng.random(n) < 1 / (1 + np.exp(1 - (age - 60) / 20))).astype(int)
    infected = (rng.random(n) < 1 / (1 + np.exp(1.5 - late - (age - 60) / 20))).astype(int)
    return pd.DataFrame({"id": np.arange(n), "age": age, "late": late, "infected": infected})


def small_protocol(folder, frame, extra=""):
    frame.to_csv(folder / "cohort.csv", index=False)
    (folder / "graph.dagitty").write_text(SMALL_GRAPH)
    text = f"""
schema = 1
title = "Late"
[population]
data = "cohort.csv"
unit = "id"
{extra}
[graph]
file = "graph.dagitty"
[question]
outcome = "infected"
[prediction]
specificity = 0.8
"""
    return Protocol.parse(text, folder=str(folder))


@pytest.fixture(scope="module")
def caesarean():
    return run(Protocol.parse(CAESAREAN))


def test_the_caesarean_report_says_what_cannot_be_told(caesarean, tmp_path):
    page, record = caesarean.write(tmp_path / "report.html")
    text = page.read_text()
    assert "antibiotic" in text
    assert caesarean.screen.candidate("antibiotic").verdict == "cannot tell"
    assert "missing: a person must state this" in text
    assert "<script" not in text
    assert page.stat().st_size < 2_000_000
    body = json.loads(record.read_text())["body"]
    assert body["population"]["patients"] == 251
    assert body["causes"]["candidates"][0]["name"] == "antibiotic"


def test_page_one_does_not_turn_a_doubt_into_a_finding(caesarean):
    assert caesarean.screen.identified == ()
    headline = caesarean.sections()[0].answer
    assert headline == "The factor asked about could not be shown to cause or prevent infection."


def test_a_factor_that_lowers_the_risk_prevents(tmp_path):
    frame = small_frame(2000)
    frame["infected"] = 1 - frame["infected"]  # now late patients are infected less often
    dossier = run(small_protocol(tmp_path, frame))
    assert dossier.screen.candidate("late").prevents
    assert dossier.screen.picture().title == "1 of 1 candidates prevents infected"
    headline, found = dossier.sections()[0].answer, dossier.sections()[5].answer
    assert headline == "The factor asked about prevents infected, if the assumed graph is right."
    assert "prevents it" in found


def test_the_report_never_says_what_only_people_may_say(caesarean, tmp_path):
    page, _ = caesarean.write(tmp_path / "report.html")
    text = page.read_text().lower()
    for word in ("is fair", "unfair", "compliant", "approved", "p-value", "significant"):
        assert word not in text


def test_the_same_protocol_gives_the_same_bytes(caesarean, tmp_path):
    again = run(Protocol.parse(CAESAREAN), n_jobs=2)
    first, second = caesarean.write(tmp_path / "a.html"), again.write(tmp_path / "b.html")
    assert first[0].read_bytes() == second[0].read_bytes()
    assert first[1].read_bytes() == second[1].read_bytes()


def test_santiago_warns_that_covariates_may_follow_the_infection(table, tmp_path):
    table("postop_infect_santiago.csv").to_csv(tmp_path / "santiago.csv", index=False)
    (tmp_path / "santiago.dagitty").write_text(SANTIAGO_GRAPH)
    dossier = run(Protocol.parse(SANTIAGO, folder=str(tmp_path)))
    timing = dossier.checks.check("timing")
    assert timing.state is State.WARN
    assert "'hyperglycaemia'" in timing.sentence
    page, _ = dossier.write(tmp_path / "report.html")
    assert "may follow the infection" in page.read_text()
    assert "hyperglycaemia" in dossier.screen.identified


def test_declared_tiers_silence_the_warning(tmp_path):
    tiers = '[population.tiers]\nbefore = ["age"]\nduring = ["late"]\nafter = ["infected"]'
    protocol = small_protocol(tmp_path, small_frame(), tiers)
    assert check_protocol(protocol).check("timing").state is State.PASS
    late_age = tiers.replace('before = ["age"]', "").replace('["infected"]', '["infected", "age"]')
    assert (
        check_protocol(small_protocol(tmp_path, small_frame(), late_age)).check("timing").state is State.WARN
    )


def test_the_order_of_the_rows_does_not_change_a_digit(tmp_path):
    frame = small_frame()
    first = run(small_protocol(tmp_path, frame)).to_dict()
    second = run(small_protocol(tmp_path, frame.sample(frac=1, random_state=1)), n_jobs=2).to_dict()
    assert json.dumps(first) == json.dumps(second)


def test_a_changed_cell_is_found(tmp_path):
    frame = small_frame()
    protocol = tmp_path / "protocol.toml"
    declared = small_protocol(tmp_path, frame)
    protocol.write_text(
        'schema = 1\ntitle = "Late"\n[population]\ndata = "cohort.csv"\nunit = "id"\n[graph]\n'
        'file = "graph.dagitty"\n[question]\noutcome = "infected"\n[prediction]\nspecificity = 0.8\n'
    )
    _, record = run(declared).write(tmp_path / "report.html")
    assert verify_report(record, protocol=protocol).intact
    frame.loc[3, "age"] += 1
    frame.to_csv(tmp_path / "cohort.csv", index=False)
    found = verify_report(record, protocol=protocol)
    assert [what for what, good, _ in found.lines if not good] == ["data"]


def test_a_part_that_cannot_be_done_is_told_and_the_rest_goes_on(tmp_path):
    small_protocol(tmp_path, small_frame(120))
    dossier = run(Protocol.parse(PROTOCOL_STRICT, folder=str(tmp_path)))
    refusal = dossier.refused("the risk model")
    assert refusal is not None
    assert dossier.prediction is None
    assert dossier.screen is not None
    assert refusal.reason[:30] in dossier.summary()
    page, _ = dossier.write(tmp_path / "report.html")
    assert "There is no risk model in this report." in page.read_text()


PROTOCOL_STRICT = """
schema = 1
title = "Late"
[population]
data = "cohort.csv"
unit = "id"
[graph]
file = "graph.dagitty"
[question]
outcome = "infected"
[prediction]
specificity = 0.995
"""


def test_missing_values_are_refused_with_their_counts_or_counted(tmp_path):
    frame = small_frame()
    frame.loc[:9, "age"] = np.nan
    with pytest.raises(MissingValues, match="age"):
        run(small_protocol(tmp_path, frame))
    dossier = run(small_protocol(tmp_path, frame, 'missing = "complete"'))
    assert dossier.population.cohort.n == 590
    assert any(step.left_out == 10 for step in dossier.population.attrition)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        (('data = "dataset:caesarean"', 'data = "nowhere.csv"'), DataError, "nowhere.csv"),
        (('file = "dataset:caesarean"', 'file = "nowhere.dagitty"'), ProtocolError, "nowhere.dagitty"),
        (('data = "dataset:caesarean"', 'data = "dataset:nowhere"'), CausalmedError, "nowhere"),
        (('outcome = "infection"', 'outcome = "infektion"'), CausalmedError, "infektion"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name(change, error, message):
    with pytest.raises(error, match=message):
        run(Protocol.parse(CAESAREAN.replace(*change)))


def test_statements_for_items_that_do_not_exist_are_refused():
    text = CAESAREAN + '[statements]\nintended_ues = { text = "t", stated_by = "A", on = "2026-11-24" }\n'
    with pytest.raises(ProtocolError, match="intended_ues"):
        run(Protocol.parse(text))


def test_a_report_must_be_a_page(caesarean, tmp_path):
    with pytest.raises(DataError, match=r"\.html"):
        caesarean.write(tmp_path / "report.pdf")


def test_hostile_names_in_a_table_stay_text(tmp_path):
    hostile = '<script>alert("x")</script>'
    frame = small_frame().rename(columns={"age": hostile})
    frame.to_csv(tmp_path / "cohort.csv", index=False)
    (tmp_path / "graph.dagitty").write_text(
        SMALL_GRAPH.replace("age", '"' + hostile.replace('"', '\\"') + '"')
    )
    dossier = run(Protocol.parse(PROTOCOL_STRICT.replace("0.995", "0.8"), folder=str(tmp_path)))
    page, _ = dossier.write(tmp_path / "report.html")
    assert "<script" not in page.read_text()
    assert "&lt;script&gt;" in page.read_text()
