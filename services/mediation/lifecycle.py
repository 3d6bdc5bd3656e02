"""The life of a dispute. What changes a state or starts a clock is in this file and nowhere else. No clock, no database; `now` never comes in here.

Reading it: a dispute is in one state. An agency reports a step. If the row of that state names the step, and its guards agree, the dispute
goes where the row says; else the agency is told why not. Clocks start, are met and are extended by the same steps.
This is mediation outside court, from registration to closure. Confirmation, the court's track, pauses, redirection and the safeguard hold
are further rows of the same tables.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from contracts import AGENCIES, may_say
from services.mediation.clocks import Days, Length, WorkingDays, day_start, in_time


@dataclass(slots=True)
class Step:
    """What an agency says that it did: the word, who says so, when it happened, and the facts that belong to the word."""

    word: str
    agency: str
    happened: datetime
    facts: dict


Question = Callable[..., bool]  # (dispute, step) -> yes or no


@dataclass(frozen=True, slots=True)
class When:
    """A target that depends on the answer to a question, asked when the step has been taken into account."""

    question: Question
    then: str
    otherwise: str


@dataclass(frozen=True, slots=True)
class Clock:
    """A rule that sets a deadline. It starts when one of its steps leads into a state in which it runs, not when a step is only noted."""

    name: str
    started_by: tuple[str, ...]
    counted_from: Callable  # (dispute, happened) -> (instant, which one of several) or None when it does not run for this dispute
    length: Length
    runs_in: tuple[str, ...]
    met_by: dict[str, Question | None]  # the step, and what must be true of it
    owed_by: str
    kind: str  # only LAW may be called legally overdue
    article: str  # "after …": a rule for somebody else, borrowed; "none": the county's own
    ahead: timedelta  # how long before its end somebody is reminded
    extended_by: str | None = None


# ── Questions about a dispute (and, where it needs one, the step) ─────────────────────────────────────────────────────────────────


def may_report_it(dispute, step) -> bool:
    return may_say(step.agency, step.word)


def was_asked(dispute, step) -> bool:
    return step.agency == dispute.body


def mediates_it(dispute, step) -> bool:
    return step.agency == dispute.body or AGENCIES[step.agency].role == "C"


def looks_after_it(dispute, step) -> bool:
    return mediates_it(dispute, step) or AGENCIES[step.agency].role == "M"


def suitable(dispute, step) -> bool:
    return dispute.suitable is True


def free_of_conflict(dispute, step) -> bool:
    return not step.facts.get("conflict_of_interest") or bool(step.facts.get("agreed_after_disclosure"))


def everyone_consented(dispute, step) -> bool:
    return dispute.consents >= everyone(dispute)


def everyone_consents_to_more_time(dispute, step) -> bool:
    return everyone(dispute) <= set(step.facts["consents"])


def still_running_when_extended(dispute, step) -> bool:
    return all(in_time(step.happened, d.due_at) for d in dispute.deadlines.values() if BY_NAME[d.clock].extended_by == step.word)


def has_that_term(dispute, step) -> bool:
    return step.facts["term"] <= len(dispute.terms)


def not_yet_performed(dispute, step) -> bool:
    return dispute.terms[step.facts["term"] - 1].get("result") != "full"


def nothing_is_left_to_do(dispute, step) -> bool:
    if dispute.state == "screened":
        return not dispute.suitable
    return dispute.state != "performing" or next_term(dispute) is None


def everything_performed(dispute, step=None) -> bool:
    return bool(dispute.terms) and all(term.get("result") == "full" for term in dispute.terms)


def said_to_be_settled(dispute, step) -> bool:
    return step.facts["settled"]


def from_the_other_side(dispute, step) -> bool:
    return step.facts["party"].startswith("respondent")


def decides_the_next_term(dispute, step) -> bool:
    """A part of a payment decides nothing yet; a default does: the body has done its duty of finding out (人民调解法 31)."""
    return step.facts["term"] == next_term(dispute) and step.facts["result"] != "part"


def everyone(dispute) -> frozenset[str]:
    """The parties whose consent is needed: every one on record, and always the two sides."""
    return dispute.parties | TWO_SIDES


def next_term(dispute) -> int | None:
    """The number of the term that is due first among those still owed."""
    owed = [(term["due_on"], number) for number, term in enumerate(dispute.terms, 1) if term.get("result") not in FINAL]
    return min(owed)[1] if owed else None


TWO_SIDES = frozenset(("applicant", "respondent"))
FINAL = ("full", "default")


# ── What a clock counts from ──────────────────────────────────────────────────────────────────────────────────────────────────────


def when_it_happened(dispute, happened):
    return happened, ""


def due_day_of_the_next_term(dispute, happened):
    number = next_term(dispute)
    return None if number is None else (day_start(date.fromisoformat(dispute.terms[number - 1]["due_on"])), f"/{number}")


def when_nothing_more_is_owed(dispute, happened):
    return (happened, "") if next_term(dispute) is None else None


# ── The tables ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

NOTED = "noted"  # the step is legal and on record; the state stays, and no clock starts anew

# fmt: off
TRANSITIONS = {
    # while it is         and this happens            it becomes
    "detected":          { "dispute.registered":      "registered" },
    "registered":        { "dispute.screened":        "screened" },
    "screened":          { "dispute.screened":        NOTED,                  # a second look, by the women's federation perhaps
                           "dispute.routed":          "routed",
                           "dispute.archived":        "closed" },
    "routed":            { "dispute.routed":          "routed",               # no answer: sent to another body, which has its own time
                           "referral.accepted":       "accepted",
                           "referral.declined":       "referral_declined" },
    "referral_declined": { "dispute.routed":          "routed" },
    "accepted":          { "consent.given":           "consent_pending",
                           "consent.refused":         "terminated",
                           "mediator.agreed":         "consent_pending",
                           "mediator.appointed":      "consent_pending",
                           "mediation.terminated":    "terminated" },         # a party cannot even be reached
    "consent_pending":   { "consent.given":           NOTED,
                           "consent.refused":         "terminated",
                           "mediator.agreed":         NOTED,
                           "mediator.appointed":      NOTED,
                           "mediation.started":       "mediating",
                           "mediation.terminated":    "terminated" },
    "mediating":         { "session.held":            NOTED,
                           "consent.given":           NOTED,
                           "consent.refused":         "terminated",           # one clear refusal ends it, at any time
                           "mediator.agreed":         NOTED,
                           "mediator.appointed":      NOTED,
                           "mediation.extended":      NOTED,
                           "agreement.reached":       "agreed",
                           "mediation.terminated":    "terminated",
                           "mediation.suspended":     "suspended" },
    "agreed":            { "performance.recorded":    When(everything_performed, "resolved", "performing"),
                           "dispute.followed_up":     When(said_to_be_settled, "resolved", NOTED) },
    "performing":        { "performance.recorded":    When(everything_performed, "resolved", "performing"),
                           "dispute.followed_up":     When(said_to_be_settled, "resolved", NOTED),
                           "dispute.archived":        "closed" },             # every term decided, one of them not kept
    "terminated":        { "dispute.followed_up":     NOTED,
                           "dispute.archived":        "closed" },
    "suspended":         { "mediation.terminated":    "terminated",
                           "dispute.archived":        "closed" },
    "resolved":          { "performance.recorded":    NOTED,
                           "dispute.followed_up":     NOTED,
                           "dispute.archived":        "closed" },
    "closed":            {},
}
IN_EVERY_STATE = { "dispute.reported": NOTED }     # an agency tells again, under a new id, of a dispute that has its code
FIRST, ENDS = "detected", ("closed",)

GUARDS = {
    # this goes ahead        only if                              or else this reason, in Chinese and English, from contracts
    "dispute.routed":       ((suitable,                           "not_suitable_for_mediation"),),
    "referral.accepted":    ((was_asked,                          "not_the_body_asked"),
                             (free_of_conflict,                   "conflict_of_interest")),
    "referral.declined":    ((was_asked,                          "not_the_body_asked"),),
    "consent.given":        ((mediates_it,                        "not_the_mediating_body"),),
    "consent.refused":      ((mediates_it,                        "not_the_mediating_body"),),
    "mediator.agreed":      ((mediates_it,                        "not_the_mediating_body"),),
    "mediator.appointed":   ((mediates_it,                        "not_the_mediating_body"),),
    "mediation.started":    ((mediates_it,                        "not_the_mediating_body"),
                             (everyone_consented,                 "consent_missing")),
    "session.held":         ((mediates_it,                        "not_the_mediating_body"),),
    "mediation.extended":   ((mediates_it,                        "not_the_mediating_body"),
                             (everyone_consents_to_more_time,     "consent_missing_for_extension"),
                             (still_running_when_extended,        "extended_too_late")),
    "mediation.suspended":  ((mediates_it,                        "not_the_mediating_body"),),
    "mediation.terminated": ((mediates_it,                        "not_the_mediating_body"),),
    "agreement.reached":    ((mediates_it,                        "not_the_mediating_body"),),
    "performance.recorded": ((mediates_it,                        "not_the_mediating_body"),
                             (has_that_term,                      "unknown_term"),
                             (not_yet_performed,                  "already_decided")),
    "dispute.followed_up":  ((looks_after_it,                     "not_the_mediating_body"),),
    "dispute.archived":     ((looks_after_it,                     "not_the_mediating_body"),
                             (nothing_is_left_to_do,              "illegal_here")),
}
EVERY_STEP = (may_report_it, "not_yours_to_say")   # the authority table of contracts; asked after the row, before the guards above

WAITS_FOR = {                                      # whose turn it is
    "detected":          (),
    "registered":        ("centre",),
    "screened":          ("centre",),
    "routed":            ("body",),
    "referral_declined": ("centre",),
    "accepted":          ("body",),
    "consent_pending":   ("body",),
    "mediating":         ("body",),
    "agreed":            ("body",),
    "performing":        ("body",),
    "terminated":        ("body",),
    "suspended":         ("body",),                # reports what it suspects, then ends it
    "resolved":          ("body",),
    "closed":            (),
}

_ASKED, _MEDIATED = ("accepted", "consent_pending"), ("accepted", "consent_pending", "mediating")
_AGREED = ("agreed", "performing")

CLOCKS = (
    Clock("screening", ("dispute.registered",), when_it_happened, WorkingDays(1), ("registered",),
          {"dispute.screened": None},
          "centre", "POLICY", "none", ahead=timedelta(hours=12)),
    Clock("routing", ("dispute.screened", "referral.declined"), when_it_happened, WorkingDays(1), ("screened", "referral_declined"),
          {"dispute.routed": None, "dispute.archived": None},
          "centre", "POLICY", "none", ahead=timedelta(hours=12)),
    # LAW on the court's own platform; here it is borrowed. Silence is an answer too: the centre may send it to another.
    Clock("referral_answer", ("dispute.routed",), when_it_happened, WorkingDays(3), ("routed",),
          {"referral.accepted": None, "referral.declined": None},
          "body", "POLICY", "after 在线调解规则 12", ahead=timedelta(days=1)),
    Clock("online_ask_other_party", ("referral.accepted",), when_it_happened, WorkingDays(3), _ASKED,
          {"consent.given": from_the_other_side, "consent.refused": None, "mediation.started": None, "mediation.terminated": None},
          "body", "POLICY", "after 在线调解规则 15", ahead=timedelta(days=1)),
    # No statute limits mediation outside court. An extension lengthens the period itself: one count from its start, one move at its end.
    Clock("mediation_out_of_court_policy", ("referral.accepted",), when_it_happened, Days(30), _MEDIATED,
          {"agreement.reached": None, "mediation.terminated": None, "consent.refused": None, "mediation.suspended": None},
          "body", "POLICY", "after 特邀调解规定 27; after 在线调解规则 24", ahead=timedelta(days=5), extended_by="mediation.extended"),
    # One at a time: the term that is due first. The day is the parties' own; a rest day still moves it (民法典 203).
    Clock("performance", ("agreement.reached", "performance.recorded"), due_day_of_the_next_term, Days(0), _AGREED,
          {"performance.recorded": decides_the_next_term, "dispute.followed_up": said_to_be_settled, "dispute.archived": None},
          "body", "POLICY", "人民调解法 31", ahead=timedelta(days=3)),
    # An agreement that was performed on the spot has no terms: then the call-back is what is left.
    Clock("follow_up", ("performance.recorded", "agreement.reached"), when_nothing_more_is_owed, Days(30), ("agreed", "performing", "resolved"),
          {"dispute.followed_up": None, "dispute.archived": None},
          "body", "POLICY", "none", ahead=timedelta(days=3)),
)
# fmt: on

for _row in TRANSITIONS.values():
    if _row is not TRANSITIONS[FIRST]:
        _row |= IN_EVERY_STATE

BY_NAME = {clock.name: clock for clock in CLOCKS}


def targets(row: str | When) -> tuple[str, ...]:
    """Every place that a cell of the table may lead to; NOTED among them."""
    return (row.then, row.otherwise) if isinstance(row, When) else (row,)


def mermaid() -> str:
    """The table as a drawing."""
    lines = ["stateDiagram-v2", f"    [*] --> {FIRST}"]
    for state, row in TRANSITIONS.items():
        for step, cell in row.items():
            for target in targets(cell):
                if target != NOTED:
                    only = "" if not isinstance(cell, When) else f" ({'' if target == cell.then else 'not '}{cell.question.__name__})"
                    lines.append(f"    {state} --> {target}: {step}{only}")
    return "\n".join([*lines, *(f"    {end} --> [*]" for end in ENDS)])


if __name__ == "__main__":
    print(mermaid())
