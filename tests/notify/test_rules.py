"""Tests of the rules for notices (services.notify.rules): which agencies get which notice after which event."""

import pytest

import contracts
from contracts import kinds, samples
from contracts.clocks import CLOCKS
from services.notify.rules import ADDITIONAL_ADDRESSEES, NOTICES, NOTICES_OF_CHANGES, NOTICES_TO_NAMED_AGENCIES, notices_for
from tests.notify.conftest import mediation_event

MEDIATION_BODY, MEDIATION_CENTRE, POLITICAL_LEGAL_COMMITTEE = "peoples_mediation_committee-daman", "mediation_centre", "political_legal_committee"
EVENT_TYPES_WITH_NOTICES = (
    "mediators.proposed",
    "mediation.suspended",
    "dispute.routed",
    "routing.proposed",
    "departments.called",
    "supervision.issued",
    "level.escalated",
    "dispute.reopened",
    "merge.noted",
    "report.corrected",
    "report.withdrawn",
    "reports.unjoined",
)


def kinds_and_addressees(event):
    return [(notice.kind, notice.to) for notice in notices_for(event)]


DATA_OF_CHANGES = {
    "set": {**samples.DEADLINE_SET},
    "recomputed": {**samples.DEADLINE_SET, "was_due_at": "2026-03-05T15:59:59+00:00", "because": "extended"},
    "met": {**samples.DEADLINE, "met_at": "2026-03-04T03:00:00+00:00"},
    "stopped": {**samples.DEADLINE},
}


def change_of(change, **changed):
    """Return a change of a deadline by a step, with `changed` fields."""
    return {"change": change, **DATA_OF_CHANGES[change], **changed}


def step_with(*changes, sequence=1):
    """Return the event of a step that leads to no notice itself and made these changes of deadlines."""
    return mediation_event(sequence, "referral.accepted", deadlines=list(changes))


@pytest.mark.parametrize(
    ("change", "clock", "owed_by", "notices"),
    [
        ("set", "referral_answer", [MEDIATION_BODY], [("notice.referral", MEDIATION_BODY)]),
        ("set", "screening", [MEDIATION_CENTRE], [("notice.deadline", MEDIATION_CENTRE)]),
        ("set", "performance", [MEDIATION_BODY, MEDIATION_CENTRE], [("notice.deadline", MEDIATION_BODY), ("notice.deadline", MEDIATION_CENTRE)]),
        ("recomputed", "mediation_out_of_court_policy", [MEDIATION_BODY], [("notice.deadline", MEDIATION_BODY)]),
        ("set", "routing", [MEDIATION_CENTRE], []),
        ("set", "supervision_answer", [MEDIATION_BODY], []),
        ("set", "group_level", ["grid"], [("notice.deadline", "grid")]),
        ("set", "township_office_level", ["judicial_bureau"], [("notice.escalated", "judicial_bureau")]),
    ],
)
def test_agencies_that_have_to_meet_a_deadline_get_notices_when_a_step_sets_or_moves_it(change, clock, owed_by, notices):
    assert kinds_and_addressees(step_with(change_of(change, clock=clock, owed_by=owed_by))) == notices


@pytest.mark.parametrize(
    ("event_type", "clock", "owed_by", "notices"),
    [
        ("deadline.approached", "screening", [MEDIATION_CENTRE], [("notice.urged", MEDIATION_CENTRE)]),
        ("deadline.approached", "referral_answer", [MEDIATION_BODY], [("notice.urged", MEDIATION_BODY)]),
        ("deadline.passed", "mediation_out_of_court_policy", [MEDIATION_BODY], [("notice.overdue", MEDIATION_BODY), ("notice.overdue", MEDIATION_CENTRE)]),
        ("deadline.recomputed", "mediation_out_of_court_policy", [MEDIATION_BODY], [("notice.deadline", MEDIATION_BODY)]),
        (
            "deadline.passed",
            "supervision_answer",
            [MEDIATION_BODY],
            [("notice.overdue", to) for to in (MEDIATION_BODY, MEDIATION_CENTRE, POLITICAL_LEGAL_COMMITTEE)],
        ),
        # The mediation centre gets only one notice, although it both owes the step and supervises deadlines.
        ("deadline.passed", "screening", [MEDIATION_CENTRE], [("notice.overdue", MEDIATION_CENTRE)]),
    ],
)
def test_agencies_that_have_to_meet_a_deadline_get_notices_when_time_passes(event_type, clock, owed_by, notices):
    assert kinds_and_addressees(mediation_event(1, event_type, clock=clock, owed_by=owed_by)) == notices


@pytest.mark.parametrize(("event_type", "changed"), [("deadline.passed", {"lapsed": True}), ("deadline.recomputed", {"because": "not_counted"})])
def test_no_agency_gets_a_notice_of_a_lapsed_right_or_of_days_that_do_not_count(event_type, changed):
    assert kinds_and_addressees(mediation_event(1, event_type, **changed)) == []


def test_a_step_gives_its_own_notices_and_then_those_of_its_deadlines_each_with_its_own_id():
    """A correction can set the deadline of one clock twice: the deadline that is restored, and the deadline of the corrected step."""
    to_body = {"owed_by": [MEDIATION_BODY], "clock": "referral_answer"}
    event = mediation_event(7, "dispute.routed", to=MEDIATION_BODY, joint_with=[MEDIATION_BODY, "police"], deadlines=[
        change_of("met", clock="routing"), change_of("set", **to_body), change_of("set", **to_body | {"due_at": "2026-03-09T15:59:59+00:00"})])  # fmt: skip
    notices = notices_for(event)

    assert [(notice.kind, notice.to, notice.id.removeprefix(event.id)) for notice in notices] == [
        ("notice.call", MEDIATION_BODY, f"/{MEDIATION_BODY}"),
        ("notice.call", "police", "/police"),
        ("notice.referral", MEDIATION_BODY, f"/2/{MEDIATION_BODY}"),
        ("notice.referral", MEDIATION_BODY, f"/3/{MEDIATION_BODY}"),
    ]
    assert [notice.about["due_at"] for notice in notices[2:]] == ["2026-03-06T15:59:59+00:00", "2026-03-09T15:59:59+00:00"]
    assert [notice.id for notice in notices_for(event)] == [notice.id for notice in notices]
    for notice in notices:
        contracts.dump(notice.kind, notice.about, "notify")


@pytest.mark.parametrize(
    "event_type",
    [
        event_type
        for event_type, row in contracts.DOMAIN_EVENTS.items()
        if row.stream == "mediation" and not event_type.startswith("deadline.") and event_type not in NOTICES and event_type not in EVENT_TYPES_WITH_NOTICES
    ],
)
def test_event_types_without_a_rule_give_no_notice(event_type):
    assert kinds_and_addressees(mediation_event(1, event_type)) == []


def test_the_mediation_centre_gets_a_notice_about_a_likely_duplicate():
    (notice,) = notices_for(mediation_event(1, "duplicate.noted"))

    assert (notice.kind, notice.to) == ("notice.duplicate", MEDIATION_CENTRE)
    contracts.dump(notice.kind, notice.about, "notify")


@pytest.mark.parametrize(("body", "addressees"), [({"body": MEDIATION_BODY}, [MEDIATION_BODY]), ({}, [])])
def test_the_mediation_body_of_a_joined_dispute_gets_a_notice(body, addressees):
    event = mediation_event(1, "reports.joined")
    event.data = {name: value for name, value in event.data.items() if name != "body"} | body
    notices = notices_for(event)

    assert [notice.to for notice in notices] == addressees
    for notice in notices:
        assert notice.kind == "notice.joined"
        contracts.dump(notice.kind, notice.about, "notify")


@pytest.mark.parametrize("change", ["met", "stopped"])
def test_a_step_that_meets_or_stops_a_deadline_gives_no_notice_about_it(change):
    assert kinds_and_addressees(step_with(change_of(change))) == []


@pytest.mark.parametrize("clock", CLOCKS)
@pytest.mark.parametrize("occurrence", ["set", "recomputed", "deadline.recomputed", "deadline.approached", "deadline.passed"])
def test_every_notice_about_a_deadline_conforms_to_its_schema(occurrence, clock):
    is_event = occurrence.startswith("deadline.")
    event = mediation_event(1, occurrence, clock=clock) if is_event else step_with(change_of(occurrence, clock=clock, owed_by=[MEDIATION_BODY]))
    for notice in notices_for(event):
        contracts.dump(notice.kind, notice.about, "notify")
        assert notice.about["clock"] == clock


def test_the_id_of_a_notice_depends_only_on_the_event_and_the_addressee():
    assert [notice.id for notice in notices_for(mediation_event(7, "deadline.passed"))] == [
        notice.id for notice in notices_for(mediation_event(7, "deadline.passed"))
    ]
    assert len({notice.id for n in (7, 8) for notice in notices_for(mediation_event(n, "deadline.passed"))}) == 2 * len(
        notices_for(mediation_event(7, "deadline.passed"))
    )


@pytest.mark.parametrize(
    ("event_type", "facts", "notices"),
    [
        ("routing.proposed", {}, [("notice.proposal", MEDIATION_CENTRE)]),
        ("mediators.proposed", {}, [("notice.mediators", MEDIATION_BODY)]),
        ("dispute.routed", {"to": MEDIATION_BODY, "joint_with": ["police"]}, [("notice.call", "police")]),
        ("dispute.routed", {"to": MEDIATION_BODY, "joint_with": []}, []),
        ("departments.called", {"to": ["police", "judicial_bureau"]}, [("notice.call", "police"), ("notice.call", "judicial_bureau")]),
        ("supervision.issued", {"to": MEDIATION_BODY, "urged_for": "overdue"}, [("notice.supervision", MEDIATION_BODY)]),
        (
            "supervision.issued",
            {"to": MEDIATION_BODY, "urged_for": "no_answer"},
            [("notice.supervision", MEDIATION_BODY), ("notice.supervision", POLITICAL_LEGAL_COMMITTEE)],
        ),
        (
            "mediation.suspended",
            {"agency": MEDIATION_BODY, "reason": "suspected_crime", "next_actors": [MEDIATION_BODY, "police"]},
            [("notice.inquiry", "police")],
        ),
        (
            "mediation.suspended",
            {"agency": MEDIATION_BODY, "reason": "suspected_sham", "next_actors": [MEDIATION_BODY, "court-daman"]},
            [("notice.inquiry", "court-daman")],
        ),
        # No notice to the court, because the court itself reported the suspension.
        ("mediation.suspended", {"agency": "court", "reason": "suspected_sham", "next_actors": [MEDIATION_BODY, "court"]}, []),
        ("level.escalated", {"level": "village_level"}, []),  # no notice, because the deadline that the step sets for that level already leads to one
        ("level.escalated", {"level": "county_level"}, [("notice.escalated", MEDIATION_CENTRE)]),
    ],
)
def test_agencies_named_in_an_event_get_a_notice(event_type, facts, notices):
    event = mediation_event(1, event_type, **facts)

    assert kinds_and_addressees(event) == notices
    for notice in notices_for(event):
        contracts.dump(notice.kind, notice.about, "notify")


def test_the_notice_rules_refer_only_to_event_types_notices_and_agencies_of_package_contracts():
    assert {*NOTICES, *NOTICES_TO_NAMED_AGENCIES, *(event_type for event_type, _ in ADDITIONAL_ADDRESSEES)} <= set(contracts.DOMAIN_EVENTS)
    assert {change for change, _ in NOTICES_OF_CHANGES} <= set(kinds.DEADLINE_CHANGES)
    assert {*NOTICES.values(), *NOTICES_OF_CHANGES.values()} - {None} <= set(contracts.NOTICES)
    assert {agency for agencies in ADDITIONAL_ADDRESSEES.values() for agency in agencies} <= set(contracts.AGENCIES)
