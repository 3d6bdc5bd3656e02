"""Rules of the safeguard lane in intake: which events enter it, on which stream a step is published, and which agencies may see a code. Pure.

Every first receipt has its usual form, and a step of an agency outside the lane is usually published on the ordinary stream. The sealed stream
carries: reports that register a dispute with a safeguard flag, all steps about such a dispute until its release, safeguard steps, steps of agencies
inside the lane about a held or stayed dispute, and the safeguard flags of other steps. docs/safeguard.md gives the reasons.
"""

from contracts import safeguard
from contracts.channels import SEALED_STREAMS
from contracts.safeguard import danger_flags, has_lane_access
from services.intake.model import LaneRecord

STREAM = SEALED_STREAMS["intake"]


def may_see_code(record: LaneRecord | None, agency: str) -> bool:
    """Return whether the dispute's code exists for this agency. For other agencies the code is as unknown as one that was never assigned."""
    return record is None or not record.reported_in_lane or has_lane_access(agency) or agency in record.reporting_agencies


def hold_opened_by_report(event_type: str, data: dict) -> str | None:
    """Return what an agency's event opens: `hold`, `stay`, or None."""
    return "hold" if danger_flags(data) else safeguard.hold_or_stay_opened_by(event_type)


def hold_opened_by_fact(event_type: str, data: dict) -> str | None:
    """Return what a domain event on intake's sealed stream opens: `hold`, `stay`, or None."""
    return "hold" if event_type == "risk.flagged" else safeguard.hold_or_stay_opened_by(data.get("step"))


def uses_sealed_stream(record: LaneRecord | None, agency: str, event_type: str) -> bool:
    """Return whether an agency's step is passed on through the sealed stream."""
    return event_type in safeguard.STEPS or (record is not None and (record.reported_in_lane or has_lane_access(agency)))


def apply_event(record: LaneRecord | None, agency: str, event_type: str, data: dict, registers_dispute: bool) -> tuple[bool, LaneRecord | None]:
    """Return whether an event is passed on through the sealed stream, and the lane record after it. Call it in the order of the decisions."""
    opened = hold_opened_by_report(event_type, data)
    if opened is None:
        return uses_sealed_stream(record, agency, event_type), record
    record = add_hold(record, opened, reported_in_lane=registers_dispute)
    if registers_dispute:
        record.reporting_agencies.add(agency)
    return uses_sealed_stream(record, agency, event_type), record


def add_hold(record: LaneRecord | None, hold: str, reported_in_lane: bool = False) -> LaneRecord:
    """Add a `hold` or a `stay` to the lane record. Create the record if there is none."""
    record = record or LaneRecord(reported_in_lane=reported_in_lane)
    record.holds.add(hold)
    return record


def facts_by_stream(is_sealed: bool, registers_dispute: bool, dangers: tuple[str, ...], fact: tuple[str, dict]) -> list[tuple[str | None, str, dict]]:
    """Return the domain events to publish for a step as (stream, type, data); the ordinary stream is None.

    `dangers` are the step's safeguard flags. They are published on the sealed stream only, as a separate event if the step itself is ordinary.
    """
    fact_type, data = fact
    if registers_dispute and dangers:
        return [(STREAM, fact_type, {**data, "dangers": dangers})]
    facts = [(STREAM if is_sealed else None, fact_type, data)]
    if dangers:
        facts.append((STREAM, "risk.flagged", {"event": data["event"], "agency": data["agency"], "dangers": dangers, "happened_at": data["happened_at"]}))
    return facts
