"""Tracking of the deadlines of a dispute by the table in clocks.py: they are set, met, paused, extended, recomputed and stopped, and pass.

The present time is an argument (`now`).
"""

from collections.abc import Collection, Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from services.mediation.deadlines import passing
from services.mediation.deadlines.clocks import CLOCK_BY_NAME, CLOCKS, PAUSED_BY, RESUMED_BY, SUSPENDED_BY, SUSPENSION_ENDED_BY, Clock
from services.mediation.dispute.model import Deadline, Decision, Dispute, agencies_in_role
from services.mediation.dispute.step import Step
from services.mediation.law.computing import Computed, Extension, Facts, compute, initial_deadline, rule_for
from services.mediation.law.counting import Days, Months, is_in_time, is_provisional
from services.mediation.law.dates import A_SECOND, day_of, day_start, end_of
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.periods import SUSPENDABLE_CLOCKS, Rule
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy


def check_deadline(
    dispute: Dispute, deadline: Deadline, now: datetime, policy: DeadlinePolicy = USUAL_POLICY, watermarks: passing.Watermarks | None = None
) -> Decision:
    """Decide at `now` whether a deadline is due soon or has passed, and when to check it next.

    The decision is empty if no check is due. It contains no event if the clock does not run in the present state of the dispute, or if an agency that could
    have met the deadline has not been heard. `watermarks`: how far each agency has reported; None: every agency has reported up to now.
    """
    decision = Decision(dispute)
    deadline = dispute.deadlines.get(deadline.key)  # the object in the argument may be older than the dispute
    if deadline is None or deadline.state != "open" or deadline.next_check_at is None:
        return decision
    latest = latest_possible_end(deadline, policy)
    is_waiting = bool(deadline.awaits) and not is_in_time(now, latest)
    if now < deadline.next_check_at and not (is_waiting and watermarks is not None and passing.may_pass(deadline, latest, now, policy, watermarks)):
        return decision
    clock = CLOCK_BY_NAME[deadline.clock]
    if dispute.state not in clock.runs_in:
        deadline.next_check_at = None
        decision.deadlines.append(deadline)
        return decision
    if deadline.provisional and _recompute_deadline(decision, deadline, now, policy, "calendar"):
        return publish_changes_without_step(decision)  # the deadline has moved, because the holiday calendar of its year has been published
    if is_in_time(now, deadline.due_at):
        _remind(decision, deadline, clock, now, policy)
        return decision
    if is_in_time(now, latest):
        deadline.next_check_at = latest + A_SECOND  # nothing is overdue on a provisional date
        decision.deadlines.append(deadline)
        return decision
    deadline.awaits = passing.awaited_agencies(dispute, deadline)
    if watermarks is None or passing.may_pass(deadline, latest, now, policy, watermarks):
        announce_as_passed(decision, deadline, policy)
    else:
        deadline.next_check_at = passing.grace_ends_at(deadline, latest, policy)
        decision.deadlines.append(deadline)
    return decision


def _remind(decision: Decision, deadline: Deadline, clock: Clock, now: datetime, policy: DeadlinePolicy) -> None:
    """Publish one reminder if at least one became due since the deadline was set or the last one was sent, and plan the next check.

    A reminder that became due while the service was stopped is sent when it runs again: at once in office hours, else at their next beginning.
    """
    decision.deadlines.append(deadline)
    length = _rule_of(deadline, policy).length
    sent_until = max(deadline.set_at, deadline.reminded_at or deadline.set_at)
    due = [at for at in _reminder_times(deadline, clock, policy) if sent_until < at <= now]
    if due and not policy.may_remind_at(now, length):
        deadline.next_check_at = min(policy.next_office_moment(now), deadline.due_at + A_SECOND)
        return
    if due:
        deadline.reminded_at = due[-1]
        decision.new_events.append(("deadline.approached", _owed_deadline_data(deadline)))
    deadline.next_check_at = _next_check_at(deadline, clock, now, policy)


def _reminder_times(deadline: Deadline, clock: Clock, policy: DeadlinePolicy) -> list[datetime]:
    return policy.reminder_times(clock, deadline.due_at, deadline.started_at, _rule_of(deadline, policy).length)


def announce_as_passed(decision: Decision, deadline: Deadline, policy: DeadlinePolicy) -> None:
    """Mark a deadline as passed and publish it. `lapsed`: the period was a right of the parties, so no agency is overdue."""
    mark_as_passed(decision, deadline)
    owed = _owed_deadline_data(deadline)
    decision.new_events.append(("deadline.passed", owed | {"lapsed": True} if _rule_of(deadline, policy).lapses else owed))


def mark_as_passed(decision: Decision, deadline: Deadline) -> None:
    deadline.state, deadline.next_check_at, deadline.awaits = "passed", None, ()
    decision.deadlines.append(deadline)


def _owed_deadline_data(deadline: Deadline) -> dict:
    return {**_deadline_data(deadline), "owed_by": deadline.owed_by}


def latest_possible_end(deadline: Deadline, policy: DeadlinePolicy) -> datetime:
    """Return the latest moment at which the deadline can end. Later than `due_at` only while a holiday schedule is not published (holidays.LatestEnds).

    The deadline is not announced as passed, and no step is recorded as late, before this moment.
    """
    return _compute(deadline, policy).latest_moment if deadline.provisional and not deadline.is_paused else deadline.due_at


def recompute_deadlines(dispute: Dispute, now: datetime, policy: DeadlinePolicy, changed: Collection[str]) -> Decision:
    """Recompute the unmet deadlines of a dispute after a change, and return the differences as a decision.

    `changed`: "calendar", "county_period" or both. A county cannot change a period of kind LAW, so only the calendar moves such a deadline.
    """
    decision = Decision(dispute)
    for deadline in in_due_order(dispute.deadlines):
        because = "county_period" if deadline.kind != "LAW" and "county_period" in changed else "calendar"
        if because in changed:
            _recompute_deadline(decision, deadline, now, policy, because)
    return publish_changes_without_step(decision)


def publish_changes_without_step(decision: Decision) -> Decision:
    """Add one event `deadline.…` for each change that no step made, so that no event of a step carries it. Return the decision."""
    decision.new_events += [
        (f"deadline.{change['change']}", {name: change[name] for name in change if name != "change"}) for change in decision.deadline_changes
    ]
    decision.deadline_changes = []
    return decision


# ── Effects of a step on deadlines ────────────────────────────────────────────────────────────────────────────────────────────────


def remove_met_deadlines(dispute: Dispute, step: Step, policy: DeadlinePolicy = USUAL_POLICY) -> list[tuple[Deadline, datetime]]:
    """Remove from the dispute the deadlines that this step meets. Return each deadline with the time at which it was met.

    A deadline that the same step restarts or resumes is recomputed before it is returned.
    """
    clocks = CLOCKS_MET_BY.get(step.step_type)
    if clocks is None or not dispute.deadlines:
        return []
    met = [d for d in dispute.deadlines.values() if d.clock in clocks and ((guard := clocks[d.clock]) is None or guard(dispute, step))]
    met.sort(key=_due_order)
    restarted_on = step.facts.get("restarted_on")
    for deadline in met:
        del dispute.deadlines[deadline.key]
        if restarted_on and CLOCK_BY_NAME[deadline.clock].restarted_by:
            deadline.restarted_at = day_start(restarted_on)
        elif not _record_resumption(deadline, step, policy):
            continue
        computed = _compute(deadline, policy)
        deadline.due_at, deadline.provisional = computed.last_moment, computed.provisional
    return [(deadline, completion_time(step)) for deadline in met]


def is_met_in_time(dispute: Dispute, deadline: Deadline, step: Step) -> bool:
    """Return whether the step meets this deadline, and the act was done in time even if the step is reported later."""
    clocks = CLOCKS_MET_BY.get(step.step_type, {})
    if deadline.clock not in clocks or not is_in_time(completion_time(step), latest_possible_end(deadline, step.policy)):
        return False
    return (guard := clocks[deadline.clock]) is None or guard(dispute, step)


def _due_order(deadline: Deadline):
    return deadline.due_at, deadline.key


def in_due_order(deadlines: dict[str, Deadline]) -> list[Deadline]:
    """Return the deadlines sorted by due time, so that the order of published events does not depend on the order of arrival."""
    return sorted(deadlines.values(), key=_due_order)


def completion_time(step: Step) -> datetime:
    """Return midnight of the day on which the act was done, if the step contains that day, else the time of the step."""
    return next((day_start(step.facts[name]) for name in COMPLETION_DAY_FIELDS if step.facts.get(name)), step.happened_at)


def record_met(decision: Decision, met: list[tuple[Deadline, datetime]], policy: DeadlinePolicy = USUAL_POLICY) -> None:
    """Mark the deadlines as met and record the change of each.

    If a step happened in time but was reported late, its deadline is met in time. `was_passed`: the deadline was published as passed before.
    """
    for deadline, at in met:
        was_passed, deadline.state, deadline.next_check_at, deadline.met_at = deadline.state == "passed", "met", None, at
        decision.deadlines.append(deadline)
        change = {"change": "met", **_deadline_data(deadline), "met_at": at}
        if not is_in_time(at, latest_possible_end(deadline, policy)):
            change["late"] = True
        if was_passed:
            change["was_passed"] = True
        decision.deadline_changes.append(change)


def update_deadlines(decision: Decision, step: Step, noted: bool, now: datetime, policy: DeadlinePolicy) -> None:
    """Set, extend, restart, pause or resume deadlines after a step has been applied. A noted step starts only clocks with `starts_when_noted`."""
    deadlines = decision.dispute.deadlines
    for clock in CLOCKS_STARTED_BY.get(step.step_type, ()):
        if decision.dispute.state in clock.runs_in and (clock.starts_when_noted or not noted):
            _start_clock(decision, clock, step, now, policy)
    for clock in CLOCKS_STARTED_AND_MET_BY.get(step.step_type, ()):
        _start_and_meet_clock(decision, clock, step, now, policy)
    _exclude_extension_from_trial_period(decision, step, now, policy)
    if step.step_type == "call.answered":
        _update_departments_owing_an_answer(decision)
    # Every step that leads from a paused state to another state resumes the paused deadlines.
    change = CHANGES_BY_STEP.get(step.step_type)
    if change is None and decision.dispute.state not in PAUSED_STATES and any(deadline.is_paused for deadline in deadlines.values()):
        change = "resumed", _record_resumption
    if change is not None:
        because, record_change = change
        for deadline in in_due_order(deadlines):
            if decision.dispute.state in CLOCK_BY_NAME[deadline.clock].runs_in and record_change(deadline, step, policy):
                _recompute_deadline(decision, deadline, now, policy, because)


def _update_departments_owing_an_answer(decision: Decision) -> None:
    """Keep only the departments that have not answered yet responsible for the deadline of a call."""
    for deadline in decision.dispute.deadlines.values():
        if CLOCK_BY_NAME[deadline.clock].owed_by == "called":
            owed_by = agencies_in_role(decision.dispute, ("called",))
            if deadline.owed_by != owed_by:
                deadline.owed_by = owed_by
                decision.deadlines.append(deadline)


def _exclude_extension_from_trial_period(decision: Decision, step: Step, now: datetime, policy: DeadlinePolicy) -> None:
    """Exclude the days by which mediation after filing was extended from the trial period, when that mediation ends (特邀调解规定 27)."""
    extended_mediations = [
        deadline for deadline in decision.deadlines if deadline.state == "met" and deadline.extensions and CLOCK_BY_NAME[deadline.clock].in_court
    ]
    for mediation in extended_mediations:
        regular_end = _compute(replace(mediation, extensions=[]), policy).last_moment
        for deadline in in_due_order(decision.dispute.deadlines):
            if CLOCK_BY_NAME[deadline.clock].exclusive_group == "trial" and not is_in_time(step.happened_at, regular_end):
                deadline.pauses = [*deadline.pauses, (regular_end, min(step.happened_at, mediation.due_at))]
                _recompute_deadline(decision, deadline, now, policy, "resumed")


def start_clocks(decision: Decision, step: Step, now: datetime, policy: DeadlinePolicy) -> None:
    """Set the deadlines of a step for a dispute that leaves the safeguard lane (events that only police, courts and women's federation see)."""
    update_deadlines(decision, step, False, now, policy)


def postpone(decision: Decision, deadline: Deadline, by: timedelta, now: datetime, policy: DeadlinePolicy) -> None:
    """Move a policy deadline of a held or stayed dispute by `by`. Later computations exclude these days, too."""
    old_due_at = deadline.due_at
    deadline.postponed_days += by.days
    computed = _compute(deadline, policy)
    deadline.due_at, deadline.set_at, deadline.provisional = computed.last_moment, now, computed.provisional
    deadline.next_check_at = _first_check_at(deadline, CLOCK_BY_NAME[deadline.clock], now, policy)
    decision.deadlines.append(deadline)
    _record_recomputed(decision, deadline, computed.rule, old_due_at, "not_counted")
    publish_changes_without_step(decision)


# Each of the following functions records a change in one deadline and returns whether the deadline has to be recomputed.


def _record_extension(deadline: Deadline, step: Step, policy: DeadlinePolicy) -> bool:
    if CLOCK_BY_NAME[deadline.clock].extended_by != step.step_type:
        return False
    deadline.extensions = [*deadline.extensions, (step.happened_at, step.facts.get("days") or f"P{step.facts['months']}M")]
    return True


def _record_restart(deadline: Deadline, step: Step, policy: DeadlinePolicy) -> bool:
    if step.step_type not in CLOCK_BY_NAME[deadline.clock].restarted_by:
        return False
    restarted_at = completion_time(step)
    if end_of(day_of(restarted_at)) < deadline.started_at:
        return False
    deadline.restarted_at = restarted_at
    return True


def _record_pause(deadline: Deadline, step: Step, policy: DeadlinePolicy) -> bool:
    """Record the start of an appraisal, if the rule excludes appraisal time and the deadline had not passed when the appraisal began."""
    if not _rule_of(deadline, policy).appraisal_excluded or deadline.is_paused or not is_in_time(step.happened_at, deadline.due_at):
        return False
    deadline.pauses = [*deadline.pauses, (max(step.happened_at, deadline.started_at), None)]
    return True


def _record_suspension(deadline: Deadline, step: Step, policy: DeadlinePolicy) -> bool:
    """Record the start of a suspension of mediation (特邀调解规定 18).

    The article says nothing on the period of mediation. By this project's rule, the remaining time continues after the suspension.
    """
    if deadline.clock not in SUSPENDABLE_CLOCKS or not (deadline.is_paused or is_in_time(step.happened_at, deadline.due_at)):
        return False
    deadline.suspensions = [*deadline.suspensions, (max(step.happened_at, deadline.started_at), None)]
    return True


def _record_resumption(deadline: Deadline, step: Step, policy: DeadlinePolicy) -> bool:
    """Record the end of the current appraisal and the current suspension."""
    if not deadline.is_paused:
        return False
    deadline.pauses, deadline.suspensions = _close_last_period(deadline.pauses, step), _close_last_period(deadline.suspensions, step)
    return True


def _close_last_period(pauses: list, step: Step) -> list:
    """Return the pauses, with the time of the step as end of the last pause if that pause had no end."""
    if not pauses or pauses[-1][1] is not None:
        return pauses
    started_at = pauses[-1][0]
    return [*pauses[:-1], (started_at, max(step.happened_at, started_at))]


def _start_clock(decision: Decision, clock: Clock, step: Step, now: datetime, policy: DeadlinePolicy, met_at_once: bool = False) -> Deadline | None:
    """Set the deadline of this clock, record the change, and return the deadline. None if the clock does not apply or the deadline is set already.

    A deadline that is met at once does not stop the other clocks of its group.
    """
    dispute = decision.dispute
    start = clock.counted_from(dispute, step)
    if start is None:
        return None
    started_at, suffix = start
    key = clock.name + suffix
    running = dispute.deadlines.get(key)
    owed_by = (step.agency,) if clock.owed_by == "reporter" else agencies_in_role(dispute, (clock.owed_by,))
    if running is not None and running.started_at == started_at and (clock.owed_by != "body" or running.owed_by == owed_by):
        return None  # this deadline is set already, for example because the same term is still owed
    opened_at = day_start(dispute.received_on) if dispute.received_on else None
    facts = Facts(clock.name, started_at, on_platform=clock.on_platform, opened_at=opened_at)
    try:
        rule, last = initial_deadline(facts, policy.holidays, policy.county.rules)
    except InvalidFacts:
        return None  # no rule for this clock is in force on the day of the start
    if clock.exclusive_group is not None and not met_at_once:
        _stop_exclusive_group(decision, clock.exclusive_group)
    if running is None:
        _replace_earlier_deadline(decision, clock)
    deadline = Deadline(clock.name, key, rule.kind, started_at, last, owed_by, now, provisional=is_provisional(last, rule.length, policy.holidays))
    deadline.opened_at = opened_at if rule.opened_until else None
    if not is_in_time(now, latest_possible_end(deadline, policy)):
        deadline.awaits = passing.awaited_agencies(dispute, deadline)
    deadline.next_check_at = _first_check_at(deadline, clock, now, policy)
    dispute.deadlines[key] = deadline
    decision.deadlines.append(deadline)
    _record_set(decision, deadline, rule)
    return deadline


def _stop_exclusive_group(decision: Decision, exclusive_group: str) -> None:
    """Stop the deadlines of all clocks in this group."""
    deadlines = decision.dispute.deadlines
    for deadline in in_due_order(deadlines):
        if CLOCK_BY_NAME[deadline.clock].exclusive_group == exclusive_group:
            record_stopped(decision, deadlines.pop(deadline.key))


def _replace_earlier_deadline(decision: Decision, clock: Clock) -> None:
    """Remove the earlier deadlines of this clock from the dispute. An open deadline is stopped; a passed deadline stays stored as passed."""
    deadlines = decision.dispute.deadlines
    for earlier in [deadline for deadline in deadlines.values() if deadline.clock == clock.name]:
        del deadlines[earlier.key]
        if earlier.state == "open":
            record_stopped(decision, earlier)
        else:
            earlier.is_replaced = True
            decision.deadlines.append(earlier)


def _start_and_meet_clock(decision: Decision, clock: Clock, step: Step, now: datetime, policy: DeadlinePolicy) -> None:
    """Set a deadline and meet it at once, for a step that reports both receipt and decision of a claim. No effect if the step has met it already."""
    if any(change["change"] == "met" and change["clock"] == clock.name for change in decision.deadline_changes):
        return
    deadline = _start_clock(decision, clock, step, now, policy, met_at_once=True)
    if deadline is not None:
        del decision.dispute.deadlines[deadline.key]
        record_met(decision, [(deadline, completion_time(step))], policy)


def _recompute_deadline(decision: Decision, deadline: Deadline, now: datetime, policy: DeadlinePolicy, because: str) -> bool:
    """Recompute a deadline from its original start and its recorded changes. Return whether it changed; if so, record the change.

    Start and end of a pause or suspension count as changes even if the due time stays equal. `because` is the reason published with the change.
    """
    computed = _compute(deadline, policy)
    old_due_at, is_paused, by_rule = deadline.due_at, deadline.is_paused, because in RULE_REASONS
    changed = computed.last_moment != old_due_at or because in PAUSE_REASONS
    if not changed and by_rule and (computed.provisional, computed.rule.kind) == (deadline.provisional, deadline.kind):
        return False
    deadline.provisional, deadline.kind = computed.provisional, computed.rule.kind
    decision.deadlines.append(deadline)
    if not changed:
        if by_rule:
            _record_recomputed(decision, deadline, computed.rule, old_due_at, because)
        return False
    deadline.due_at, deadline.set_at = computed.last_moment, now
    if is_in_time(now, computed.latest_moment):
        deadline.awaits = ()
    # A deadline that had passed and has still passed under the changed rule is not announced as passed once more.
    if not (by_rule and deadline.state == "passed" and not is_in_time(now, computed.latest_moment)):
        deadline.state = "open"
        deadline.next_check_at = None if is_paused else _first_check_at(deadline, CLOCK_BY_NAME[deadline.clock], now, policy)
    _record_recomputed(decision, deadline, computed.rule, old_due_at, because)
    return True


def _compute(deadline: Deadline, policy: DeadlinePolicy) -> Computed:
    extensions = tuple([Extension(at, Days(length) if type(length) is int else Months(int(length[1:-1]))) for at, length in deadline.extensions])
    # A pause without an end has excluded no days so far, so the deadline is computed as of the start of the pause.
    as_of = deadline.paused_since
    platform = CLOCK_BY_NAME[deadline.clock].on_platform
    facts = Facts(
        deadline.clock,
        deadline.started_at,
        tuple(deadline.pauses),
        extensions,
        deadline.restarted_at,
        as_of=as_of,
        opened_at=deadline.opened_at,
        on_platform=platform,
        suspensions=tuple(deadline.suspensions),
        postponed_days=deadline.postponed_days,
        limits_checked=True,
    )
    return compute(facts, policy.holidays, policy.county.rules)


def _rule_of(deadline: Deadline, policy: DeadlinePolicy):
    return rule_for(
        Facts(deadline.clock, deadline.started_at, opened_at=deadline.opened_at, on_platform=CLOCK_BY_NAME[deadline.clock].on_platform), policy.county.rules
    )


def _first_check_at(deadline: Deadline, clock: Clock, now: datetime, policy: DeadlinePolicy) -> datetime:
    """Return the time of the first check. A deadline that is already past is checked after `policy.patience`, because a step that meets it may follow."""
    return now + policy.patience if deadline.due_at <= now else _next_check_at(deadline, clock, now, policy)


def _next_check_at(deadline: Deadline, clock: Clock, now: datetime, policy: DeadlinePolicy) -> datetime:
    """Return the time of the next reminder that was not sent, else the first second at which the deadline has passed."""
    sent_until = max(now, deadline.reminded_at or now)
    return next_check_time(deadline.due_at, _reminder_times(deadline, clock, policy), sent_until)


def next_check_time(due_at: datetime, reminders: Iterable[datetime], now: datetime) -> datetime:
    """Return the first of these reminders after `now`, else one second after `due_at`."""
    return min((at for at in reminders if at > now), default=due_at + A_SECOND)


def _record_set(decision: Decision, deadline: Deadline, rule: Rule) -> None:
    decision.deadline_changes.append(_running_deadline_data("set", deadline, rule))


def _record_recomputed(decision: Decision, deadline: Deadline, rule: Rule, old_due_at: datetime, because: str) -> None:
    decision.deadline_changes.append({**_running_deadline_data("recomputed", deadline, rule), "was_due_at": old_due_at, "because": because})


def _running_deadline_data(change: str, deadline: Deadline, rule: Rule) -> dict:
    """Return the data of a deadline that was set or computed again. `paused` and `passed` are left out if False."""
    data = {"change": change, **_deadline_data(deadline), "article": rule.article, "started_at": deadline.started_at, "owed_by": deadline.owed_by}
    flags = {"paused": deadline.is_paused, "passed": change == "recomputed" and deadline.state == "passed"}
    return data | {name: True for name, is_set in flags.items() if is_set}


def restore_postponement(deadline: Deadline, days: int, now: datetime, policy: DeadlinePolicy) -> None:
    """Postpone a deadline that was set again by the days by which it had been postponed during a hold or stay."""
    deadline.postponed_days = days
    refresh(deadline, now, policy)


def refresh(deadline: Deadline, now: datetime, policy: DeadlinePolicy) -> None:
    """Set kind, end and next check of a deadline from its start and its recorded changes."""
    computed = _compute(deadline, policy)
    deadline.kind, deadline.due_at, deadline.provisional = computed.rule.kind, computed.last_moment, computed.provisional
    deadline.next_check_at = None if deadline.is_paused else _first_check_at(deadline, CLOCK_BY_NAME[deadline.clock], now, policy)


def record_difference(decision: Decision, before: Deadline | None, after: Deadline, because: str, policy: DeadlinePolicy) -> None:
    """Record how a deadline differs after the history of its dispute was applied again. `before`: its earlier condition; None: it did not exist."""
    was_unmet = before is not None and before.state in UNMET_STATES
    if after.state == "stopped":
        if was_unmet:
            decision.deadline_changes.append({"change": "stopped", **_deadline_data(after)})
    elif after.state == "met":
        change = {"change": "met", **_deadline_data(after), "met_at": after.met_at}
        late = {"late": True} if not is_in_time(after.met_at, latest_possible_end(after, policy)) else {}
        decision.deadline_changes.append(change | late | ({"was_passed": True} if was_unmet and before.state == "passed" else {}))
    elif was_unmet:
        _record_recomputed(decision, after, _rule_of(after, policy), before.due_at, _reason_of_difference(before, after, because))
    else:
        _record_set(decision, after, _rule_of(after, policy))


def _reason_of_difference(before, after, because) -> str:
    if after.is_paused != before.is_paused:
        suspensions = after.suspensions if after.is_paused else before.suspensions
        is_suspension = bool(suspensions) and suspensions[-1][1] is None
        return ("suspended" if is_suspension else "paused") if after.is_paused else ("went_on" if is_suspension else "resumed")
    if len(after.extensions) > len(before.extensions):
        return "extended"
    return because if because in RECOMPUTED_BECAUSE else "correction"


def _deadline_data(deadline: Deadline) -> dict:
    """Return the data with which every event names a deadline. `provisional` is left out if False."""
    data = {"clock": deadline.clock, "kind": deadline.kind, "due_at": deadline.due_at}
    return data | {"provisional": True} if deadline.provisional else data


def stop_clocks_outside_state(decision: Decision) -> None:
    """Stop each deadline whose clock does not run in the present state of the dispute."""
    dispute = decision.dispute
    for deadline in [deadline for deadline in in_due_order(dispute.deadlines) if dispute.state not in CLOCK_BY_NAME[deadline.clock].runs_in]:
        del dispute.deadlines[deadline.key]
        record_stopped(decision, deadline)


def record_stopped(decision: Decision, deadline: Deadline) -> None:
    """Mark the deadline as stopped and record the change."""
    deadline.state, deadline.next_check_at = "stopped", None
    decision.deadlines.append(deadline)
    decision.deadline_changes.append({"change": "stopped", **_deadline_data(deadline)})


COMPLETION_DAY_FIELDS = (
    "on",
    "applied_on",
    "decided_on",
    "objected_on",
)  # fields of a step that contain the day of the act, which may be before the day of the report

# Indexes of CLOCKS by step type.
CLOCKS_STARTED_BY: dict[str, list[Clock]] = {}
CLOCKS_STARTED_AND_MET_BY: dict[str, list[Clock]] = {}
CHANGES_BY_STEP: dict[str, tuple] = {  # step type: published reason of the recomputation, and the function that records the change in a deadline
    PAUSED_BY: ("paused", _record_pause),
    RESUMED_BY: ("resumed", _record_resumption),
    SUSPENDED_BY: ("suspended", _record_suspension),
    SUSPENSION_ENDED_BY: ("went_on", _record_resumption),
}
PAUSED_STATES = ("clock_paused", "suspended")
RULE_REASONS = ("calendar", "county_period")  # reasons that are a change of the rules, not a step
PAUSE_REASONS = ("paused", "resumed", "suspended", "went_on")
UNMET_STATES = ("open", "passed")
RECOMPUTED_BECAUSE = ("late_report", "correction")  # reasons for which the history was applied again that are also reasons of a recomputed deadline
CLOCKS_MET_BY: dict[str, dict] = {}
for _clock in CLOCKS:
    for _step in _clock.started_by:
        CLOCKS_STARTED_BY.setdefault(_step, []).append(_clock)
    for _step, _guard in _clock.met_by.items():
        CLOCKS_MET_BY.setdefault(_step, {})[_clock.name] = _guard
        if _clock.can_start_when_met:
            CLOCKS_STARTED_AND_MET_BY.setdefault(_step, []).append(_clock)
    if _clock.extended_by:
        CHANGES_BY_STEP[_clock.extended_by] = ("extended", _record_extension)
    for _step in _clock.restarted_by:
        CHANGES_BY_STEP[_step] = ("restarted", _record_restart)
