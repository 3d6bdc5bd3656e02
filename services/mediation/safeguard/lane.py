"""What each event means where the safeguard lane is concerned: facts in, decisions out, by the tables of dispute/hold.py. No database; `now` is an argument.

An event is answered in the voice in which it came. What was decided sealed about the dispute's first life the ordinary voice says when all is over.
"""

from datetime import datetime, timedelta

import contracts
from contracts import REASONS, safeguard
from contracts.channels import SEALED, is_sealed
from services.mediation.deadlines import tracking
from services.mediation.dispute.agencies import COURT
from services.mediation.dispute.hold import CLOCKS, HOLD, PASSES_AS_EVER, PUT_OFF, STAY, Hold, Running, is_held, moves_nothing
from services.mediation.dispute.model import Deadline, Decision, Dispute
from services.mediation.dispute.step import NOTED, Step
from services.mediation.law.counting import due_at, in_time
from services.mediation.law.dates import instant_of
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy
from services.mediation.life import decisions
from services.mediation.rosters.roster import Roster

STREAM = SEALED["mediation"]
HELD_STATE = "safeguard_hold"
OPENED_BY_A_FLAG = ("risk.flagged", decisions.REGISTERED)  # by a flag among the facts of a screening or a report; other steps have a cause
A_DAY = timedelta(days=1)


class NotYetRegistered(Exception):
    """The two voices are heard apart, and this one was quicker: the event has its turn again when the dispute has been registered."""


def decide(dispute: Dispute | None, event, now: datetime, policy: DeadlinePolicy = USUAL_POLICY, roster: Roster | None = None) -> Decision:
    """What `event` means for `dispute`: by this file's rules if it came sealed, else by those of the first life."""
    if not is_sealed(event.source):
        if event.type == decisions.REGISTERED and dispute is not None and dispute.hold is not None and dispute.hold.reported_in_lane:
            return _come_out(dispute, event, now, policy)
        return decisions.decide(dispute, event, now, policy, roster)
    if event.type == decisions.REGISTERED:
        return _register(dispute, event, now, policy, roster)
    if dispute is None:
        raise NotYetRegistered
    if event.type == "risk.flagged":
        return _open(Decision(dispute), event, "risk.flagged", now)
    word = event.data["step"]
    if word in SAID_IN_THE_LANE:
        return SAID_IN_THE_LANE[word](dispute, event, now, policy)
    return _move(dispute, event, now, policy, roster)


def discard(dispute: Dispute | None, event) -> Decision:
    """What it means that a person discarded `event`: nothing, and the agency is told in the voice in which it came."""
    if not is_sealed(event.source):
        return decisions.discard(dispute, event)
    return _seal(decisions.discard(dispute, event), event)


def time_passes(dispute: Dispute, deadline: Deadline, now: datetime, policy: DeadlinePolicy = USUAL_POLICY) -> Decision:
    """What it means for an ordinary deadline that `now` has come. While the dispute stands still: as little as can be."""
    hold = dispute.hold
    if not is_held(dispute) or deadline.state != "open" or deadline.next_check_at is None or now < deadline.next_check_at:
        return decisions.time_passes(dispute, deadline, now, policy)
    is_published = not hold.reported_in_lane and not any(word == "deadline.set" and data["clock"] == deadline.clock for word, data in hold.pending_events)
    if is_published and deadline.kind in PASSES_AS_EVER:
        return decisions.time_passes(dispute, deadline, now, policy)
    decision = Decision(dispute)
    if is_published:
        tracking.put_off(decision, deadline, PUT_OFF, now, policy)
    else:
        deadline.next_check_at = now + A_DAY
        decision.deadlines.append(deadline)
    return decision


def lane_time_passes(dispute: Dispute, now: datetime, policy: DeadlinePolicy = USUAL_POLICY) -> Decision:
    """What it means for the clocks of the lane that `now` has come."""
    decision = Decision(dispute)
    for running in dispute.hold.running.values():
        if running.next_check_at is None or now < running.next_check_at:
            continue
        decision.hold = dispute.hold
        if in_time(now, running.due_at):
            word, running.next_check_at = "deadline.approached", tracking.next_reminder(running.due_at, policy.reminders(CLOCKS[running.clock]), now)
        else:
            word, running.state, running.next_check_at = "deadline.passed", "passed", None
        decision.sealed.append((word, _owed(running)))
    return decision


# ── into the lane, and out of it ──────────────────────────────────────────────────────────────────────────────────────────────────


def _register(dispute, event, now, policy, roster):
    """A report that carried a flag: it has a code and a state, and the ordinary clocks do not run."""
    decision = _seal(decisions.decide(dispute, event, now, policy, roster), event)
    if decision.refused is not None:
        return decision
    decision.dispute.deadlines.clear()
    decision.deadlines = []
    decision.dispute.hold = Hold(
        reported_in_lane=True, pending_events=[said for said in decision.dispute.hold.pending_events if not said[0].startswith("deadline.")]
    )
    return _open(decision, event, decisions.REGISTERED, now)


def _come_out(dispute, event, now, policy):
    """Intake names it for the first time: what is known of it is said, as if it began when it was released, and its clocks start then."""
    decision, hold, released_at = Decision(dispute, hold=dispute.hold), dispute.hold, instant_of(event.data["happened_at"])
    for word, data in hold.pending_events:
        decision.said.append((word, data | ({"happened_at": released_at} if "happened_at" in data else {})))
    hold.reported_in_lane, hold.pending_events = False, []
    if dispute.state == "registered":
        tracking.start_anew(decision, Step(decisions.REGISTERED, event.data["agency"], released_at, event.data, policy), now, policy)
    return decision


def _open(decision, event, word, now):
    dispute, data = decision.dispute, event.data
    hold = dispute.hold = dispute.hold or Hold()
    decision.hold = hold
    source = [data["event"]["source"], data["event"]["id"]]
    if source not in hold.opened_by:
        hold.opened_by.append(source)
    if HOLD[HELD_STATE if hold.cause else "free"].get(word, HELD_STATE) == NOTED:
        return decision
    if word != "dispute.stayed" and hold.cause:
        return decision
    cause = "risk" if word in OPENED_BY_A_FLAG else safeguard.CAUSE_OF_STEP[word]
    hold.opened_at, hold.ended_at = (hold.opened_at if hold.active_holds else now), None
    if word == "dispute.stayed":
        hold.stays.append(data["agency"])
    else:
        hold.cause = cause
    decision.sealed.insert(0, ("safeguard.held", _held(dispute, event, cause)))
    return decision


def _end(decision, event, cause, reason, now):
    dispute, hold = decision.dispute, decision.dispute.hold
    decision.hold = hold
    decision.sealed.append(("safeguard.released", {**_held(dispute, event, cause), "left": hold.active_holds} | ({"reason": reason} if reason else {})))
    if not hold.active_holds:
        hold.ended_at = now
        if not hold.reported_in_lane:
            _tell(decision)
    return _apply(decision, event)


def _tell(decision):
    """What the ordinary voice owes: it is said now, each fact with the time at which it happened."""
    decision.late, decision.dispute.hold.pending_events = decision.dispute.hold.pending_events, []


# ── the lane's own words ──────────────────────────────────────────────────────────────────────────────────────────────────────────


def _warned(dispute, event, now, policy):
    return _apply(_open(Decision(dispute), event, event.data["step"], now), event)


def _accepted(dispute, event, now, policy):
    """受理: the hours run from here. Accepted twice it runs once."""
    decision = _warned(dispute, event, now, policy)
    facts = event.data["facts"]
    if not any(running.state != "met" and CLOCKS[running.clock].met_by for running in dispute.hold.running.values()):
        name = "protection_order_urgent" if facts.get("urgent") else "protection_order"
        _start(decision, name, instant_of(facts.get("accepted_at") or event.data["happened_at"]), now, policy)
    return decision


def _decided(dispute, event, now, policy):
    decision = _warned(dispute, event, now, policy)
    at = instant_of(event.data["happened_at"])
    for running in dispute.hold.running.values():
        if running.state != "met" and event.data["step"] in CLOCKS[running.clock].met_by:
            was_passed, running.state, running.next_check_at = running.state == "passed", "met", None
            met = {"met_at": at, "late": not in_time(at, running.due_at), "was_passed": was_passed}
            decision.sealed.append(("deadline.met", {"clock": running.clock, "kind": "LAW", "due_at": running.due_at, **met}))
    _start(decision, "protection_order_review", instant_of(event.data["facts"].get("effective_at") or event.data["happened_at"]), now, policy)
    return decision


def _released(dispute, event, now, policy):
    hold = dispute.hold
    if hold is None or not hold.cause:
        return _refuse(Decision(dispute), event, "nothing_to_release", dispute.state)
    assert HOLD[HELD_STATE][event.data["step"]] == "free"
    cause, hold.cause = hold.cause, None
    return _end(Decision(dispute), event, cause, event.data["facts"]["reason"], now)


def _stayed(dispute, event, now, policy):
    if dispute.hold and event.data["agency"] in dispute.hold.stays:
        return _apply(Decision(dispute), event)  # STAY: noted
    return _apply(_open(Decision(dispute), event, "dispute.stayed", now), event)


def _lifted(dispute, event, now, policy):
    """Each lifts its own. Whether somebody else's is left, or a hold, is not said."""
    state = "stayed" if dispute.hold and event.data["agency"] in dispute.hold.stays else "free"
    if event.data["step"] not in STAY[state]:
        return _refuse(Decision(dispute), event, "nothing_to_release", dispute.state)
    dispute.hold.stays.remove(event.data["agency"])
    return _end(Decision(dispute), event, "stay", None, now)


SAID_IN_THE_LANE = {
    "dv.warning_issued": _warned,
    "protection_order.applied": _warned,
    "protection_order.accepted": _accepted,
    "protection_order.issued": _decided,
    "protection_order.refused": _decided,
    "hold.released": _released,
    "dispute.stayed": _stayed,
    "stay.lifted": _lifted,
}


def _start(decision, name, started_at, now, policy):
    clock, due = CLOCKS[name], due_at(started_at, CLOCKS[name].length, policy.holidays)
    running = Running(name, started_at, due, tracking.next_reminder(due, policy.reminders(clock), now))
    decision.dispute.hold.running[name] = running
    decision.sealed.append(("deadline.set", {**_owed(running), "article": clock.article, "started_at": started_at}))


def _owed(running):
    return {"clock": running.clock, "kind": "LAW", "due_at": running.due_at, "owed_by": [COURT]}


# ── a step of the first life, reported in the lane ────────────────────────────────────────────────────────────────────────────────


def _move(dispute, event, now, policy, roster):
    """By police or court: it is taken, sealed. By whoever else is inside: only these two move it. By an agency that knows the code: as any stayed dispute."""
    agency = event.data["agency"]
    if (
        dispute.hold
        and dispute.hold.cause
        and safeguard.is_inside(agency)
        and not safeguard.moves_it(agency)
        and not moves_nothing(dispute, decisions.step_of(event, policy))
    ):
        return _refuse(Decision(dispute), event, "held_for_safety", HELD_STATE)
    return _seal(decisions.decide(dispute, event, now, policy, roster), event)


def _seal(decision, event):
    """What was decided by the tables of the first life is told to nobody but the agency, and kept until the ordinary voice may say it."""
    if decision.dispute is None:
        return decision
    pending = [] if decision.refused else [[word, contracts.dump(word, data, "mediation")] for word, data in decision.said]
    for word, data in decision.said:
        if word in ("step.applied", "step.refused"):
            when = {"happened_at": event.data["happened_at"]} if word == "step.applied" else {}
            decision.sealed.append((word, {**data, "agency": event.data["agency"], **when}))
    decision.said = []
    if decision.refused is None:
        hold = decision.hold = decision.dispute.hold = decision.dispute.hold or Hold()
        hold.pending_events += pending
        if not hold.active_holds and not hold.reported_in_lane and event.type != decisions.REGISTERED:
            _tell(decision)  # it came in the lane and the hold is over: nothing has to wait
    return decision


# ── what is said ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _apply(decision, event):
    data = event.data
    state = HELD_STATE if decision.dispute.hold.cause and safeguard.is_inside(data["agency"]) else decision.dispute.state
    applied = {"event": data["event"], "agency": data["agency"], "step": data["step"], "state": state, "happened_at": data["happened_at"]}
    decision.sealed.append(("step.applied", applied))
    return decision


def _refuse(decision, event, reason, state):
    data = event.data
    sentence = REASONS[reason].text(step=data["step"], state=state)
    decision.refused = reason
    decision.sealed.append(("step.refused", {"event": data["event"], "agency": data["agency"], "step": data["step"], "state": state, "reason": sentence}))
    return decision


def _held(dispute, event, cause):
    data = event.data
    return {"event": data["event"], "agency": data["agency"], "cause": cause, "state": dispute.state, "happened_at": data["happened_at"]}
