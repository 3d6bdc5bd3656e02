"""What became of every event: compares the producers' ledgers, the copy of what the services published (see `capture`) and the services' tables.

Looks, changes nothing. What should have followed from an event is computed from the full event, by the service's own functions where there are any.
Needs a system that is quiet (see `quiet`), or one that never will be: then what did not arrive is lost.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import SimpleNamespace

import orjson

from contracts.channels import HEARS, INBOXES_EXCHANGE, STREAMS, exchange_of, is_sealed, service_of
from drills import capture, ledger
from drills.workload import HOUSES
from plumbing import events
from plumbing.events import Delivery, Event
from services.intake.store import log
from services.mediation.life import decisions as mediation
from services.metrics import domain as metrics
from services.metrics import store as metrics_store
from services.notify import rules, safeguard

Rows = Callable[..., list[tuple]]
RECEIPT = re.compile(r"receipt/(\d+)/(first|outcome)")
DECISIONS = {"step.applied": "receipt.applied", "step.refused": "receipt.rejected"}
DISCARDED = """
select source, subject, event_id from
  (select distinct on (source, subject, event_id) source, subject, event_id, action from notify.parked_actions where action <> 'read'
    order by source, subject, event_id, id desc) last_action
 where action = 'discard'
"""


@dataclass
class Told:
    """What the producers say that happened."""

    attempted: dict[str, dict] = field(default_factory=dict)  # event id → the attempt
    acknowledged: set[str] = field(default_factory=set)
    heard: dict[str, dict] = field(default_factory=dict)  # receipt or notice id → as the agency heard it

    @classmethod
    def read(cls, folder: Path) -> "Told":
        told = cls()
        for entry in ledger.read(folder):
            if entry["do"] == "attempt":
                told.attempted[entry["id"]] = entry
            elif entry["do"] == "acknowledged":
                told.acknowledged.add(entry["id"])
            elif entry["do"] == "heard":
                told.heard[entry["receipt"]] = entry
        return told


@dataclass
class Figures:
    """The vocabulary is Jepsen's. `findings` names, for each figure that must be zero, what was found: {"lost": ["why: which", …]}."""

    attempt: int = 0
    acknowledged: int = 0
    applied: int = 0
    rejected: int = 0
    refused: int = 0
    parked: int = 0
    recovered: int = 0
    notices: int = 0  # due, by the events that were published
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
    """The content of the tables in the shapes that the questions need. Each table is read once, when a question first needs it."""

    def __init__(self, rows: Rows, told: Told):
        self.rows, self.told = rows, told

    @cached_property
    def log(self) -> dict[str, list[tuple]]:
        """Event id → (seq, agency, dispute, refused_for)."""
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
        """The number in the log → "first" or "outcome" → (type of the receipt, agency, its position among the agency's receipts)."""
        receipts = defaultdict(dict)
        for seq, which, agency, position, event in self._receipts:
            receipts[int(seq)][which] = (event["type"], agency, position)
        return receipts

    @cached_property
    def kinds_of_receipts(self) -> dict[tuple, Counter]:
        """(agency, event id) → "first" or "outcome" → number of receipts."""
        kinds = defaultdict(Counter)
        for _, which, agency, _, event in self._receipts:
            kinds[agency, event["causationid"]][which] += 1
        return kinds

    @cached_property
    def parked(self) -> dict[tuple, tuple]:
        """(service, source, subject) → (event id, status)."""
        return {
            (service, source, subject): (event_id, status)
            for service in HEARS
            for source, subject, event_id, status in self.rows(f"select source, subject, event_id, status from {service}.parked")
        }

    @cached_property
    def timeline(self) -> dict[tuple, list[tuple]]:
        """(code, source) → (sequence, type)."""
        timeline = defaultdict(list)
        for code, source, sequence, kind in self.rows("select code, source, sequence, type from metrics.timeline order by 1, 2, 3"):
            timeline[code, source].append((sequence, kind))
        return timeline

    @cached_property
    def transitions(self) -> dict[str, list[tuple]]:
        """Code → (before, after, step, cause, word)."""
        transitions = defaultdict(list)
        for code, step, before, after, cause, word in self.rows("select code, step, before, after, cause, word from mediation.transitions order by code, step"):
            transitions[code].append((before, after, step, cause, word))
        return transitions

    @cached_property
    def states(self) -> dict[str, str]:
        return dict(self.rows("select code, state from mediation.disputes"))

    @cached_property
    def unpublished(self) -> set[str]:
        """Codes of disputes of which some events are not yet published to the ordinary exchanges, so that the read model does not count them."""
        found = self.rows(
            "select code from mediation.holds where reported_in_lane or pending_events <> '[]' union select code from intake.seals where reported_in_lane"
        )
        return {code for (code,) in found}

    @cached_property
    def spoken(self) -> dict[str, dict[str, int]]:
        """Speaker → subject → its last sequence."""
        return {
            producer: dict(self.rows(f"select subject, last_sequence from {service_of(producer)}.spoken where source = %s", producer)) for producer in STREAMS
        }

    @cached_property
    def _messages(self):
        return capture.read(self.rows)

    @cached_property
    def said(self) -> dict[str, list[Event]]:
        """Speaker → its full events, by dispute and sequence."""
        return {
            producer: sorted(
                (events.read(Delivery(message.body)) for message in self._messages if message.exchange == exchange_of(producer)),
                key=lambda event: (event.subject, event.sequence),
            )
            for producer in STREAMS
        }

    @cached_property
    def posted(self) -> list[capture.Message]:
        return [message for message in self._messages if message.service == "notify" and message.exchange == INBOXES_EXCHANGE]

    @cached_property
    def notify_heard(self) -> dict[tuple, int]:
        return {(source, subject): last for source, subject, last in self.rows("select source, subject, last_sequence from notify.heard")}

    @cached_property
    def discarded(self) -> set[tuple]:
        """By a person, at notify: (source, subject, event id)."""
        return set(self.rows(DISCARDED))

    def entry(self, event_id: str) -> tuple | None:
        """Its entry in the log, the accepted one if there are several."""
        entries = self.log.get(event_id, ())
        return next((entry for entry in entries if entry[3] is None), entries[0] if entries else None)

    def is_parked(self, event_id: str) -> bool:
        """Itself, or its dispute at a later listener: a person decides, with the reason before him."""
        entry, attempt = self.entry(event_id), self.told.attempted.get(event_id, {})
        if entry is None:
            return ("intake", f"/agencies/{attempt.get('agency')}", attempt.get("subject")) in self.parked
        return any(subject == entry[2] for _, _, subject in self.parked)


# ── lost ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def acknowledged_without_a_trace(e: Evidence):
    return (event for event in e.told.acknowledged if e.entry(event) is None and not e.is_parked(event))


def accepted_without_an_outcome(e: Evidence):
    for event, entries in e.log.items():
        for seq, _, _, refused in entries:
            if refused is None and "outcome" not in e.receipts[seq] and not e.is_parked(event):
                yield event


def entered_without_a_receipt(e: Evidence):
    return (event for event, entries in e.log.items() for seq, *_ in entries if "first" not in e.receipts[seq])


def said_but_not_heard(e: Evidence):
    for listener, producers in HEARS.items():
        for producer in producers:
            heard = dict(e.rows(f"select subject, last_sequence from {listener}.heard where source = %s", producer))
            for subject, last in e.spoken[producer].items():
                if heard.get(subject, 0) < last and (listener, producer, subject) not in e.parked:
                    yield f"{listener} heard {heard.get(subject, 0)} of {last} from {producer} about {subject}"


def said_but_still_in_an_outbox(e: Evidence):
    return (f"{service} {event}" for service in HEARS for (event,) in e.rows(f"select event_id from {service}.outbox limit 100"))


def receipts_that_never_arrived(e: Evidence):
    """Of the agencies that the producers spoke for: each of their receipts came to them at least once."""
    producers = {attempt["agency"] for attempt in e.told.attempted.values()}
    for seq, kinds in e.receipts.items():
        for which, (_, agency, _) in kinds.items():
            if agency in producers and f"receipt/{seq}/{which}" not in e.told.heard:
                yield f"receipt/{seq}/{which} to {agency}"


def notices_missing(e: Evidence):
    return _notices_due(e) - _notices_in_the_ledger(e)


def notices_not_posted(e: Evidence):
    return _posts_due(e) - set(_posts(e))


def notices_that_never_arrived(e: Evidence):
    """Of those posted to the agencies whose inboxes the producers read."""
    listeners = listening(e.told)
    return (message.event_id for message in e.posted if message.routing_key in listeners and message.event_id not in e.told.heard)


def too_low(e: Evidence):
    return (f"{what}: {shown} instead of {counted}" for what, shown, counted in _figures(e) if shown < counted)


# ── duplicated ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def entered_twice(e: Evidence):
    return (event for event, entries in e.log.items() if len(entries) > 1)


def passed_on_twice(e: Evidence):
    return _repeated(f"{producer} {event.type} {report}" for producer in _voices_of("intake") for event in e.said[producer] for report in _report_of(event))


def decided_twice(e: Evidence):
    """In one voice. What was decided in the safeguard lane is said again in the ordinary voice when the hold is over."""
    decisions = (event for producer in _voices_of("mediation") for event in e.said[producer] if event.type in DECISIONS)
    return _repeated(f"{event.source} {report}" for event in decisions for report in _report_of(event))


def one_cause_moved_it_twice(e: Evidence):
    """Time's own steps have no cause."""
    return _repeated(cause for steps in e.transitions.values() for _, _, _, cause, _ in steps if cause is not None)


def answered_twice(e: Evidence):
    """By what the tables hold, and by what the agencies heard."""
    yield from (f"{agency} {event}: {count} × {which}" for (agency, event), kinds in e.kinds_of_receipts.items() for which, count in kinds.items() if count > 1)
    heard = Counter((entry["agency"], entry["event"], RECEIPT.fullmatch(receipt)[2]) for receipt, entry in e.told.heard.items() if RECEIPT.fullmatch(receipt))
    yield from (f"{agency} heard {count} × {which} of {event}" for (agency, event, which), count in heard.items() if count > 1)


def codes_without_a_report_of_their_own(e: Evidence):
    """In this drill no two reports are about the same dispute: as many codes as report numbers."""
    return (code for (code,) in e.rows("select code from intake.disputes d where (select count(*) from intake.reports r where r.code = d.code) <> 1"))


def reports_with_two_codes(e: Evidence):
    codes = defaultdict(set)
    for entry in e.told.heard.values():
        attempt = e.told.attempted.get(entry["event"] or "")
        if attempt and attempt["type"] == "dispute.reported" and entry["dispute"]:
            codes[attempt["agency"], attempt["subject"]].add(entry["dispute"])
    return (f"{agency} {report_no}: {sorted(found)}" for (agency, report_no), found in codes.items() if len(found) > 1)


def notices_without_a_reason(e: Evidence):
    return _notices_in_the_ledger(e) - _notices_due(e)


def notices_posted_twice(e: Evidence):
    return _repeated(_posts(e))


def notices_posted_without_a_reason(e: Evidence):
    return set(_posts(e)) - _posts_due(e)


def too_high(e: Evidence):
    return (f"{what}: {shown} instead of {counted}" for what, shown, counted in _figures(e) if shown > counted)


# ── disordered ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def histories_that_do_not_lead_to_the_state(e: Evidence):
    for code, state in e.states.items():
        try:
            reached = mediation.fold([mediation.Transition(*step[:3]) for step in e.transitions[code]])
        except mediation.BrokenHistory as broken:
            reached = f"broken at step {broken}"
        if reached != state:
            yield f"{code}: {reached}, not {state}"


def timelines_with_gaps(e: Evidence):
    """What metrics keeps of a speaker's events about a dispute: each one, in sequence."""
    for producer in HEARS["metrics"]:
        said = defaultdict(list)
        for event in e.said[producer]:
            if event.type not in metrics.NO_DISPUTE:
                said[event.subject].append((event.sequence, event.type))
        for code in {*said, *(code for code, source in e.timeline if source == producer)}:
            known = e.timeline.get((code, producer), [])
            if known != said[code] and ("metrics", producer, code) not in e.parked:
                yield f"{code} {producer}: {len(known)} of {len(said[code])}"


def facts_that_do_not_follow_from_each_other(e: Evidence):
    """Along the sequence, each of mediation's facts begins in the state in which the one before ended; the first in the one that registration leads to."""
    states: dict[str, str] = {}
    first = mediation.TRANSITIONS[mediation.FIRST][mediation.REGISTERED]
    for event in e.said["mediation"]:
        if "before" in event.data:
            if states.get(event.subject, first) != event.data["before"]:
                yield f"{event.subject} at {event.sequence}"
            states[event.subject] = event.data["state"]


def links_that_do_not_hold(e: Evidence):
    return (str(seq) for seq in log.CHAIN.verify(SimpleNamespace(rows=lambda sql, params=(): e.rows(sql, *params))).broken)


def outcomes_before_their_receipt(e: Evidence):
    for seq, kinds in e.receipts.items():
        if len(kinds) == 2 and kinds["first"][2] > kinds["outcome"][2]:
            yield f"receipt/{seq}"


def positions_that_do_not_count(e: Evidence):
    return (
        agency
        for agency, last in e.rows(
            "select agency, last from intake.receipt_cursors c where last <> (select count(*) from intake.receipts r where r.agency = c.agency)"
        )
    )


def still_waiting(e: Evidence):
    for service in HEARS:
        for source, subject, sequence in e.rows(f"select source, subject, sequence from {service}.waiting"):
            if (service, source, subject) not in e.parked:
                yield f"{service}: {source} {subject} {sequence}"


def joins_never_decided(e: Evidence):
    """Codes that intake still keeps in question, although mediation's answer is not held up by a parked event; and steps that wait for no answer."""
    for code, seq in e.rows("select code, seq from intake.join_requests"):
        if not {("mediation", "intake", code), ("intake", "mediation", code)} & e.parked.keys():
            yield f"{code}: asked in entry {seq}"
    for code, seq in e.rows("select w.code, w.seq from intake.waiting_steps w join intake.disputes d using (code) where d.asked is null"):
        yield f"{code}: entry {seq} waits"


# ── unexpected ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def never_attempted(e: Evidence):
    return (event for event in e.log if event not in e.told.attempted)


def never_acknowledged(e: Evidence):
    """The producers send again until they are sure, also after everything was mended."""
    return (f"{event} {attempt['type']} of {attempt['agency']}" for event, attempt in e.told.attempted.items() if event not in e.told.acknowledged)


def another_outcome_than_the_script_says(e: Evidence):
    """Said after the outcome of the step before, by the script of a legal life."""
    for event, attempt in e.told.attempted.items():
        ended = _ended(e, event)
        if attempt["expects"] and ended and attempt["expects"] != ended:
            yield f"{event} {attempt['type']}: {ended}, not {attempt['expects']}"


def outcomes_that_were_not_decided(e: Evidence):
    """An agency is told what mediation decided, in whichever voice."""
    decided = defaultdict(set)
    for producer in _voices_of("mediation"):
        for event in e.said[producer]:
            if event.type in DECISIONS:
                decided[event.data["event"]["source"], event.data["event"]["id"]].add(DECISIONS[event.type])
    for event, entries in e.log.items():
        for seq, agency, _, _ in entries:
            kind, *_ = e.receipts[seq].get("outcome", (None,))
            if kind and decided[f"/agencies/{agency}", event] != {kind}:
                yield f"{event} of {agency}: told {kind}, decided {sorted(decided[f'/agencies/{agency}', event])}"


def parked(e: Evidence):
    """Events that wait for a person. There should be none: the producers send no event that fails, and every fault heals by itself."""
    return (f"{service}: {event} of {source} about {subject}, {status}" for (service, source, subject), (event, status) in e.parked.items())


def said_but_not_copied(e: Evidence):
    """A fault of the drill itself: the copy of what was published is not complete, so what was computed from it is not either."""
    for producer in STREAMS:
        copied = defaultdict(list)
        for event in e.said[producer]:
            copied[event.subject].append(event.sequence)
        for subject in {*copied, *e.spoken[producer]}:
            last = e.spoken[producer].get(subject, 0)
            if copied[subject] != list(range(1, last + 1)):
                yield f"{producer} about {subject}: {len(copied[subject])} copied of {last} said"


# fmt: off
QUESTIONS = {
    "lost":       (acknowledged_without_a_trace, accepted_without_an_outcome, entered_without_a_receipt, said_but_not_heard,
                   said_but_still_in_an_outbox, receipts_that_never_arrived, notices_missing, notices_not_posted,
                   notices_that_never_arrived, too_low),
    "duplicated": (entered_twice, passed_on_twice, decided_twice, one_cause_moved_it_twice, answered_twice, codes_without_a_report_of_their_own,
                   reports_with_two_codes, notices_without_a_reason, notices_posted_twice, notices_posted_without_a_reason, too_high),
    "disordered": (histories_that_do_not_lead_to_the_state, timelines_with_gaps, facts_that_do_not_follow_from_each_other, links_that_do_not_hold,
                   outcomes_before_their_receipt, positions_that_do_not_count, still_waiting, joins_never_decided),
    "unexpected": (never_attempted, never_acknowledged, another_outcome_than_the_script_says, outcomes_that_were_not_decided, parked, said_but_not_copied),
}
# fmt: on


def check(rows: Rows, told: Told) -> Figures:
    """`rows(sql, *parameters)` looks into the database as its administrator."""
    evidence = Evidence(rows, told)
    figures = Figures(len(told.attempted), len(told.acknowledged))
    for kind, questions in QUESTIONS.items():
        figures.findings[kind] = [found for question in questions for found in _answers(question, evidence)]
    for notice in _due(evidence):
        if is_sealed(notice.event.source):
            figures.sealed_notices += 1
        else:
            figures.notices += 1
    for event in told.acknowledged:
        ended = _ended(evidence, event)
        if ended:
            setattr(figures, ended, getattr(figures, ended) + 1)
        elif evidence.is_parked(event):
            figures.parked += 1
    figures.recovered = sum(event not in told.acknowledged for event in evidence.log if event in told.attempted)
    return figures


def ask(kind: str, question: str, rows: Rows, told: Told) -> list[str]:
    """The findings of the function named `question` in QUESTIONS[kind]; only the tables that it needs are read."""
    (asked,) = [one for one in QUESTIONS[kind] if one.__name__ == question]
    return _answers(asked, Evidence(rows, told))


def _answers(question, evidence):
    return [f"{question.__name__}: {found}" for found in sorted(question(evidence))]


def _ended(e, event):
    """refused, applied, rejected, or None."""
    entry = e.entry(event)
    if entry is None:
        return None
    if entry[3] is not None:
        return "refused"
    kind = e.receipts[entry[0]].get("outcome")
    return kind and kind[0].removeprefix("receipt.")


def _repeated(things: Iterable) -> list[str]:
    return [f"{thing}: {count} ×" for thing, count in Counter(things).items() if thing is not None and count > 1]


def listening(told: Told) -> set[str]:
    """The agencies whose inboxes the producers read. Who speaks at the door hears there, which gives out receipts only."""
    spoke = {attempt["agency"] for attempt in told.attempted.values()}
    return {agency for house in HOUSES if house.speaks != "door" and spoke.intersection(house.agencies) for agency in house.agencies}


def _voices_of(service):
    return (producer for producer in STREAMS if service_of(producer) == service)


def _report_of(event):
    """The agency's event that a service's event follows from, if any."""
    if "event" in event.data:
        yield f"{event.data['event']['source']} {event.data['event']['id']}"


def _due(e):
    """Return the notices that should have followed from the published events, computed by notify's own functions."""
    for producer in HEARS["notify"]:
        notices_for = safeguard.notices_for if is_sealed(producer) else rules.notices_for
        for event in e.said[producer]:
            if not _is_without_effect(e, event):
                yield from notices_for(event)


def _is_without_effect(e, event):
    """A person discarded it at notify, or it is parked there or waits behind a parked one: then a person decides."""
    if (event.source, event.subject, event.id) in e.discarded:
        return True
    return ("notify", event.source, event.subject) in e.parked and event.sequence > e.notify_heard.get((event.source, event.subject), 0)


def _notices_due(e):
    """As the ledgers have them. The sealed one names the event's type in place of the notice's kind."""
    return {_line(n.id, n.event.type if is_sealed(n.event.source) else n.kind, n.dispute, n.to) for n in _due(e)}


def _notices_in_the_ledger(e):
    ordinary = e.rows("select id, kind, dispute, addressee from notify.notices where channel = 'inbox'")
    return {_line(*row) for row in [*ordinary, *e.rows("select id, because, dispute, addressee from notify.sealed_notices")]}


def _posts_due(e):
    return {_line(n.id, n.kind, n.dispute, n.to) for n in _due(e)}


def _posts(e):
    for message in e.posted:
        notice = orjson.loads(message.body)
        yield _line(message.event_id, notice["type"], notice["subject"], message.routing_key)


def _line(*words):
    return " ".join(words)


def _figures(e):
    """The read model's sums beside a count of the services' own tables, and beside the full events: (what, shown, counted)."""

    def one(sql, *parameters):
        return e.rows(sql, *parameters)[0][0] or 0

    told = {code: steps for code, steps in e.transitions.items() if code not in e.unpublished}
    entered = Counter(after for steps in told.values() for before, after, *_ in steps if before != after)
    counted = {flow: entered[state] for state, flow in metrics.FLOW_OF_STATE.items()} | {
        "reported": one("select count(*) from intake.disputes where code <> all(%s)", sorted(e.unpublished)),
        "refused": sum(event.type == "step.refused" for event in e.said["mediation"]),
    }
    for table in ("days", "moves", "flow"):
        shown = dict(e.rows(f"select what, sum(count)::bigint from metrics.{table} group by what"))
        yield from ((f"{table}, {what}", shown.get(what, 0), count) for what, count in counted.items())
    yield "totals, registered", one("select sum(count)::bigint from metrics.totals where what = 'registered'"), counted["reported"]
    yield "totals, refused", one("select sum(count)::bigint from metrics.totals where what = 'refused'"), counted["refused"]
    notices = one("select count(*) from notify.notices where status <> 'waiting'")
    yield "totals, notices", one("select sum(count)::bigint from metrics.totals where what = 'notices'"), notices
    yield "notices said", len(e.said["notify"]), notices
    changes = metrics.fold({}, [event for producer in HEARS["metrics"] for event in e.said[producer]])
    for table, sums in (("open_cube", changes.cube), ("open_waits", changes.waits), ("flow", changes.flow), ("days", changes.days), ("moves", changes.moves),
                        ("totals", changes.totals)):  # fmt: skip
        key, _ = metrics_store.SUMS[table]
        shown = {tuple(map(str, row[:-1])): row[-1] for row in e.rows(f"select {key}, count from metrics.{table}")}
        yield from ((f"{table} {cell} by the events", shown.get(cell, 0), sums[cell]) for cell in {*shown, *sums})
    yield from _cells(e, "open_cube", "township, state, kind, overdue", "metrics.disputes where is_open")
    yield from _cells(
        e, "open_waits", "agency, township, overdue", "(select unnest(next_actors) as agency, township, overdue from metrics.disputes where is_open) o"
    )
    open_there = Counter(e.rows("select state from metrics.disputes where is_open"))
    open_here = Counter((state,) for code, state in e.states.items() if state != "closed" and code not in e.unpublished)
    yield from ((f"open, {state}", open_there[state,], open_here[state,]) for (state,) in {*open_there, *open_here})


def _cells(e, table, key, source):
    shown = {row[:-1]: row[-1] for row in e.rows(f"select {key}, count from metrics.{table} where count <> 0")}
    counted = {row[:-1]: row[-1] for row in e.rows(f"select {key}, count(*) from {source} group by {key}")}
    return ((f"{table} {cell}", shown.get(cell, 0), counted.get(cell, 0)) for cell in {*shown, *counted})
