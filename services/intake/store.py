"""intake's SQL. Every function is given a transaction; none commits, connects or decides.

Locks are taken in one order by everybody: the head of the log, then dispute numbers, then receipt positions by agency.
"""

import hashlib
from collections import Counter

import orjson
import psycopg2

from plumbing.database import Transaction
from plumbing.events import Event, Posted
from plumbing.rows import Columns
from services.intake import codes
from services.intake.domain import Dispute, Known, Logged, Verdict, agency_of

EVENTS = Columns("agency text, event_id text")
REPORT_NOS = Columns("agency text, report_no text")
LOG = Columns(
    "seq bigint, received_at timestamptz, agency text, event_id text, sha256 text, content text, type text, happened_at timestamptz, dispute text,"
    " refused_for text, body_sealed bytea, hash bytea"
)
DISPUTES = Columns("code text, registered_at timestamptz, registered_by text")
REPORTS = Columns("agency text, report_no text, code text")
PARTIES = Columns("code text, seq bigint, sealed bytea, by_agency boolean")
CURSORS = Columns("agency text, last bigint")
RECEIPTS = Columns("id text, agency text, position bigint, body utf8")


def load(tx: Transaction, batch: list[Event]) -> Known:
    """What is known about these events. Locks the log's head: events are taken in one after the other, whichever door they come by."""
    tx.rows("select seq from intake.log_head for update")
    known = Known()
    agencies, ids = [agency_of(event) for event in batch], [event.id for event in batch]
    for agency, event_id, seq, content, accepted in tx.rows(
        "select agency, event_id, seq, content, refused_for is null from intake.log"
        f" join {EVENTS.rows} using (agency, event_id) order by seq",
        EVENTS.of(list({*zip(agencies, ids, strict=True)})),
    ):
        known.logged.setdefault((f"/agencies/{agency}", event_id), []).append(Logged(seq, content, accepted))
    subjects = [event.subject for event in batch]
    for code in tx.rows("select code from intake.disputes where code = any(%s)", ([s for s in subjects if codes.looks_like_one(s)],)):
        known.disputes[code[0]] = Dispute(code[0])
    for agency, report_no, code in tx.rows(
        "select agency, report_no, code from intake.reports"
        f" join {REPORT_NOS.rows} using (agency, report_no)",
        REPORT_NOS.of(list({*zip(agencies, subjects, strict=True)})),
    ):
        known.reports[agency, report_no] = known.disputes.setdefault(code, Dispute(code))
    return known


def save(tx: Transaction, verdicts: list[Verdict], area: str, year: int) -> None:
    """Gives out codes and log numbers and writes the new entries; repeats write nothing."""
    new = [verdict for verdict in verdicts if verdict.repeats is None]
    taken = [verdict for verdict in new if verdict.refused is None]
    _allot_codes(tx, [verdict for verdict in new if verdict.registers], area, year)
    _append(tx, new)
    _register(tx, [verdict for verdict in new if verdict.registers])
    _keep_parties(tx, [verdict for verdict in taken if verdict.data.get("parties") or verdict.data.get("parties_sealed")])


def _allot_codes(tx, registering, area, year):
    if not registering:
        return
    (last,) = tx.rows(
        "insert into intake.serials (area, year, last) values (%s, %s, %s)"
        " on conflict (area, year) do update set last = serials.last + excluded.last returning last",
        (area, year, len(registering)),
    )[0]
    for serial, verdict in enumerate(registering, last - len(registering) + 1):
        verdict.dispute.code = codes.make(area, year, serial)


def _append(tx, new):
    if not new:
        return
    seq, head = tx.rows("select seq, hash from intake.log_head")[0]
    head, rows = bytes(head), []
    for verdict in new:
        event, seq = verdict.event, seq + 1
        verdict.logged.seq = seq
        dispute = verdict.dispute.code if verdict.dispute and verdict.refused is None else None
        refused = verdict.refused["code"] if verdict.refused else None
        entry = (seq, verdict.agency, event.id, verdict.sha256, event.type, dispute, refused)
        head = chain(head, entry)
        sealed = tx.seal(event.delivery.body) if verdict.may_be_kept else None
        rows.append((seq, tx.now, verdict.agency, event.id, verdict.sha256, verdict.content, event.type, event.time, dispute, refused, sealed, head))
    tx.insert("intake.log", LOG, rows)
    tx.run("update intake.log_head set seq = %s, hash = %s", (seq, psycopg2.Binary(head)))


def chain(before: bytes, entry: tuple) -> bytes:
    """The hash of an entry (seq, agency, event id, sha256 of the body, type, dispute, refusal) that follows one with the hash `before`."""
    return hashlib.sha256(before + "\x1f".join("" if part is None else str(part) for part in entry).encode()).digest()


def broken_links(tx: Transaction) -> list[int]:
    """The log numbers at which the chain does not hold; empty if nothing was ever changed or removed."""
    head, expected, broken = bytes(32), 1, []
    for *entry, stored in tx.rows("select seq, agency, event_id, sha256, type, dispute, refused_for, hash from intake.log order by seq"):
        head = chain(head, tuple(entry))
        if entry[0] != expected or head != bytes(stored):
            broken.append(entry[0])
            head = bytes(stored)
        expected = entry[0] + 1
    if tx.rows("select seq, hash from intake.log_head")[0] != (expected - 1, head) and not broken:
        last, stored = tx.rows("select seq, hash from intake.log_head")[0]
        if last != expected - 1 or bytes(stored) != head:
            broken.append(last)
    return broken


def _register(tx, registering):
    tx.insert("intake.disputes", DISPUTES, [(verdict.dispute.code, tx.now, verdict.agency) for verdict in registering])
    tx.insert("intake.reports", REPORTS, [(verdict.agency, verdict.event.subject, verdict.dispute.code) for verdict in registering])


def _keep_parties(tx, telling):
    rows = []
    for verdict in telling:
        sealed = verdict.data.get("parties_sealed")
        box = sealed.encode() if sealed else tx.seal(orjson.dumps(verdict.data["parties"]))
        rows.append((verdict.dispute.code, verdict.seq, box, bool(sealed)))
    tx.insert("intake.parties", PARTIES, rows)


def post_receipts(tx: Transaction, receipts: list[Posted]) -> None:
    """Sends new receipts and keeps them, numbered per agency. One that was given before is sent again as it was."""
    kept = [(receipt, body) for receipt, body in zip(receipts, tx.post(receipts), strict=True)]
    counts = Counter(receipt.agency for receipt in receipts)
    agencies = sorted(counts)
    position = {
        agency: last - counts[agency]
        for agency, last in tx.rows(
            f"insert into intake.receipt_cursors (agency, last) select * from {CURSORS.rows}"
            " on conflict (agency) do update set last = receipt_cursors.last + excluded.last returning agency, last",
            CURSORS.of([(agency, counts[agency]) for agency in agencies]),
        )
    }
    rows = []
    for receipt, body in kept:
        position[receipt.agency] += 1
        rows.append((receipt.id, receipt.agency, position[receipt.agency], body))
    tx.insert("intake.receipts", RECEIPTS, rows)


def post_again(tx: Transaction, repeats: list[Verdict]) -> None:
    """Answers a repeated event with the very receipts it got before."""
    ids = [receipt_id(verdict.seq, which) for verdict in repeats for which in ("first", "outcome")]
    tx.put_out_again(tx.rows("select agency, id, body from intake.receipts where id = any(%s) order by agency, position", (ids,)))


def receipt_id(seq: int, which: str) -> str:
    """`which` is `first` or `outcome`."""
    return f"receipt/{seq}/{which}"


def seqs_of(tx: Transaction, outcomes: list[Event]) -> dict[tuple[str, str], int]:
    """The log numbers of the agency events that these outcomes are about, by source and id."""
    causes = [outcome.data["event"] for outcome in outcomes]
    return {
        (f"/agencies/{agency}", event_id): seq
        for agency, event_id, seq in tx.rows(
            "select agency, event_id, seq from intake.log"
            f" join {EVENTS.rows} using (agency, event_id) where refused_for is null",
            EVENTS.of(list({(cause["source"].rsplit("/", 1)[-1], cause["id"]) for cause in causes})),
        )
    }


def receipts_after(tx: Transaction, agency: str, position: int, limit: int) -> list[tuple[int, bytes]]:
    """An agency's receipts behind `position`, in order: (position, event as JSON bytes)."""
    return [
        (at, bytes(body))
        for at, body in tx.rows(
            "select position, body from intake.receipts where agency = %s and position > %s order by position limit %s", (agency, position, limit)
        )
    ]


def receipts_of(tx: Transaction, verdicts: list[Verdict]) -> list[bytes]:
    """The first receipts of these events, in the same order, as JSON bytes."""
    ids = [receipt_id(verdict.seq, "first") for verdict in verdicts]
    found = {receipt: bytes(body) for receipt, body in tx.rows("select id, body from intake.receipts where id = any(%s)", (ids,))}
    return [found[receipt] for receipt in ids]
