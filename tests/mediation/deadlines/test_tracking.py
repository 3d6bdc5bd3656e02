"""Tests of the deadlines of simulated disputes. The expected days were counted by hand from the statutes and the holiday calendar of 2026."""

from dataclasses import replace
from datetime import datetime, timedelta

import orjson
import pytest

from contracts.dates import SHANGHAI
from services.mediation import store
from services.mediation.deadlines import tracking
from services.mediation.dispute import hold
from services.mediation.dispute.model import Deadline, agencies_in_role
from services.mediation.law import dates
from services.mediation.law.county_periods import apply_county_periods as county
from services.mediation.law.office_hours import parse_office_hours
from services.mediation.law.periods import DEFAULT_RULES, RULES
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy
from services.mediation.lifecycle.transitions import NEXT_ACTORS
from tests.mediation.simulated_dispute import (
    CENTRE,
    COURT,
    DAMAN,
    MONDAY,
    PETITIONS,
    WOMEN,
    SimulatedDispute,
    deadline_changes,
    dispute_in_state,
    registered_event,
    reported_event,
)

MEDIATION_CLOCK = "mediation_out_of_court_policy"


def moment(month, day, hour=9, year=2026):
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


def end_of_day(month, day, year=2026):
    return datetime(year, month, day, 23, 59, 59, tzinfo=SHANGHAI)


def report_on_day(simulation, day, step, agency=None, **facts):
    """Advance the clock to `day` and report a step that happens then. Return the decision."""
    simulation.advance_to(day)
    return simulation.report(step, agency, after=timedelta(0), **facts)


def running_clocks(simulation):
    return sorted(deadline.clock for deadline in simulation.dispute.deadlines.values())


def filed_case(procedure="simplified", kind="family"):
    """Return a simulated dispute that is a case registered by the court on Wednesday 22 April 2026."""
    simulation = dispute_in_state("terminated", kind=kind)
    report_on_day(simulation, moment(4, 22), "case.filed", procedure=procedure)
    return simulation


def entrusted_case(procedure):
    """Return a case filed on 22 April 2026 and entrusted to the Daman committee, which accepted it on Monday 27 April."""
    simulation = filed_case(procedure)
    report_on_day(simulation, moment(4, 24), "case.entrusted", procedure=procedure)
    report_on_day(simulation, moment(4, 27), "referral.accepted")
    return simulation


def dispute_mediated_in_court(procedure):
    simulation = entrusted_case(procedure)
    for step, facts in (("consent.given", {}), ("consent.given", {"party": "respondent"}), ("mediator.agreed", {}), ("mediation.started", {})):
        report_on_day(simulation, moment(4, 28), step, **facts)
    return simulation


# ── Appraisals ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_appraisal_pauses_the_deadline_of_mediation_outside_court():
    simulation = dispute_in_state("mediating")  # accepted on Monday 2 March: due on 1 April
    report_on_day(simulation, moment(3, 10), "clock.paused")
    assert simulation.last_change("recomputed")["because"] == "paused"

    report_on_day(simulation, moment(3, 20), "clock.resumed")

    assert simulation.due_at(MEDIATION_CLOCK) == end_of_day(4, 13)  # 11 to 20 March are not counted; the last day, Saturday 11 April, is moved to Monday
    assert (simulation.last_change("recomputed")["because"], simulation.last_change("recomputed")["was_due_at"]) == (
        "resumed",
        end_of_day(4, 1),
    )


def test_the_deadline_of_mediation_does_not_approach_or_pass_during_an_appraisal():
    simulation = dispute_in_state("mediating")
    report_on_day(simulation, moment(3, 10), "clock.paused")
    simulation.events.clear()

    simulation.advance_to(moment(6, 1))
    report_on_day(simulation, moment(6, 1), "clock.resumed")

    assert "deadline.passed" not in simulation.event_types() and "deadline.approached" not in simulation.event_types()
    assert simulation.due_at(MEDIATION_CLOCK) == end_of_day(6, 23)  # eight days had elapsed on 10 March, 22 remain


def test_an_appraisal_that_began_in_time_but_is_reported_late_reopens_the_passed_deadline():
    simulation = dispute_in_state("mediating")
    simulation.advance_to(moment(4, 3))
    assert simulation.last_event("deadline.passed")["clock"] == MEDIATION_CLOCK

    simulation.report("clock.paused", happened=moment(3, 30))

    assert simulation.last_change("recomputed")["because"] == "paused"
    assert simulation.dispute.deadlines[MEDIATION_CLOCK].state == "open"


def test_an_appraisal_that_begins_after_the_deadline_does_not_change_it():
    simulation = dispute_in_state("mediating")
    report_on_day(simulation, moment(4, 3), "clock.paused")

    assert simulation.dispute.deadlines[MEDIATION_CLOCK].state == "passed"
    assert simulation.due_at(MEDIATION_CLOCK) == end_of_day(4, 1)


def test_an_appraisal_after_filing_pauses_the_trial_period_but_not_the_period_of_mediation():
    simulation = dispute_mediated_in_court("ordinary")
    assert (simulation.due_at("mediation_entrusted_ordinary"), simulation.due_at("trial_ordinary")) == (end_of_day(5, 12), end_of_day(10, 22))

    report_on_day(simulation, moment(4, 30), "clock.paused")
    report_on_day(simulation, moment(5, 8), "clock.resumed")

    assert simulation.due_at("mediation_entrusted_ordinary") == end_of_day(5, 12)
    assert simulation.due_at("trial_ordinary") == end_of_day(10, 30)  # 1 to 8 May are not counted


def test_an_ordinary_trial_may_be_extended_once_by_six_months_with_approval():
    simulation = filed_case("ordinary")
    assert simulation.due_at("trial_ordinary") == end_of_day(10, 22)

    assert report_on_day(simulation, moment(9, 1), "trial.extended", months=7).refused == "leave_too_long"
    assert report_on_day(simulation, moment(9, 1), "trial.extended", months=6).refused is None
    assert simulation.due_at("trial_ordinary") == end_of_day(4, 22, year=2027)
    assert simulation.report("trial.extended", months=1).refused == "leave_given_before"


def test_a_simplified_trial_may_be_extended_by_one_month_with_approval():
    simulation = filed_case("simplified")

    assert report_on_day(simulation, moment(5, 11), "trial.extended", months=2).refused == "leave_too_long"
    assert report_on_day(simulation, moment(5, 11), "trial.extended", months=1).refused is None
    assert simulation.due_at("trial_simplified") == end_of_day(8, 24)  # 22 August is a Saturday, so the period ends on Monday


def test_an_extension_of_a_trial_is_refused_if_no_case_is_on_the_docket():
    assert dispute_in_state("mediating").report("trial.extended").refused == "not_on_a_docket"


# ── Suspensions ───────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_mediation_resumed_after_a_suspension_keeps_its_remaining_time():
    simulation = dispute_in_state("mediating")  # accepted on Monday 2 March: due on 1 April
    report_on_day(simulation, moment(3, 10), "mediation.suspended")
    assert simulation.last_change("recomputed")["because"] == "suspended"
    simulation.events.clear()

    simulation.advance_to(moment(6, 1))
    report_on_day(simulation, moment(6, 1), "mediation.resumed", COURT)

    assert "deadline.passed" not in simulation.event_types() and "deadline.approached" not in simulation.event_types()
    assert simulation.due_at(MEDIATION_CLOCK) == end_of_day(6, 23)  # eight days had elapsed on 10 March, 22 remain
    assert simulation.last_change("recomputed")["because"] == "went_on"


def test_a_suspension_keeps_the_remaining_time_of_entrusted_mediation_but_not_of_the_trial():
    simulation = dispute_mediated_in_court("ordinary")  # accepted on 27 April: due on 12 May
    report_on_day(simulation, moment(4, 30), "mediation.suspended")
    report_on_day(simulation, moment(5, 20), "mediation.resumed", COURT)

    assert simulation.due_at("mediation_entrusted_ordinary") == end_of_day(6, 1)  # three days had elapsed, twelve remain
    assert simulation.due_at("trial_ordinary") == end_of_day(10, 22)


def test_mediation_that_fails_while_suspended_meets_its_deadline_in_time():
    simulation = dispute_in_state("mediating")
    report_on_day(simulation, moment(3, 10), "mediation.suspended")
    report_on_day(simulation, moment(5, 10), "mediation.terminated", ground="other_obstacle")

    assert simulation.last_change("met", MEDIATION_CLOCK)["late"] is False


def test_the_end_of_a_suspension_also_ends_the_appraisal_that_it_interrupted():
    simulation = dispute_in_state("mediating")
    report_on_day(simulation, moment(3, 10), "clock.paused")
    report_on_day(simulation, moment(5, 10), "mediation.suspended")
    report_on_day(simulation, moment(6, 1), "mediation.resumed", COURT)

    assert simulation.due_at(MEDIATION_CLOCK) == end_of_day(6, 23)  # the days from 11 March to 1 June are excluded once, not twice
    assert not simulation.dispute.deadlines[MEDIATION_CLOCK].is_paused


def test_the_trial_period_resumes_when_mediation_ends_during_an_appraisal():
    simulation = dispute_mediated_in_court("ordinary")
    report_on_day(simulation, moment(4, 30), "clock.paused")
    report_on_day(simulation, moment(5, 8), "mediation.terminated")

    assert (simulation.state, simulation.due_at("trial_ordinary")) == ("court_track", end_of_day(10, 30))  # 1 to 8 May are not counted


# ── The court ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_filing_sets_and_meets_the_deadline_of_the_filing_decision_at_once():
    simulation = filed_case()

    set_, met = simulation.last_change("set", "filing_decision"), simulation.last_change("met", "filing_decision")
    assert (set_["due_at"], set_["owed_by"]) == (end_of_day(4, 27), (COURT,))  # the court received the claim on 20 April
    assert (met["late"], met["was_passed"]) == (False, False)


def test_a_filing_decision_on_the_eighth_day_is_late():
    simulation = dispute_in_state("terminated")
    report_on_day(simulation, moment(4, 28), "case.filed", received_on="2026-04-20", decided_on="2026-04-28")

    assert simulation.last_change("met", "filing_decision")["late"]


def test_a_corrected_complaint_restarts_the_seven_days_to_decide_on_filing():
    simulation = dispute_in_state("registered")
    report_on_day(simulation, moment(3, 3), "dispute.screened", track="B", court_received_on="2026-03-02")
    report_on_day(simulation, moment(3, 12), "papers.received", reason="correction", on="2026-03-11")
    assert simulation.due_at("filing_decision") == end_of_day(3, 18)

    report_on_day(simulation, moment(3, 18), "case.filed", received_on="2026-03-02", decided_on="2026-03-18")

    assert not simulation.last_change("met", "filing_decision")["late"]


@pytest.mark.parametrize("claim_reported_before", [True, False])
def test_a_restart_of_the_filing_period_that_is_reported_with_the_decision_is_counted(claim_reported_before):
    simulation = dispute_in_state("registered")
    report_on_day(simulation, moment(3, 3), "dispute.screened", **({"track": "B", "court_received_on": "2026-03-02"} if claim_reported_before else {}))
    report_on_day(simulation, moment(3, 18), "case.filed", received_on="2026-03-02", restarted_on="2026-03-11", decided_on="2026-03-18")

    assert not simulation.last_change("met", "filing_decision")["late"]


def test_the_receipt_of_papers_is_refused_if_no_deadline_can_be_restarted():
    assert dispute_in_state("screened").report("papers.received").refused == "nothing_to_restart"


def test_a_screening_that_reports_the_claim_sets_the_deadline_of_the_filing_decision():
    simulation = dispute_in_state("registered")
    report_on_day(simulation, moment(3, 3), "dispute.screened", track="B", court_received_on="2026-03-02")
    assert simulation.due_at("filing_decision") == end_of_day(3, 9)

    report_on_day(simulation, moment(3, 12), "case.filed", received_on="2026-03-02", decided_on="2026-03-09")

    met = simulation.last_change("met", "filing_decision")
    assert (met["late"], met["was_passed"]) == (False, True)  # the court decided in time but reported late
    assert [change["clock"] for change in deadline_changes(simulation.events) if change["change"] == "met"].count("filing_decision") == 1
    assert "filing_decision" not in running_clocks(simulation)


def test_a_change_of_procedure_keeps_the_filing_day_as_start_of_the_trial_period():
    simulation = filed_case("simplified")
    assert simulation.due_at("trial_simplified") == end_of_day(7, 22)

    report_on_day(simulation, moment(5, 20), "case.procedure_set", procedure="ordinary")

    assert simulation.last_change("stopped")["clock"] == "trial_simplified"
    assert simulation.due_at("trial_ordinary") == end_of_day(10, 22)
    assert simulation.last_change("set", "trial_ordinary")["started_at"].date() == moment(4, 22).date()


@pytest.mark.parametrize(
    ("procedure", "clock", "due_at"),
    [
        ("ordinary", "mediation_entrusted_ordinary", end_of_day(5, 12)),
        ("simplified", "mediation_entrusted_simplified", end_of_day(5, 6)),  # 4 May is in the Labour Day break
        ("fast_track", "mediation_entrusted_simplified", end_of_day(5, 6)),
    ],
)
def test_the_length_of_entrusted_mediation_depends_on_the_procedure(procedure, clock, due_at):
    simulation = entrusted_case(procedure)

    assert simulation.due_at(clock) == due_at
    assert MEDIATION_CLOCK not in running_clocks(simulation)
    assert simulation.last_change("set", clock)["kind"] == "LAW"


def test_entrusted_mediation_may_be_extended_once_by_at_most_thirty_days():
    simulation = dispute_mediated_in_court("ordinary")
    assert report_on_day(simulation, moment(5, 6), "mediation.extended", days=31).refused == "extension_too_long"

    report_on_day(simulation, moment(5, 6), "mediation.extended", days=30)

    assert simulation.due_at("mediation_entrusted_ordinary") == end_of_day(6, 11)  # 45 days from 27 April
    assert report_on_day(simulation, moment(5, 20), "mediation.extended", days=5).refused == "extended_before"


def test_the_extension_of_failed_entrusted_mediation_is_excluded_from_the_trial_period():
    simulation = dispute_mediated_in_court("ordinary")
    report_on_day(simulation, moment(5, 12), "mediation.extended", days=30)

    report_on_day(simulation, moment(6, 1), "mediation.terminated")

    assert simulation.state == "court_track"
    assert simulation.last_change("met", "mediation_entrusted_ordinary")["late"] is False
    assert simulation.due_at("trial_ordinary") == end_of_day(11, 11)  # the twenty days from 13 May to 1 June are added to 22 October


def test_entrusted_mediation_that_was_not_extended_counts_in_the_trial_period():
    simulation = dispute_mediated_in_court("ordinary")
    report_on_day(simulation, moment(5, 8), "mediation.terminated")

    assert simulation.due_at("trial_ordinary") == end_of_day(10, 22)


def test_a_claim_received_before_2025_keeps_the_deadline_of_the_legacy_track_in_2025():
    simulation = SimulatedDispute(now=moment(12, 30, year=2024))
    simulation.register()
    simulation.report("dispute.screened", track="legacy", court_received_on="2024-12-30")
    simulation.report("dispute.routed", agency=COURT)
    report_on_day(simulation, moment(1, 3, year=2025), "referral.accepted")

    assert simulation.due_at("mediation_delegated_legacy") == end_of_day(
        2, 5, year=2025
    )  # the 30th day, 2 February, is in the Spring Festival break until 4 February
    reloaded = Deadline(
        "mediation_delegated_legacy", "mediation_delegated_legacy", "LAW", moment(1, 3, year=2025), end_of_day(2, 5, year=2025), (DAMAN,), simulation.now
    )
    reloaded.opened_at = simulation.dispute.deadlines["mediation_delegated_legacy"].opened_at
    assert tracking._compute(reloaded, USUAL_POLICY).last_moment == end_of_day(2, 5, year=2025)  # a deadline loaded from the database follows the same rule


# ── Confirmation ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def dispute_agreed_on(day, effective_on):
    """Return a simulated dispute with an agreement reached on `day` that takes effect on `effective_on`."""
    simulation = dispute_in_state("mediating", now=day - timedelta(days=1))
    report_on_day(simulation, day, "agreement.reached", effective_on=effective_on, terms=[{"kind": "payment", "due_on": "2026-08-31", "amount_cny": "1.00"}])
    return simulation


def test_an_application_for_confirmation_on_the_thirtieth_day_is_accepted():
    simulation = dispute_agreed_on(moment(3, 5), "2026-03-05")
    assert simulation.due_at("confirmation_apply") == end_of_day(4, 7)  # the 30th day, 4 April, is in the Qingming break

    assert report_on_day(simulation, moment(4, 7, hour=20), "confirmation.applied", applied_on="2026-04-07").refused is None

    assert simulation.last_change("met", "confirmation_apply")["late"] is False


def test_the_right_to_apply_for_confirmation_lapses_after_thirty_days_and_no_agency_is_overdue():
    simulation = dispute_agreed_on(moment(3, 2), "2026-03-02")
    simulation.advance_to(moment(4, 2))

    passed = simulation.last_event("deadline.passed", "confirmation_apply")
    assert (passed["due_at"], passed["lapsed"], passed["kind"]) == (end_of_day(4, 1), True, "LAW")
    assert simulation.state == "performing" and "confirmation.lapsed" in simulation.event_types()
    assert simulation.report("confirmation.applied", applied_on="2026-04-02").refused == "applied_too_late"


def test_an_application_for_confirmation_made_on_day_30_but_reported_on_day_33_is_in_time():
    simulation = dispute_agreed_on(moment(3, 2), "2026-03-02")
    simulation.advance_to(moment(4, 3))

    assert simulation.report("confirmation.applied", applied_on="2026-04-01").refused is None

    met = simulation.last_change("met", "confirmation_apply")
    assert (met["late"], met["was_passed"]) == (False, True)


def test_the_court_has_3_days_to_accept_the_application_for_confirmation_and_15_days_or_at_most_30_to_decide():
    simulation = dispute_in_state("agreed", now=moment(3, 2))
    report_on_day(simulation, moment(3, 16), "confirmation.applied", applied_on="2026-03-16")
    assert simulation.due_at("confirmation_accept") == end_of_day(3, 19)

    report_on_day(simulation, moment(3, 19), "confirmation.accepted")

    assert (simulation.due_at("confirmation_decide"), simulation.due_at("confirmation_decide_outer")) == (
        end_of_day(4, 3),
        end_of_day(4, 20),
    )  # the 30th day, 18 April, is a Saturday
    report_on_day(simulation, moment(4, 8), "confirmation.granted")
    assert simulation.last_change("met", "confirmation_decide")["late"] and not simulation.last_change("met", "confirmation_decide_outer")["late"]
    assert simulation.due_at("enforcement_apply") == end_of_day(6, 30, year=2028)  # two years after the due day of the last term


def test_an_agreement_that_a_court_may_not_confirm_has_no_deadline_to_apply_for_confirmation():
    simulation = dispute_in_state("mediating")
    report_on_day(simulation, moment(3, 4), "agreement.reached", confirmable=False)

    assert "confirmation_apply" not in running_clocks(simulation)


def test_after_a_withdrawn_application_for_confirmation_the_thirty_days_continue():
    simulation = dispute_agreed_on(moment(3, 2), "2026-03-02")
    report_on_day(simulation, moment(3, 10), "confirmation.applied", applied_on="2026-03-10")
    report_on_day(simulation, moment(3, 12), "confirmation.withdrawn")

    assert simulation.due_at("confirmation_apply") == end_of_day(4, 1)


def dispute_with_accepted_application():
    """Return a simulated dispute with an application for confirmation of 16 March 2026, accepted on 19 March: decision due on 3 April."""
    simulation = dispute_in_state("agreed", now=moment(3, 2))
    report_on_day(simulation, moment(3, 16), "confirmation.applied", applied_on="2026-03-16")
    report_on_day(simulation, moment(3, 19), "confirmation.accepted")
    return simulation


def test_the_confirmation_decision_may_be_extended_once_by_ten_days_with_approval():
    simulation = dispute_with_accepted_application()

    assert report_on_day(simulation, moment(4, 2), "confirmation.extended", days=11).refused == "leave_too_long"
    assert report_on_day(simulation, moment(4, 2), "confirmation.extended", days=10).refused is None
    assert simulation.due_at("confirmation_decide") == end_of_day(4, 13)  # 25 days, counted from 19 March
    assert simulation.due_at("confirmation_decide_outer") == end_of_day(4, 20)
    assert report_on_day(simulation, moment(4, 2), "confirmation.extended", days=1).refused == "leave_given_before"


def test_an_extension_approved_after_the_end_of_the_period_is_refused():
    simulation = dispute_with_accepted_application()
    simulation.advance_to(moment(4, 4))

    assert simulation.report("confirmation.extended").refused == "extended_too_late"


def test_received_papers_restart_the_three_days_to_accept_the_application_for_confirmation():
    simulation = dispute_in_state("agreed", now=moment(3, 2))
    report_on_day(simulation, moment(3, 16), "confirmation.applied", applied_on="2026-03-16")
    report_on_day(simulation, moment(3, 18), "papers.received", on="2026-03-18")

    assert simulation.due_at("confirmation_accept") == end_of_day(3, 23)  # the third day is Saturday the 21st
    assert simulation.last_change("recomputed")["because"] == "restarted"


def test_a_party_may_object_to_the_confirmation_within_fifteen_days_after_receiving_the_ruling():
    simulation = dispute_with_accepted_application()
    report_on_day(simulation, moment(3, 30), "confirmation.granted", served_on="2026-04-01")
    assert simulation.due_at("confirmation_objection") == end_of_day(4, 16)

    simulation.advance_to(moment(4, 17))
    assert simulation.last_event("deadline.passed", "confirmation_objection")["lapsed"]
    assert simulation.report("confirmation.objected", objected_on="2026-04-17").refused == "objected_too_late"


def test_the_court_reviews_its_ruling_after_an_objection_and_a_second_objection_is_refused():
    simulation = dispute_with_accepted_application()
    report_on_day(simulation, moment(3, 30), "confirmation.granted")
    report_on_day(simulation, moment(4, 10), "confirmation.objected", objected_on="2026-04-09")
    assert (simulation.state, simulation.last_event("confirmation.objected")["next_actors"]) == ("confirm_applied", (COURT,))
    assert not simulation.last_change("met", "confirmation_objection")["late"] and "enforcement_apply" not in running_clocks(simulation)
    assert simulation.report("confirmation.withdrawn").refused == "already_confirmed"

    report_on_day(simulation, moment(4, 20), "confirmation.granted")

    assert (
        simulation.state == "confirm_decided"
        and "enforcement_apply" in running_clocks(simulation)
        and "confirmation_objection" not in running_clocks(simulation)
    )
    assert simulation.report("confirmation.objected", objected_on="2026-04-20").refused == "already_decided"


def test_an_agreement_whose_confirmation_is_refused_after_an_objection_cannot_be_enforced():
    simulation = dispute_with_accepted_application()
    report_on_day(simulation, moment(3, 30), "confirmation.granted")
    report_on_day(simulation, moment(4, 10), "confirmation.objected", objected_on="2026-04-09")
    report_on_day(simulation, moment(4, 20), "confirmation.refused")

    assert simulation.report("enforcement.applied").refused == "no_title_to_enforce"
    assert simulation.report("mediation.started").refused is None


def test_the_six_months_of_an_interested_person_run_from_knowledge_and_are_a_fixed_period():
    simulation = dispute_in_state("confirm_decided")
    report_on_day(simulation, moment(9, 10), "confirmation.objected", by="third_party", objected_on="2026-09-10", knew_on="2026-03-11")
    met = simulation.last_change("met", "confirmation_objection_third_party")
    assert (met["due_at"], met["kind"], met["late"]) == (end_of_day(9, 11), "LAW", False)

    late = dispute_in_state("confirm_decided")
    assert (
        report_on_day(late, moment(9, 14), "confirmation.objected", by="third_party", objected_on="2026-09-14", knew_on="2026-03-11").refused
        == "objected_too_late"
    )
    assert "2026-09-11" in late.last_event("step.refused")["reason"]["zh"]


def test_the_court_has_a_deadline_for_the_review_of_an_objection():
    simulation = dispute_in_state("confirm_decided")
    report_on_day(simulation, moment(3, 10), "confirmation.objected", objected_on="2026-03-10")
    assert (simulation.state, running_clocks(simulation)) == ("confirm_applied", ["objection_review", "performance"])
    assert (simulation.due_at("objection_review"), simulation.last_change("set", "objection_review")["owed_by"]) == (end_of_day(4, 9), (COURT,))


def test_a_third_party_may_object_to_the_confirmation_after_the_deadline_of_the_parties():
    simulation = dispute_with_accepted_application()
    report_on_day(simulation, moment(3, 30), "confirmation.granted")

    assert report_on_day(simulation, moment(6, 1), "confirmation.objected", by="third_party", objected_on="2026-06-01").refused is None


def test_an_objection_is_refused_if_no_court_confirmed_the_agreement():
    simulation = dispute_in_state("performing")

    assert simulation.report("confirmation.objected").refused == "not_confirmed"


# ── Choice of the mediator ────────────────────────────────────────────────────────────────────────────────────────────────────────


def dispute_with_consents_but_no_mediator():
    """Return a simulated dispute in which both parties consented on Monday 2 March and no mediator is named."""
    simulation = dispute_in_state("routed")
    simulation.now += timedelta(hours=1)
    event = reported_event("referral.accepted", simulation.now)
    del event.data["facts"]["mediator"]
    simulation.hear(event)
    for party in ("applicant", "respondent"):
        simulation.report("consent.given", party=party)
    return simulation


def test_after_both_consents_the_parties_have_two_working_days_to_choose_a_mediator():
    simulation = dispute_with_consents_but_no_mediator()
    assert simulation.due_at("online_parties_choose") == end_of_day(3, 4)

    simulation.advance_to(moment(3, 5))

    assert simulation.last_event("deadline.passed", "online_parties_choose")["lapsed"]  # no agency is overdue
    assert report_on_day(simulation, moment(3, 5), "mediator.agreed").refused is None


def test_a_repeated_consent_does_not_restart_the_deadline_to_choose_a_mediator():
    simulation = dispute_with_consents_but_no_mediator()
    report_on_day(simulation, moment(3, 4), "consent.given", party="respondent")

    assert simulation.due_at("online_parties_choose") == end_of_day(3, 4)


def test_a_mediator_has_to_be_appointed_within_three_working_days_after_the_request():
    simulation = dispute_with_consents_but_no_mediator()
    report_on_day(simulation, moment(3, 4), "mediator.requested")
    assert "online_parties_choose" not in running_clocks(simulation)
    assert (simulation.due_at("online_appoint"), simulation.last_change("set", "online_appoint")["owed_by"]) == (end_of_day(3, 9), (DAMAN,))

    report_on_day(simulation, moment(3, 9), "mediator.appointed")

    assert not simulation.last_change("met", "online_appoint")["late"]


def test_the_court_is_responsible_for_appointing_the_mediator_after_filing():
    simulation = entrusted_case("simplified")
    report_on_day(simulation, moment(4, 28), "mediator.requested")

    assert simulation.last_change("set", "online_appoint")["owed_by"] == (COURT,)


def test_no_deadline_to_choose_a_mediator_is_set_if_the_acceptance_names_a_mediator():
    assert "online_parties_choose" not in running_clocks(dispute_in_state("mediating"))


# ── Labour and medical disputes, petitions, archiving ─────────────────────────────────────────────────────────────────────────────


def test_the_period_of_labour_mediation_lapses_after_fifteen_days_and_no_agency_is_overdue():
    simulation = dispute_in_state("registered", kind="labour")
    simulation.report("dispute.screened", kind="labour")
    for step in ("dispute.routed", "referral.accepted"):
        simulation.report(step)
    assert simulation.due_at("labour_mediation") == end_of_day(3, 17) and MEDIATION_CLOCK not in running_clocks(simulation)

    simulation.advance_to(moment(3, 18))

    assert simulation.last_event("deadline.passed", "labour_mediation")["lapsed"]


def routed_labour_dispute(routed_on, **facts):
    """Return a labour dispute reported on Monday 2 March and referred on `routed_on`."""
    simulation = dispute_in_state("registered", kind="labour", **facts)
    simulation.report("dispute.screened", kind="labour")
    report_on_day(simulation, routed_on, "dispute.routed")
    return simulation


def test_the_fifteen_days_of_labour_mediation_run_from_the_report_that_asks_for_mediation_not_from_its_acceptance():
    simulation = routed_labour_dispute(moment(3, 4), wants="mediation")
    assert simulation.last_change("set", "labour_mediation")["started_at"] == MONDAY
    report_on_day(simulation, moment(3, 6), "referral.accepted")

    assert simulation.due_at("labour_mediation") == end_of_day(3, 17)


def test_the_fifteen_days_of_labour_mediation_run_from_the_referral_if_the_report_did_not_ask_for_mediation():
    simulation = routed_labour_dispute(moment(3, 4), wants="advice")
    report_on_day(simulation, moment(3, 6), "referral.accepted")

    assert simulation.due_at("labour_mediation") == end_of_day(3, 19)


def test_the_mediating_body_may_state_on_which_day_it_received_the_application_for_labour_mediation():
    simulation = routed_labour_dispute(moment(3, 4), wants="mediation")
    report_on_day(simulation, moment(3, 6), "referral.accepted", application_received_on="2026-02-27")

    assert simulation.due_at("labour_mediation") == end_of_day(3, 16)  # 14 March is a Saturday


def test_another_referral_does_not_restart_the_fifteen_days_of_labour_mediation():
    simulation = routed_labour_dispute(moment(3, 4), wants="advice")
    report_on_day(simulation, moment(3, 6), "referral.declined")
    assert "labour_mediation" in running_clocks(simulation)
    report_on_day(simulation, moment(3, 9), "dispute.routed")

    assert simulation.due_at("labour_mediation") == end_of_day(3, 19)


def test_a_medical_mediation_committee_has_thirty_working_days_for_mediation():
    simulation = dispute_in_state("registered", kind="medical")
    simulation.report("dispute.screened", kind="medical")
    simulation.report("dispute.routed", to="medical_mediation")
    simulation.report("referral.accepted", agency="medical_mediation")

    assert simulation.due_at("medical_mediation") == end_of_day(4, 14)
    assert simulation.last_change("set", "medical_mediation")["kind"] == "LAW"


def test_the_deadlines_of_a_petition_are_set_and_met_during_mediation():
    simulation = dispute_in_state("mediating")
    report_on_day(simulation, moment(3, 10), "petition.registered")
    assert (simulation.state, simulation.due_at("petition_accept")) == ("mediating", end_of_day(3, 25))
    assert simulation.last_change("set", "petition_accept")["owed_by"] == (PETITIONS,)

    report_on_day(simulation, moment(3, 12), "petition.accepted")
    assert simulation.due_at("petition_decide") == end_of_day(5, 11)  # 11 May is the 60th day
    report_on_day(simulation, moment(5, 11), "petition.decided")

    assert not simulation.last_change("met", "petition_decide")["late"]


def test_a_petition_decision_may_be_extended_once_by_thirty_days_with_approval():
    simulation = dispute_in_state("mediating")
    report_on_day(simulation, moment(3, 12), "petition.accepted")

    assert report_on_day(simulation, moment(5, 8), "petition.extended", days=30).refused is None
    assert simulation.due_at("petition_decide") == end_of_day(6, 10)  # 90 days from 12 March
    assert simulation.report("petition.extended").refused == "leave_given_before"


def test_a_transferred_petition_may_be_returned_within_five_working_days():
    simulation = dispute_in_state("mediating")
    report_on_day(simulation, moment(3, 12), "petition.transferred")
    assert simulation.due_at("petition_transfer_objection") == end_of_day(3, 19)

    report_on_day(simulation, moment(3, 18), "petition.returned")

    assert not simulation.last_change("met", "petition_transfer_objection")["late"]


def test_the_right_to_return_a_transferred_petition_lapses_and_no_agency_is_overdue():
    simulation = dispute_in_state("mediating")
    report_on_day(simulation, moment(3, 12), "petition.transferred")
    simulation.advance_to(moment(3, 20))

    assert simulation.last_event("deadline.passed", "petition_transfer_objection")["lapsed"]


def test_a_resolved_dispute_has_to_be_archived_within_thirty_days():
    simulation = dispute_in_state("resolved")
    resolved = simulation.dispute.entered_at
    assert simulation.due_at("archiving") == dates.end_of((resolved + timedelta(days=30)).date())

    simulation.report("dispute.archived")

    assert not simulation.last_change("met", "archiving")["late"]


# ── Completeness of the clock table ───────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.clock)
def test_every_period_is_used_by_a_dispute_deadline_or_states_why_only_the_calculator_uses_it(rule):
    has_clock = rule.clock in tracking.CLOCK_BY_NAME or rule.clock in hold.SAFEGUARD_LANE_CLOCKS

    assert has_clock is (rule.calculator_only is None)


@pytest.mark.parametrize("clock", tracking.CLOCKS, ids=lambda clock: clock.name)
def test_a_clock_has_steps_that_extend_or_restart_it_if_and_only_if_its_rule_allows_this(clock):
    assert bool(clock.restarted_by) == any(rule.restarted_by for rule in DEFAULT_RULES[clock.name])
    assert bool(clock.extended_by) == any(rule.extension for rule in DEFAULT_RULES[clock.name])


# ── Reminders, and jumps of the system clock ──────────────────────────────────────────────────────────────────────────────────────

TWO_REMINDERS_POLICY = DeadlinePolicy(county=county({MEDIATION_CLOCK: {"remind": ["3wd", "1wd"]}}))


def mediation_events_at_checks(simulation, *times, policy=TWO_REMINDERS_POLICY):
    """Check every deadline at each of these times. Return the types of the events published for the deadline of mediation."""
    simulation.events.clear()
    for time in times:
        for deadline in list(simulation.dispute.deadlines.values()):
            simulation.record(tracking.check_deadline(simulation.dispute, deadline, time, policy))
    return [event_type for event_type, data in simulation.events if data.get("clock") == MEDIATION_CLOCK]


def test_each_reminder_set_by_the_county_is_published_once():
    simulation = dispute_in_state("mediating")  # due on 1 April
    assert mediation_events_at_checks(simulation, moment(3, 26, 8), moment(3, 26, 17), moment(3, 27, 8)) == []
    assert mediation_events_at_checks(simulation, moment(3, 27), moment(3, 27, 10), moment(3, 28), moment(3, 30, 10)) == ["deadline.approached"]
    assert mediation_events_at_checks(simulation, moment(3, 31, 8), moment(3, 31), moment(3, 31, 11), moment(4, 1, 11)) == ["deadline.approached"]
    assert mediation_events_at_checks(simulation, moment(4, 2, 0), moment(4, 3)) == ["deadline.passed"]


def test_nobody_is_reminded_at_night_or_on_a_rest_day_of_what_became_due_while_the_service_was_stopped():
    simulation = dispute_in_state("mediating")  # due on Wednesday 1 April; reminders on Friday 27 March and Tuesday 31 March

    assert mediation_events_at_checks(simulation, moment(3, 27, 22), moment(3, 28, 10), moment(3, 29, 15)) == []
    assert mediation_events_at_checks(simulation, moment(3, 30, 8), moment(3, 30, 9), moment(3, 30, 10)) == ["deadline.approached"]
    assert mediation_events_at_checks(simulation, moment(4, 1, 22), moment(4, 2, 10)) == ["deadline.passed"]  # too late for the second reminder


def test_a_reminder_is_not_repeated_after_a_restart_or_after_the_deadline_was_recomputed():
    simulation = dispute_in_state("mediating")
    assert mediation_events_at_checks(simulation, moment(3, 27)) == ["deadline.approached"]
    deadline = simulation.dispute.deadlines[MEDIATION_CLOCK]
    assert store._deadline_history(deadline)["reminded_at"] == moment(3, 27)

    tracking.refresh(deadline, moment(3, 26), TWO_REMINDERS_POLICY)

    assert deadline.next_check_at == moment(3, 31)


def test_the_body_is_reminded_of_an_agreed_day_three_working_days_before_it():
    simulation = dispute_in_state("agreed")
    deadline = next(deadline for deadline in simulation.dispute.deadlines.values() if deadline.clock == "performance")
    due_on = deadline.due_at.date()

    assert (deadline.next_check_at.hour, deadline.next_check_at.date() < due_on) == (9, True)
    assert simulation.policy.holidays.working_day_after(deadline.next_check_at.toordinal(), 3) == due_on.toordinal()


def test_the_office_hours_of_the_county_decide_when_its_agencies_are_reminded():
    early = DeadlinePolicy(county=replace(TWO_REMINDERS_POLICY.county, office_hours=parse_office_hours({"hours": ["08:30-17:00"]})))
    simulation = dispute_in_state("mediating")

    assert mediation_events_at_checks(simulation, moment(3, 27, 8), policy=early) == []
    deadline = simulation.dispute.deadlines[MEDIATION_CLOCK]
    tracking.refresh(deadline, moment(3, 26), early)
    assert deadline.next_check_at == moment(3, 27, 8) + timedelta(minutes=30)


def test_several_reminders_that_are_due_at_one_check_are_published_as_one():
    assert mediation_events_at_checks(dispute_in_state("mediating"), moment(4, 1, 11), moment(4, 1, 15)) == ["deadline.approached"]


def test_no_deadline_event_is_repeated_after_the_system_clock_jumps_back():
    simulation = dispute_in_state("mediating")
    assert mediation_events_at_checks(simulation, moment(4, 1, 11)) == ["deadline.approached"]

    assert mediation_events_at_checks(simulation, moment(3, 1), moment(3, 27), moment(4, 1, 15), moment(4, 2), moment(3, 27), moment(4, 2), moment(4, 1)) == [
        "deadline.passed"
    ]


def test_a_reminder_before_the_start_of_the_period_is_skipped():
    simulation = dispute_in_state("mediating")
    policy = DeadlinePolicy(county=county({MEDIATION_CLOCK: {"remind": ["40wd", "2wd"]}}))
    deadline = simulation.dispute.deadlines[MEDIATION_CLOCK]  # due on 1 April

    assert tracking._first_check_at(deadline, tracking.CLOCK_BY_NAME[MEDIATION_CLOCK], simulation.now, policy) == moment(3, 30)


def test_simulated_disputes_start_on_monday_2_march_2026():
    assert (MONDAY.date(), MONDAY.weekday()) == (moment(3, 2).date(), 0)


def test_the_recorded_changes_of_a_deadline_are_equal_after_storing_and_loading_them():
    stored = dispute_in_state("mediating").dispute.deadlines[MEDIATION_CLOCK]
    stored.pauses, stored.suspensions = [(moment(3, 3), moment(3, 5))], [(moment(3, 6), moment(3, 8)), (moment(3, 9), None)]
    stored.extensions, stored.postponed_days = [(moment(3, 4), 15), (moment(3, 4), "P6M")], 60
    stored.restarted_at, stored.opened_at = moment(3, 2), moment(3, 1)

    pauses, extensions, restarted_at, opened_at, suspensions, postponed_days = store._parse_deadline_history(
        orjson.loads(orjson.dumps(store._deadline_history(stored)))
    )

    assert (pauses, extensions, restarted_at, opened_at) == (stored.pauses, stored.extensions, stored.restarted_at, stored.opened_at)
    assert (suspensions, postponed_days) == (stored.suspensions, stored.postponed_days)


# ── Complaints that a court received, disputes that are reopened, and mediation that starts again ─────────────────────────────────────


def test_the_court_that_screens_a_complaint_must_act_next_within_seven_days_and_the_centre_has_no_deadline_to_refer():
    simulation = SimulatedDispute()
    simulation.register()
    screening = report_on_day(simulation, moment(3, 3), "dispute.screened", "court-daman", track="B", court_received_on="2026-03-02")

    assert screening.new_events[0][1]["next_actors"] == ("court-daman",)
    assert running_clocks(simulation) == ["filing_decision"]
    assert simulation.last_change("set", "filing_decision") | {"due_at": end_of_day(3, 9), "owed_by": ("court-daman",)} == simulation.last_change(
        "set", "filing_decision"
    )


def test_the_seven_days_of_a_complaint_whose_receipt_is_not_stated_run_from_the_report_of_the_court():
    simulation = SimulatedDispute()
    simulation.hear(registered_event(MONDAY, COURT))
    report_on_day(simulation, moment(3, 5), "dispute.screened", COURT, track="B")

    assert simulation.due_at("filing_decision") == end_of_day(3, 9)


def test_after_a_refusal_to_file_the_centre_must_refer_the_dispute():
    simulation = SimulatedDispute()
    simulation.register()
    report_on_day(simulation, moment(3, 3), "dispute.screened", COURT, track="B", court_received_on="2026-03-02")
    refusal = report_on_day(simulation, moment(3, 6), "case.filing_refused", received_on="2026-03-02", decided_on="2026-03-06")

    assert simulation.last_change("met", "filing_decision")["late"] is False
    assert refusal.new_events[0][1]["next_actors"] == (CENTRE,)
    assert (running_clocks(simulation), simulation.due_at("routing")) == (["routing"], end_of_day(3, 9))


def test_a_further_screening_by_another_agency_does_not_take_a_complaint_from_the_court():
    simulation = SimulatedDispute()
    simulation.register()
    report_on_day(simulation, moment(3, 3), "dispute.screened", COURT, track="B", court_received_on="2026-03-02")
    report_on_day(simulation, moment(3, 4), "dispute.screened", WOMEN, track="A")

    assert (running_clocks(simulation), simulation.dispute.track) == (["filing_decision"], "B")


def test_a_dispute_referred_while_a_complaint_is_before_the_court_has_a_period_of_mediation():
    simulation = SimulatedDispute()
    simulation.register()
    report_on_day(simulation, moment(3, 3), "dispute.screened", COURT, track="B", court_received_on="2026-03-02")
    simulation.report("dispute.routed")
    simulation.report("referral.accepted")

    assert MEDIATION_CLOCK in running_clocks(simulation)


@pytest.mark.parametrize("state", ["closed", "redirected", "defaulted"])
def test_a_reopened_dispute_has_to_be_screened_again_within_one_working_day(state):
    simulation = dispute_in_state(state)
    reopening = report_on_day(simulation, moment(7, 1), "dispute.reopened", CENTRE)

    assert running_clocks(simulation) == ["screening"]
    assert (simulation.due_at("screening"), simulation.last_change("set", "screening")["owed_by"]) == (end_of_day(7, 2), (CENTRE,))
    assert reopening.new_events[0][1]["next_actors"] == (CENTRE,)


def test_mediation_that_starts_again_after_a_court_refused_to_confirm_has_a_new_period():
    simulation = dispute_in_state("confirm_applied")
    for step in ("confirmation.accepted", "confirmation.refused"):
        simulation.report(step)
    report_on_day(simulation, moment(4, 1), "mediation.started")

    assert simulation.due_at(MEDIATION_CLOCK) == end_of_day(5, 6)  # 1 May, off until 5 May


@pytest.mark.parametrize("state", ["terminated", "redirected", "resolved"])
def test_a_dispute_that_only_has_to_be_archived_has_a_deadline_for_it(state):
    simulation = dispute_in_state(state)

    assert "archiving" in running_clocks(simulation)
    assert simulation.dispute.deadlines["archiving"].owed_by == agencies_in_role(simulation.dispute, NEXT_ACTORS[state])


# ── Provisional deadlines and paused deadlines ────────────────────────────────────────────────────────────────────────────────────


def test_a_provisional_deadline_is_passed_only_after_the_latest_day_that_is_possible():
    simulation = dispute_in_state("mediating", now=moment(9, 6, year=2027))  # accepted on 6 September 2027: 30 days end on 6 October
    deadline = simulation.dispute.deadlines[MEDIATION_CLOCK]
    assert (deadline.due_at, deadline.provisional) == (end_of_day(10, 6, year=2027), True)
    assert tracking.latest_possible_end(deadline, simulation.policy) == end_of_day(10, 11, year=2027)  # a break around National Day may last until the 10th

    simulation.advance_to(end_of_day(10, 11, year=2027))
    assert MEDIATION_CLOCK not in [data["clock"] for type, data in simulation.events if type == "deadline.passed"]

    simulation.advance_to(moment(10, 12, year=2027))
    assert simulation.last_event("deadline.passed", MEDIATION_CLOCK)["provisional"] is True


def test_a_step_between_a_provisional_deadline_and_the_latest_possible_day_is_not_late():
    simulation = dispute_in_state("mediating", now=moment(9, 6, year=2027))
    report_on_day(simulation, moment(10, 9, year=2027), "mediation.terminated", ground="differences_too_large")

    met = simulation.last_change("met", MEDIATION_CLOCK)
    assert (met["late"], met["provisional"]) == (False, True)


def test_every_event_and_change_of_a_provisional_deadline_says_so():
    simulation = dispute_in_state("mediating", now=moment(9, 6, year=2027))
    simulation.advance_to(moment(10, 12, year=2027))
    named = [data for _, data in simulation.events if "due_at" in data] + deadline_changes(simulation.events)

    assert named and all(data.get("provisional") is True for data in named)


def test_a_paused_deadline_is_published_as_paused_with_the_end_as_of_the_start_of_the_pause():
    simulation = dispute_in_state("mediating")
    report_on_day(simulation, moment(3, 10), "clock.paused")

    change = simulation.last_change("recomputed", MEDIATION_CLOCK)
    assert (change["paused"], change["provisional"], change["due_at"]) == (True, True, end_of_day(4, 1))

    report_on_day(simulation, moment(3, 20), "clock.resumed")
    change = simulation.last_change("recomputed", MEDIATION_CLOCK)
    assert ("paused" in change, change["provisional"]) == (False, False)
