"""What intake publishes."""

from functools import partial

from contracts import kinds, samples
from contracts.fields import Instant, ListOf, Number, Schema, agency_code, dispute_code, event_ref, grid_code, one_of, party_label, township_code, village_code
from contracts.rows import EventType
from contracts.step_facts import StepFacts
from contracts.steps import ORDINARY, ROWS
from contracts.steps.reporting import amount_cny, cause, channel, flags, kind, standings, wants
from contracts.steps.roster import RosterChanged

IntakeEvent = partial(EventType, stream="intake")


class DisputeRegistered(Schema):
    event = event_ref(required=True)
    agency = agency_code(required=True)
    channel = channel()
    township = township_code(required=True)
    village = village_code()
    grid = grid_code()
    kind = kind()
    cause = cause()
    amount_cny = amount_cny()
    wants = wants()
    standings = standings()
    flags = flags()
    party_labels = ListOf(party_label())  # how many there are of each role, never who: needed to know when everyone has consented
    happened_at = Instant(required=True)


class Moved(Schema):
    """Reports went from one code to another. Published about both disputes, with the same data."""

    event = event_ref(required=True)
    agency = agency_code(required=True)  # who reported it: whose report was joined, or the centre
    into = dispute_code(required=True)  # where the reports are now


class DisputeMerged(Moved):
    was = dispute_code()  # the code that ends; a report that was joined when it came in never had one
    found_by = one_of(kinds.FOUND_BY, required=True)
    reasons = ListOf(one_of(kinds.SAMENESS))
    days = Number(0, 366)  # between the two reports


class DisputeUnmerged(Moved):
    was = dispute_code(required=True)  # the dispute under which they were
    reported_by = agency_code(required=True)


class DuplicateProposed(Schema):
    """This dispute may be the same as another, older one. Both live on until the centre decides."""

    event = event_ref(required=True)
    agency = agency_code(required=True)
    other = dispute_code(required=True)
    reasons = ListOf(one_of(kinds.SAMENESS), required=True)
    days = Number(0, 366, required=True)


class StepReported(Schema):
    event = event_ref(required=True)
    agency = agency_code(required=True)
    step = one_of(ORDINARY, required=True)
    happened_at = Instant(required=True)
    facts = StepFacts(ORDINARY, required=True)


class RosterReported(RosterChanged):
    """What intake passes on, and what mediation publishes when it holds. The subject is the organisation's code."""

    event = event_ref(required=True)
    told_by = agency_code(required=True)
    happened_at = Instant(required=True)


DUPLICATE = {"event": samples.REPORT, "agency": samples.FEDERATION, "other": samples.OTHER_DISPUTE, **samples.ALIKE}
REGISTERED = {
    "event": samples.REPORT,
    "agency": samples.FEDERATION,
    "channel": "walk_in",
    "township": samples.TOWNSHIP,
    "village": samples.VILLAGE,
    "grid": samples.GRID,
    "kind": "family",
    "cause": "2",
    "amount_cny": "12000.00",
    "wants": "mediation",
    "party_labels": ["applicant", "respondent"],
    "happened_at": "2026-03-02T02:30:00+00:00",
}
ROSTER_CHANGE = {**ROWS["roster.changed"].example, "event": samples.ROSTER_CHANGE, "told_by": samples.BUREAU, "happened_at": "2026-02-27T02:00:00+00:00"}

EVENTS = (
    IntakeEvent("dispute.registered", DisputeRegistered, zh="纠纷登记赋码", en="a dispute was given its one code", example=REGISTERED),
    IntakeEvent(
        "dispute.merged",
        DisputeMerged,
        zh="并案",
        en="two reports were found to be one dispute",
        example={"event": samples.JOIN, "agency": samples.CENTRE, "into": samples.OTHER_DISPUTE, "was": samples.DISPUTE, "found_by": "centre"},
    ),
    IntakeEvent(
        "dispute.unmerged",
        DisputeUnmerged,
        zh="撤销并案",
        en="reports got a code of their own again",
        example={
            "event": samples.JOIN,
            "agency": samples.CENTRE,
            "into": samples.DISPUTE,
            "was": samples.OTHER_DISPUTE,
            "reported_by": samples.FEDERATION,
        },
    ),
    IntakeEvent("duplicate.proposed", DuplicateProposed, zh="疑似重复", en="two disputes may be one; the centre decides", example=DUPLICATE),
    IntakeEvent(
        "step.reported",
        StepReported,
        zh="机构上报步骤",
        en="an agency reported a step of a known dispute",
        example={
            "event": samples.ACCEPTANCE,
            "agency": samples.BODY,
            "step": "referral.accepted",
            "happened_at": "2026-03-04T03:00:00+00:00",
            "facts": ROWS["referral.accepted"].example,
        },
    ),
    IntakeEvent("roster.reported", RosterReported, zh="机构上报名册变更", en="an agency reported a change of a roster", example=ROSTER_CHANGE),
)
