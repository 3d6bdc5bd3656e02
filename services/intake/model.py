"""Data classes of intake: events, dispute reports and disputes, with values derived from their fields. No rules, no SQL."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from plumbing.events import Event

OPEN, SETTLED, ENDED = "open", "settled", "ended"  # phases of a dispute; reports of ended disputes are not joined
UNASSIGNED_SEQ = 0  # placeholder for a log number that is assigned only when the batch is saved


@dataclass(slots=True)
class SafeguardLaneRecord:
    """The state of a dispute in the safeguard lane (events that only police, courts and women's federation see)."""

    reported_in_lane: bool = False  # reported directly into the safeguard lane: other agencies cannot see the code
    holds: set[str] = field(default_factory=set)  # the open restrictions: `hold`, `stay`, both, or none
    reporting_agencies: set[str] = field(default_factory=set)  # agencies that may see the code because they reported the dispute


@dataclass(slots=True, eq=False)
class Dispute:
    """A dispute with the data that intake stores. `code` is None until the batch that registers the dispute is saved.

    `merged_into` changes only when the mediation service has applied a join or the undoing of a join. Until then the request is pending.
    """

    code: str | None
    registering_event: Event | None = None
    phase: str = OPEN
    settled_at: datetime | None = None  # since when the phase is SETTLED, or was SETTLED before it became ENDED; a time of events
    ended_at: datetime | None = None  # since when the phase is ENDED
    merged_into: "Dispute | None" = None  # the dispute for which this code is an alias; None: the dispute is not joined to another
    safeguard_lane_record: SafeguardLaneRecord | None = None  # None: the dispute is not in the safeguard lane
    separated_report: "StoredReport | None" = None  # the report for which this dispute was registered when its join was undone
    pending_request_seq: int | None = None  # log number of the last join request that the mediation service has not decided; None: no request is pending
    pending_into: "Dispute | None" = None  # the new value of `merged_into` if the pending request is applied

    def phase_at(self, time: datetime) -> str:
        """Return the phase at a time. A report that arrives late is compared with the dispute as it was when the report was made."""
        if self.phase == ENDED and (self.ended_at is None or self.ended_at <= time):
            return ENDED
        if self.phase == SETTLED and self.settled_at is None:
            return SETTLED
        return SETTLED if self.phase != OPEN and self.settled_at is not None and self.settled_at <= time else OPEN

    @property
    def registered_at(self) -> datetime:
        """When the report was made for which the batch registers this dispute. Its year is part of the dispute's code."""
        return self.registering_event.time if self.separated_report is None else self.separated_report.reported_at

    @property
    def root(self) -> "Dispute":
        """The dispute at the end of the `merged_into` chain. Events about a joined dispute are published under the root's code."""
        dispute = self
        while dispute.merged_into is not None:
            dispute = dispute.merged_into
        return dispute

    @property
    def first_pending_dispute(self) -> "Dispute | None":
        """The first dispute with a pending request on the `merged_into` chain, or None. Ordinary steps wait until that request is decided."""
        dispute = self
        while dispute is not None and dispute.pending_request_seq is None:
            dispute = dispute.merged_into
        return dispute

    @property
    def pending_join_target(self) -> "Dispute | None":
        """The dispute into which this one is joined if all pending join requests are applied; None if it then is separate."""
        return self.merged_into if self.pending_request_seq is None else self.pending_into

    @property
    def root_after_pending_requests(self) -> "Dispute":
        """The dispute into which this one is finally joined if all pending join requests are applied.

        New join requests are checked against it, so that of two conflicting requests the earlier one is valid.
        """
        dispute = self
        while (into := dispute.pending_join_target) is not None:
            dispute = into
        return dispute


@dataclass(slots=True, eq=False)
class StoredReport:
    """A stored dispute report, with its dispute and its data without personal data."""

    agency: str
    report_no: str
    seq: int
    event_id: str
    reported_at: datetime
    registers_dispute: bool  # whether the dispute was registered for this report; other reports of the dispute were joined to it
    facts: dict  # the data of dispute.registered without origin, as JSON values
    dispute: Dispute


@dataclass(slots=True)
class CorrectableReport:
    """A dispute report that a correction names. A report that arrives in the same batch as its correction has no log number yet."""

    facts: dict  # data of the report without personal data, as JSON values
    stored_seq: int | None = None
    decision: "Decision | None" = None  # the decision about the report, if it arrives in the same batch

    @property
    def seq(self) -> int:
        """The log number of the report."""
        return self.stored_seq if self.decision is None else self.decision.seq


@dataclass(slots=True)
class NamedEvent:
    """An event that a correction or withdrawal names: a dispute report, or an earlier correction or withdrawal of one."""

    report: CorrectableReport
    stored_seq: int | None = None  # log number of the event
    decision: "Decision | None" = None  # the decision about the event, if it arrives in the same batch
    is_report: bool = False

    @property
    def seq(self) -> int:
        return self.stored_seq if self.decision is None else self.decision.seq


@dataclass(slots=True)
class PendingCorrection:
    """A correction of a dispute report, or the withdrawal of one, when the mediation service has decided it. `seq` is the log number of its event."""

    seq: int
    agency: str
    event_id: str
    happened_at: datetime
    facts: dict | None  # the corrected facts, as JSON values; None: a withdrawal
    restored_facts: dict | None  # the facts of the report that a withdrawal restores; None: a correction
    encrypted: bytes | None  # the corrected or restored parties; None: the parties are unchanged
    encrypted_by_agency: bool
    report_seq: int
    report_agency: str
    reported_at: datetime
    report_facts: dict  # the facts of the report before the correction
    code: str  # code of the report
    registers_dispute: bool
    is_registered_in_lane: bool  # whether the dispute with this code was reported into the safeguard lane; its reports are not compared with others


@dataclass(slots=True)
class ExtraEvent:
    """A domain event published in addition to the one that passes the step on."""

    type: str
    dispute: Dispute
    facts: dict
    code_fields: dict[str, Dispute] = field(default_factory=dict)  # data fields that get the code of a dispute, once codes are assigned

    def data(self) -> dict:
        """Return the event's data, including the assigned codes."""
        return self.facts | {name: dispute.code for name, dispute in self.code_fields.items()}


@dataclass(frozen=True, slots=True)
class PartyTokens:
    """The matching tokens of one party, by which parties of two reports are compared. None: the value is missing or identifies nobody."""

    side: str  # `applicant` or `respondent`
    number: bytes | None = None
    mobile: bytes | None = None
    village: bytes | None = None
    name: bytes | None = None
    has_valid_check_digit: bool = False  # whether the identity number is valid: different valid numbers prove different parties
    is_organisation: bool = False


@dataclass(slots=True)
class ComparableReport:
    """The fields of a dispute report that are compared to find duplicates, with matching tokens in place of the parties' identities."""

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
    sha256: str  # hash of the received bytes
    content_hash: str  # hash of type, subject and data; equal for every encoding of the same event
    data: dict | None = None
    parties: list[dict] = field(default_factory=list)  # decrypted personal data, stored only in intake's own tables
    refusal: dict | None = None  # the reason for a refusal that does not depend on stored data
    comparable_report: ComparableReport | None = None  # None: the event is not compared with dispute reports

    @property
    def agency(self) -> str:
        return agency_of(self.event.source)


@dataclass(slots=True)
class JoinRequest:
    """A request to join disputes or to undo a join, submitted to the mediation service for decision."""

    dispute: Dispute  # the dispute whose `merged_into` changes if the request is applied
    into: Dispute | None  # the dispute that the joined dispute continues as; None: the request undoes a join
    agency: str
    event_id: str
    happened_at: datetime
    seq: int = UNASSIGNED_SEQ
    reported_by: str | None = None  # only if the request undoes a join: the agency whose reports are separated


@dataclass(slots=True, eq=False)
class WaitingStep:
    """A step about a dispute with a pending join request. It is published when the mediation service has decided the request."""

    code: str  # code of the dispute with the pending request
    seq: int
    published_about: str | None  # dispute code under which the step was already published on the sealed stream; None: not published
    stream: str | None
    type: str
    data: dict  # data of the domain event, as JSON values
    happened_at: datetime
    event_id: str
    traceparent: str | None
    id: int | None = None


@dataclass(slots=True)
class Decision:
    """The result for one agency event: refused (`refusal`), a duplicate (`duplicate_of`), or accepted (`dispute`, `organisation` or `stated_up_to`)."""

    event: Event
    sha256: str
    content_hash: str
    data: dict | None = None
    parties: list[dict] = field(default_factory=list)
    dispute: Dispute | None = None
    organisation: str | None = None  # for an accepted roster change, which concerns no dispute
    refusal: dict | None = None
    duplicate_of: LogEntry | None = None
    stated_up_to: datetime | None = None  # for an accepted agency.alive, which is answered but neither logged nor passed on
    unstored_receipt: bytes | None = None  # the receipt of an accepted agency.alive, as JSON bytes
    log_entry: LogEntry | None = None
    stores_body: bool = True  # whether the log stores the event's bytes
    uses_sealed_stream: bool = False
    enters_safeguard_lane: bool = False  # the event puts its dispute into the safeguard lane
    is_new_report: bool = False  # a dispute report with a report number that the agency has not used before
    comparable_report: ComparableReport | None = None
    report_code: str | None = None  # the code of a new dispute report, if it is not that of `dispute`
    registration: dict | None = None  # for a new dispute report: its data without personal data, as JSON values
    corrects: NamedEvent | None = None  # for report.corrected and report.withdrawn about a dispute report: the event that it names
    pending_dispute: Dispute | None = None  # the dispute with the pending join request for which the ordinary step has to wait
    join_request: JoinRequest | None = None
    extra_events: list[ExtraEvent] = field(default_factory=list)
    moved_reports: list[tuple[StoredReport, Dispute, Dispute]] = field(default_factory=list)  # (dispute report, previous dispute, new dispute)
    separated_reports: list[StoredReport] = field(default_factory=list)  # the reports of a dispute that is newly registered because a join is undone

    @property
    def seq(self) -> int:
        """The log number of the event, or of the event that it duplicates."""
        return (self.duplicate_of or self.log_entry).seq

    @property
    def agency(self) -> str:
        return agency_of(self.event.source)

    @property
    def is_accepted(self) -> bool:
        """Whether the event is passed on to mediation: it is neither refused, nor a duplicate, nor a statement of the agency about itself."""
        return self.refusal is None and self.duplicate_of is None and self.stated_up_to is None

    @property
    def is_new(self) -> bool:
        """Whether the event gets an entry of its own in the log."""
        return self.duplicate_of is None and self.stated_up_to is None

    @property
    def is_refused(self) -> bool:
        """Whether the receipt for the agency is a refusal. A duplicate gets the same receipt as the event that it duplicates."""
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
    """The stored data needed to decide a batch of events. Each decided event adds the dispute that it registers."""

    log_head: tuple[int, bytes] = (0, bytes(32))  # log number and hash of the last log entry
    has_pinned_codes: bool = False  # whether a message log is loaded, whose reports keep the codes that they had
    pinned_codes: dict[tuple[str, str], str] = field(default_factory=dict)  # pinned codes by (agency, event id)
    log_entries: dict[tuple[str, str], list[LogEntry]] = field(default_factory=dict)  # log entries by (event source, event id)
    disputes_by_report: dict[tuple[str, str], Dispute] = field(default_factory=dict)  # disputes by (agency, report number)
    disputes: dict[str, Dispute] = field(default_factory=dict)  # disputes by code
    named_events: dict[tuple[str, str], NamedEvent] | None = None  # events that corrections and withdrawals name, by (agency, event id); None: there are none
    logged_count: int = 0  # number of events of the batch that have got a log number
    undoes_joins: bool = False  # whether the batch contains a request to undo a join, for which `stored_reports` is needed
    stored_reports: list[StoredReport] = field(default_factory=list)  # reports of the disputes in requests to undo a join
    reports_by_token: dict[tuple[str, bytes], list[ComparableReport]] = field(default_factory=dict)  # earlier dispute reports, by (token kind, matching token)


def agency_of(source: str) -> str:
    """Return the agency's code from the `source` of its events."""
    return source.rpartition("/")[2]


def agency_source(agency: str) -> str:
    """Return the `source` of an agency's events."""
    return f"/agencies/{agency}"
