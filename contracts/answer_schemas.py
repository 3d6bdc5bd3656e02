"""What the hub answers an agency: receipts for what it said, notices of what it must act on."""

from marshmallow import ValidationError

from contracts import kinds
from contracts.clocks import ARTICLE, CLOCKS
from contracts.domain_schemas import Candidate, Excluded, ReasonGiven
from contracts.fields import (
    EVENT_ID,
    SOURCE,
    Instant,
    ListOf,
    Nested,
    Number,
    Schema,
    agency_code,
    dispute_code,
    event_ref,
    formed,
    mediator_id,
    one_of,
    organisation_code,
    sha256_hex,
    township_code,
)
from contracts.states import STATES


class LogEntry(Schema):
    seq = Number(1, 2**63 - 1, required=True)
    sha256 = sha256_hex(required=True)


class AboutOne(Schema):
    """About a dispute, or about an organisation on the roster."""

    dispute = dispute_code()
    organisation = organisation_code()

    def validate_fields(self, data):
        if ("dispute" in data) == ("organisation" in data):
            raise ValidationError("required", "dispute")


class ReceiptAccepted(AboutOne):
    event = event_ref(required=True)
    log = Nested(LogEntry, required=True)


class UncertainEventRef(Schema):
    """Of an envelope that cannot be read, the source or the id may not be known."""

    source = formed(SOURCE, required=True, allow_none=True)
    id = formed(EVENT_ID, required=True, allow_none=True)


class ReasonAtTheDoor(ReasonGiven):
    field = formed(r"^[a-z][a-z0-9_]*(?:[.\[\]0-9a-z_]*)$")


class ReceiptRefused(Schema):
    event = Nested(UncertainEventRef, required=True)
    reason = Nested(ReasonAtTheDoor, required=True)


class ReceiptApplied(AboutOne):
    event = event_ref(required=True)
    state = one_of(STATES)  # of the dispute


class ReceiptRejected(AboutOne):
    event = event_ref(required=True)
    state = one_of(STATES)  # of the dispute; unknown while the event is set aside
    reason = Nested(ReasonGiven, required=True)


class ReceiptMoved(Schema):
    """A third receipt of a report, when its dispute was joined to another or taken out again: which code holds from now on."""

    event = event_ref(required=True)
    dispute = dispute_code(required=True)
    was = dispute_code(required=True)


class Notice(Schema):
    dispute = dispute_code(required=True)
    clock = one_of(CLOCKS)
    kind = one_of(kinds.CLOCK_KINDS)
    article = formed(ARTICLE)
    started_at = Instant()
    due_at = Instant()


class NoticeReferral(Notice):
    referred_by = agency_code()
    reason = one_of(kinds.ROUTE_REASONS)
    dispute_kind = one_of(kinds.KINDS)
    township = township_code()


class NoticeProposal(Notice):
    candidates = ListOf(Nested(Candidate), high=10, required=True)
    excluded = ListOf(Nested(Excluded), high=50, required=True)


class NoticeWhistle(Notice):
    called_for = one_of(kinds.WHISTLE_REASONS, required=True)
    led_by = agency_code()


class NoticeSupervision(Notice):
    urged_for = one_of(kinds.SUPERVISION_REASONS, required=True)
    urged_by = agency_code()  # none: time did


class NoticeOfMediators(Schema):
    dispute = dispute_code(required=True)
    mediators = ListOf(mediator_id(), low=1, high=10, required=True)


class NoticeOfInquiry(Schema):
    """Neutral on purpose: that somebody asks for a look, not what is suspected. What it is the body tells in person."""

    dispute = dispute_code(required=True)
    asked_by = agency_code(required=True)


class NoticeEscalated(Notice):
    level = one_of(kinds.LEVELS, required=True)
    escalated_for = one_of(kinds.ESCALATION_REASONS)


class NoticeDuplicate(Schema):
    dispute = dispute_code(required=True)
    other = dispute_code(required=True)
    reasons = ListOf(one_of(kinds.SAMENESS), required=True)
    days = Number(0, 366, required=True)


class NoticeJoined(Schema):
    dispute = dispute_code(required=True)  # which ended
    into = dispute_code(required=True)  # under which its body works on
