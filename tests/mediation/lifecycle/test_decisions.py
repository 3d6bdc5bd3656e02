"""Tests of decisions on reported steps and passed deadlines of simulated disputes: states, refusals, published events and deadlines."""

from copy import deepcopy
from datetime import datetime, timedelta

import pytest

from contracts.dates import SHANGHAI
from scenarios.course import SETTLED_DISPUTE_STEPS
from services.mediation.deadlines import tracking
from services.mediation.law.county_periods import apply_county_periods
from services.mediation.law.dates import day_start
from services.mediation.law.holidays import Holidays, HolidaySchedule
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy
from services.mediation.lifecycle import decisions
from tests.mediation.simulated_dispute import CENTRE, COURT, DAMAN, MONDAY, WOMEN, XIJIE, SimulatedDispute, dispute_in_state, registered_event, reported_event

MEDIATION_CLOCK = "mediation_out_of_court_policy"


def end_of_day(year, month, day):
    return datetime(year, month, day, 23, 59, 59, tzinfo=SHANGHAI)


# ── Course of a settled dispute ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_steps_of_a_settled_dispute_lead_from_registration_to_closure():
    simulation = SimulatedDispute()
    simulation.register()
    for step, facts in SETTLED_DISPUTE_STEPS:
        assert simulation.report(step, **facts).refused is None, step

    assert simulation.state == "closed"
    assert simulation.last_event("dispute.closed") == {"state": "closed", "outcome": "performed"}
    assert simulation.dispute.deadlines == {}
    assert simulation.dispute.steps == len(SETTLED_DISPUTE_STEPS) + 1 == len(simulation.history)


def test_a_registration_is_confirmed_as_dispute_reported_and_sets_the_screening_deadline():
    simulation = SimulatedDispute()
    simulation.register()

    assert simulation.event_types() == ["dispute.reported"]
    assert (simulation.last_event("dispute.reported")["before"], simulation.last_event("dispute.reported")["state"]) == ("detected", "registered")
    assert simulation.last_change("set")["due_at"] == end_of_day(2026, 3, 3)
    assert simulation.last_change("set")["owed_by"] == (CENTRE,)


def test_an_applied_step_is_one_event_with_its_facts_its_outcome_and_its_deadlines():
    simulation = dispute_in_state("routed")
    simulation.events.clear()

    simulation.report("referral.accepted")

    assert simulation.event_types() == ["referral.accepted"]
    fact = simulation.last_event("referral.accepted")
    assert [(change["change"], change["clock"]) for change in fact["deadlines"]] == [
        ("met", "referral_answer"),
        ("set", "online_ask_other_party"),
        ("set", MEDIATION_CLOCK),
    ]
    assert (fact["happened_at"], fact["decided_at"]) == (simulation.now, simulation.now)
    assert (fact["before"], fact["state"], fact["next_actors"], fact["mediator"]) == ("routed", "accepted", (DAMAN,), "daman-014")


def test_a_noted_step_is_recorded_in_the_history_and_sets_no_deadline():
    simulation = dispute_in_state("mediating")
    due_at = simulation.due_at(MEDIATION_CLOCK)

    decision = simulation.report("session.held")

    assert decision.transition == ("mediating", "mediating", simulation.dispute.steps)
    ((event_type, data),) = decision.new_events
    assert event_type == "session.held" and "deadlines" not in data
    assert simulation.due_at(MEDIATION_CLOCK) == due_at


def test_a_second_screening_does_not_restart_the_routing_deadline():
    simulation = dispute_in_state("screened")
    due_at = simulation.due_at("routing")

    decision = simulation.report("dispute.screened", agency=WOMEN, after=timedelta(hours=30))

    assert [type for type, _ in decision.new_events] == ["dispute.screened"]
    assert simulation.due_at("routing") == due_at


def test_a_second_report_of_a_registered_dispute_does_not_change_its_state():
    simulation = dispute_in_state("mediating")

    decision = simulation.report("dispute.reported", agency=WOMEN)

    assert [type for type, _ in decision.new_events] == ["dispute.reported"]
    assert simulation.state == "mediating"


# ── Authority, guards and time of a step ──────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", ["referral.accepted", "referral.declined"])
def test_only_the_mediation_body_of_the_referral_may_answer_it(step):
    simulation = dispute_in_state("routed")

    assert simulation.report(step, agency=XIJIE).refused == "not_the_body_asked"
    assert simulation.report(step, agency=DAMAN).refused is None


def test_after_a_declined_referral_the_centre_may_refer_the_dispute_to_another_mediation_body():
    simulation = dispute_in_state("referral_declined")
    assert simulation.last_event("referral.declined")["next_actors"] == (CENTRE,)
    assert simulation.due_at("routing")

    simulation.report("dispute.routed", to=XIJIE, reason="after_decline")

    assert simulation.report("referral.accepted", agency=DAMAN).refused == "not_the_body_asked"
    assert simulation.report("referral.accepted", agency=XIJIE).refused is None


def test_a_second_referral_after_an_unanswered_one_sets_a_new_deadline():
    simulation = dispute_in_state("routed")
    simulation.advance_to(MONDAY + timedelta(days=7))
    assert simulation.last_event("deadline.passed")["owed_by"] == (DAMAN,)

    simulation.report("dispute.routed", to=XIJIE, reason="after_no_answer")  # on Monday 9 March

    assert simulation.due_at("referral_answer") == end_of_day(2026, 3, 12)
    assert simulation.last_change("set")["owed_by"] == (XIJIE,)


def test_a_mediation_body_with_a_conflict_of_interest_may_accept_only_if_all_parties_agree():
    simulation = dispute_in_state("routed")

    assert simulation.report("referral.accepted", conflict_of_interest=True).refused == "conflict_of_interest"
    assert simulation.report("referral.accepted", conflict_of_interest=True, agreed_after_disclosure=True).refused is None


def test_mediation_may_start_only_after_applicant_and_respondent_consented():
    simulation = dispute_in_state("consent_pending")

    refused = simulation.report("mediation.started")
    simulation.report("consent.given", party="respondent")

    assert refused.refused == "consent_missing"
    assert "人民调解法第17条" in refused.new_events[0][1]["reason"]["zh"]
    assert simulation.report("mediation.started").refused is None


def test_mediation_may_start_only_after_every_recorded_party_consented():
    simulation = dispute_in_state("consent_pending", party_labels=["applicant", "respondent", "respondent-2"])
    simulation.report("consent.given", party="respondent")

    assert simulation.report("mediation.started").refused == "consent_missing"

    simulation.report("consent.given", party="respondent-2")
    assert simulation.report("mediation.started").refused is None


@pytest.mark.parametrize("state", ["accepted", "consent_pending", "mediating"])
def test_a_refusal_of_consent_ends_mediation_in_every_state_before_an_agreement(state):
    simulation = dispute_in_state(state)
    simulation.report("consent.refused")
    simulation.report("dispute.archived")

    assert simulation.last_event("dispute.closed")["outcome"] == "consent_refused"


def test_an_unsuitable_dispute_may_be_archived_but_not_referred():
    simulation = dispute_in_state("registered")
    simulation.report("dispute.screened", suitable=False)

    assert simulation.report("dispute.routed").refused == "not_suitable_for_mediation"
    assert simulation.report("dispute.archived", agency=CENTRE).refused is None
    assert simulation.last_event("dispute.closed")["outcome"] == "not_suitable"


def test_a_dispute_suitable_for_mediation_cannot_be_archived_before_it_was_mediated():
    assert dispute_in_state("screened").report("dispute.archived", agency=CENTRE).refused == "illegal_here"


def test_a_court_may_report_a_session_of_the_mediation_body_but_another_body_may_not():
    simulation = dispute_in_state("mediating")

    assert simulation.report("session.held", agency=XIJIE).refused == "not_the_mediating_body"
    assert simulation.report("session.held", agency=COURT, mode="court_visit").refused is None
    assert simulation.report("agreement.reached", agency=COURT).refused == "not_yours_to_say"


def test_a_step_that_lies_more_than_five_minutes_in_the_future_is_refused():
    simulation = dispute_in_state("registered")

    assert simulation.report("dispute.screened", happened=simulation.now + timedelta(hours=2)).refused == "in_the_future"
    assert simulation.report("dispute.screened", happened=simulation.now + timedelta(hours=1, minutes=4)).refused is None


def test_a_step_dated_before_the_day_of_what_it_answers_is_refused():
    simulation = dispute_in_state("registered")

    assert simulation.report("dispute.screened", happened=MONDAY - timedelta(days=1)).refused == "before_what_it_answers"
    midnight = MONDAY.replace(hour=0, minute=0)  # an agency that records days only reports midnight
    assert simulation.report("dispute.screened", happened=midnight).refused is None


@pytest.mark.parametrize(
    ("state", "step", "agency"), [("accepted", "case.filed", COURT), ("consent_pending", "consent.given", None), ("resolved", "session.held", None)]
)
def test_a_step_that_can_have_happened_before_is_accepted_and_marked_as_a_late_report(state, step, agency):
    simulation = dispute_in_state(state, now=MONDAY)
    if step == "session.held":
        simulation = dispute_in_state("mediating", now=MONDAY)

    decision = simulation.report(step, agency, after=timedelta(days=20), happened=MONDAY - timedelta(days=3))

    assert decision.refused is None and simulation.last_event(step)["late_report"] is True


def test_a_step_discarded_by_an_operator_changes_nothing_and_is_refused_to_the_agency():
    simulation = dispute_in_state("screened")
    before = deepcopy(simulation.dispute)

    decision = decisions.discard(simulation.dispute, reported_event("dispute.routed", MONDAY))

    assert simulation.dispute == before and decision.transition is None and decision.deadlines == []
    ((event_type, data),) = decision.new_events
    assert (event_type, data["step"], data["state"], data["reason"]["code"]) == ("step.refused", "dispute.routed", "screened", "discarded_by_operator")


def test_steps_after_a_discarded_registration_are_refused():
    assert decisions.discard(None, registered_event()).new_events[0][1]["state"] == "detected"

    decision = decisions.decide(None, reported_event("dispute.screened", MONDAY), MONDAY)

    assert decision.refused == "illegal_here" and decision.transition is None


def test_an_event_of_a_type_without_rules_results_in_an_empty_decision():
    event = registered_event()
    event.type = "dispute.merged"

    decision = decisions.decide(None, event, MONDAY)

    assert (decision.dispute, decision.new_events, decision.transition) == (None, [], None)


# ── The agreement and its terms ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_performance_deadline_is_set_for_the_first_owed_term_and_then_for_the_next_term():
    simulation = dispute_in_state("agreed")
    assert simulation.due_at("performance") == end_of_day(2026, 4, 15)

    part = simulation.report("performance.recorded", result="part")
    assert [type for type, _ in part.new_events] == ["performance.recorded"]
    assert (simulation.state, simulation.due_at("performance")) == ("performing", end_of_day(2026, 4, 15))

    simulation.report("performance.recorded", result="full")
    assert simulation.due_at("performance") == end_of_day(2026, 6, 30)


def test_the_first_performance_deadline_is_of_the_term_with_the_earliest_due_day():
    simulation = dispute_in_state("mediating")
    simulation.report("agreement.reached", terms=[{"kind": "payment", "due_on": "2026-06-30"}, {"kind": "apology", "due_on": "2026-03-20"}])

    assert simulation.due_at("performance") == end_of_day(2026, 3, 20)


def test_a_payment_due_on_a_rest_day_is_due_on_the_next_working_day():
    simulation = dispute_in_state("mediating")
    simulation.report("agreement.reached", terms=[{"kind": "payment", "due_on": "2026-04-04"}])  # a day off (Qingming)

    assert simulation.due_at("performance") == end_of_day(2026, 4, 7)


def test_a_dispute_with_a_term_in_default_closes_as_defaulted():
    simulation = dispute_in_state("agreed")
    assert simulation.report("dispute.archived").refused == "illegal_here"
    simulation.report("performance.recorded", result="default", on="2026-04-16")
    assert simulation.last_change("met", "performance")["late"]
    assert simulation.report("dispute.archived").refused == "illegal_here"  # the second term is still owed

    simulation.report("performance.recorded", term=2, on="2026-06-30")
    simulation.report("dispute.archived")

    assert simulation.last_event("dispute.closed")["outcome"] == "defaulted"


def test_only_full_performance_ends_a_default():
    simulation = dispute_in_state("agreed")
    simulation.report("performance.recorded", result="default", on="2026-04-16")

    simulation.report("performance.recorded", result="part", on="2026-04-20")
    assert [d.key for d in simulation.dispute.deadlines.values() if d.clock == "performance"] == ["performance/2"]

    simulation.report("performance.recorded", result="full", on="2026-05-20")
    simulation.report("performance.recorded", term=2, on="2026-06-20")
    assert simulation.state == "resolved"


def test_performance_of_a_performed_or_unknown_term_is_refused():
    simulation = dispute_in_state("agreed")
    simulation.report("performance.recorded")

    assert simulation.report("performance.recorded").refused == "already_decided"
    unknown = simulation.report("performance.recorded", term=3)
    assert unknown.refused == "unknown_term"
    assert "3" in unknown.new_events[0][1]["reason"]["en"]


def test_an_agreement_performed_on_the_spot_has_only_the_deadline_of_the_follow_up_call():
    simulation = dispute_in_state("mediating")
    simulation.report("agreement.reached", terms=[])
    assert [d.clock for d in simulation.dispute.deadlines.values() if d.clock != "confirmation_apply"] == ["follow_up"]

    simulation.report("dispute.followed_up")
    simulation.report("dispute.archived")

    assert simulation.last_event("dispute.closed")["outcome"] == "settled"


def test_a_dispute_that_the_parties_settle_themselves_is_closed_as_withdrawn():
    simulation = dispute_in_state("mediating")
    simulation.report("mediation.terminated", ground="self_settled_withdrawn")
    simulation.report("dispute.archived")

    assert simulation.last_event("dispute.closed")["outcome"] == "withdrawn"


# ── Approaching, passed and met deadlines ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_deadline_is_published_once_as_approached_and_once_as_passed():
    simulation = dispute_in_state("routed")
    simulation.events.clear()

    simulation.advance_to(MONDAY + timedelta(days=30))

    assert simulation.event_types() == ["deadline.approached", "deadline.passed"]
    assert simulation.last_event("deadline.passed") == {"clock": "referral_answer", "kind": "POLICY", "due_at": end_of_day(2026, 3, 5), "owed_by": (DAMAN,)}


def test_a_deadline_set_after_its_reminder_time_has_no_reminder():
    simulation = dispute_in_state("mediating")
    simulation.report(
        "agreement.reached", terms=[{"kind": "payment", "due_on": "2026-03-03"}]
    )  # due tomorrow; the reminder would be due three days before that
    simulation.events.clear()

    simulation.advance_to(MONDAY + timedelta(days=3))

    assert simulation.event_types() == ["deadline.passed"]


def test_no_event_is_published_for_a_deadline_after_it_was_met():
    simulation = dispute_in_state("accepted")
    simulation.report("consent.given", party="respondent")
    simulation.events.clear()

    simulation.advance_to(MONDAY + timedelta(days=10))

    assert simulation.event_types() == []


def test_checking_a_deadline_that_was_met_gives_an_empty_decision():
    simulation = dispute_in_state("routed")
    deadline = simulation.dispute.deadlines["referral_answer"]
    simulation.report("referral.accepted")

    decision = tracking.check_deadline(simulation.dispute, deadline, MONDAY + timedelta(days=30))

    assert (decision.new_events, decision.deadlines) == ([], [])


def test_a_step_that_happened_in_time_but_is_reported_late_meets_the_passed_deadline_in_time():
    simulation = dispute_in_state("routed")
    simulation.advance_to(MONDAY + timedelta(days=7))
    assert simulation.event_types()[-1] == "deadline.passed"

    simulation.report("referral.accepted", happened=MONDAY + timedelta(days=2))

    met = simulation.last_change("met", "referral_answer")
    assert (met["was_passed"], met["late"]) == (True, False)


def test_a_late_step_meets_its_deadline_late_even_if_the_deadline_was_not_checked_before():
    simulation = dispute_in_state("routed")

    simulation.report("referral.accepted", after=timedelta(days=7))

    met = simulation.last_change("met", "referral_answer")
    assert (met["was_passed"], met["late"]) == (False, True)


def test_a_performance_deadline_is_met_on_the_day_of_performance_not_of_its_report():
    simulation = dispute_in_state("agreed")
    simulation.advance_to(datetime(2026, 4, 20, tzinfo=SHANGHAI))
    assert simulation.last_event("deadline.passed")["clock"] == "performance"

    simulation.report("performance.recorded", on="2026-04-15")

    met = simulation.last_change("met", "performance")
    assert (met["met_at"], met["late"], met["was_passed"]) == (day_start(datetime(2026, 4, 15)), False, True)


def test_a_deadline_that_is_past_when_it_is_set_is_checked_only_after_the_waiting_time_of_the_policy():
    simulation = SimulatedDispute(now=MONDAY + timedelta(days=300))
    simulation.hear(registered_event(MONDAY))
    deadline = simulation.dispute.deadlines["screening"]

    assert deadline.due_at < simulation.now
    assert deadline.next_check_at == simulation.now + USUAL_POLICY.patience
    simulation.report("dispute.screened", after=timedelta(seconds=5), happened=MONDAY + timedelta(hours=2))
    simulation.advance_to(simulation.now + USUAL_POLICY.patience)
    assert ("deadline.passed", "screening") not in [(type, data.get("clock")) for type, data in simulation.events]


# ── Extensions of mediation ───────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_mediation_of_30_days_extended_by_15_days_ends_45_days_after_acceptance():
    simulation = dispute_in_state("mediating")
    assert simulation.due_at(MEDIATION_CLOCK) == end_of_day(2026, 4, 1)

    simulation.report("mediation.extended", days=15)

    assert simulation.due_at(MEDIATION_CLOCK) == end_of_day(2026, 4, 16)
    recomputed = simulation.last_change("recomputed")
    assert (recomputed["because"], recomputed["was_due_at"]) == ("extended", end_of_day(2026, 4, 1))
    assert recomputed["started_at"].date().isoformat() == "2026-03-02"


def test_the_days_of_two_extensions_are_added_before_the_last_day_is_moved_to_a_working_day():
    simulation = dispute_in_state("mediating")
    simulation.report("mediation.extended", days=3)  # day 33 is Saturday 4 April: moved to Tuesday after Qingming
    assert simulation.due_at(MEDIATION_CLOCK) == end_of_day(2026, 4, 7)

    simulation.report("mediation.extended", days=3)  # day 36 is Tuesday 7 April; adding to the moved end would give 10 April

    assert [days for _, days in simulation.dispute.deadlines[MEDIATION_CLOCK].extensions] == [3, 3]
    assert simulation.due_at(MEDIATION_CLOCK) == end_of_day(2026, 4, 7)


def test_an_extension_of_mediation_without_consent_of_all_parties_is_refused():
    assert dispute_in_state("mediating").report("mediation.extended", consents=["applicant"]).refused == "consent_missing_for_extension"


def test_an_extension_of_mediation_agreed_after_the_deadline_is_refused():
    simulation = dispute_in_state("mediating")
    simulation.advance_to(datetime(2026, 4, 3, 9, tzinfo=SHANGHAI))

    refused = simulation.report("mediation.extended")

    assert refused.refused == "extended_too_late"
    assert "2026-04-01" in refused.new_events[0][1]["reason"]["en"]


def test_an_extension_agreed_in_time_but_reported_late_reopens_the_passed_deadline():
    simulation = dispute_in_state("mediating")
    simulation.advance_to(datetime(2026, 4, 3, 9, tzinfo=SHANGHAI))

    simulation.report("mediation.extended", happened=datetime(2026, 3, 31, tzinfo=SHANGHAI))

    assert simulation.dispute.deadlines[MEDIATION_CLOCK].state == "open"
    assert simulation.due_at(MEDIATION_CLOCK) == end_of_day(2026, 4, 16)


# ── Holiday calendars published later ─────────────────────────────────────────────────────────────────────────────────────────────


def test_a_provisional_deadline_is_recomputed_when_the_calendar_of_its_year_is_published():
    start = datetime(2099, 3, 2, 10, tzinfo=SHANGHAI)
    simulation = dispute_in_state("mediating", now=start)
    provisional = simulation.due_at(MEDIATION_CLOCK)
    announced = DeadlinePolicy(Holidays({2099: HolidaySchedule(off=(provisional.date(),), made_up=())}))

    decision = tracking.recompute_deadlines(simulation.dispute, start + timedelta(days=1), announced, {"calendar"})

    assert [type for type, _ in decision.new_events] == ["deadline.recomputed"]
    assert simulation.due_at(MEDIATION_CLOCK) > provisional


def test_a_deadline_moved_by_a_new_calendar_is_recomputed_instead_of_passed():
    start = datetime(2099, 3, 2, 10, tzinfo=SHANGHAI)
    simulation = dispute_in_state("mediating", now=start)
    deadline = simulation.dispute.deadlines[MEDIATION_CLOCK]
    announced = DeadlinePolicy(Holidays({2099: HolidaySchedule(off=(deadline.due_at.date(),), made_up=())}))

    decision = tracking.check_deadline(simulation.dispute, deadline, deadline.due_at + timedelta(seconds=1), announced)

    assert [type for type, _ in decision.new_events] == ["deadline.recomputed"]
    assert deadline.state == "open"


def test_a_holiday_added_within_a_published_year_moves_deadlines_set_by_law_and_by_the_county():
    simulation = dispute_in_state("agreed")  # confirmation_apply (LAW) and performance (POLICY) are running
    before = {deadline.key: deadline.due_at for deadline in simulation.dispute.deadlines.values()}
    added = DeadlinePolicy(Holidays({2026: HolidaySchedule(off={due.date() for due in before.values()}, made_up=())}))

    decision = tracking.recompute_deadlines(simulation.dispute, simulation.now, added, {"calendar"})

    assert {data["kind"] for _, data in decision.new_events} >= {"LAW", "POLICY"}
    assert {data["because"] for _, data in decision.new_events} == {"calendar"}
    assert all(deadline.due_at > before[deadline.key] for deadline in simulation.dispute.deadlines.values())


def test_a_changed_period_of_the_county_moves_the_countys_deadlines_but_none_set_by_law():
    simulation = dispute_in_state("registered")
    longer = DeadlinePolicy(county=apply_county_periods({"screening": {"working_days": 3, "kind": "LOCAL_RULE"}}))

    decision = tracking.recompute_deadlines(simulation.dispute, simulation.now, longer, {"county_period"})

    ((event_type, data),) = decision.new_events
    assert (event_type, data["clock"], data["kind"], data["because"]) == ("deadline.recomputed", "screening", "LOCAL_RULE", "county_period")
    assert simulation.due_at("screening") == end_of_day(2026, 3, 5)  # registered on Monday 2 March: three working days
    assert tracking.recompute_deadlines(simulation.dispute, simulation.now, longer, {"county_period", "calendar"}).new_events == []


def test_a_passed_deadline_that_moves_into_the_future_is_open_again_and_one_that_does_not_stays_passed():
    simulation = dispute_in_state("registered")
    simulation.advance_to(datetime(2026, 3, 5, 9, tzinfo=SHANGHAI))
    assert simulation.dispute.deadlines["screening"].state == "passed"

    for days, state in ((2, "passed"), (5, "open")):
        longer = DeadlinePolicy(county=apply_county_periods({"screening": {"working_days": days}}))
        ((_, data),) = tracking.recompute_deadlines(simulation.dispute, simulation.now, longer, {"county_period"}).new_events
        assert (simulation.dispute.deadlines["screening"].state, data.get("passed", False)) == (state, state == "passed")


def test_an_extension_granted_within_the_former_limit_is_not_cut_when_the_county_shortens_the_limit():
    simulation = dispute_in_state("filed")
    for step in ("case.entrusted", "referral.accepted", "consent.given"):
        simulation.report(step)
    simulation.report("consent.given", party="respondent")
    simulation.report("mediation.started")
    assert simulation.report("mediation.extended", days=25).refused is None
    due_at = simulation.due_at("mediation_entrusted_simplified")

    shorter = DeadlinePolicy(county=apply_county_periods({"mediation_extension": {"days": 10}}))
    tracking.recompute_deadlines(simulation.dispute, simulation.now, shorter, {"county_period", "calendar"})

    assert simulation.due_at("mediation_entrusted_simplified") == due_at


def test_fold_raises_broken_history_if_a_step_is_missing():
    simulation = dispute_in_state("mediating")
    assert decisions.fold(simulation.history) == "mediating"

    with pytest.raises(decisions.BrokenHistory):
        decisions.fold(simulation.history[:2] + simulation.history[3:])
