"""What each event means for a dispute: facts in, decisions out, by the tables of lifecycle. No database, no broker; `now` is an argument."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from contracts import REASONS
from services.mediation import timing
from services.mediation.clocks import SHANGHAI
from services.mediation.deadlines import what_it_extends
from services.mediation.dispute import FIRST, Decision, Dispute, Transition
from services.mediation.lifecycle import EVERY_STEP, GUARDS, NOTED, TRANSITIONS, WAITS_FOR, When
from services.mediation.questions import Step, everything_performed
from services.mediation.timing import COUNTING, Counting

# How wrong an agency's clock may be.
TOLERANCE = timedelta(minutes=5)

REGISTERED, REPORTED = "dispute.registered", "step.reported"


def decide(dispute: Dispute | None, event, now: datetime, counting: Counting = COUNTING, roster=None) -> Decision:
    """What `event` (type, subject, data) means for `dispute`, which is None before it is registered. `roster` is who can be asked.

    A legal step changes the dispute in place; a refused one leaves it as it was. An event that has no rule here decides nothing.
    """
    if event.type not in (REGISTERED, REPORTED):
        return Decision(dispute)
    # Where the registration was discarded every later step finds the dispute as it was before: detected, and nothing else is possible there.
    decision, step = Decision(dispute or Dispute(event.subject)), _step_of(event, roster)
    refused = _refusal(decision.dispute, step, now)
    if refused is not None:
        _refuse(decision, step, refused, event.data["event"])
    else:
        _take(decision, step, event.data["event"], now, counting)
    return decision


def discard(dispute: Dispute | None, event) -> Decision:
    """What it means that a person discarded `event`: the dispute stays as it is, and the agency is told."""
    decision = Decision(dispute)
    if event.type in (REGISTERED, REPORTED):
        decision.dispute = dispute or Dispute(event.subject)
        _refuse(decision, _step_of(event), "discarded_by_operator", event.data["event"])
    return decision


def _step_of(event, roster=None) -> Step:
    data = event.data
    if event.type == REGISTERED:
        return Step(REGISTERED, data["agency"], _instant(data["happened_at"]), data, roster)
    return Step(data["step"], data["agency"], _instant(data["happened_at"]), data["facts"], roster)


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
        ended = min(d.due_at for d in what_it_extends(dispute, step.word))
        sentence["on"] = ended.astimezone(SHANGHAI).date()
    decision.refused = reason
    decision.said.append(("step.refused", {"event": event, "step": word, "state": dispute.state, "reason": REASONS[reason].text(**sentence)}))


def _take(decision: Decision, step: Step, event: dict, now: datetime, counting: Counting) -> None:
    dispute, before, word = decision.dispute, decision.dispute.state, step.word
    met = timing.meet(dispute, step)  # asked first: what a step meets depends on how things stood until then
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
                            "waits_for": timing.who(dispute, WAITS_FOR[dispute.state]), "happened_at": step.happened}))  # fmt: skip
    said.append(("step.applied", {"event": event, "step": _as_reported(word), "state": dispute.state}))
    timing.say_met(decision, met)
    timing.follow(decision, step, target == NOTED, now, counting)
    if dispute.state == "closed" != before:
        dispute.outcome = outcome
        said.append(("dispute.closed", {"state": "closed", "outcome": outcome}))


def _as_reported(word: str) -> str:
    """The registration answers the report that it came from: that is the word the agency knows."""
    return "dispute.reported" if word == REGISTERED else word


def _outcome(dispute: Dispute) -> str:
    """How the dispute would end if it were closed now."""
    if dispute.state == "resolved":
        return "performed" if everything_performed(dispute) else "settled"
    return ENDS_AS.get(dispute.state) or dispute.outcome or "not_settled"


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
