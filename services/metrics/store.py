"""SQL of the read model's writing side. Is given a transaction; one statement per table and batch."""

from datetime import timedelta

import orjson

from plumbing.rows import Columns
from services.metrics.domain import Changes, Deadline, Dispute

CODES_TOLD = 50  # a page is told which disputes changed, up to here; beyond, that it was many
CHANGES_KEPT = timedelta(hours=6)
PRUNED_EVERY = 256
CHANNEL = "metrics_changes"

DISPUTES = Columns(
    "code text, registered boolean, township text, kind text, channel text, reporter text, opened_at timestamptz, merged_into text, state text,"
    " next_actors text[], is_told boolean, body text, entered_at timestamptz, closed_at timestamptz, outcome text, runs_out_at timestamptz,"
    " runs_out_clock text, overdue text, last_at timestamptz, unplaced jsonb"
)
DEADLINES = Columns(
    "code text, clock text, kind text, article text, state text, started_at timestamptz, due_at timestamptz, met_at timestamptz, late boolean, owed_by text[]"
)
TIMELINE = Columns("code text, source text, sequence bigint, at timestamptz, type text, agency text, event text, detail jsonb")
SAID_AT = Columns("source text, said_at timestamptz, heard_at timestamptz")
# fmt: off
SUMS = {
    # table         its key
    "open_cube":   ("township, state, kind, overdue",  Columns("township text, state text, kind text, overdue text, count bigint")),
    "open_waits":  ("township, agency, overdue",       Columns("township text, agency text, overdue text, count bigint")),
    "flow":        ("day, what, township, kind",       Columns("day date, what text, township text, kind text, count bigint")),
    "days":        ("day, what",                       Columns("day date, what text, count bigint")),
    "moves":       ("day, what, code",                 Columns("day date, what text, code text, count bigint")),
    "totals":      ("what, label",                     Columns("what text, label text, count bigint")),
}
# fmt: on


def load(tx, events: list) -> dict[str, Dispute]:
    """The disputes that these events are about, with their deadlines.

    There is one writer at a time: it holds the head. That numbers changes in commit order, lets two partitions add to the same sums
    without a deadlock, and makes the first event of a dispute safe when two speakers are heard at once.
    """
    tx.rows("select last_change from metrics.head for update")
    codes = sorted({event.subject for event in events})
    disputes = {
        row[0]: Dispute(*row)
        for row in tx.rows(
            "select code, registered, township, kind, channel, reporter, opened_at, merged_into, state, next_actors, is_told, body, entered_at, closed_at,"
            " outcome, nullif(runs_out_at, 'infinity'), runs_out_clock, overdue, last_at, unplaced"
            "  from metrics.disputes where code = any(%(codes)s) order by code",
            {"codes": codes},
        )
    }
    for code, *deadline in tx.rows(f"select {DEADLINES.names} from metrics.deadlines where code = any(%(codes)s) order by code, clock", {"codes": codes}):
        disputes[code].deadlines[deadline[0]] = Deadline(*deadline)
    return disputes


def save(tx, changes: Changes) -> None:
    """Writes what a batch changed, and tells the pages that watch."""
    _save_disputes(tx, changes)
    _save_deadlines(tx, changes)
    tx.insert("metrics.timeline", TIMELINE, sorted(changes.timeline, key=lambda line: line[:3]), "on conflict do nothing")
    _add(tx, "open_cube", changes.cube)
    _add(tx, "open_waits", changes.waits)
    _add(tx, "flow", changes.flow)
    _add(tx, "days", changes.days)
    _add(tx, "moves", changes.moves)
    _add(tx, "totals", changes.totals)
    tx.insert(
        "metrics.as_of",
        SAID_AT,
        [(source, at, tx.now) for source, at in sorted(changes.said_at.items())],
        "on conflict (source) do update set said_at = greatest(as_of.said_at, excluded.said_at), heard_at = excluded.heard_at",
    )
    _tell(tx, sorted(changes.disputes))


def _save_disputes(tx, changes):
    tx.insert(
        "metrics.disputes",
        DISPUTES,
        [
            (
                d.code, d.registered, d.township, d.kind, d.channel, d.reporter, d.opened_at, d.merged_into, d.state, d.next_actors, d.is_told, d.body,
                d.entered_at, d.closed_at, d.outcome, d.runs_out_at or "infinity", d.runs_out_clock, d.overdue, d.last_at, d.unplaced,
            )
            for _, d in sorted(changes.disputes.items())
        ],
        f"on conflict (code) do update set {DISPUTES.given('code')}",
    )  # fmt: skip


def _save_deadlines(tx, changes):
    rows = []
    for code, clock in sorted(changes.deadlines):
        d = changes.disputes[code].deadlines[clock]
        rows.append((code, clock, d.kind, d.article, d.state, d.started_at, d.due_at, d.met_at, d.late, d.owed_by))
    tx.insert(
        "metrics.deadlines",
        DEADLINES,
        rows,
        f"on conflict (code, clock) do update set {DEADLINES.given('code', 'clock')}",
    )


def _add(tx, table, sums):
    """Moves sums by what this batch added or took away."""
    key, columns = SUMS[table]
    rows = [(*cell, by) for cell, by in sorted(sums.items()) if by]
    tx.insert(f"metrics.{table}", columns, rows, f"on conflict ({key}) do update set count = {table}.count + excluded.count")


def _tell(tx, codes):
    body = {"codes": codes[:CODES_TOLD], "more": max(0, len(codes) - CODES_TOLD), "as_of": tx.now.isoformat()}
    ((change,),) = tx.rows(
        "with head as (update metrics.head set last_change = last_change + 1 returning last_change),"
        " told as (insert into metrics.changes (id, at, body) select last_change, %(now)s, %(body)s::jsonb from head)"
        " select last_change from head, pg_notify(%(channel)s, last_change::text)",
        {"now": tx.now, "body": _json(body), "channel": CHANNEL},
    )
    if change % PRUNED_EVERY == 0:
        tx.run("delete from metrics.changes where at < %(kept)s", {"kept": tx.now - CHANGES_KEPT})


def _json(value) -> str:
    return orjson.dumps(value).decode()
