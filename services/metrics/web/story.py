"""A dispute's timeline as a story: what an agency reported together with what became of it, deadlines, notices. Pure."""

from dataclasses import dataclass, field
from datetime import datetime

from services.metrics.domain import DETAIL

BLANK = dict.fromkeys(DETAIL)
A_LINE_OF_ITS_OWN = ("dispute.merged", "dispute.unmerged", "duplicate.proposed")  # though the same report gave rise to another line
PASSED_ON = ("duplicate.noted",)  # mediation only repeats what intake said, for those who hear no other


@dataclass(slots=True)
class Entry:
    """One thing that happened. `outcome`: applied, refused, pending, or none where nothing is to be decided."""

    at: datetime
    lane: str
    type: str
    agency: str | None
    outcome: str = "none"
    state: str | None = None
    reason: dict | None = None
    detail: dict = field(default_factory=dict)
    numbers: list[str] = field(default_factory=list)


def tell(lines: list[dict]) -> list[Entry]:
    """Joins the lines that are about the same agency event: the report, the fact, and that it was applied or refused."""
    entries, by_event = [], {}
    for line in sorted(lines, key=lambda line: (line["event"] is None, line["source"] != "intake", line["at"], line["sequence"])):
        if line["type"] in PASSED_ON:
            continue
        number = f"{line['source']} {line['sequence']}"
        event = None if line["type"] in A_LINE_OF_ITS_OWN else line["event"]
        entry = by_event.get(event) if event else None
        if entry is None:
            entry = _first(line)
            entries.append(entry)
            if event:
                by_event[event] = entry
        else:
            _follow(entry, line)
        entry.numbers.append(number)
    return sorted(entries, key=lambda entry: (entry.at, LANES.index(entry.lane), [_counted(number) for number in entry.numbers]))


def _counted(number):
    """What was said at the same instant stands in the order in which it was said: 9 before 10."""
    source, sequence = number.split()
    return source, int(sequence)


LANES = ("intake", "mediation", "deadline", "notify")


def _first(line):
    type, detail = line["type"], BLANK | line["detail"]
    if line["source"] == "intake":
        said = type == "step.reported"
        return Entry(line["at"], "intake", (detail["step"] or type) if said else type, line["agency"], "pending" if said else "none", detail=detail)
    if line["source"] == "notify":
        return Entry(line["at"], "notify", type, detail["to"], detail=detail)
    if type.startswith("deadline."):
        return Entry(line["at"], "deadline", type, None, detail=detail)
    entry = Entry(line["at"], "mediation", detail["step"] or type, line["agency"], detail=detail)
    if line["event"]:
        _follow(entry, line)
    elif detail["state"]:
        entry.state = detail["state"]
    return entry


def _follow(entry, line):
    """What mediation made of a report."""
    detail = line["detail"]
    if line["type"] == "step.refused":
        entry.outcome, entry.reason = "refused", detail.get("reason")
        return
    entry.outcome = "applied"
    entry.state = detail.get("state") or entry.state
    entry.detail = {**entry.detail, **{name: value for name, value in detail.items() if name != "step"}}
