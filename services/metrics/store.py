"""SQL that writes the read model. Each function is given a transaction; one statement per table and batch."""

from datetime import timedelta

import orjson

from plumbing.rows import Columns
from services.metrics.domain import Changes, Deadline, Dispute

MAX_CODES = 50  # codes of changed disputes listed in one change notification; the others are only counted
CHANGES_RETENTION = timedelta(hours=6)
PRUNE_INTERVAL = 256  # old change notifications are deleted at every change whose number is a multiple of this
CHANNEL = "metrics_changes"

DISPUTES = Columns(
    "code text, registered boolean, township text, kind text, channel text, reporter text, opened_at timestamptz, merged_into text, state text,"
    " next_actors text[], has_actors_from_step boolean, body text, entered_at timestamptz, closed_at timestamptz, outcome text, runs_out_at timestamptz,"
    " runs_out_clock text, overdue text, last_at timestamptz, unassigned_counts jsonb"
)
DEADLINES = Columns(
    "code text, clock text, kind text, article text, state text, started_at timestamptz, due_at timestamptz, met_at timestamptz, late boolean, owed_by text[]"
)
TIMELINE = Columns("code text, source text, sequence bigint, at timestamptz, type text, agency text, event text, detail jsonb")
AS_OF = Columns("source text, latest_event_at timestamptz, heard_at timestamptz")
# fmt: off
SUMS = {
    # table             primary key
    "open_cube":       ("township, state, kind, overdue",    Columns("township text, state text, kind text, overdue text, count bigint")),
    "open_waits":      ("township, agency, overdue",         Columns("township text, agency text, overdue text, count bigint")),
    "daily_counts":    ("day, figure, township, kind",       Columns("day date, figure text, township text, kind text, count bigint")),
    "daily_totals":    ("day, figure",                       Columns("day date, figure text, count bigint")),
    "daily_disputes":  ("day, figure, code",                 Columns("day date, figure text, code text, count bigint")),
    "totals":          ("figure, label",                     Columns("figure text, label text, count bigint")),
}
# fmt: on


def load(tx, events: list) -> dict[str, Dispute]:
    """Return the disputes that these events are about, with their deadlines, by code. Locks the read model for writing.

    There is one writer at a time: it locks the row of metrics.head. Changes are therefore numbered in commit order, two partitions add to the
    same sums without a deadlock, and the first events of a dispute are safe when two producers are processed at once.
    """
    tx.rows("select last_change from metrics.head for update")
    codes = sorted({event.subject for event in events})
    disputes = {
        row[0]: Dispute(*row)
        for row in tx.rows(
            "select code, registered, township, kind, channel, reporter, opened_at, merged_into, state, next_actors, has_actors_from_step, body, entered_at,"
            " closed_at, outcome, nullif(runs_out_at, 'infinity'), runs_out_clock, overdue, last_at, unassigned_counts"
            "  from metrics.disputes where code = any(%(codes)s) order by code",
            {"codes": codes},
        )
    }
    for code, *deadline in tx.rows(f"select {DEADLINES.names} from metrics.deadlines where code = any(%(codes)s) order by code, clock", {"codes": codes}):
        disputes[code].deadlines[deadline[0]] = Deadline(*deadline)
    return disputes


def save(tx, changes: Changes) -> None:
    """Write what a batch changed, and notify open pages."""
    _save_disputes(tx, changes)
    _save_deadlines(tx, changes)
    tx.insert("metrics.timeline", TIMELINE, sorted(changes.timeline, key=lambda row: row[:3]), "on conflict do nothing")
    _add_sums(tx, "open_cube", changes.open_cube)
    _add_sums(tx, "open_waits", changes.open_waits)
    _add_sums(tx, "daily_counts", changes.daily_counts)
    _add_sums(tx, "daily_totals", changes.daily_totals)
    _add_sums(tx, "daily_disputes", changes.daily_disputes)
    _add_sums(tx, "totals", changes.totals)
    tx.insert(
        "metrics.as_of",
        AS_OF,
        [(source, at, tx.now) for source, at in sorted(changes.latest_event_at.items())],
        "on conflict (source) do update set latest_event_at = greatest(as_of.latest_event_at, excluded.latest_event_at), heard_at = excluded.heard_at",
    )
    _notify_pages(tx, sorted(changes.disputes))


def _save_disputes(tx, changes):
    tx.insert(
        "metrics.disputes",
        DISPUTES,
        [
            (
                d.code, d.registered, d.township, d.kind, d.channel, d.reporter, d.opened_at, d.merged_into, d.state, d.next_actors, d.has_actors_from_step,
                d.body, d.entered_at, d.closed_at, d.outcome, d.runs_out_at or "infinity", d.runs_out_clock, d.overdue, d.last_at, d.unassigned_counts,
            )
            for _, d in sorted(changes.disputes.items())
        ],
        f"on conflict (code) do update set {DISPUTES.assign_excluded('code')}",
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
        f"on conflict (code, clock) do update set {DEADLINES.assign_excluded('code', 'clock')}",
    )


def _add_sums(tx, table, sums):
    """Add the batch's differences, by key, to the counts of a table."""
    key, columns = SUMS[table]
    rows = [(*cell, difference) for cell, difference in sorted(sums.items()) if difference]
    tx.insert(f"metrics.{table}", columns, rows, f"on conflict ({key}) do update set count = {table}.count + excluded.count")


def _notify_pages(tx, codes):
    """Store a numbered change that names the disputes, notify the listening web processes, and delete old changes from time to time."""
    body = {"codes": codes[:MAX_CODES], "more": max(0, len(codes) - MAX_CODES), "as_of": tx.now.isoformat()}
    ((change,),) = tx.rows(
        "with head as (update metrics.head set last_change = last_change + 1 returning last_change),"
        " inserted as (insert into metrics.changes (id, at, body) select last_change, %(now)s, %(body)s::jsonb from head)"
        " select last_change from head, pg_notify(%(channel)s, last_change::text)",
        {"now": tx.now, "body": _json(body), "channel": CHANNEL},
    )
    if change % PRUNE_INTERVAL == 0:
        tx.run("delete from metrics.changes where at < %(oldest)s", {"oldest": tx.now - CHANGES_RETENTION})


def _json(value) -> str:
    return orjson.dumps(value).decode()
