"""Data model: a notice to an agency, and its entry in the ledger of notices. No logic beyond derived values."""

from dataclasses import dataclass
from datetime import datetime

from plumbing.events import Event

IN_FORCE, SETTLED, WITHDRAWN = "in_force", "settled", "withdrawn"


@dataclass(frozen=True, slots=True)
class Notice:
    """Notice to one agency about a dispute, caused by one event of the mediation service."""

    kind: str  # the event type of the notice, such as notice.overdue
    dispute: str
    to: str  # code of the agency that gets the notice
    about: dict  # data of the notice, as its schema in package contracts defines
    event: Event
    # Which notice of the event it is, if the event leads to several to the same agency: the number, from 1, of the change in the event's `deadlines` that leads
    # to the notice, or a word. Empty: the event itself leads to it.
    part: int | str = ""
    is_copy: bool = False  # True: the agency does not have to act; it supervises the agency that has to

    @property
    def id(self) -> str:
        """Id of the notice: event id, part if there is one, and addressee, so that a redelivered event gives the same id."""
        return f"{self.event.id}/{self.part}/{self.to}" if self.part else f"{self.event.id}/{self.to}"


@dataclass(slots=True)
class LedgerEntry:
    """A notice that was sent, with what is needed to decide whether it is still in force.

    A notice is settled if the deadline or matter that it announced was met, has ended or was announced anew, and withdrawn if the agency was told that the
    notice no longer holds.
    """

    id: str
    kind: str
    to: str
    clock: str | None
    due_at: datetime | None  # the present end of the period that the notice announced; None also while the period is paused
    is_copy: bool
    step: str  # type of the event that caused the notice
    happened_at: datetime | None  # time of the step that caused the notice; None if no step caused it
    # Source and id of the agency's event that caused the notice, and of the corrections of that event which left the notice as it was, in order; None if no
    # agency's event caused it.
    reported: list[str] | None
    other: str | None  # code of the other dispute that the notice names, or else the agency whose report was joined; None: the notice names neither
    validity: str = IN_FORCE
    ended_by: str | None = None  # id of the notice that withdrew it, or of the event that settled it
    is_changed: bool = False  # True: the stored entry has to be updated

    @classmethod
    def of(cls, notice: Notice, validity: str = IN_FORCE) -> "LedgerEntry":
        """Return the entry of a new notice. One that is settled at once was settled by the event that caused it."""
        data, about = notice.event.data, notice.about
        return cls(
            notice.id,
            notice.kind,
            notice.to,
            about.get("clock"),
            as_instant(about.get("due_at")),
            notice.is_copy,
            notice.event.type,
            as_instant(data.get("happened_at")),
            [reference(data["event"])] if data.get("event") else None,
            about.get("was") or about.get("other") or about.get("reported_by"),
            validity,
            notice.event.id if validity != IN_FORCE else None,
        )


def reference(event: dict) -> str:
    """Return the reference to an agency's event as one text."""
    return f"{event['source']} {event['id']}"


def as_instant(value: str | datetime | None) -> datetime | None:
    return datetime.fromisoformat(value) if isinstance(value, str) else value
