"""Events that the intake service publishes, except those of the safeguard lane (sealed.py)."""

from functools import partial

from contracts import kinds, samples
from contracts.definitions import EventType
from contracts.fields import (
    Boolean,
    Instant,
    ListOf,
    Nested,
    Number,
    Schema,
    agency_code_field,
    choice_field,
    dispute_code_field,
    event_ref_field,
    grid_code_field,
    party_label_field,
    township_code_field,
    village_code_field,
)
from contracts.step_facts import StepFacts
from contracts.steps import ORDINARY_STEPS, STEPS_BY_TYPE
from contracts.steps.reporting import amount_cny_field, cause_field, channel_field, flags_field, kind_field, standings_field, wants_field
from contracts.steps.roster import RosterChanged

IntakeEvent = partial(EventType, stream="intake")


class DisputeRegistered(Schema):
    event = event_ref_field(required=True)
    agency = agency_code_field(required=True)
    channel = channel_field()
    township = township_code_field(required=True)
    village = village_code_field()
    grid = grid_code_field()
    kind = kind_field()
    cause = cause_field()
    amount_cny = amount_cny_field()
    wants = wants_field()
    standings = standings_field()
    flags = flags_field()
    party_labels = ListOf(party_label_field())  # one label per party, with which the mediation service checks that every party has consented
    happened_at = Instant(required=True)


class ReportsMoved(Schema):
    """Data of the events about reports that moved from one dispute code to another. The event is published about both disputes, with the same data."""

    event = event_ref_field(required=True)
    agency = agency_code_field(required=True)  # the agency whose report was joined to the dispute, or the mediation centre
    into = dispute_code_field(required=True)  # code of the dispute to which the reports now belong


class DisputeMerged(ReportsMoved):
    was = dispute_code_field()  # code of the dispute that ends; absent if the report was joined on arrival, before its dispute got a code
    found_by = choice_field(kinds.FOUND_BY, required=True)
    reasons = ListOf(choice_field(kinds.DUPLICATE_REASONS))
    days = Number(0, 366)  # number of days between the two reports


class DisputeUnmerged(ReportsMoved):
    was = dispute_code_field(required=True)  # code of the dispute to which the reports belonged before
    reported_by = agency_code_field(required=True)


class DuplicateProposed(Schema):
    """Data of duplicate.proposed: the dispute may be identical with an older dispute. Both remain open until the mediation centre decides."""

    event = event_ref_field(required=True)
    agency = agency_code_field(required=True)
    other = dispute_code_field(required=True)
    reasons = ListOf(choice_field(kinds.DUPLICATE_REASONS), required=True)
    days = Number(0, 366, required=True)


class StepReported(Schema):
    event = event_ref_field(required=True)
    agency = agency_code_field(required=True)
    step = choice_field(ORDINARY_STEPS, required=True)
    happened_at = Instant(required=True)
    facts = StepFacts(ORDINARY_STEPS, required=True)


class RosterReported(RosterChanged):
    """A change of a roster. Intake publishes it when it is reported, mediation when it takes effect. The event's subject is the organisation's code."""

    event = event_ref_field(required=True)
    told_by = agency_code_field(required=True)
    happened_at = Instant(required=True)


class Watermark(Schema):
    agency = agency_code_field(required=True)
    up_to = Instant(required=True)  # the newest time about which the agency has reported
    stated = Boolean()  # True: the agency stated with agency.alive that it has reported everything up to this time; left out if it follows from an event


class WatermarksAdvanced(Schema):
    """Data of watermarks.advanced: agencies have reported up to these times. The subject is `partition-<n>`.

    All events about disputes of that partition which the agencies reported before were published before this event.
    """

    agencies = ListOf(Nested(Watermark), required=True)


DUPLICATE_EXAMPLE = {"event": samples.REPORT_REF, "agency": samples.WOMENS_FEDERATION, "other": samples.OTHER_DISPUTE, **samples.DUPLICATE_EVIDENCE}
REGISTERED_EXAMPLE = {
    "event": samples.REPORT_REF,
    "agency": samples.WOMENS_FEDERATION,
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
ROSTER_CHANGE_EXAMPLE = {
    **STEPS_BY_TYPE["roster.changed"].example,
    "event": samples.ROSTER_CHANGE_REF,
    "told_by": samples.JUDICIAL_BUREAU,
    "happened_at": "2026-02-27T02:00:00+00:00",
}

EVENTS = (
    IntakeEvent("dispute.registered", DisputeRegistered, zh="纠纷登记赋码", en="a dispute was registered and got its code", example=REGISTERED_EXAMPLE),
    IntakeEvent(
        "dispute.merged",
        DisputeMerged,
        zh="并案",
        en="reports were joined to another dispute",
        example={"event": samples.JOIN_REF, "agency": samples.MEDIATION_CENTRE, "into": samples.OTHER_DISPUTE, "was": samples.DISPUTE, "found_by": "centre"},
    ),
    IntakeEvent(
        "dispute.unmerged",
        DisputeUnmerged,
        zh="撤销并案",
        en="a join was undone: reports belong to their earlier dispute code again",
        example={
            "event": samples.JOIN_REF,
            "agency": samples.MEDIATION_CENTRE,
            "into": samples.DISPUTE,
            "was": samples.OTHER_DISPUTE,
            "reported_by": samples.WOMENS_FEDERATION,
        },
    ),
    IntakeEvent(
        "duplicate.proposed", DuplicateProposed, zh="疑似重复", en="two disputes may be identical; the mediation centre decides", example=DUPLICATE_EXAMPLE
    ),
    IntakeEvent(
        "step.reported",
        StepReported,
        zh="机构上报步骤",
        en="an agency reported a step of a registered dispute",
        example={
            "event": samples.ACCEPTANCE_REF,
            "agency": samples.MEDIATION_BODY,
            "step": "referral.accepted",
            "happened_at": "2026-03-04T03:00:00+00:00",
            "facts": STEPS_BY_TYPE["referral.accepted"].example,
        },
    ),
    IntakeEvent("roster.reported", RosterReported, zh="机构上报名册变更", en="an agency reported a change of a roster", example=ROSTER_CHANGE_EXAMPLE),
    IntakeEvent(
        "watermarks.advanced",
        WatermarksAdvanced,
        zh="各机构已报至时间",
        en="agencies have reported up to these times",
        example={"agencies": [{"agency": samples.MEDIATION_BODY, "up_to": "2026-03-04T03:00:00+00:00", "stated": True}]},
    ),
)
