"""SQL that writes the read model of the metrics service. Each function is given a transaction and runs one statement per table and batch."""

from datetime import timedelta

import orjson

from plumbing.rows import Columns
from services.metrics.domain import Deadline, Dispute, ReadModelChanges

MAX_LISTED_CODES = 50  # a change notification lists at most this many codes of changed disputes; the rest are only counted
CHANGES_RETENTION = timedelta(hours=6)
PRUNE_INTERVAL = 256  # expired change notifications are deleted once in this many changes
NOTIFICATION_CHANNEL = "metrics_changes"

DISPUTE_COLUMNS = Columns(
    "code text, registered boolean, township text, kind text, channel text, reporter text, opened_at timestamptz, merged_into text, state text,"
    " next_actors text[], has_actors_from_step boolean, body text, entered_at timestamptz, closed_at timestamptz, outcome text, runs_out_at timestamptz,"
    " runs_out_clock text, overdue text, last_at timestamptz, unassigned_counts jsonb"
)
DEADLINE_COLUMNS = Columns(
    "code text, clock text, kind text, article text, state text, started_at timestamptz, due_at timestamptz, met_at timestamptz, late boolean, owed_by text[]"
)
TIMELINE_COLUMNS = Columns("code text, source text, sequence bigint, at timestamptz, type text, agency text, event text, detail jsonb")
AS_OF_COLUMNS = Columns("source text, latest_event_at timestamptz, heard_at timestamptz")
# fmt: off
AGGREGATE_TABLES = {
    # table             columns of the primary key              columns
    "open_cube":       ("township, state, kind, overdue",    Columns("township text, state text, kind text, overdue text, count bigint")),
    "open_waits":      ("township, agency, overdue",         Columns("township text, agency text, overdue text, count bigint")),
    "daily_counts":    ("day, figure, township, kind",       Columns("day date, figure text, township text, kind text, count bigint")),
    "daily_totals":    ("day, figure",                       Columns("day date, figure text, count bigint")),
    "daily_disputes":  ("day, figure, code",                 Columns("day date, figure text, code text, count bigint")),
    "totals":          ("figure, label",                     Columns("figure text, label text, count bigint")),
}
# fmt: on


def load(tx, events: list) -> dict[str, Dispute]:
    """Lock the read model for writing. Return the disputes that are subjects of these events, with their deadlines, by code.

    The lock on the row of metrics.head admits one writer at a time. Therefore changes are numbered in commit order, two partitions can add to the
    same counts without a deadlock, and no event is lost if the first events of a dispute from two producers are processed at the same time.
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
    for code, *deadline in tx.rows(
        f"select {DEADLINE_COLUMNS.names} from metrics.deadlines where code = any(%(codes)s) order by code, clock", {"codes": codes}
    ):
        disputes[code].deadlines[deadline[0]] = Deadline(*deadline)
    return disputes


def save(tx, changes: ReadModelChanges) -> None:
    """Write the changes of one batch to the tables, and notify open dashboard pages."""
    _save_disputes(tx, changes)
    _save_deadlines(tx, changes)
    tx.insert("metrics.timeline", TIMELINE_COLUMNS, sorted(changes.timeline, key=lambda row: row[:3]), "on conflict do nothing")
    _add_to_counts(tx, "open_cube", changes.open_cube)
    _add_to_counts(tx, "open_waits", changes.open_waits)
    _add_to_counts(tx, "daily_counts", changes.daily_counts)
    _add_to_counts(tx, "daily_totals", changes.daily_totals)
    _add_to_counts(tx, "daily_disputes", changes.daily_disputes)
    _add_to_counts(tx, "totals", changes.totals)
    tx.insert(
        "metrics.as_of",
        AS_OF_COLUMNS,
        [(source, at, tx.now) for source, at in sorted(changes.latest_event_at.items())],
        "on conflict (source) do update set latest_event_at = greatest(as_of.latest_event_at, excluded.latest_event_at), heard_at = excluded.heard_at",
    )
    _notify_pages(tx, sorted(changes.disputes))


def _save_disputes(tx, changes):
    tx.insert(
        "metrics.disputes",
        DISPUTE_COLUMNS,
        [
            (
                d.code, d.registered, d.township, d.kind, d.channel, d.reporter, d.opened_at, d.merged_into, d.state, d.next_actors, d.has_actors_from_step,
                d.body, d.entered_at, d.closed_at, d.outcome, d.runs_out_at or "infinity", d.runs_out_clock, d.overdue, d.last_at, d.unassigned_counts,
            )
            for _, d in sorted(changes.disputes.items())
        ],
        f"on conflict (code) do update set {DISPUTE_COLUMNS.assign_excluded('code')}",
    )  # fmt: skip


def _save_deadlines(tx, changes):
    rows = []
    for code, clock in sorted(changes.deadlines):
        d = changes.disputes[code].deadlines[clock]
        rows.append((code, clock, d.kind, d.article, d.state, d.started_at, d.due_at, d.met_at, d.late, d.owed_by))
    tx.insert(
        "metrics.deadlines",
        DEADLINE_COLUMNS,
        rows,
        f"on conflict (code, clock) do update set {DEADLINE_COLUMNS.assign_excluded('code', 'clock')}",
    )


def _add_to_counts(tx, table, differences):
    """Add differences to the column `count` of an aggregate table. `differences` are by primary key."""
    key_columns, columns = AGGREGATE_TABLES[table]
    rows = [(*key_values, difference) for key_values, difference in sorted(differences.items()) if difference]
    tx.insert(f"metrics.{table}", columns, rows, f"on conflict ({key_columns}) do update set count = {table}.count + excluded.count")


def _notify_pages(tx, codes):
    """Store a numbered change that lists the disputes, notify the web processes that listen for it, and sometimes delete expired changes."""
    body = {"codes": codes[:MAX_LISTED_CODES], "more": max(0, len(codes) - MAX_LISTED_CODES), "as_of": tx.now.isoformat()}
    ((change,),) = tx.rows(
        "with head as (update metrics.head set last_change = last_change + 1 returning last_change),"
        " inserted as (insert into metrics.changes (id, at, body) select last_change, %(now)s, %(body)s::jsonb from head)"
        " select last_change from head, pg_notify(%(channel)s, last_change::text)",
        {"now": tx.now, "body": _to_json(body), "channel": NOTIFICATION_CHANNEL},
    )
    if change % PRUNE_INTERVAL == 0:
        tx.run("delete from metrics.changes where at < %(oldest)s", {"oldest": tx.now - CHANGES_RETENTION})


def _to_json(value) -> str:
    return orjson.dumps(value).decode()
