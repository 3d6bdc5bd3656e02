"""Checks what happened to every event, from the producers' records, the copy of the published events (see `capture`) and the services' tables.

Reads only. What should have followed from an event is computed from the full event, with the service's own functions where there are any.
The system must have finished its work (see `quiescence`); after the drain's time limit, an event that has not arrived counts as lost.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

import orjson

from contracts.channels import INBOXES_EXCHANGE, STREAMS, SUBSCRIPTIONS, exchange_of, is_sealed, service_of
from drills import capture, ledger
from drills.workload import GROUPS
from plumbing import events
from plumbing.events import Delivery, Event
from services.intake.store import log
from services.mediation.lifecycle import decisions as mediation
from services.metrics import domain as metrics
from services.metrics import store as metrics_store
from services.notify import rules, safeguard

QueryRows = Callable[..., list[tuple]]  # (sql, *parameters) → rows, read as the database's administrator
RECEIPT = re.compile(r"receipt/(\d+)/(first|outcome)")
RECEIPT_OF_DECISION = {"step.applied": "receipt.applied", "step.refused": "receipt.rejected"}
DISCARDED = """
select source, subject, event_id from
  (select distinct on (source, subject, event_id) source, subject, event_id, action from notify.parked_actions where action <> 'read'
    order by source, subject, event_id, id desc) last_action
 where action = 'discard'
"""


@dataclass
class ProducerRecords:
    """What the producers wrote into their ledgers: events attempted, events acknowledged, receipts and notices received."""

    attempted: dict[str, dict] = field(default_factory=dict)  # event id → ledger entry of the attempt
    acknowledged: set[str] = field(default_factory=set)  # event ids
    received: dict[str, dict] = field(default_factory=dict)  # receipt or notice id → ledger entry

    @classmethod
    def read(cls, folder: Path) -> "ProducerRecords":
        records = cls()
        for entry in ledger.read(folder):
            if entry["do"] == "attempt":
                records.attempted[entry["id"]] = entry
            elif entry["do"] == "acknowledged":
                records.acknowledged.add(entry["id"])
            elif entry["do"] == "received":
                records.received[entry["receipt"]] = entry
        return records


@dataclass
class Figures:
    """Counts of one drill, named as Jepsen names them.

    `findings`: for each kind that must be empty (lost, duplicated, disordered, unexpected), one line per finding: "check: subject".
    Each kind can also be read as an attribute: the number of its findings.
    """

    attempt: int = 0
    acknowledged: int = 0
    applied: int = 0
    rejected: int = 0
    refused: int = 0
    parked: int = 0
    recovered: int = 0  # logged by intake although the producer never got an acknowledgement
    notices: int = 0  # due because of the published events
    sealed_notices: int = 0
    findings: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in ("lost", "duplicated", "disordered", "unexpected")})

    def __getattr__(self, kind):
        try:
            return len(self.findings[kind])
        except KeyError:
            raise AttributeError(kind) from None

    @property
    def is_clean(self) -> bool:
        return not any(self.findings.values())


class Evidence:
    """The producers' records and the contents of the services' tables, each table read once, on first use."""

    def __init__(self, rows: QueryRows, records: ProducerRecords):
        self.rows, self.records = rows, records

    @cached_property
    def log(self) -> dict[str, list[tuple]]:
        """Intake's log: event id → (seq, agency, dispute, refused_for)."""
        log = defaultdict(list)
        for seq, agency, event_id, dispute, refused in self.rows("select seq, agency, event_id, dispute, refused_for from intake.log order by seq"):
            log[event_id].append((seq, agency, dispute, refused))
        return log

    @cached_property
    def _receipts(self):
        return [
            (*RECEIPT.fullmatch(receipt).groups(), agency, position, orjson.loads(bytes(body)))
            for receipt, agency, position, body in self.rows("select id, agency, position, body from intake.receipts")
        ]

    @cached_property
    def receipts(self) -> dict[int, dict[str, tuple]]:
        """seq in intake's log → "first" or "outcome" → (receipt type, agency, position among the agency's receipts)."""
        receipts = defaultdict(dict)
        for seq, which, agency, position, event in self._receipts:
            receipts[int(seq)][which] = (event["type"], agency, position)
        return receipts

    @cached_property
    def receipt_counts(self) -> dict[tuple, Counter]:
        """(agency, event id) → "first" or "outcome" → number of receipts."""
        counts = defaultdict(Counter)
        for _, which, agency, _, event in self._receipts:
            counts[agency, event["causationid"]][which] += 1
        return counts

    @cached_property
    def parked(self) -> dict[tuple, tuple]:
        """(service, source, subject) → (event id, status)."""
        return {
            (service, source, subject): (event_id, status)
            for service in SUBSCRIPTIONS
            for source, subject, event_id, status in self.rows(f"select source, subject, event_id, status from {service}.parked")
        }

    @cached_property
    def timeline(self) -> dict[tuple, list[tuple]]:
        """(dispute code, source) → (sequence, event type) in order."""
        timeline = defaultdict(list)
        for code, source, sequence, event_type in self.rows("select code, source, sequence, type from metrics.timeline order by 1, 2, 3"):
            timeline[code, source].append((sequence, event_type))
        return timeline

    @cached_property
    def transitions(self) -> dict[str, list[tuple]]:
        """Dispute code → (state before, state after, step number, causing event, event type) in order."""
        transitions = defaultdict(list)
        for code, step, before, after, cause, word in self.rows(
            "select code, step, before, after, cause, event_type from mediation.transitions order by code, step"
        ):
            transitions[code].append((before, after, step, cause, word))
        return transitions

    @cached_property
    def states(self) -> dict[str, str]:
        return dict(self.rows("select code, state from mediation.disputes"))

    @cached_property
    def codes_with_unpublished_events(self) -> set[str]:
        """Disputes with events held back from the ordinary streams because of a safeguard hold; the read model does not count these disputes."""
        rows = self.rows(
            "select code from mediation.holds where reported_in_lane or pending_events <> '[]' union select code from intake.lane_records where reported_in_lane"
        )
        return {code for (code,) in rows}

    @cached_property
    def last_published(self) -> dict[str, dict[str, int]]:
        """Stream → subject → sequence number of its last published event."""
        return {stream: dict(self.rows(f"select subject, last_sequence from {service_of(stream)}.spoken where source = %s", stream)) for stream in STREAMS}

    @cached_property
    def _messages(self):
        return capture.read(self.rows)

    @cached_property
    def published(self) -> dict[str, list[Event]]:
        """Stream → all its published events in full, by dispute and sequence."""
        return {
            stream: sorted(
                (events.read(Delivery(message.body)) for message in self._messages if message.exchange == exchange_of(stream)),
                key=lambda event: (event.subject, event.sequence),
            )
            for stream in STREAMS
        }

    @cached_property
    def inbox_messages(self) -> list[capture.Message]:
        """Messages that notify published to the agencies' inboxes."""
        return [message for message in self._messages if message.service == "notify" and message.exchange == INBOXES_EXCHANGE]

    @cached_property
    def notify_positions(self) -> dict[tuple, int]:
        """(source, subject) → last sequence number that notify has processed."""
        return {(source, subject): last for source, subject, last in self.rows("select source, subject, last_sequence from notify.heard")}

    @cached_property
    def discarded_at_notify(self) -> set[tuple]:
        """Parked events that an operator discarded: (source, subject, event id)."""
        return set(self.rows(DISCARDED))

    def log_entry(self, event_id: str) -> tuple | None:
        """Return the event's entry in intake's log; if there are several, the first accepted one."""
        entries = self.log.get(event_id, ())
        return next((entry for entry in entries if entry[3] is None), entries[0] if entries else None)

    def is_parked(self, event_id: str) -> bool:
        """Return whether the event itself, or an event of its dispute at a later service, is parked, so that an operator has to decide."""
        entry, attempt = self.log_entry(event_id), self.records.attempted.get(event_id, {})
        if entry is None:
            return ("intake", f"/agencies/{attempt.get('agency')}", attempt.get("subject")) in self.parked
        return any(subject == entry[2] for _, _, subject in self.parked)


# ── lost ──────────────────────────────────────────────────────────────────────────────────────────────────────────────


def acknowledged_but_not_logged(evidence: Evidence):
    return (event for event in evidence.records.acknowledged if evidence.log_entry(event) is None and not evidence.is_parked(event))


def accepted_without_outcome_receipt(evidence: Evidence):
    for event, entries in evidence.log.items():
        for seq, _, _, refused in entries:
            if refused is None and "outcome" not in evidence.receipts[seq] and not evidence.is_parked(event):
                yield event


def logged_without_first_receipt(evidence: Evidence):
    return (event for event, entries in evidence.log.items() for seq, *_ in entries if "first" not in evidence.receipts[seq])


def published_but_not_processed(evidence: Evidence):
    """Yield each subject of which a listener has processed fewer events than were published."""
    for listener, streams in SUBSCRIPTIONS.items():
        for stream in streams:
            processed = dict(evidence.rows(f"select subject, last_sequence from {listener}.heard where source = %s", stream))
            for subject, last in evidence.last_published[stream].items():
                if processed.get(subject, 0) < last and (listener, stream, subject) not in evidence.parked:
                    yield f"{listener} processed {processed.get(subject, 0)} of {last} from {stream} about {subject}"


def left_in_outbox(evidence: Evidence):
    return (f"{service} {event}" for service in SUBSCRIPTIONS for (event,) in evidence.rows(f"select event_id from {service}.outbox limit 100"))


def undelivered_receipts(evidence: Evidence):
    """Yield each receipt that a simulated agency has not received at least once."""
    agencies = {attempt["agency"] for attempt in evidence.records.attempted.values()}
    for seq, receipts in evidence.receipts.items():
        for which, (_, agency, _) in receipts.items():
            if agency in agencies and f"receipt/{seq}/{which}" not in evidence.records.received:
                yield f"receipt/{seq}/{which} to {agency}"


def missing_notices(evidence: Evidence):
    return _notices_due(evidence) - _notices_in_tables(evidence)


def notices_not_sent_to_inbox(evidence: Evidence):
    return _inbox_messages_due(evidence) - set(_inbox_messages(evidence))


def undelivered_notices(evidence: Evidence):
    """Yield each notice sent to the inbox of an agency whose inbox a producer reads, and not received there."""
    readers = agencies_with_inbox_reader(evidence.records)
    return (message.event_id for message in evidence.inbox_messages if message.routing_key in readers and message.event_id not in evidence.records.received)


def figures_too_low(evidence: Evidence):
    return (f"{name}: {shown} instead of {counted}" for name, shown, counted in _figures(evidence) if shown < counted)


# ── duplicated ────────────────────────────────────────────────────────────────────────────────────────────────────────


def events_logged_twice(evidence: Evidence):
    return (event for event, entries in evidence.log.items() if len(entries) > 1)


def agency_events_published_twice(evidence: Evidence):
    """Yield each agency event that intake published twice as the same event type."""
    return _find_repeated(
        f"{stream} {event.type} {cause}" for stream in _streams_of("intake") for event in evidence.published[stream] for cause in _causing_agency_event(event)
    )


def agency_events_decided_twice(evidence: Evidence):
    """Yield each agency event that mediation decided twice in one stream.

    A decision in the safeguard stream is published again in the ordinary stream when the hold has ended; that is no repeat.
    """
    decisions = (event for stream in _streams_of("mediation") for event in evidence.published[stream] if event.type in RECEIPT_OF_DECISION)
    return _find_repeated(f"{event.source} {cause}" for event in decisions for cause in _causing_agency_event(event))


def transitions_with_same_cause(evidence: Evidence):
    """Yield each event that caused more than one transition. Transitions made when time passes have no cause."""
    return _find_repeated(cause for steps in evidence.transitions.values() for _, _, _, cause, _ in steps if cause is not None)


def duplicate_receipts(evidence: Evidence):
    """Yield each event with two receipts of the same kind, in intake's table or among those that an agency received."""
    yield from (
        f"{agency} {event}: {count} × {which}" for (agency, event), counts in evidence.receipt_counts.items() for which, count in counts.items() if count > 1
    )
    received = Counter(
        (entry["agency"], entry["event"], RECEIPT.fullmatch(receipt)[2]) for receipt, entry in evidence.records.received.items() if RECEIPT.fullmatch(receipt)
    )
    yield from (f"{agency} received {count} × {which} of {event}" for (agency, event, which), count in received.items() if count > 1)


def codes_without_exactly_one_report(evidence: Evidence):
    """Yield each dispute code that does not belong to exactly one report number: in the drill no two reports are about the same dispute."""
    return (code for (code,) in evidence.rows("select code from intake.disputes d where (select count(*) from intake.reports r where r.code = d.code) <> 1"))


def reports_with_two_codes(evidence: Evidence):
    codes = defaultdict(set)
    for entry in evidence.records.received.values():
        attempt = evidence.records.attempted.get(entry["event"] or "")
        if attempt and attempt["type"] == "dispute.reported" and entry["dispute"]:
            codes[attempt["agency"], attempt["subject"]].add(entry["dispute"])
    return (f"{agency} {report_no}: {sorted(found)}" for (agency, report_no), found in codes.items() if len(found) > 1)


def unexpected_notices(evidence: Evidence):
    return _notices_in_tables(evidence) - _notices_due(evidence)


def notices_sent_to_inbox_twice(evidence: Evidence):
    return _find_repeated(_inbox_messages(evidence))


def unexpected_inbox_messages(evidence: Evidence):
    return set(_inbox_messages(evidence)) - _inbox_messages_due(evidence)


def figures_too_high(evidence: Evidence):
    return (f"{name}: {shown} instead of {counted}" for name, shown, counted in _figures(evidence) if shown > counted)


# ── disordered ────────────────────────────────────────────────────────────────────────────────────────────────────────


def states_not_matching_transitions(evidence: Evidence):
    """Yield each dispute whose stored state is not the one that its transitions lead to."""
    for code, state in evidence.states.items():
        try:
            reached = mediation.fold([mediation.Transition(*step[:3]) for step in evidence.transitions[code]])
        except mediation.BrokenHistory as broken:
            reached = f"broken at step {broken}"
        if reached != state:
            yield f"{code}: {reached}, not {state}"


def timelines_with_gaps(evidence: Evidence):
    """Yield each dispute and stream of which metrics' timeline does not hold every published event, in sequence."""
    for stream in SUBSCRIPTIONS["metrics"]:
        published = defaultdict(list)
        for event in evidence.published[stream]:
            if event.type not in metrics.ROSTER_EVENTS:
                published[event.subject].append((event.sequence, event.type))
        for code in {*published, *(code for code, source in evidence.timeline if source == stream)}:
            recorded = evidence.timeline.get((code, stream), [])
            if recorded != published[code] and ("metrics", stream, code) not in evidence.parked:
                yield f"{code} {stream}: {len(recorded)} of {len(published[code])}"


def published_states_not_continuous(evidence: Evidence):
    """Yield each event of mediation that does not start from the state in which the dispute's event before it ended.

    A dispute's first event must start from the state after registration.
    """
    states: dict[str, str] = {}
    first = mediation.TRANSITIONS[mediation.INITIAL_STATE][mediation.REGISTERED]
    for event in evidence.published["mediation"]:
        if "before" in event.data:
            if states.get(event.subject, first) != event.data["before"]:
                yield f"{event.subject} at {event.sequence}"
            states[event.subject] = event.data["state"]


def broken_hash_chain_links(evidence: Evidence):
    return (str(seq) for seq in log.CHAIN.verify(SimpleNamespace(rows=lambda sql, params=(): evidence.rows(sql, *params))).broken)


def outcomes_before_first_receipt(evidence: Evidence):
    for seq, receipts in evidence.receipts.items():
        if len(receipts) == 2 and receipts["first"][2] > receipts["outcome"][2]:
            yield f"receipt/{seq}"


def receipt_cursors_not_matching_receipts(evidence: Evidence):
    """Yield each agency whose last receipt position is not the number of its receipts."""
    return (
        agency
        for agency, last in evidence.rows(
            "select agency, last from intake.receipt_cursors c where last <> (select count(*) from intake.receipts r where r.agency = c.agency)"
        )
    )


def events_still_waiting(evidence: Evidence):
    """Yield each event that a service still holds back because an earlier one is missing, unless the earlier one is parked."""
    for service in SUBSCRIPTIONS:
        for source, subject, sequence in evidence.rows(f"select source, subject, sequence from {service}.waiting"):
            if (service, source, subject) not in evidence.parked:
                yield f"{service}: {source} {subject} {sequence}"


def undecided_joins(evidence: Evidence):
    """Yield each request to join two codes that mediation has not answered, unless an event on the way is parked; and each step held for no such request."""
    for code, seq in evidence.rows("select code, seq from intake.join_requests"):
        if not {("mediation", "intake", code), ("intake", "mediation", code)} & evidence.parked.keys():
            yield f"{code}: asked in entry {seq}"
    for code, seq in evidence.rows("select w.code, w.seq from intake.waiting_steps w join intake.disputes d using (code) where d.pending_request_seq is null"):
        yield f"{code}: entry {seq} waits"


# ── unexpected ────────────────────────────────────────────────────────────────────────────────────────────────────────


def logged_but_never_sent(evidence: Evidence):
    return (event for event in evidence.log if event not in evidence.records.attempted)


def events_never_acknowledged(evidence: Evidence):
    """Yield each attempted event without an acknowledgement. Producers retry until they get one, also after all faults have ended."""
    return (
        f"{event} {attempt['type']} of {attempt['agency']}"
        for event, attempt in evidence.records.attempted.items()
        if event not in evidence.records.acknowledged
    )


def outcomes_not_matching_script(evidence: Evidence):
    """Yield each event whose outcome differs from the one that the dispute's script expects."""
    for event, attempt in evidence.records.attempted.items():
        outcome = _outcome(evidence, event)
        if attempt["expected"] and outcome and attempt["expected"] != outcome:
            yield f"{event} {attempt['type']}: {outcome}, not {attempt['expected']}"


def outcome_receipts_not_matching_decision(evidence: Evidence):
    """Yield each outcome receipt that differs from mediation's published decision, ordinary or sealed."""
    decided = defaultdict(set)
    for stream in _streams_of("mediation"):
        for event in evidence.published[stream]:
            if event.type in RECEIPT_OF_DECISION:
                decided[event.data["event"]["source"], event.data["event"]["id"]].add(RECEIPT_OF_DECISION[event.type])
    for event, entries in evidence.log.items():
        for seq, agency, _, _ in entries:
            receipt_type, *_ = evidence.receipts[seq].get("outcome", (None,))
            if receipt_type and decided[f"/agencies/{agency}", event] != {receipt_type}:
                yield f"{event} of {agency}: receipt {receipt_type}, decided {sorted(decided[f'/agencies/{agency}', event])}"


def parked_events(evidence: Evidence):
    """Yield each parked event. There should be none: producers send no event that fails, and services recover from every fault without an operator."""
    return (f"{service}: {event} of {source} about {subject}, {status}" for (service, source, subject), (event, status) in evidence.parked.items())


def published_but_not_copied(evidence: Evidence):
    """Yield each subject of which the copy of published events is incomplete: a fault of the drill itself, which makes the other checks unreliable."""
    for stream in STREAMS:
        copied = defaultdict(list)
        for event in evidence.published[stream]:
            copied[event.subject].append(event.sequence)
        for subject in {*copied, *evidence.last_published[stream]}:
            last = evidence.last_published[stream].get(subject, 0)
            if copied[subject] != list(range(1, last + 1)):
                yield f"{stream} about {subject}: {len(copied[subject])} copied of {last} published"


# fmt: off
CHECKS = {
    "lost":       (acknowledged_but_not_logged, accepted_without_outcome_receipt, logged_without_first_receipt, published_but_not_processed,
                   left_in_outbox, undelivered_receipts, missing_notices, notices_not_sent_to_inbox,
                   undelivered_notices, figures_too_low),
    "duplicated": (events_logged_twice, agency_events_published_twice, agency_events_decided_twice, transitions_with_same_cause, duplicate_receipts,
                   codes_without_exactly_one_report, reports_with_two_codes, unexpected_notices, notices_sent_to_inbox_twice,
                   unexpected_inbox_messages, figures_too_high),
    "disordered": (states_not_matching_transitions, timelines_with_gaps, published_states_not_continuous, broken_hash_chain_links,
                   outcomes_before_first_receipt, receipt_cursors_not_matching_receipts, events_still_waiting, undecided_joins),
    "unexpected": (logged_but_never_sent, events_never_acknowledged, outcomes_not_matching_script, outcome_receipts_not_matching_decision,
                   parked_events, published_but_not_copied),
}
# fmt: on


def check(rows: QueryRows, records: ProducerRecords) -> Figures:
    """Run every check and count the events by outcome."""
    evidence = Evidence(rows, records)
    figures = Figures(len(records.attempted), len(records.acknowledged))
    for kind, checks in CHECKS.items():
        figures.findings[kind] = [finding for check_function in checks for finding in _findings(check_function, evidence)]
    for notice in _compute_due_notices(evidence):
        if is_sealed(notice.event.source):
            figures.sealed_notices += 1
        else:
            figures.notices += 1
    for event in records.acknowledged:
        outcome = _outcome(evidence, event)
        if outcome:
            setattr(figures, outcome, getattr(figures, outcome) + 1)
        elif evidence.is_parked(event):
            figures.parked += 1
    figures.recovered = sum(event not in records.acknowledged for event in evidence.log if event in records.attempted)
    return figures


def run_check(kind: str, name: str, rows: QueryRows, records: ProducerRecords) -> list[str]:
    """Return the findings of the function `name` in CHECKS[kind]; only the tables that it needs are read."""
    (check_function,) = [check for check in CHECKS[kind] if check.__name__ == name]
    return _findings(check_function, Evidence(rows, records))


def _findings(check, evidence):
    return [f"{check.__name__}: {finding}" for finding in sorted(check(evidence))]


def _outcome(evidence, event):
    """Return "refused", "applied", "rejected", or None if there is no outcome yet."""
    entry = evidence.log_entry(event)
    if entry is None:
        return None
    if entry[3] is not None:
        return "refused"
    receipt = evidence.receipts[entry[0]].get("outcome")
    return receipt and receipt[0].removeprefix("receipt.")


def _find_repeated(values: Iterable) -> list[str]:
    return [f"{value}: {count} ×" for value, count in Counter(values).items() if value is not None and count > 1]


def agencies_with_inbox_reader(records: ProducerRecords) -> set[str]:
    """Return the agencies whose inboxes the producers read. A producer that uses the HTTP API gets receipts there, and no notices."""
    senders = {attempt["agency"] for attempt in records.attempted.values()}
    return {agency for group in GROUPS if group.transport != "http" and senders.intersection(group.agencies) for agency in group.agencies}


def _streams_of(service):
    return (stream for stream in STREAMS if service_of(stream) == service)


def _causing_agency_event(event):
    """Yield "source id" of the agency event that caused a service's event, if there is one."""
    if "event" in event.data:
        yield f"{event.data['event']['source']} {event.data['event']['id']}"


def _compute_due_notices(evidence):
    """Return the notices that should have followed from the published events, computed by notify's own functions."""
    for stream in SUBSCRIPTIONS["notify"]:
        notices_for = safeguard.notices_for if is_sealed(stream) else rules.notices_for
        for event in evidence.published[stream]:
            if not _is_not_applied_at_notify(evidence, event):
                yield from notices_for(event)


def _is_not_applied_at_notify(evidence, event):
    """Return whether the event was discarded at notify, is parked there, or waits behind a parked one: no notice is due of it."""
    if (event.source, event.subject, event.id) in evidence.discarded_at_notify:
        return True
    return ("notify", event.source, event.subject) in evidence.parked and event.sequence > evidence.notify_positions.get((event.source, event.subject), 0)


def _notices_due(evidence):
    """Return the due notices as notify's tables should hold them. A sealed notice is stored with the event's type in place of the notice's type."""
    return {
        _key(notice.id, notice.event.type if is_sealed(notice.event.source) else notice.kind, notice.dispute, notice.to)
        for notice in _compute_due_notices(evidence)
    }


def _notices_in_tables(evidence):
    ordinary = evidence.rows("select id, kind, dispute, addressee from notify.notices where channel = 'inbox'")
    return {_key(*row) for row in [*ordinary, *evidence.rows("select id, because, dispute, addressee from notify.sealed_notices")]}


def _inbox_messages_due(evidence):
    return {_key(notice.id, notice.kind, notice.dispute, notice.to) for notice in _compute_due_notices(evidence)}


def _inbox_messages(evidence):
    for message in evidence.inbox_messages:
        notice = orjson.loads(message.body)
        yield _key(message.event_id, notice["type"], notice["subject"], message.routing_key)


def _key(*values):
    return " ".join(values)


def _figures(evidence):
    """Yield (figure, value in the read model, value counted from the services' own tables or from the published events)."""

    def value(sql, *parameters):
        return evidence.rows(sql, *parameters)[0][0] or 0

    counted_transitions = {code: steps for code, steps in evidence.transitions.items() if code not in evidence.codes_with_unpublished_events}
    entered = Counter(after for steps in counted_transitions.values() for before, after, *_ in steps if before != after)
    counted = {flow: entered[state] for state, flow in metrics.FIGURE_OF_STATE.items()} | {
        "reported": value("select count(*) from intake.disputes where code <> all(%s)", sorted(evidence.codes_with_unpublished_events)),
        "refused": sum(event.type == "step.refused" for event in evidence.published["mediation"]),
    }
    for table in ("daily_totals", "daily_disputes", "daily_counts"):
        shown = dict(evidence.rows(f"select figure, sum(count)::bigint from metrics.{table} group by figure"))
        yield from ((f"{table}, {what}", shown.get(what, 0), count) for what, count in counted.items())
    yield "totals, registered", value("select sum(count)::bigint from metrics.totals where figure = 'registered'"), counted["reported"]
    yield "totals, refused", value("select sum(count)::bigint from metrics.totals where figure = 'refused'"), counted["refused"]
    notices = value("select count(*) from notify.notices where status <> 'waiting'")
    yield "totals, notices", value("select sum(count)::bigint from metrics.totals where figure = 'notices'"), notices
    yield "notices published", len(evidence.published["notify"]), notices
    changes = metrics.fold({}, [event for stream in SUBSCRIPTIONS["metrics"] for event in evidence.published[stream]])
    for table, sums in (("open_cube", changes.open_cube), ("open_waits", changes.open_waits), ("daily_counts", changes.daily_counts), ("daily_totals", changes.daily_totals), ("daily_disputes", changes.daily_disputes),
                        ("totals", changes.totals)):  # fmt: skip
        key, _ = metrics_store.SUMS[table]
        shown = {tuple(map(str, row[:-1])): row[-1] for row in evidence.rows(f"select {key}, count from metrics.{table}")}
        yield from ((f"{table} {cell} by the events", shown.get(cell, 0), sums[cell]) for cell in {*shown, *sums})
    yield from _cells(evidence, "open_cube", "township, state, kind, overdue", "metrics.disputes where is_open")
    yield from _cells(
        evidence, "open_waits", "agency, township, overdue", "(select unnest(next_actors) as agency, township, overdue from metrics.disputes where is_open) o"
    )
    open_in_metrics = Counter(evidence.rows("select state from metrics.disputes where is_open"))
    open_in_mediation = Counter((state,) for code, state in evidence.states.items() if state != "closed" and code not in evidence.codes_with_unpublished_events)
    yield from ((f"open, {state}", open_in_metrics[state,], open_in_mediation[state,]) for (state,) in {*open_in_metrics, *open_in_mediation})


def _cells(evidence, table, key, source):
    """Yield (cell, its value in a table of sums, number of rows of `source` with the same key) for each cell."""
    shown = {row[:-1]: row[-1] for row in evidence.rows(f"select {key}, count from metrics.{table} where count <> 0")}
    counted = {row[:-1]: row[-1] for row in evidence.rows(f"select {key}, count(*) from {source} group by {key}")}
    return ((f"{table} {cell}", shown.get(cell, 0), counted.get(cell, 0)) for cell in {*shown, *counted})
