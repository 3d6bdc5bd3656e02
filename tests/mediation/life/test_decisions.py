"""What becomes of a dispute when agencies say this and that, and when nobody says anything? Histories, then one question about each."""

from copy import deepcopy
from datetime import datetime, timedelta

import pytest

from contracts.dates import SHANGHAI
from scenarios.course import COURSE
from services.mediation.deadlines import tracking
from services.mediation.law.dates import day_start
from services.mediation.law.holidays import Arrangement, Holidays
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy
from services.mediation.life import decisions
from tests.mediation.lives import CENTRE, COURT, DAMAN, MONDAY, WOMEN, XIJIE, Life, life_until, registered, reported

MEDIATION = "mediation_out_of_court_policy"


def end_of(year, month, day):
    return datetime(year, month, day, 23, 59, 59, tzinfo=SHANGHAI)


# ── The straight road ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_dispute_goes_from_its_registration_to_its_closure():
    life = Life()
    life.begins()
    for step, facts in COURSE:
        assert life.says(step, **facts).refused is None, step

    assert life.state == "closed"
    assert life.last("dispute.closed") == {"state": "closed", "outcome": "performed"}
    assert life.dispute.deadlines == {}
    assert life.dispute.steps == len(COURSE) + 1 == len(life.history)


def test_a_registration_takes_effect_as_the_report_it_came_from():
    life = Life()
    life.begins()

    assert life.words() == ["step.applied", "deadline.set"]
    assert life.last("step.applied")["step"] == "dispute.reported"
    assert life.last("deadline.set")["due_at"] == end_of(2026, 3, 3)
    assert life.last("deadline.set")["owed_by"] == (CENTRE,)


def test_a_step_says_its_fact_then_that_it_applied_then_what_it_did_to_the_clocks():
    life = life_until("routed")
    life.said.clear()

    life.says("referral.accepted")

    assert life.words() == ["referral.accepted", "step.applied", "deadline.met", "deadline.set", "deadline.set"]
    fact = life.last("referral.accepted")
    assert (fact["before"], fact["state"], fact["next_actors"], fact["mediator"]) == ("routed", "accepted", (DAMAN,), "daman-014")


def test_a_step_that_was_only_noted_is_in_the_history_and_starts_no_clock():
    life = life_until("mediating")
    due = life.due(MEDIATION)

    decision = life.says("session.held")

    assert decision.transition == ("mediating", "mediating", life.dispute.steps)
    assert [type for type, _ in decision.said] == ["session.held", "step.applied"]
    assert life.due(MEDIATION) == due


def test_a_second_look_at_a_dispute_gives_nobody_more_time():
    life = life_until("screened")
    due = life.due("routing")

    decision = life.says("dispute.screened", agency=WOMEN, after=timedelta(hours=30))

    assert [type for type, _ in decision.said] == ["dispute.screened", "step.applied"]
    assert life.due("routing") == due


def test_the_same_agency_reports_a_known_dispute_again_and_nothing_moves():
    life = life_until("mediating")

    decision = life.says("dispute.reported", agency=WOMEN)

    assert [type for type, _ in decision.said] == ["step.applied"]
    assert life.state == "mediating"


# ── Who may, and when ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("step", ["referral.accepted", "referral.declined"])
def test_only_the_body_asked_answers_the_referral(step):
    life = life_until("routed")

    assert life.says(step, agency=XIJIE).refused == "not_the_body_asked"
    assert life.says(step, agency=DAMAN).refused is None


def test_a_declined_referral_goes_back_to_the_centre_and_on_to_another_body():
    life = life_until("referral_declined")
    assert life.last("referral.declined")["next_actors"] == (CENTRE,)
    assert life.due("routing")

    life.says("dispute.routed", to=XIJIE, reason="after_decline")

    assert life.says("referral.accepted", agency=DAMAN).refused == "not_the_body_asked"
    assert life.says("referral.accepted", agency=XIJIE).refused is None


def test_silence_lets_the_centre_ask_another_body_which_has_its_own_three_days():
    life = life_until("routed")
    life.until(MONDAY + timedelta(days=7))
    assert life.last("deadline.passed")["owed_by"] == (DAMAN,)

    life.says("dispute.routed", to=XIJIE, reason="after_no_answer")  # Monday 9 March

    assert life.due("referral_answer") == end_of(2026, 3, 12)
    assert life.last("deadline.set")["owed_by"] == (XIJIE,)


def test_a_body_with_a_conflict_of_interest_takes_it_only_when_all_parties_agree():
    life = life_until("routed")

    assert life.says("referral.accepted", conflict_of_interest=True).refused == "conflict_of_interest"
    assert life.says("referral.accepted", conflict_of_interest=True, agreed_after_disclosure=True).refused is None


def test_mediation_starts_only_when_both_sides_consented():
    life = life_until("consent_pending")

    refused = life.says("mediation.started")
    life.says("consent.given", party="respondent")

    assert refused.refused == "consent_missing"
    assert "人民调解法第17条" in refused.said[0][1]["reason"]["zh"]
    assert life.says("mediation.started").refused is None


def test_every_party_on_record_has_to_consent():
    life = life_until("consent_pending", party_labels=["applicant", "respondent", "respondent-2"])
    life.says("consent.given", party="respondent")

    assert life.says("mediation.started").refused == "consent_missing"

    life.says("consent.given", party="respondent-2")
    assert life.says("mediation.started").refused is None


@pytest.mark.parametrize("state", ["accepted", "consent_pending", "mediating"])
def test_one_clear_refusal_ends_it_at_any_time(state):
    life = life_until(state)
    life.says("consent.refused")
    life.says("dispute.archived")

    assert life.last("dispute.closed")["outcome"] == "consent_refused"


def test_a_dispute_that_is_not_suitable_is_closed_and_not_sent_to_a_body():
    life = life_until("registered")
    life.says("dispute.screened", suitable=False)

    assert life.says("dispute.routed").refused == "not_suitable_for_mediation"
    assert life.says("dispute.archived", agency=CENTRE).refused is None
    assert life.last("dispute.closed")["outcome"] == "not_suitable"


def test_a_suitable_dispute_cannot_be_put_away_before_anybody_mediated():
    assert life_until("screened").says("dispute.archived", agency=CENTRE).refused == "illegal_here"


def test_another_body_cannot_speak_for_the_one_that_mediates_but_the_court_can():
    life = life_until("mediating")

    assert life.says("session.held", agency=XIJIE).refused == "not_the_mediating_body"
    assert life.says("session.held", agency=COURT, mode="court_visit").refused is None
    assert life.says("agreement.reached", agency=COURT).refused == "not_yours_to_say"


def test_a_step_that_has_not_happened_yet_is_refused_but_a_clock_five_minutes_fast_is_forgiven():
    life = life_until("registered")

    assert life.says("dispute.screened", happened=life.now + timedelta(hours=2)).refused == "in_the_future"
    assert life.says("dispute.screened", happened=life.now + timedelta(hours=1, minutes=4)).refused is None


def test_an_agency_may_report_late_what_it_did_before_the_registration():
    life = life_until("registered")

    assert life.says("dispute.screened", happened=MONDAY - timedelta(days=2)).refused is None


def test_what_a_person_discards_changes_nothing_and_the_agency_is_told():
    life = life_until("screened")
    before = deepcopy(life.dispute)

    decision = decisions.discard(life.dispute, reported("dispute.routed", MONDAY))

    assert life.dispute == before and decision.transition is None and decision.deadlines == []
    ((word, data),) = decision.said
    assert (word, data["step"], data["state"], data["reason"]["code"]) == ("step.refused", "dispute.routed", "screened", "discarded_by_operator")


def test_after_a_discarded_registration_no_step_is_possible():
    assert decisions.discard(None, registered()).said[0][1]["state"] == "detected"

    decision = decisions.decide(None, reported("dispute.screened", MONDAY), MONDAY)

    assert decision.refused == "illegal_here" and decision.transition is None


def test_an_event_that_has_no_rule_here_decides_nothing():
    merged = registered()
    merged.type = "dispute.merged"

    decision = decisions.decide(None, merged, MONDAY)

    assert (decision.dispute, decision.said, decision.transition) == (None, [], None)


# ── The agreement and its terms ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_term_that_is_due_first_has_a_deadline_and_then_the_next():
    life = life_until("agreed")
    assert life.due("performance") == end_of(2026, 4, 15)

    part = life.says("performance.recorded", result="part")
    assert [type for type, _ in part.said] == ["performance.recorded", "step.applied"]
    assert (life.state, life.due("performance")) == ("performing", end_of(2026, 4, 15))

    life.says("performance.recorded", result="full")
    assert life.due("performance") == end_of(2026, 6, 30)


def test_terms_are_taken_in_the_order_of_their_days_not_of_the_document():
    life = life_until("mediating")
    life.says("agreement.reached", terms=[{"kind": "payment", "due_on": "2026-06-30"}, {"kind": "apology", "due_on": "2026-03-20"}])

    assert life.due("performance") == end_of(2026, 3, 20)


def test_a_payment_due_on_a_rest_day_is_in_time_on_the_next_working_day():
    life = life_until("mediating")
    life.says("agreement.reached", terms=[{"kind": "payment", "due_on": "2026-04-04"}])  # Qingming

    assert life.due("performance") == end_of(2026, 4, 7)


def test_a_default_leaves_the_agreement_unkept_and_the_dispute_closes_as_that():
    life = life_until("agreed")
    assert life.says("dispute.archived").refused == "illegal_here"
    life.says("performance.recorded", result="default", on="2026-04-16")
    assert life.last("deadline.met", "performance")["late"]
    assert life.says("dispute.archived").refused == "illegal_here"  # the second term is still owed

    life.says("performance.recorded", term=2, on="2026-06-30")
    life.says("dispute.archived")

    assert life.last("dispute.closed")["outcome"] == "defaulted"


def test_after_a_default_only_the_whole_mends_it():
    life = life_until("agreed")
    life.says("performance.recorded", result="default", on="2026-04-16")

    life.says("performance.recorded", result="part", on="2026-04-20")
    assert [d.key for d in life.dispute.deadlines.values() if d.clock == "performance"] == ["performance/2"]

    life.says("performance.recorded", result="full", on="2026-05-20")
    life.says("performance.recorded", term=2, on="2026-06-20")
    assert life.state == "resolved"


def test_a_term_cannot_be_performed_twice_or_be_one_that_nobody_agreed():
    life = life_until("agreed")
    life.says("performance.recorded")

    assert life.says("performance.recorded").refused == "already_decided"
    unknown = life.says("performance.recorded", term=3)
    assert unknown.refused == "unknown_term"
    assert "3" in unknown.said[0][1]["reason"]["en"]


def test_an_agreement_performed_on_the_spot_waits_for_a_call_back_only():
    life = life_until("mediating")
    life.says("agreement.reached", terms=[])
    assert [d.clock for d in life.dispute.deadlines.values() if d.clock != "confirmation_apply"] == ["follow_up"]

    life.says("dispute.followed_up")
    life.says("dispute.archived")

    assert life.last("dispute.closed")["outcome"] == "settled"


def test_parties_who_settled_among_themselves_withdrew():
    life = life_until("mediating")
    life.says("mediation.terminated", ground="self_settled_withdrawn")
    life.says("dispute.archived")

    assert life.last("dispute.closed")["outcome"] == "withdrawn"


# ── Time ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_deadline_comes_near_then_passes_each_once():
    life = life_until("routed")
    life.said.clear()

    life.until(MONDAY + timedelta(days=30))

    assert life.words() == ["deadline.approached", "deadline.passed"]
    assert life.last("deadline.passed") == {"clock": "referral_answer", "kind": "POLICY", "due_at": end_of(2026, 3, 5), "owed_by": (DAMAN,)}


def test_who_was_just_told_of_a_near_deadline_is_not_reminded_of_it_too():
    life = life_until("mediating")
    life.says("agreement.reached", terms=[{"kind": "payment", "due_on": "2026-03-03"}])  # tomorrow; the reminder is three days ahead
    life.said.clear()

    life.until(MONDAY + timedelta(days=3))

    assert life.words() == ["deadline.passed"]


def test_nobody_is_told_of_a_deadline_that_was_met():
    life = life_until("accepted")
    life.says("consent.given", party="respondent")
    life.said.clear()

    life.until(MONDAY + timedelta(days=10))

    assert life.words() == []


def test_time_asks_again_whether_the_clock_still_runs():
    life = life_until("routed")
    deadline = life.dispute.deadlines["referral_answer"]
    life.says("referral.accepted")

    decision = tracking.time_passes(life.dispute, deadline, MONDAY + timedelta(days=30))

    assert (decision.said, decision.deadlines) == ([], [])


def test_a_step_that_happened_in_time_and_arrives_late_takes_the_overdue_back_openly():
    life = life_until("routed")
    life.until(MONDAY + timedelta(days=7))
    assert life.words()[-1] == "deadline.passed"

    life.says("referral.accepted", happened=MONDAY + timedelta(days=2))

    met = life.last("deadline.met", "referral_answer")
    assert (met["was_passed"], met["late"]) == (True, False)


def test_a_step_that_happened_too_late_is_late_even_if_time_had_not_asked_yet():
    life = life_until("routed")

    life.says("referral.accepted", after=timedelta(days=7))

    met = life.last("deadline.met", "referral_answer")
    assert (met["was_passed"], met["late"]) == (False, True)


def test_the_day_of_performance_counts_and_not_the_day_on_which_it_was_reported():
    life = life_until("agreed")
    life.until(datetime(2026, 4, 20, tzinfo=SHANGHAI))
    assert life.last("deadline.passed")["clock"] == "performance"

    life.says("performance.recorded", on="2026-04-15")

    met = life.last("deadline.met", "performance")
    assert (met["met_at"], met["late"], met["was_passed"]) == (day_start(datetime(2026, 4, 15)), False, True)


def test_history_loaded_in_bulk_gets_patience_before_anything_is_called_overdue():
    life = Life(now=MONDAY + timedelta(days=300))
    life._hears(registered(MONDAY))
    deadline = life.dispute.deadlines["screening"]

    assert deadline.due_at < life.now
    assert deadline.next_check_at == life.now + USUAL_POLICY.patience
    life.says("dispute.screened", after=timedelta(seconds=5), happened=MONDAY + timedelta(hours=2))
    life.until(life.now + USUAL_POLICY.patience)
    assert ("deadline.passed", "screening") not in [(type, data.get("clock")) for type, data in life.said]


# ── More time ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_thirty_days_from_acceptance_and_consent_makes_them_forty_five_counted_once_from_the_start():
    life = life_until("mediating")
    assert life.due(MEDIATION) == end_of(2026, 4, 1)

    life.says("mediation.extended", days=15)

    assert life.due(MEDIATION) == end_of(2026, 4, 16)
    recomputed = life.last("deadline.recomputed")
    assert (recomputed["because"], recomputed["was_due_at"]) == ("extended", end_of(2026, 4, 1))
    assert recomputed["started_at"].date().isoformat() == "2026-03-02"


def test_a_second_extension_is_added_to_the_first_and_the_end_moves_once():
    life = life_until("mediating")
    life.says("mediation.extended", days=3)  # 33rd day is Sat 4 April: Tuesday after Qingming
    assert life.due(MEDIATION) == end_of(2026, 4, 7)

    life.says("mediation.extended", days=3)  # day 36 is Tuesday 7 April, not 10 April

    assert [days for _, days in life.dispute.deadlines[MEDIATION].extensions] == [3, 3]
    assert life.due(MEDIATION) == end_of(2026, 4, 7)


def test_more_time_needs_everybodys_consent():
    assert life_until("mediating").says("mediation.extended", consents=["applicant"]).refused == "consent_missing_for_extension"


def test_consent_given_after_the_end_does_not_extend():
    life = life_until("mediating")
    life.until(datetime(2026, 4, 3, 9, tzinfo=SHANGHAI))

    refused = life.says("mediation.extended")

    assert refused.refused == "extended_too_late"
    assert "2026-04-01" in refused.said[0][1]["reason"]["en"]


def test_consent_given_in_time_and_reported_late_reopens_the_deadline():
    life = life_until("mediating")
    life.until(datetime(2026, 4, 3, 9, tzinfo=SHANGHAI))

    life.says("mediation.extended", happened=datetime(2026, 3, 31, tzinfo=SHANGHAI))

    assert life.dispute.deadlines[MEDIATION].state == "open"
    assert life.due(MEDIATION) == end_of(2026, 4, 16)


# ── A year whose arrangement is published later ───────────────────────────────────────────────────────────────────────────────────


def test_a_provisional_date_is_counted_again_when_the_year_is_announced():
    begun = datetime(2099, 3, 2, 10, tzinfo=SHANGHAI)
    life = life_until("mediating", now=begun)
    provisional = life.due(MEDIATION)
    announced = DeadlinePolicy(Holidays({2099: Arrangement(off=(provisional.date(),), made_up=())}))

    decision = tracking.recompute(life.dispute, begun + timedelta(days=1), announced)

    assert [type for type, _ in decision.said] == ["deadline.recomputed"]
    assert life.due(MEDIATION) > provisional


def test_time_does_not_call_overdue_what_the_new_arrangement_moved():
    begun = datetime(2099, 3, 2, 10, tzinfo=SHANGHAI)
    life = life_until("mediating", now=begun)
    deadline = life.dispute.deadlines[MEDIATION]
    announced = DeadlinePolicy(Holidays({2099: Arrangement(off=(deadline.due_at.date(),), made_up=())}))

    decision = tracking.time_passes(life.dispute, deadline, deadline.due_at + timedelta(seconds=1), announced)

    assert [type for type, _ in decision.said] == ["deadline.recomputed"]
    assert deadline.state == "open"


def test_a_history_with_a_missing_step_is_not_folded():
    life = life_until("mediating")
    assert decisions.fold(life.history) == "mediating"

    with pytest.raises(decisions.BrokenHistory):
        decisions.fold(life.history[:2] + life.history[3:])
