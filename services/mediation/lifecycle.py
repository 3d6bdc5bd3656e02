"""The life of a dispute. What changes a state is in this file and nowhere else. No clock, no database; `now` never comes in here.

Reading it: a dispute is in one state. An agency reports a step. If the row of that state names the step, and its guards agree, the dispute
goes where the row says; else the agency is told why not. Clocks start, are met and are extended by the same steps: deadlines.py.
This is mediation outside court, from registration to closure. Confirmation, the court's track, pauses, redirection and the safeguard hold
are further rows of the same tables.
"""

from dataclasses import dataclass

from services.mediation.deadlines import still_running_when_extended
from services.mediation.dispute import FIRST
from services.mediation.questions import (
    Question,
    everyone_consented,
    everyone_consents_to_more_time,
    everything_performed,
    free_of_conflict,
    has_that_term,
    is_on_the_roster,
    looks_after_it,
    may_report_it,
    mediates_it,
    not_yet_performed,
    nothing_is_left_to_do,
    said_to_be_settled,
    suitable,
    was_asked,
)


@dataclass(frozen=True, slots=True)
class When:
    """A target that depends on the answer to a question, asked when the step has been taken into account."""

    question: Question
    then: str
    otherwise: str


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
ENDS = ("closed",)

GUARDS = {
    # this goes ahead        only if                              or else this reason, in Chinese and English, from contracts
    "dispute.routed":       ((suitable,                           "not_suitable_for_mediation"),),
    "referral.accepted":    ((was_asked,                          "not_the_body_asked"),
                             (is_on_the_roster,                   "unknown_mediator"),
                             (free_of_conflict,                   "conflict_of_interest")),
    "referral.declined":    ((was_asked,                          "not_the_body_asked"),),
    "consent.given":        ((mediates_it,                        "not_the_mediating_body"),),
    "consent.refused":      ((mediates_it,                        "not_the_mediating_body"),),
    "mediator.agreed":      ((mediates_it,                        "not_the_mediating_body"),
                             (is_on_the_roster,                   "unknown_mediator")),
    "mediator.appointed":   ((mediates_it,                        "not_the_mediating_body"),
                             (is_on_the_roster,                   "unknown_mediator")),
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

# fmt: on

for _row in TRANSITIONS.values():
    if _row is not TRANSITIONS[FIRST]:
        _row |= IN_EVERY_STATE


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
