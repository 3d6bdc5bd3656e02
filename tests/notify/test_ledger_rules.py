"""Tests of the rules for the ledger of notices (services.notify.ledger): which notices are in force after a sequence of events, and who is told of a change."""

from datetime import datetime

import pytest

import contracts
from contracts import samples
from services.notify import ledger
from services.notify.model import IN_FORCE, SETTLED, WITHDRAWN
from tests.notify.conftest import DISPUTE_CODE, mediation_event
from tests.notify.test_rules import change_of

BODY, OTHER_BODY = "peoples_mediation_committee-daman", "peoples_mediation_committee-xijie"
CENTRE, COURT, POLICE, COMMITTEE, GRID = "mediation_centre", "court", "police", "political_legal_committee", "grid"
CLOCK = "mediation_out_of_court_policy"
PASSED_AT, LATER, EARLIER = "2026-04-03T15:59:59+00:00", "2026-04-20T15:59:59+00:00", "2026-03-30T15:59:59+00:00"
WHOLE_PICTURE = ("before", "state", "next_actors", "happened_at", "decided_at", "entered_at", "entries", "township", "kind")


class History:
    """Events about one dispute, and the ledger of its notices after them."""

    def __init__(self):
        self.entries, self.count = [], 0

    def event(self, event_type, *, without=(), **changed):
        """Record the event: the example in package contracts with `changed` fields. Return the notices as (type, addressee, essential data)."""
        self.count += 1
        event = mediation_event(self.count, event_type, **changed)
        event.data = {name: value for name, value in event.data.items() if name not in without}
        notices = ledger.record(self.entries, event)
        for notice in notices:
            contracts.dump(notice.kind, notice.about, "notify")
        assert len({notice.id for notice in notices}) == len(notices)
        return [(notice.kind, notice.to, essential_data(notice.about)) for notice in notices]

    def step(self, event_type, *changes, agency=BODY, **changed):
        """Record the event of a reported step with these changes of deadlines, in the state `mediating` unless `changed` says otherwise."""
        state = {"state": "mediating", "next_actors": [BODY], "agency": agency} | changed
        reported = {"event": {"source": f"/agencies/{agency}", "id": f"e-{self.count + 1}"}}
        return self.event(event_type, without=() if changes else ("deadlines",), **reported | state | _deadlines(changes))

    def recomputed(self, *changes, **changed):
        """Record dispute.recomputed with these changes of deadlines."""
        changed |= _deadlines(changes)
        return self.event("dispute.recomputed", without=[name for name in ("retracted", "deadlines", "changed") if name not in changed], **changed)

    def in_force(self, *kinds):
        return [(entry.kind, entry.to) for entry in self.entries if entry.validity == IN_FORCE and (not kinds or entry.kind in kinds)]

    def validities(self, kind):
        return [(entry.to, entry.validity) for entry in self.entries if entry.kind == kind]


def _deadlines(changes):
    return {"deadlines": list(changes)} if changes else {}


def essential_data(about):
    """Return what a notice says beyond its dispute: of a withdrawal the type of the earlier notice and the reason, of other new notices their own fields."""
    names = {"notice", "why", "handled_by", "step", "changed", "corrected_by", "reason", "reopened_by", "into", "was", "paused"}
    return {name: value for name, value in about.items() if name in names}


def in_any_order(notices):
    return sorted(map(repr, notices))


def withdrawal(to, kind, why):
    return ("notice.withdrawn", to, {"notice": kind, "why": why})


def history_with_passed_deadline():
    """Return a history in which the mediation deadline of a body was announced, approached and passed, and the body is under supervision for it."""
    history = History()
    history.step("referral.accepted", change_of("set", clock=CLOCK, due_at=PASSED_AT, owed_by=[BODY]))
    history.event("deadline.approached", clock=CLOCK, due_at=PASSED_AT, owed_by=[BODY])
    history.event("deadline.passed", clock=CLOCK, due_at=PASSED_AT, owed_by=[BODY])
    history.event(
        "supervision.issued", without=("event", "agency"), to=BODY, urged_for="overdue", clock=CLOCK, happened_at=PASSED_AT, state="mediating",
        deadlines=[change_of("set", clock="supervision_answer", due_at=LATER, owed_by=[BODY])],
    )  # fmt: skip
    return history


def test_a_deadline_that_has_passed_keeps_its_announcement_and_its_notices_in_force():
    assert history_with_passed_deadline().in_force() == [
        ("notice.deadline", BODY),
        ("notice.urged", BODY),
        ("notice.overdue", BODY),
        ("notice.overdue", CENTRE),
        ("notice.supervision", BODY),
    ]


def test_a_late_report_of_a_deadline_met_in_time_withdraws_the_overdue_notice_from_everyone_who_got_it():
    history = history_with_passed_deadline()
    met = change_of("met", clock=CLOCK, due_at=PASSED_AT, met_at=EARLIER, was_passed=True)
    notices = history.step("agreement.reached", met, state="agreed")

    assert in_any_order(notices) == in_any_order(
        [
            withdrawal(BODY, "notice.urged", "met_in_time"),
            withdrawal(BODY, "notice.overdue", "met_in_time"),
            withdrawal(CENTRE, "notice.overdue", "met_in_time"),
        ]
    )
    assert history.validities("notice.deadline") == [(BODY, SETTLED)]
    assert history.validities("notice.overdue") == [(BODY, WITHDRAWN), (CENTRE, WITHDRAWN)]


def test_the_withdrawal_of_the_supervision_that_no_longer_holds_follows_with_the_recomputed_history():
    history = history_with_passed_deadline()
    history.step("agreement.reached", change_of("met", clock=CLOCK, due_at=PASSED_AT, met_at=EARLIER, was_passed=True), state="agreed")
    notices = history.recomputed(
        change_of("stopped", clock="supervision_answer", due_at=LATER),
        because="late_report", state="agreed", retracted=[{"step": "supervision.issued", "happened_at": PASSED_AT}],
    )  # fmt: skip

    assert notices == [withdrawal(BODY, "notice.supervision", "supervision_cancelled")]
    assert history.in_force() == []


def test_an_overdue_notice_is_settled_without_a_withdrawal_if_the_deadline_was_met_late():
    history = history_with_passed_deadline()
    notices = history.step("agreement.reached", change_of("met", clock=CLOCK, due_at=PASSED_AT, met_at=LATER, was_passed=True, late=True), state="agreed")

    assert notices == []
    assert history.validities("notice.overdue") == [(BODY, SETTLED), (CENTRE, SETTLED)]


@pytest.mark.parametrize("because", ["calendar", "county_period"])
def test_an_overdue_notice_is_withdrawn_if_the_deadline_moves_to_a_later_time(because):
    history = history_with_passed_deadline()
    notices = history.event("deadline.recomputed", clock=CLOCK, due_at=LATER, was_due_at=PASSED_AT, because=because, owed_by=[BODY])

    assert in_any_order(notices) == in_any_order(
        [("notice.deadline", BODY, {}), withdrawal(BODY, "notice.overdue", "moved"), withdrawal(CENTRE, "notice.overdue", "moved")]
    )
    announced = [entry.due_at for entry in history.entries if entry.kind == "notice.deadline" and entry.validity == IN_FORCE]
    assert announced == [datetime.fromisoformat(LATER)]  # the first announcement stays in force with the new end; the second states only that it moved


def test_an_overdue_notice_stays_in_force_if_the_deadline_has_passed_with_its_new_end_too():
    history = history_with_passed_deadline()
    notices = history.event("deadline.recomputed", clock=CLOCK, due_at=EARLIER, was_due_at=PASSED_AT, because="county_period", owed_by=[BODY], passed=True)

    assert notices == [("notice.deadline", BODY, {})]
    assert {entry.due_at for entry in history.entries if entry.kind == "notice.overdue"} == {datetime.fromisoformat(EARLIER)}
    assert history.in_force("notice.overdue") == [("notice.overdue", BODY), ("notice.overdue", CENTRE)]


def test_days_that_do_not_count_while_a_dispute_is_held_change_the_ledger_without_a_notice():
    history = history_with_passed_deadline()
    notices = history.event("deadline.recomputed", clock=CLOCK, due_at=LATER, was_due_at=PASSED_AT, because="not_counted", owed_by=[BODY])

    assert notices == []
    assert history.in_force("notice.overdue", "notice.urged") == []
    assert [entry.due_at for entry in history.entries if entry.kind == "notice.deadline"] == [datetime.fromisoformat(LATER)]


@pytest.mark.parametrize(("pausing", "resuming"), [("paused", "resumed"), ("suspended", "went_on")])
def test_a_paused_deadline_has_no_end_until_it_is_resumed(pausing, resuming):
    history = History()
    history.step("referral.accepted", change_of("set", clock=CLOCK, due_at=PASSED_AT, owed_by=[BODY]))
    paused = history.step("clock.paused", change_of("recomputed", clock=CLOCK, due_at=PASSED_AT, was_due_at=PASSED_AT, because=pausing, owed_by=[BODY]))
    assert paused == [("notice.deadline", BODY, {"paused": True})]
    assert [entry.due_at for entry in history.entries if entry.validity == IN_FORCE] == [None]

    resumed = history.step("clock.resumed", change_of("recomputed", clock=CLOCK, due_at=LATER, was_due_at=PASSED_AT, because=resuming, owed_by=[BODY]))
    assert resumed == [("notice.deadline", BODY, {})]
    assert [(entry.kind, entry.due_at) for entry in history.entries if entry.validity == IN_FORCE] == [("notice.deadline", datetime.fromisoformat(LATER))]


def test_the_notice_of_a_pause_states_the_reason_and_no_end():
    history = History()
    event = mediation_event(1, "clock.paused", deadlines=[change_of("recomputed", clock=CLOCK, because="paused", owed_by=[BODY])])
    (notice,) = ledger.record(history.entries, event)

    assert (notice.about["because"], notice.about["paused"], "due_at" in notice.about) == ("paused", True, False)


# ── steps that are taken back ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("step_type", "facts", "kind", "addressees"),
    [
        ("departments.called", {"to": [POLICE, GRID]}, "notice.call", [POLICE, GRID]),
        ("supervision.issued", {"to": BODY, "urged_for": "no_answer"}, "notice.supervision", [BODY, COMMITTEE]),
        ("level.escalated", {"level": "county_level", "state": "registered", "next_actors": [CENTRE]}, "notice.escalated", [CENTRE]),
    ],
)
def test_notices_of_a_step_that_is_withdrawn_are_withdrawn(step_type, facts, kind, addressees):
    history = History()
    history.step(step_type, agency=COMMITTEE, **facts)
    notices = history.step("report.withdrawn", agency=COMMITTEE, about="e-1")

    assert in_any_order(notices) == in_any_order(withdrawal(to, kind, "withdrawn") for to in addressees)
    assert history.in_force() == []


def call_by_centre(*departments):
    return {"to": list(departments), "reason": "joint_visit"}


def test_a_correction_withdraws_the_notices_of_agencies_that_it_no_longer_names_and_notifies_those_that_only_it_names():
    history = History()
    history.step("departments.called", agency=CENTRE, **call_by_centre(POLICE, GRID))
    notices = history.step("report.corrected", agency=CENTRE, about="e-1", corrects="departments.called", facts=call_by_centre(GRID, COURT))

    assert notices == [("notice.call", COURT, {}), withdrawal(POLICE, "notice.call", "corrected")]
    assert history.in_force() == [("notice.call", GRID), ("notice.call", COURT)]


def test_a_correction_that_is_corrected_or_withdrawn_later_leaves_the_notices_that_still_hold():
    history = History()
    history.step("departments.called", agency=CENTRE, **call_by_centre(POLICE, GRID))
    history.step(
        "report.corrected", agency=CENTRE, about="e-1", corrects="departments.called", facts=call_by_centre(POLICE, GRID) | {"reason": "joint_handling"}
    )
    second = history.step("report.corrected", agency=CENTRE, about="e-2", corrects="departments.called", facts=call_by_centre(GRID))
    assert second == [withdrawal(POLICE, "notice.call", "corrected")]

    assert history.step("report.withdrawn", agency=CENTRE, about="e-3") == []
    assert history.step("report.withdrawn", agency=CENTRE, about="e-1") == [withdrawal(GRID, "notice.call", "withdrawn")]


def test_a_correction_of_the_time_alone_withdraws_no_notice():
    history = History()
    history.step("departments.called", agency=CENTRE, **call_by_centre(POLICE))
    history.count += 1
    event = mediation_event(history.count, "report.corrected", agency=CENTRE, about="e-1", event={"source": f"/agencies/{CENTRE}", "id": "e-2"})
    event.data = {name: value for name, value in event.data.items() if name not in ("facts", "corrects", "deadlines")}

    assert ledger.record(history.entries, event) == [] and history.in_force() == [("notice.call", POLICE)]


def test_the_withdrawal_of_another_report_withdraws_no_notice():
    history = History()
    history.step("departments.called", agency=CENTRE, to=[POLICE])

    assert history.step("report.withdrawn", agency=CENTRE, about="e-9") == []
    assert history.step("report.withdrawn", agency=BODY, about="e-1") == []  # the same id, from another agency
    assert history.in_force() == [("notice.call", POLICE)]


def test_a_withdrawn_referral_is_withdrawn_from_the_body_and_the_centre_has_to_route_again():
    """Mediation publishes the withdrawal, and then what it did to deadlines."""
    history = History()
    history.step("dispute.routed", change_of("set", clock="referral_answer", owed_by=[BODY]), agency=CENTRE, to=BODY, state="routed", joint_with=[])
    first = history.step("report.withdrawn", agency=CENTRE, about="e-1", state="screened", next_actors=[CENTRE], body_before=BODY)
    second = history.recomputed(
        change_of("stopped", clock="referral_answer"), change_of("set", clock="routing", owed_by=[CENTRE]), because="withdrawal", next_actors=[CENTRE]
    )

    assert (first, second) == ([], [withdrawal(BODY, "notice.referral", "withdrawn")])  # the proposal that follows tells the centre


def test_a_department_has_to_answer_again_after_its_answer_was_withdrawn():
    history = History()
    history.step("departments.called", change_of("set", clock="call_answer", owed_by=[POLICE]), agency=CENTRE, to=[POLICE])
    history.step("call.answered", change_of("met", clock="call_answer"), agency=POLICE)
    notices = history.recomputed(change_of("set", clock="call_answer", owed_by=[POLICE]), because="withdrawal")

    assert notices == [("notice.deadline", POLICE, {})]


def test_a_referral_that_is_corrected_to_another_body_is_withdrawn_from_one_and_announced_to_the_other():
    history = History()
    history.step("dispute.routed", change_of("set", clock="referral_answer", owed_by=[BODY]), agency=CENTRE, to=BODY, state="routed", joint_with=[])
    to_other = {"to": OTHER_BODY, "reason": "by_place"}
    first = history.step(
        "report.corrected", agency=CENTRE, about="e-1", corrects="dispute.routed", facts=to_other, state="routed", next_actors=[OTHER_BODY], body_before=BODY
    )
    second = history.recomputed(
        change_of("recomputed", clock="referral_answer", owed_by=[OTHER_BODY], because="correction"), because="correction", next_actors=[OTHER_BODY]
    )

    assert (first, second) == ([], [("notice.referral", OTHER_BODY, {}), withdrawal(BODY, "notice.referral", "corrected")])
    assert history.in_force() == [("notice.referral", OTHER_BODY)]


def test_a_deadline_that_a_correction_announces_again_unchanged_is_neither_withdrawn_nor_sent_again():
    history = History()
    deadline = {"clock": "referral_answer", "owed_by": [BODY]}
    history.step("dispute.routed", change_of("set", **deadline), agency=CENTRE, to=BODY, state="routed", joint_with=[])
    again = [change_of("stopped", clock="referral_answer"), change_of("set", **deadline)]

    assert history.step("report.corrected", *again, agency=CENTRE, about="e-8", state="routed") == []
    assert history.in_force() == [("notice.referral", BODY)]


def test_a_deadline_that_a_correction_moves_is_announced_once_more_and_not_withdrawn():
    history = History()
    history.step("referral.accepted", change_of("set", clock=CLOCK, due_at=PASSED_AT, owed_by=[BODY]))
    notices = history.recomputed(change_of("stopped", clock=CLOCK, due_at=PASSED_AT), change_of("set", clock=CLOCK, due_at=LATER, owed_by=[BODY]))

    assert notices == [("notice.deadline", BODY, {})]
    assert history.validities("notice.deadline") == [(BODY, SETTLED), (BODY, IN_FORCE)]


@pytest.mark.parametrize(("because", "why"), [("correction", "corrected"), ("withdrawal", "withdrawn"), ("late_report", "recomputed")])
def test_notices_about_a_deadline_that_no_longer_exists_after_a_recomputation_are_withdrawn(because, why):
    history = history_with_passed_deadline()
    notices = history.recomputed(change_of("stopped", clock=CLOCK, due_at=PASSED_AT), because=because)

    assert in_any_order(notices) == in_any_order(
        withdrawal(to, kind, why) for to, kind in ((BODY, "notice.deadline"), (BODY, "notice.urged"), (BODY, "notice.overdue"), (CENTRE, "notice.overdue"))
    )


def test_an_escalation_that_no_longer_holds_withdraws_the_notices_of_that_escalation_only():
    history = History()
    for day, level in (("03", "township_office_level"), ("05", "township_level")):
        history.event(
            "level.escalated", without=("event", "agency"), level=level, state="registered", next_actors=[CENTRE], happened_at=f"2026-04-{day}T15:59:59+00:00",
            deadlines=[change_of("set", clock=level, owed_by=[GRID])],
        )  # fmt: skip
    notices = history.recomputed(
        because="late_report", state="registered", next_actors=[CENTRE], retracted=[{"step": "level.escalated", "happened_at": "2026-04-05T15:59:59+00:00"}]
    )

    assert notices == [withdrawal(GRID, "notice.escalated", "recomputed")]
    assert [entry.clock for entry in history.entries if entry.validity == IN_FORCE] == ["township_office_level"]


# ── the dispute changes hands ─────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_body_loses_a_dispute_that_is_routed_to_another_body():
    history = History()
    history.step("dispute.routed", change_of("set", clock="referral_answer", owed_by=[BODY]), agency=CENTRE, to=BODY, state="routed", joint_with=[])
    notices = history.step(
        "dispute.routed", change_of("stopped", clock="referral_answer"), change_of("set", clock="referral_answer", owed_by=[OTHER_BODY]),
        agency=CENTRE, to=OTHER_BODY, state="routed", next_actors=[OTHER_BODY], body_before=BODY, joint_with=[],
    )  # fmt: skip

    told = {"step": "dispute.routed", "handled_by": [OTHER_BODY]}
    assert notices == [("notice.referral", OTHER_BODY, {}), ("notice.reassigned", BODY, told)]
    assert history.in_force("notice.referral") == [("notice.referral", OTHER_BODY)]


@pytest.mark.parametrize(
    ("step_type", "state", "agency", "actors"), [("case.filed", "filed", COURT, [COURT]), ("dispute.redirected", "redirected", COURT, [CENTRE])]
)
def test_a_body_loses_a_dispute_that_a_court_files_or_that_is_redirected(step_type, state, agency, actors):
    history = History()
    history.step("referral.accepted", change_of("set", clock=CLOCK, owed_by=[BODY]))
    notices = history.step(step_type, change_of("stopped", clock=CLOCK), agency=agency, state=state, next_actors=actors, body_before=BODY)

    addressees = [BODY, *(actor for actor in actors if actor != agency)]  # whoever gains the dispute is told too, unless it reported the step
    assert notices == [("notice.reassigned", to, {"step": step_type, "handled_by": actors}) for to in addressees]


def test_called_departments_are_released_when_the_dispute_is_closed_or_referred_to_a_body_without_them():
    for step_type, changes, facts in (
        ("dispute.archived", [change_of("stopped", clock="call_answer")], {"state": "closed", "next_actors": []}),
        ("dispute.routed", [], {"state": "routed", "next_actors": [CENTRE], "to": CENTRE, "joint_with": []}),
    ):
        history = History()
        history.step("departments.called", agency=CENTRE, to=[POLICE])
        notices = history.step(step_type, *changes, agency=CENTRE, **facts)

        assert [(kind, to) for kind, to, _ in notices] == [("notice.reassigned", POLICE)]
        assert history.in_force("notice.call") == []


def test_a_department_that_was_called_before_stays_called_when_others_are_called():
    history = History()
    history.step("departments.called", change_of("set", clock="call_answer", owed_by=[POLICE]), agency=CENTRE, to=[POLICE])
    history.step("departments.called", change_of("set", clock="call_answer", owed_by=[POLICE, GRID]), agency=CENTRE, to=[GRID])
    assert history.in_force() == [("notice.call", POLICE), ("notice.call", GRID)]

    history.step("call.answered", agency=GRID)
    assert history.in_force() == [("notice.call", POLICE)]


def test_whoever_has_to_act_again_and_the_body_that_had_it_are_told_of_a_reopened_dispute():
    history = History()
    notices = history.step("dispute.reopened", agency=CENTRE, reason="recurred", state="registered", next_actors=[CENTRE], body_before=BODY)

    about = {"reason": "recurred", "reopened_by": CENTRE}
    assert notices == [("notice.reopened", CENTRE, about), ("notice.reopened", BODY, about)]


def test_agencies_that_handle_a_dispute_are_told_which_of_its_facts_were_corrected():
    history = History()
    history.step("departments.called", agency=CENTRE, to=[POLICE])
    notices = history.recomputed(because="correction", agency=GRID, next_actors=[BODY], body=BODY, changed=["township", "kind"])

    about = {"changed": ["township", "kind"], "corrected_by": GRID}
    assert notices == [("notice.corrected", BODY, about), ("notice.corrected", POLICE, about)]


# ── joins ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_body_whose_dispute_was_joined_to_another_is_told_of_the_join_and_of_its_undoing():
    history = History()
    history.step("referral.accepted", change_of("set", clock=CLOCK, owed_by=[BODY]))
    joined = history.step(
        "reports.joined", change_of("stopped", clock=CLOCK), agency=CENTRE, into=samples.OTHER_DISPUTE, body=BODY, state="closed", next_actors=[]
    )
    history.event("dispute.closed", state="closed", outcome="merged")
    undone = history.step("reports.unjoined", change_of("set", clock=CLOCK, owed_by=[BODY]), agency=CENTRE)

    assert joined == [("notice.joined", BODY, {"into": samples.OTHER_DISPUTE})]
    assert undone == [("notice.deadline", BODY, {}), withdrawal(BODY, "notice.joined", "unjoined")]
    assert history.in_force() == [("notice.deadline", BODY)]


def test_the_body_whose_dispute_gains_reports_is_told_of_the_join_and_of_its_undoing():
    history = History()
    joined = history.event("merge.noted", into=DISPUTE_CODE, was=samples.OTHER_DISPUTE, agency=CENTRE, handled_by=[BODY, CENTRE])
    other = history.event("unmerge.noted", was=DISPUTE_CODE, into="620702-2026-000999-1", reported_by=GRID, handled_by=[BODY])
    undone = history.event("unmerge.noted", was=DISPUTE_CODE, into=samples.OTHER_DISPUTE, reported_by=POLICE, handled_by=[BODY])

    assert joined == [("notice.joined", BODY, {"was": samples.OTHER_DISPUTE})]
    assert (other, undone) == ([], [withdrawal(BODY, "notice.joined", "unjoined")])


def test_the_body_is_told_whose_report_was_joined_on_arrival():
    history = History()
    history.event("merge.noted", without=("was",), into=DISPUTE_CODE, agency=POLICE, handled_by=[BODY])
    undone = history.event("unmerge.noted", was=DISPUTE_CODE, into=samples.OTHER_DISPUTE, reported_by=POLICE, handled_by=[BODY])

    assert undone == [withdrawal(BODY, "notice.joined", "unjoined")]


# ── matters without a period ──────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("announcing", "facts", "kind", "settling", "settling_facts"),
    [
        ("mediators.proposed", {}, "notice.mediators", "mediator.appointed", {"state": "mediating"}),
        (
            "mediation.suspended",
            {"reason": "suspected_crime", "state": "suspended", "next_actors": [BODY, POLICE]},
            "notice.inquiry",
            "mediation.resumed",
            {"state": "mediating"},
        ),
        ("duplicate.noted", {"other": samples.OTHER_DISPUTE}, "notice.duplicate", "merge.noted", {"was": samples.OTHER_DISPUTE, "handled_by": []}),
    ],
)
def test_a_notice_about_a_matter_without_a_period_is_settled_when_the_matter_has_ended(announcing, facts, kind, settling, settling_facts):
    history = History()
    history.event(announcing, **facts)
    assert [found for found, _ in history.in_force()].count(kind) == 1

    history.event(settling, **settling_facts)
    assert history.in_force(kind) == []


def test_no_notice_but_that_of_a_join_is_in_force_after_a_dispute_was_closed():
    history = history_with_passed_deadline()
    history.event("merge.noted", into=DISPUTE_CODE, was=samples.OTHER_DISPUTE, agency=CENTRE, handled_by=[BODY])
    history.event("dispute.closed")

    assert history.in_force() == [("notice.joined", BODY)]


def test_the_result_depends_only_on_the_events():
    one, other = history_with_passed_deadline(), history_with_passed_deadline()
    assert [vars_of(entry) for entry in one.entries] == [vars_of(entry) for entry in other.entries]


def vars_of(entry):
    return {name: getattr(entry, name) for name in entry.__slots__}
