"""What becomes of a dispute's deadlines: set, met, paused, extended, computed again, passed. By the table of clocks.py; `now` is an argument."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta

from services.mediation.deadlines.clocks import BY_NAME, CLOCKS, GOES_ON_BY, PAUSED_BY, RESUMED_BY, SUSPENDED_BY, Clock
from services.mediation.dispute.model import Deadline, Decision, Dispute, who
from services.mediation.dispute.step import Step
from services.mediation.law.computing import Computed, Extension, Facts, begin, compute, rule_for
from services.mediation.law.counting import Days, Months, in_time, provisional
from services.mediation.law.dates import A_SECOND, day_of, day_start, end_of
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.periods import Rule
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy


def time_passes(dispute: Dispute, deadline: Deadline, now: datetime, policy: DeadlinePolicy = USUAL_POLICY) -> Decision:
    """What it means that `now` has come: a deadline came near, or passed, or nothing at all because its clock no longer runs."""
    decision = Decision(dispute)
    deadline = dispute.deadlines.get(deadline.key)  # as it stands now: the row that woke us may be older
    if deadline is None or deadline.state != "open" or deadline.next_check_at is None or now < deadline.next_check_at:
        return decision
    clock = BY_NAME[deadline.clock]
    if dispute.state not in clock.runs_in:
        deadline.next_check_at = None
        decision.deadlines.append(deadline)
        return decision
    if deadline.provisional and _recompute(decision, deadline, now, policy, "calendar"):
        return decision  # its year's arrangement was published meanwhile, and gives it another day
    decision.deadlines.append(deadline)
    deadline.owed_by = who(dispute, (clock.owed_by,)) if clock.owed_by == "called" else deadline.owed_by  # of those who were called some have answered
    owed = {"clock": deadline.clock, "kind": deadline.kind, "due_at": deadline.due_at, "owed_by": deadline.owed_by}
    if in_time(now, deadline.due_at):
        deadline.next_check_at = _next_reminder(deadline, clock, now, policy)
        decision.said.append(("deadline.approached", owed))
    else:
        deadline.state, deadline.next_check_at = "passed", None
        # A right that lapsed is nobody's fault: nobody is overdue.
        decision.said.append(("deadline.passed", owed | {"lapsed": True} if _rule(deadline, policy).lapses else owed))
    return decision


def recompute(dispute: Dispute, now: datetime, policy: DeadlinePolicy = USUAL_POLICY) -> Decision:
    """Recompute the provisional deadlines of a dispute: a year's arrangement was published, they become certain."""
    decision = Decision(dispute)
    for deadline in in_order(dispute.deadlines):
        if deadline.provisional:
            _recompute(decision, deadline, now, policy, "calendar")
    return decision


# ── A step and the deadlines ──────────────────────────────────────────────────────────────────────────────────────────────────────


def meet(dispute: Dispute, step: Step, policy: DeadlinePolicy = USUAL_POLICY) -> list[tuple[Deadline, datetime]]:
    """The deadlines that this step meets, and the instant that counts: the day on which a thing was done, else when the step happened."""
    clocks = MET_BY.get(step.word)
    if clocks is None or not dispute.deadlines:
        return []
    met = [d for d in dispute.deadlines.values() if d.clock in clocks and ((guard := clocks[d.clock]) is None or guard(dispute, step))]
    met.sort(key=_by_day)
    again = step.facts.get("restarted_on")
    for deadline in met:
        del dispute.deadlines[deadline.key]
        if again and BY_NAME[deadline.clock].restarted_by:
            deadline.restarted_at = day_start(again)
        elif not _resumed(deadline, step, policy):
            continue
        deadline.due_at = _computed(deadline, policy).last_moment  # what is told with this step counts for it too
    return [(deadline, _done(step)) for deadline in met]


def _by_day(deadline: Deadline):
    return deadline.due_at, deadline.key


def in_order(deadlines: dict[str, Deadline]) -> list[Deadline]:
    """By the day, not in the order in which they happen to be kept: what is said has to be the same however the events came."""
    return sorted(deadlines.values(), key=_by_day)


def _done(step: Step) -> datetime:
    return next((day_start(step.facts[name]) for name in DONE_ON if step.facts.get(name)), step.happened)


def say_met(decision: Decision, met: list[tuple[Deadline, datetime]]) -> None:
    """An event that happened in time but arrives after the end is met in time all the same: `was_passed` says so openly."""
    for deadline, at in met:
        was_passed, deadline.state, deadline.next_check_at = deadline.state == "passed", "met", None
        decision.deadlines.append(deadline)
        decision.said.append(("deadline.met", {"clock": deadline.clock, "kind": deadline.kind, "due_at": deadline.due_at, "met_at": at,
                                               "late": not in_time(at, deadline.due_at), "was_passed": was_passed}))  # fmt: skip


def follow(decision: Decision, step: Step, noted: bool, now: datetime, policy: DeadlinePolicy) -> None:
    """What a step that was taken starts, extends, pauses. One that was only noted starts nothing anew."""
    deadlines = decision.dispute.deadlines
    for clock in STARTED_BY.get(step.word, ()):
        if decision.dispute.state in clock.runs_in and (clock.beside or not noted):
            _start(decision, clock, step, now, policy)
    for clock in TOLD_AT_ONCE.get(step.word, ()):
        _start_and_meet(decision, clock, step, now, policy)
    _leave_out_extensions(decision, step, now, policy)
    # Nothing stands still longer than the dispute does, whatever leads on.
    change = CHANGED_BY.get(step.word)
    if change is None and decision.dispute.state not in STANDS_STILL and any(deadline.paused for deadline in deadlines.values()):
        change = "resumed", _resumed
    if change is not None:
        because, changes = change
        for deadline in in_order(deadlines):
            if decision.dispute.state in BY_NAME[deadline.clock].runs_in and changes(deadline, step, policy):
                _recompute(decision, deadline, now, policy, because)


def _leave_out_extensions(decision: Decision, step: Step, now: datetime, policy: DeadlinePolicy) -> None:
    """Mediation after filing is over: by how long it was extended is no part of the trial limit (特邀调解规定 27)."""
    extended = [one for one in decision.deadlines if one.state == "met" and one.extensions and BY_NAME[one.clock].in_court]
    for mediation in extended:
        base_ended = _computed(replace(mediation, extensions=[]), policy).last_moment
        for deadline in in_order(decision.dispute.deadlines):
            if BY_NAME[deadline.clock].group == "trial" and not in_time(step.happened, base_ended):
                deadline.pauses = [*deadline.pauses, (base_ended, min(step.happened, mediation.due_at))]
                _recompute(decision, deadline, now, policy, "resumed")


def start_anew(decision: Decision, step: Step, now: datetime, policy: DeadlinePolicy) -> None:
    """The clocks that a step starts, once more: for a dispute that comes out of the safeguard lane."""
    follow(decision, step, False, now, policy)


def put_off(decision: Decision, deadline: Deadline, by: timedelta, now: datetime, policy: DeadlinePolicy) -> None:
    """Moves a policy deadline of a dispute that stands still: its days are not counted, now or when it is computed again."""
    was = deadline.due_at
    deadline.put_off += by.days
    computed = _computed(deadline, policy)
    deadline.due_at, deadline.set_at, deadline.provisional = computed.last_moment, now, computed.provisional
    deadline.next_check_at = _asked_first(deadline, BY_NAME[deadline.clock], now, policy)
    decision.deadlines.append(deadline)
    decision.said.append(("deadline.recomputed", _set(deadline, computed.rule) | {"was_due_at": was, "because": "not_counted"}))


def _extended(deadline: Deadline, step: Step, policy: DeadlinePolicy) -> bool:
    if BY_NAME[deadline.clock].extended_by != step.word:
        return False
    deadline.extensions = [*deadline.extensions, (step.happened, step.facts.get("days") or f"P{step.facts['months']}M")]
    return True


def _restarted(deadline: Deadline, step: Step, policy: DeadlinePolicy) -> bool:
    if step.word not in BY_NAME[deadline.clock].restarted_by:
        return False
    at = _done(step)
    if end_of(day_of(at)) < deadline.started_at:
        return False
    deadline.restarted_at = at
    return True


def _paused(deadline: Deadline, step: Step, policy: DeadlinePolicy) -> bool:
    """The law says which clocks an appraisal stops. One that was over before the appraisal began stays over."""
    if not _rule(deadline, policy).appraisal_excluded or deadline.paused or not in_time(step.happened, deadline.due_at):
        return False
    deadline.pauses = [*deadline.pauses, (max(step.happened, deadline.started_at), None)]
    return True


def _suspended(deadline: Deadline, step: Step, policy: DeadlinePolicy) -> bool:
    """While a suspicion is looked into mediation stands still (特邀调解规定 18, which is silent on its time); what is left then is left."""
    if not BY_NAME[deadline.clock].suspendable or not (deadline.paused or in_time(step.happened, deadline.due_at)):
        return False
    deadline.suspensions = [*deadline.suspensions, (max(step.happened, deadline.started_at), None)]
    return True


def _resumed(deadline: Deadline, step: Step, policy: DeadlinePolicy) -> bool:
    if not deadline.paused:
        return False
    deadline.pauses, deadline.suspensions = _ended(deadline.pauses, step), _ended(deadline.suspensions, step)
    return True


def _ended(pauses: list, step: Step) -> list:
    if not pauses or pauses[-1][1] is not None:
        return pauses
    began = pauses[-1][0]
    return [*pauses[:-1], (began, max(step.happened, began))]


def _start(decision: Decision, clock: Clock, step: Step, now: datetime, policy: DeadlinePolicy) -> Deadline | None:
    dispute = decision.dispute
    counted = clock.counted_from(dispute, step)
    if counted is None:
        return None
    started_at, which = counted
    key = clock.name + which
    running = dispute.deadlines.get(key)
    if running is not None and running.started_at == started_at:
        return None  # the same term, still owed: it has its day already
    opened_at = day_start(dispute.received_on) if dispute.received_on else None
    facts = Facts(clock.name, started_at, on_platform=clock.on_platform, opened_at=opened_at)
    try:
        rule, last = begin(facts, policy.holidays, policy.county.rules)
    except InvalidFacts:
        return None  # the law has no such clock for that day
    if clock.group is not None:
        _give_way(decision, clock.group)
    if running is None:
        _succeed(decision, clock)
    owed_by = (step.agency,) if clock.owed_by == "reporter" else who(dispute, (clock.owed_by,))
    deadline = Deadline(clock.name, key, rule.kind, started_at, last, owed_by, now, provisional=provisional(last, policy.holidays))
    deadline.opened_at = opened_at if rule.opened_until else None
    deadline.next_check_at = _asked_first(deadline, clock, now, policy)
    dispute.deadlines[key] = deadline
    decision.deadlines.append(deadline)
    decision.said.append(("deadline.set", _set(deadline, rule)))
    return deadline


def _give_way(decision: Decision, group: str) -> None:
    """One of these at a time: what ran before stops."""
    deadlines = decision.dispute.deadlines
    for deadline in in_order(deadlines):
        if BY_NAME[deadline.clock].group == group:
            say_stopped(decision, deadlines.pop(deadline.key))


def _succeed(decision: Decision, clock: Clock) -> None:
    """One of a clock at a time: an earlier one that has passed stays on record as that, one that still runs stops."""
    deadlines = decision.dispute.deadlines
    for earlier in [one for one in deadlines.values() if one.clock == clock.name]:
        del deadlines[earlier.key]
        if earlier.state == "open":
            say_stopped(decision, earlier)


def _start_and_meet(decision: Decision, clock: Clock, step: Step, now: datetime, policy: DeadlinePolicy) -> None:
    """A court tells in one word when it received a claim and when it decided: was it in time? Not where the clock ran, and was met, already."""
    if any(word == "deadline.met" and data["clock"] == clock.name for word, data in decision.said):
        return
    deadline = _start(decision, clock, step, now, policy)
    if deadline is not None:
        del decision.dispute.deadlines[deadline.key]
        say_met(decision, [(deadline, _done(step))])


def _recompute(decision: Decision, deadline: Deadline, now: datetime, policy: DeadlinePolicy, because: str) -> bool:
    """Recomputes once, from the original start over all that happened since, and says so if that gives another answer than before."""
    computed = _computed(deadline, policy)
    was, paused_now = deadline.due_at, deadline.paused
    changed = computed.last_moment != was or because in STOPS_OR_GOES_ON
    if not changed and because == "calendar" and computed.provisional == deadline.provisional:
        return False
    deadline.provisional = computed.provisional
    decision.deadlines.append(deadline)
    if not changed:
        if because == "calendar":
            decision.said.append(("deadline.recomputed", _set(deadline, computed.rule) | {"was_due_at": was, "because": because}))
        return False
    deadline.due_at, deadline.set_at, deadline.state = computed.last_moment, now, "open"
    clock = BY_NAME[deadline.clock]
    deadline.next_check_at = None if paused_now else _asked_first(deadline, clock, now, policy)
    decision.said.append(("deadline.recomputed", _set(deadline, computed.rule) | {"was_due_at": was, "because": because}))
    return True


def _computed(deadline: Deadline, policy: DeadlinePolicy) -> Computed:
    extensions = tuple([Extension(at, Days(long) if type(long) is int else Months(int(long[1:-1]))) for at, long in deadline.extensions])
    # While it goes on an appraisal takes away no day yet; what it took is known when it is over.
    as_of = deadline.stands_still_since
    platform = BY_NAME[deadline.clock].on_platform
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
        put_off=deadline.put_off,
    )
    return compute(facts, policy.holidays, policy.county.rules)


def _rule(deadline: Deadline, policy: DeadlinePolicy):
    return rule_for(
        Facts(deadline.clock, deadline.started_at, opened_at=deadline.opened_at, on_platform=BY_NAME[deadline.clock].on_platform), policy.county.rules
    )


def _asked_first(deadline: Deadline, clock: Clock, now: datetime, policy: DeadlinePolicy) -> datetime:
    return now + policy.patience if deadline.due_at <= now else _next_reminder(deadline, clock, now, policy)


def _next_reminder(deadline: Deadline, clock: Clock, now: datetime, policy: DeadlinePolicy) -> datetime:
    """The next instant at which somebody is reminded, else the first at which the deadline has passed. What came near while nobody looked is told once."""
    return next_reminder(deadline.due_at, policy.reminders(clock), now)


def next_reminder(due_at: datetime, leads: Iterable[timedelta], now: datetime) -> datetime:
    return min((at for lead in leads if (at := due_at - lead) > now), default=due_at + A_SECOND)


def _set(deadline: Deadline, rule: Rule) -> dict:
    return {"clock": deadline.clock, "kind": deadline.kind, "article": rule.article, "started_at": deadline.started_at, "due_at": deadline.due_at,
            "owed_by": deadline.owed_by, "provisional": deadline.provisional}  # fmt: skip


def say_again(decision: Decision, deadline: Deadline, now: datetime, policy: DeadlinePolicy) -> None:
    """It runs as it did before the step that is taken back; one that had passed is asked about again."""
    computed = _computed(deadline, policy)
    deadline.kind, deadline.due_at, deadline.provisional = computed.rule.kind, computed.last_moment, computed.provisional
    deadline.next_check_at = None if deadline.paused else _asked_first(deadline, BY_NAME[deadline.clock], now, policy)
    decision.deadlines.append(deadline)
    decision.said.append(("deadline.set", _set(deadline, computed.rule)))


def stop(decision: Decision) -> None:
    """The state that the dispute came into asks nothing of these clocks any more."""
    dispute = decision.dispute
    for deadline in [one for one in in_order(dispute.deadlines) if dispute.state not in BY_NAME[one.clock].runs_in]:
        del dispute.deadlines[deadline.key]
        say_stopped(decision, deadline)


def say_stopped(decision: Decision, deadline: Deadline) -> None:
    deadline.state, deadline.next_check_at = "stopped", None
    decision.deadlines.append(deadline)
    decision.said.append(("deadline.stopped", {"clock": deadline.clock, "kind": deadline.kind, "due_at": deadline.due_at}))


DONE_ON = ("on", "applied_on", "decided_on", "objected_on")  # the day on which a thing was done, in a step that is told later

# The clocks by step, so that a step asks only those that it concerns.
STARTED_BY: dict[str, list[Clock]] = {}
TOLD_AT_ONCE: dict[str, list[Clock]] = {}
CHANGED_BY: dict[str, tuple] = {PAUSED_BY: ("paused", _paused), RESUMED_BY: ("resumed", _resumed),
                                SUSPENDED_BY: ("suspended", _suspended), GOES_ON_BY: ("went_on", _resumed)}  # fmt: skip
STANDS_STILL = ("clock_paused", "suspended")
STOPS_OR_GOES_ON = ("paused", "resumed", "suspended", "went_on")
MET_BY: dict[str, dict] = {}
for _clock in CLOCKS:
    for _step in _clock.started_by:
        STARTED_BY.setdefault(_step, []).append(_clock)
    for _step, _guard in _clock.met_by.items():
        MET_BY.setdefault(_step, {})[_clock.name] = _guard
        if _clock.told_at_once:
            TOLD_AT_ONCE.setdefault(_step, []).append(_clock)
    if _clock.extended_by:
        CHANGED_BY[_clock.extended_by] = ("extended", _extended)
    for _step in _clock.restarted_by:
        CHANGED_BY[_step] = ("restarted", _restarted)
