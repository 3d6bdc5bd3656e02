"""What each event means for a dispute: facts in, decisions out, by the tables of lifecycle. No database, no broker; `now` is an argument."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import NamedTuple

from contracts import REASONS
from services.mediation.clocks import A_SECOND, SHANGHAI, day_start, due_at, in_time
from services.mediation.holidays import CHINA, Holidays
from services.mediation.lifecycle import BY_NAME, CLOCKS, EVERY_STEP, FIRST, GUARDS, NOTED, TRANSITIONS, WAITS_FOR, Clock, Step, When, everything_performed

# How wrong an agency's clock may be.
TOLERANCE = timedelta(minutes=5)
# History arrives in bulk: a deadline set in the past is only asked about when the step that met it has had time to arrive.
PATIENCE = timedelta(minutes=10)

REGISTERED, REPORTED = "dispute.registered", "step.reported"
CENTRE = "mediation_centre"


@dataclass(slots=True)
class Deadline:
    """The instant that a clock sets for one dispute. `ask_at` is when time has to look at it next."""

    clock: str
    key: str  # the clock, and which one of several: "performance/2"
    kind: str
    started_at: datetime
    due_at: datetime
    owed_by: tuple[str, ...]
    set_at: datetime
    ask_at: datetime | None = None  # None: never again
    state: str = "open"  # open, passed, met
    approached: bool = False
    extended: int = 0  # days added by consent


@dataclass(slots=True)
class Dispute:
    """One dispute as its rules see it: no person, no narrative. `deadlines` holds those not met: open or passed."""

    code: str
    state: str = FIRST
    township: str = ""
    kind: str = ""
    reporter: str = ""
    body: str | None = None  # the agency it is routed to, then the one that accepted it
    parties: frozenset[str] = frozenset()  # labels of the parties on record: applicant, respondent, respondent-2
    consents: set[str] = field(default_factory=set)
    suitable: bool | None = None
    mediator: str | None = None
    terms: list[dict] = field(default_factory=list)  # {"due_on": "2026-05-01", "result": None | "full" | "part" | "default"}
    outcome: str | None = None  # how it stands to end
    opened_at: datetime | None = None
    entered_at: datetime | None = None
    steps: int = 0
    deadlines: dict[str, Deadline] = field(default_factory=dict)


class Transition(NamedTuple):
    """One row of history. `step` counts 1, 2, 3 … per dispute; a step that was only noted has `before` and `after` alike."""

    before: str
    after: str
    step: int


@dataclass(slots=True)
class Decision:
    """What follows: the dispute (changed in place), its new transition, the deadlines that changed, and what is to be said, in order."""

    dispute: Dispute | None
    refused: str | None = None
    transition: Transition | None = None
    said: list[tuple[str, dict]] = field(default_factory=list)
    deadlines: list[Deadline] = field(default_factory=list)


def decide(dispute: Dispute | None, event, now: datetime, holidays: Holidays = CHINA, patience: timedelta = PATIENCE) -> Decision:
    """What `event` (type, subject, data) means for `dispute`, which is None before it is registered.

    A legal step changes the dispute in place; a refused one leaves it as it was. An event that has no rule here decides nothing.
    """
    if event.type not in (REGISTERED, REPORTED):
        return Decision(dispute)
    # Where the registration was discarded every later step finds the dispute as it was before: detected, and nothing else is possible there.
    decision, step = Decision(dispute or Dispute(event.subject)), _step_of(event)
    refused = _refusal(decision.dispute, step, now)
    if refused is not None:
        _refuse(decision, step, refused, event.data["event"])
    else:
        _take(decision, step, event.data["event"], now, holidays, patience)
    return decision


def discard(dispute: Dispute | None, event) -> Decision:
    """What it means that a person discarded `event`: the dispute stays as it is, and the agency is told."""
    decision = Decision(dispute)
    if event.type in (REGISTERED, REPORTED):
        decision.dispute = dispute or Dispute(event.subject)
        _refuse(decision, _step_of(event), "discarded_by_operator", event.data["event"])
    return decision


def _step_of(event) -> Step:
    data = event.data
    if event.type == REGISTERED:
        return Step(REGISTERED, data["agency"], _instant(data["happened_at"]), data)
    return Step(data["step"], data["agency"], _instant(data["happened_at"]), data["facts"])


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


def fold(transitions: Iterable[Transition], state: str = FIRST) -> str:
    """The state that a history leads to. Raises BrokenHistory if a step is missing, doubled, or begins where the one before did not end."""
    for count, (before, after, step) in enumerate(transitions, 1):
        if (before, step) != (state, count):
            raise BrokenHistory(step)
        state = after
    return state


class BrokenHistory(ValueError):
    """The steps of a dispute do not form one line."""


# ── A step is refused, or taken ───────────────────────────────────────────────────────────────────────────────────────────────────


def _refusal(dispute: Dispute, step: Step, now: datetime) -> str | None:
    """The reason against the step, or None. The order is that of what a person would ask first."""
    if step.word not in TRANSITIONS[dispute.state]:
        return "dispute_closed" if dispute.state == "closed" else "illegal_here"
    if step.word == REGISTERED:
        return None  # the code was given: it exists, whatever the reporting agency's clock says
    question, reason = EVERY_STEP
    if not question(dispute, step):
        return reason
    if step.happened > now + TOLERANCE:
        return "in_the_future"
    for question, reason in GUARDS.get(step.word, ()):
        if not question(dispute, step):
            return reason
    return None


def _refuse(decision: Decision, step: Step, reason: str, event: dict) -> None:
    dispute, word = decision.dispute, _as_reported(step.word)
    sentence = {"state": dispute.state, "step": word, "agency": step.agency}
    if reason == "unknown_term":
        sentence["number"] = step.facts["term"]
    elif reason == "extended_too_late":
        ended = min(d.due_at for d in dispute.deadlines.values() if BY_NAME[d.clock].extended_by == step.word)
        sentence["on"] = ended.astimezone(SHANGHAI).date()
    decision.refused = reason
    decision.said.append(("step.refused", {"event": event, "step": word, "state": dispute.state, "reason": REASONS[reason].text(**sentence)}))


def _take(decision: Decision, step: Step, event: dict, now: datetime, holidays: Holidays, patience: timedelta) -> None:
    dispute, before, word = decision.dispute, decision.dispute.state, step.word
    met = _meet(dispute, step)  # asked first: what a step meets depends on how things stood until then
    outcome = _outcome(dispute)
    remember = REMEMBERED.get(word)
    if remember is not None:
        remember(dispute, step)

    target = TRANSITIONS[before][word]
    if type(target) is When:
        target = target.then if target.question(dispute, step) else target.otherwise
    if target != NOTED:
        dispute.state = target
    if dispute.state != before:
        dispute.entered_at = step.happened
    dispute.steps += 1
    decision.transition = Transition(before, dispute.state, dispute.steps)

    said = decision.said
    if word not in HAS_NO_FACT_OF_ITS_OWN:
        said.append((word, {**step.facts, "event": event, "agency": step.agency, "before": before, "state": dispute.state,
                            "waits_for": _who(dispute, WAITS_FOR[dispute.state]), "happened_at": step.happened}))  # fmt: skip
    said.append(("step.applied", {"event": event, "step": _as_reported(word), "state": dispute.state}))
    for deadline, at in met:
        was_passed, deadline.state, deadline.ask_at = deadline.state == "passed", "met", None
        decision.deadlines.append(deadline)
        said.append(("deadline.met", {"clock": deadline.clock, "kind": deadline.kind, "due_at": deadline.due_at, "met_at": at,
                                      "late": not in_time(at, deadline.due_at), "was_passed": was_passed}))  # fmt: skip
    if target != NOTED:
        for clock in STARTED_BY.get(word, ()):
            if dispute.state in clock.runs_in:
                _start(decision, clock, step.happened, now, holidays, patience)
    for clock in EXTENDED_BY.get(word, ()):
        _extend(decision, clock, step.facts["days"], now, holidays, patience)
    if dispute.state == "closed" != before:
        dispute.outcome = outcome
        said.append(("dispute.closed", {"state": "closed", "outcome": outcome}))


def _as_reported(word: str) -> str:
    """The registration answers the report that it came from: that is the word the agency knows."""
    return "dispute.reported" if word == REGISTERED else word


def _who(dispute: Dispute, roles: tuple[str, ...]) -> tuple[str, ...]:
    return tuple([dispute.body or CENTRE if role == "body" else CENTRE for role in roles])


def _outcome(dispute: Dispute) -> str:
    """How the dispute would end if it were closed now."""
    if dispute.state == "resolved":
        return "performed" if everything_performed(dispute) else "settled"
    return ENDS_AS.get(dispute.state) or dispute.outcome or "not_settled"


# ── Deadlines ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def _meet(dispute: Dispute, step: Step) -> list[tuple[Deadline, datetime]]:
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
    owed_by = _who(dispute, (clock.owed_by,))
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


# ── What a dispute remembers of a step ────────────────────────────────────────────────────────────────────────────────────────────


def _registered(dispute, step):
    facts = step.facts
    dispute.township, dispute.kind, dispute.reporter = facts["township"], facts["kind"], step.agency
    dispute.parties, dispute.opened_at = frozenset(facts.get("party_labels", ())), step.happened


def _screened(dispute, step):
    dispute.suitable, dispute.kind = step.facts["suitable"], step.facts["kind"]


def _routed(dispute, step):
    dispute.body = step.facts["to"]


def _accepted(dispute, step):
    dispute.mediator = step.facts.get("mediator")


def _declined(dispute, step):
    dispute.body = None


def _consented(dispute, step):
    dispute.consents.add(step.facts["party"])


def _refused(dispute, step):
    dispute.consents.discard(step.facts["party"])
    dispute.outcome = "consent_refused"


def _mediator_chosen(dispute, step):
    dispute.mediator = step.facts["mediator"]


def _ended_without_agreement(dispute, step):
    dispute.outcome = "withdrawn" if step.facts["ground"] == "self_settled_withdrawn" else "not_settled"


def _agreed(dispute, step):
    dispute.terms = [{"due_on": _day(term["due_on"]).isoformat(), "result": None} for term in step.facts.get("terms", ())]


def _performed(dispute, step):
    term = dispute.terms[step.facts["term"] - 1]
    if (term["result"], step.facts["result"]) != ("default", "part"):  # a part paid after the default leaves it a default: only the whole mends it
        term["result"] = step.facts["result"]


def _instant(told: str | datetime) -> datetime:
    return datetime.fromisoformat(told) if isinstance(told, str) else told


def _day(told: str | date) -> date:
    return date.fromisoformat(told) if isinstance(told, str) else told


# fmt: off
REMEMBERED = {
    "dispute.registered":   _registered,
    "dispute.screened":     _screened,
    "dispute.routed":       _routed,
    "referral.accepted":    _accepted,
    "referral.declined":    _declined,
    "consent.given":        _consented,
    "consent.refused":      _refused,
    "mediator.agreed":      _mediator_chosen,
    "mediator.appointed":   _mediator_chosen,
    "mediation.terminated": _ended_without_agreement,
    "agreement.reached":    _agreed,
    "performance.recorded": _performed,
}
ENDS_AS = {"screened": "not_suitable", "performing": "defaulted", "suspended": "not_settled"}
HAS_NO_FACT_OF_ITS_OWN = ("dispute.registered", "dispute.reported")     # intake said it; mediation only says that it took effect
# fmt: on

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
