"""SQL of disputes, their reports and the parties in them. Given a transaction; never commits or decides.

Locks are taken in one order by everybody: the head of the log, then dispute numbers, then disputes by code, then receipt positions by agency.
"""

import secrets
from datetime import datetime, timedelta
from decimal import Decimal

import orjson
import psycopg2

from plumbing.rows import Columns
from plumbing.transaction import Transaction
from services.intake.model import Decision, Dispute, Known, Person, Report, StoredReport

REPORT_NOS = Columns("agency text, report_no text")
DISPUTES = Columns("code text, registered_at timestamptz, registered_by text")
REPORTS = Columns("agency text, report_no text, code text, seq bigint, registers boolean, reported_at timestamptz, facts jsonb")
STANDINGS = Columns("code text, standing text")
TAKEN_OUT = Columns("seq bigint, code text, registers boolean")
TOKENS = Columns(
    "seq bigint, party int, side text, number bytea, mobile bytea, village bytea, name bytea, certified boolean, organisation boolean, reported_at timestamptz"
)
ASKED = Columns("kind text, token bytea")
KEPT_FOR = timedelta(days=90)  # tokens: three times as far as anything is compared, for what is reported late
PARTIES = Columns("code text, seq bigint, sealed bytea, by_agency boolean")

DISPUTE = "d.code, d.standing, d.merged_into, d.asked, d.asked_into"
# A dispute, and all that are joined to it or will be.
UNDER = f"""
with recursive under as (
    select {DISPUTE} from intake.disputes d where code = any(%s)
    union select d.* from under u cross join lateral (
        select {DISPUTE} from intake.disputes d where d.merged_into = u.code union all select {DISPUTE} from intake.disputes d where d.asked_into = u.code) d)
select {DISPUTE}, r.agency, r.report_no, r.seq, l.event_id, r.registers, r.facts
  from under d join intake.reports r using (code) join intake.log l using (seq) order by r.seq
"""


def load(tx: Transaction, known: Known, codes: set[str], numbers: list[tuple[str, str]]) -> None:
    """The disputes with these codes and those of reports under these (agency, its own number), and all that they are joined to."""
    pointers = _enter(known, tx.rows(f"select {DISPUTE} from intake.disputes d where code = any(%s)", (sorted(codes),))) if codes else []
    for agency, report_no, *dispute in tx.rows(
        f"select agency, report_no, {DISPUTE} from intake.reports join {REPORT_NOS.rows} using (agency, report_no) join intake.disputes d using (code)",
        REPORT_NOS.of(list(set(numbers))),
    ):
        pointers += _enter(known, [dispute])
        known.reports[agency, report_no] = known.disputes[dispute[0]]
    _follow(tx, known, pointers)


def _enter(known, rows) -> list[tuple[str, str | None, str | None]]:
    """Makes disputes of these rows; gives the pointers among them: (code, merged_into, asked_into)."""
    for code, standing, _, asked, _ in rows:
        known.disputes.setdefault(code, Dispute(code, standing=standing, asked=asked))
    return [(code, merged_into, asked_into) for code, _, merged_into, _, asked_into in rows if merged_into or asked_into]


def _follow(tx, known, pointers):
    """Loads what joined disputes point to, until all ends are there: nothing at all for a batch without one."""
    new = pointers
    while missing := {target for _, *targets in new for target in targets if target} - known.disputes.keys():
        new = _enter(known, tx.rows(f"select {DISPUTE} from intake.disputes d where code = any(%s)", (sorted(missing),)))
        pointers = pointers + new
    for code, merged_into, asked_into in pointers:
        known.disputes[code].merged_into, known.disputes[code].asked_into = known.disputes.get(merged_into), known.disputes.get(asked_into)


def load_stored(tx: Transaction, known: Known, codes: set[str]) -> None:
    """The reports of these disputes and of all that are joined to them, or will be."""
    rows = tx.rows(UNDER, (sorted(codes),))
    _follow(tx, known, _enter(known, [row[:5] for row in rows]))
    known.stored = [StoredReport(*row[5:], known.disputes[row[0]]) for row in rows]


def load_similar(tx: Transaction, known: Known, tokens: list[tuple[str, bytes]], since: datetime, until: datetime, at_most: int) -> None:
    """Earlier reports with one of these (kind, token), the latest `at_most` of each.

    Each token is one walk of an index that begins at its latest report: what lies further back costs nothing.
    """
    if not tokens:
        return
    one_kind = (
        "(select seq from intake.party_tokens where v.kind = '{0}' and {0} = v.token and reported_at between %s and %s"
        f" order by reported_at desc limit {at_most})"
    )
    each = " union all ".join(one_kind.format(kind) for kind in ("number", "mobile", "village"))
    hits = tx.rows(f"select v.kind, v.token, s.seq from {ASKED.rows} cross join lateral ({each}) s", [*ASKED.of(tokens), *[since, until] * 3])
    if not hits:
        return
    found = _reports(tx, known, sorted({seq for _, _, seq in hits}))
    for kind, token, seq in hits:
        known.similar.setdefault((kind, bytes(token)), []).append(found[seq])


def _reports(tx, known, seqs):
    """Earlier reports as they compare, by their number in the log."""
    rows = tx.rows(
        f"select r.seq, r.agency, r.reported_at, r.facts, {DISPUTE} from intake.reports r join intake.disputes d using (code) where r.seq = any(%s)",
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


def take_serials(tx: Transaction, area: str, year: int, count: int) -> tuple[int, bytes]:
    """Takes the next `count` serial numbers of that area and year: the last of them, and the key of the order in which they are given out."""
    last, key = tx.rows(
        "insert into intake.serials (area, year, last, scatter) values (%s, %s, %s, %s)"
        " on conflict (area, year) do update set last = serials.last + excluded.last returning last, scatter",
        (area, year, count, psycopg2.Binary(secrets.token_bytes(32))),
    )[0]
    return last, bytes(key)


def save(tx: Transaction, taken: list[Decision]) -> None:
    """Writes the disputes and reports of these decisions, what can be compared of them, and their parties."""
    registering, introducing = [d for d in taken if d.registers], [d for d in taken if d.introduces]
    tx.insert("intake.disputes", DISPUTES, [(d.dispute.code, tx.now, d.dispute.again_for.agency if d.dispute.again_for else d.agency) for d in registering])
    tx.insert("intake.reports", REPORTS, [(d.agency, d.event.subject, d.dispute.code, d.seq, d.registers, d.event.time, d.registration) for d in introducing])
    tx.insert(
        "intake.party_tokens",
        TOKENS,
        [
            (d.seq, number, p.side, p.number, p.mobile, p.village, p.name, p.certified, p.organisation, d.event.time)
            for d in introducing
            if d.report is not None
            for number, p in enumerate(d.report.persons)
        ],
    )
    _keep_parties(tx, [d for d in taken if d.data.get("parties") or d.data.get("parties_sealed")])
    _take_out(tx, [(report.seq, report.dispute.code, report.registers) for d in taken for report in d.taken_out])


def _keep_parties(tx, telling):
    rows = []
    for decision in telling:
        sealed = decision.data.get("parties_sealed")
        box = sealed.encode() if sealed else tx.seal(orjson.dumps(decision.data["parties"]))
        rows.append((decision.dispute.code, decision.seq, box, bool(sealed)))
    tx.insert("intake.parties", PARTIES, rows)


def _take_out(tx, rows):
    """The reports that were taken out of a dispute, with their parties."""
    if rows:
        tx.run(f"update intake.reports r set code = v.code, registers = v.registers from {TAKEN_OUT.rows} where r.seq = v.seq", TAKEN_OUT.of(rows))
        tx.run(f"update intake.parties p set code = v.code from {TAKEN_OUT.rows} where p.seq = v.seq", TAKEN_OUT.of(rows))


def save_standings(tx: Transaction, standings: dict[str, str]) -> None:
    """How disputes stand in their lives, where that changed. Of one in question the last step's outcome will say it."""
    if standings:
        tx.run(
            f"update intake.disputes d set standing = v.standing from {STANDINGS.rows} where d.code = v.code and d.standing <> v.standing and d.asked is null",
            STANDINGS.of(sorted(standings.items())),
        )


def forget(tx: Transaction) -> int:
    """Deletes tokens too old to find anything: nothing about a person is kept for longer than it is of use (PIPL 19)."""
    return tx.run("delete from intake.party_tokens where reported_at < %s", (tx.now - KEPT_FOR,))
