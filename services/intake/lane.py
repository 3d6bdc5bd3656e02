"""Decides which events enter the safeguard lane, on which stream a step is published, and which agencies may see a dispute code. Pure.

The safeguard lane is the set of events that only police, courts and women's federation see; these agencies are
"inside" it. The sealed stream carries: reports that register a dispute with a safeguard flag (domestic violence and other dangers), all steps about such a dispute
until its release, safeguard steps, steps of agencies inside the safeguard lane about a held or stayed dispute, and the safeguard flags of other
steps. All other steps are published on the ordinary stream, and every first receipt has its usual form. docs/safeguard.md gives the reasons.
"""

from contracts import safeguard
from contracts.channels import SEALED_STREAMS
from contracts.safeguard import danger_flags, has_safeguard_access
from services.intake.model import SafeguardLaneRecord

SEALED_STREAM = SEALED_STREAMS["intake"]


def may_see_code(record: SafeguardLaneRecord | None, agency: str) -> bool:
    """Return whether this agency may see the dispute's code. For an agency that may not, the code is unknown, like one that was never assigned."""
    return record is None or not record.reported_in_lane or has_safeguard_access(agency) or agency in record.reporting_agencies


def hold_opened_by_agency_event(event_type: str, data: dict) -> str | None:
    """Return `hold` or `stay` if an agency's event opens one for its dispute, else None."""
    return "hold" if danger_flags(data) else safeguard.hold_or_stay_opened_by(event_type)


def hold_opened_by_domain_event(event_type: str, data: dict) -> str | None:
    """Return `hold` or `stay` if a domain event on intake's sealed stream opens one for its dispute, else None."""
    return "hold" if event_type == "risk.flagged" else safeguard.hold_or_stay_opened_by(data.get("step"))


def uses_sealed_stream(record: SafeguardLaneRecord | None, agency: str, event_type: str) -> bool:
    """Return whether an agency's step is published on the sealed stream."""
    return event_type in safeguard.STEP_NAMES or (record is not None and (record.reported_in_lane or has_safeguard_access(agency)))


def apply_event(
    record: SafeguardLaneRecord | None, agency: str, event_type: str, data: dict, registers_dispute: bool
) -> tuple[bool, SafeguardLaneRecord | None]:
    """Return whether an event is published on the sealed stream, and the dispute's safeguard lane record after the event.

    Must be called in the order of the decisions.
    """
    opened = hold_opened_by_agency_event(event_type, data)
    if opened is None:
        return uses_sealed_stream(record, agency, event_type), record
    record = add_hold(record, opened, reported_in_lane=registers_dispute)
    if registers_dispute:
        record.reporting_agencies.add(agency)
    return uses_sealed_stream(record, agency, event_type), record


def add_hold(record: SafeguardLaneRecord | None, hold: str, reported_in_lane: bool = False) -> SafeguardLaneRecord:
    """Add a `hold` or a `stay` to the dispute's safeguard lane record, and return the record. Create it if there is none."""
    record = record or SafeguardLaneRecord(reported_in_lane=reported_in_lane)
    record.holds.add(hold)
    return record


def domain_events_by_stream(
    is_sealed: bool, registers_dispute: bool, dangers: tuple[str, ...], domain_event: tuple[str, dict]
) -> list[tuple[str | None, str, dict]]:
    """Return the domain events to publish for a step as (stream, event type, data); stream None is the ordinary stream.

    `dangers` are the step's safeguard flags. They are published on the sealed stream only: for a step that does not register a dispute, as a
    separate event risk.flagged.
    """
    event_type, data = domain_event
    if registers_dispute and dangers:
        return [(SEALED_STREAM, event_type, {**data, "dangers": dangers})]
    facts = [(SEALED_STREAM if is_sealed else None, event_type, data)]
    if dangers:
        facts.append(
            (SEALED_STREAM, "risk.flagged", {"event": data["event"], "agency": data["agency"], "dangers": dangers, "happened_at": data["happened_at"]})
        )
    return facts
