"""Tests of corrections of dispute reports: intake passes the corrected facts on, and stores them when the mediation service has applied the correction."""

import json
from datetime import UTC, datetime

import pytest

from services.intake import corrections, outcomes
from tests.intake.conftest import REPORT, delivery, encrypt_for_intake
from tests.intake.people import person, two_parties
from tests.intake.test_joining import CENTRE, process_outcome, published_events_with_data, report_delivery
from tests.leak_search import find_in_tables
from tests.plumbing.conftest import make_event

OTHER_TOWNSHIP, OTHER_VILLAGE = "620702100", "620702100201"
FACTS = {name: REPORT[name] for name in ("channel", "place", "kind", "wants")}
NOON = datetime(2026, 3, 10, 4, tzinfo=UTC)


def correction_delivery(subject="R-1", agency="police", event="e-1", id="c-1", reported_by=None, **facts):
    """Return the delivery of a correction. `facts`: the corrected facts; by default those of the report."""
    data = {"event": event, "reason": "wrong_facts", "corrects": "dispute.reported", "facts": facts or FACTS}
    return delivery(agency, data | ({"reported_by": reported_by} if reported_by else {}), type="report.corrected", subject=subject, id=id)


def decide(pool, code, agency="police", id="c-1", is_refused=False, discarded=False):
    """Process the outcome of a correction."""
    process_outcome(pool, code, "registered", agency, id, is_refused=is_refused, step="report.corrected", discarded=discarded)


def stored_facts(intake, agency="police"):
    return intake.rows("select facts from intake.reports where agency = %s", agency)[0][0]


def decrypted_parties(intake, pool, agency="police"):
    ((encrypted,),) = intake.rows("select p.encrypted from intake.parties p join intake.reports r using (seq) where r.agency = %s", agency)
    with pool.transaction() as tx:
        return json.loads(tx.unseal(encrypted))


def proposals(intake):
    return [(subject, data["other"]) for _, subject, data in published_events_with_data(intake, "duplicate.proposed")]


# ── what is passed on ─────────────────────────────────────────────────────────────────────────────────────────────────


def test_corrected_facts_are_passed_on_without_personal_data(intake, ingest_all):
    ingest_all(report_delivery("police"))
    corrected = FACTS | {"place": {"township": OTHER_TOWNSHIP}, "kind": "contract", "amount_cny": "5.00", "parties": two_parties(3, 4), "risk": {"mass": True}}
    (decision,) = ingest_all(correction_delivery(**corrected))

    ((_, subject, data),) = published_events_with_data(intake, "step.reported")
    assert (subject, data["step"], data["agency"]) == (decision.dispute.code, "report.corrected", "police")
    assert data["facts"] == {
        "event": "e-1",
        "reason": "wrong_facts",
        "corrects": "dispute.reported",
        "facts": {
            **{name: corrected[name] for name in ("channel", "place", "kind", "amount_cny", "wants")},
            "flags": ["mass"],
            "party_labels": ["applicant", "respondent"],
        },
    }
    assert find_in_tables(intake.rows, [party["name"] for party in two_parties(3, 4)]) == []


def test_the_flag_of_a_mass_incident_stays_if_the_correction_has_no_risk_flags(intake, ingest_all):
    ingest_all(report_delivery("police", risk={"mass": True}))
    ingest_all(correction_delivery(**FACTS), correction_delivery(**FACTS, risk={"mass": False}, id="c-2"))

    flags = [data["facts"]["facts"].get("flags") for _, _, data in published_events_with_data(intake, "step.reported")]
    assert flags == [["mass"], None]


def test_a_danger_in_a_correction_puts_the_dispute_into_the_safeguard_lane(intake, ingest_all):
    (report,) = ingest_all(report_delivery("police"))
    ingest_all(correction_delivery(**FACTS, risk={"domestic_violence": True}))

    sealed = [event["type"] for _, _, event in intake.stored_events("intake", "intake-safeguard.events")]
    assert "risk.flagged" in sealed
    assert intake.rows("select holds from intake.lane_records where code = %s", report.dispute.code) == [(["hold"],)]


@pytest.mark.parametrize(
    ("change", "field", "mistake"),
    [
        ({"channel": None}, "facts.channel", "required"),
        ({"wants": None}, "facts.wants", "required"),
        ({"place": None}, "facts.place", "required"),
        ({"kind": "nonsense"}, "facts.kind", "not_in_list"),
        ({"report_no": "R-2"}, None, None),  # unknown fields are ignored, as in every event
        ({"parties": [{"role": "applicant"}]}, "facts.parties[0].name", "required"),
    ],
)
def test_corrected_facts_are_checked_like_those_of_a_report(ingest_all, change, field, mistake):
    ingest_all(report_delivery("police"))
    facts = {name: value for name, value in (FACTS | change).items() if value is not None}
    (decision,) = ingest_all(correction_delivery(**facts))

    assert (decision.refusal and decision.refusal.get("field")) == field
    assert mistake is None or decision.refusal["code"] == "malformed_data"


def test_parties_may_be_corrected_in_one_way_only(ingest_all):
    ingest_all(report_delivery("police"))
    both, unreadable = FACTS | {"parties": two_parties(), "parties_sealed": encrypt_for_intake(two_parties())}, FACTS | {"parties_sealed": "A" * 128}
    decisions = ingest_all(correction_delivery(**both), correction_delivery(**unreadable, id="c-2"))

    assert [decision.refusal["code"] for decision in decisions] == ["parties_both_ways", "unreadable_parties"]


# ── corrections by the mediation centre ───────────────────────────────────────────────────────────────────────────────


def test_the_centre_may_correct_place_and_kind_of_another_agencys_report(intake, ingest_all, pool):
    (report,) = ingest_all(report_delivery("police", cause="2", place={"township": "620702102", "village": "620702102201"}))
    by_centre = correction_delivery(
        report.dispute.code, CENTRE, reported_by="police", place={"township": OTHER_TOWNSHIP, "village": OTHER_VILLAGE}, kind="contract"
    )
    (decision,) = ingest_all(by_centre)
    assert decision.refusal is None
    before = stored_facts(intake)
    decide(pool, report.dispute.code, CENTRE)

    assert stored_facts(intake) == before | {"township": OTHER_TOWNSHIP, "village": OTHER_VILLAGE, "kind": "contract"}
    assert before["cause"] == "2" and intake.rows("select count(*) from intake.parties") == [(1,)]


@pytest.mark.parametrize("extra", [{"wants": "mediation"}, {"parties": two_parties()}, {"amount_cny": "1.00"}])
def test_the_centre_may_correct_nothing_else(ingest_all, extra):
    (report,) = ingest_all(report_delivery("police"))
    (decision,) = ingest_all(correction_delivery(report.dispute.code, CENTRE, reported_by="police", place=FACTS["place"], kind="contract", **extra))

    assert (decision.refusal["code"], decision.refusal["field"]) == ("malformed_data", "facts")


def test_only_the_centre_may_name_another_agency_and_it_must_not_name_itself(ingest_all):
    (report,) = ingest_all(report_delivery("police"))
    place_and_kind = {"place": FACTS["place"], "kind": "contract"}
    by_court, by_centre = (
        correction_delivery(report.dispute.code, agency, reported_by=named, **place_and_kind) for agency, named in (("court", "police"), (CENTRE, CENTRE))
    )
    decisions = ingest_all(by_court, by_centre)

    assert decisions[0].refusal["code"] == "not_your_report"
    assert (decisions[1].refusal["code"], decisions[1].refusal["field"]) == ("malformed_data", "reported_by")


# ── what is stored when the mediation service has decided ─────────────────────────────────────────────────────────────


def test_facts_and_parties_follow_a_correction_when_it_is_applied_and_not_before(intake, ingest_all, pool):
    (report,) = ingest_all(report_delivery("police", cause="2"))
    ingest_all(correction_delivery(**FACTS | {"kind": "contract", "amount_cny": "5.00", "parties": two_parties(3, 4)}))
    assert stored_facts(intake)["cause"] == "2" and decrypted_parties(intake, pool) == two_parties()

    decide(pool, report.dispute.code)

    facts = stored_facts(intake)
    assert (facts["kind"], facts["amount_cny"], facts["party_labels"]) == ("contract", "5.00", ["applicant", "respondent"])
    assert "cause" not in facts and "place" not in facts and facts["township"] == REPORT["place"]["township"]
    assert decrypted_parties(intake, pool) == two_parties(3, 4)
    assert intake.rows("select is_pending, encrypted from intake.report_corrections") == [(False, None)]


def test_parties_that_are_not_corrected_are_unchanged(intake, ingest_all, pool):
    (report,) = ingest_all(report_delivery("police"))
    ingest_all(correction_delivery(**FACTS | {"kind": "contract"}))
    decide(pool, report.dispute.code)

    assert decrypted_parties(intake, pool) == two_parties() and stored_facts(intake)["party_labels"] == ["applicant", "respondent"]


def test_parties_that_the_agency_has_encrypted_are_stored_as_they_were_sent(intake, ingest_all, pool):
    (report,) = ingest_all(report_delivery("police"))
    box = encrypt_for_intake(two_parties(3, 4))
    ingest_all(correction_delivery(**FACTS | {"parties_sealed": box}))
    decide(pool, report.dispute.code)

    ((encrypted, by_agency),) = intake.rows("select encrypted, encrypted_by_agency from intake.parties")
    assert (bytes(encrypted).decode(), by_agency) == (box, True)


@pytest.mark.parametrize("outcome", [{"is_refused": True}, {"discarded": True}])
def test_a_refused_correction_changes_nothing(intake, ingest_all, pool, outcome):
    (report,) = ingest_all(report_delivery("police"))
    before = stored_facts(intake)
    ingest_all(correction_delivery(**FACTS | {"kind": "contract", "parties": two_parties(3, 4)}))
    decide(pool, report.dispute.code, **outcome)

    assert stored_facts(intake) == before and decrypted_parties(intake, pool) == two_parties()
    assert intake.rows("select is_pending, encrypted from intake.report_corrections") == [(False, None)]


def test_a_correction_can_be_corrected_by_naming_its_event_also_in_the_same_batch(intake, ingest_all, pool):
    report, *_ = ingest_all(
        report_delivery("police"),
        correction_delivery(**FACTS | {"kind": "contract"}),
        correction_delivery(event="c-1", id="c-2", **FACTS | {"kind": "inheritance"}),
    )
    ingest_all(correction_delivery(event="c-2", id="c-3", **FACTS | {"kind": "private_loan"}))
    for id in ("c-1", "c-2", "c-3"):
        decide(pool, report.dispute.code, id=id)

    assert stored_facts(intake)["kind"] == "private_loan"
    assert intake.rows("select count(distinct report_seq) from intake.report_corrections") == [(1,)]


def test_a_correction_of_an_unknown_report_is_passed_on_for_the_mediation_service_to_refuse(intake, ingest_all):
    ingest_all(report_delivery("police"))
    (decision,) = ingest_all(correction_delivery(event="never-sent", **FACTS))

    assert decision.is_accepted and intake.rows("select count(*) from intake.report_corrections") == [(0,)]


def withdrawal_delivery(event, subject="R-1", agency="police", id="w-1"):
    return delivery(agency, {"event": event, "reason": "wrong_facts"}, type="report.withdrawn", subject=subject, id=id)


def decide_withdrawal(pool, code, id="w-1"):
    process_outcome(pool, code, "registered", "police", id, step="report.withdrawn")


def test_a_withdrawn_correction_restores_facts_parties_and_matching_tokens(intake, ingest_all, pool):
    (report,) = ingest_all(report_delivery("police", cause="2"))
    before, tokens = stored_facts(intake), intake.rows("select number, mobile, village, name from intake.party_tokens order by party")
    ingest_all(correction_delivery(**FACTS | {"kind": "contract", "parties": two_parties(3, 4)}))
    decide(pool, report.dispute.code)
    assert intake.rows("select number, mobile, village, name from intake.party_tokens order by party") != tokens
    ingest_all(withdrawal_delivery("c-1"))
    decide_withdrawal(pool, report.dispute.code)

    assert stored_facts(intake) == before and decrypted_parties(intake, pool) == two_parties()
    assert intake.rows("select number, mobile, village, name from intake.party_tokens order by party") == tokens


def test_a_withdrawn_withdrawal_makes_the_correction_valid_again(intake, ingest_all, pool):
    (report,) = ingest_all(report_delivery("police"))
    ingest_all(correction_delivery(**FACTS | {"kind": "contract", "parties": two_parties(3, 4)}))
    decide(pool, report.dispute.code)
    ingest_all(withdrawal_delivery("c-1"), withdrawal_delivery("w-1", id="w-2"))
    for id in ("w-1", "w-2"):
        decide_withdrawal(pool, report.dispute.code, id)

    assert stored_facts(intake)["kind"] == "contract" and decrypted_parties(intake, pool) == two_parties(3, 4)


def test_a_correction_and_its_withdrawal_may_be_decided_in_one_batch(intake, ingest_all, pool):
    (report,) = ingest_all(report_delivery("police"))
    before = stored_facts(intake)
    ingest_all(correction_delivery(**FACTS | {"kind": "contract"}), withdrawal_delivery("c-1"))
    events = []
    for step, id in (("report.corrected", "c-1"), ("report.withdrawn", "w-1")):
        event = make_event(None, report.dispute.code, id=id)
        event.source, event.type = "mediation", step
        event.data = {"event": {"source": "/agencies/police", "id": id}, "state": "registered"}
        events.append(event)
    with pool.transaction() as tx:
        outcomes.process_events(tx, events)

    assert stored_facts(intake) == before


def test_the_withdrawal_of_a_report_changes_nothing_at_intake(intake, ingest_all):
    ingest_all(report_delivery("police"))
    ingest_all(withdrawal_delivery("e-1"))

    assert intake.rows("select count(*) from intake.report_corrections") == [(0,)]


# ── duplicates ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_corrected_parties_are_compared_again_and_a_duplicate_is_proposed_but_not_joined(intake, ingest_all, pool):
    (first,) = ingest_all(report_delivery("court"))
    (report,) = ingest_all(report_delivery("police", two_parties(3, 4)))
    ingest_all(correction_delivery(**FACTS | {"parties": two_parties()}))
    assert proposals(intake) == []
    decide(pool, report.dispute.code)

    assert proposals(intake) == [(report.dispute.code, first.dispute.code)]
    ((_, _, data),) = published_events_with_data(intake, "duplicate.proposed")
    assert data["event"] == {"source": "/agencies/police", "id": "c-1"} and data["reasons"][0] == "same_parties"
    assert intake.rows("select merged_into from intake.disputes where code = %s", report.dispute.code) == [(None,)]


def test_later_reports_are_compared_with_the_corrected_parties(intake, ingest_all, pool):
    (report,) = ingest_all(report_delivery("police", two_parties(3, 4)))
    ingest_all(correction_delivery(**FACTS | {"parties": two_parties()}))
    decide(pool, report.dispute.code)
    (same, former) = ingest_all(report_delivery("court"), report_delivery("grid", two_parties(3, 4)))

    assert same.dispute.code == report.dispute.code != former.dispute.code


def test_a_corrected_place_changes_the_comparison(intake, ingest_all, pool):
    """Name and village of both parties match only after the village has been corrected."""
    names = [{"role": role, "name": person(number, role)["name"]} for number, role in ((1, "applicant"), (2, "respondent"))]
    place, wrong_place = ({"township": "620702102", "village": f"620702102{number}"} for number in ("201", "202"))
    (first,) = ingest_all(report_delivery("court", names, place=place))
    (report,) = ingest_all(report_delivery("police", names, place=wrong_place))
    assert proposals(intake) == []
    ingest_all(correction_delivery(**FACTS | {"place": place}))
    decide(pool, report.dispute.code)

    assert proposals(intake) == [(report.dispute.code, first.dispute.code)]


def test_a_duplicate_that_was_proposed_before_the_correction_is_not_proposed_again(intake, ingest_all, pool):
    (first,) = ingest_all(report_delivery("court", kind="contract"))
    (report,) = ingest_all(report_delivery("police", kind="family"))
    assert proposals(intake) == [(report.dispute.code, first.dispute.code)]
    ingest_all(correction_delivery(**FACTS | {"kind": "contract"}))
    decide(pool, report.dispute.code)

    assert len(proposals(intake)) == 1


def test_a_held_dispute_is_compared_like_any_other(intake, ingest_all, pool):
    """Otherwise a missing proposal would show the centre that the dispute is held."""
    (first,) = ingest_all(report_delivery("court"))
    (report,) = ingest_all(report_delivery("police", two_parties(3, 4)))
    ingest_all(delivery("police", {"issued_on": "2026-03-02"}, type="dv.warning_issued", subject=report.dispute.code, id="warning"))
    ingest_all(correction_delivery(**FACTS | {"parties": two_parties()}))
    decide(pool, report.dispute.code)

    assert proposals(intake) == [(report.dispute.code, first.dispute.code)]


def test_a_dispute_reported_into_the_safeguard_lane_is_not_compared_after_a_correction_but_its_registration_is_corrected(intake, ingest_all, pool):
    ingest_all(report_delivery("court"))
    (report,) = ingest_all(report_delivery("womens_federation", two_parties(3, 4), risk={"domestic_violence": True}))
    ingest_all(correction_delivery(agency="womens_federation", **FACTS | {"parties": two_parties(), "kind": "contract"}))
    decide(pool, report.dispute.code, "womens_federation")

    assert proposals(intake) == []
    ((registration,),) = intake.rows("select registration from intake.lane_records")
    assert (registration["kind"], registration["agency"], registration["event"]["id"]) == ("contract", "womens_federation", "e-1")


# ── the facts after a correction ──────────────────────────────────────────────────────────────────────────────────────


def test_a_correction_by_the_centre_replaces_the_whole_place():
    old = {"township": "620702102", "village": "620702102201", "grid": "g-1", "kind": "family", "wants": "mediation"}

    assert corrections.corrected_registration(old, {"place": {"township": OTHER_TOWNSHIP}, "kind": "contract"}) == {
        "township": OTHER_TOWNSHIP,
        "kind": "contract",
        "wants": "mediation",
    }
