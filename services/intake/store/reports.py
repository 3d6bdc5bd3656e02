"""intake's SQL. Every function is given a transaction; none commits, connects or decides.

Locks are taken in one order by everybody: the head of the log, then dispute numbers, then disputes by code, then receipt positions by agency.
"""

import hashlib
import secrets
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from decimal import Decimal

import orjson
import psycopg2

from plumbing.events import Event, Reply
from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake import codes, hash_chain
from services.intake.domain import JOINING, Decision, Known, Logged, agency_of, registration
from services.intake.duplicates import CROWD, WINDOW, Report, tokens_that_find
from services.intake.identity import Person
from services.intake.model import Dispute, StoredReport
from services.intake.store import lane as seals

EVENTS = Columns("agency text, event_id text")
REPORT_NOS = Columns("agency text, report_no text")
LOG = Columns(
    "seq bigint, received_at timestamptz, agency text, event_id text, sha256 text, content text, type text, happened_at timestamptz, dispute text,"
    " refused_for text, body_sealed bytea, hash bytea"
)
DISPUTES = Columns("code text, registered_at timestamptz, registered_by text")
REPORTS = Columns("agency text, report_no text, code text, seq bigint, registers boolean, reported_at timestamptz, facts jsonb")
POINTERS = Columns("code text, merged_into text")
STANDINGS = Columns("code text, standing text")
TAKEN_OUT = Columns("seq bigint, code text, registers boolean")
TOKENS = Columns(
    "seq bigint, party int, side text, number bytea, mobile bytea, village bytea, name bytea, certified boolean, organisation boolean, reported_at timestamptz"
)
ASKED = Columns("kind text, token bytea")
KEPT_FOR = timedelta(days=90)  # tokens: three times as far as anything is compared, for what is reported late
PARTIES = Columns("code text, seq bigint, sealed bytea, by_agency boolean")
CURSORS = Columns("agency text, last bigint")
RECEIPTS = Columns("id text, agency text, position bigint, body utf8")


def load(tx: Transaction, batch: list[Event]) -> Known:
    """What is known about these events. Locks the log's head: events are taken in one after the other, whichever door they come by."""
    tx.rows("select seq from intake.log_head for update")
    known = Known()
    agencies, ids = [agency_of(event) for event in batch], [event.id for event in batch]
    for agency, event_id, seq, content, accepted in tx.rows(
        f"select agency, event_id, seq, content, refused_for is null from intake.log join {EVENTS.rows} using (agency, event_id) order by seq",
        EVENTS.of(list({*zip(agencies, ids, strict=True)})),
    ):
        known.logged.setdefault((f"/agencies/{agency}", event_id), []).append(Logged(seq, content, accepted))
    subjects = [event.subject for event in batch]
    joining = [event for event in batch if event.type in JOINING]
    asked = [subject for subject in (*subjects, *(event.data.get("into") for event in joining)) if isinstance(subject, str) and codes.looks_like_one(subject)]
    pointers = _enter(known, tx.rows("select code, standing, merged_into from intake.disputes where code = any(%s)", (asked,)))
    for agency, report_no, *dispute in tx.rows(
        f"select agency, report_no, code, standing, merged_into from intake.reports join {REPORT_NOS.rows} using (agency, report_no) join intake.disputes using (code)",
        REPORT_NOS.of(list({*zip(agencies, subjects, strict=True)})),
    ):
        pointers |= _enter(known, [dispute])
        known.reports[agency, report_no] = known.disputes[dispute[0]]
    _follow(tx, known, pointers)
    for code, seal in seals.load(tx, list(known.disputes)).items():
        known.disputes[code].seal = seal
    if joining:
        load_kept(tx, known, {dispute.root.code for dispute in known.disputes.values()})
    return known


def _enter(known, rows) -> dict[str, str]:
    """Makes disputes of (code, standing, merged_into); gives the pointers among them, by code."""
    for code, standing, _ in rows:
        known.disputes.setdefault(code, Dispute(code, standing=standing))
    return {code: merged_into for code, _, merged_into in rows if merged_into is not None}


def _follow(tx, known, pointers):
    """Loads what joined disputes point to, until all ends are there: nothing at all for a batch without one."""
    while missing := set(pointers.values()) - known.disputes.keys():
        pointers |= _enter(known, tx.rows("select code, standing, merged_into from intake.disputes where code = any(%s)", (sorted(missing),)))
    for code, merged_into in pointers.items():
        known.disputes[code].merged_into = known.disputes[merged_into]


def load_joined(tx: Transaction, subjects: list[str]) -> Known:
    """These disputes, what they point to, and all their reports."""
    known = Known()
    _follow(tx, known, _enter(known, tx.rows("select code, standing, merged_into from intake.disputes where code = any(%s)", (subjects,))))
    load_kept(tx, known, {dispute.root.code for dispute in known.disputes.values()})
    return known


def load_kept(tx: Transaction, known: Known, roots: set[str]) -> None:
    """The reports of these disputes and of all that were joined to them, with their codes."""
    rows = tx.rows(
        "with recursive under as (select code, standing, merged_into from intake.disputes where code = any(%s)"
        " union select d.code, d.standing, d.merged_into from intake.disputes d join under u on d.merged_into = u.code)"
        " select u.code, u.standing, u.merged_into, r.agency, r.report_no, r.seq, l.event_id, r.registers, r.facts"
        " from under u join intake.reports r using (code) join intake.log l using (seq) order by r.seq",
        (sorted(roots),),
    )
    _follow(tx, known, _enter(known, [row[:3] for row in rows]))
    known.kept = [StoredReport(*row[3:], known.disputes[row[0]]) for row in rows]


def similar(tx: Transaction, known: Known, reports: list[Report]) -> dict[tuple[str, bytes], list[Report]]:
    """By (kind, token): the earlier reports with a token of these, at most a few more than a crowd of each, within the window around them.

    Each token is one walk of an index that begins at its latest report: what lies further back costs nothing.
    """
    tokens = sorted({token for report in reports for token in tokens_that_find(report)})
    if not tokens:
        return {}
    times = [report.reported_at for report in reports]
    one_kind = (
        "(select seq from intake.party_tokens where v.kind = '{0}' and {0} = v.token and reported_at between %s and %s"
        f" order by reported_at desc limit {CROWD + 1})"
    )
    each = " union all ".join(one_kind.format(kind) for kind in ("number", "mobile", "village"))
    window = [min(times) - WINDOW, max(times) + WINDOW]
    hits = tx.rows(f"select v.kind, v.token, s.seq from {ASKED.rows} cross join lateral ({each}) s", [*ASKED.of(tokens), *window * 3])
    if not hits:
        return {}
    found = _reports(tx, known, sorted({seq for _, _, seq in hits}))
    sharing: dict[tuple[str, bytes], list[Report]] = {}
    for kind, token, seq in hits:
        sharing.setdefault((kind, bytes(token)), []).append(found[seq])
    return sharing


def _reports(tx, known, seqs):
    """Earlier reports as they compare, by their number in the log."""
    rows = tx.rows(
        "select r.seq, r.agency, r.reported_at, r.facts, d.code, d.standing, d.merged_into from intake.reports r join intake.disputes d using (code)"
        " where r.seq = any(%s)",
        (seqs,),
    )
    _follow(tx, known, _enter(known, [row[4:] for row in rows]))
    persons: dict[int, list[Person]] = {}
    for seq, side, number, mobile, village, name, certified, organisation in tx.rows(
        "select seq, side, number, mobile, village, name, certified, organisation from intake.party_tokens where seq = any(%s) order by seq, party", (seqs,)
    ):
        tokens = [None if token is None else bytes(token) for token in (number, mobile, village, name)]
        persons.setdefault(seq, []).append(Person(side, *tokens, certified, organisation))
    found = {}
    for seq, agency, reported_at, facts, code, *_ in rows:
        amount = facts.get("amount_cny")
        found[seq] = Report(
            agency, reported_at, facts["township"], facts["kind"], persons[seq], facts.get("village"), facts.get("cause"),
            None if amount is None else Decimal(amount), known.disputes[code],
        )  # fmt: skip
    return found


def save(tx: Transaction, verdicts: list[Decision], area: str, year: int) -> None:
    """Gives out codes and log numbers and writes the new entries; repeats write nothing."""
    new = [verdict for verdict in verdicts if verdict.repeats is None]
    taken = [verdict for verdict in new if verdict.refused is None and verdict.dispute is not None]
    _allot_codes(tx, [verdict for verdict in new if verdict.registers], area, year)
    for verdict in taken:
        if verdict.dispute.code is None:  # joined at the door: it never had one
            verdict.dispute.code = verdict.dispute.root.code
    _append(tx, new)
    _register(tx, taken)
    _join(tx, taken)
    _keep_parties(tx, [verdict for verdict in taken if verdict.data.get("parties") or verdict.data.get("parties_sealed")])


def _allot_codes(tx, registering, area, year):
    if not registering:
        return
    last, key = tx.rows(
        "insert into intake.serials (area, year, last, scatter) values (%s, %s, %s, %s)"
        " on conflict (area, year) do update set last = serials.last + excluded.last returning last, scatter",
        (area, year, len(registering), psycopg2.Binary(secrets.token_bytes(32))),
    )[0]
    for count, verdict in enumerate(registering, last - len(registering) + 1):
        verdict.dispute.code = codes.make(area, year, codes.serial_of(count, bytes(key)))


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


def check_log(tx: Transaction, page: int = hash_chain.PAGE) -> hash_chain.Checked:
    """Whether the log is as it was written. What is appended meanwhile is left out, unless the head does not know of it."""
    last, head, newest = tx.rows("select seq, hash, (select max(seq) from intake.log) from intake.log_head")[0]
    return hash_chain.walk(
        lambda after: tx.rows(
            "select seq, agency, event_id, sha256, type, dispute, refused_for, hash from intake.log where seq > %s and seq <= %s order by seq limit %s",
            (after, last, page),
        ),
        chain,
        last,
        bytes(head),
        newest,
    )


def _register(tx, taken):
    registering, introducing = [verdict for verdict in taken if verdict.registers], [verdict for verdict in taken if verdict.introduces]
    tx.insert("intake.disputes", DISPUTES, [(v.dispute.code, tx.now, v.dispute.again_for.agency if v.dispute.again_for else v.agency) for v in registering])
    tx.insert(
        "intake.reports",
        REPORTS,
        [(v.agency, v.event.subject, v.dispute.code, v.seq, v.registers, v.event.time, _in_json(registration(v))) for v in introducing],
    )
    tx.insert(
        "intake.party_tokens",
        TOKENS,
        [
            (v.seq, number, p.side, p.number, p.mobile, p.village, p.name, p.certified, p.organisation, v.event.time)
            for v in introducing
            if v.report is not None
            for number, p in enumerate(v.report.persons)
        ],
    )


def _in_json(facts):
    return {name: str(value) if isinstance(value, Decimal) else value for name, value in facts.items()}


def _join(tx, taken):
    """Which code is another name of which, and the reports that were taken out of a dispute with their parties."""
    pointed = {v.repointed.code: v.repointed for v in taken if v.repointed is not None}
    if pointed:
        point(tx, pointed.values())
    taken_out = [(report.seq, report.dispute.code, report.registers) for v in taken for report in v.taken_out]
    if taken_out:
        tx.run(f"update intake.reports r set code = v.code, registers = v.registers from {TAKEN_OUT.rows} where r.seq = v.seq", TAKEN_OUT.of(taken_out))
        tx.run(f"update intake.parties p set code = v.code from {TAKEN_OUT.rows} where p.seq = v.seq", TAKEN_OUT.of(taken_out))


def point(tx: Transaction, disputes: Iterable[Dispute]) -> None:
    """Writes what these codes are other names of, or that they are their own again, and then open."""
    rows = [(dispute.code, dispute.merged_into and dispute.merged_into.code) for dispute in disputes]
    tx.run(
        "update intake.disputes d set merged_into = v.merged_into, standing = case when v.merged_into is null then 'open' else d.standing end"
        f" from {POINTERS.rows} where d.code = v.code",
        POINTERS.of(sorted(rows)),
    )


def stand(tx: Transaction, standings: dict[str, str]) -> None:
    """How disputes stand in their lives, where that changed."""
    if standings:
        tx.run(
            f"update intake.disputes d set standing = v.standing from {STANDINGS.rows} where d.code = v.code and d.standing <> v.standing",
            STANDINGS.of(sorted(standings.items())),
        )


def forget(tx: Transaction) -> int:
    """Deletes tokens too old to find anything: nothing about a person is kept for longer than it is of use (PIPL 19)."""
    return tx.run("delete from intake.party_tokens where reported_at < %s", (tx.now - KEPT_FOR,))


def _keep_parties(tx, telling):
    rows = []
    for verdict in telling:
        sealed = verdict.data.get("parties_sealed")
        box = sealed.encode() if sealed else tx.seal(orjson.dumps(verdict.data["parties"]))
        rows.append((verdict.dispute.code, verdict.seq, box, bool(sealed)))
    tx.insert("intake.parties", PARTIES, rows)


def post_receipts(tx: Transaction, receipts: list[Reply]) -> None:
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


def post_again(tx: Transaction, repeats: list[Decision]) -> None:
    """Answers a repeated event with the very receipts it got before."""
    ids = [receipt_id(verdict.seq, which) for verdict in repeats for which in ("first", "outcome")]
    tx.outbox.post_again(tx.rows("select agency, id, body from intake.receipts where id = any(%s) order by agency, position", (ids,)))


def receipt_id(seq: int, which: str) -> str:
    """`which` is `first`, `outcome`, or `moved/<the log number of what moved it>`."""
    return f"receipt/{seq}/{which}"


def seqs_of(tx: Transaction, outcomes: list[Event]) -> dict[tuple[str, str], int]:
    """The log numbers of the agency events that these outcomes are about and that have none yet, by source and id."""
    causes = [outcome.data["event"] for outcome in outcomes]
    return {
        (f"/agencies/{agency}", event_id): seq
        for agency, event_id, seq in tx.rows(
            "select agency, event_id, seq from intake.log"
            f" join {EVENTS.rows} using (agency, event_id) where refused_for is null"
            " and not exists (select 1 from intake.receipts r where r.id = 'receipt/' || seq || '/outcome')",
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


def receipts_of(tx: Transaction, verdicts: list[Decision]) -> list[bytes]:
    """The first receipts of these events, in the same order, as JSON bytes."""
    ids = [receipt_id(verdict.seq, "first") for verdict in verdicts]
    found = {receipt: bytes(body) for receipt, body in tx.rows("select id, body from intake.receipts where id = any(%s)", (ids,))}
    return [found[receipt] for receipt in ids]
