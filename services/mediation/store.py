"""mediation's SQL. Given a transaction; never commits, connects or decides. A batch goes in as one JSON parameter per table."""

from collections.abc import Iterable

import orjson

from plumbing.database import Transaction
from plumbing.events import Event
from services.mediation.domain import Deadline, Decision, Dispute

CLOCKWORK = 0x0F0C  # advisory lock: one copy asks what time it is

DISPUTE = "code, state, township, kind, reporter, body, parties, consents, suitable, mediator, terms, outcome, opened_at, entered_at, steps"
DEADLINE = "code, key, clock, kind, started_at, due_at, owed_by, set_at, ask_at, state, approached, extended"


def load(tx: Transaction, codes: Iterable[str]) -> dict[str, Dispute]:
    """The disputes with these codes and their unmet deadlines. Locked in code order, as everywhere: two batches queue up instead of deadlocking."""
    codes = sorted(set(codes))
    disputes = {
        row[0]: Dispute(row[0], *row[1:6], frozenset(row[6]), set(row[7]), *row[8:])
        for row in tx.rows(f"select {DISPUTE} from mediation.disputes where code = any(%s) order by code for update", (codes,))
    }
    for code, key, clock, kind, started, due, owed, set_at, ask, state, approached, extended in tx.rows(
        f"select {DEADLINE} from mediation.deadlines where code = any(%s) and state <> 'met' order by code, due_at, key", (codes,)
    ):
        disputes[code].deadlines[key] = Deadline(clock, key, kind, started, due, tuple(owed), set_at, ask, state, approached, extended)
    return disputes


def save(tx: Transaction, decided: list[tuple[Event | None, Decision]]) -> None:
    """Writes what the decisions changed: one statement per table."""
    changed = {decision.dispute.code: decision.dispute for _, decision in decided if decision.transition}
    _put(tx, _DISPUTES, [_dispute(dispute) for dispute in changed.values()])
    _put(tx, _TRANSITIONS, [_transition(event, decision, tx.now) for event, decision in decided if decision.transition])
    deadlines = {(decision.dispute.code, deadline.key): deadline for _, decision in decided for deadline in decision.deadlines}
    _put(tx, _DEADLINES, [_deadline(code, deadline) for (code, _), deadline in deadlines.items()])


def due(tx: Transaction, limit: int) -> list[str] | None:
    """Codes of disputes whose deadlines time has to look at; None if another copy is at it."""
    if not tx.rows("select pg_try_advisory_xact_lock(%s, 0)", (CLOCKWORK,))[0][0]:
        return None
    return [code for (code,) in tx.rows("select code from mediation.deadlines where ask_at <= %s order by ask_at limit %s", (tx.now, limit))]


def history(tx: Transaction, code: str) -> list[tuple[str, str, int]]:
    """The steps of one dispute in order, as the pure fold takes them: (before, after, step)."""
    return tx.rows("select before, after, step from mediation.transitions where code = %s order by step", (code,))


def _put(tx, sql, rows):
    if rows:
        tx.run(sql, (orjson.dumps(rows, default=list).decode(),))


def _dispute(d):
    return {
        "code": d.code, "state": d.state, "township": d.township, "kind": d.kind, "reporter": d.reporter, "body": d.body, "parties": sorted(d.parties),
        "consents": sorted(d.consents), "suitable": d.suitable, "mediator": d.mediator, "terms": d.terms, "outcome": d.outcome,
        "opened_at": d.opened_at, "entered_at": d.entered_at, "steps": d.steps,
    }  # fmt: skip


def _transition(event, decision, now):
    before, after, step = decision.transition
    data = event.data
    word = data.get("step", event.type)
    return {"code": decision.dispute.code, "step": step, "before": before, "after": after, "word": word, "agency": data["agency"],
            "happened_at": data["happened_at"], "decided_at": now, "cause": event.id}  # fmt: skip


def _deadline(code, d):
    return {"code": code, "key": d.key, "clock": d.clock, "kind": d.kind, "started_at": d.started_at, "due_at": d.due_at, "owed_by": d.owed_by,
            "set_at": d.set_at, "ask_at": d.ask_at, "state": d.state, "approached": d.approached, "extended": d.extended}  # fmt: skip


_DISPUTES = f"""
insert into mediation.disputes ({DISPUTE})
select {DISPUTE} from json_to_recordset(%s) as v (code text, state text, township text, kind text, reporter text, body text, parties text[],
       consents text[], suitable boolean, mediator text, terms jsonb, outcome text, opened_at timestamptz, entered_at timestamptz, steps int)
 order by code
on conflict (code) do update set state = excluded.state, kind = excluded.kind, body = excluded.body, consents = excluded.consents,
       suitable = excluded.suitable, mediator = excluded.mediator, terms = excluded.terms, outcome = excluded.outcome,
       entered_at = excluded.entered_at, steps = excluded.steps
"""
_TRANSITIONS = """
insert into mediation.transitions (code, step, before, after, word, agency, happened_at, decided_at, cause)
select * from json_to_recordset(%s) as v (code text, step int, before text, after text, word text, agency text,
       happened_at timestamptz, decided_at timestamptz, cause text)
"""
_DEADLINES = f"""
insert into mediation.deadlines ({DEADLINE})
select {DEADLINE} from json_to_recordset(%s) as v (code text, key text, clock text, kind text, started_at timestamptz, due_at timestamptz,
       owed_by text[], set_at timestamptz, ask_at timestamptz, state text, approached boolean, extended int)
on conflict (code, key) do update set kind = excluded.kind, started_at = excluded.started_at, due_at = excluded.due_at, owed_by = excluded.owed_by,
       set_at = excluded.set_at, ask_at = excluded.ask_at, state = excluded.state, approached = excluded.approached, extended = excluded.extended
"""
