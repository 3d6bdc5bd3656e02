"""Tests of the rules for notices: which agencies get which notice, row by row of the tables."""

import pytest

import contracts
from contracts.clocks import CLOCKS
from services.notify.rules import ADDITIONAL_ADDRESSEES, NOTICES, NOTICES_TO_NAMED_AGENCIES, notices_for
from tests.notify.conftest import mediation_event

BODY, CENTRE, COMMITTEE = "peoples_mediation_committee-daman", "mediation_centre", "political_legal_committee"
WITH_NOTICES = (
    "mediators.proposed",
    "mediation.suspended",
    "dispute.routed",
    "routing.proposed",
    "departments.called",
    "supervision.issued",
    "level.escalated",
)


def kinds_and_addressees(event):
    return [(notice.kind, notice.to) for notice in notices_for(event)]


@pytest.mark.parametrize(
    ("event_type", "clock", "owed_by", "notices"),
    [
        ("deadline.set", "referral_answer", [BODY], [("notice.referral", BODY)]),
        ("deadline.set", "screening", [CENTRE], [("notice.deadline", CENTRE)]),
        ("deadline.set", "performance", [BODY, CENTRE], [("notice.deadline", BODY), ("notice.deadline", CENTRE)]),
        ("deadline.approached", "screening", [CENTRE], [("notice.urged", CENTRE)]),
        ("deadline.approached", "referral_answer", [BODY], [("notice.urged", BODY)]),
        ("deadline.passed", "mediation_out_of_court_policy", [BODY], [("notice.overdue", BODY), ("notice.overdue", CENTRE)]),
        ("deadline.recomputed", "mediation_out_of_court_policy", [BODY], [("notice.deadline", BODY)]),
        ("deadline.passed", "supervision_answer", [BODY], [("notice.overdue", to) for to in (BODY, CENTRE, COMMITTEE)]),
        ("deadline.set", "routing", [CENTRE], []),
        ("deadline.set", "supervision_answer", [BODY], []),
        ("deadline.set", "group_level", ["grid"], [("notice.deadline", "grid")]),
        ("deadline.set", "township_office_level", ["judicial_bureau"], [("notice.escalated", "judicial_bureau")]),
        ("deadline.passed", "screening", [CENTRE], [("notice.overdue", CENTRE)]),  # one notice, although the centre owes the step and supervises deadlines
    ],
)
def test_the_agencies_that_owe_a_step_get_the_notice(event_type, clock, owed_by, notices):
    assert kinds_and_addressees(mediation_event(1, event_type, clock=clock, owed_by=owed_by)) == notices


@pytest.mark.parametrize(
    "event_type",
    [
        event_type
        for event_type, row in contracts.DOMAIN_EVENTS.items()
        if row.stream == "mediation" and not event_type.startswith("deadline.") and (event_type, None) not in NOTICES and event_type not in WITH_NOTICES
    ],
)
def test_other_events_give_no_notice(event_type):
    assert kinds_and_addressees(mediation_event(1, event_type)) == []


def test_a_likely_duplicate_is_notified_to_the_centre():
    (notice,) = notices_for(mediation_event(1, "duplicate.noted"))

    assert (notice.kind, notice.to) == ("notice.duplicate", CENTRE)
    contracts.dump(notice.kind, notice.about, "notify")


@pytest.mark.parametrize(("body", "addressees"), [({"body": BODY}, [BODY]), ({}, [])])
def test_the_mediation_body_of_a_joined_dispute_gets_a_notice(body, addressees):
    event = mediation_event(1, "reports.joined")
    event.data = {name: value for name, value in event.data.items() if name != "body"} | body
    notices = notices_for(event)

    assert [notice.to for notice in notices] == addressees
    for notice in notices:
        assert notice.kind == "notice.joined"
        contracts.dump(notice.kind, notice.about, "notify")


def test_a_met_deadline_gives_no_notice():
    assert kinds_and_addressees(mediation_event(1, "deadline.met")) == []


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("event_type", ["deadline.set", "deadline.approached", "deadline.passed"])
def test_every_notice_about_a_deadline_conforms_to_the_contract(event_type, clock):
    for notice in notices_for(mediation_event(1, event_type, clock=clock)):
        contracts.dump(notice.kind, notice.about, "notify")
        assert notice.about["clock"] == clock


def test_the_id_of_a_notice_depends_on_the_event_and_the_addressee_only():
    assert [notice.id for notice in notices_for(mediation_event(7, "deadline.passed"))] == [
        notice.id for notice in notices_for(mediation_event(7, "deadline.passed"))
    ]
    assert len({notice.id for n in (7, 8) for notice in notices_for(mediation_event(n, "deadline.passed"))}) == 2 * len(
        notices_for(mediation_event(7, "deadline.passed"))
    )


@pytest.mark.parametrize(
    ("event_type", "facts", "notices"),
    [
        ("routing.proposed", {}, [("notice.proposal", CENTRE)]),
        ("mediators.proposed", {}, [("notice.mediators", BODY)]),
        ("dispute.routed", {"to": BODY, "joint_with": ["police"]}, [("notice.call", "police")]),
        ("dispute.routed", {"to": BODY, "joint_with": []}, []),
        ("departments.called", {"to": ["police", "judicial_bureau"]}, [("notice.call", "police"), ("notice.call", "judicial_bureau")]),
        ("supervision.issued", {"to": BODY, "urged_for": "overdue"}, [("notice.supervision", BODY)]),
        ("supervision.issued", {"to": BODY, "urged_for": "no_answer"}, [("notice.supervision", BODY), ("notice.supervision", COMMITTEE)]),
        ("mediation.suspended", {"agency": BODY, "reason": "suspected_crime", "next_actors": [BODY, "police"]}, [("notice.inquiry", "police")]),
        ("mediation.suspended", {"agency": BODY, "reason": "suspected_sham", "next_actors": [BODY, "court-daman"]}, [("notice.inquiry", "court-daman")]),
        ("mediation.suspended", {"agency": "court", "reason": "suspected_sham", "next_actors": [BODY, "court"]}, []),  # the court reported it itself
        ("level.escalated", {"level": "village_level"}, []),  # the deadline of that level has its own notice
        ("level.escalated", {"level": "county_level"}, [("notice.escalated", CENTRE)]),
    ],
)
def test_agencies_named_by_an_event_get_the_notice(event_type, facts, notices):
    event = mediation_event(1, event_type, **facts)

    assert kinds_and_addressees(event) == notices
    for notice in notices_for(event):
        contracts.dump(notice.kind, notice.about, "notify")


def test_the_tables_use_event_types_notices_and_agencies_of_the_contract():
    assert {event_type for event_type, _ in (*NOTICES, *ADDITIONAL_ADDRESSEES)} | set(NOTICES_TO_NAMED_AGENCIES) <= set(contracts.DOMAIN_EVENTS)
    assert set(NOTICES.values()) - {None} <= set(contracts.NOTICES)
    assert {agency for agencies in ADDITIONAL_ADDRESSEES.values() for agency in agencies} <= set(contracts.AGENCIES)
