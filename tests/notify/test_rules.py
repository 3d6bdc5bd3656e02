"""Who is told what? The table, row by row."""

import pytest

import contracts
from contracts.clocks import CLOCKS
from services.notify.rules import ADDRESSED, ALSO, NOTICES, notices_for
from tests.notify.conftest import said

BODY, CENTRE, COMMITTEE = "peoples_mediation_committee-daman", "mediation_centre", "political_legal_committee"
TELLS = ("mediators.proposed", "mediation.suspended", "dispute.routed", "routing.proposed", "departments.called", "supervision.issued", "level.escalated")


def told(event):
    return [(notice.kind, notice.to) for notice in notices_for(event)]


@pytest.mark.parametrize(
    ("word", "clock", "owed_by", "notices"),
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
        ("deadline.passed", "screening", [CENTRE], [("notice.overdue", CENTRE)]),  # once, though it owes it and watches over it
    ],
)
def test_who_owes_a_step_is_told(word, clock, owed_by, notices):
    assert told(said(1, word, clock=clock, owed_by=owed_by)) == notices


@pytest.mark.parametrize(
    "word",
    [
        word
        for word, row in contracts.DOMAIN_EVENTS.items()
        if row.stream == "mediation" and not word.startswith("deadline.") and (word, None) not in NOTICES and word not in TELLS
    ],
)
def test_everything_else_is_no_notice(word):
    assert told(said(1, word)) == []


def test_a_possible_duplicate_is_for_the_centre_to_decide():
    (notice,) = notices_for(said(1, "duplicate.noted"))

    assert (notice.kind, notice.to) == ("notice.duplicate", CENTRE)
    contracts.dump(notice.kind, notice.about, "notify")


@pytest.mark.parametrize(("body", "told"), [({"body": BODY}, [BODY]), ({}, [])])
def test_who_had_a_dispute_is_told_under_which_code_it_goes_on(body, told):
    event = said(1, "reports.joined")
    event.data = {name: value for name, value in event.data.items() if name != "body"} | body
    notices = notices_for(event)

    assert [notice.to for notice in notices] == told
    for notice in notices:
        assert notice.kind == "notice.joined"
        contracts.dump(notice.kind, notice.about, "notify")


def test_a_deadline_that_was_met_is_no_notice():
    assert told(said(1, "deadline.met")) == []


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("word", ["deadline.set", "deadline.approached", "deadline.passed"])
def test_every_notice_is_as_the_contract_has_it(word, clock):
    for notice in notices_for(said(1, word, clock=clock)):
        contracts.dump(notice.kind, notice.about, "notify")
        assert notice.about["clock"] == clock


def test_the_same_event_gives_the_same_notices():
    assert [notice.id for notice in notices_for(said(7, "deadline.passed"))] == [notice.id for notice in notices_for(said(7, "deadline.passed"))]
    assert len({notice.id for n in (7, 8) for notice in notices_for(said(n, "deadline.passed"))}) == 2 * len(notices_for(said(7, "deadline.passed")))


@pytest.mark.parametrize(
    ("word", "facts", "notices"),
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
        ("mediation.suspended", {"agency": "court", "reason": "suspected_sham", "next_actors": [BODY, "court"]}, []),  # it knows
        ("level.escalated", {"level": "village_level"}, []),  # the deadline of that level tells whoever owes it
        ("level.escalated", {"level": "county_level"}, [("notice.escalated", CENTRE)]),
    ],
)
def test_what_is_said_to_somebody_reaches_them(word, facts, notices):
    event = said(1, word, **facts)

    assert told(event) == notices
    for notice in notices_for(event):
        contracts.dump(notice.kind, notice.about, "notify")


def test_the_tables_speak_the_contracts_language():
    assert {word for word, _ in (*NOTICES, *ALSO)} | set(ADDRESSED) <= set(contracts.DOMAIN_EVENTS)
    assert set(NOTICES.values()) - {None} <= set(contracts.NOTICES)
    assert {agency for agencies in ALSO.values() for agency in agencies} <= set(contracts.AGENCIES)
