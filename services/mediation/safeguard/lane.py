"""Decisions on events of the safeguard lane (events that only police, courts and women's federation see), by the tables in dispute/hold.py. Pure functions.

An event is answered in the stream (ordinary or sealed) in which it arrived. Ordinary steps that were decided during a hold are published in the
ordinary stream when the last hold or stay has ended.
"""

from datetime import datetime, timedelta

import contracts
from contracts import REASONS, safeguard
from contracts.channels import SEALED_STREAMS, is_sealed
from services.mediation.deadlines import passing, tracking
from services.mediation.dispute.agencies import COURT
from services.mediation.dispute.hold import (
    HOLD_TRANSITIONS,
    KINDS_NOT_POSTPONED,
    POSTPONEMENT,
    SAFEGUARD_LANE_CLOCKS,
    STAY_TRANSITIONS,
    Hold,
    RunningSafeguardLaneClock,
    is_always_reportable,
    is_held,
)
from services.mediation.dispute.model import Deadline, Decision, Dispute
from services.mediation.dispute.step import NOTED, Step
from services.mediation.law.counting import Hours, due_at, is_in_time, is_provisional
from services.mediation.law.dates import A_SECOND, instant_of
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy
from services.mediation.lifecycle import decisions
from services.mediation.rosters.roster import Roster

SEALED_STREAM = SEALED_STREAMS["mediation"]
HELD_STATE = "safeguard_hold"
# A hold that one of these events opens has the cause "risk". The cause of any other hold is determined by the step that opens it.
FLAG_EVENTS = ("risk.flagged", decisions.REGISTERED)
ONE_DAY, A_MINUTE = timedelta(days=1), timedelta(minutes=1)
COURT_GRACE = timedelta(hours=1)  # how long a passed deadline of a protection order waits for a court that has not been heard


class NotYetRegistered(Exception):
    """Raised if a sealed event arrives before the dispute's registration in the ordinary stream. The event is retried until the dispute is registered."""


def decide(dispute: Dispute | None, event, now: datetime, policy: DeadlinePolicy = USUAL_POLICY, roster: Roster | None = None) -> Decision:
    """Return the decision on an event of the ordinary or sealed stream. Raises NotYetRegistered for a sealed event about an unknown dispute."""
    if not is_sealed(event.source):
        if event.type == decisions.REGISTERED and dispute is not None and dispute.hold is not None and dispute.hold.reported_in_lane:
            return _publish_registration(dispute, event, now, policy)
        return _decide_by_lifecycle(dispute, event, now, policy, roster)
    if event.type == decisions.REGISTERED:
        return _register_safeguarded_dispute(dispute, event, now, policy, roster)
    if dispute is None:
        raise NotYetRegistered
    if event.type == "risk.flagged":
        return _open_hold(Decision(dispute), event, "risk.flagged", now)
    step = event.data["step"]
    if step in HANDLERS_OF_SAFEGUARD_STEPS:
        return HANDLERS_OF_SAFEGUARD_STEPS[step](dispute, event, now, policy)
    return _decide_ordinary_step(dispute, event, now, policy, roster)


def discard(dispute: Dispute | None, event, now: datetime) -> Decision:
    """Return the decision on an event that an operator discarded: the event has no effect and is refused in the stream in which it arrived."""
    if not is_sealed(event.source):
        return decisions.discard(dispute, event)
    return _withhold_ordinary_events(decisions.discard(dispute, event), event, now)


def check_deadline(
    dispute: Dispute, deadline: Deadline, now: datetime, policy: DeadlinePolicy = USUAL_POLICY, watermarks: passing.Watermarks | None = None
) -> Decision:
    """Return the decision on an ordinary deadline that is due for a check.

    While the dispute is held or stayed, a published LAW deadline approaches and passes as usual, because its absence would reveal the hold. Any other
    published deadline is not announced; at its end it is postponed. A deadline that has not been published is checked again a day later.
    """
    hold = dispute.hold
    if not is_held(dispute) or deadline.state != "open" or deadline.next_check_at is None or now < deadline.next_check_at:
        return decisions.check_deadline(dispute, deadline, now, policy, watermarks)
    is_published = _is_published(hold, deadline)
    if (is_published and deadline.kind in KINDS_NOT_POSTPONED) or deadline.due_at < hold.opened_at:
        return decisions.check_deadline(dispute, deadline, now, policy, watermarks)
    decision = Decision(dispute)
    if not is_published:
        deadline.next_check_at = now + ONE_DAY
        decision.deadlines.append(deadline)
    elif is_in_time(now, deadline.due_at):
        deadline.next_check_at = deadline.due_at + A_SECOND  # no reminder during the hold
        decision.deadlines.append(deadline)
    else:
        tracking.postpone(decision, deadline, POSTPONEMENT, now, policy)
    return decision


def check_safeguard_clocks(dispute: Dispute, now: datetime, policy: DeadlinePolicy = USUAL_POLICY, watermarks: passing.Watermarks | None = None) -> Decision:
    """Return the decision on the safeguard lane's clocks that are due for a check: events for reminders and for passed deadlines.

    A deadline does not pass before the court has reported beyond its end, or COURT_GRACE later: somebody is in danger, and nobody may wait for long.
    `watermarks`: how far each agency has reported; None: every agency has reported up to now.
    """
    decision = Decision(dispute)
    for running in dispute.hold.running.values():
        if running.next_check_at is None or now < running.next_check_at:
            continue
        decision.hold = dispute.hold
        clock = SAFEGUARD_LANE_CLOCKS[running.clock]
        latest = running.due_at
        if type(clock.length) is not Hours:  # the holiday schedule may have changed since the deadline was set
            running.due_at, latest = (due_at(running.started_at, clock.length, calendar) for calendar in (policy.holidays, policy.holidays.latest_ends))
        if is_in_time(now, running.due_at):
            event_type = "deadline.approached"
            if not policy.may_remind_at(now, clock.length):  # the service was stopped when the reminder was due
                running.next_check_at = min(policy.next_office_moment(now), running.due_at + A_SECOND)
                continue
            running.next_check_at = _next_check_at(clock, running.due_at, running.started_at, now, policy)
        elif is_in_time(now, latest):
            running.next_check_at = latest + A_SECOND  # nothing is overdue on a provisional date
            continue
        elif watermarks is not None and now < latest + COURT_GRACE and not passing.has_reported_beyond(watermarks.get(COURT), latest):
            running.next_check_at = min(now + A_MINUTE, latest + COURT_GRACE)
            continue
        else:
            event_type, running.state, running.next_check_at = "deadline.passed", "passed", None
        decision.sealed_events.append((event_type, _deadline_data(running, policy)))
    return decision


# ── start and end of holds ────────────────────────────────────────────────────────────────────────────────────────────────────────


def _register_safeguarded_dispute(dispute, event, now, policy, roster):
    """Register a dispute whose first report has a danger flag. The dispute gets a code and a state, but no ordinary deadlines."""
    decision = _withhold_ordinary_events(decisions.decide(dispute, event, now, policy, roster), event, now)
    if decision.refused is not None:
        return decision
    decision.dispute.deadlines.clear()
    decision.deadlines = []
    ((event_type, registration),) = decision.dispute.hold.pending_events
    decision.dispute.hold = Hold(
        reported_in_lane=True, pending_events=[[event_type, {name: value for name, value in registration.items() if name != "deadlines"}]]
    )
    return _open_hold(decision, event, decisions.REGISTERED, now)


def _publish_registration(dispute, event, now, policy):
    """Publish a dispute that was reported in the safeguard lane, when intake publishes its registration in the ordinary stream after the release.

    The dispute is published as if it had been registered at the time of the release, when its ordinary deadlines start.
    """
    decision, hold, released_at = Decision(dispute, hold=dispute.hold), dispute.hold, instant_of(event.data["happened_at"])
    for event_type, data in hold.pending_events:
        decision.new_events.append((event_type, data | _times_of_release(data, released_at, now)))
    hold.reported_in_lane, hold.pending_events = False, []
    decisions.record_release(decision, released_at)
    if dispute.state == "registered":
        tracking.start_clocks(decision, Step(decisions.REGISTERED, event.data["agency"], released_at, event.data, policy), now, policy)
        _, registration = decision.new_events[0]
        registration["deadlines"], decision.deadline_changes = decision.deadline_changes, []
    return decision


def _times_of_release(data, released_at, now):
    """Return the times to publish for an event of a dispute that was reported in the safeguard lane: all of them are those of the release."""
    times = {"happened_at": released_at, "decided_at": now} if "happened_at" in data else {}
    if "entries" in data:
        times |= {"entered_at": released_at, "entries": [{**entry, "at": released_at} for entry in data["entries"]]}
    return times


def _open_hold(decision, event, event_type, now):
    """Open a safeguard hold or a stay. If a hold is already open, a further cause changes nothing."""
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
    hold.opened_at, hold.ended_at = (hold.opened_at if hold.active_holds else instant_of(data["happened_at"])), None
    if event_type == "dispute.stayed":
        hold.stays.append(data["agency"])
    else:
        hold.cause = cause
    decision.sealed_events.insert(0, ("safeguard.held", _hold_data(dispute, event, cause)))
    return decision


def _end_hold(decision, event, cause, reason, now, policy):
    """Publish the end of a hold or stay. After the end of the last one, publish also the withheld events."""
    dispute, hold = decision.dispute, decision.dispute.hold
    decision.hold = hold
    decision.sealed_events.append(
        ("safeguard.released", {**_hold_data(dispute, event, cause), "left": hold.active_holds} | ({"reason": reason} if reason else {}))
    )
    if not hold.active_holds:
        hold.ended_at = instant_of(event.data["happened_at"])
        if not hold.reported_in_lane:
            _postpone_deadlines_of_hold(decision, now, policy)
            _publish_pending_events(decision, now)
    return _add_step_applied_event(decision, event)


def _postpone_deadlines_of_hold(decision, now, policy):
    """Postpone each published deadline that ended during the hold, as its check would have done if it had taken place then."""
    hold = decision.dispute.hold
    for deadline in tracking.in_due_order(decision.dispute.deadlines):
        if deadline.state != "open" or deadline.is_paused or deadline.kind in KINDS_NOT_POSTPONED or not _is_published(hold, deadline):
            continue
        while hold.opened_at <= deadline.due_at < hold.ended_at:
            tracking.postpone(decision, deadline, POSTPONEMENT, now, policy)


def _is_published(hold, deadline) -> bool:
    """Return whether the deadline was published in the ordinary stream, or was set by a step that is withheld until the hold ends."""
    return not hold.reported_in_lane and not any(
        change["change"] == "set" and change["clock"] == deadline.clock for _, data in hold.pending_events for change in data.get("deadlines", ())
    )


def _publish_pending_events(decision, now):
    """Publish the withheld events in the ordinary stream, each with the time at which it happened. For all who listen there, they are decided now."""
    hold = decision.dispute.hold
    decision.delayed_events = [[event_type, data | {"decided_at": now} if "decided_at" in data else data] for event_type, data in hold.pending_events]
    hold.pending_events = []


# ── steps of the safeguard lane ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _apply_opening_step(dispute, event, now, policy):
    """Open a safeguard hold because of the reported step, and confirm the step to the reporting agency."""
    return _add_step_applied_event(_open_hold(Decision(dispute), event, event.data["step"], now), event)


def _apply_protection_order_accepted(dispute, event, now, policy):
    """Start the court's deadline of 72 (urgent: 24) hours when it accepts (受理) an application for a protection order, unless one is running."""
    decision = _apply_opening_step(dispute, event, now, policy)
    facts = event.data["facts"]
    if not any(running.state != "met" and SAFEGUARD_LANE_CLOCKS[running.clock].met_by for running in dispute.hold.running.values()):
        clock = "protection_order_urgent" if facts.get("urgent") else "protection_order"
        _start_clock(decision, clock, instant_of(facts.get("accepted_at") or event.data["happened_at"]), now, policy)
    return decision


def _apply_protection_order_decided(dispute, event, now, policy):
    """Meet the deadline of the protection order when the court issues or refuses the order, and start the period for review."""
    decision = _apply_opening_step(dispute, event, now, policy)
    at = instant_of(event.data["happened_at"])
    for running in dispute.hold.running.values():
        if running.state != "met" and event.data["step"] in SAFEGUARD_LANE_CLOCKS[running.clock].met_by:
            was_passed, running.state, running.next_check_at = running.state == "passed", "met", None
            met = {"met_at": at, "late": not is_in_time(at, running.due_at), "was_passed": was_passed}
            decision.sealed_events.append(("deadline.met", {"clock": running.clock, "kind": "LAW", "due_at": running.due_at, **met}))
    _start_clock(decision, "protection_order_review", instant_of(event.data["facts"].get("effective_at") or event.data["happened_at"]), now, policy)
    return decision


def _apply_hold_released(dispute, event, now, policy):
    """End the safeguard hold. The step is refused if there is no hold."""
    hold = dispute.hold
    if hold is None or not hold.cause:
        return _add_refusal(Decision(dispute), event, "nothing_to_release", dispute.state)
    assert HOLD_TRANSITIONS[HELD_STATE][event.data["step"]] == "free"
    cause, hold.cause = hold.cause, None
    return _end_hold(Decision(dispute), event, cause, event.data["facts"]["reason"], now, policy)


def _apply_stay(dispute, event, now, policy):
    """Open a stay of the reporting agency, unless this agency has already stayed the dispute."""
    if dispute.hold and event.data["agency"] in dispute.hold.stays:
        return _add_step_applied_event(Decision(dispute), event)  # this agency has already stayed the dispute: no further effect
    return _add_step_applied_event(_open_hold(Decision(dispute), event, "dispute.stayed", now), event)


def _apply_stay_lifted(dispute, event, now, policy):
    """Lift the reporting agency's own stay. The answer does not reveal whether a hold or a stay of another agency remains."""
    state = "stayed" if dispute.hold and event.data["agency"] in dispute.hold.stays else "free"
    if event.data["step"] not in STAY_TRANSITIONS[state]:
        return _add_refusal(Decision(dispute), event, "nothing_to_release", dispute.state)
    dispute.hold.stays.remove(event.data["agency"])
    return _end_hold(Decision(dispute), event, "stay", None, now, policy)


HANDLERS_OF_SAFEGUARD_STEPS = {
    "dv.warning_issued": _apply_opening_step,
    "protection_order.applied": _apply_opening_step,
    "protection_order.accepted": _apply_protection_order_accepted,
    "protection_order.issued": _apply_protection_order_decided,
    "protection_order.refused": _apply_protection_order_decided,
    "hold.released": _apply_hold_released,
    "dispute.stayed": _apply_stay,
    "stay.lifted": _apply_stay_lifted,
}


def _start_clock(decision, name, started_at, now, policy):
    """Start a clock of the safeguard lane, and add the event deadline.set to the sealed events."""
    clock, ends_at = SAFEGUARD_LANE_CLOCKS[name], due_at(started_at, SAFEGUARD_LANE_CLOCKS[name].length, policy.holidays)
    # If the end is past already, the decision that met the deadline may follow in an import.
    next_check_at = now + policy.patience if ends_at <= now else _next_check_at(clock, ends_at, started_at, now, policy)
    running = RunningSafeguardLaneClock(name, started_at, ends_at, next_check_at)
    decision.dispute.hold.running[name] = running
    decision.sealed_events.append(("deadline.set", {**_deadline_data(running, policy), "article": clock.article, "started_at": started_at}))


def _next_check_at(clock, ends_at, started_at, now, policy):
    return tracking.next_check_time(ends_at, policy.reminder_times(clock, ends_at, started_at, clock.length), now)


def _deadline_data(running, policy):
    data = {"clock": running.clock, "kind": "LAW", "due_at": running.due_at, "owed_by": [COURT]}
    return data | {"provisional": True} if is_provisional(running.due_at, SAFEGUARD_LANE_CLOCKS[running.clock].length, policy.holidays) else data


# ── ordinary steps, reported in the safeguard lane ────────────────────────────────────────────────────────────────────────────


def _decide_ordinary_step(dispute, event, now, policy, roster):
    """Decide an ordinary step that was reported in the sealed stream. The outcome is published in the sealed stream.

    Under a safeguard hold only police and court may change the dispute. Another agency with access to the safeguard lane is refused: `held_for_safety`.
    """
    agency = event.data["agency"]
    if (
        dispute.hold
        and dispute.hold.cause
        and safeguard.has_safeguard_access(agency)
        and not safeguard.may_act_under_hold(agency)
        and not is_always_reportable(dispute, decisions.step_of(event, policy))
    ):
        return _add_refusal(Decision(dispute), event, "held_for_safety", HELD_STATE)
    return _withhold_ordinary_events(_decide_by_lifecycle(dispute, event, now, policy, roster), event, now)


def _decide_by_lifecycle(dispute, event, now, policy, roster):
    """Return the decision on an ordinary step. If the history was applied again, the deadlines that ended during an earlier hold are postponed again."""
    decision = decisions.decide(dispute, event, now, policy, roster)
    hold = dispute and dispute.hold
    if hold and decision.dispute is not dispute and not hold.active_holds and hold.ended_at is not None and not hold.reported_in_lane:
        _postpone_deadlines_of_hold(decision, now, policy)
    return decision


def _withhold_ordinary_events(decision, event, now):
    """Withhold the ordinary events of a decision until the hold ends. The reporting agency receives the outcome in the sealed stream."""
    if decision.dispute is None:
        return decision
    pending = [] if decision.refused else [[event_type, contracts.dump(event_type, data, "mediation")] for event_type, data in decision.new_events]
    for event_type, data in decision.new_events:
        outcome = contracts.step_outcome(event_type, data)
        if outcome == "applied":
            applied = {"event": data["event"], "step": event_type, "state": data["state"], "happened_at": event.data["happened_at"]}
            decision.sealed_events.append(("step.applied", {**applied, "agency": event.data["agency"]}))
        elif outcome == "refused":
            decision.sealed_events.append((event_type, {**data, "agency": event.data["agency"]}))
    decision.new_events = []
    if decision.refused is None:
        hold = decision.hold = decision.dispute.hold = decision.dispute.hold or Hold()
        hold.pending_events += pending
        if not hold.active_holds and not hold.reported_in_lane and event.type != decisions.REGISTERED:
            _publish_pending_events(decision, now)  # no hold is active any more, so the events are published at once
    return decision


# ── events of the sealed stream ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _add_step_applied_event(decision, event):
    """Add step.applied for the reporting agency to the sealed events."""
    data = event.data
    state = HELD_STATE if decision.dispute.hold.cause and safeguard.has_safeguard_access(data["agency"]) else decision.dispute.state
    applied = {"event": data["event"], "agency": data["agency"], "step": data["step"], "state": state, "happened_at": data["happened_at"]}
    decision.sealed_events.append(("step.applied", applied))
    return decision


def _add_refusal(decision, event, reason, state):
    """Refuse the step with a reason of contracts.REASONS, and add step.refused to the sealed events."""
    data = event.data
    sentence = REASONS[reason].text(step=data["step"], state=state)
    decision.refused = reason
    decision.sealed_events.append(
        ("step.refused", {"event": data["event"], "agency": data["agency"], "step": data["step"], "state": state, "reason": sentence})
    )
    return decision


def _hold_data(dispute, event, cause):
    """Return the data that safeguard.held and safeguard.released have in common."""
    data = event.data
    return {"event": data["event"], "agency": data["agency"], "cause": cause, "state": dispute.state, "happened_at": data["happened_at"]}
