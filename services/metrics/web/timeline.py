"""Entries of a dispute's timeline: each agency report joined with its outcome, and deadlines and notices. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from services.metrics.domain import TIMELINE_FIELDS

NO_DETAIL = dict.fromkeys(TIMELINE_FIELDS)
SEPARATE_EVENTS = ("dispute.merged", "dispute.unmerged", "duplicate.proposed")  # an entry of their own, although they name an agency's report
HIDDEN_EVENTS = ("duplicate.noted",)  # repeats intake's duplicate.proposed for listeners of mediation


@dataclass(slots=True)
class Entry:
    """One entry of the timeline. `outcome` is applied, refused or pending for a report, and none for an entry that needs no decision.

    `numbers` names the events that the entry joins, as "producer sequence".
    """

    at: datetime
    lane: str
    type: str
    agency: str | None
    outcome: str = "none"
    state: str | None = None
    reason: dict | None = None
    detail: dict = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)


def build_entries(rows: list[dict]) -> list[Entry]:
    """Return the entries in order of time. Rows about the same agency event form one entry: the report, the fact, and step.applied or step.refused."""
    entries, by_event = [], {}
    for row in sorted(rows, key=lambda row: (row["event"] is None, row["source"] != "intake", row["at"], row["sequence"])):
        if row["type"] in HIDDEN_EVENTS:
            continue
        number = f"{row['source']} {row['sequence']}"
        event = None if row["type"] in SEPARATE_EVENTS else row["event"]
        entry = by_event.get(event) if event else None
        if entry is None:
            entry = _new_entry(row)
            entries.append(entry)
            if event:
                by_event[event] = entry
        else:
            _add_outcome(entry, row)
        entry.numbers.append(number)
    return sorted(entries, key=lambda entry: (entry.at, LANES.index(entry.lane), [_parse_number(number) for number in entry.numbers]))


def _parse_number(number):
    """Return (producer, sequence) with a numeric sequence, so that 9 sorts before 10 among entries of the same instant."""
    source, sequence = number.split()
    return source, int(sequence)


LANES = ("intake", "mediation", "deadline", "notify")


def _new_entry(row):
    type, detail = row["type"], NO_DETAIL | row["detail"]
    if row["source"] == "intake":
        is_step = type == "step.reported"
        return Entry(row["at"], "intake", (detail["step"] or type) if is_step else type, row["agency"], "pending" if is_step else "none", detail=detail)
    if row["source"] == "notify":
        return Entry(row["at"], "notify", type, detail["to"], detail=detail)
    if type.startswith("deadline."):
        return Entry(row["at"], "deadline", type, None, detail=detail)
    entry = Entry(row["at"], "mediation", detail["step"] or type, row["agency"], detail=detail)
    if row["event"]:
        _add_outcome(entry, row)
    elif detail["state"]:
        entry.state = detail["state"]
    return entry


def _add_outcome(entry, row):
    """Add mediation's decision about the report to its entry."""
    detail = row["detail"]
    if row["type"] == "step.refused":
        entry.outcome, entry.reason = "refused", detail.get("reason")
        return
    entry.outcome = "applied"
    entry.state = detail.get("state") or entry.state
    entry.detail = {**entry.detail, **{name: value for name, value in detail.items() if name != "step"}}
