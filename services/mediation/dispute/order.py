"""Order of the times of steps: which steps must not be dated before what they answer, and which may be reported late. Pure computation.

Agencies that record days only report midnight, so times are compared by day (Asia/Shanghai).
"""

from services.mediation.law.dates import day_of

# fmt: off
# Steps that answer the present state of a dispute: dated before the day on which the dispute entered it, they contradict the history and are refused.
STEPS_ANSWERING_THE_STATE = frozenset((
    "dispute.screened", "dispute.routed", "case.entrusted", "referral.accepted", "referral.declined", "mediation.started", "clock.paused", "clock.resumed",
    "mediation.suspended", "mediation.resumed", "mediation.extended", "mediation.terminated", "consent.refused", "agreement.reached",
    "confirmation.applied", "confirmation.accepted", "confirmation.extended", "confirmation.granted", "confirmation.refused", "confirmation.withdrawn",
    "confirmation.objected", "level.escalated", "call.answered", "supervision.answered", "dispute.redirected", "dispute.archived", "dispute.reopened",
    "reports.joined",
))
# Every other step may have happened before the dispute entered its present state, or before it was reported at all, and is accepted and marked as a late
# report: a court may have filed the case before, a party may have consented, performed or petitioned before, and the agency reports it only now.
# fmt: on


def answers_what_had_happened(dispute, step) -> bool:
    """Return whether the step is dated plausibly: not before the day on which the dispute entered the state that the step answers."""
    return step.step_type not in STEPS_ANSWERING_THE_STATE or not is_reported_late(dispute, step)


def is_reported_late(dispute, step) -> bool:
    """Return whether the step is dated before the day on which the dispute entered its present state."""
    return dispute.entered_at is not None and day_of(step.happened_at) < day_of(dispute.entered_at)
