"""What intake makes of what agencies say: facts in, decisions out. Pure."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from marshmallow import ValidationError

import contracts
from contracts import REASONS
from contracts.envelope import FUTURE_SECONDS
from plumbing.events import Event
from services.intake import codes, duplicates, identity, joining, lane
from services.intake.model import Dispute, ExtraEvent, StoredReport

FUTURE = timedelta(seconds=FUTURE_SECONDS)
ROSTER_OUTCOMES = ("roster.changed", "roster.refused")
STEP_OUTCOMES = ("step.applied", "step.refused")
OUTCOMES = (*STEP_OUTCOMES, *ROSTER_OUTCOMES)


@dataclass(slots=True)
class Logged:
    """An earlier event with the same source and id."""

    seq: int
    content: str
    accepted: bool


@dataclass(slots=True)
class Decision:
    """What becomes of one event. Exactly one of these: `refused`, `repeats`, or taken (with its dispute)."""

    event: Event
    sha256: str  # of the exact bytes
    content: str  # of what is said, in whatever bytes
    dispute: Dispute | None = None
    organisation: str | None = None  # of an event that is about a roster and about no dispute
    data: dict | None = None
    parties: list[dict] = field(default_factory=list)  # in clear, whichever way they came; they go no further than intake's own tables
    refused: dict | None = None
    repeats: Logged | None = None
    logged: Logged | None = None
    may_be_kept: bool = True  # the bytes of it
    is_sealed: bool = False  # passed on in the sealed voice
    introduces: bool = False  # a report under a number that its agency had not used: of a new dispute, or one that it joins
    report: duplicates.Report | None = None  # how it compares with others; None: it takes no part
    also: list[ExtraEvent] = field(default_factory=list)
    moved: list[tuple[StoredReport, Dispute, Dispute]] = field(default_factory=list)  # reports that stand under another code now: which, was, into
    repointed: Dispute | None = None  # whose `merged_into` changed
    taken_out: list[StoredReport] = field(default_factory=list)  # reports that get a new code

    @property
    def seq(self) -> int:
        """Its number in the log, or that of the entry it repeats."""
        return (self.repeats or self.logged).seq

    @property
    def agency(self) -> str:
        return agency_of(self.event)

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
    """What the store knows that matters to a batch."""

    logged: dict[tuple[str, str], list[Logged]] = field(default_factory=dict)
    reports: dict[tuple[str, str], Dispute] = field(default_factory=dict)
    disputes: dict[str, Dispute] = field(default_factory=dict)
    kept: list[StoredReport] = field(default_factory=list)  # the reports of disputes that a join or its undoing is about
    opened: dict[str, list[dict] | ValidationError | None] = field(default_factory=dict)  # by sealed box: the parties in it; None: it cannot be read


def reason(code: str, **facts) -> dict:
    """Why something is refused, as a receipt carries it; with the field, where one is to blame."""
    return REASONS[code].text(**facts) | ({"field": facts["field"]} if "field" in facts else {})


def agency_of(event: Event) -> str:
    return event.source.rsplit("/", 1)[-1]


def content_of(event: Event) -> str:
    """The same for the same thing said, whichever door and encoding it came by; `time` is left out, a sender may tell it anew."""
    return hashlib.sha256(json.dumps([event.type, event.subject, event.data], sort_keys=True).encode()).hexdigest()


def decide_all(batch: Iterable[Event], known: Known, now: datetime) -> list[Decision]:
    """One verdict per event, in order. `known` grows with what the batch itself registers."""
    return [_decide(event, known, now) for event in batch]


def _decide(event, known, now):
    sha256 = hashlib.sha256(event.delivery.body).hexdigest()
    verdict = Decision(event, sha256, sha256 if event.refusal is not None else content_of(event))
    before = known.logged.get((event.source, event.id), ())
    verdict.repeats = next((earlier for earlier in before if earlier.content == verdict.content), None)
    if verdict.repeats is not None:
        return verdict
    if any(earlier.accepted for earlier in before):
        return _enter(_refuse(verdict, "other_content_under_used_id"), known)
    if event.refusal is not None:
        verdict.refused = event.refusal
        verdict.may_be_kept = event.refusal["code"] != "too_large"
    elif event.discarded:
        _refuse(verdict, "discarded_by_operator")
    else:
        _take(verdict, known, now)
    return _enter(verdict, known)


def _enter(verdict, known):
    """A later event of the same batch may repeat this one; its number comes when it is logged."""
    verdict.logged = Logged(0, verdict.content, verdict.refused is None)
    known.logged.setdefault((verdict.event.source, verdict.event.id), []).append(verdict.logged)
    return verdict


def _take(verdict, known, now):
    event, agency = verdict.event, verdict.agency
    if event.type not in contracts.AGENCY_EVENTS:
        return _refuse(verdict, "unknown_type")
    if not contracts.AGENCIES[agency].is_active:
        return _refuse(verdict, "agency_not_active", agency=agency)
    if not contracts.may_say(agency, event.type):
        return _refuse(verdict, "not_yours_to_say", agency=agency, step=event.type)
    if event.time > now + FUTURE:
        return _refuse(verdict, "in_the_future")
    try:
        verdict.data = contracts.heard(event.type, event.data)
    except ValidationError as error:
        if "parties" in event.data and "parties_sealed" in event.data:
            return _refuse(verdict, "parties_both_ways")
        mistake = contracts.mistakes_in(error)[0]
        return _refuse(verdict, "malformed_data", field=mistake.field, mistake=mistake.token)
    for assigned in contracts.assigned(event.type, verdict.data):
        if not contracts.AGENCIES[assigned].is_active:
            return _refuse(verdict, "agency_not_active", agency=assigned)
    if event.type in contracts.ABOUT_THE_ROSTER:
        if verdict.data["organisation"] != event.subject:
            return _refuse(verdict, "malformed_data", field="organisation", mistake="invalid")
        verdict.organisation = event.subject
        return verdict
    if _read_parties(verdict, known).refused is not None:
        return verdict
    verdict.dispute = _find(event, agency, known)
    if verdict.dispute is None:
        return _refuse(verdict, "unknown_dispute")
    if event.type in JOINING:
        return _join(verdict, known)
    verdict.dispute, verdict.introduces = verdict.dispute.root, verdict.registers
    verdict.is_sealed, verdict.dispute.seal = lane.sealed(verdict.dispute.seal, agency, event.type, verdict.data, verdict.registers)
    return verdict


JOINING = ("reports.joined", "reports.unjoined")  # about codes as they are, not about the dispute that they stand for


def _join(verdict, known):
    if verdict.event.type == "reports.joined":
        why = joining.join(verdict, found_by(verdict.agency, verdict.data["into"], known, joins=True), known.kept)
        facts = {"field": "into"} if why == "unknown_dispute" else {}
    else:
        why = joining.unjoin(verdict, verdict.data["reported_by"], known.kept)
        facts = {"agency": verdict.data["reported_by"]} if why else {}
    if why is None:
        return verdict
    verdict.dispute = None
    return _refuse(verdict, why, **facts)


def sealed_in(batch: Iterable[Event]) -> list[str]:
    """The boxes of sealed parties that have to be opened before a batch can be decided."""
    told = [event.data.get("parties_sealed") for event in batch if event.type == "dispute.reported" and event.refusal is None]
    return list(dict.fromkeys(sealed for sealed in told if isinstance(sealed, str)))


def _read_parties(verdict, known):
    sealed = verdict.data.get("parties_sealed")
    found = known.opened[sealed] if sealed else verdict.data.get("parties") or []
    if found is None:
        return _refuse(verdict, "unreadable_parties")
    if isinstance(found, ValidationError):
        mistake = contracts.mistakes_in(found)[0]
        return _refuse(verdict, "malformed_data", field=mistake.field.replace("parties", "parties_sealed", 1), mistake=mistake.token)
    verdict.parties = found
    return verdict


def _find(event, agency, known):
    """The dispute that an event is about; a report of an unknown one registers it."""
    if codes.looks_like_one(event.subject):
        return found_by(agency, event.subject, known, joins=event.type in JOINING)
    found = known.reports.get((agency, event.subject))
    if found is None and event.type == "dispute.reported":
        found = known.reports[agency, event.subject] = Dispute(None, registered_by=event)
    return found


def found_by(agency: str, code: str, known: Known, joins: bool = False) -> Dispute | None:
    """The dispute with this code, as far as this agency may know that there is one. What was born in the lane is joined with nothing."""
    found = known.disputes.get(code)
    if found is None or not lane.may_know(found.root.seal, agency):
        return None
    return None if joins and found.seal is not None and found.seal.born else found


def _refuse(verdict, code, **facts):
    verdict.refused = reason(code, **facts)
    return verdict


# ── what follows from a verdict ───────────────────────────────────────────────────────────────────────────────────────────


def first_receipt(verdict: Decision) -> tuple[str, dict]:
    """The type and data of the receipt that answers an event."""
    event = {"source": verdict.event.source, "id": verdict.event.id}
    if verdict.refused is not None:
        return "receipt.refused", {"event": event, "reason": verdict.refused}
    about = {"organisation": verdict.organisation} if verdict.organisation else {"dispute": verdict.dispute.code}
    return "receipt.accepted", {"event": event, **about, "log": {"seq": verdict.seq, "sha256": verdict.sha256}}


def outcome_receipt(outcome: Event) -> tuple[str, dict]:
    """The type and data of the receipt that says what mediation made of a step."""
    if outcome.type in ROSTER_OUTCOMES:
        data = {"event": outcome.data["event"], "organisation": outcome.subject}
        return ("receipt.applied", data) if outcome.type == "roster.changed" else ("receipt.rejected", {**data, "reason": outcome.data["reason"]})
    data = {"event": outcome.data["event"], "dispute": outcome.subject, "state": outcome.data["state"]}
    if outcome.type == "step.applied":
        return "receipt.applied", data
    return "receipt.rejected", {**data, "reason": outcome.data["reason"]}


def fact_of(verdict: Decision) -> tuple[str, dict]:
    """The domain event that passes a step on: codes, dates and sums only."""
    event, agency = verdict.event, verdict.agency
    if verdict.organisation:
        whose = {"event": {"source": event.source, "id": event.id}, "told_by": agency, "happened_at": event.time}
        return "roster.reported", {**verdict.data, **whose}
    told = {"event": {"source": event.source, "id": event.id}, "agency": agency, "happened_at": event.time}
    if verdict.registers:
        again = verdict.dispute.again_for
        return "dispute.registered", {**told, **registration(verdict)} if again is None else {**told, "agency": again.agency, **again.facts}
    return "step.reported", {**told, "step": event.type, "facts": contracts.facts_of(event.type, verdict.data) | _seen_by_all(verdict.data)}


def opens_a_seal(verdict: Decision) -> bool:
    return lane.opens(verdict.event.type, verdict.data) is not None


def facts_of(verdict: Decision) -> list[tuple[str | None, str, dict]]:
    """Everything that is said about a taken event: (voice, type, data). The ordinary voice is None."""
    return lane.voices(verdict.is_sealed, verdict.registers, contracts.safeguard.in_danger(verdict.data), fact_of(verdict))


def _seen_by_all(data) -> dict:
    """Of the risks only this one may be known inside: it endangers nobody to know that many people are concerned."""
    return {"flags": sorted({*data.get("flags", ()), "mass"})} if (data.get("risk") or {}).get("mass") else {}


def registration(verdict: Decision) -> dict:
    """What a report tells that is about nobody."""
    data, labels = verdict.data, party_labels(verdict.parties)
    about = {name: data[name] for name in ("channel", "kind", "cause", "amount_cny", "wants", "standings", "flags") if data.get(name) is not None}
    return {**data["place"], **about, **_seen_by_all(data), **({"party_labels": labels} if labels else {})}


def prepare(verdicts: list[Decision], key: bytes) -> list[duplicates.Report]:
    """Makes the new reports comparable; gives those that are to be compared. The parties become tokens under `key`."""
    for verdict in verdicts:
        if verdict.introduces and duplicates.takes_part(verdict.data["risk"], contracts.safeguard.DANGERS):
            data, place = verdict.data, verdict.data["place"]
            persons = identity.persons_in(verdict.parties, place.get("village"), key)
            report = duplicates.Report(
                verdict.agency, verdict.event.time, place["township"], data["kind"], persons, place.get("village"), data.get("cause"), data.get("amount_cny"),
                verdict.dispute,
            )  # fmt: skip
            verdict.report = report if duplicates.is_telling(report) else None
    return [verdict.report for verdict in verdicts if verdict.report is not None]


def party_labels(parties) -> list[str]:
    """Which parties there are, never who: `applicant`, `respondent`, `respondent-2` …"""
    counts = Counter()
    labels = []
    for party in parties:
        if party["role"] == "representative":
            continue
        counts[party["role"]] += 1
        labels.append(party["role"] if counts[party["role"]] == 1 else f"{party['role']}-{counts[party['role']]}")
    return labels
