"""What becomes of a dispute's deadlines: set, met, extended, counted again, passed. By the table of deadlines.py; `now` is an argument."""

from datetime import date, datetime, timedelta

from services.mediation.clocks import A_SECOND, day_start, due_at, in_time
from services.mediation.deadlines import BY_NAME, CLOCKS, Clock
from services.mediation.dispute import CENTRE, Deadline, Decision, Dispute
from services.mediation.holidays import CHINA, Holidays
from services.mediation.questions import Step

# History arrives in bulk: a deadline set in the past is only asked about when the step that met it has had time to arrive.
PATIENCE = timedelta(minutes=10)


def time_passes(dispute: Dispute, deadline: Deadline, now: datetime, holidays: Holidays = CHINA, patience: timedelta = PATIENCE) -> Decision:
    """What it means that `now` has come: a deadline came near, or passed, or nothing at all because its clock no longer runs."""
    decision = Decision(dispute)
    deadline = dispute.deadlines.get(deadline.key)  # as it stands now: the row that woke us may be older
    if deadline is None or deadline.state != "open" or deadline.ask_at is None or now < deadline.ask_at:
        return decision
    if dispute.state not in BY_NAME[deadline.clock].runs_in:
        deadline.ask_at = None
        decision.deadlines.append(deadline)
        return decision
    if _recount(decision, deadline, now, holidays, patience):
        return decision  # its year's arrangement was published meanwhile, and gives it another day
    decision.deadlines.append(deadline)
    word = "deadline.approached"
    if not in_time(now, deadline.due_at):
        word, deadline.state, deadline.ask_at = "deadline.passed", "passed", None
    else:
        deadline.approached, deadline.ask_at = True, deadline.due_at + A_SECOND
    owed = {"clock": deadline.clock, "kind": deadline.kind, "due_at": deadline.due_at, "owed_by": deadline.owed_by}
    decision.said.append((word, owed))
    return decision


def recount(dispute: Dispute, now: datetime, holidays: Holidays = CHINA, patience: timedelta = PATIENCE) -> Decision:
    """Counts the unmet deadlines of a dispute again: a year's arrangement was published, provisional dates become certain."""
    decision = Decision(dispute)
    for deadline in dispute.deadlines.values():
        _recount(decision, deadline, now, holidays, patience)
    return decision


# ── A step and the deadlines ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def meet(dispute: Dispute, step: Step) -> list[tuple[Deadline, datetime]]:
    """The deadlines that this step meets, and the instant that counts: the day on which a thing was performed, else when the step happened."""
    clocks = MET_BY.get(step.word)
    if clocks is None or not dispute.deadlines:
        return []
    met = [d for d in dispute.deadlines.values() if d.clock in clocks and ((question := clocks[d.clock]) is None or question(dispute, step))]
    met.sort(key=lambda d: (d.due_at, d.key))  # not in the order in which they happen to be kept
    for deadline in met:
        del dispute.deadlines[deadline.key]
    at = day_start(_day(step.facts["on"])) if "on" in step.facts else step.happened
    return [(deadline, at) for deadline in met]


def say_met(decision: Decision, met: list[tuple[Deadline, datetime]]) -> None:
    """An event that happened in time but arrives after the end is met in time all the same: `was_passed` says so openly."""
    for deadline, at in met:
        was_passed, deadline.state, deadline.ask_at = deadline.state == "passed", "met", None
        decision.deadlines.append(deadline)
        decision.said.append(("deadline.met", {"clock": deadline.clock, "kind": deadline.kind, "due_at": deadline.due_at, "met_at": at,
                                               "late": not in_time(at, deadline.due_at), "was_passed": was_passed}))  # fmt: skip


def follow(decision: Decision, step: Step, noted: bool, now: datetime, holidays: Holidays, patience: timedelta) -> None:
    """What a step that was taken starts and extends. One that was only noted starts nothing anew."""
    if not noted:
        for clock in STARTED_BY.get(step.word, ()):
            if decision.dispute.state in clock.runs_in:
                _start(decision, clock, step.happened, now, holidays, patience)
    for clock in EXTENDED_BY.get(step.word, ()):
        _extend(decision, clock, step.facts["days"], now, holidays, patience)


def _start(decision: Decision, clock: Clock, happened: datetime, now: datetime, holidays: Holidays, patience: timedelta) -> None:
    dispute = decision.dispute
    counted = clock.counted_from(dispute, happened)
    if counted is None:
        return
    started_at, which = counted
    key = clock.name + which
    running = dispute.deadlines.get(key)
    if running is not None and running.started_at == started_at:
        return  # the same term, still owed: it has its day already
    owed_by = who(dispute, (clock.owed_by,))
    deadline = Deadline(clock.name, key, clock.kind, started_at, due_at(started_at, clock.length, holidays), owed_by, now)
    dispute.deadlines[key] = deadline
    _say_set(decision, deadline, clock, now, patience)


def _extend(decision: Decision, clock: Clock, days: int, now: datetime, holidays: Holidays, patience: timedelta) -> None:
    for deadline in decision.dispute.deadlines.values():
        if deadline.clock == clock.name:
            deadline.extended += days
            _recount(decision, deadline, now, holidays, patience)


def _recount(decision: Decision, deadline: Deadline, now: datetime, holidays: Holidays, patience: timedelta) -> bool:
    """Counts once, from the original start over the whole length, and says so if that is another day than before."""
    clock = BY_NAME[deadline.clock]
    length = type(clock.length)(clock.length.count + deadline.extended) if deadline.extended else clock.length
    due = due_at(deadline.started_at, length, holidays)
    if due == deadline.due_at:
        return False
    deadline.due_at, deadline.set_at, deadline.state, deadline.approached = due, now, "open", False
    _say_set(decision, deadline, clock, now, patience)
    return True


def _say_set(decision: Decision, deadline: Deadline, clock: Clock, now: datetime, patience: timedelta) -> None:
    reminded = deadline.due_at - clock.ahead
    if deadline.due_at <= now:
        deadline.ask_at = now + patience
    else:
        deadline.ask_at = reminded if reminded > now else deadline.due_at + A_SECOND
    decision.deadlines.append(deadline)
    decision.said.append(("deadline.set", {"clock": deadline.clock, "kind": deadline.kind, "article": clock.article, "started_at": deadline.started_at,
                                           "due_at": deadline.due_at, "owed_by": deadline.owed_by}))  # fmt: skip


def who(dispute: Dispute, roles: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([dispute.body or CENTRE if role == "body" else CENTRE for role in roles])


def _day(told: str | date) -> date:
    return date.fromisoformat(told) if isinstance(told, str) else told


# The clocks by step, so that a step asks only those that it concerns.
STARTED_BY: dict[str, list[Clock]] = {}
EXTENDED_BY: dict[str, list[Clock]] = {}
MET_BY: dict[str, dict] = {}
for _clock in CLOCKS:
    for _step in _clock.started_by:
        STARTED_BY.setdefault(_step, []).append(_clock)
    for _step, _question in _clock.met_by.items():
        MET_BY.setdefault(_step, {})[_clock.name] = _question
    if _clock.extended_by:
        EXTENDED_BY.setdefault(_clock.extended_by, []).append(_clock)
