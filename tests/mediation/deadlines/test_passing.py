"""Tests of when a deadline is announced as passed: only when the agencies that could have met it have been heard, or their grace period has ended."""

from datetime import datetime, timedelta

import pytest

from contracts.dates import SHANGHAI
from services.mediation.deadlines import passing
from services.mediation.deadlines.passing import Watermark
from services.mediation.law.policy import USUAL_POLICY
from services.mediation.lifecycle import decisions
from tests.mediation.simulated_dispute import CENTRE, COURT, DAMAN, dispute_in_state

A_MINUTE = timedelta(minutes=1)


def at(day, hour=0, minute=0):
    return datetime(2026, 3, day, hour, minute, tzinfo=SHANGHAI)


def referred_dispute():
    """Return a dispute referred on Monday, 2 March 2026, and its deadline: the body has to answer within three working days, by Thursday 24:00."""
    simulation = dispute_in_state("routed")
    deadline = simulation.dispute.deadlines["referral_answer"]
    assert deadline.due_at == datetime(2026, 3, 5, 23, 59, 59, tzinfo=SHANGHAI)
    return simulation, deadline


def check(simulation, deadline, now, watermarks):
    decision = decisions.check_deadline(simulation.dispute, deadline, now, USUAL_POLICY, watermarks)
    return [event_type for event_type, _ in decision.new_events]


def test_a_deadline_waits_for_the_agencies_that_could_have_met_it():
    simulation, deadline = referred_dispute()

    assert check(simulation, deadline, at(6), {}) == []
    assert deadline.state == "open" and deadline.awaits == (DAMAN,)  # nobody else may answer the referral


def test_a_mediation_period_also_waits_for_the_centre_which_may_report_its_end():
    simulation = dispute_in_state("mediating")
    deadline = simulation.dispute.deadlines["mediation_out_of_court_policy"]

    assert check(simulation, deadline, deadline.due_at + A_MINUTE, {DAMAN: Watermark(deadline.due_at + timedelta(days=1))}) == []
    assert deadline.awaits == (CENTRE, DAMAN)


def test_it_passes_as_soon_as_each_of_them_has_reported_something_later():
    simulation, deadline = referred_dispute()
    after = deadline.due_at + passing.MARGIN + A_MINUTE
    check(simulation, deadline, at(6), {})

    assert check(simulation, deadline, at(6, 1), {COURT: Watermark(after)}) == []
    assert check(simulation, deadline, at(6, 1), {agency: Watermark(after) for agency in deadline.awaits}) == ["deadline.passed"]


def test_an_event_shortly_after_the_end_is_not_enough_because_two_clerks_may_report_in_another_order():
    simulation, deadline = referred_dispute()
    check(simulation, deadline, at(6), {})

    assert check(simulation, deadline, at(6, 1), {agency: Watermark(deadline.due_at + A_MINUTE) for agency in deadline.awaits}) == []


def test_a_statement_that_everything_is_reported_is_enough():
    simulation, deadline = referred_dispute()
    check(simulation, deadline, at(6), {})
    stated = Watermark(None, deadline.due_at, at(6))

    assert check(simulation, deadline, at(6, 0, 1), dict.fromkeys(deadline.awaits, stated)) == ["deadline.passed"]


def test_it_passes_without_them_when_the_grace_period_has_ended_on_the_next_working_day_at_ten():
    simulation, deadline = referred_dispute()
    check(simulation, deadline, at(6), {})

    assert deadline.next_check_at == at(6, 10)
    assert check(simulation, deadline, at(6, 9, 59), {}) == []
    assert check(simulation, deadline, at(6, 10), {}) == ["deadline.passed"]


@pytest.mark.parametrize(("due", "ends"), [(at(6, 23, 59), at(9, 10)), (at(7, 12), at(9, 10)), (at(8, 12), at(9, 10)), (at(9, 12), at(10, 10))])
def test_the_grace_period_does_not_end_on_a_rest_day(due, ends):
    assert USUAL_POLICY.end_of_grace(due) == ends


def test_a_deadline_that_was_past_when_its_step_arrived_waits_some_time_for_the_rest_of_the_import():
    simulation = dispute_in_state("screened")
    simulation.now = at(20, 12)
    simulation.report("dispute.routed", after=timedelta(0), happened=at(3, 9))
    deadline = simulation.dispute.deadlines["referral_answer"]
    heard = dict.fromkeys(deadline.awaits, Watermark(at(20)))

    assert deadline.awaits and check(simulation, deadline, simulation.now + A_MINUTE, heard) == []
    assert check(simulation, deadline, simulation.now + USUAL_POLICY.patience, heard) == ["deadline.passed"]


def test_a_statement_that_was_made_before_the_step_arrived_says_nothing_about_it():
    simulation = dispute_in_state("screened")
    simulation.now = at(20, 12)
    simulation.report("dispute.routed", after=timedelta(0), happened=at(3, 9))
    deadline = simulation.dispute.deadlines["referral_answer"]

    early, late = (dict.fromkeys(deadline.awaits, Watermark(None, at(20), simulation.now + shift)) for shift in (-A_MINUTE, A_MINUTE))
    assert check(simulation, deadline, simulation.now + 2 * A_MINUTE, early) == []
    assert check(simulation, deadline, simulation.now + 2 * A_MINUTE, late) == ["deadline.passed"]


def test_a_step_that_met_a_passed_deadline_in_time_takes_its_supervision_back():
    simulation = dispute_in_state("mediating")
    simulation.advance_to(at(31) + timedelta(days=4))
    assert simulation.last_event("supervision.issued")["urged_for"] == "overdue"

    simulation.report("agreement.reached", happened=at(30, 15))

    recomputed = simulation.last_event("dispute.recomputed")
    assert recomputed["because"] == "late_report" and [step["step"] for step in recomputed["retracted"]] == ["supervision.issued"]
    met = next(change for change in recomputed["deadlines"] if change["change"] == "met")
    assert met["was_passed"] and "late" not in met
    assert (simulation.dispute.supervised_agency, simulation.dispute.supervision_count) == (None, 0)
    assert "supervision_answer" not in [deadline.clock for deadline in simulation.dispute.deadlines.values()]


def test_a_late_step_after_the_end_of_its_period_finds_the_deadline_passed_before_it():
    """Also if nobody had checked the deadline, as when history is loaded: the supervision stands before the step that came too late."""
    simulation = dispute_in_state("mediating")
    simulation.now, already_published = at(31) + timedelta(days=20), len(simulation.events)

    simulation.report("agreement.reached", after=timedelta(0), happened=at(31) + timedelta(days=19))

    new = simulation.events[already_published:]
    assert [event_type for event_type, _ in new][:2] == ["deadline.passed", "supervision.issued"] and new[-1][0] == "agreement.reached"
    issued = new[1][1]
    assert issued["happened_at"] == datetime(2026, 4, 1, 23, 59, 59, tzinfo=SHANGHAI)


def test_the_mediation_period_of_a_dispute_that_a_court_filed_in_time_is_not_overdue():
    simulation = dispute_in_state("mediating")
    simulation.advance_to(at(31) + timedelta(days=4))

    simulation.report("case.filed", COURT, happened=at(20, 9))

    assert simulation.state == "filed"
    assert [step["step"] for step in simulation.last_event("dispute.recomputed")["retracted"]] == ["supervision.issued"]
