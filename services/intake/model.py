"""A dispute and its reports as intake knows them, and what else is said when they are joined or taken apart. Pure."""

from dataclasses import dataclass, field

from plumbing.events import Event
from services.intake.lane import Seal

OPEN, SETTLED, ENDED = "open", "settled", "ended"  # how it stands in its life, as far as it matters for joining


@dataclass(slots=True, eq=False)
class Dispute:
    """`code` is None until one is allotted, at the end of the batch that registers it."""

    code: str | None
    registered_by: Event | None = None
    standing: str = OPEN
    merged_into: "Dispute | None" = None
    seal: Seal | None = None  # it is in the safeguard lane
    again_for: "StoredReport | None" = None  # the report taken out of another dispute, for which this one is registered

    @property
    def root(self) -> "Dispute":
        """The dispute that holds now: everything said about a joined one is said about this."""
        dispute = self
        while dispute.merged_into is not None:
            dispute = dispute.merged_into
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
    """A fact beside the one that passes the step on. The codes of `codes` are known when all of the batch is decided."""

    type: str
    about: Dispute
    facts: dict
    codes: dict[str, Dispute] = field(default_factory=dict)

    def data(self) -> dict:
        return self.facts | {name: dispute.code for name, dispute in self.codes.items()}
