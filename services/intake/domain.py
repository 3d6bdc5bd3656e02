"""Decides whether an agency's event is accepted, refused or a duplicate, and builds the resulting receipts and domain events. Pure.

`check` examines a single event without stored data; `decide_all` decides a batch with the stored data in a BatchContext.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

import orjson
from marshmallow import ValidationError

import contracts
from contracts.envelope import MAX_FUTURE_SECONDS
from plumbing.events import Event
from services.intake import codes, corrections, decrypt_parties, duplicates, joining, lane
from services.intake.decrypt_parties import UnreadableParties
from services.intake.model import BatchContext, CheckedEvent, ComparableReport, Decision, Dispute, LogEntry, StoredReport
from services.intake.reasons import reason

MAX_TIME_AHEAD = timedelta(seconds=MAX_FUTURE_SECONDS)  # how far the time of an agency's event may be ahead of intake's system time
ROSTER_OUTCOMES = ("roster.changed", "roster.refused")


def hash_content(event: Event) -> str:
    """Return a hash of an event's type, subject and data, equal for AMQP and HTTP and every encoding.

    `time` is left out because it may differ between two deliveries of the same event.
    """
    content = [event.type, event.subject, event.data]
    try:
        text = orjson.dumps(content, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # orjson writes neither integers above 64 bits nor half a surrogate pair; such data is refused
        text = b"null"
    if b"null" in text:  # orjson writes null for numbers that are not finite, which are refused, too, but differ from null
        text = json.dumps(content, sort_keys=True).encode()
    return hashlib.sha256(text).hexdigest()


# ── checks of a single event ──────────────────────────────────────────────────────────────────────────────────────────


def check(event: Event, now: datetime, private_key: bytes, matching_token_key: bytes) -> CheckedEvent:
    """Validate an event's data and parties without stored data. The result has a `refusal` if the event cannot be accepted.

    `private_key` decrypts parties that the agency encrypted; matching tokens of the parties are derived with `matching_token_key`.
    """
    sha256 = hashlib.sha256(event.delivery.body).hexdigest()
    checked = CheckedEvent(event, sha256, sha256 if event.refusal is not None else hash_content(event))
    checked.refusal = event.refusal or (reason("discarded_by_operator") if event.discarded else _find_refusal(checked, now, private_key))
    if checked.refusal is None and event.type == "dispute.reported" and not codes.has_code_form(event.subject):
        checked.comparable_report = _build_comparable_report(checked, matching_token_key)
    return checked


def _find_refusal(checked, now, private_key) -> dict | None:
    event, agency = checked.event, checked.agency
    if event.type not in contracts.AGENCY_EVENTS:
        return reason("unknown_type")
    if not contracts.AGENCIES[agency].is_active:
        return reason("agency_not_active", agency=agency)
    if not contracts.may_report(agency, event.type):
        return reason("not_yours_to_say", agency=agency, step=event.type)
    if event.time > now + MAX_TIME_AHEAD:
        return reason("in_the_future")
    try:
        checked.data = contracts.load(event.type, event.data)
    except ValidationError as error:
        if any("parties" in data and "parties_sealed" in data for data in (event.data, event.data.get("facts")) if isinstance(data, dict)):
            return reason("parties_both_ways")
        mistake = contracts.mistakes_in(error)[0]
        return reason("malformed_data", field=mistake.field, mistake=mistake.token)
    for assigned in contracts.assigned_agencies(event.type, checked.data):
        if not contracts.AGENCIES[assigned].is_active:
            return reason("agency_not_active", agency=assigned)
    if event.type in contracts.AGENCY_STATEMENTS:
        if event.subject != agency:
            return reason("malformed_envelope", field="subject", mistake="invalid")
        return reason("in_the_future", field="up_to") if checked.data["up_to"] > now + MAX_TIME_AHEAD else None
    if event.type in contracts.ROSTER_STEP_NAMES:
        return None if checked.data["organisation"] == event.subject else reason("malformed_data", field="organisation", mistake="invalid")
    return corrections.refusal_reason(agency, event.type, checked.data) or _read_parties(checked, private_key)


def _read_parties(checked, private_key) -> dict | None:
    report = corrections.corrected_facts(checked.event.type, checked.data)
    data, path = (checked.data, "") if report is None else (report, "facts.")
    encrypted = data.get("parties_sealed")
    if not encrypted:
        checked.parties = data.get("parties") or []
        return None
    try:
        checked.parties = decrypt_parties.decrypt(encrypted, private_key)
        return None
    except UnreadableParties:
        return reason("unreadable_parties")
    except ValidationError as error:
        mistake = contracts.mistakes_in(error)[0]
        return reason("malformed_data", field=path + mistake.field.replace("parties", "parties_sealed", 1), mistake=mistake.token)


def _build_comparable_report(checked, matching_token_key) -> ComparableReport | None:
    if not duplicates.is_comparable(checked.data["risk"], contracts.safeguard.DANGER_FLAGS):
        return None
    facts = {**checked.data["place"], **{name: checked.data.get(name) for name in ("kind", "cause", "amount_cny")}}
    return duplicates.comparable_report(checked.agency, checked.event.time, facts, checked.parties, matching_token_key)


# ── stored data that a batch needs ────────────────────────────────────────────────────────────────────────────────────


def referenced_codes(batch: Iterable[CheckedEvent]) -> set[str]:
    """Return the dispute codes in these events: the codes in `subject`, and the target codes of requests to join disputes."""
    names = {checked.event.subject for checked in batch} | {
        checked.data["into"] for checked in batch if checked.event.type == "reports.joined" and checked.data
    }
    return {code for code in names if codes.has_code_form(code)}


def contains_undo_of_join(batch: Iterable[CheckedEvent]) -> bool:
    """Return whether one of these events requests to undo a join."""
    return any(checked.event.type == "reports.unjoined" for checked in batch)


def named_events(batch: Iterable[CheckedEvent]) -> list[tuple[str, str]]:
    """Return (agency, event id) of the events that corrections of dispute reports and withdrawals in this batch name."""
    names = (corrections.named_event(checked.agency, checked.event.type, checked.data) for checked in batch if checked.data is not None)
    return [name for name in names if name is not None]


# ── decisions about a batch ───────────────────────────────────────────────────────────────────────────────────────────


def pinnable_events(batch: Iterable[CheckedEvent]) -> list[tuple[str, str]]:
    """Return (agency, event id) of the events that may register a dispute, and whose codes may therefore be pinned."""
    return [
        (checked.agency, checked.event.id) for checked in batch if checked.refusal is None and checked.event.type in ("dispute.reported", "reports.unjoined")
    ]


def decide_all(batch: Iterable[CheckedEvent], context: BatchContext) -> list[Decision]:
    """Return one decision per event, in order. `context` is updated, so that earlier events of the batch affect later ones.

    A report with a pinned code is registered under this code, or, if a dispute with this code is registered already, joined to it on arrival. A report
    without a pinned code is joined by the rules for duplicates, or registered under a new code.
    """
    comparer = duplicates.BatchComparer(context.reports_by_token)
    return [_decide(checked, context, comparer) for checked in batch]


def _decide(checked, context, comparer):
    event = checked.event
    decision = Decision(event, checked.sha256, checked.content_hash, checked.data, checked.parties)
    entries = context.log_entries.setdefault((event.source, event.id), [])
    decision.duplicate_of = next((entry for entry in entries if entry.content_hash == checked.content_hash), None)
    if decision.duplicate_of is not None:
        return decision
    decision.stores_body = event.refusal is None or event.refusal["code"] != "too_large"
    if any(entry.is_accepted for entry in entries):
        decision.refusal = reason("other_content_under_used_id")
    elif checked.refusal is not None:
        decision.refusal = checked.refusal
    elif event.type in contracts.AGENCY_STATEMENTS:
        decision.stated_up_to = checked.data["up_to"]
        return decision
    elif event.type in contracts.ROSTER_STEP_NAMES:
        decision.organisation = event.subject
    else:
        _decide_step(decision, checked.comparable_report, context, comparer)
    # The log entry is added at once because a later event of the batch may duplicate this event.
    context.logged_count += 1
    decision.log_entry = LogEntry(context.log_head[0] + context.logged_count, decision.content_hash, decision.refusal is None)
    entries.append(decision.log_entry)
    corrections.remember_event(decision, context)
    if context.undoes_joins and decision.is_new_report:
        context.stored_reports.append(_report_of_batch(decision, context))
    return decision


def _report_of_batch(decision, context):
    """Return a report of this batch in the form of a stored report, so that a later event of the batch may undo its join."""
    dispute = decision.dispute if decision.registers_dispute else context.disputes.get(decision.report_code, decision.dispute.root)
    event = decision.event
    return StoredReport(decision.agency, event.subject, decision.seq, event.id, event.time, decision.registers_dispute, decision.registration, dispute)


def _decide_step(decision, report, context, comparer):
    event, agency = decision.event, decision.agency
    found = _find_dispute(event, agency, context)
    if found is None:
        decision.refusal = reason("unknown_dispute")
    elif event.type in joining.JOIN_STEPS:
        _decide_join(decision, found, context)
    else:
        decision.dispute, decision.pending_dispute = found.root, found.first_pending_dispute
        decision.is_new_report = decision.registers_dispute
        decision.uses_sealed_stream, decision.dispute.safeguard_lane_record = lane.apply_event(
            decision.dispute.safeguard_lane_record, agency, event.type, decision.data, decision.registers_dispute
        )
        decision.enters_safeguard_lane = lane.hold_opened_by_agency_event(event.type, decision.data) is not None
        decision.corrects = corrections.event_named_by(decision, context)
        if decision.is_new_report:
            decision.registration = _to_json_values(registration_facts(decision))
            duplicates_found = duplicates.Duplicates()
            if report is not None:
                decision.comparable_report, report.dispute = report, decision.dispute
                duplicates_found = comparer.find_duplicates(report)
            pinned_code = context.pinned_codes.get((agency, event.id))
            if pinned_code is None:
                joining.add_joins_and_proposals(decision, duplicates_found)
            else:
                joining.add_pinned_join_or_proposals(decision, pinned_code, duplicates_found, context.disputes)


def _decide_join(decision, found, context):
    decision.dispute = found
    if decision.event.type == "reports.joined":
        refusal_code = joining.join(decision, find_by_code(decision.agency, decision.data["into"], context, for_join=True))
        facts = {"field": "into"} if refusal_code == "unknown_dispute" else {}
    else:
        refusal_code = joining.undo_join(decision, decision.data["reported_by"], context.stored_reports)
        if decision.registers_dispute and (pinned_code := context.pinned_codes.get((decision.agency, decision.event.id))) is not None:
            decision.dispute.code = pinned_code
            context.disputes[pinned_code] = decision.dispute
        for report in decision.separated_reports:
            context.disputes_by_report[report.agency, report.report_no] = decision.dispute
        facts = {"agency": decision.data["reported_by"]} if refusal_code else {}
    if refusal_code is not None:
        decision.dispute, decision.refusal = None, reason(refusal_code, **facts)


def _find_dispute(event, agency, context):
    """Return the dispute named in the event's subject, or None. A dispute report with a new report number creates the dispute."""
    if codes.has_code_form(event.subject):
        return find_by_code(agency, event.subject, context, for_join=event.type in joining.JOIN_STEPS)
    found = context.disputes_by_report.get((agency, event.subject))
    if found is None and event.type == "dispute.reported":
        found = context.disputes_by_report[agency, event.subject] = Dispute(None, registering_event=event)
    return found


def find_by_code(agency: str, code: str, context: BatchContext, for_join: bool = False) -> Dispute | None:
    """Return the dispute with this code, or None if there is none or the agency may not see it.

    `for_join`: None also for a dispute reported into the safeguard lane, because such a dispute cannot be joined.
    """
    found = context.disputes.get(code)
    if found is None or not lane.may_see_code(found.root.safeguard_lane_record, agency):
        return None
    return None if for_join and found.safeguard_lane_record is not None and found.safeguard_lane_record.reported_in_lane else found


def _to_json_values(facts):
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in facts.items()}


def watermarks_of(decisions: Iterable[Decision], now: datetime) -> list[tuple[str, datetime | None, datetime | None]]:
    """Return up to which time the agencies have reported: rows (agency, newest time of an accepted event, newest time stated with agency.alive).

    Times ahead of the system time count as the system time. Steps on the sealed stream are left out: a watermark is visible to everybody, and must not
    advance because of an event that nobody outside the safeguard lane may notice.
    """
    reported, stated = {}, {}
    for decision in decisions:
        if decision.stated_up_to is not None:
            newest, time = stated, decision.stated_up_to
        elif decision.is_accepted and not decision.uses_sealed_stream:
            newest, time = reported, decision.event.time
        else:
            continue
        newest[decision.agency] = max(newest.get(decision.agency, time), time)
    newest_allowed = {agency: tuple(times.get(agency) and min(times[agency], now) for times in (reported, stated)) for agency in reported | stated}
    return [(agency, *times) for agency, times in sorted(newest_allowed.items())]


# ── outcomes, receipts and domain events ──────────────────────────────────────────────────────────────────────────────


def first_receipt(decision: Decision) -> tuple[str, dict]:
    """Return the type and data of the receipt for an accepted or refused event."""
    event = {"source": decision.event.source, "id": decision.event.id}
    if decision.refusal is not None:
        return "receipt.refused", {"event": event, "reason": decision.refusal}
    if decision.stated_up_to is not None:
        return "receipt.accepted", {"event": event, "up_to": decision.stated_up_to}
    subject = {"organisation": decision.organisation} if decision.organisation else {"dispute": decision.dispute.code}
    return "receipt.accepted", {"event": event, **subject, "log": {"seq": decision.seq, "sha256": decision.sha256}}


def is_outcome(event: Event) -> bool:
    """Return whether an event of the mediation service is the outcome of an agency's step or roster change."""
    return event.type in ROSTER_OUTCOMES or contracts.step_outcome(event.type, event.data) is not None


def outcome_receipt(outcome: Event) -> tuple[str, dict]:
    """Return the type and data of the receipt for a decision of the mediation service about a step or a roster change."""
    if outcome.type in ROSTER_OUTCOMES:
        data = {"event": outcome.data["event"], "organisation": outcome.subject}
        return ("receipt.applied", data) if outcome.type == "roster.changed" else ("receipt.rejected", {**data, "reason": outcome.data["reason"]})
    data = {"event": outcome.data["event"], "dispute": outcome.subject, "state": outcome.data["state"]}
    if contracts.step_outcome(outcome.type, outcome.data) == "applied":
        return "receipt.applied", data
    return "receipt.rejected", {**data, "reason": outcome.data["reason"]}


def domain_event_of(decision: Decision) -> tuple[str, dict]:
    """Return type and data of the domain event that passes an accepted event on to other services: codes, dates and amounts, no personal data."""
    event, agency = decision.event, decision.agency
    if decision.organisation:
        origin = {"event": {"source": event.source, "id": event.id}, "told_by": agency, "happened_at": event.time}
        return "roster.reported", {**decision.data, **origin}
    origin = {"event": {"source": event.source, "id": event.id}, "agency": agency, "happened_at": event.time}
    if decision.registers_dispute:
        report = decision.dispute.separated_report
        return "dispute.registered", {**origin, **registration_facts(decision)} if report is None else {**origin, "agency": report.agency, **report.facts}
    facts = contracts.dump_facts(event.type, decision.data) | _flags_for_ordinary_stream(decision.data)
    if corrections.corrected_facts(event.type, decision.data) is not None:
        facts["facts"] = corrections.published_facts(decision, facts["facts"], party_labels(decision.parties))
    return "step.reported", {**origin, "step": event.type, "facts": facts}


def domain_events_by_stream(decision: Decision) -> list[tuple[str | None, str, dict]]:
    """Return the domain events for an accepted event as (stream, event type, data). Stream None is the ordinary stream."""
    return lane.domain_events_by_stream(
        decision.uses_sealed_stream, decision.registers_dispute, contracts.safeguard.danger_flags(decision.data), domain_event_of(decision)
    )


def _flags_for_ordinary_stream(data) -> dict:
    """Return the flags that may be published on the ordinary stream.

    Of the risks, only `mass` (many people are affected) is published there: its publication endangers nobody.
    """
    return {"flags": sorted({*data.get("flags", ()), "mass"})} if (data.get("risk") or {}).get("mass") else {}


def registration_facts(decision: Decision) -> dict:
    """Return the data of a dispute report for the event dispute.registered, without personal data."""
    data, labels = decision.data, party_labels(decision.parties)
    facts = {name: data[name] for name in ("channel", "kind", "cause", "amount_cny", "wants", "standings", "flags") if data.get(name) is not None}
    return {**data["place"], **facts, **_flags_for_ordinary_stream(data), **({"party_labels": labels} if labels else {})}


def party_labels(parties: list[dict]) -> list[str]:
    """Return one label for each party, which gives the role but not the identity: `applicant`, `respondent`, `respondent-2` …"""
    counts = Counter()
    labels = []
    for party in parties:
        if party["role"] == "representative":
            continue
        counts[party["role"]] += 1
        labels.append(party["role"] if counts[party["role"]] == 1 else f"{party['role']}-{counts[party['role']]}")
    return labels
