"""What intake makes of what agencies say: facts in, decisions out. Pure.

`check` looks at one event by itself; `decide_all` at a batch, beside what the tables hold.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from decimal import Decimal

from marshmallow import ValidationError

import contracts
from contracts.envelope import FUTURE_SECONDS
from plumbing.events import Event
from services.intake import codes, decrypt_parties, duplicates, identity, joining, lane
from services.intake.decrypt_parties import UnreadableParties
from services.intake.model import Checked, Decision, Dispute, Known, Logged, Report
from services.intake.reasons import reason

FUTURE = timedelta(seconds=FUTURE_SECONDS)
ROSTER_OUTCOMES = ("roster.changed", "roster.refused")
STEP_OUTCOMES = ("step.applied", "step.refused")
OUTCOMES = (*STEP_OUTCOMES, *ROSTER_OUTCOMES)


def content_of(event: Event) -> str:
    """The same for the same thing said, whichever door and encoding it came by; `time` is left out, a sender may tell it anew."""
    return hashlib.sha256(json.dumps([event.type, event.subject, event.data], sort_keys=True).encode()).hexdigest()


# ── an event by itself ────────────────────────────────────────────────────────────────────────────────────────────────────


def check(event: Event, now: datetime, private_key: bytes, token_key: bytes) -> Checked:
    """What can be said of an event without knowing anything else: its data and parties, or why it cannot be taken.

    `private_key` opens parties that the agency sealed; under `token_key` parties become tokens.
    """
    sha256 = hashlib.sha256(event.delivery.body).hexdigest()
    checked = Checked(event, sha256, sha256 if event.refusal is not None else content_of(event))
    checked.objection = event.refusal or (reason("discarded_by_operator") if event.discarded else _objection(checked, now, private_key))
    if checked.objection is None and event.type == "dispute.reported" and not codes.looks_like_one(event.subject):
        checked.report = _comparable(checked, token_key)
    return checked


def _objection(checked, now, private_key) -> dict | None:
    event, agency = checked.event, checked.agency
    if event.type not in contracts.AGENCY_EVENTS:
        return reason("unknown_type")
    if not contracts.AGENCIES[agency].is_active:
        return reason("agency_not_active", agency=agency)
    if not contracts.may_say(agency, event.type):
        return reason("not_yours_to_say", agency=agency, step=event.type)
    if event.time > now + FUTURE:
        return reason("in_the_future")
    try:
        checked.data = contracts.load(event.type, event.data)
    except ValidationError as error:
        if "parties" in event.data and "parties_sealed" in event.data:
            return reason("parties_both_ways")
        mistake = contracts.mistakes_in(error)[0]
        return reason("malformed_data", field=mistake.field, mistake=mistake.token)
    for assigned in contracts.assigned(event.type, checked.data):
        if not contracts.AGENCIES[assigned].is_active:
            return reason("agency_not_active", agency=assigned)
    if event.type in contracts.ABOUT_THE_ROSTER:
        return None if checked.data["organisation"] == event.subject else reason("malformed_data", field="organisation", mistake="invalid")
    return _read_parties(checked, private_key)


def _read_parties(checked, private_key) -> dict | None:
    sealed = checked.data.get("parties_sealed")
    if not sealed:
        checked.parties = checked.data.get("parties") or []
        return None
    try:
        checked.parties = decrypt_parties.decrypt(sealed, private_key)
        return None
    except UnreadableParties:
        return reason("unreadable_parties")
    except ValidationError as error:
        mistake = contracts.mistakes_in(error)[0]
        return reason("malformed_data", field=mistake.field.replace("parties", "parties_sealed", 1), mistake=mistake.token)


def _comparable(checked, token_key) -> Report | None:
    """The report as it compares with others, if it takes part in that."""
    data, place = checked.data, checked.data["place"]
    if not duplicates.takes_part(data["risk"], contracts.safeguard.DANGERS):
        return None
    persons = identity.persons_in(checked.parties, place.get("village"), token_key)
    report = Report(
        checked.agency, checked.event.time, place["township"], data["kind"], persons, place.get("village"), data.get("cause"), data.get("amount_cny")
    )
    return report if duplicates.is_telling(report) else None


# ── what has to be known ──────────────────────────────────────────────────────────────────────────────────────────────────


def codes_named(batch: Iterable[Checked]) -> set[str]:
    """The codes of disputes that these events are about, or want to join something to."""
    named = {checked.event.subject for checked in batch} | {
        checked.data["into"] for checked in batch if checked.event.type == "reports.joined" and checked.data
    }
    return {code for code in named if codes.looks_like_one(code)}


def takes_reports_apart(batch: Iterable[Checked]) -> bool:
    """Whether one of these events undoes a join."""
    return any(checked.event.type == "reports.unjoined" for checked in batch)


# ── a batch ───────────────────────────────────────────────────────────────────────────────────────────────────────────────


def decide_all(batch: Iterable[Checked], known: Known) -> list[Decision]:
    """One decision per event, in order."""
    comparing = duplicates.Comparing(known.similar)
    return [_decide(checked, known, comparing) for checked in batch]


def _decide(checked, known, comparing):
    event = checked.event
    decision = Decision(event, checked.sha256, checked.content, checked.data, checked.parties)
    before = known.logged.setdefault((event.source, event.id), [])
    decision.repeats = next((earlier for earlier in before if earlier.content == checked.content), None)
    if decision.repeats is not None:
        return decision
    decision.may_be_kept = event.refusal is None or event.refusal["code"] != "too_large"
    if any(earlier.accepted for earlier in before):
        decision.refused = reason("other_content_under_used_id")
    elif checked.objection is not None:
        decision.refused = checked.objection
    elif event.type in contracts.ABOUT_THE_ROSTER:
        decision.organisation = event.subject
    else:
        _take(decision, checked.report, known, comparing)
    # A later event of the same batch may repeat this one; its number comes when it is logged.
    decision.logged = Logged(0, decision.content, decision.refused is None)
    before.append(decision.logged)
    return decision


def _take(decision, report, known, comparing):
    event, agency = decision.event, decision.agency
    found = _find(event, agency, known)
    if found is None:
        decision.refused = reason("unknown_dispute")
    elif event.type in joining.STEPS:
        _join(decision, found, known)
    else:
        decision.dispute, decision.waits_at = found.root, found.in_question
        decision.introduces = decision.registers
        decision.is_sealed, decision.dispute.seal = lane.sealed(decision.dispute.seal, agency, event.type, decision.data, decision.registers)
        decision.opens_a_seal = lane.opens(event.type, decision.data) is not None
        if decision.introduces:
            decision.registration = _in_json(registration(decision))
            if report is not None:
                decision.report, report.dispute = report, decision.dispute
                joining.by_rule(decision, comparing.judge(report))


def _join(decision, found, known):
    decision.dispute = found
    if decision.event.type == "reports.joined":
        why = joining.join(decision, find_by_code(decision.agency, decision.data["into"], known, joins=True))
        facts = {"field": "into"} if why == "unknown_dispute" else {}
    else:
        why = joining.unjoin(decision, decision.data["reported_by"], known.stored)
        facts = {"agency": decision.data["reported_by"]} if why else {}
    if why is not None:
        decision.dispute, decision.refused = None, reason(why, **facts)


def _find(event, agency, known):
    """The dispute that an event is about; a report of an unknown one registers it."""
    if codes.looks_like_one(event.subject):
        return find_by_code(agency, event.subject, known, joins=event.type in joining.STEPS)
    found = known.reports.get((agency, event.subject))
    if found is None and event.type == "dispute.reported":
        found = known.reports[agency, event.subject] = Dispute(None, registered_by=event)
    return found


def find_by_code(agency: str, code: str, known: Known, joins: bool = False) -> Dispute | None:
    """The dispute with this code, as far as this agency may know that there is one. What was reported into the lane is joined with nothing."""
    found = known.disputes.get(code)
    if found is None or not lane.may_know(found.root.seal, agency):
        return None
    return None if joins and found.seal is not None and found.seal.reported_in_lane else found


def _in_json(facts):
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in facts.items()}


# ── what follows from a decision ──────────────────────────────────────────────────────────────────────────────────────────


def first_receipt(decision: Decision) -> tuple[str, dict]:
    """The type and data of the receipt that answers an event."""
    event = {"source": decision.event.source, "id": decision.event.id}
    if decision.refused is not None:
        return "receipt.refused", {"event": event, "reason": decision.refused}
    about = {"organisation": decision.organisation} if decision.organisation else {"dispute": decision.dispute.code}
    return "receipt.accepted", {"event": event, **about, "log": {"seq": decision.seq, "sha256": decision.sha256}}


def outcome_receipt(outcome: Event) -> tuple[str, dict]:
    """The type and data of the receipt that says what mediation made of a step."""
    if outcome.type in ROSTER_OUTCOMES:
        data = {"event": outcome.data["event"], "organisation": outcome.subject}
        return ("receipt.applied", data) if outcome.type == "roster.changed" else ("receipt.rejected", {**data, "reason": outcome.data["reason"]})
    data = {"event": outcome.data["event"], "dispute": outcome.subject, "state": outcome.data["state"]}
    if outcome.type == "step.applied":
        return "receipt.applied", data
    return "receipt.rejected", {**data, "reason": outcome.data["reason"]}


def fact_of(decision: Decision) -> tuple[str, dict]:
    """The domain event that passes a step on: codes, dates and sums only."""
    event, agency = decision.event, decision.agency
    if decision.organisation:
        whose = {"event": {"source": event.source, "id": event.id}, "told_by": agency, "happened_at": event.time}
        return "roster.reported", {**decision.data, **whose}
    told = {"event": {"source": event.source, "id": event.id}, "agency": agency, "happened_at": event.time}
    if decision.registers:
        again = decision.dispute.again_for
        return "dispute.registered", {**told, **registration(decision)} if again is None else {**told, "agency": again.agency, **again.facts}
    return "step.reported", {**told, "step": event.type, "facts": contracts.dump_facts(event.type, decision.data) | _seen_by_all(decision.data)}


def facts_of(decision: Decision) -> list[tuple[str | None, str, dict]]:
    """Everything that is said about a taken event: (voice, type, data). The ordinary voice is None."""
    return lane.streams(decision.is_sealed, decision.registers, contracts.safeguard.in_danger(decision.data), fact_of(decision))


def _seen_by_all(data) -> dict:
    """Of the risks only this one may be known inside: it endangers nobody to know that many people are concerned."""
    return {"flags": sorted({*data.get("flags", ()), "mass"})} if (data.get("risk") or {}).get("mass") else {}


def registration(decision: Decision) -> dict:
    """What a report tells that is about nobody."""
    data, labels = decision.data, party_labels(decision.parties)
    about = {name: data[name] for name in ("channel", "kind", "cause", "amount_cny", "wants", "standings", "flags") if data.get(name) is not None}
    return {**data["place"], **about, **_seen_by_all(data), **({"party_labels": labels} if labels else {})}


def party_labels(parties: list[dict]) -> list[str]:
    """Which parties there are, never who: `applicant`, `respondent`, `respondent-2` …"""
    counts = Counter()
    labels = []
    for party in parties:
        if party["role"] == "representative":
            continue
        counts[party["role"]] += 1
        labels.append(party["role"] if counts[party["role"]] == 1 else f"{party['role']}-{counts[party['role']]}")
    return labels
