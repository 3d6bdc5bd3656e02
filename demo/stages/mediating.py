"""Steps of mediation: sessions, side events, and the end of mediation."""

from datetime import timedelta

from contracts import COUNTY
from demo import county
from demo.simulated_dispute import SimulatedDispute
from demo.stages import agreeing, court, safeguard_lane, side_events
from demo.steps import REFUSED, REJECTED

SIDE_EVENTS = (
    # (branch, function that adds the steps of the branch)
    ("stayed", side_events.stay_dispute),
    ("safeguarded during mediation", safeguard_lane.begin_hold_during_mediation),
    ("departments called", side_events.call_departments),
    ("petition registered", side_events.register_petition),
    ("session reported wrongly", side_events.report_and_correct_session),
    ("report withdrawn", side_events.report_and_withdraw),
    ("supervision by the committee", side_events.issue_committee_supervision),
)


def mediate_dispute(dispute: SimulatedDispute) -> None:
    dispute.advance_time(hours=(1, 20))
    dispute.add_step(dispute.body, "mediation.started")
    if dispute.mistake == "unknown code":
        unknown_code = f"{COUNTY.area}-2026-{900000 + dispute.number % 99999:06}-0"
        dispute.add_step(dispute.body, "session.held", {"mode": "in_person", "minutes": 60}, subject=unknown_code, expected=REFUSED)
    period, _ = dispute.mediation_period
    dispute.period_ends = dispute.accepted_at + timedelta(days=period)
    days, is_extended = _random_duration(dispute, period)
    end = dispute.accepted_at + timedelta(days=days)
    _hold_sessions(dispute, days, end, is_extended)
    for branch, add_side_event in SIDE_EVENTS:
        if dispute.happens(branch):
            add_side_event(dispute)
    if dispute.happens("appraisal"):
        _pause_for_appraisal(dispute)
    if is_extended and dispute.now < dispute.period_ends - timedelta(days=4):
        dispute.advance_time_to(dispute.period_ends - timedelta(days=dispute.random.randint(4, 8)))
        dispute.add_step(dispute.body, "mediation.extended", {"days": 15, "consents": dispute.party_labels})
    elif days > period and dispute.happens("supervision when overdue"):
        side_events.issue_overdue_supervision(dispute)
    dispute.advance_time_to(end)
    if dispute.mistake == "extension too late" and dispute.mediation_period == county.DEFAULT_MEDIATION_PERIOD:
        dispute.advance_time_to(dispute.period_ends + timedelta(days=60))
        dispute.add_step(dispute.body, "mediation.extended", {"days": 15, "consents": dispute.party_labels}, expected=REJECTED)
    if dispute.happens("sued during mediation"):
        court.file_case(dispute)
    elif dispute.happens("suspected sham"):
        _suspend_as_suspected_sham(dispute)
    elif dispute.happens("agreement reached"):
        agreeing.conclude_agreement(dispute)
    elif days > period and not is_extended:
        terminate_mediation(dispute, "period_expired_no_extension")
    else:
        terminate_mediation(dispute, dispute.choose("termination ground"))


def terminate_mediation(dispute: SimulatedDispute, ground: str) -> None:
    dispute.add_step(dispute.body, "mediation.terminated", {"ground": ground})


def _random_duration(dispute, period):
    """Return a random (days from acceptance to the end of mediation, whether the period is extended).

    Most mediations end within the period; the mean follows county.MEAN_MEDIATION_DAYS.
    """
    if period >= 30 and dispute.happens("mediation extended"):
        return dispute.random.randint(31, 41), True
    if dispute.happens("legal period exceeded" if dispute.mediation_period != county.DEFAULT_MEDIATION_PERIOD else "period exceeded"):
        return dispute.random.randint(period + 3, period + 18), False
    mean_days = (county.MEAN_MEDIATION_DAYS - 3) * min(1, period / 30 * 1.2)
    return max(4, min(period - 1, round(dispute.random.gauss(mean_days, 6.5)))), False


def _hold_sessions(dispute, days, end, is_extended):
    sessions = min(dispute.random.choice((1, 1, 2, 2, 3)), 1 + days // 4)
    for number in range(sessions):
        is_last = number == sessions - 1
        dispute.advance_time_to(end if is_last and not is_extended and end <= dispute.period_ends
                      else dispute.accepted_at + timedelta(days=min(days, 28) * (number + 1) / (sessions + 1)))  # fmt: skip
        data = {"mode": dispute.choose("session mode"), "minutes": 5 * dispute.random.randint(6, 36)}
        if not is_last:
            data["next_at"] = (dispute.now + timedelta(days=3)).isoformat()
        dispute.add_step(dispute.body, "session.held", data)


def _pause_for_appraisal(dispute):
    reason = {"reason": dispute.choose("pause reason")}
    dispute.add_step(dispute.body, "clock.paused", reason)
    dispute.advance_time(workdays=dispute.random.randint(4, 9))
    dispute.add_step(dispute.body, "clock.resumed", reason)


def _suspend_as_suspected_sham(dispute):
    dispute.add_step(dispute.body, "mediation.suspended", {"reason": "suspected_sham"})
    dispute.advance_time(workdays=3, hours=(1, 5))
    if dispute.happens("suspicion unfounded"):
        dispute.add_step(county.COURT, "mediation.resumed")
    terminate_mediation(dispute, "other_obstacle")
