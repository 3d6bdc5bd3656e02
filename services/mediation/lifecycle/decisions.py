"""Decisions on the events and passed deadlines of a dispute, by the tables in transitions.py. Pure computation; the present time is an argument."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from contracts import REASONS, kinds
from services.mediation.deadlines import passing, tracking
from services.mediation.deadlines.clocks import deadlines_extended_by, max_extension_days
from services.mediation.dispute.agencies import CENTRE
from services.mediation.dispute.guards import confirmation_application_due_at, find_step_to_undo, objection_due_at, reported_type
from services.mediation.dispute.hold import is_blocked_by_hold
from services.mediation.dispute.model import INITIAL_STATE, AppliedStep, Deadline, Decision, Dispute, Transition, agencies_in_role
from services.mediation.dispute.order import answers_what_had_happened, is_reported_late
from services.mediation.dispute.step import Step
from services.mediation.law.dates import day_of, instant_of
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy
from services.mediation.lifecycle import applying, recomputing
from services.mediation.lifecycle.recomputing import REGISTERED, UNDOING_STEPS, History
from services.mediation.lifecycle.transitions import NEXT_ACTORS, STEP_WHEN_PASSED

# Largest time by which a step may lie in the future, because the system clock of an agency may be fast.
CLOCK_TOLERANCE = timedelta(minutes=5)

# Types of the intake service's events on which this module decides, besides dispute.registered.
STEP_REPORTED, DUPLICATE_PROPOSED = "step.reported", "duplicate.proposed"
# Type of the intake service's event about a join: the event that repeats it about the dispute which continues, and the field with the code of that dispute.
EVENTS_ABOUT_CONTINUING_DISPUTE = {"dispute.merged": ("merge.noted", "into"), "dispute.unmerged": ("unmerge.noted", "was")}


def decide(dispute: Dispute | None, event, now: datetime, policy: DeadlinePolicy = USUAL_POLICY, roster=None) -> Decision:
    """Decide on an event of the intake service for a dispute. `dispute` is None before its registration.

    A legal step changes the dispute in place; a refused step leaves it unchanged. An event of another type results in an empty decision.
    `roster` contains the rosters of mediators at the time of the decision; None: mediators are not checked against rosters.
    Raises HistoryNeeded if the earlier steps of the dispute are needed and not loaded; the dispute is unchanged then.
    """
    if event.type == DUPLICATE_PROPOSED:
        return Decision(dispute, new_events=[("duplicate.noted", {**event.data, "owed_by": (CENTRE,)})])
    if event.type in EVENTS_ABOUT_CONTINUING_DISPUTE:
        return Decision(dispute, new_events=_events_about_continuing_dispute(dispute, event, now, policy))
    if event.type not in (REGISTERED, STEP_REPORTED):
        return Decision(dispute)
    # If an operator discarded the registration, later steps are decided on a dispute in the initial state, which refuses them.
    decision, step = Decision(dispute or Dispute(event.subject)), step_of(event, policy, roster)
    if step.step_type in UNDOING_STEPS:
        _decide_undoing(decision, step, event.data["event"], now, policy)
    elif belongs_to_earlier_time(decision.dispute, step, now, policy):
        _decide_late_step(decision, step, event.data["event"], now, policy)
    else:
        _decide_step(decision, step, event.data["event"], now, policy)
    return decision


def _events_about_continuing_dispute(dispute, event, now, policy):
    """Return the event that tells listeners of this service of a join or of its undoing, with the agencies that handled the dispute which continues then.

    The event of the intake service arrives some time after the join, when other agencies may handle the dispute.
    """
    event_type, field = EVENTS_ABOUT_CONTINUING_DISPUTE[event.type]
    if dispute is None or event.data[field] != event.subject or (dispute.hold and dispute.hold.reported_in_lane):
        return []
    recomputing.require_history(dispute)
    steps = [one for one in recomputing.steps_that_count(dispute.applied_steps, policy) if one.step.happened_at <= event.time]
    then = recomputing.apply_history(dispute, steps, recomputing.passed_deadlines(dispute), now, policy, tolerated=_Everything()).dispute if steps else dispute
    handled_by = dict.fromkeys([*([then.body] if then.body else []), *agencies_in_role(then, NEXT_ACTORS[then.state])])
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


def _refusal_reason(dispute: Dispute, step: Step, event: dict, now: datetime) -> str | None:
    """Return the code of the first reason to refuse the step; None if it is legal.

    Checked in this order: state of the dispute, authority of the agency, time of the step, guards in the order of their table, safeguard hold. The hold
    is last: a step that is illegal without the hold, too, is refused for that other reason, which does not reveal the hold.
    """
    reason = applying.refusal_by_transitions(dispute, step) or _refusal_by_authority_and_time(dispute, step, now)
    if reason is None and step.step_type != REGISTERED:
        reason = applying.refusal_by_guards(dispute, step)
    return reason or ("stayed" if is_blocked_by_hold(dispute, step, event) else None)


def _refusal_by_authority_and_time(dispute, step, now):
    if step.step_type == REGISTERED:
        return None  # the intake service has assigned the code, so the registration is valid even if the agency's system clock is fast
    reason = applying.refusal_by_authority(dispute, step)
    if reason is not None:
        return reason
    if step.happened_at > now + CLOCK_TOLERANCE:
        return "in_the_future"
    return None if answers_what_had_happened(dispute, step) else "before_what_it_answers"


def _refuse(decision: Decision, step: Step, reason: str, event: dict, corrected: tuple[Dispute, Step] | None = None) -> None:
    """Refuse the step and add `step.refused` with the reason as text.

    `corrected` contains the dispute and the corrected step that were checked, if the step is a correction and its corrected step is refused.
    """
    dispute, step_type = decision.dispute, reported_type(step.step_type)
    parameters = {"state": dispute.state, "step": step_type, "agency": step.agency}
    dispute, step = corrected or (dispute, step)
    if reason == "unknown_term":
        parameters["number"] = step.facts["term"]
    elif reason == "extended_too_late":
        parameters["on"] = day_of(min(d.due_at for d in deadlines_extended_by(dispute, step.step_type)))
    elif reason == "objected_too_late":
        parameters["on"] = day_of(objection_due_at(dispute, step))
    elif reason == "applied_too_late":
        parameters["on"] = day_of(confirmation_application_due_at(dispute, step))
    elif reason == "extension_too_long":
        parameters["days"] = max_extension_days(dispute, step)
    decision.refused = reason
    decision.new_events.append(
        ("step.refused", {"event": event, "step": step_type, "state": decision.dispute.state, "reason": REASONS[reason].text(**parameters)})
    )


def _decide_step(decision: Decision, step: Step, event: dict, now: datetime, policy: DeadlinePolicy) -> None:
    """Decide a step that belongs to the present time of the dispute: refuse it, or apply it after the deadlines that passed before it."""
    dispute = decision.dispute
    reason = _refusal_reason(dispute, step, event, now)
    if recomputing.next_automatic(dispute, step, set(), now, policy) is not None:
        after_passing = Decision(recomputing.copy_of(dispute))
        _pass_deadlines_before(after_passing, step, now, policy)
        reason_then = _refusal_reason(after_passing.dispute, step, event, now)
        if reason is None or reason_then is None:
            _pass_deadlines_before(decision, step, now, policy)
            reason = reason_then
    if reason is not None:
        _refuse(decision, step, reason, event)
    else:
        _apply_step(decision, step, event, now, policy)


def _pass_deadlines_before(decision, step, now, policy):
    while (deadline := recomputing.next_automatic(decision.dispute, step, set(), now, policy)) is not None:
        _pass_deadline(decision, deadline, now, policy)


def _apply_step(decision: Decision, step: Step, event: dict, now: datetime, policy: DeadlinePolicy) -> None:
    """Apply a legal step, and add the event of the step to the decision.

    The one event carries the facts of the step, its outcome for the agency, and what the step did to the deadlines.
    """
    before, body_before, is_late = decision.dispute.state, decision.dispute.body, is_reported_late(decision.dispute, step)
    applying.apply_step(decision, step, now, policy)
    _add_step_event(decision, reported_type(step.step_type), _confirmed_step_data(decision.dispute, step, event, before, body_before, now, is_late))
    if decision.dispute.state == "closed" != before:
        decision.new_events.append(("dispute.closed", _closing_data(decision.dispute)))
    _append_to_history(decision, step, before, event)


def _add_step_event(decision: Decision, event_type: str, data: dict) -> None:
    """Add the event of a step to the decision. It takes over the changes of deadlines that were recorded since the last event."""
    if decision.deadline_changes:
        data["deadlines"], decision.deadline_changes = decision.deadline_changes, []
    decision.new_events.append((event_type, data))


def _confirmed_step_data(dispute: Dispute, step: Step, event: dict, before: str, body_before: str | None, now: datetime, is_late: bool = False) -> dict:
    """Return the data of the confirmed step (domain event) to publish, without the changes of deadlines.

    `before` and `body_before`: state and mediation body of the dispute before the step. `event` identifies the agency's event of this step. `about` in the
    result is the id of the earlier event that a correction or withdrawal concerns.
    """
    facts = {} if step.step_type in STEPS_WITHOUT_PUBLISHED_FACTS else step.facts
    if "event" in facts:
        facts = {**facts, "about": facts["event"]}
    if step.step_type in STEPS_NAMING_BODY and dispute.body:
        facts = {**facts, "body": dispute.body}
    if body_before and (dispute.body != body_before or step.step_type in STEPS_ENDING_THE_BODYS_PART):
        facts = {**facts, "body_before": body_before}
    late = {"late_report": True} if is_late else {}
    return {**facts, **late, "event": event, "agency": step.agency, **_step_outcome(dispute, step, before, now)}


def _step_outcome(dispute: Dispute, step: Step, before: str, now: datetime) -> dict:
    """Return the fields that the event of every step has, reported or automatic."""
    return {"before": before, "state": dispute.state, "next_actors": agencies_in_role(dispute, NEXT_ACTORS[dispute.state]),
            "happened_at": step.happened_at, "decided_at": now}  # fmt: skip


def _closing_data(dispute: Dispute) -> dict:
    """Return the data of `dispute.closed`."""
    facts = {"state": "closed", "outcome": dispute.outcome, "mode": dispute.court_closing_mode, "ground": dispute.termination_ground}
    return {name: value for name, value in facts.items() if value is not None}


def _append_to_history(decision: Decision, step: Step, before: str, event: dict | None, undoes: int | None = None) -> None:
    """Add the transition and the applied step to the decision, and the applied step to the dispute."""
    dispute = decision.dispute
    dispute.steps += 1
    if decision.transition is not None:
        decision.earlier_steps.append((decision.transition, decision.applied_step))
    decision.transition = Transition(before, dispute.state, dispute.steps)
    decision.applied_step = AppliedStep(
        dispute.steps, step.step_type, step.agency, event["id"] if event else None, step.happened_at, _facts_to_keep(step), undoes
    )
    dispute.applied_steps.append(decision.applied_step)


def record_release(decision: Decision, released_at: datetime) -> None:
    """Add to the history that a dispute that was reported in the safeguard lane has left it: its first deadlines run from then."""
    step = Step(recomputing.RELEASED, None, released_at, {}, USUAL_POLICY)
    _append_to_history(decision, step, decision.dispute.state, None)


def _facts_to_keep(step: Step) -> dict:
    return {name: value for name, value in step.facts.items() if name not in ENVELOPE_FIELDS} if step.step_type == REGISTERED else step.facts


# ── Corrections, withdrawals, undone joins, and steps that are reported late ──────────────────────────────────────────────────────────


def belongs_to_earlier_time(dispute: Dispute, step: Step, now: datetime, policy: DeadlinePolicy) -> bool:
    """Return whether the step happened before an automatic step that was taken, or shows that one should have been taken before other steps."""
    if dispute.automatic_at is not None and min(step.happened_at, tracking.completion_time(step)) <= dispute.automatic_at:
        return True
    deadline = recomputing.next_automatic(dispute, step, set(), now, policy)
    return deadline is not None and dispute.latest_at is not None and dispute.latest_at > deadline.due_at


def _decide_undoing(decision: Decision, step: Step, event: dict, now: datetime, policy: DeadlinePolicy) -> None:
    """Decide a correction, a withdrawal or the undoing of a join: apply the history again without or with the corrected step.

    If a later step is not legal then, the dispute is unchanged and the undoing is refused.
    """
    dispute = decision.dispute
    recomputing.require_history(dispute)
    if (reason := _refusal_reason(dispute, step, event, now)) is not None:
        _refuse(decision, step, reason, event)
        return
    earlier = find_step_to_undo(dispute, step)
    applied = AppliedStep(dispute.steps + 1, step.step_type, step.agency, event["id"], step.happened_at, step.facts, earlier.step)
    try:
        old, new = _apply_again(dispute, [*dispute.applied_steps, applied], now, policy, step.roster)
    except recomputing.IllegalStep as illegal:
        corrected = recomputing.steps_that_count([*dispute.applied_steps, applied], policy, step.roster)
        is_corrected_step = illegal.number == _number_of_original(dispute, earlier)
        own = next((historic.step for historic in corrected if historic.number == illegal.number), None) if is_corrected_step else None
        _refuse(decision, step, illegal.reason if own else "later_steps_stand", event, own and (dispute, own))
        return
    because = "correction" if step.step_type == "report.corrected" else "withdrawal"
    _take_over(decision, step, event, old, new, because, now, earlier.step)


def _decide_late_step(decision: Decision, step: Step, event: dict, now: datetime, policy: DeadlinePolicy) -> None:
    """Decide a step that belongs to an earlier time than an automatic step: apply the history again with the step in its place.

    If the result is the same as without that, the step is applied like any other.
    """
    dispute = decision.dispute
    recomputing.require_history(dispute)
    if _refusal_by_authority_and_time(dispute, step, now) is not None or is_blocked_by_hold(dispute, step, event):
        _decide_step(decision, step, event, now, policy)  # refuses the step, with the first reason in the usual order
        return
    applied = AppliedStep(dispute.steps + 1, step.step_type, step.agency, event["id"], step.happened_at, step.facts)
    try:
        old, new = _apply_again(dispute, [*dispute.applied_steps, applied], now, policy, step.roster)
    except recomputing.IllegalStep as illegal:
        _refuse(decision, step, illegal.reason if illegal.number == applied.step else "later_steps_stand", event)
        return
    if new.automatic == old.automatic and _refusal_reason(dispute, step, event, now) is None:
        trial = Decision(recomputing.copy_of(dispute))
        applying.apply_step(trial, step, now, policy)
        if recomputing.is_equal(trial.dispute, new.dispute):
            _decide_step(decision, step, event, now, policy)
            return
    _take_over(decision, step, event, old, new, "late_report", now)


def _number_of_original(dispute, earlier):
    steps = {applied.step: applied for applied in dispute.applied_steps}
    while earlier.undoes is not None:
        earlier = steps[earlier.undoes]
    return earlier.step


def _apply_again(dispute, applied_steps, now, policy, roster, also_passed=frozenset()) -> tuple[History, History]:
    """Return the results of the history so far, and of the history with these steps."""
    passed = recomputing.passed_deadlines(dispute)
    old_steps = recomputing.steps_that_count(dispute.applied_steps, policy, roster)
    old = recomputing.apply_history(dispute, old_steps, passed, now, policy, tolerated=_Everything())
    new_steps = recomputing.steps_that_count(applied_steps, policy, roster)
    new = recomputing.apply_history(dispute, new_steps, passed | also_passed, now, policy, tolerated=old.failures)
    return old, new


class _Everything:
    """Contains everything. What was decided before is not examined again by rules that may have changed since."""

    def __contains__(self, _):
        return True


def _take_over(decision: Decision, step: Step, event: dict | None, old: History, new: History, because: str, now: datetime, undoes: int | None = None) -> None:
    """Replace the dispute by the new result, and add the event of the causing step and dispute.recomputed to the decision."""
    dispute, before = decision.dispute, decision.dispute.state
    recomputing.keep_announcements(dispute, new, now)
    new.dispute.hold, new.dispute.steps, new.dispute.applied_steps = dispute.hold, dispute.steps, dispute.applied_steps
    decision.dispute = new.dispute
    decision.deadlines = recomputing.changed_deadlines(old, new)
    for deadline in decision.deadlines:
        tracking.record_difference(decision, old.dispute.deadlines.get(deadline.key), deadline, because, step.policy)
    deadline_changes, decision.deadline_changes = decision.deadline_changes, []
    if event is not None:
        decision.new_events.append((reported_type(step.step_type), _confirmed_step_data(new.dispute, step, event, before, dispute.body, now)))
    _append_to_history(decision, step, before, event, undoes)
    decision.new_events.append(("dispute.recomputed", _recomputed_data(decision.dispute, step, event, old, new, because, before, now, deadline_changes)))
    for deadline in recomputing.passed_again(old, new):
        tracking.announce_as_passed(decision, deadline, step.policy)
    if new.dispute.state == "closed" != before:
        decision.new_events.append(("dispute.closed", _closing_data(new.dispute)))
    decision.referral_differences = {key: new.referrals[key] - old.referrals[key] for key in {*old.referrals, *new.referrals}}


def _recomputed_data(dispute, step, event, old, new, because, before, now, deadline_changes) -> dict:
    retracted = [{"step": s.step_type, "happened_at": s.happened_at} for s in old.automatic if s not in new.automatic]
    registration = recomputing.steps_that_count(dispute.applied_steps, step.policy)[0].step.facts
    data = {
        **{name: registration[name] for name in ("village", "grid", "amount_cny", "channel") if registration.get(name) is not None},
        **{name: value for name, value in (("cause", dispute.cause), ("body", dispute.body)) if value is not None},
        "township": dispute.township, "kind": dispute.kind, "because": because, **_step_outcome(dispute, step, before, now),
        "entered_at": new.entries[-1][1], "entries": [{"state": state, "at": at} for state, at in new.entries],
    }  # fmt: skip
    if event is not None:
        data |= {"event": event, "agency": step.agency}
    changed = _corrected_facts_of_dispute(old.dispute, dispute, step.policy)
    if changed:
        data["changed"] = changed
    if dispute.state == "closed":
        data["outcome"] = dispute.outcome
    return data | ({"retracted": retracted} if retracted else {}) | ({"deadlines": deadline_changes} if deadline_changes else {})


def _corrected_facts_of_dispute(old, new, policy) -> list[str]:
    """Return the names of the facts of the dispute that have another value than before its last step, for listeners that inform agencies."""
    earlier, present = (
        recomputing.steps_that_count(steps, policy)[0].step.facts | {"township": dispute.township, "kind": dispute.kind, "cause": dispute.cause}
        for dispute, steps in ((old, new.applied_steps[:-1]), (new, new.applied_steps))
    )
    fields = {name: name for name in kinds.CORRECTABLE_FIELDS} | {"parties": "party_labels"}
    return [name for name, field in fields.items() if (earlier.get(field) or None) != (present.get(field) or None)]


# ── Automatic steps when a deadline has passed ────────────────────────────────────────────────────────────────────────────────────


def check_deadline(
    dispute: Dispute, deadline: Deadline, now: datetime, policy: DeadlinePolicy = USUAL_POLICY, watermarks: passing.Watermarks | None = None
) -> Decision:
    """Check one deadline at `now`. If it has passed, apply the automatic step that STEP_WHEN_PASSED lists for its clock.

    `watermarks`: how far each agency has reported; None: every agency has reported up to now. Raises HistoryNeeded if steps of a later time than an
    automatic step were applied, and the history is not loaded.
    """
    current = dispute.deadlines.get(deadline.key)
    is_automatic = current is not None and current.clock in STEP_WHEN_PASSED and current.state == "open"
    if is_automatic and dispute.latest_at is not None and dispute.latest_at > current.due_at:
        recomputing.require_history(dispute)
    decision = tracking.check_deadline(dispute, deadline, now, policy, watermarks)
    if is_automatic and current.state == "passed":
        _take_automatic_step(decision, current, now, policy)
    return decision


def _pass_deadline(decision: Decision, deadline: Deadline, now: datetime, policy: DeadlinePolicy) -> None:
    """Announce a deadline as passed because a reported step shows it, and take its automatic step."""
    tracking.announce_as_passed(decision, deadline, policy)
    _take_automatic_step(decision, deadline, now, policy)


def _take_automatic_step(decision: Decision, deadline: Deadline, now: datetime, policy: DeadlinePolicy) -> None:
    deadline.state = "open"  # until the deadlines that its automatic step replaces have passed
    while (earlier := recomputing.replaced_by_automatic_step(decision.dispute, deadline, policy)) is not None:
        _pass_deadline(decision, earlier, now, policy)
        deadline = decision.dispute.deadlines.get(deadline.key, deadline)
    tracking.mark_as_passed(decision, deadline)
    dispute, before = decision.dispute, decision.dispute.state
    step = applying.automatic_step(dispute, deadline, policy)
    if step is None:
        _append_to_history(decision, Step(recomputing.PASSED, None, deadline.due_at, {"deadline": deadline.key}, policy), before, None)
        return
    kept = Step(step.step_type, None, step.happened_at, {**step.facts, "deadline": deadline.key}, policy)
    if dispute.latest_at is not None and dispute.latest_at > step.happened_at:
        deadline.state = "open"  # as before this check, so that the history so far is the one without this passing
        try:
            old, new = _apply_again(dispute, dispute.applied_steps, now, policy, None, {(deadline.key, deadline.due_at)})
        except recomputing.IllegalStep:
            pass  # a later step was legal only without the automatic step, which is therefore taken after all of them
        else:
            taken = next((s for s in new.automatic if (s.facts["deadline"], s.happened_at) == (deadline.key, deadline.due_at)), None)
            if taken is not None:
                facts = {name: value for name, value in taken.facts.items() if name != "deadline"}
                decision.new_events.append((taken.step_type, {**facts, **_step_outcome(new.dispute, taken, before, now)}))
            _take_over(
                decision, taken or Step(recomputing.PASSED, None, deadline.due_at, {"deadline": deadline.key}, policy), None, old, new, "time_passed", now
            )
            return
        finally:
            deadline.state = "passed"
    applying.apply_automatic_step(decision, step, now, policy)
    _add_step_event(decision, step.step_type, {**step.facts, **_step_outcome(dispute, step, before, now)})
    _append_to_history(decision, kept, before, None)


STEPS_WITHOUT_PUBLISHED_FACTS = (REGISTERED, "dispute.reported")  # the intake service has published the facts of the report
STEPS_NAMING_BODY = ("reports.joined",)  # steps whose domain event contains the mediation body of the dispute
STEPS_ENDING_THE_BODYS_PART = ("dispute.redirected",)  # steps after which the mediation body has no part in the dispute, although it remains stored
ENVELOPE_FIELDS = ("event", "agency", "happened_at")  # fields of dispute.registered that are stored in columns of their own
