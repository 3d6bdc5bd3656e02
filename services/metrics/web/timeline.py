"""Builds the entries of a dispute's timeline: agency reports with their outcomes, deadlines and notices. Pure function of the stored rows."""

from dataclasses import dataclass, field
from datetime import datetime

from services.metrics.domain import TIMELINE_FIELDS

# For each change of a deadline by a step: the field with the time that the timeline shows, if it is not the time of the decision.
TIME_FIELD_OF_CHANGE = {"set": "started_at", "met": "met_at"}

EMPTY_DETAIL = dict.fromkeys((*TIMELINE_FIELDS, "late", "was_passed", "provisional"))
SEPARATE_EVENTS = ("dispute.merged", "dispute.unmerged", "duplicate.proposed")  # these events get a separate entry, although they name an agency's report
HIDDEN_EVENTS = ("duplicate.noted", "merge.noted", "unmerge.noted")  # these repeat events of intake for listeners of the mediation service


@dataclass(slots=True)
class TimelineEntry:
    """One entry of the timeline. `outcome` is applied, refused or pending for a report, and none for an entry that needs no decision.

    `numbers` lists the events that form the entry, each as "producer sequence". An entry with a `retraction` is shown struck out.
    """

    at: datetime
    category: str
    type: str
    agency: str | None
    outcome: str = "none"
    state: str | None = None
    reason: dict | None = None
    detail: dict = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)
    retraction: "Retraction | None" = None


@dataclass(frozen=True, slots=True)
class Retraction:
    """Why an entry no longer holds: an automatic step that a recomputed history does not contain, or a passed deadline that was met in time."""

    because: str  # a token of contracts.kinds.RECOMPUTED_DISPUTE_REASONS, or `met_in_time`
    at: datetime


def build_entries(rows: list[dict]) -> list[TimelineEntry]:
    """Return the entries in order of time. Rows about the same event of an agency (report, confirmed step or refusal) form one entry.

    Each change that a step made to a deadline has an entry of its own.
    """
    entries, entry_by_event, retractions = [], {}, find_retractions(rows)
    for row in sorted(rows, key=lambda row: (row["event"] is None, row["source"] != "intake", row["at"], row["sequence"])):
        if row["type"] in HIDDEN_EVENTS:
            continue
        event_number = f"{row['source']} {row['sequence']}"
        event = None if row["type"] in SEPARATE_EVENTS else row["event"]
        entry = entry_by_event.get(event) if event else None
        if entry is None:
            entry = _new_entry(row)
            entries.append(entry)
            if event:
                entry_by_event[event] = entry
        else:
            _add_outcome(entry, row)
        entry.numbers.append(event_number)
        entry.retraction = entry.retraction or retractions.get((row["source"], row["sequence"]))
        entries += [_entry_of_change(change, row, event_number) for change in row["detail"].get("deadlines", ())]
    return sorted(entries, key=lambda entry: (entry.at, CATEGORIES.index(entry.category), [_parse_number(number) for number in entry.numbers]))


def find_retractions(rows: list[dict]) -> dict[tuple[str, int], Retraction]:
    """Return the events that later events of mediation took back: (producer, sequence number) → Retraction."""
    retractions, automatic_steps, passed_deadlines = {}, {}, {}
    for row in sorted((row for row in rows if row["source"] == "mediation"), key=lambda row: row["sequence"]):
        detail, key = row["detail"], (row["source"], row["sequence"])
        for step in detail.get("retracted", ()):
            retracted = automatic_steps.pop((step["step"], _parse_time(step["happened_at"])), None)
            if retracted:
                retractions[retracted] = Retraction(detail["because"], _decision_time(row))
        for change in detail.get("deadlines", ()):
            passed = passed_deadlines.pop(change["clock"], None)
            if passed and change["change"] == "met" and change.get("was_passed") and not change.get("late"):
                retractions[passed] = Retraction("met_in_time", _decision_time(row))
        if row["type"] == "deadline.passed":
            passed_deadlines[detail["clock"]] = key
        elif "happened_at" in detail:
            automatic_steps[row["type"], _parse_time(detail["happened_at"])] = key
    return retractions


def _decision_time(row) -> datetime:
    return _parse_time(row["detail"].get("decided_at")) or row["at"]


def _parse_time(text) -> datetime | None:
    return datetime.fromisoformat(text) if isinstance(text, str) else text


def _parse_number(number):
    """Return (producer, sequence number) of a text such as "intake 9". The number is an int, so that 9 sorts before 10."""
    source, sequence = number.split()
    return source, int(sequence)


CATEGORIES = ("intake", "mediation", "deadline", "notify")


def _new_entry(row):
    type, detail = row["type"], EMPTY_DETAIL | row["detail"]
    if row["source"] == "intake":
        is_step = type == "step.reported"
        return TimelineEntry(row["at"], "intake", (detail["step"] or type) if is_step else type, row["agency"], "pending" if is_step else "none", detail=detail)
    if row["source"] == "notify":
        return TimelineEntry(row["at"], "notify", type, detail["to"], detail=detail)
    if type.startswith("deadline."):
        return TimelineEntry(row["at"], "deadline", type, None, detail=detail)
    entry = TimelineEntry(row["at"], "mediation", detail["step"] or type, row["agency"], detail=detail)
    if row["event"]:
        _add_outcome(entry, row)
    elif detail["state"]:
        entry.state = detail["state"]
    return entry


def _entry_of_change(change, row, event_number):
    """Return the entry of a change that a step made to a deadline. Its time is not later than the decision."""
    decided_at = datetime.fromisoformat(row["detail"]["decided_at"])
    stated_time = change.get(TIME_FIELD_OF_CHANGE.get(change["change"]))
    at = min(datetime.fromisoformat(stated_time), decided_at) if stated_time else decided_at
    return TimelineEntry(at, "deadline", f"deadline.{change['change']}", None, detail=EMPTY_DETAIL | change, numbers=[event_number])


def _add_outcome(entry, row):
    """Add the decision of the mediation service on a report to the entry of the report."""
    detail = row["detail"]
    if row["type"] == "step.refused":
        entry.outcome, entry.reason = "refused", detail.get("reason")
        return
    entry.outcome = "applied"
    entry.state = detail.get("state") or entry.state
    entry.detail = {**entry.detail, **{name: value for name, value in detail.items() if name != "step"}}
