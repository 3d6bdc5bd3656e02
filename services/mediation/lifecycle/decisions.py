"""Decisions on the events and passed deadlines of a dispute, by the tables in transitions.py. Pure computation; the present time is an argument."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta

from contracts import REASONS
from services.mediation.deadlines import tracking
from services.mediation.deadlines.clocks import deadlines_extended_by, max_extension_days
from services.mediation.dispute.agencies import CENTRE
from services.mediation.dispute.guards import all_terms_performed, confirmation_application_due_at, effective_step_type, find_step_to_undo, objection_due_at
from services.mediation.dispute.hold import is_blocked_by_hold
from services.mediation.dispute.model import INITIAL_STATE, AppliedStep, Deadline, Decision, Dispute, Transition, agencies_in_role
from services.mediation.dispute.step import NOTED, Step
from services.mediation.law.dates import day_of, instant_of
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy
from services.mediation.lifecycle import corrections
from services.mediation.lifecycle.effects import EFFECTS
from services.mediation.lifecycle.transitions import (
    FACTS_WHEN_PASSED,
    GUARD_FOR_EVERY_STEP,
    GUARDS,
    NEXT_ACTORS,
    STEP_WHEN_PASSED,
    TRANSITIONS,
    Cell,
    ConditionalTarget,
    PreviousStateTarget,
)

# Largest time by which a step may lie in the future, because the system clock of an agency may be fast.
CLOCK_TOLERANCE = timedelta(minutes=5)

# Types of the intake service's events on which this module decides.
REGISTERED, STEP_REPORTED, DUPLICATE_PROPOSED = "dispute.registered", "step.reported", "duplicate.proposed"
# Type of the intake service's event about a join: the event that repeats it about the dispute which continues, and the field with the code of that dispute.
EVENTS_ABOUT_CONTINUING_DISPUTE = {"dispute.merged": ("merge.noted", "into"), "dispute.unmerged": ("unmerge.noted", "was")}


def decide(dispute: Dispute | None, event, now: datetime, policy: DeadlinePolicy = USUAL_POLICY, roster=None) -> Decision:
    """Decide on an event of the intake service for a dispute. `dispute` is None before its registration.

    A legal step changes the dispute in place; a refused step leaves it unchanged. An event of another type results in an empty decision.
    `roster` contains the rosters of mediators at the time of the decision; None: mediators are not checked against rosters.
    """
    if event.type == DUPLICATE_PROPOSED:
        return Decision(dispute, new_events=[("duplicate.noted", {**event.data, "owed_by": (CENTRE,)})])
    if event.type in EVENTS_ABOUT_CONTINUING_DISPUTE:
        return Decision(dispute, new_events=_events_about_continuing_dispute(dispute, event))
    if event.type not in (REGISTERED, STEP_REPORTED):
        return Decision(dispute)
    # If an operator discarded the registration, later steps are decided on a dispute in the initial state, which refuses them.
    decision, step = Decision(dispute or Dispute(event.subject)), step_of(event, policy, roster)
    reason = _refusal_reason(decision.dispute, step, now)
    if reason is None and is_blocked_by_hold(decision.dispute, step, event.data["event"]):
        reason = "stayed"  # checked last: a step that is illegal without the hold, too, is refused for that other reason, which does not reveal the hold
    if reason is not None:
        _refuse(decision, step, reason, event.data["event"])
    elif step.step_type in UNDOING_STEPS:
        _undo_step(decision, step, event.data["event"], now, policy)
    else:
        _apply_step(decision, step, event.data["event"], now, policy)
    return decision


def _events_about_continuing_dispute(dispute, event):
    """Return the event that tells listeners of this service of a join or of its undoing, with the agencies that handle the dispute which continues."""
    event_type, field = EVENTS_ABOUT_CONTINUING_DISPUTE[event.type]
    if dispute is None or event.data[field] != event.subject or (dispute.hold and dispute.hold.reported_in_lane):
        return []
    handled_by = dict.fromkeys([*([dispute.body] if dispute.body else []), *agencies_in_role(dispute, NEXT_ACTORS[dispute.state])])
    return [(event_type, {**event.data, "handled_by": tuple(handled_by)})]


def needs_history(event) -> bool:
    """Return whether the decision on the event needs the earlier steps of the dispute (`applied_steps`)."""
    return event.type == STEP_REPORTED and event.data["step"] in UNDOING_STEPS


def discard(dispute: Dispute | None, event) -> Decision:
    """Return the decision on an event that an operator discarded: the dispute is unchanged, and the step is refused to the agency."""
    decision = Decision(dispute)
    if event.type in (REGISTERED, STEP_REPORTED):
        decision.dispute = dispute or Dispute(event.subject)
        _refuse(decision, step_of(event, USUAL_POLICY), "discarded_by_operator", event.data["event"])
    return decision


def step_of(event, policy: DeadlinePolicy, roster=None) -> Step:
    """Return the step reported in an event of the intake service."""
    data = event.data
    if event.type == REGISTERED:
        return Step(REGISTERED, data["agency"], instant_of(data["happened_at"]), data, policy, roster)
    return Step(data["step"], data["agency"], instant_of(data["happened_at"]), data["facts"], policy, roster)


def fold(transitions: Iterable[Transition], state: str = INITIAL_STATE) -> str:
    """Return the state of a dispute after these transitions, starting from `state`.

    Raises BrokenHistory if a step is missing or repeated, or does not begin in the state in which the previous step ended.
    """
    for count, (before, after, step) in enumerate(transitions, 1):
        if (before, step) != (state, count):
            raise BrokenHistory(step)
        state = after
    return state


class BrokenHistory(ValueError):
    """The transitions of a dispute are not one continuous sequence."""


# ── Refusing or applying a step ───────────────────────────────────────────────────────────────────────────────────────────────────


def _refusal_reason(dispute: Dispute, step: Step, now: datetime) -> str | None:
    """Return the code of the first reason to refuse the step; None if it is legal.

    Checked in this order: state of the dispute, authority of the agency, time of the step, guards in the order of their table.
    """
    if step.step_type not in TRANSITIONS[dispute.state]:
        return "dispute_closed" if dispute.state == "closed" else "illegal_here"
    if step.step_type == REGISTERED:
        return None  # the intake service has assigned the code, so the registration is valid even if the agency's system clock is fast
    guard, reason = GUARD_FOR_EVERY_STEP
    if not guard(dispute, step):
        return reason
    if step.happened_at > now + CLOCK_TOLERANCE:
        return "in_the_future"
    for guard, reason in GUARDS.get(step.step_type, ()):
        if not guard(dispute, step):
            return reason
    return None


def _refuse(decision: Decision, step: Step, reason: str, event: dict, corrected: tuple[Dispute, Step] | None = None) -> None:
    """Refuse the step and add `step.refused` with the reason as text.

    `corrected` contains the dispute and the corrected step that were checked, if the step is a correction and its corrected step is refused.
    """
    dispute, step_type = decision.dispute, _reported_type(step.step_type)
    parameters = {"state": dispute.state, "step": step_type, "agency": step.agency}
    dispute, step = corrected or (dispute, step)
    if reason == "unknown_term":
        parameters["number"] = step.facts["term"]
    elif reason == "extended_too_late":
        parameters["on"] = day_of(min(d.due_at for d in deadlines_extended_by(dispute, step.step_type)))
    elif reason == "objected_too_late":
        parameters["on"] = day_of(objection_due_at(dispute))
    elif reason == "applied_too_late":
        parameters["on"] = day_of(confirmation_application_due_at(dispute, step))
    elif reason == "extension_too_long":
        parameters["days"] = max_extension_days(dispute, step)
    decision.refused = reason
    decision.new_events.append(
        ("step.refused", {"event": event, "step": step_type, "state": decision.dispute.state, "reason": REASONS[reason].text(**parameters)})
    )


def _apply_step(decision: Decision, step: Step, event: dict, now: datetime, policy: DeadlinePolicy) -> None:
    """Apply a legal step: change the state, record the effect, update the deadlines and add the event of the step to the decision.

    The one event carries the facts of the step, its outcome for the agency, and what the step did to the deadlines.
    """
    dispute, before, body_before, step_type = decision.dispute, decision.dispute.state, decision.dispute.body, step.step_type
    old_values = corrections.snapshot(dispute)
    met = tracking.remove_met_deadlines(dispute, step, policy)  # before the effect, because guards of clocks read the dispute before the step
    outcome = OUTCOME_BY_STEP.get(step_type) or _final_outcome(dispute)
    effect = EFFECTS.get(step_type)
    if effect is not None:
        effect(dispute, step)
    target = _target_state(dispute, step, TRANSITIONS[before][step_type])
    if target != NOTED:
        dispute.state = target
    if dispute.state != before:
        dispute.entered_at = step.happened_at

    confirmed = _confirmed_step_data(dispute, step, event, before, body_before, now)
    tracking.record_met(decision, met)
    tracking.update_deadlines(decision, step, target == NOTED, now, policy)
    if dispute.state != before:
        tracking.stop_clocks_outside_state(decision)
    _add_step_event(decision, _reported_type(step_type), confirmed)
    if dispute.state == "closed" != before:
        dispute.outcome = outcome
        decision.new_events.append(("dispute.closed", _closing_data(dispute)))
    _append_to_history(decision, step, before, event, corrections.previous_values(old_values, dispute))


def _target_state(dispute: Dispute, step: Step, cell: Cell) -> str:
    """Return the state to which a cell of the transition table leads, or NOTED. The guard of a ConditionalTarget reads the dispute after the effect of the step."""
    while type(cell) is ConditionalTarget:
        cell = cell.then if cell.guard(dispute, step) else cell.otherwise
    return dispute.state_before_pause if type(cell) is PreviousStateTarget else cell


def _add_step_event(decision: Decision, event_type: str, data: dict) -> None:
    """Add the event of a step to the decision. It takes over the changes of deadlines that were recorded since the last event."""
    if decision.deadline_changes:
        data["deadlines"], decision.deadline_changes = decision.deadline_changes, []
    decision.new_events.append((event_type, data))


def _confirmed_step_data(dispute: Dispute, step: Step, event: dict, before: str, body_before: str | None, now: datetime) -> dict:
    """Return the data of the confirmed step (domain event) to publish, without the changes of deadlines.

    `before` and `body_before`: state and mediation body of the dispute before the step. `event` identifies the agency's event of this step. `about` in the result is the id of the earlier event that a correction or withdrawal concerns.
    """
    facts = {} if step.step_type in STEPS_WITHOUT_PUBLISHED_FACTS else step.facts
    if "event" in facts:
        facts = {**facts, "about": facts["event"]}
    if step.step_type in STEPS_NAMING_BODY and dispute.body:
        facts = {**facts, "body": dispute.body}
    if body_before and (dispute.body != body_before or step.step_type in STEPS_ENDING_THE_BODYS_PART):
        facts = {**facts, "body_before": body_before}
    return {**facts, "event": event, "agency": step.agency, **_step_outcome(dispute, step, before, now)}


def _step_outcome(dispute: Dispute, step: Step, before: str, now: datetime) -> dict:
    """Return the fields that the event of every step has, reported or automatic."""
    return {"before": before, "state": dispute.state, "next_actors": agencies_in_role(dispute, NEXT_ACTORS[dispute.state]),
            "happened_at": step.happened_at, "decided_at": now}  # fmt: skip


def _closing_data(dispute: Dispute) -> dict:
    """Return the data of `dispute.closed`."""
    facts = {"state": "closed", "outcome": dispute.outcome, "mode": dispute.court_closing_mode, "ground": dispute.termination_ground}
    return {name: value for name, value in facts.items() if value is not None}


def _append_to_history(decision: Decision, step: Step, before: str, event: dict | None, inverse: dict, undoes: int | None = None) -> None:
    """Add the transition and the applied step to the decision, and the applied step to the dispute."""
    dispute = decision.dispute
    dispute.steps += 1
    decision.transition = Transition(before, dispute.state, dispute.steps)
    decision.applied_step = AppliedStep(dispute.steps, step.step_type, step.agency, event["id"] if event else None, step.happened_at, inverse, undoes)
    dispute.applied_steps.append(decision.applied_step)


def _reported_type(step_type: str) -> str:
    """Return the event type that the agency used for the step: `dispute.reported` for a registration, else the type of the step."""
    return "dispute.reported" if step_type == REGISTERED else step_type


def _final_outcome(dispute: Dispute) -> str:
    """Return the outcome that the dispute has if it is closed now."""
    if dispute.state == "resolved" and dispute.outcome != "judged":
        return "performed" if all_terms_performed(dispute) else dispute.outcome or "settled"
    return OUTCOME_BY_STATE.get(dispute.state) or dispute.outcome or "not_settled"


# ── Corrections, withdrawals and undone joins ─────────────────────────────────────────────────────────────────────────────────────────


def _undo_step(decision: Decision, step: Step, event: dict, now: datetime, policy: DeadlinePolicy) -> None:
    """Undo an earlier step and, for a correction, apply it again with the corrected facts.

    If the corrected step is not legal, the correction is refused and the dispute is unchanged.
    """
    before, body_before, earlier = decision.dispute.state, decision.dispute.body, find_step_to_undo(decision.dispute, step)
    attempt = Decision(replace(decision.dispute, deadlines=deepcopy(decision.dispute.deadlines), applied_steps=[*decision.dispute.applied_steps]))
    corrections.apply_inverse(attempt, earlier, now, policy)
    new_events, inverse = attempt.new_events, {}
    if "facts" in step.facts and earlier.inverse:
        corrected_step = Step(effective_step_type(decision.dispute, earlier), step.agency, earlier.happened_at, step.facts["facts"], policy, step.roster)
        reason = _refusal_reason(attempt.dispute, corrected_step, now)
        if reason is not None:
            _refuse(decision, step, reason, event, (attempt.dispute, corrected_step))
            return
        old_values = corrections.snapshot(attempt.dispute)  # needed to undo the correction later
        changes_by_undoing, attempt.deadline_changes = attempt.deadline_changes, []
        _apply_step(attempt, corrected_step, event, now, policy)
        attempt.new_events[0][1]["corrected"] = True  # this event names the agency's event of the correction, but the event of the correction is its outcome
        tracking.stop_clocks_outside_state(attempt)
        attempt.deadline_changes = [*changes_by_undoing, *attempt.deadline_changes]
        attempt.dispute.applied_steps.pop()
        attempt.dispute.steps -= 1
        inverse = {**corrections.previous_values(old_values, attempt.dispute), "step_type": corrected_step.step_type}
    else:
        tracking.stop_clocks_outside_state(attempt)
    decision.dispute, decision.deadlines, decision.deadline_changes = attempt.dispute, attempt.deadlines, attempt.deadline_changes
    _add_step_event(decision, step.step_type, _confirmed_step_data(decision.dispute, step, event, before, body_before, now))
    decision.new_events += new_events
    _append_to_history(decision, step, before, event, inverse, earlier.step)


# ── Automatic steps when a deadline has passed ────────────────────────────────────────────────────────────────────────────────────


def check_deadline(dispute: Dispute, deadline: Deadline, now: datetime, policy: DeadlinePolicy = USUAL_POLICY) -> Decision:
    """Check one deadline at `now`. If it has passed, apply the automatic step that STEP_WHEN_PASSED lists for its clock."""
    decision = tracking.check_deadline(dispute, deadline, now, policy)
    step_type = STEP_WHEN_PASSED.get(deadline.clock)
    if step_type is None or not any(event_type == "deadline.passed" for event_type, _ in decision.new_events) or step_type not in TRANSITIONS[dispute.state]:
        return decision
    facts = FACTS_WHEN_PASSED[step_type](dispute, deadline) if step_type in FACTS_WHEN_PASSED else {}
    if facts is None:
        return decision
    before, old_values = dispute.state, corrections.snapshot(dispute)
    step = Step(step_type, None, now if step_type in STEPS_DATED_WHEN_CHECKED else deadline.due_at, facts, policy)
    EFFECTS[step_type](dispute, step)
    target = _target_state(dispute, step, TRANSITIONS[before][step_type])
    if target != NOTED:
        dispute.state, dispute.entered_at = target, step.happened_at
    data = {**facts, **_step_outcome(dispute, step, before, now)}
    tracking.update_deadlines(decision, step, target == NOTED, now, policy)
    _add_step_event(decision, step_type, data)
    _append_to_history(decision, step, before, None, corrections.previous_values(old_values, dispute))
    return decision


# Outcome of a dispute that is closed in one of these states. In other states the outcome recorded in the dispute applies.
OUTCOME_BY_STATE = {"registered": "mistaken", "screened": "not_suitable", "performing": "defaulted", "defaulted": "defaulted", "suspended": "not_settled"}
STEPS_WITHOUT_PUBLISHED_FACTS = (REGISTERED, "dispute.reported")  # the intake service has published the facts of the report
OUTCOME_BY_STEP = {"reports.joined": "merged"}  # outcome of a dispute closed by this step, whatever its state
STEPS_NAMING_BODY = ("reports.joined",)  # steps whose domain event contains the mediation body of the dispute
STEPS_ENDING_THE_BODYS_PART = ("dispute.redirected",)  # steps after which the mediation body has no part in the dispute, although it remains stored
UNDOING_STEPS = ("report.corrected", "report.withdrawn", "reports.unjoined")
STEPS_DATED_WHEN_CHECKED = ("supervision.issued",)  # automatic steps dated at the time of the check; all others are dated at the due time
