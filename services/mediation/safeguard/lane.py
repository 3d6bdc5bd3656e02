"""Decisions on events that concern the safeguard lane, by the tables of dispute/hold.py. Pure: facts in, decisions out; `now` is an argument.

An event is answered in the stream (ordinary or sealed) in which it arrived. What was decided under a hold about the dispute's ordinary course is
published in the ordinary stream when the last hold or stay has ended.
"""

from datetime import datetime, timedelta

import contracts
from contracts import REASONS, safeguard
from contracts.channels import SEALED_STREAMS, is_sealed
from services.mediation.deadlines import tracking
from services.mediation.dispute.agencies import COURT
from services.mediation.dispute.hold import (
    HOLD_TRANSITIONS,
    KINDS_NOT_POSTPONED,
    LANE_CLOCKS,
    POSTPONEMENT,
    STAY_TRANSITIONS,
    Hold,
    RunningLaneClock,
    is_always_reportable,
    is_held,
)
from services.mediation.dispute.model import Deadline, Decision, Dispute
from services.mediation.dispute.step import NOTED, Step
from services.mediation.law.counting import due_at, is_in_time
from services.mediation.law.dates import instant_of
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy
from services.mediation.lifecycle import decisions
from services.mediation.rosters.roster import Roster

STREAM = SEALED_STREAMS["mediation"]
HELD_STATE = "safeguard_hold"
FLAG_EVENTS = ("risk.flagged", decisions.REGISTERED)  # their hold has the cause "risk"; the cause of any other hold follows from the step
ONE_DAY = timedelta(days=1)


class NotYetRegistered(Exception):
    """A sealed event arrived before the dispute's registration in the ordinary stream. It is retried until the dispute is registered."""


def decide(dispute: Dispute | None, event, now: datetime, policy: DeadlinePolicy = USUAL_POLICY, roster: Roster | None = None) -> Decision:
    """Return the decision on an event of either stream. Raises NotYetRegistered for a sealed event about an unknown dispute."""
    if not is_sealed(event.source):
        if event.type == decisions.REGISTERED and dispute is not None and dispute.hold is not None and dispute.hold.reported_in_lane:
            return _publish_registration(dispute, event, now, policy)
        return decisions.decide(dispute, event, now, policy, roster)
    if event.type == decisions.REGISTERED:
        return _register(dispute, event, now, policy, roster)
    if dispute is None:
        raise NotYetRegistered
    if event.type == "risk.flagged":
        return _open_hold(Decision(dispute), event, "risk.flagged", now)
    step = event.data["step"]
    if step in LANE_STEPS:
        return LANE_STEPS[step](dispute, event, now, policy)
    return _decide_ordinary_step(dispute, event, now, policy, roster)


def discard(dispute: Dispute | None, event) -> Decision:
    """Return the decision on an event that an operator discarded: no effect, and a refusal in the stream in which the event arrived."""
    if not is_sealed(event.source):
        return decisions.discard(dispute, event)
    return _withhold_ordinary_events(decisions.discard(dispute, event), event)


def check_deadline(dispute: Dispute, deadline: Deadline, now: datetime, policy: DeadlinePolicy = USUAL_POLICY) -> Decision:
    """Return the decision on an ordinary deadline that is due for a check.

    While the dispute is held or stayed, a LAW deadline known outside the lane approaches and passes as usual, since its absence would reveal the
    hold; another deadline known outside is postponed; and a deadline that has not been published is only checked again a day later.
    """
    hold = dispute.hold
    if not is_held(dispute) or deadline.state != "open" or deadline.next_check_at is None or now < deadline.next_check_at:
        return decisions.check_deadline(dispute, deadline, now, policy)
    is_published = not hold.reported_in_lane and not any(
        event_type == "deadline.set" and data["clock"] == deadline.clock for event_type, data in hold.pending_events
    )
    if is_published and deadline.kind in KINDS_NOT_POSTPONED:
        return decisions.check_deadline(dispute, deadline, now, policy)
    decision = Decision(dispute)
    if is_published:
        tracking.postpone(decision, deadline, POSTPONEMENT, now, policy)
    else:
        deadline.next_check_at = now + ONE_DAY
        decision.deadlines.append(deadline)
    return decision


def check_lane_clocks(dispute: Dispute, now: datetime, policy: DeadlinePolicy = USUAL_POLICY) -> Decision:
    """Return the decision on the lane's clocks that are due for a check: reminders, and deadlines that have passed."""
    decision = Decision(dispute)
    for running in dispute.hold.running.values():
        if running.next_check_at is None or now < running.next_check_at:
            continue
        decision.hold = dispute.hold
        if is_in_time(now, running.due_at):
            event_type = "deadline.approached"
            running.next_check_at = tracking.next_check_time(running.due_at, policy.reminders(LANE_CLOCKS[running.clock]), now)
        else:
            event_type, running.state, running.next_check_at = "deadline.passed", "passed", None
        decision.sealed_events.append((event_type, _deadline_data(running)))
    return decision


# ── start and end of holds ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _register(dispute, event, now, policy, roster):
    """Register a dispute whose first report carried a danger flag: it has a code and a state, but no ordinary deadlines run."""
    decision = _withhold_ordinary_events(decisions.decide(dispute, event, now, policy, roster), event)
    if decision.refused is not None:
        return decision
    decision.dispute.deadlines.clear()
    decision.deadlines = []
    decision.dispute.hold = Hold(
        reported_in_lane=True, pending_events=[pending for pending in decision.dispute.hold.pending_events if not pending[0].startswith("deadline.")]
    )
    return _open_hold(decision, event, decisions.REGISTERED, now)


def _publish_registration(dispute, event, now, policy):
    """Publish a dispute that was reported in the lane, when intake first names it in the ordinary stream after the release.

    It is published as if it had been registered at the time of the release, and its ordinary deadlines start then.
    """
    decision, hold, released_at = Decision(dispute, hold=dispute.hold), dispute.hold, instant_of(event.data["happened_at"])
    for event_type, data in hold.pending_events:
        decision.new_events.append((event_type, data | ({"happened_at": released_at} if "happened_at" in data else {})))
    hold.reported_in_lane, hold.pending_events = False, []
    if dispute.state == "registered":
        tracking.start_clocks(decision, Step(decisions.REGISTERED, event.data["agency"], released_at, event.data, policy), now, policy)
    return decision


def _open_hold(decision, event, event_type, now):
    """Open a hold or a stay. A second cause for an open hold changes nothing."""
    dispute, data = decision.dispute, event.data
    hold = dispute.hold = dispute.hold or Hold()
    decision.hold = hold
    source = [data["event"]["source"], data["event"]["id"]]
    if source not in hold.opened_by:
        hold.opened_by.append(source)
    if HOLD_TRANSITIONS[HELD_STATE if hold.cause else "free"].get(event_type, HELD_STATE) == NOTED:
        return decision
    if event_type != "dispute.stayed" and hold.cause:
        return decision
    cause = "risk" if event_type in FLAG_EVENTS else safeguard.HOLD_CAUSE_BY_STEP[event_type]
    hold.opened_at, hold.ended_at = (hold.opened_at if hold.active_holds else now), None
    if event_type == "dispute.stayed":
        hold.stays.append(data["agency"])
    else:
        hold.cause = cause
    decision.sealed_events.insert(0, ("safeguard.held", _hold_data(dispute, event, cause)))
    return decision


def _end_hold(decision, event, cause, reason, now):
    """Publish the end of a hold or stay; after the last one, also the events that had to wait."""
    dispute, hold = decision.dispute, decision.dispute.hold
    decision.hold = hold
    decision.sealed_events.append(
        ("safeguard.released", {**_hold_data(dispute, event, cause), "left": hold.active_holds} | ({"reason": reason} if reason else {}))
    )
    if not hold.active_holds:
        hold.ended_at = now
        if not hold.reported_in_lane:
            _publish_pending_events(decision)
    return _add_applied(decision, event)


def _publish_pending_events(decision):
    """Publish the pending events in the ordinary stream, each with the time at which it happened."""
    decision.delayed_events, decision.dispute.hold.pending_events = decision.dispute.hold.pending_events, []


# ── steps of the lane ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _apply_opening_step(dispute, event, now, policy):
    return _add_applied(_open_hold(Decision(dispute), event, event.data["step"], now), event)


def _apply_order_accepted(dispute, event, now, policy):
    """Start the clock of 72 or 24 hours when the court accepts (受理) an application for a protection order, unless it is running already."""
    decision = _apply_opening_step(dispute, event, now, policy)
    facts = event.data["facts"]
    if not any(running.state != "met" and LANE_CLOCKS[running.clock].met_by for running in dispute.hold.running.values()):
        clock = "protection_order_urgent" if facts.get("urgent") else "protection_order"
        _start_clock(decision, clock, instant_of(facts.get("accepted_at") or event.data["happened_at"]), now, policy)
    return decision


def _apply_order_decided(dispute, event, now, policy):
    """Mark the hours as met when the court issues or refuses a protection order, and start the period for review."""
    decision = _apply_opening_step(dispute, event, now, policy)
    at = instant_of(event.data["happened_at"])
    for running in dispute.hold.running.values():
        if running.state != "met" and event.data["step"] in LANE_CLOCKS[running.clock].met_by:
            was_passed, running.state, running.next_check_at = running.state == "passed", "met", None
            met = {"met_at": at, "late": not is_in_time(at, running.due_at), "was_passed": was_passed}
            decision.sealed_events.append(("deadline.met", {"clock": running.clock, "kind": "LAW", "due_at": running.due_at, **met}))
    _start_clock(decision, "protection_order_review", instant_of(event.data["facts"].get("effective_at") or event.data["happened_at"]), now, policy)
    return decision


def _apply_hold_released(dispute, event, now, policy):
    hold = dispute.hold
    if hold is None or not hold.cause:
        return _refuse(Decision(dispute), event, "nothing_to_release", dispute.state)
    assert HOLD_TRANSITIONS[HELD_STATE][event.data["step"]] == "free"
    cause, hold.cause = hold.cause, None
    return _end_hold(Decision(dispute), event, cause, event.data["facts"]["reason"], now)


def _apply_stay(dispute, event, now, policy):
    if dispute.hold and event.data["agency"] in dispute.hold.stays:
        return _add_applied(Decision(dispute), event)  # already stayed by this agency: no further effect
    return _add_applied(_open_hold(Decision(dispute), event, "dispute.stayed", now), event)


def _apply_stay_lifted(dispute, event, now, policy):
    """Lift the agency's own stay. The answer does not reveal whether a hold or another agency's stay remains."""
    state = "stayed" if dispute.hold and event.data["agency"] in dispute.hold.stays else "free"
    if event.data["step"] not in STAY_TRANSITIONS[state]:
        return _refuse(Decision(dispute), event, "nothing_to_release", dispute.state)
    dispute.hold.stays.remove(event.data["agency"])
    return _end_hold(Decision(dispute), event, "stay", None, now)


LANE_STEPS = {
    "dv.warning_issued": _apply_opening_step,
    "protection_order.applied": _apply_opening_step,
    "protection_order.accepted": _apply_order_accepted,
    "protection_order.issued": _apply_order_decided,
    "protection_order.refused": _apply_order_decided,
    "hold.released": _apply_hold_released,
    "dispute.stayed": _apply_stay,
    "stay.lifted": _apply_stay_lifted,
}


def _start_clock(decision, name, started_at, now, policy):
    clock, ends_at = LANE_CLOCKS[name], due_at(started_at, LANE_CLOCKS[name].length, policy.holidays)
    running = RunningLaneClock(name, started_at, ends_at, tracking.next_check_time(ends_at, policy.reminders(clock), now))
    decision.dispute.hold.running[name] = running
    decision.sealed_events.append(("deadline.set", {**_deadline_data(running), "article": clock.article, "started_at": started_at}))


def _deadline_data(running):
    return {"clock": running.clock, "kind": "LAW", "due_at": running.due_at, "owed_by": [COURT]}


# ── steps of the ordinary course, reported in the lane ────────────────────────────────────────────────────────────────────────────


def _decide_ordinary_step(dispute, event, now, policy, roster):
    """Decide a step of the ordinary course that was reported in the sealed stream.

    Under a safeguard hold only police and court change the dispute; another agency with access to the lane is refused with `held_for_safety`.
    Everything else is decided as usual, in the sealed stream.
    """
    agency = event.data["agency"]
    if (
        dispute.hold
        and dispute.hold.cause
        and safeguard.has_lane_access(agency)
        and not safeguard.may_act_under_hold(agency)
        and not is_always_reportable(dispute, decisions.step_of(event, policy))
    ):
        return _refuse(Decision(dispute), event, "held_for_safety", HELD_STATE)
    return _withhold_ordinary_events(decisions.decide(dispute, event, now, policy, roster), event)


def _withhold_ordinary_events(decision, event):
    """Withhold the ordinary events of a decision until the hold ends, and add its outcome for the reporting agency to the sealed events."""
    if decision.dispute is None:
        return decision
    pending = [] if decision.refused else [[event_type, contracts.dump(event_type, data, "mediation")] for event_type, data in decision.new_events]
    for event_type, data in decision.new_events:
        if event_type in ("step.applied", "step.refused"):
            time = {"happened_at": event.data["happened_at"]} if event_type == "step.applied" else {}
            decision.sealed_events.append((event_type, {**data, "agency": event.data["agency"], **time}))
    decision.new_events = []
    if decision.refused is None:
        hold = decision.hold = decision.dispute.hold = decision.dispute.hold or Hold()
        hold.pending_events += pending
        if not hold.active_holds and not hold.reported_in_lane and event.type != decisions.REGISTERED:
            _publish_pending_events(decision)  # the hold had ended when this event was processed
    return decision


# ── sealed events ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _add_applied(decision, event):
    data = event.data
    state = HELD_STATE if decision.dispute.hold.cause and safeguard.has_lane_access(data["agency"]) else decision.dispute.state
    applied = {"event": data["event"], "agency": data["agency"], "step": data["step"], "state": state, "happened_at": data["happened_at"]}
    decision.sealed_events.append(("step.applied", applied))
    return decision


def _refuse(decision, event, reason, state):
    data = event.data
    sentence = REASONS[reason].text(step=data["step"], state=state)
    decision.refused = reason
    decision.sealed_events.append(
        ("step.refused", {"event": data["event"], "agency": data["agency"], "step": data["step"], "state": state, "reason": sentence})
    )
    return decision


def _hold_data(dispute, event, cause):
    data = event.data
    return {"event": data["event"], "agency": data["agency"], "cause": cause, "state": dispute.state, "happened_at": data["happened_at"]}
