"""Checks of the reliability drill: was every event processed exactly once and in order?

The checks compare the producers' records, the copy of the published events (see `capture`) and the services' tables; they change nothing.
The expected results of an event are computed from the full event, with the service's own functions where these exist.
The checks run after the system has finished its work (see `quiescence`); an event that has not arrived by then counts as lost.
"""

import re
import sys
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

from contracts import step_outcome
from contracts.channels import INBOXES_EXCHANGE, STREAMS, SUBSCRIPTIONS, exchange_of, is_sealed, service_of
from drills import capture, ledger
from drills.workload import AGENCY_GROUPS
from plumbing import events
from plumbing.events import Delivery, Event
from services.intake.store import log
from services.mediation.lifecycle import decisions as mediation
from services.metrics import domain as metrics
from services.metrics import recount_store
from services.metrics import store as metrics_store
from services.notify import safeguard
from services.notify.ledger import record as notices_following

QueryRows = Callable[..., list[tuple]]  # arguments (sql, *parameters); returns rows, queried as the database's administrator
RECEIPT_ID = re.compile(r"receipt/(\d+)/(first|outcome)")
RECEIPT_OF_OUTCOME = {"applied": "receipt.applied", "refused": "receipt.rejected"}
TABLES_OF_DISPUTES = {  # table with rows about disputes → table that must have a row for each of these disputes
    "intake.reports": "intake.disputes",
    "intake.parties": "intake.disputes",
    "mediation.transitions": "mediation.disputes",
    "mediation.deadlines": "mediation.disputes",
    "mediation.holds": "mediation.disputes",
    "metrics.deadlines": "metrics.disputes",
    "metrics.timeline": "metrics.disputes",
    "metrics.daily_disputes": "metrics.disputes",
}
SELECT_DISCARDED_EVENTS = """
select source, subject, event_id from
  (select distinct on (source, subject, event_id) source, subject, event_id, action from notify.parked_actions where action <> 'read'
    order by source, subject, event_id, id desc) last_action
 where action = 'discard'
"""


class Attempt(NamedTuple):
    """An event that a producer tried to send. `expected`: see `workload.Step`."""

    agency: str
    type: str
    subject: str
    expected: str | None


class ReceivedMessage(NamedTuple):
    """A receipt or notice that a producer received. `event`: id of the agency event that it answers; `dispute`: the dispute's code in it."""

    agency: str
    event: str | None
    dispute: str | None


@dataclass
class ProducerRecords:
    """Contents of the producers' ledgers: events that they tried to send, acknowledgements, and the receipts and notices that they received."""

    attempts: dict[str, Attempt] = field(default_factory=dict)  # by event id
    acknowledged_ids: set[str] = field(default_factory=set)  # ids of the acknowledged events
    received_messages: dict[str, ReceivedMessage] = field(default_factory=dict)  # by id of the receipt or notice

    @classmethod
    def from_ledgers(cls, folder: Path) -> "ProducerRecords":
        records = cls()
        records.add_new_entries(ledger.LedgerReader(folder))
        return records

    def add_new_entries(self, reader: ledger.LedgerReader) -> None:
        """Add the entries that were written since the reader's last call. Equal texts are stored once, because a long drill has a million entries."""
        for entry in reader.read_new_entries():
            if entry["do"] == "attempt":
                self.attempts[sys.intern(entry["id"])] = Attempt(*map(_intern, (entry["agency"], entry["type"], entry["subject"], entry["expected"])))
            elif entry["do"] == "acknowledged":
                self.acknowledged_ids.add(sys.intern(entry["id"]))
            elif entry["do"] == "received":
                self.received_messages[entry["receipt"]] = ReceivedMessage(*map(_intern, (entry["agency"], entry["event"], entry["dispute"])))


@dataclass
class Figures:
    """Counts of one drill's events, with the names that the test framework Jepsen uses.

    `findings`: for each kind of finding (lost, duplicated, disordered, unexpected), one line per finding: "check: subject". A clean drill has none.
    The attribute of each kind, for example `figures.lost`, returns the number of its findings.
    """

    attempt: int = 0
    acknowledged: int = 0
    applied: int = 0
    rejected: int = 0
    refused: int = 0
    parked: int = 0
    recovered: int = 0  # events that intake logged although the producer never got an acknowledgement
    notices: int = 0  # number of ordinary notices due because of the published events
    sealed_notices: int = 0  # number of notices due because of events on the sealed streams
    findings: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in ("lost", "duplicated", "disordered", "unexpected")})

    def __getattr__(self, kind):
        try:
            return len(self.findings[kind])
        except KeyError:
            raise AttributeError(kind) from None

    @property
    def is_clean(self) -> bool:
        return not any(self.findings.values())


class DueNotice(NamedTuple):
    """A notice that is due. `stored_key` and `inbox_key`: the notice as notify's tables store it, and as notify publishes it (see `_comparison_key`).

    A sealed notice is stored with the event's type instead of the notice's type.
    """

    stored_key: str
    inbox_key: str
    is_sealed: bool


class Evidence:
    """Input of the checks: the producers' records and the contents of the services' tables.

    Tables with one row or few rows per agency event are read once, on first use, without the bodies of events, so that the memory per agency event is
    small. The published events in full are read again by each check, for some hundred disputes at a time.
    """

    def __init__(self, query_rows: QueryRows, records: ProducerRecords):
        self.query_rows, self.records = query_rows, records

    @cached_property
    def log_entries(self) -> dict[str, list[tuple]]:
        """Entries of intake's log by event: event id → list of (seq, agency, dispute, refused_for)."""
        entries = defaultdict(list)
        for seq, agency, event_id, dispute, refused in self.query_rows("select seq, agency, event_id, dispute, refused_for from intake.log order by seq"):
            entries[sys.intern(event_id)].append((seq, sys.intern(agency), dispute, refused))
        return entries

    @cached_property
    def receipts_by_entry(self) -> dict[int, dict[str, tuple]]:
        """Receipts in intake's table: seq of the log entry → "first" or "outcome" → (receipt type, agency, position among the agency's receipts)."""
        receipts = defaultdict(dict)
        for receipt, agency, position, receipt_type in self.query_rows(
            "select id, agency, position, convert_from(body, 'UTF8')::json ->> 'type' from intake.receipts"
        ):
            seq, which = RECEIPT_ID.fullmatch(receipt).groups()
            receipts[int(seq)][sys.intern(which)] = (sys.intern(receipt_type), sys.intern(agency), position)
        return receipts

    @cached_property
    def parked_events(self) -> dict[tuple, tuple]:
        """Parked events of all services: (service, source, subject) → (event id, status)."""
        return {
            (service, source, subject): (event_id, status)
            for service in SUBSCRIPTIONS
            for source, subject, event_id, status in self.query_rows(f"select source, subject, event_id, status from {service}.parked")
        }

    def load_timelines(self, source: str, codes: list[str]) -> dict[str, list[tuple]]:
        """Return the timelines of these disputes in the read model: dispute code → list of (sequence, event type) of this source, in order."""
        timelines = defaultdict(list)
        for code, sequence, event_type in self.query_rows(
            "select code, sequence, type from metrics.timeline where source = %s and code = any(%s) order by code, sequence", source, codes
        ):
            timelines[code].append((sequence, event_type))
        return timelines

    @cached_property
    def transitions_by_dispute(self) -> dict[str, list[tuple]]:
        """Transitions in mediation's table: dispute code → list of (state before, state after, step number, causing event, event type), in order."""
        transitions = defaultdict(list)
        for code, step, before, after, cause, event_type in self.query_rows(
            "select code, step, before, after, cause, event_type from mediation.transitions order by code, step"
        ):
            transitions[code].append((before, after, step, cause, event_type))
        return transitions

    @cached_property
    def recounted_read_model(self) -> tuple[list[tuple[str, int, int]], list[str]]:
        """(name, stored, recounted) of each count of the read model, recounted from its timelines, and a line for each row that differs from its history."""
        return recount_store.recount_all(SimpleNamespace(rows=lambda sql, parameters=(): self.query_rows(sql, *parameters)))

    @cached_property
    def dispute_states(self) -> dict[str, str]:
        return dict(self.query_rows("select code, state from mediation.disputes"))

    @cached_property
    def codes_with_unpublished_events(self) -> set[str]:
        """Codes of the disputes that the read model does not count, because a safeguard hold keeps some of their events from the ordinary streams."""
        rows = self.query_rows(
            "select code from mediation.holds where reported_in_lane or pending_events <> '[]' union select code from intake.lane_records where reported_in_lane"
        )
        return {code for (code,) in rows}

    @cached_property
    def last_published_sequences(self) -> dict[str, dict[str, int]]:
        """Sequence number of the last published event: stream → subject → sequence number."""
        return {
            stream: dict(self.query_rows(f"select subject, last_sequence from {service_of(stream)}.spoken where source = %s", stream)) for stream in STREAMS
        }

    def published_events(self, stream: str) -> Iterator[Event]:
        """Yield all events published on the stream in full, sorted by sequence within each subject."""
        for events_by_stream in self.published_events_by_stream(stream):
            yield from events_by_stream[stream]

    def published_events_by_stream(self, *streams: str) -> Iterator[dict[str, list[Event]]]:
        """Yield all events published on these streams, for some hundred subjects at a time: stream → list of events sorted by subject and sequence."""
        for bodies in capture.read_bodies(self.query_rows, [exchange_of(stream) for stream in streams]):
            yield {
                stream: sorted((events.read(Delivery(body)) for body in bodies[exchange_of(stream)]), key=attrgetter("subject", "sequence"))
                for stream in streams
            }

    def published_events_by_subject(self, stream: str) -> Iterator[tuple[str, list[Event]]]:
        """Yield each subject with the events published on the stream about it, sorted by sequence."""
        for subject, events_about_subject in groupby(self.published_events(stream), key=attrgetter("subject")):
            yield subject, list(events_about_subject)

    @cached_property
    def due_notices(self) -> list["DueNotice"]:
        """Notices that are due because of the published events, computed by the notify service's own functions."""
        return [
            DueNotice(
                _comparison_key(notice.id, notice.event.type if is_sealed(stream) else notice.kind, notice.dispute, notice.to),
                _comparison_key(notice.id, notice.kind, notice.dispute, notice.to),
                is_sealed(stream),
            )
            for stream in SUBSCRIPTIONS["notify"]
            for _, events_about_subject in self.published_events_by_subject(stream)
            for notice in _notices_of_subject(stream, [event for event in events_about_subject if not _is_unprocessed_by_notify(self, event)])
        ]

    @cached_property
    def inbox_messages(self) -> list[capture.InboxMessage]:
        """Messages that the notify service published to the agencies' inboxes."""
        return capture.read_inbox_messages(self.query_rows, "notify", INBOXES_EXCHANGE)

    @cached_property
    def notify_positions(self) -> dict[tuple, int]:
        """Sequence number of the last event that the notify service has processed: (source, subject) → sequence number."""
        return {(source, subject): last for source, subject, last in self.query_rows("select source, subject, last_sequence from notify.heard")}

    @cached_property
    def events_discarded_at_notify(self) -> set[tuple]:
        """Parked events of the notify service that an operator discarded, each as (source, subject, event id)."""
        return set(self.query_rows(SELECT_DISCARDED_EVENTS))

    def log_entry(self, event_id: str) -> tuple | None:
        """Return the event's entry in intake's log, or None; of several entries the first accepted one."""
        entries = self.log_entries.get(event_id, ())
        return next((entry for entry in entries if entry[3] is None), entries[0] if entries else None)

    def is_parked(self, event_id: str) -> bool:
        """Return whether this event or any event of its dispute is parked at a service and therefore waits for an operator."""
        entry, attempt = self.log_entry(event_id), self.records.attempts.get(event_id)
        if entry is None:
            return attempt is not None and ("intake", f"/agencies/{attempt.agency}", attempt.subject) in self.parked_events
        return any(subject == entry[2] for _, _, subject in self.parked_events)


# ── lost ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def events_acknowledged_but_not_logged(evidence: Evidence):
    return (event for event in evidence.records.acknowledged_ids if evidence.log_entry(event) is None and not evidence.is_parked(event))


def events_accepted_without_outcome_receipt(evidence: Evidence):
    for event, entries in evidence.log_entries.items():
        for seq, _, _, refused in entries:
            if refused is None and "outcome" not in evidence.receipts_by_entry[seq] and not evidence.is_parked(event):
                yield event


def events_logged_without_first_receipt(evidence: Evidence):
    return (event for event, entries in evidence.log_entries.items() for seq, *_ in entries if "first" not in evidence.receipts_by_entry[seq])


def events_published_but_not_processed(evidence: Evidence):
    """Yield each subject of which a consuming service has processed fewer events than were published."""
    for listener, streams in SUBSCRIPTIONS.items():
        for stream in streams:
            processed = dict(evidence.query_rows(f"select subject, last_sequence from {listener}.heard where source = %s", stream))
            for subject, last in evidence.last_published_sequences[stream].items():
                if processed.get(subject, 0) < last and (listener, stream, subject) not in evidence.parked_events:
                    yield f"{listener} processed {processed.get(subject, 0)} of {last} from {stream} about {subject}"


def events_left_in_outbox(evidence: Evidence):
    return (f"{service} {event}" for service in SUBSCRIPTIONS for (event,) in evidence.query_rows(f"select message_id from {service}.outbox limit 100"))


def undelivered_receipts(evidence: Evidence):
    """Yield each receipt in intake's table that a simulated agency should have received and has not."""
    agencies = {attempt.agency for attempt in evidence.records.attempts.values()}
    for seq, receipts in evidence.receipts_by_entry.items():
        for which, (_, agency, _) in receipts.items():
            if agency in agencies and f"receipt/{seq}/{which}" not in evidence.records.received_messages:
                yield f"receipt/{seq}/{which} to {agency}"


def missing_notices(evidence: Evidence):
    return _due_notice_keys(evidence) - _stored_notice_keys(evidence)


def notices_not_sent_to_inbox(evidence: Evidence):
    return _due_inbox_message_keys(evidence) - set(_sent_inbox_message_keys(evidence))


def undelivered_notices(evidence: Evidence):
    """Yield each notice that was sent to an inbox which a producer reads, and that the producer has not received."""
    readers = agencies_with_inbox_reader(evidence.records)
    return (message.event_id for message in evidence.inbox_messages if message.agency in readers and message.event_id not in evidence.records.received_messages)


def read_model_figures_too_low(evidence: Evidence):
    return (f"{name}: {shown} instead of {counted}" for name, shown, counted in _compare_figures(evidence) if shown < counted)


# ── duplicated ────────────────────────────────────────────────────────────────────────────────────────────────────────


def events_logged_twice(evidence: Evidence):
    return (event for event, entries in evidence.log_entries.items() if len(entries) > 1)


def agency_events_published_twice(evidence: Evidence):
    """Yield each agency event for which intake published two domain events of the same type on the same stream."""
    return _repeated_values(
        f"{stream} {event.type} {cause}"
        for stream in _streams_of_service("intake")
        for event in evidence.published_events(stream)
        for cause in _causing_agency_event(event)
    )


def agency_events_decided_twice(evidence: Evidence):
    """Yield each agency event for which mediation published two decisions on the same stream.

    A decision on the safeguard stream is published again on the ordinary stream after the hold has ended; this does not count as a repeat.
    """
    decisions = (event for stream in _streams_of_service("mediation") for event in evidence.published_events(stream) if step_outcome(event.type, event.data))
    return _repeated_values(f"{event.source} {cause}" for event in decisions for cause in _causing_agency_event(event))


def transitions_with_same_cause(evidence: Evidence):
    """Yield each event that caused more than one transition. Transitions caused by a deadline have no causing event and are not compared."""
    return _repeated_values(cause for steps in evidence.transitions_by_dispute.values() for _, _, _, cause, _ in steps if cause is not None)


def duplicate_receipts(evidence: Evidence):
    """Yield each event with two first receipts or two outcome receipts, in intake's table or among the receipts that an agency received."""
    for agency, event, which, count in evidence.query_rows(
        "select agency, convert_from(body, 'UTF8')::json ->> 'causationid', split_part(id, '/', 3), count(*) from intake.receipts"
        " group by 1, 2, 3 having count(*) > 1"
    ):
        yield f"{agency} {event}: {count} × {which}"
    received = Counter(
        (message.agency, message.event, RECEIPT_ID.fullmatch(receipt)[2])
        for receipt, message in evidence.records.received_messages.items()
        if RECEIPT_ID.fullmatch(receipt)
    )
    yield from (f"{agency} received {count} × {which} of {event}" for (agency, event, which), count in received.items() if count > 1)


def codes_without_exactly_one_report(evidence: Evidence):
    """Yield each dispute code that does not belong to exactly one report number. In the drill no two report numbers are about the same dispute."""
    return (
        code for (code,) in evidence.query_rows("select code from intake.disputes d where (select count(*) from intake.reports r where r.code = d.code) <> 1")
    )


def reports_with_two_codes(evidence: Evidence):
    codes = defaultdict(set)
    for message in evidence.records.received_messages.values():
        attempt = evidence.records.attempts.get(message.event or "")
        if attempt and attempt.type == "dispute.reported" and message.dispute:
            codes[attempt.agency, attempt.subject].add(message.dispute)
    return (f"{agency} {report_no}: {sorted(found)}" for (agency, report_no), found in codes.items() if len(found) > 1)


def unexpected_notices(evidence: Evidence):
    return _stored_notice_keys(evidence) - _due_notice_keys(evidence)


def notices_sent_to_inbox_twice(evidence: Evidence):
    return _repeated_values(_sent_inbox_message_keys(evidence))


def unexpected_inbox_messages(evidence: Evidence):
    return set(_sent_inbox_message_keys(evidence)) - _due_inbox_message_keys(evidence)


def read_model_figures_too_high(evidence: Evidence):
    return (f"{name}: {shown} instead of {counted}" for name, shown, counted in _compare_figures(evidence) if shown > counted)


# ── disordered ────────────────────────────────────────────────────────────────────────────────────────────────────────


def states_not_matching_transitions(evidence: Evidence):
    """Yield each dispute whose stored state differs from the state after its last stored transition."""
    for code, state in evidence.dispute_states.items():
        try:
            reached = mediation.fold([mediation.Transition(*step[:3]) for step in evidence.transitions_by_dispute[code]])
        except mediation.BrokenHistory as broken:
            reached = f"broken at step {broken}"
        if reached != state:
            yield f"{code}: {reached}, not {state}"


def timelines_not_matching_events(evidence: Evidence):
    """Yield each dispute and stream whose timeline in the read model differs from the sequence of published events."""
    for stream in SUBSCRIPTIONS["metrics"]:
        subjects = set()
        for events_by_stream in evidence.published_events_by_stream(stream):
            published = defaultdict(list)
            for event in events_by_stream[stream]:
                if event.type not in metrics.EVENTS_WITHOUT_DISPUTE:
                    published[event.subject].append((event.sequence, event.type))
            recorded = evidence.load_timelines(stream, list(published))
            subjects |= published.keys()
            for code, sequence in published.items():
                if recorded[code] != sequence and ("metrics", stream, code) not in evidence.parked_events:
                    yield f"{code} {stream}: {len(recorded[code])} of {len(sequence)}"
        for code, count in evidence.query_rows("select code, count(*) from metrics.timeline where source = %s group by code", stream):
            if code not in subjects:
                yield f"{code} {stream}: {count} of 0"


def read_model_rows_not_matching_history(evidence: Evidence):
    """Return a line for each dispute of the read model whose state or overdue deadlines differ from its own timeline and deadlines."""
    return evidence.recounted_read_model[1]


def published_states_not_continuous(evidence: Evidence):
    """Yield each event of mediation whose state before it differs from the state after the dispute's previous event.

    The state before a dispute's first event must be the initial state. A dispute.recomputed repeats the state before the event of the step that caused it.
    """
    for subject, events_about_subject in evidence.published_events_by_subject("mediation"):
        before, state = None, mediation.INITIAL_STATE
        for event in events_about_subject:
            if "before" in event.data:
                is_repeated = event.type == "dispute.recomputed" and event.data["before"] == before
                if event.data["before"] != state and not is_repeated:
                    yield f"{subject} at {event.sequence}"
                before, state = event.data["before"], event.data["state"]


def events_decided_out_of_order(evidence: Evidence):
    """Yield each dispute whose agency events mediation decided in another order than that in which intake published them.

    Disputes with an event on a sealed stream are left out: after the end of a hold, events on the ordinary stream follow those on the sealed stream.
    """
    sealed = {subject for stream in STREAMS if is_sealed(stream) for subject in evidence.last_published_sequences[stream]}
    for events_by_stream in evidence.published_events_by_stream("intake", "mediation"):
        numbers: dict[str, dict[str, int]] = defaultdict(dict)  # dispute → agency event → its number among the dispute's events from intake
        for event in events_by_stream["intake"]:
            for cause in _causing_agency_event(event):
                numbers[event.subject].setdefault(cause, len(numbers[event.subject]))
        decided: dict[str, list[int]] = defaultdict(list)
        for event in events_by_stream["mediation"]:
            if event.subject not in sealed and step_outcome(event.type, event.data):
                decided[event.subject] += [numbers[event.subject][cause] for cause in _causing_agency_event(event) if cause in numbers[event.subject]]
        yield from (f"{code}: {order}" for code, order in decided.items() if order != sorted(order))


def broken_hash_chain_links(evidence: Evidence):
    return (str(seq) for seq in log.CHAIN.verify(SimpleNamespace(rows=lambda sql, params=(): evidence.query_rows(sql, *params))).broken)


def outcome_receipts_before_first_receipt(evidence: Evidence):
    for seq, receipts in evidence.receipts_by_entry.items():
        if len(receipts) == 2 and receipts["first"][2] > receipts["outcome"][2]:
            yield f"receipt/{seq}"


def receipt_cursors_not_matching_receipts(evidence: Evidence):
    """Yield each agency whose stored last receipt position differs from the number of its receipts."""
    return (
        agency
        for agency, last in evidence.query_rows(
            "select agency, last from intake.receipt_cursors c where last <> (select count(*) from intake.receipts r where r.agency = c.agency)"
        )
    )


def events_still_waiting(evidence: Evidence):
    """Yield each event that a service has stored as waiting for a missing earlier event. If the earlier event is parked, the waiting is expected."""
    for service in SUBSCRIPTIONS:
        for source, subject, sequence in evidence.query_rows(f"select source, subject, sequence from {service}.waiting"):
            if (service, source, subject) not in evidence.parked_events:
                yield f"{service}: {source} {subject} {sequence}"


def undecided_join_requests(evidence: Evidence):
    """Yield each request to join two codes that mediation has not answered, and each step that waits for a request which does not exist.

    A request is not reported if an event of its dispute is parked between intake and mediation.
    """
    for code, seq in evidence.query_rows("select code, seq from intake.join_requests"):
        if not {("mediation", "intake", code), ("intake", "mediation", code)} & evidence.parked_events.keys():
            yield f"{code}: request of log entry {seq} is not answered"
    for code, seq in evidence.query_rows(
        "select w.code, w.seq from intake.waiting_steps w join intake.disputes d using (code) where d.pending_request_seq is null"
    ):
        yield f"{code}: log entry {seq} waits for no request"


# ── unexpected ────────────────────────────────────────────────────────────────────────────────────────────────────────


def events_logged_but_never_sent(evidence: Evidence):
    return (event for event in evidence.log_entries if event not in evidence.records.attempts)


def events_never_acknowledged(evidence: Evidence):
    """Yield each event that a producer tried to send and that was never acknowledged, although producers retry until after all faults have ended."""
    return (
        f"{event} {attempt.type} of {attempt.agency}" for event, attempt in evidence.records.attempts.items() if event not in evidence.records.acknowledged_ids
    )


def outcomes_not_matching_script(evidence: Evidence):
    """Yield each event whose outcome differs from the outcome that the dispute's script expects."""
    for event, attempt in evidence.records.attempts.items():
        outcome = _find_outcome(evidence, event)
        if attempt.expected and outcome and attempt.expected != outcome:
            yield f"{event} {attempt.type}: {outcome}, not {attempt.expected}"


def outcome_receipts_not_matching_decision(evidence: Evidence):
    """Yield each outcome receipt that contradicts the decision which mediation published on its ordinary or sealed stream."""
    decided = defaultdict(set)
    for stream in _streams_of_service("mediation"):
        for event in evidence.published_events(stream):
            outcome = step_outcome(event.type, event.data)
            if outcome:
                decided[event.data["event"]["source"], event.data["event"]["id"]].add(RECEIPT_OF_OUTCOME[outcome])
    for event, entries in evidence.log_entries.items():
        for seq, agency, _, _ in entries:
            receipt_type, *_ = evidence.receipts_by_entry[seq].get("outcome", (None,))
            if receipt_type and decided[f"/agencies/{agency}", event] != {receipt_type}:
                yield f"{event} of {agency}: receipt {receipt_type}, decided {sorted(decided[f'/agencies/{agency}', event])}"


def parked_events(evidence: Evidence):
    """Yield each parked event. In a drill none is expected: producers send no event that fails, and services recover from every fault without an operator."""
    return (f"{service}: {event} of {source} about {subject}, {status}" for (service, source, subject), (event, status) in evidence.parked_events.items())


def rows_without_dispute(evidence: Evidence):
    """Yield the dispute code of each row that belongs to a dispute and has none. Some of these tables have no foreign key."""
    for table, disputes in TABLES_OF_DISPUTES.items():
        rows = evidence.query_rows(f"select distinct code from {table} left join {disputes} d using (code) where d.code is null")
        yield from (f"{table}: {code}" for (code,) in rows)


def published_events_not_copied(evidence: Evidence):
    """Yield each subject whose published events are not all in the drill's copy. This is an error of the drill itself: the other checks are then unreliable."""
    for stream in STREAMS:
        last_published = evidence.last_published_sequences[stream]
        copied_counts = dict.fromkeys(last_published, 0)
        for subject, events_about_subject in evidence.published_events_by_subject(stream):
            copied_counts[subject] = len(events_about_subject)
            if [event.sequence for event in events_about_subject] != list(range(1, last_published.get(subject, 0) + 1)):
                yield f"{stream} about {subject}: {len(events_about_subject)} copied of {last_published.get(subject, 0)} published"
        yield from (f"{stream} about {subject}: 0 copied of {last_published[subject]} published" for subject, count in copied_counts.items() if not count)


# fmt: off
CHECKS = {
    "lost":       (events_acknowledged_but_not_logged, events_accepted_without_outcome_receipt, events_logged_without_first_receipt, events_published_but_not_processed,
                   events_left_in_outbox, undelivered_receipts, missing_notices, notices_not_sent_to_inbox,
                   undelivered_notices, read_model_figures_too_low),
    "duplicated": (events_logged_twice, agency_events_published_twice, agency_events_decided_twice, transitions_with_same_cause, duplicate_receipts,
                   codes_without_exactly_one_report, reports_with_two_codes, unexpected_notices, notices_sent_to_inbox_twice,
                   unexpected_inbox_messages, read_model_figures_too_high),
    "disordered": (states_not_matching_transitions, timelines_not_matching_events, read_model_rows_not_matching_history, published_states_not_continuous, events_decided_out_of_order,
                   broken_hash_chain_links,
                   outcome_receipts_before_first_receipt, receipt_cursors_not_matching_receipts, events_still_waiting, undecided_join_requests),
    "unexpected": (events_logged_but_never_sent, events_never_acknowledged, outcomes_not_matching_script, outcome_receipts_not_matching_decision,
                   parked_events, rows_without_dispute, published_events_not_copied),
}
# fmt: on


def run_all_checks(query_rows: QueryRows, records: ProducerRecords) -> Figures:
    """Run every check and count the events by outcome. Return the figures with all findings."""
    evidence = Evidence(query_rows, records)
    figures = Figures(len(records.attempts), len(records.acknowledged_ids))
    for kind, checks in CHECKS.items():
        figures.findings[kind] = [finding for check_function in checks for finding in _run_check_function(check_function, evidence)]
    figures.sealed_notices = sum(notice.is_sealed for notice in evidence.due_notices)
    figures.notices = len(evidence.due_notices) - figures.sealed_notices
    for event in records.acknowledged_ids:
        outcome = _find_outcome(evidence, event)
        if outcome:
            setattr(figures, outcome, getattr(figures, outcome) + 1)
        elif evidence.is_parked(event):
            figures.parked += 1
    figures.recovered = sum(event not in records.acknowledged_ids for event in evidence.log_entries if event in records.attempts)
    return figures


def run_check(kind: str, name: str, query_rows: QueryRows, records: ProducerRecords) -> list[str]:
    """Run the check named `name` of this kind of finding. Return its findings. Only the tables that the check needs are read."""
    (check_function,) = [check for check in CHECKS[kind] if check.__name__ == name]
    return _run_check_function(check_function, Evidence(query_rows, records))


def _run_check_function(check, evidence):
    return [f"{check.__name__}: {finding}" for finding in sorted(check(evidence))]


def _find_outcome(evidence, event):
    """Return the event's outcome: "refused", "applied", "rejected", or None if there is no outcome yet."""
    entry = evidence.log_entry(event)
    if entry is None:
        return None
    if entry[3] is not None:
        return "refused"
    receipt = evidence.receipts_by_entry[entry[0]].get("outcome")
    return receipt and receipt[0].removeprefix("receipt.")


def _intern(text):
    return sys.intern(text) if text else text


def _repeated_values(values: Iterable) -> list[str]:
    return [f"{value}: {count} ×" for value, count in Counter(values).items() if value is not None and count > 1]


def agencies_with_inbox_reader(records: ProducerRecords) -> set[str]:
    """Return the agencies whose inboxes a producer reads. A producer that uses the HTTP API fetches receipts there and reads no inbox."""
    senders = {attempt.agency for attempt in records.attempts.values()}
    return {agency for group in AGENCY_GROUPS if group.transport != "http" and senders.intersection(group.agencies) for agency in group.agencies}


def _streams_of_service(service):
    return (stream for stream in STREAMS if service_of(stream) == service)


def _causing_agency_event(event):
    """Yield the source and id, as one string, of the agency event that caused this domain event, if there is one."""
    if "event" in event.data:
        yield f"{event.data['event']['source']} {event.data['event']['id']}"


def _is_unprocessed_by_notify(evidence, event):
    """Return whether no notice is due because the notify service discarded the event, parked it, or holds it back behind a parked event."""
    if (event.source, event.subject, event.id) in evidence.events_discarded_at_notify:
        return True
    return ("notify", event.source, event.subject) in evidence.parked_events and event.sequence > evidence.notify_positions.get(
        (event.source, event.subject), 0
    )


def _notices_of_subject(stream, events_about_subject):
    """Return the notices that follow from all events of the stream about one subject, in order."""
    if is_sealed(stream):
        return [notice for event in events_about_subject for notice in safeguard.notices_for(event)]
    entries = []
    return [notice for event in events_about_subject for notice in notices_following(entries, event)]


def _due_notice_keys(evidence):
    return {notice.stored_key for notice in evidence.due_notices}


def _stored_notice_keys(evidence):
    ordinary = evidence.query_rows("select id, kind, dispute, addressee from notify.notices where channel = 'inbox'")
    return {_comparison_key(*row) for row in [*ordinary, *evidence.query_rows("select id, because, dispute, addressee from notify.sealed_notices")]}


def _due_inbox_message_keys(evidence):
    return {notice.inbox_key for notice in evidence.due_notices}


def _sent_inbox_message_keys(evidence):
    return (_comparison_key(message.event_id, message.type, message.subject, message.agency) for message in evidence.inbox_messages)


def _comparison_key(*values):
    return " ".join(values)


def _compare_figures(evidence):
    """Yield (name of the figure, value in the read model, value counted from the services' own tables or from the published events)."""

    def value(sql, *parameters):
        return evidence.query_rows(sql, *parameters)[0][0] or 0

    entered = Counter(
        figure for _, events_about_subject in evidence.published_events_by_subject("mediation") for _, figure in _daily_figures(events_about_subject)
    )
    counted = {figure: entered[figure] for figure in metrics.DAILY_FIGURE_OF_STATE.values()} | {
        "reported": value("select count(*) from intake.disputes where code <> all(%s)", sorted(evidence.codes_with_unpublished_events)),
        "refused": sum(event.type == "step.refused" for event in evidence.published_events("mediation")),
    }
    for table in ("daily_totals", "daily_disputes", "daily_counts"):
        shown = dict(evidence.query_rows(f"select figure, sum(count)::bigint from metrics.{table} group by figure"))
        yield from ((f"{table}, {what}", shown.get(what, 0), count) for what, count in counted.items())
    yield "totals, registered", value("select sum(count)::bigint from metrics.totals where figure = 'registered'"), counted["reported"]
    yield "totals, refused", value("select sum(count)::bigint from metrics.totals where figure = 'refused'"), counted["refused"]
    notices = value("select count(*) from notify.notices where status <> 'waiting'")
    yield "totals, notices", value("select sum(count)::bigint from metrics.totals where figure = 'notices'"), notices
    yield "notices published", capture.count_events(evidence.query_rows, exchange_of("notify")), notices
    for table, sums in _fold_published_events(evidence).items():
        key, _ = metrics_store.AGGREGATE_TABLES[table]
        shown = {tuple(map(str, row[:-1])): row[-1] for row in evidence.query_rows(f"select {key}, count from metrics.{table}")}
        yield from ((f"{table} {cell} by the events", shown.get(cell, 0), sums[cell]) for cell in {*shown, *sums})
    yield from evidence.recounted_read_model[0]
    open_in_metrics = Counter(evidence.query_rows("select state from metrics.disputes where is_open"))
    open_in_mediation = Counter(
        (state,) for code, state in evidence.dispute_states.items() if state != "closed" and code not in evidence.codes_with_unpublished_events
    )
    yield from ((f"open, {state}", open_in_metrics[state,], open_in_mediation[state,]) for (state,) in {*open_in_metrics, *open_in_mediation})


def _fold_published_events(evidence):
    """Return the sums that metrics' own fold computes from every published event: {aggregate table: {cell: sum}}. No two disputes of a drill are joined."""
    sums = {table: Counter() for table in metrics_store.AGGREGATE_TABLES}
    for events_by_stream in evidence.published_events_by_stream(*SUBSCRIPTIONS["metrics"]):
        changes = metrics.fold({}, [event for stream in SUBSCRIPTIONS["metrics"] for event in events_by_stream[stream]])
        for table, cells in sums.items():
            cells.update(getattr(changes, table))
    return sums


def _daily_figures(events_about_subject):
    """Return the (day, figure) pairs in which a dispute with these events of mediation counts. No two disputes of a drill are joined."""
    entries = []
    for event in events_about_subject:
        if event.type == "dispute.recomputed":
            entries = [(entry["state"], datetime.fromisoformat(entry["at"])) for entry in event.data["entries"]]
        elif "before" in event.data and event.data["before"] != event.data["state"]:
            entries.append((event.data["state"], metrics.happened_at(event)))
    return {(metrics.shanghai_date(at), metrics.DAILY_FIGURE_OF_STATE[state]) for state, at in entries if state in metrics.DAILY_FIGURE_OF_STATE}
