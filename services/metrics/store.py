"""SQL of the read model's writing side. Is given a transaction; one statement per table and batch."""

from datetime import timedelta

import orjson

from services.metrics.domain import Changes, Deadline, Dispute

CODES_TOLD = 50  # a page is told which disputes changed, up to here; beyond, that it was many
CHANGES_KEPT = timedelta(hours=6)
PRUNED_EVERY = 256
CHANNEL = "metrics_changes"

DISPUTE_COLUMNS = (
    "code, registered, township, kind, channel, reporter, opened_at, merged_into, state, waits_for, is_told, body, entered_at, closed_at, outcome,"
    " runs_out_at, runs_out_clock, overdue, last_at, unplaced"
)
DEADLINE_COLUMNS = "code, clock, kind, article, state, started_at, due_at, met_at, late, owed_by"


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
            "select code, registered, township, kind, channel, reporter, opened_at, merged_into, state, waits_for, is_told, body, entered_at, closed_at,"
            " outcome, nullif(runs_out_at, 'infinity'), runs_out_clock, overdue, last_at, unplaced"
            "  from metrics.disputes where code = any(%(codes)s) order by code",
            {"codes": codes},
        )
    }
    for code, *deadline in tx.rows(f"select {DEADLINE_COLUMNS} from metrics.deadlines where code = any(%(codes)s) order by code, clock", {"codes": codes}):
        disputes[code].deadlines[deadline[0]] = Deadline(*deadline)
    return disputes


def save(tx, changes: Changes) -> None:
    """Writes what a batch changed, and tells the pages that watch."""
    _save_disputes(tx, changes)
    _save_deadlines(tx, changes)
    tx.insert(
        "insert into metrics.timeline (code, source, sequence, at, type, agency, event, detail) values %s on conflict do nothing",
        [(*line[:7], _json(line[7])) for line in sorted(changes.timeline, key=lambda line: line[:3])],
    )
    _add(tx, "open_cube", "township, state, kind, overdue", changes.cube)
    _add(tx, "open_waits", "township, agency, overdue", changes.waits)
    _add(tx, "flow", "day, what, township, kind", changes.flow)
    _add(tx, "days", "day, what", changes.days)
    _add(tx, "moves", "day, what, code", changes.moves)
    _add(tx, "totals", "what, label", changes.totals)
    tx.insert(
        "insert into metrics.as_of (source, said_at, heard_at) values %s on conflict (source) do update"
        " set said_at = greatest(as_of.said_at, excluded.said_at), heard_at = excluded.heard_at",
        [(source, at, tx.now) for source, at in sorted(changes.said_at.items())],
    )
    _tell(tx, sorted(changes.disputes))


def _save_disputes(tx, changes):
    tx.insert(
        f"insert into metrics.disputes ({DISPUTE_COLUMNS}) values %s on conflict (code) do update set (registered, township, kind, channel, reporter,"
        " opened_at, merged_into, state, waits_for, is_told, body, entered_at, closed_at, outcome, runs_out_at, runs_out_clock, overdue, last_at, unplaced)"
        " = (excluded.registered, excluded.township, excluded.kind, excluded.channel, excluded.reporter, excluded.opened_at, excluded.merged_into,"
        " excluded.state, excluded.waits_for, excluded.is_told, excluded.body, excluded.entered_at, excluded.closed_at, excluded.outcome, excluded.runs_out_at,"
        " excluded.runs_out_clock, excluded.overdue, excluded.last_at, excluded.unplaced)",
        [
            (
                d.code,
                d.registered,
                d.township,
                d.kind,
                d.channel,
                d.reporter,
                d.opened_at,
                d.merged_into,
                d.state,
                d.waits_for,
                d.is_told,
                d.body,
                d.entered_at,
                d.closed_at,
                d.outcome,
                d.runs_out_at or "infinity",
                d.runs_out_clock,
                d.overdue,
                d.last_at,
                _json(d.unplaced),
            )
            for _, d in sorted(changes.disputes.items())
        ],
        template="(%s, %s, %s, %s, %s, %s, %s::timestamptz, %s, %s, %s::text[], %s, %s, %s::timestamptz, %s::timestamptz, %s, %s::timestamptz, %s, %s,"
        " %s::timestamptz, %s::jsonb)",
    )


def _save_deadlines(tx, changes):
    rows = []
    for code, clock in sorted(changes.deadlines):
        d = changes.disputes[code].deadlines[clock]
        rows.append((code, clock, d.kind, d.article, d.state, d.started_at, d.due_at, d.met_at, d.late, d.owed_by))
    tx.insert(
        f"insert into metrics.deadlines ({DEADLINE_COLUMNS}) values %s on conflict (code, clock) do update set kind = excluded.kind,"
        " article = excluded.article, state = excluded.state, started_at = excluded.started_at, due_at = excluded.due_at, met_at = excluded.met_at,"
        " late = excluded.late, owed_by = excluded.owed_by",
        rows,
        template="(%s, %s, %s, %s, %s, %s::timestamptz, %s::timestamptz, %s::timestamptz, %s, %s::text[])",
    )


def _add(tx, table, key, sums):
    """Moves sums by what this batch added or took away."""
    rows = [(*cell, by) for cell, by in sorted(sums.items()) if by]
    tx.insert(
        f"insert into metrics.{table} ({key}, count) values %s on conflict ({key}) do update set count = {table}.count + excluded.count",
        rows,
    )


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
