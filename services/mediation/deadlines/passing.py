"""Decides whether a deadline may be announced as passed: whether the agencies that could have met it have reported up to its end. Pure computation.

The system clock alone proves nothing about a step that may still be on its way. A deadline passes when each awaited agency has been heard beyond its end,
or when the grace period of the county has ended. Until then it is due, and nobody is called late.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts import may_report
from services.mediation.deadlines.clocks import CLOCK_BY_NAME
from services.mediation.dispute.agencies import CENTRE
from services.mediation.dispute.model import Deadline, Dispute
from services.mediation.law.policy import DeadlinePolicy

# An agency that reported an event of a time is assumed to have sent everything that happened earlier than this before it: two of its clerks, or two of its
# systems, may send in another order than things happened.
MARGIN = timedelta(minutes=5)
STEPS_OF_THE_BODY = ("referral.accepted", "referral.declined")  # only the body to which the dispute was referred may take these steps


@dataclass(frozen=True, slots=True)
class Watermark:
    """How far an agency has reported: the newest time of an event, and the time that it stated itself with agency.alive, with when it was heard."""

    up_to: datetime | None = None
    stated_up_to: datetime | None = None
    stated_at: datetime | None = None


Watermarks = Mapping[str, Watermark]


def awaited_agencies(dispute: Dispute, deadline: Deadline) -> tuple[str, ...]:
    """Return the agencies that could have met the deadline: those responsible, and those with a part in the dispute that may report a step that meets it."""
    steps = [step for step in CLOCK_BY_NAME[deadline.clock].met_by if step not in STEPS_OF_THE_BODY]
    involved = (dispute.body or dispute.reporter, dispute.sent_by, dispute.court, *dispute.joint, CENTRE)
    able = {agency for agency in involved if agency and any(may_report(agency, step) for step in steps)}
    return tuple(sorted({*deadline.owed_by, *able}))


def may_pass(deadline: Deadline, latest: datetime, now: datetime, policy: DeadlinePolicy, watermarks: Watermarks) -> bool:
    """Return whether a deadline whose end is past may be announced as passed. `latest`: its latest possible end (tracking.latest_possible_end)."""
    if now >= grace_ends_at(deadline, latest, policy):
        return True
    return all(_is_heard(deadline, latest, watermarks.get(agency), now, policy) for agency in deadline.awaits)


def grace_ends_at(deadline: Deadline, latest: datetime, policy: DeadlinePolicy) -> datetime:
    """Return the time from which silence of the awaited agencies no longer prevents that the deadline passes.

    The time is counted from the end of the deadline, or from its setting if a step was reported only later.
    """
    return policy.end_of_grace(max(latest, deadline.set_at))


def has_reported_beyond(watermark: Watermark | None, instant: datetime) -> bool:
    """Return whether the agency has stated that it reported everything up to this time, or has reported something clearly later."""
    if watermark is None:
        return False
    is_stated = watermark.stated_up_to is not None and watermark.stated_up_to >= instant
    return is_stated or (watermark.up_to is not None and watermark.up_to > instant + MARGIN)


def _is_heard(deadline: Deadline, latest: datetime, watermark: Watermark | None, now: datetime, policy: DeadlinePolicy) -> bool:
    """Return whether the agency has reported everything up to the end of the deadline.

    What the agency stated itself counts at once. What follows from the time of its newest event counts only some time after the deadline was set: a
    bulk import sends the steps of one dispute after those of another.
    """
    if watermark is None:
        return False
    if watermark.stated_up_to is not None and watermark.stated_up_to >= latest and watermark.stated_at >= deadline.set_at:
        return True
    return watermark.up_to is not None and watermark.up_to > latest + MARGIN and now >= deadline.set_at + policy.patience
