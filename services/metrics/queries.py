"""SQL that reads the read model for the dashboard. No query counts past events: pages read stored counts, or one page of rows by an index."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.codes import dispute_code
from contracts.county import COUNTY
from contracts.dates import SHANGHAI
from services.metrics.domain import DAILY_FIGURES
from services.metrics.model import Watermark

TREND_DAYS = 90
SOON_PERIOD = timedelta(days=3)
MAX_COUNT = 1000  # a list without a stored count is counted up to this number; above it the page shows "more than 1,000"
MAX_TIMELINE_ROWS = 1000
SHORT_LIST_LENGTH = 8
MAX_DUE_IN_SHORT_LIST = 2  # of the overview's list of next deadlines, at most this many are due already
MIN_SHOWN_BACKLOG = 50  # a page says that it is loading if mediation has still to decide on at least this many steps
BACKLOG_SHOWN_FOR = timedelta(minutes=1)  # … or if the latest batch, processed within this time, was behind
SEARCHED_YEARS = 30  # a search for a serial number finds the disputes with this number of this and earlier years
# Settings of the planner for the queries of a page. The best plan depends on the values: a condition that few disputes meet needs another index than one that
# many meet. A scan of a whole table would read in proportion to the number of disputes. A page that reads too much nevertheless is cancelled.
SET_PLANNER_SQL = (
    "select set_config('plan_cache_mode', 'force_custom_plan', true), set_config('enable_seqscan', 'off', true), set_config('random_page_cost', '1.1', true),"
    " set_config('statement_timeout', '5s', true)"
)

# fmt: off
SORT_COLUMNS = {          # by value of the query parameter `sort`: column, direction
    "due":       ("d.runs_out_at", "asc"),
    "opened":    ("d.opened_at",   "desc"),
    "changed":   ("d.last_at",     "desc"),
}
# The time of the latest event is indexed to ten minutes only (see the table); the disputes of each ten minutes are sorted when they are read.
INDEXED_PREFIXES = {"changed": "d.rounded_last_at desc, "}
INDEXED_POSITION_CONDITIONS = {"changed": "d.rounded_last_at <= date_bin('10 minutes', %(after)s::timestamptz, timestamptz 'epoch')"}
FILTER_CONDITIONS = {     # SQL condition of each filter of the dispute list
    "township":  "d.township = %(township)s",
    "kind":      "d.kind = %(kind)s",
    "state":     "d.state = %(state)s",
    "reporter":  "d.reporter = %(reporter)s",
    "follow_up": "d.is_unsettled",
    "next_actors": "d.is_open and d.next_actors @> array[%(next_actors)s::text]",   # in a closed dispute nobody has to act
    "serial":    "d.code = any(%(codes)s)",
    "prefix":    "d.code >= %(prefix)s and d.code < %(prefix)s || '~'",
}
SELECT_LAST_CHANGE = "select last_change from metrics.head"
SELECT_CHANGES_AFTER = "select id, body from metrics.changes where id > %s order by id limit %s"
STATUS_CONDITIONS = {"open": "d.is_open", "closed": "not d.is_open", "all": "true"}
OVERDUE_CONDITIONS = {
    "law":       "d.is_open and d.overdue in ('law', 'both')",
    "other":     "d.is_open and d.overdue <> 'none' and d.overdue in ('other', 'both')",
    "any":       "d.is_open and d.overdue <> 'none'",
    # The earliest unmet deadline is due, but mediation has not announced that it passed, because an agency that may have met it has not been heard since.
    "awaited":   "d.is_open and d.overdue = 'none' and d.runs_out_at < %(now)s",
}
# fmt: on


@dataclass(slots=True)
class DisputeRow:
    """One dispute as shown in the list and on its page. The fields are in the order of SELECTED_COLUMNS."""

    code: str
    township: str
    kind: str
    reporter: str
    state: str
    next_actors: list
    body: str | None
    opened_at: datetime
    entered_at: datetime
    closed_at: datetime | None
    outcome: str | None
    merged_into: str | None
    runs_out_at: datetime | None
    runs_out_clock: str | None
    runs_out_kind: str | None
    runs_out_state: str | None
    runs_out_article: str | None
    runs_out_owed_by: list | None
    is_provisional: bool | None
    overdue: str
    last_at: datetime
    channel: str
    registered: bool
    is_unsettled: bool
    particulars: dict


# `d` is metrics.disputes; `l` is the nearest deadline in metrics.deadlines.
SELECTED_COLUMNS = (
    "d.code, d.township, d.kind, d.reporter, d.state, d.next_actors, d.body, d.opened_at, coalesce(d.entered_at, d.opened_at), d.closed_at, d.outcome,"
    " d.merged_into, nullif(d.runs_out_at, 'infinity'), d.runs_out_clock, l.kind, l.state, l.article, l.owed_by, l.provisional, d.overdue,"
    " d.last_at, d.channel, d.registered, d.is_unsettled, d.particulars"
)
NEAREST_DEADLINE_JOIN = "left join metrics.deadlines l on l.code = d.code and l.clock = d.runs_out_clock"


@dataclass(slots=True)
class OpenCounts:
    """Number of open disputes, and how many of them are past a deadline set by law (`law`) or a deadline of another kind (`other`)."""

    open: int = 0
    law: int = 0
    other: int = 0

    def add(self, overdue, count):
        """Count `count` more disputes. `overdue` is their value of that column: none, law, other or both."""
        self.open += count
        self.law += count if overdue in ("law", "both") else 0
        self.other += count if overdue in ("other", "both") else 0


@dataclass(slots=True)
class OverviewFigures:
    """Figures of the overview page. `change` is the number of the latest change that the figures include."""

    change: int
    total: OpenCounts = field(default_factory=OpenCounts)
    by_state: dict = field(default_factory=lambda: defaultdict(OpenCounts))
    by_township: dict = field(default_factory=lambda: defaultdict(OpenCounts))
    by_kind: dict = field(default_factory=lambda: defaultdict(OpenCounts))
    by_agency: dict = field(default_factory=lambda: defaultdict(OpenCounts))
    today: dict = field(default_factory=dict)
    trend: dict = field(default_factory=dict)
    due_soon_count: int = 0  # counted up to MAX_COUNT + 1, like the next two
    awaited_count: int = 0
    unsettled_count: int = 0
    watermarks: dict[str, Watermark] = field(default_factory=dict)
    progress: "Progress | None" = None
    longest_overdue: list = field(default_factory=list)
    due_next: list = field(default_factory=list)
    as_of: datetime | None = None
    is_empty: bool = False


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the events of the producers have been processed while a backlog is worked off, such as a loaded history."""

    decided: int  # number of steps whose decision by mediation has been processed
    reported: int  # number of steps that intake has passed on, as far as known
    decided_up_to: datetime  # when mediation took the latest decision that has been processed

    @property
    def lacks_decisions(self) -> bool:
        return self.reported - self.decided >= MIN_SHOWN_BACKLOG


def load_progress(tx) -> Progress | None:
    """Return how far a backlog has been worked off; None if there is none.

    The metrics service may read no table of another service and not the length of a queue, so the backlog is derived from the events themselves. Every step
    that intake passes on is followed by one decision of mediation, and intake is one service nearer: while mediation works off a backlog, more steps are known
    than decisions. When this service is behind itself, it processes full batches of decisions that are some time old. In an idle system the two numbers are
    equal, but for steps of single disputes that an operator has parked; therefore a small difference is not shown.
    """
    ((reported, decided, decided_up_to, is_behind),) = tx.rows(
        "select coalesce(sum(steps) filter (where source = 'intake'), 0)::bigint, coalesce(sum(steps) filter (where source = 'mediation'), 0)::bigint,"
        " max(latest_event_at) filter (where source = 'mediation'), bool_or(is_behind and heard_at > %(now)s - %(shown_for)s) from metrics.as_of",
        {"now": tx.now, "shown_for": BACKLOG_SHOWN_FOR},
    )
    if decided_up_to is not None and (is_behind or reported - decided >= MIN_SHOWN_BACKLOG):
        return Progress(decided, max(reported, decided), decided_up_to)
    return None


def load_watermarks(tx) -> dict[str, Watermark]:
    """Return how far each agency has reported, by code of the agency."""
    return {agency: Watermark(*times) for agency, *times in tx.rows("select agency, up_to_at, stated_up_to_at from metrics.watermarks")}


def load_last_change(tx) -> tuple[int, datetime | None]:
    """Return the number of the latest change, and when the latest event was processed."""
    return tx.rows("select (select last_change from metrics.head), (select max(heard_at) from metrics.as_of)")[0]


def load_overview(tx, township: str | None) -> OverviewFigures:
    """Return the figures of the overview page for one township, or for the whole county if `township` is None."""
    tx.rows(SET_PLANNER_SQL)
    change, heard_at = load_last_change(tx)
    page = OverviewFigures(change, as_of=heard_at, is_empty=change == 0, watermarks=load_watermarks(tx), progress=load_progress(tx))
    values = {"township": township, "today": tx.now.astimezone(SHANGHAI).date(), "now": tx.now, "soon": tx.now + SOON_PERIOD, "limit": SHORT_LIST_LENGTH}
    where = "where township = %(township)s" if township else ""
    for state, place, kind, overdue, count in tx.rows(
        f"select state, township, kind, overdue, sum(count)::bigint from metrics.open_cube {where}"
        " group by grouping sets ((state, overdue), (township, overdue), (kind, overdue)) having sum(count) <> 0",
        values,
    ):
        if state is not None:
            page.by_state[state].add(overdue, count)
            page.total.add(overdue, count)
        elif place is not None:
            page.by_township[place].add(overdue, count)
        else:
            page.by_kind[kind].add(overdue, count)
    for agency, overdue, count in tx.rows(
        f"select agency, overdue, sum(count)::bigint from metrics.open_waits {where} group by agency, overdue having sum(count) <> 0", values
    ):
        page.by_agency[agency].add(overdue, count)
    _load_daily_figures(tx, page, values)
    in_township = "and d.township = %(township)s" if township else ""
    page.longest_overdue = _load_disputes(tx, f"where {OVERDUE_CONDITIONS['law']} {in_township} order by d.runs_out_at, d.code limit %(limit)s", values)
    awaited = f"d.is_open and d.overdue = 'none' and d.runs_out_at < %(now)s {in_township}"
    page.due_next = _load_disputes(tx, f"where {awaited} order by d.runs_out_at, d.code limit {MAX_DUE_IN_SHORT_LIST}", values)
    values["limit"] = SHORT_LIST_LENGTH - len(page.due_next)
    page.due_next += _load_disputes(
        tx, f"where d.is_open and d.runs_out_at >= %(now)s and d.runs_out_at < 'infinity' {in_township} order by d.runs_out_at, d.code limit %(limit)s", values
    )
    page.due_soon_count = _count_up_to_max(
        tx, f"from metrics.disputes d where d.is_open and d.runs_out_at >= %(now)s and d.runs_out_at < %(soon)s {in_township}", values
    )
    page.awaited_count = _count_up_to_max(tx, f"from metrics.disputes d where {awaited}", values)
    page.unsettled_count = _count_up_to_max(tx, f"from metrics.disputes d where {FILTER_CONDITIONS['follow_up']} {in_township}", values)
    return page


def _load_daily_figures(tx, page, values):
    """Set `today` and `trend` of the overview: the daily figures of today and of the last 90 days."""
    first = values["today"] - timedelta(days=TREND_DAYS - 1)
    if values["township"]:
        rows = tx.rows(
            "select day, figure, sum(count)::bigint from metrics.daily_counts"
            " where township = %(township)s and day between %(first)s and %(today)s group by day, figure",
            {**values, "first": first},
        )
    else:
        rows = tx.rows("select day, figure, count from metrics.daily_totals where day between %(first)s and %(today)s", {**values, "first": first})
    counts = {(day, figure): count for day, figure, count in rows}
    days = [first + timedelta(days=n) for n in range(TREND_DAYS)]
    page.trend = {"days": [day.isoformat() for day in days], **{figure: [counts.get((day, figure), 0) for day in days] for figure in DAILY_FIGURES}}
    page.today = {figure: counts.get((values["today"], figure), 0) for figure in DAILY_FIGURES}


@dataclass(slots=True)
class DisputeListPage:
    """One page of the dispute list."""

    disputes: list[DisputeRow]
    next_position: tuple[str, str] | None  # (sort value, code) of the last row; None: this is the last page
    count: int
    has_more: bool  # True: more than MAX_COUNT disputes match, and `count` is only a lower bound
    as_of: datetime | None
    change: int
    watermarks: dict[str, Watermark] = field(default_factory=dict)
    progress: Progress | None = None


def find_disputes(tx, filters: dict, sort: str, after: tuple[str, str] | None, limit: int) -> DisputeListPage:
    """Return one page of the disputes that match the filters, beginning after the position `after` (keyset pagination, no offset).

    `filters`: values by the names in FILTER_CONDITIONS, and `status`, `overdue`, `soon`, or `what` (a daily figure that counts disputes) with `day`.
    """
    tx.rows(SET_PLANNER_SQL)
    source, conditions = _sql_conditions(filters)
    values = {**filters, "now": tx.now, "soon_at": tx.now + SOON_PERIOD, "limit": limit + 1}
    if "serial" in filters:
        year = tx.now.astimezone(SHANGHAI).year
        values["codes"] = [dispute_code(COUNTY.area, past, int(filters["serial"])) for past in range(year - SEARCHED_YEARS + 1, year + 1)]
    column, direction = SORT_COLUMNS[sort]
    page_conditions = list(conditions)
    if after:
        page_conditions += [INDEXED_POSITION_CONDITIONS[sort]] if sort in INDEXED_POSITION_CONDITIONS else []
        page_conditions.append(f"({column}, d.code) {'>' if direction == 'asc' else '<'} (%(after)s::timestamptz, %(after_code)s)")
        values |= {"after": after[0], "after_code": after[1]}
    rows = tx.rows(
        f"select {SELECTED_COLUMNS}, {column}::text from {source} {NEAREST_DEADLINE_JOIN} where {' and '.join(page_conditions)}"
        f" order by {INDEXED_PREFIXES.get(sort, '')}{column} {direction}, d.code {direction} limit %(limit)s",
        values,
    )
    disputes = [DisputeRow(*row[:-1]) for row in rows[:limit]]
    next_position = (rows[limit - 1][-1], rows[limit - 1][0]) if len(rows) > limit else None
    count, has_more = _load_stored_count(tx, filters), False
    if count is None:
        count = _count_up_to_max(tx, f"from {source} where {' and '.join(conditions)}", values)
        has_more = count > MAX_COUNT
    change, as_of = load_last_change(tx)
    return DisputeListPage(disputes, next_position, count, has_more, as_of, change, load_watermarks(tx), load_progress(tx))


def _sql_conditions(filters):
    """Return the FROM clause and the SQL conditions of these filters."""
    conditions = [STATUS_CONDITIONS[filters.get("status", "open")]]
    conditions += [FILTER_CONDITIONS[name] for name in FILTER_CONDITIONS if name in filters]
    if filters.get("overdue"):
        conditions.append(OVERDUE_CONDITIONS[filters["overdue"]])
    if filters.get("soon"):
        conditions.append("d.is_open and d.runs_out_at >= %(now)s and d.runs_out_at < %(soon_at)s")
    source = "metrics.disputes d"
    if filters.get("what"):
        source = "metrics.daily_disputes f join metrics.disputes d on d.code = f.code"
        conditions.append("f.day = %(day)s and f.figure = %(what)s and f.count > 0")
    return source, conditions


def _load_stored_count(tx, filters):
    """Return the number of disputes that match the filters, from the stored counts; None if no stored count has these dimensions."""
    names = set(filters)
    if filters.get("status", "open") != "open" or filters.get("overdue") == "awaited":
        return None
    overdue = {"law": ["law", "both"], "other": ["other", "both"], "any": ["law", "other", "both"]}.get(filters.get("overdue") or "")
    values = {**filters, "overdues": overdue}
    overdue_condition = "and overdue = any(%(overdues)s)" if overdue else ""
    if names <= {"status", "township", "kind", "state", "overdue"}:
        equality_conditions = " ".join(f"and {name} = %({name})s" for name in ("township", "kind", "state") if name in filters)
        return tx.rows(f"select coalesce(sum(count), 0)::bigint from metrics.open_cube where true {equality_conditions} {overdue_condition}", values)[0][0]
    if names <= {"status", "township", "next_actors", "overdue"}:
        equality_conditions = "and township = %(township)s" if "township" in filters else ""
        return tx.rows(
            f"select coalesce(sum(count), 0)::bigint from metrics.open_waits where agency = %(next_actors)s {equality_conditions} {overdue_condition}", values
        )[0][0]
    return None


def _count_up_to_max(tx, from_clause, values) -> int:
    """Return the number of rows that the FROM clause selects, counting at most to MAX_COUNT + 1."""
    return tx.rows(f"select count(*) from (select 1 {from_clause} limit {MAX_COUNT + 1}) as counted", values)[0][0]


def _load_disputes(tx, from_clause, values):
    return [DisputeRow(*row) for row in tx.rows(f"select {SELECTED_COLUMNS} from metrics.disputes d {NEAREST_DEADLINE_JOIN} {from_clause}", values)]


def load_dispute(tx, code: str):
    """Return (dispute, deadlines, timeline, number of the latest change, time of the latest event processed, watermarks, progress).

    For an unknown code the result is None.
    """
    tx.rows(SET_PLANNER_SQL)
    disputes = _load_disputes(tx, "where d.code = %(code)s", {"code": code})
    if not disputes:
        return None
    names = ("clock", "kind", "article", "state", "started_at", "due_at", "met_at", "late", "owed_by", "provisional")
    deadlines = [
        dict(zip(names, row, strict=True))
        for row in tx.rows(f"select {', '.join(names)} from metrics.deadlines where code = %(code)s order by due_at, clock", {"code": code})
    ]
    names = ("source", "sequence", "at", "type", "agency", "event", "detail")
    timeline = [
        dict(zip(names, row, strict=True))
        for row in tx.rows(
            f"select {', '.join(names)} from metrics.timeline where code = %(code)s order by at, source, sequence limit {MAX_TIMELINE_ROWS}", {"code": code}
        )
    ]
    return disputes[0], deadlines, timeline, *load_last_change(tx), load_watermarks(tx), load_progress(tx)


@dataclass(slots=True)
class RefusedStep:
    """One step that mediation refused, as shown in the list of refused steps."""

    at: datetime
    code: str
    sequence: int
    event: str | None  # source and id of the agency's event
    detail: dict
    township: str


def find_refused_steps(tx, day: str, township: str | None, after: tuple[str, str, int] | None, limit: int):
    """Return the steps refused on a day (Asia/Shanghai), latest first, beginning after the position `after`: (steps, next position or None, their number)."""
    tx.rows(SET_PLANNER_SQL)
    start = datetime.fromisoformat(day).replace(tzinfo=SHANGHAI)
    values = {"start": start, "end": start + timedelta(days=1), "township": township, "limit": limit + 1}
    where = "where r.type = 'step.refused' and r.at >= %(start)s and r.at < %(end)s" + (" and d.township = %(township)s" if township is not None else "")
    from_clause = f"from metrics.timeline r join metrics.disputes d on d.code = r.code {where}"
    position = ""
    if after:
        position = "and (r.at, r.code, r.sequence) < (%(after)s::timestamptz, %(after_code)s, %(after_sequence)s)"
        values |= {"after": after[0], "after_code": after[1], "after_sequence": after[2]}
    rows = tx.rows(
        f"select r.at, r.code, r.sequence, r.event, r.detail, d.township, r.at::text {from_clause} {position}"
        " order by r.at desc, r.code desc, r.sequence desc limit %(limit)s",
        values,
    )
    count = tx.rows(f"select count(*) {from_clause}", values)[0][0]
    last = rows[limit - 1] if len(rows) > limit else None
    return [RefusedStep(*row[:-1]) for row in rows[:limit]], last and (last[-1], last[1], str(last[2])), count


def load_agencies(tx):
    """Return (watermarks by agency, number of open disputes by agency that must act next, last change, time of the latest event processed, progress)."""
    waiting = tx.rows("select agency, sum(count)::bigint from metrics.open_waits group by agency having sum(count) <> 0")
    return load_watermarks(tx), dict(waiting), *load_last_change(tx), load_progress(tx)


def load_changes_after(tx, number: int, limit: int) -> tuple[list[tuple], int]:
    """Return the changes after `number` as (number, body) in commit order, and the number of the latest change."""
    rows = tx.rows(SELECT_CHANGES_AFTER, (number, limit))
    return rows, load_last_change(tx)[0]


def load_metric_values(tx) -> dict[str, list[tuple[str, float]]]:
    """Return (label value, value) pairs by the name of the Prometheus metric (see gauges.py)."""
    values = defaultdict(list)
    values["fengqiao_open"] = tx.rows("select state, sum(count)::bigint from metrics.open_cube group by state")
    values["fengqiao_overdue"] = [
        ("LAW", tx.rows("select coalesce(sum(count), 0)::bigint from metrics.open_cube where overdue in ('law', 'both')")[0][0]),
        ("OTHER", tx.rows("select coalesce(sum(count), 0)::bigint from metrics.open_cube where overdue in ('other', 'both')")[0][0]),
    ]
    values["fengqiao_open_waits"] = tx.rows("select agency, sum(count)::bigint from metrics.open_waits group by agency")
    metric_of_figure = {"registered": "fengqiao_registered", "closed": "fengqiao_closed", "refused": "fengqiao_steps_refused", "notices": "fengqiao_notices"}
    for figure, label, count in tx.rows("select figure, label, count from metrics.totals"):
        values[metric_of_figure[figure]].append((label, count))
    values["fengqiao_heard_timestamp_seconds"] = tx.rows("select source, extract(epoch from heard_at)::float8 from metrics.as_of")
    values["fengqiao_agency_watermark_timestamp_seconds"] = tx.rows("select agency, extract(epoch from up_to_at)::float8 from metrics.watermarks")
    return values
