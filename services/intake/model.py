"""What intake knows of events, reports and disputes while it takes a batch in: data, and what follows from it at once. No rules, no SQL."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from plumbing.events import Event

OPEN, SETTLED, ENDED = "open", "settled", "ended"  # how a dispute stands in its life, as far as it matters for joining
IN_THIS_BATCH = 0  # in place of a log number that is given when the batch is saved


@dataclass(slots=True)
class Seal:
    """That a dispute is in the safeguard lane."""

    reported_in_lane: bool = False  # it was reported into the lane: outside it the code does not exist
    holds: set[str] = field(default_factory=set)  # hold, stay
    reporters: set[str] = field(default_factory=set)  # agencies that know the code from a report of their own


@dataclass(slots=True, eq=False)
class Dispute:
    """`code` is None until one is allotted, when the batch that registers it is saved.

    `merged_into` changes when mediation has taken the step. Until it has decided a join, or the undoing of one, the dispute is in question.
    """

    code: str | None
    registered_by: Event | None = None
    standing: str = OPEN
    merged_into: "Dispute | None" = None
    seal: Seal | None = None  # it is in the safeguard lane
    again_for: "StoredReport | None" = None  # the report taken out of another dispute, for which this one is registered
    asked: int | None = None  # the log number of the last join or undoing that mediation has not decided
    asked_into: "Dispute | None" = None  # what `merged_into` becomes if mediation takes that step

    @property
    def root(self) -> "Dispute":
        """The dispute that holds now: everything said about a joined one is said about this."""
        dispute = self
        while dispute.merged_into is not None:
            dispute = dispute.merged_into
        return dispute

    @property
    def in_question(self) -> "Dispute | None":
        """The first dispute on the way to the root that is in question: what is said waits there until it is decided which dispute it is about."""
        dispute = self
        while dispute is not None and dispute.asked is None:
            dispute = dispute.merged_into
        return dispute

    @property
    def will_be_merged_into(self) -> "Dispute | None":
        """What it is another name of when everything asked so far is taken."""
        return self.merged_into if self.asked is None else self.asked_into

    @property
    def joint(self) -> "Dispute":
        """The root when everything asked so far is taken: by this, joins and undoings are decided in the order in which they come in."""
        dispute = self
        while (into := dispute.will_be_merged_into) is not None:
            dispute = into
        return dispute


@dataclass(slots=True, eq=False)
class StoredReport:
    """A report that intake keeps: under which code, and what it told that is about nobody."""

    agency: str
    report_no: str
    seq: int
    event_id: str
    registers: bool  # it gave its dispute the code
    facts: dict  # of dispute.registered, in their JSON forms
    dispute: Dispute


@dataclass(slots=True)
class ExtraEvent:
    """An event beside the one that passes the step on. The codes of `codes` are known when all of the batch is decided."""

    type: str
    about: Dispute
    facts: dict
    codes: dict[str, Dispute] = field(default_factory=dict)

    def data(self) -> dict:
        """The event's data, with the codes that were allotted."""
        return self.facts | {name: dispute.code for name, dispute in self.codes.items()}


@dataclass(frozen=True, slots=True)
class Person:
    """A party that can be compared, by keyed tokens. None where it was not told, or what was told proves nothing."""

    side: str
    number: bytes | None = None
    mobile: bytes | None = None
    village: bytes | None = None
    name: bytes | None = None
    certified: bool = False  # its number proved itself by its check digit: another such number is somebody else
    organisation: bool = False


@dataclass(slots=True)
class Report:
    """A report as far as it can be compared: where, what, when, and tokens for who."""

    agency: str
    reported_at: datetime
    township: str
    kind: str
    persons: list[Person]
    village: str | None = None
    cause: str | None = None
    amount_cny: Decimal | None = None
    dispute: Dispute = field(default_factory=lambda: Dispute(None))  # that it was given

    def side(self, side: str) -> list[Person]:
        return [person for person in self.persons if person.side == side]


@dataclass(slots=True)
class Logged:
    """An earlier event with the same source and id."""

    seq: int
    content: str
    accepted: bool


@dataclass(slots=True)
class Checked:
    """An event, and what can be said of it without knowing anything else."""

    event: Event
    sha256: str  # of the exact bytes
    content: str  # hash of what is said, in whatever bytes
    data: dict | None = None
    parties: list[dict] = field(default_factory=list)  # in clear, whichever way they came; they go no further than intake's own tables
    objection: dict | None = None  # why it cannot be taken, whatever is known
    report: Report | None = None  # how it compares with others; None: it takes no part

    @property
    def agency(self) -> str:
        return agency_of(self.event.source)


@dataclass(slots=True)
class JoinRequest:
    """A join, or the undoing of one, that mediation is asked about."""

    dispute: Dispute  # whose `merged_into` is to change
    into: Dispute | None  # None: it is to be its own again
    agency: str
    event_id: str
    happened_at: datetime
    seq: int = IN_THIS_BATCH
    reported_by: str | None = None  # of an undoing: whose reports it is about


@dataclass(slots=True, eq=False)
class WaitingStep:
    """A step about a dispute in question, as it is passed on when that is decided."""

    code: str  # of the dispute in question
    seq: int
    said_about: str | None  # what was said in the sealed lane at once, and about which dispute
    stream: str | None
    type: str
    data: dict  # in JSON forms
    happened_at: datetime
    event_id: str
    traceparent: str | None
    id: int | None = None


@dataclass(slots=True)
class Decision:
    """What becomes of one event. Exactly one of these: `refused`, `repeats`, or taken (with its dispute)."""

    event: Event
    sha256: str
    content: str
    data: dict | None = None
    parties: list[dict] = field(default_factory=list)
    dispute: Dispute | None = None
    organisation: str | None = None  # of an event that is about a roster and about no dispute
    refused: dict | None = None
    repeats: Logged | None = None
    logged: Logged | None = None
    may_be_kept: bool = True  # the bytes of it
    is_sealed: bool = False  # passed on in the sealed voice
    opens_a_seal: bool = False
    introduces: bool = False  # a report under a number that its agency had not used: of a new dispute, or one that it joins
    report: Report | None = None
    registration: dict | None = None  # of a report that introduces: what it tells that is about nobody, in JSON forms
    waits_at: Dispute | None = None  # the dispute in question at which the ordinary step waits
    request: JoinRequest | None = None
    extra: list[ExtraEvent] = field(default_factory=list)
    moved: list[tuple[StoredReport, Dispute, Dispute]] = field(default_factory=list)  # reports that stand under another code now: which, was, into
    taken_out: list[StoredReport] = field(default_factory=list)  # reports that get a new code

    @property
    def seq(self) -> int:
        """Its number in the log, or that of the entry it repeats."""
        return (self.repeats or self.logged).seq

    @property
    def agency(self) -> str:
        return agency_of(self.event.source)

    @property
    def is_taken(self) -> bool:
        """Whether something follows from it inside."""
        return self.refused is None and self.repeats is None

    @property
    def is_refused(self) -> bool:
        """Whether the answer is a refusal: a repeat has the answer of the event that it repeats."""
        return self.refused is not None if self.repeats is None else not self.repeats.accepted

    @property
    def subject(self) -> str:
        """What a taken event is about inside: the dispute's code, or the organisation's."""
        return self.organisation or self.dispute.code

    @property
    def registers(self) -> bool:
        return self.dispute is not None and self.dispute.registered_by is self.event


@dataclass(slots=True)
class Known:
    """What the tables hold that matters to a batch. It grows with what the batch itself registers."""

    head: tuple[int, bytes] = (0, bytes(32))  # of the log: its last number and hash
    logged: dict[tuple[str, str], list[Logged]] = field(default_factory=dict)  # by source and id
    reports: dict[tuple[str, str], Dispute] = field(default_factory=dict)  # by agency and its own number
    disputes: dict[str, Dispute] = field(default_factory=dict)
    stored: list[StoredReport] = field(default_factory=list)  # the reports of disputes that a join or its undoing is about
    similar: dict[tuple[str, bytes], list[Report]] = field(default_factory=dict)  # earlier reports, by (kind, token)


def agency_of(source: str) -> str:
    """The agency that speaks as `source`."""
    return source.rpartition("/")[2]


def agency_source(agency: str) -> str:
    """The `source` of what an agency says."""
    return f"/agencies/{agency}"
