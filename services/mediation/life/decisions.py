"""What each event means for a dispute: facts in, decisions out, by the tables of transitions.py. No database, no broker; `now` is an argument."""

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import replace
from datetime import datetime, timedelta

from contracts import REASONS
from services.mediation.deadlines import tracking
from services.mediation.deadlines.clocks import most_days_of_extension, what_it_extends
from services.mediation.dispute.agencies import CENTRE
from services.mediation.dispute.guards import everything_performed, last_moment_to_apply, last_moment_to_object, reported_before, word_of
from services.mediation.dispute.hold import stands_still
from services.mediation.dispute.model import FIRST, Deadline, Decision, Dispute, Taken, Transition, who
from services.mediation.dispute.step import NOTED, Step
from services.mediation.law.dates import day_of, instant_of
from services.mediation.law.policy import USUAL_POLICY, DeadlinePolicy
from services.mediation.life import corrections
from services.mediation.life.effects import EFFECTS
from services.mediation.life.transitions import EVERY_STEP, GUARDS, NEXT_ACTORS, TIME_SAYS, TIME_TELLS, TRANSITIONS, Back, Cell, When

# How wrong an agency's clock may be.
TOLERANCE = timedelta(minutes=5)

REGISTERED, REPORTED, PROPOSED = "dispute.registered", "step.reported", "duplicate.proposed"


def decide(dispute: Dispute | None, event, now: datetime, policy: DeadlinePolicy = USUAL_POLICY, roster=None) -> Decision:
    """What `event` (type, subject, data) means for `dispute`, which is None before it is registered. `roster` is who can be asked.

    A legal step changes the dispute in place; a refused one leaves it as it was. An event that has no rule here decides nothing.
    """
    if event.type == PROPOSED:
        return Decision(dispute, said=[("duplicate.noted", {**event.data, "owed_by": (CENTRE,)})])
    if event.type not in (REGISTERED, REPORTED):
        return Decision(dispute)
    # Where the registration was discarded every later step finds the dispute as it was before: detected, and nothing else is possible there.
    decision, step = Decision(dispute or Dispute(event.subject)), step_of(event, policy, roster)
    refused = _refusal(decision.dispute, step, now)
    if refused is None and stands_still(decision.dispute, step, event.data["event"]):
        refused = "stayed"  # asked last: what would be refused anyway is refused in the same words as ever
    if refused is not None:
        _refuse(decision, step, refused, event.data["event"])
    elif step.word in TAKES_BACK:
        _take_back(decision, step, event.data["event"], now, policy)
    else:
        _take(decision, step, event.data["event"], now, policy)
    return decision


def needs_history(event) -> bool:
    """Whether deciding it takes the steps that the dispute has behind it."""
    return event.type == REPORTED and event.data["step"] in TAKES_BACK


def discard(dispute: Dispute | None, event) -> Decision:
    """What it means that a person discarded `event`: the dispute stays as it is, and the agency is told."""
    decision = Decision(dispute)
    if event.type in (REGISTERED, REPORTED):
        decision.dispute = dispute or Dispute(event.subject)
        _refuse(decision, step_of(event, USUAL_POLICY), "discarded_by_operator", event.data["event"])
    return decision


def step_of(event, policy: DeadlinePolicy, roster=None) -> Step:
    """Return the step that an event of intake reports."""
    data = event.data
    if event.type == REGISTERED:
        return Step(REGISTERED, data["agency"], instant_of(data["happened_at"]), data, policy, roster)
    return Step(data["step"], data["agency"], instant_of(data["happened_at"]), data["facts"], policy, roster)


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
    guard, reason = EVERY_STEP
    if not guard(dispute, step):
        return reason
    if step.happened > now + TOLERANCE:
        return "in_the_future"
    for guard, reason in GUARDS.get(step.word, ()):
        if not guard(dispute, step):
            return reason
    return None


def _refuse(decision: Decision, step: Step, reason: str, event: dict, right: tuple[Dispute, Step] | None = None) -> None:
    """`right`: where a correction is refused, the step as it should have been, and the dispute of which that was asked."""
    dispute, word = decision.dispute, _as_reported(step.word)
    sentence = {"state": dispute.state, "step": word, "agency": step.agency}
    dispute, step = right or (dispute, step)
    if reason == "unknown_term":
        sentence["number"] = step.facts["term"]
    elif reason == "extended_too_late":
        sentence["on"] = day_of(min(d.due_at for d in what_it_extends(dispute, step.word)))
    elif reason == "objected_too_late":
        sentence["on"] = day_of(last_moment_to_object(dispute))
    elif reason == "applied_too_late":
        sentence["on"] = day_of(last_moment_to_apply(dispute, step))
    elif reason == "extension_too_long":
        sentence["days"] = most_days_of_extension(dispute, step)
    decision.refused = reason
    decision.said.append(("step.refused", {"event": event, "step": word, "state": decision.dispute.state, "reason": REASONS[reason].text(**sentence)}))


def _take(decision: Decision, step: Step, event: dict, now: datetime, policy: DeadlinePolicy) -> None:
    dispute, before, word = decision.dispute, decision.dispute.state, step.word
    was = corrections.snapshot(dispute)
    met = tracking.meet(dispute, step, policy)  # asked first: what a step meets depends on how things stood until then
    outcome = ENDS_BY.get(word) or _outcome(dispute)
    effect = EFFECTS.get(word)
    if effect is not None:
        effect(dispute, step)
    target = _target(dispute, step, TRANSITIONS[before][word])
    if target != NOTED:
        dispute.state = target
    if dispute.state != before:
        dispute.entered_at = step.happened

    said = decision.said
    if word not in HAS_NO_FACT_OF_ITS_OWN:
        said.append((word, _fact(dispute, step, event, before)))
    said.append(("step.applied", {"event": event, "step": _as_reported(word), "state": dispute.state}))
    tracking.say_met(decision, met)
    tracking.follow(decision, step, target == NOTED, now, policy)
    if dispute.state != before:
        tracking.stop(decision)
    if dispute.state == "closed" != before:
        dispute.outcome = outcome
        said.append(("dispute.closed", _closing(dispute)))
    _enter_into_history(decision, step, before, event, corrections.difference(was, dispute))


def _target(dispute: Dispute, step: Step, cell: Cell) -> str:
    while type(cell) is When:
        cell = cell.then if cell.guard(dispute, step) else cell.otherwise
    return dispute.back_to if type(cell) is Back else cell


def _fact(dispute: Dispute, step: Step, event: dict, before: str) -> dict:
    """The step as mediation confirms it. Which earlier report it is about stands under a name of its own: `event` is the report that says so."""
    facts = {**step.facts, "about": step.facts["event"]} if "event" in step.facts else step.facts
    if step.word in THE_BODY_IS_TOLD and dispute.body:
        facts = {**facts, "body": dispute.body}
    return {**facts, "event": event, "agency": step.agency, "before": before, "state": dispute.state,
            "next_actors": who(dispute, NEXT_ACTORS[dispute.state]), "happened_at": step.happened}  # fmt: skip


def _closing(dispute: Dispute) -> dict:
    facts = {"state": "closed", "outcome": dispute.outcome, "mode": dispute.mode, "ground": dispute.ground}
    return {name: value for name, value in facts.items() if value is not None}


def _enter_into_history(decision: Decision, step: Step, before: str, event: dict | None, inverse: dict, undoes: int | None = None) -> None:
    dispute = decision.dispute
    dispute.steps += 1
    decision.transition = Transition(before, dispute.state, dispute.steps)
    decision.taken = Taken(dispute.steps, step.word, step.agency, event["id"] if event else None, step.happened, inverse, undoes)
    dispute.taken.append(decision.taken)


def _as_reported(word: str) -> str:
    """The registration answers the report that it came from: that is the word the agency knows."""
    return "dispute.reported" if word == REGISTERED else word


def _outcome(dispute: Dispute) -> str:
    """How the dispute would end if it were closed now."""
    if dispute.state == "resolved" and dispute.outcome != "judged":
        return "performed" if everything_performed(dispute) else dispute.outcome or "settled"
    return ENDS_AS.get(dispute.state) or dispute.outcome or "not_settled"


# ── An earlier report was wrong ───────────────────────────────────────────────────────────────────────────────────────────────────


def _take_back(decision: Decision, step: Step, event: dict, now: datetime, policy: DeadlinePolicy) -> None:
    """Undoes the step named, and takes it anew with the right facts where these are told. All of it, or nothing and a reason."""
    before, earlier = decision.dispute.state, reported_before(decision.dispute, step)
    trial = Decision(replace(decision.dispute, deadlines=deepcopy(decision.dispute.deadlines), taken=[*decision.dispute.taken]))
    was = corrections.snapshot(trial.dispute)
    corrections.apply_inverse(trial, earlier, now, policy)
    if "facts" in step.facts and earlier.inverse:
        again = Step(word_of(decision.dispute, earlier), step.agency, earlier.happened, step.facts["facts"], policy, step.roster)
        refused = _refusal(trial.dispute, again, now)
        if refused is not None:
            _refuse(decision, step, refused, event, (trial.dispute, again))
            return
        was = corrections.snapshot(trial.dispute)  # what the right step changes can be taken back in its turn
        _take(trial, again, event, now, policy)
        said = [(word, data) for word, data in trial.said if word != "step.applied"]
        trial.dispute.taken.pop()
        trial.dispute.steps -= 1
        inverse = {**corrections.difference(was, trial.dispute), "word": again.word}
    else:
        said, inverse = trial.said, {}
    decision.dispute, decision.deadlines = trial.dispute, trial.deadlines
    decision.said.append((step.word, _fact(decision.dispute, step, event, before)))
    decision.said.append(("step.applied", {"event": event, "step": step.word, "state": decision.dispute.state}))
    decision.said += said
    _enter_into_history(decision, step, before, event, inverse, earlier.step)


# ── Time takes a step ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def time_passes(dispute: Dispute, deadline: Deadline, now: datetime, policy: DeadlinePolicy = USUAL_POLICY) -> Decision:
    """What it means that `now` has come: for the deadline, and where it has passed and the table says so for the dispute itself."""
    decision = tracking.time_passes(dispute, deadline, now, policy)
    word = TIME_SAYS.get(deadline.clock)
    if word is None or not any(said == "deadline.passed" for said, _ in decision.said) or word not in TRANSITIONS[dispute.state]:
        return decision
    facts = TIME_TELLS[word](dispute, deadline) if word in TIME_TELLS else {}
    if facts is None:
        return decision
    before, was, step = dispute.state, corrections.snapshot(dispute), Step(word, None, now if word in WHEN_NOTICED else deadline.due_at, facts, policy)
    EFFECTS[word](dispute, step)
    target = _target(dispute, step, TRANSITIONS[before][word])
    if target != NOTED:
        dispute.state, dispute.entered_at = target, step.happened
    course = {"before": before, "state": dispute.state, "next_actors": who(dispute, NEXT_ACTORS[dispute.state]), "happened_at": step.happened}
    decision.said.append((word, facts | course))
    tracking.follow(decision, step, target == NOTED, now, policy)
    _enter_into_history(decision, step, before, None, corrections.difference(was, dispute))
    return decision


ENDS_AS = {"registered": "mistaken", "screened": "not_suitable", "performing": "defaulted", "defaulted": "defaulted", "suspended": "not_settled"}
HAS_NO_FACT_OF_ITS_OWN = (REGISTERED, "dispute.reported")  # intake said it; mediation only says that it took effect
ENDS_BY = {"reports.joined": "merged"}  # how it ends, whatever the state in which it was
THE_BODY_IS_TOLD = ("reports.joined",)
TAKES_BACK = ("report.corrected", "report.withdrawn", "reports.unjoined")
WHEN_NOTICED = ("supervision.issued",)  # time urges when it looks, not before
