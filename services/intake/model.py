"""Data classes of intake's events, reports and disputes, with values derived from them. No rules, no SQL."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from plumbing.events import Event

OPEN, SETTLED, ENDED = "open", "settled", "ended"  # phases of a dispute, as far as joining distinguishes them
UNASSIGNED_SEQ = 0  # placeholder for a log number, which is assigned when the batch is saved


@dataclass(slots=True)
class LaneRecord:
    """The record that a dispute is in the safeguard lane."""

    reported_in_lane: bool = False  # reported directly into the lane: for agencies outside it the code does not exist
    holds: set[str] = field(default_factory=set)  # `hold`, `stay`
    reporting_agencies: set[str] = field(default_factory=set)  # agencies that may see the code because they reported the dispute


@dataclass(slots=True, eq=False)
class Dispute:
    """A dispute as intake stores it. `code` is None until the batch that registers the dispute is saved.

    `merged_into` changes only when mediation has applied a join or an unjoin. Until mediation has decided, the request is pending.
    """

    code: str | None
    registering_event: Event | None = None
    phase: str = OPEN
    merged_into: "Dispute | None" = None
    lane_record: LaneRecord | None = None  # None: the dispute is not in the safeguard lane
    separated_report: "StoredReport | None" = None  # the report, separated from another dispute, for which this dispute is newly registered
    pending_request_seq: int | None = None  # log number of the last join or unjoin that mediation has not decided
    pending_into: "Dispute | None" = None  # the value of `merged_into` if mediation applies that request

    @property
    def root(self) -> "Dispute":
        """The dispute at the end of the `merged_into` chain. Events about a joined dispute are published about its root."""
        dispute = self
        while dispute.merged_into is not None:
            dispute = dispute.merged_into
        return dispute

    @property
    def first_pending_dispute(self) -> "Dispute | None":
        """The first dispute with a pending request, from this one to its root. Ordinary steps wait there for mediation's decision."""
        dispute = self
        while dispute is not None and dispute.pending_request_seq is None:
            dispute = dispute.merged_into
        return dispute

    @property
    def will_be_merged_into(self) -> "Dispute | None":
        """The value of `merged_into` if mediation applies all pending requests."""
        return self.merged_into if self.pending_request_seq is None else self.pending_into

    @property
    def future_root(self) -> "Dispute":
        """The root if mediation applies all pending requests. Joins and unjoins are checked against it, so that their order of arrival decides."""
        dispute = self
        while (into := dispute.will_be_merged_into) is not None:
            dispute = into
        return dispute


@dataclass(slots=True, eq=False)
class StoredReport:
    """A report that intake has stored, with its dispute and its facts without personal data."""

    agency: str
    report_no: str
    seq: int
    event_id: str
    registers_dispute: bool  # the dispute received its code for this report
    facts: dict  # facts of dispute.registered, as JSON values
    dispute: Dispute


@dataclass(slots=True)
class ExtraEvent:
    """A domain event published in addition to the one that passes the step on."""

    type: str
    dispute: Dispute
    facts: dict
    code_fields: dict[str, Dispute] = field(default_factory=dict)  # by data field, the dispute whose code it gets when codes are assigned

    def data(self) -> dict:
        """Return the event's data, including the assigned codes."""
        return self.facts | {name: dispute.code for name, dispute in self.code_fields.items()}


@dataclass(frozen=True, slots=True)
class PartyTokens:
    """The keyed tokens of one party, by which parties of two reports are compared. None: the value is missing or identifies nobody."""

    side: str  # `applicant` or `respondent`
    number: bytes | None = None
    mobile: bytes | None = None
    village: bytes | None = None
    name: bytes | None = None
    has_valid_check_digit: bool = False  # of the identity number: two different valid numbers are two different parties
    is_organisation: bool = False


@dataclass(slots=True)
class ComparableReport:
    """The fields of a report that are compared to find duplicates, with tokens in place of the parties' identities."""

    agency: str
    reported_at: datetime
    township: str
    kind: str
    parties: list[PartyTokens]
    village: str | None = None
    cause: str | None = None
    amount_cny: Decimal | None = None
    dispute: Dispute = field(default_factory=lambda: Dispute(None))  # the dispute to which the report was assigned

    def parties_on(self, side: str) -> list[PartyTokens]:
        return [party for party in self.parties if party.side == side]


@dataclass(slots=True)
class LogEntry:
    """An entry in the log of agencies' events."""

    seq: int
    content_hash: str
    is_accepted: bool


@dataclass(slots=True)
class CheckedEvent:
    """An event with the result of the checks that need no stored data."""

    event: Event
    sha256: str  # of the exact bytes
    content_hash: str  # hash of type, subject and data: equal for every encoding of the same event
    data: dict | None = None
    parties: list[dict] = field(default_factory=list)  # decrypted; they never leave intake's own tables
    refusal: dict | None = None  # the reason for a refusal that does not depend on stored data
    comparable_report: ComparableReport | None = None  # None: the event is not compared with other reports

    @property
    def agency(self) -> str:
        return agency_of(self.event.source)


@dataclass(slots=True)
class JoinRequest:
    """A join or an unjoin that is submitted to mediation for decision."""

    dispute: Dispute  # the dispute whose `merged_into` is to change
    into: Dispute | None  # the dispute to merge it into; None for an unjoin
    agency: str
    event_id: str
    happened_at: datetime
    seq: int = UNASSIGNED_SEQ
    reported_by: str | None = None  # for an unjoin: the agency whose reports are to be separated


@dataclass(slots=True, eq=False)
class WaitingStep:
    """A step about a dispute with a pending join request. It is passed on when mediation has decided the request."""

    code: str  # of the dispute with the pending request
    seq: int
    published_about: str | None  # code under which the sealed stream published the step at once; None: not yet published
    stream: str | None
    type: str
    data: dict  # as JSON values
    happened_at: datetime
    event_id: str
    traceparent: str | None
    id: int | None = None


@dataclass(slots=True)
class Decision:
    """The result of deciding one event: refused (`refusal`), a duplicate (`duplicate_of`), or accepted (`dispute` or `organisation`)."""

    event: Event
    sha256: str
    content_hash: str
    data: dict | None = None
    parties: list[dict] = field(default_factory=list)
    dispute: Dispute | None = None
    organisation: str | None = None  # for an event about a roster, which concerns no dispute
    refusal: dict | None = None
    duplicate_of: LogEntry | None = None
    log_entry: LogEntry | None = None
    stores_body: bool = True  # whether the log keeps the event's bytes
    uses_sealed_stream: bool = False
    enters_lane: bool = False  # the event puts its dispute into the safeguard lane
    is_new_report: bool = False  # a report under a report number that its agency has not used before
    comparable_report: ComparableReport | None = None
    registration: dict | None = None  # for a new report: its facts without personal data, as JSON values
    pending_dispute: Dispute | None = None  # the dispute for whose pending join request the ordinary step has to wait
    join_request: JoinRequest | None = None
    extra_events: list[ExtraEvent] = field(default_factory=list)
    moved_reports: list[tuple[StoredReport, Dispute, Dispute]] = field(default_factory=list)  # (report, previous dispute, new dispute)
    separated_reports: list[StoredReport] = field(default_factory=list)  # reports for which a new dispute is registered

    @property
    def seq(self) -> int:
        """The log number of the event, or of the event that it duplicates."""
        return (self.duplicate_of or self.log_entry).seq

    @property
    def agency(self) -> str:
        return agency_of(self.event.source)

    @property
    def is_accepted(self) -> bool:
        """Whether the event is passed on to mediation: it is neither refused nor a duplicate."""
        return self.refusal is None and self.duplicate_of is None

    @property
    def is_refused(self) -> bool:
        """Whether the agency's answer is a refusal. A duplicate has the answer of the event that it duplicates."""
        return self.refusal is not None if self.duplicate_of is None else not self.duplicate_of.is_accepted

    @property
    def subject(self) -> str:
        """The subject of the domain event for an accepted event: the code of the dispute or of the organisation."""
        return self.organisation or self.dispute.code

    @property
    def registers_dispute(self) -> bool:
        return self.dispute is not None and self.dispute.registering_event is self.event


@dataclass(slots=True)
class BatchContext:
    """The stored data that decisions about a batch need. Deciding an event adds the dispute that it registers."""

    log_head: tuple[int, bytes] = (0, bytes(32))  # number and hash of the last log entry
    log_entries: dict[tuple[str, str], list[LogEntry]] = field(default_factory=dict)  # by event source and event id
    disputes_by_report: dict[tuple[str, str], Dispute] = field(default_factory=dict)  # by agency and report number
    disputes: dict[str, Dispute] = field(default_factory=dict)  # by code
    stored_reports: list[StoredReport] = field(default_factory=list)  # reports of the disputes that an unjoin concerns
    reports_by_token: dict[tuple[str, bytes], list[ComparableReport]] = field(default_factory=dict)  # earlier reports, by (token kind, token)


def agency_of(source: str) -> str:
    """Return the agency's code from the `source` of its events."""
    return source.rpartition("/")[2]


def agency_source(agency: str) -> str:
    """Return the `source` of an agency's events."""
    return f"/agencies/{agency}"
