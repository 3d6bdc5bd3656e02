"""SQL that writes the read model of the metrics service, and a cache of recently changed disputes. One statement per table and batch."""

import secrets
from collections import OrderedDict
from datetime import timedelta

import orjson

from plumbing.rows import Columns
from services.metrics.domain import EVENTS_WITHOUT_DISPUTE
from services.metrics.model import Deadline, Dispute, ReadModelChanges

MAX_LISTED_CODES = 50  # a change notification lists at most this many codes of changed disputes; the rest are only counted
CHANGES_RETENTION = timedelta(hours=6)
PRUNE_INTERVAL = 256  # expired change notifications are deleted once in this many changes
NOTIFICATION_CHANNEL = "metrics_changes"
MAX_CACHED_DISPUTES = 5000
FULL_BATCH = 50  # a batch with at least this many events is one of a backlog, not of the current work
BEHIND_AFTER = timedelta(seconds=30)  # a backlog is shown on the pages if its decisions are older than this

DISPUTE_COLUMNS = Columns(
    "code text, registered boolean, township text, kind text, channel text, reporter text, opened_at timestamptz, merged_into text, state text,"
    " next_actors text[], has_actors_from_step boolean, body text, entered_at timestamptz, closed_at timestamptz, outcome text, runs_out_at timestamptz,"
    " runs_out_clock text, overdue text, last_at timestamptz, is_unsettled boolean, particulars jsonb"
)
DEADLINE_COLUMNS = Columns(
    "code text, clock text, kind text, article text, state text, started_at timestamptz, due_at timestamptz, met_at timestamptz, late boolean, owed_by text[],"
    " provisional boolean"
)
TIMELINE_COLUMNS = Columns("code text, source text, sequence bigint, at timestamptz, type text, agency text, event text, detail jsonb")
AS_OF_COLUMNS = Columns("source text, latest_event_at timestamptz, heard_at timestamptz, steps bigint, is_behind boolean")
WATERMARK_COLUMNS = Columns("agency text, up_to_at timestamptz, stated_up_to_at timestamptz")
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
READ_MODEL_TABLES = ("disputes", "deadlines", "timeline", *AGGREGATE_TABLES, "as_of", "watermarks")
SELECT_DISPUTES = (
    "select code, registered, township, kind, channel, reporter, opened_at, merged_into, state, next_actors, has_actors_from_step, body, entered_at,"
    " closed_at, outcome, nullif(runs_out_at, 'infinity'), runs_out_clock, overdue, last_at, is_unsettled, particulars from metrics.disputes where code = any(%s)"
)
SELECT_DEADLINES = f"select {DEADLINE_COLUMNS.names} from metrics.deadlines where code = any(%s)"


class DisputeCache:
    """Cache of the disputes that this OS process wrote last, with their deadlines, at most `size` of them.

    The intake, mediation and notify services publish events about a dispute within seconds, so that most disputes of a batch were written by one of
    the batches before it. Every writer stores its identification with the number of its change in metrics.head. The cache is used only while
    that row is as this process wrote it: no other process, and no restored backup, has changed the read model since. A transaction that fails, or whose
    commit is uncertain, never reaches `keep`, and the next transaction starts with an empty cache.

        disputes = cache.load(tx, events)      # the caller changes these disputes in place
        change = save(tx, …, cache.writer)
        cache.keep(disputes, change)           # after the commit
    """

    def __init__(self, size: int = MAX_CACHED_DISPUTES):
        self.writer = secrets.randbits(63)  # identifies this cache in metrics.head
        self._size = size
        self._disputes: OrderedDict[str, Dispute] = OrderedDict()  # the dispute written last is at the end
        self._change: int | None = None  # number of the change after which these disputes were stored; None: a transaction is using or has failed to use them

    def load(self, tx, events: list) -> dict[str, Dispute]:
        """Lock the read model for writing. Return the disputes that are subjects of these events, with their deadlines, by code.

        The lock on the row of metrics.head admits one writer at a time. Therefore changes are numbered in commit order, two partitions can add to the
        same counts without a deadlock, and no event is lost if the first events of a dispute from two producers are processed at the same time.
        """
        ((change, writer),) = tx.rows("select last_change, writer from metrics.head for update")
        if (change, writer) != (self._change, self.writer):
            self._disputes.clear()
        self._change = None
        codes = {event.subject for event in events if event.type not in EVENTS_WITHOUT_DISPUTE}
        disputes = {code: self._disputes[code] for code in codes & self._disputes.keys()}
        missing = sorted(codes - disputes.keys())
        return disputes | load_disputes(tx, missing) if missing else disputes

    def keep(self, disputes: dict[str, Dispute], change: int) -> None:
        """Keep these disputes, which the committed change with this number has stored. Must not be called before the commit."""
        if self._change is not None and self._change != change - 1:
            self._disputes.clear()
        self._change = change
        for code, dispute in disputes.items():
            self._disputes[code] = dispute
            self._disputes.move_to_end(code)
        while len(self._disputes) > self._size:
            self._disputes.popitem(last=False)


def lock_and_load(tx, codes: set[str]) -> dict[str, Dispute]:
    """Lock the read model for writing, and return the disputes with these codes, without a cache."""
    tx.rows("select last_change from metrics.head for update")
    return load_disputes(tx, sorted(codes))


def rebuilt_change() -> tuple[str, dict]:
    """Return the statement and its parameters that number a change of all disputes: it ends the use of cached disputes, and open pages load again."""
    return (
        "with head as (update metrics.head set last_change = last_change + 1, writer = 0 returning last_change),"
        " inserted as (insert into metrics.changes (id, at, body) select last_change, now(), jsonb_build_object("
        "   'codes', '[]'::jsonb, 'more', (select count(*) from metrics.disputes), 'as_of', now()) from head)"
        " select pg_notify(%(channel)s, last_change::text) from head",
        {"channel": NOTIFICATION_CHANNEL},
    )


def load_disputes(tx, codes: list[str]) -> dict[str, Dispute]:
    """Return the disputes with these codes, with their deadlines, by code."""
    disputes = {row[0]: Dispute(*row) for row in tx.rows(SELECT_DISPUTES, (codes,))}
    if disputes:
        for code, *deadline in tx.rows(SELECT_DEADLINES, (codes,)):
            disputes[code].deadlines[deadline[0]] = Deadline(*deadline)
    return disputes


def save(tx, changes: ReadModelChanges, writer: int) -> int:
    """Write the changes of one batch to the tables, and notify open dashboard pages. Return the number of the change. `writer`: DisputeCache.writer."""
    _save_disputes(tx, changes)
    _save_deadlines(tx, changes)
    tx.insert("metrics.timeline", TIMELINE_COLUMNS, sorted(changes.timeline, key=lambda row: row[:3]))
    _add_to_counts(tx, "open_cube", changes.open_cube)
    _add_to_counts(tx, "open_waits", changes.open_waits)
    _add_to_counts(tx, "daily_counts", changes.daily_counts)
    _add_to_counts(tx, "daily_totals", changes.daily_totals)
    _add_to_counts(tx, "daily_disputes", changes.daily_disputes)
    _add_to_counts(tx, "totals", changes.totals)
    _save_progress(tx, changes)
    _save_watermarks(tx, changes)
    if changes.watermarks and not changes.disputes:
        return tx.rows("select last_change from metrics.head")[0][0]  # agencies report every few seconds that they are alive: no page is reloaded for that
    return _notify_pages(tx, sorted(changes.disputes), writer)


def _save_progress(tx, changes):
    """Store how far the events of each producer have been processed (see queries.load_progress)."""
    is_full = len(changes.timeline) >= FULL_BATCH
    tx.insert(
        "metrics.as_of",
        AS_OF_COLUMNS,
        [
            (source, at, tx.now, changes.steps[source], is_full and source == "mediation" and tx.now - at > BEHIND_AFTER)
            for source, at in sorted(changes.latest_event_at.items())
        ],
        "on conflict (source) do update set latest_event_at = greatest(as_of.latest_event_at, excluded.latest_event_at), heard_at = excluded.heard_at,"
        " steps = as_of.steps + excluded.steps, is_behind = excluded.is_behind",
    )


def _save_watermarks(tx, changes):
    tx.insert(
        "metrics.watermarks",
        WATERMARK_COLUMNS,
        [(agency, *times) for agency, times in sorted(changes.watermarks.items())],
        "on conflict (agency) do update set up_to_at = greatest(watermarks.up_to_at, excluded.up_to_at),"
        " stated_up_to_at = greatest(watermarks.stated_up_to_at, excluded.stated_up_to_at)",
    )


def _save_disputes(tx, changes):
    tx.insert(
        "metrics.disputes",
        DISPUTE_COLUMNS,
        [
            (
                d.code, d.registered, d.township, d.kind, d.channel, d.reporter, d.opened_at, d.merged_into, d.state, d.next_actors, d.has_actors_from_step,
                d.body, d.entered_at, d.closed_at, d.outcome, d.runs_out_at or "infinity", d.runs_out_clock, d.overdue, d.last_at, d.is_unsettled,
                d.particulars,
            )
            for _, d in sorted(changes.disputes.items())
        ],
        f"on conflict (code) do update set {DISPUTE_COLUMNS.assign_excluded('code')}",
    )  # fmt: skip


def _save_deadlines(tx, changes):
    rows = []
    for code, clock in sorted(changes.deadlines):
        d = changes.disputes[code].deadlines[clock]
        rows.append((code, clock, d.kind, d.article, d.state, d.started_at, d.due_at, d.met_at, d.late, d.owed_by, d.provisional))
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


def _notify_pages(tx, codes, writer) -> int:
    """Store a numbered change that lists the disputes, notify the web processes that listen for it, and sometimes delete expired changes.

    Return the number of the change.
    """
    body = {"codes": codes[:MAX_LISTED_CODES], "more": max(0, len(codes) - MAX_LISTED_CODES), "as_of": tx.now.isoformat()}
    ((change,),) = tx.rows(
        "with head as (update metrics.head set last_change = last_change + 1, writer = %(writer)s returning last_change),"
        " inserted as (insert into metrics.changes (id, at, body) select last_change, %(now)s, %(body)s::jsonb from head)"
        " select last_change from head, pg_notify(%(channel)s, last_change::text)",
        {"now": tx.now, "body": _to_json(body), "channel": NOTIFICATION_CHANNEL, "writer": writer},
    )
    if change % PRUNE_INTERVAL == 0:
        tx.write("delete from metrics.changes where at < %(oldest)s", {"oldest": tx.now - CHANGES_RETENTION})
    return change


def _to_json(value) -> str:
    return orjson.dumps(value).decode()
