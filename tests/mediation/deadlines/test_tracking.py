"""Which clocks run for a dispute, and what happens to them? Stories; the days are counted by hand from the statutes and the arrangements of 2026."""

from datetime import datetime, timedelta

import orjson
import pytest

from contracts.dates import SHANGHAI
from services.mediation import store
from services.mediation.deadlines import tracking
from services.mediation.dispute import hold
from services.mediation.dispute.model import Deadline
from services.mediation.law import dates
from services.mediation.law.county_periods import county
from services.mediation.law.periods import LAW, RULES
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy
from tests.mediation.lives import COURT, DAMAN, MONDAY, PETITIONS, Life, life_until, reported

MEDIATION = "mediation_out_of_court_policy"


def at(month, day, hour=9, year=2026):
    return datetime(year, month, day, hour, tzinfo=SHANGHAI)


def end_of(month, day, year=2026):
    return datetime(year, month, day, 23, 59, 59, tzinfo=SHANGHAI)


def on(life, day, step, agency=None, **facts):
    """The step happens and is told on that day; time passes until then."""
    life.until(day)
    return life.reports(step, agency, after=timedelta(0), **facts)


def clocks(life):
    return sorted(deadline.clock for deadline in life.dispute.deadlines.values())


def filed(procedure="simplified", kind="family"):
    """A case that the court registered on Wednesday 22 April 2026."""
    life = life_until("terminated", kind=kind)
    on(life, at(4, 22), "case.filed", procedure=procedure)
    return life


def entrusted(procedure):
    """… and entrusted to Daman, which signed for it on Monday 27 April."""
    life = filed(procedure)
    on(life, at(4, 24), "case.entrusted", procedure=procedure)
    on(life, at(4, 27), "referral.accepted")
    return life


def mediating_in_court(procedure):
    life = entrusted(procedure)
    for step, facts in (("consent.given", {}), ("consent.given", {"party": "respondent"}), ("mediator.agreed", {}), ("mediation.started", {})):
        on(life, at(4, 28), step, **facts)
    return life


# ── Appraisals ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_an_appraisal_stops_mediation_outside_court_and_its_days_are_left_out():
    life = life_until("mediating")  # accepted on Monday 2 March: until 1 April
    on(life, at(3, 10), "clock.paused")
    assert life.last("deadline.recomputed")["because"] == "paused"

    on(life, at(3, 20), "clock.resumed")

    assert life.due(MEDIATION) == end_of(4, 13)  # 11 to 20 March are left out: Saturday 11 April
    assert (life.last("deadline.recomputed")["because"], life.last("deadline.recomputed")["was_due_at"]) == ("resumed", end_of(4, 1))


def test_while_an_appraisal_goes_on_nothing_comes_near_and_nothing_passes():
    life = life_until("mediating")
    on(life, at(3, 10), "clock.paused")
    life.said.clear()

    life.until(at(6, 1))
    on(life, at(6, 1), "clock.resumed")

    assert "deadline.passed" not in life.words() and "deadline.approached" not in life.words()
    assert life.due(MEDIATION) == end_of(6, 23)  # eight days were over on 10 March, 22 are left


def test_an_appraisal_told_late_takes_the_overdue_back():
    life = life_until("mediating")
    life.until(at(4, 3))
    assert life.last("deadline.passed")["clock"] == MEDIATION

    life.reports("clock.paused", happened=at(3, 30))

    assert life.last("deadline.recomputed")["because"] == "paused"
    assert life.dispute.deadlines[MEDIATION].state == "open"


def test_an_appraisal_begun_after_the_end_changes_nothing():
    life = life_until("mediating")
    on(life, at(4, 3), "clock.paused")

    assert life.dispute.deadlines[MEDIATION].state == "passed"
    assert life.due(MEDIATION) == end_of(4, 1)


def test_after_filing_an_appraisal_stops_the_trial_limit_and_not_mediation():
    life = mediating_in_court("ordinary")
    assert (life.due("mediation_entrusted_ordinary"), life.due("trial_ordinary")) == (end_of(5, 12), end_of(10, 22))

    on(life, at(4, 30), "clock.paused")
    on(life, at(5, 8), "clock.resumed")

    assert life.due("mediation_entrusted_ordinary") == end_of(5, 12)
    assert life.due("trial_ordinary") == end_of(10, 30)  # 1 to 8 May are left out


def test_the_president_may_give_a_trial_more_months_once():
    life = filed("ordinary")
    assert life.due("trial_ordinary") == end_of(10, 22)

    assert on(life, at(9, 1), "trial.extended", months=7).refused == "leave_too_long"
    assert on(life, at(9, 1), "trial.extended", months=6).refused is None
    assert life.due("trial_ordinary") == end_of(4, 22, year=2027)
    assert life.reports("trial.extended", months=1).refused == "leave_given_before"


def test_a_simplified_trial_gets_one_month_more():
    life = filed("simplified")

    assert on(life, at(5, 11), "trial.extended", months=2).refused == "leave_too_long"
    assert on(life, at(5, 11), "trial.extended", months=1).refused is None
    assert life.due("trial_simplified") == end_of(8, 24)  # Saturday 22 August


def test_no_leave_lengthens_what_does_not_run():
    assert life_until("mediating").reports("trial.extended").refused == "not_on_a_docket"


# ── Suspended, and gone on with ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_mediation_that_goes_on_after_a_suspicion_has_what_was_left_of_its_time():
    life = life_until("mediating")  # accepted on Monday 2 March: until 1 April
    on(life, at(3, 10), "mediation.suspended")
    assert life.last("deadline.recomputed")["because"] == "suspended"
    life.said.clear()

    life.until(at(6, 1))
    on(life, at(6, 1), "mediation.resumed", COURT)

    assert "deadline.passed" not in life.words() and "deadline.approached" not in life.words()
    assert life.due(MEDIATION) == end_of(6, 23)  # eight days were over on 10 March, 22 are left
    assert life.last("deadline.recomputed")["because"] == "went_on"


def test_entrusted_mediation_too_while_the_trial_limit_runs():
    life = mediating_in_court("ordinary")  # signed for on 27 April: until 12 May
    on(life, at(4, 30), "mediation.suspended")
    on(life, at(5, 20), "mediation.resumed", COURT)

    assert life.due("mediation_entrusted_ordinary") == end_of(6, 1)  # three days were over, twelve are left
    assert life.due("trial_ordinary") == end_of(10, 22)


def test_what_was_suspended_and_fails_is_met_as_ever_and_nobody_is_late():
    life = life_until("mediating")
    on(life, at(3, 10), "mediation.suspended")
    on(life, at(5, 10), "mediation.terminated", ground="other_obstacle")

    assert life.last("deadline.met", MEDIATION)["late"] is False


def test_an_appraisal_ends_with_the_suspension_that_came_over_it():
    life = life_until("mediating")
    on(life, at(3, 10), "clock.paused")
    on(life, at(5, 10), "mediation.suspended")
    on(life, at(6, 1), "mediation.resumed", COURT)

    assert life.due(MEDIATION) == end_of(6, 23)  # from 11 March to 1 June no day counts, and none counts twice
    assert not life.dispute.deadlines[MEDIATION].paused


def test_a_trial_goes_on_when_the_case_leaves_the_appraisal_behind():
    life = mediating_in_court("ordinary")
    on(life, at(4, 30), "clock.paused")
    on(life, at(5, 8), "mediation.terminated")

    assert (life.state, life.due("trial_ordinary")) == ("court_track", end_of(10, 30))  # 1 to 8 May are left out


# ── The court ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_court_tells_in_one_word_when_it_received_and_when_it_decided():
    life = filed()

    set_, met = life.last("deadline.set", "filing_decision"), life.last("deadline.met", "filing_decision")
    assert (set_["due_at"], set_["owed_by"]) == (end_of(4, 27), (COURT,))  # received on the 20th
    assert (met["late"], met["was_passed"]) == (False, False)


def test_a_filing_decided_on_the_eighth_day_is_late():
    life = life_until("terminated")
    on(life, at(4, 28), "case.filed", received_on="2026-04-20", decided_on="2026-04-28")

    assert life.last("deadline.met", "filing_decision")["late"]


def test_a_correction_handed_in_begins_the_seven_days_anew():
    life = life_until("registered")
    on(life, at(3, 3), "dispute.screened", track="B", court_received_on="2026-03-02")
    on(life, at(3, 12), "papers.received", reason="correction", on="2026-03-11")
    assert life.due("filing_decision") == end_of(3, 18)

    on(life, at(3, 18), "case.filed", received_on="2026-03-02", decided_on="2026-03-18")

    assert not life.last("deadline.met", "filing_decision")["late"]


@pytest.mark.parametrize("known", [True, False])
def test_a_court_that_tells_of_the_correction_with_its_decision_is_in_time_too(known):
    life = life_until("registered")
    on(life, at(3, 3), "dispute.screened", **({"track": "B", "court_received_on": "2026-03-02"} if known else {}))
    on(life, at(3, 18), "case.filed", received_on="2026-03-02", restarted_on="2026-03-11", decided_on="2026-03-18")

    assert not life.last("deadline.met", "filing_decision")["late"]


def test_papers_that_belong_to_no_running_clock_begin_nothing():
    assert life_until("screened").reports("papers.received").refused == "nothing_to_restart"


def test_a_claim_known_to_be_at_the_court_has_its_seven_days_before_anybody_decides():
    life = life_until("registered")
    on(life, at(3, 3), "dispute.screened", track="B", court_received_on="2026-03-02")
    assert life.due("filing_decision") == end_of(3, 9)

    on(life, at(3, 12), "case.filed", received_on="2026-03-02", decided_on="2026-03-09")

    met = life.last("deadline.met", "filing_decision")
    assert (met["late"], met["was_passed"]) == (False, True)  # decided in time, told late: taken back openly
    assert life.words().count("deadline.met") == len([1 for word, data in life.said if word == "deadline.met"])
    assert "filing_decision" not in clocks(life)


def test_the_trial_limit_runs_from_the_filing_and_another_procedure_keeps_that_day():
    life = filed("simplified")
    assert life.due("trial_simplified") == end_of(7, 22)

    on(life, at(5, 20), "case.procedure_set", procedure="ordinary")

    assert life.last("deadline.stopped")["clock"] == "trial_simplified"
    assert life.due("trial_ordinary") == end_of(10, 22)
    assert life.last("deadline.set", "trial_ordinary")["started_at"].date() == at(4, 22).date()


@pytest.mark.parametrize(
    ("procedure", "clock", "due"),
    [
        ("ordinary", "mediation_entrusted_ordinary", end_of(5, 12)),
        ("simplified", "mediation_entrusted_simplified", end_of(5, 6)),  # 4 May is in the break
        ("fast_track", "mediation_entrusted_simplified", end_of(5, 6)),
    ],
)
def test_entrusted_mediation_has_the_days_of_its_procedure(procedure, clock, due):
    life = entrusted(procedure)

    assert life.due(clock) == due
    assert MEDIATION not in clocks(life)
    assert life.last("deadline.set", clock)["kind"] == "LAW"


def test_entrusted_mediation_is_extended_once_by_thirty_days_at_most():
    life = mediating_in_court("ordinary")
    assert on(life, at(5, 6), "mediation.extended", days=31).refused == "extension_too_long"

    on(life, at(5, 6), "mediation.extended", days=30)

    assert life.due("mediation_entrusted_ordinary") == end_of(6, 11)  # 45 days from 27 April
    assert on(life, at(5, 20), "mediation.extended", days=5).refused == "extended_before"


def test_when_entrusted_mediation_fails_the_trial_goes_on_and_what_was_added_is_no_part_of_its_limit():
    life = mediating_in_court("ordinary")
    on(life, at(5, 12), "mediation.extended", days=30)

    on(life, at(6, 1), "mediation.terminated")

    assert life.state == "court_track"
    assert life.last("deadline.met", "mediation_entrusted_ordinary")["late"] is False
    assert life.due("trial_ordinary") == end_of(11, 11)  # 13 May to 1 June, twenty days, after 22 October


def test_the_trial_limit_goes_through_mediation_that_was_not_extended():
    life = mediating_in_court("ordinary")
    on(life, at(5, 8), "mediation.terminated")

    assert life.due("trial_ordinary") == end_of(10, 22)


def test_a_claim_of_before_the_switch_runs_on_the_old_docket_to_its_end():
    life = Life(now=at(12, 30, year=2024))
    life.begins()
    life.reports("dispute.screened", track="legacy", court_received_on="2024-12-30")
    life.reports("dispute.routed", agency=COURT)
    on(life, at(1, 3, year=2025), "referral.accepted")

    assert life.due("mediation_delegated_legacy") == end_of(2, 5, year=2025)  # 2 February, Spring Festival until the 4th
    again = Deadline("mediation_delegated_legacy", "mediation_delegated_legacy", "LAW", at(1, 3, year=2025), end_of(2, 5, year=2025), (DAMAN,), life.now)
    again.opened_at = life.dispute.deadlines["mediation_delegated_legacy"].opened_at
    assert tracking._computed(again, USUAL_POLICY).last_moment == end_of(2, 5, year=2025)  # read back from its row it is still allowed


# ── Confirmation ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def agreed_on(day, effective_on):
    life = life_until("mediating", now=day - timedelta(days=1))
    on(life, day, "agreement.reached", effective_on=effective_on, terms=[{"kind": "payment", "due_on": "2026-08-31", "amount_cny": "1.00"}])
    return life


def test_an_agreement_can_be_confirmed_on_the_thirtieth_day():
    life = agreed_on(at(3, 5), "2026-03-05")
    assert life.due("confirmation_apply") == end_of(4, 7)  # Saturday 4 April, Qingming

    assert on(life, at(4, 7, hour=20), "confirmation.applied", applied_on="2026-04-07").refused is None

    assert life.last("deadline.met", "confirmation_apply")["late"] is False


def test_on_the_thirty_first_it_has_lapsed_and_nobody_is_overdue():
    life = agreed_on(at(3, 2), "2026-03-02")
    life.until(at(4, 2))

    passed = life.last("deadline.passed", "confirmation_apply")
    assert (passed["due_at"], passed["lapsed"], passed["kind"]) == (end_of(4, 1), True, "LAW")
    assert life.state == "performing" and "confirmation.lapsed" in life.words()
    assert life.reports("confirmation.applied", applied_on="2026-04-02").refused == "applied_too_late"


def test_an_application_of_the_thirtieth_day_that_is_told_on_the_thirty_third_is_in_time():
    life = agreed_on(at(3, 2), "2026-03-02")
    life.until(at(4, 3))

    assert life.reports("confirmation.applied", applied_on="2026-04-01").refused is None

    met = life.last("deadline.met", "confirmation_apply")
    assert (met["late"], met["was_passed"]) == (False, True)


def test_the_court_has_three_days_to_accept_fifteen_to_decide_and_thirty_at_most():
    life = life_until("agreed", now=at(3, 2))
    on(life, at(3, 16), "confirmation.applied", applied_on="2026-03-16")
    assert life.due("confirmation_accept") == end_of(3, 19)

    on(life, at(3, 19), "confirmation.accepted")

    assert (life.due("confirmation_decide"), life.due("confirmation_decide_outer")) == (end_of(4, 3), end_of(4, 20))  # 18 April is a Saturday
    on(life, at(4, 8), "confirmation.granted")
    assert life.last("deadline.met", "confirmation_decide")["late"] and not life.last("deadline.met", "confirmation_decide_outer")["late"]
    assert life.due("enforcement_apply") == end_of(6, 30, year=2028)  # two years after the last instalment


def test_what_may_not_be_confirmed_has_no_such_clock():
    life = life_until("mediating")
    on(life, at(3, 4), "agreement.reached", confirmable=False)

    assert "confirmation_apply" not in clocks(life)


def test_after_a_withdrawal_what_is_left_of_the_thirty_days_is_left():
    life = agreed_on(at(3, 2), "2026-03-02")
    on(life, at(3, 10), "confirmation.applied", applied_on="2026-03-10")
    on(life, at(3, 12), "confirmation.withdrawn")

    assert life.due("confirmation_apply") == end_of(4, 1)


def accepted_for_confirmation():
    """Applied for on Monday 16 March 2026, accepted on Thursday: fifteen days to decide end on Friday 3 April."""
    life = life_until("agreed", now=at(3, 2))
    on(life, at(3, 16), "confirmation.applied", applied_on="2026-03-16")
    on(life, at(3, 19), "confirmation.accepted")
    return life


def test_the_president_may_give_the_court_ten_days_more_to_decide_once():
    life = accepted_for_confirmation()

    assert on(life, at(4, 2), "confirmation.extended", days=11).refused == "leave_too_long"
    assert on(life, at(4, 2), "confirmation.extended", days=10).refused is None
    assert life.due("confirmation_decide") == end_of(4, 13)  # 25 days from 19 March, one count from the start
    assert life.due("confirmation_decide_outer") == end_of(4, 20)
    assert on(life, at(4, 2), "confirmation.extended", days=1).refused == "leave_given_before"


def test_leave_given_after_the_end_comes_too_late():
    life = accepted_for_confirmation()
    life.until(at(4, 4))

    assert life.reports("confirmation.extended").refused == "extended_too_late"


def test_missing_papers_give_the_court_its_three_days_anew():
    life = life_until("agreed", now=at(3, 2))
    on(life, at(3, 16), "confirmation.applied", applied_on="2026-03-16")
    on(life, at(3, 18), "papers.received", on="2026-03-18")

    assert life.due("confirmation_accept") == end_of(3, 23)  # the third day is Saturday the 21st
    assert life.last("deadline.recomputed")["because"] == "restarted"


def test_an_objection_is_open_for_fifteen_days_from_the_day_on_which_the_ruling_was_received():
    life = accepted_for_confirmation()
    on(life, at(3, 30), "confirmation.granted", served_on="2026-04-01")
    assert life.due("confirmation_objection") == end_of(4, 16)

    life.until(at(4, 17))
    assert life.last("deadline.passed", "confirmation_objection")["lapsed"]
    assert life.reports("confirmation.objected", objected_on="2026-04-17").refused == "objected_too_late"


def test_the_court_looks_at_its_ruling_once_more_and_only_once():
    life = accepted_for_confirmation()
    on(life, at(3, 30), "confirmation.granted")
    on(life, at(4, 10), "confirmation.objected", objected_on="2026-04-09")
    assert (life.state, life.last("confirmation.objected")["next_actors"]) == ("confirm_applied", (COURT,))
    assert not life.last("deadline.met", "confirmation_objection")["late"] and "enforcement_apply" not in clocks(life)
    assert life.reports("confirmation.withdrawn").refused == "already_confirmed"

    on(life, at(4, 20), "confirmation.granted")

    assert life.state == "confirm_decided" and "enforcement_apply" in clocks(life) and "confirmation_objection" not in clocks(life)
    assert life.reports("confirmation.objected", objected_on="2026-04-20").refused == "already_decided"


def test_an_objection_with_ground_undoes_the_confirmation():
    life = accepted_for_confirmation()
    on(life, at(3, 30), "confirmation.granted")
    on(life, at(4, 10), "confirmation.objected", objected_on="2026-04-09")
    on(life, at(4, 20), "confirmation.refused")

    assert life.reports("enforcement.applied").refused == "no_title_to_enforce"
    assert life.reports("mediation.started").refused is None


def test_somebody_else_may_object_after_the_parties_time():
    life = accepted_for_confirmation()
    on(life, at(3, 30), "confirmation.granted")

    assert on(life, at(6, 1), "confirmation.objected", by="third_party", objected_on="2026-06-01").refused is None


def test_what_no_court_confirmed_cannot_be_objected_to():
    life = life_until("performing")

    assert life.reports("confirmation.objected").refused == "not_confirmed"


# ── Who mediates ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def consented():
    """Both sides consented on Monday 2 March, and nobody has been named."""
    life = life_until("routed")
    life.now += timedelta(hours=1)
    event = reported("referral.accepted", life.now)
    del event.data["facts"]["mediator"]
    life._hears(event)
    for party in ("applicant", "respondent"):
        life.reports("consent.given", party=party)
    return life


def test_both_sides_consented_then_they_have_two_working_days_to_choose_a_mediator():
    life = consented()
    assert life.due("online_parties_choose") == end_of(3, 4)

    life.until(at(3, 5))

    assert life.last("deadline.passed", "online_parties_choose")["lapsed"]  # nobody is overdue
    assert on(life, at(3, 5), "mediator.agreed").refused is None


def test_who_consents_once_more_gives_nobody_more_time():
    life = consented()
    on(life, at(3, 4), "consent.given", party="respondent")

    assert life.due("online_parties_choose") == end_of(3, 4)


def test_somebody_is_appointed_within_three_working_days_of_the_request():
    life = consented()
    on(life, at(3, 4), "mediator.requested")
    assert "online_parties_choose" not in clocks(life)
    assert (life.due("online_appoint"), life.last("deadline.set", "online_appoint")["owed_by"]) == (end_of(3, 9), (DAMAN,))

    on(life, at(3, 9), "mediator.appointed")

    assert not life.last("deadline.met", "online_appoint")["late"]


def test_after_filing_it_is_the_court_that_appoints():
    life = entrusted("simplified")
    on(life, at(4, 28), "mediator.requested")

    assert life.last("deadline.set", "online_appoint")["owed_by"] == (COURT,)


def test_where_the_mediator_was_named_with_the_acceptance_nobody_has_to_choose():
    assert "online_parties_choose" not in clocks(life_until("mediating"))


# ── Kinds of dispute, petitions ───────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_labour_dispute_has_fifteen_days_then_arbitration_is_open_and_nobody_is_overdue():
    life = life_until("registered", kind="labour")
    life.reports("dispute.screened", kind="labour")
    for step in ("dispute.routed", "referral.accepted"):
        life.reports(step)
    assert life.due("labour_mediation") == end_of(3, 17) and MEDIATION not in clocks(life)

    life.until(at(3, 18))

    assert life.last("deadline.passed", "labour_mediation")["lapsed"]


def test_a_medical_committee_has_thirty_working_days():
    life = life_until("registered", kind="medical")
    life.reports("dispute.screened", kind="medical")
    life.reports("dispute.routed", to="medical_mediation")
    life.reports("referral.accepted", agency="medical_mediation")

    assert life.due("medical_mediation") == end_of(4, 14)
    assert life.last("deadline.set", "medical_mediation")["kind"] == "LAW"


def test_a_petition_runs_beside_everything_else():
    life = life_until("mediating")
    on(life, at(3, 10), "petition.registered")
    assert (life.state, life.due("petition_accept")) == ("mediating", end_of(3, 25))
    assert life.last("deadline.set", "petition_accept")["owed_by"] == (PETITIONS,)

    on(life, at(3, 12), "petition.accepted")
    assert life.due("petition_decide") == end_of(5, 11)  # the 60th day
    on(life, at(5, 11), "petition.decided")

    assert not life.last("deadline.met", "petition_decide")["late"]


def test_the_head_of_the_petition_organ_may_give_thirty_days_more():
    life = life_until("mediating")
    on(life, at(3, 12), "petition.accepted")

    assert on(life, at(5, 8), "petition.extended", days=30).refused is None
    assert life.due("petition_decide") == end_of(6, 10)  # 90 days from 12 March
    assert life.reports("petition.extended").refused == "leave_given_before"


def test_who_gets_a_petition_by_transfer_may_object_for_five_working_days():
    life = life_until("mediating")
    on(life, at(3, 12), "petition.transferred")
    assert life.due("petition_transfer_objection") == end_of(3, 19)

    on(life, at(3, 18), "petition.returned")

    assert not life.last("deadline.met", "petition_transfer_objection")["late"]


def test_a_transfer_that_nobody_objects_to_stands_and_nobody_is_overdue():
    life = life_until("mediating")
    on(life, at(3, 12), "petition.transferred")
    life.until(at(3, 20))

    assert life.last("deadline.passed", "petition_transfer_objection")["lapsed"]


def test_what_was_settled_is_archived_within_thirty_days():
    life = life_until("resolved")
    resolved = life.dispute.entered_at
    assert life.due("archiving") == dates.end_of((resolved + timedelta(days=30)).date())

    life.reports("dispute.archived")

    assert not life.last("deadline.met", "archiving")["late"]


# ── Every clock is somebody's ─────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.clock)
def test_every_clock_is_opened_by_what_happens_in_a_dispute_or_is_reckoned_by_hand_and_says_why(rule):
    opened = rule.clock in tracking.BY_NAME or rule.clock in hold.CLOCKS

    assert opened is (rule.calculator_only is None)


@pytest.mark.parametrize("clock", tracking.CLOCKS, ids=lambda clock: clock.name)
def test_what_the_law_lets_lengthen_or_begin_anew_a_step_does(clock):
    assert bool(clock.restarted_by) == any(rule.restarted_by for rule in LAW[clock.name])
    assert bool(clock.extended_by) == any(rule.extension for rule in LAW[clock.name])


# ── Reminders, and a clock that jumps ─────────────────────────────────────────────────────────────────────────────────────────────

TWICE = DeadlinePolicy(county=county({MEDIATION: {"remind": ["5d", "1d"]}}))


def looked_at(life, *moments, policy=TWICE):
    """Every deadline is asked at each of these moments; what is said of mediation's clock."""
    life.said.clear()
    for moment in moments:
        for deadline in list(life.dispute.deadlines.values()):
            life._keeps(tracking.time_passes(life.dispute, deadline, moment, policy))
    return [word for word, data in life.said if data.get("clock") == MEDIATION]


def test_somebody_is_reminded_as_often_as_the_county_wants_and_once_for_each():
    life = life_until("mediating")  # due on 1 April
    moments = [at(3, 26, hour) for hour in (1, 2)] + [at(3, 28), at(3, 27, 23)] + [at(3, 28, hour) for hour in (0, 1)]

    assert looked_at(life, *moments) == ["deadline.approached"]
    assert looked_at(life, at(3, 30), at(4, 1, 0), at(4, 1, 1), at(4, 1, 23)) == ["deadline.approached"]
    assert looked_at(life, at(4, 2, 0), at(4, 3)) == ["deadline.passed"]


def test_what_came_near_while_nobody_looked_is_told_once():
    assert looked_at(life_until("mediating"), at(4, 1, 12), at(4, 1, 13)) == ["deadline.approached"]


def test_a_clock_that_jumps_back_says_nothing_twice():
    life = life_until("mediating")
    assert looked_at(life, at(4, 1, 12)) == ["deadline.approached"]

    assert looked_at(life, at(3, 1), at(3, 27), at(4, 1, 13), at(4, 2), at(3, 27), at(4, 2), at(4, 1)) == ["deadline.passed"]


def test_a_reminder_already_past_when_the_clock_begins_is_left_out():
    life = Life(now=at(3, 2))
    life.begins()
    policy = DeadlinePolicy(county=county({"screening": {"remind": ["9d", "2h"]}}))
    deadline = life.dispute.deadlines["screening"]  # due on 3 March

    assert tracking._asked_first(deadline, tracking.BY_NAME["screening"], life.now, policy) == datetime(2026, 3, 3, 21, 59, 59, tzinfo=SHANGHAI)


def test_the_first_monday_is_what_the_stories_say():
    assert (MONDAY.date(), MONDAY.weekday()) == (at(3, 2).date(), 0)


def test_what_happened_to_a_deadline_is_read_back_as_it_was_kept():
    kept = life_until("mediating").dispute.deadlines[MEDIATION]
    kept.pauses, kept.suspensions = [(at(3, 3), at(3, 5))], [(at(3, 6), at(3, 8)), (at(3, 9), None)]
    kept.extensions, kept.put_off = [(at(3, 4), 15), (at(3, 4), "P6M")], 60
    kept.restarted_at, kept.opened_at = at(3, 2), at(3, 1)

    pauses, extensions, restarted_at, opened_at, suspensions, put_off = store._what_happened(orjson.loads(orjson.dumps(store._happened(kept))))

    assert (pauses, extensions, restarted_at, opened_at) == (kept.pauses, kept.extensions, kept.restarted_at, kept.opened_at)
    assert (suspensions, put_off) == (kept.suspensions, kept.put_off)
