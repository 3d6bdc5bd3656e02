"""SQL of the read model's reading side. Nothing here counts history: pages read sums, or walk an index a page at a time."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from contracts.dates import SHANGHAI
from services.metrics.domain import FLOWS

TREND_DAYS = 90
SOON = timedelta(days=3)
COUNTED_UP_TO = 1000
TIMELINE_UP_TO = 1000
SHORT_LIST = 8

# fmt: off
SORTS = {                 # column,         direction
    "due":       ("d.runs_out_at", "asc"),
    "opened":    ("d.opened_at",   "desc"),
    "changed":   ("d.last_at",     "desc"),
}
CONDITIONS = {            # a filter of the address, and what it means
    "township":  "d.township = %(township)s",
    "kind":      "d.kind = %(kind)s",
    "state":     "d.state = %(state)s",
    "reporter":  "d.reporter = %(reporter)s",
    "next_actors": "d.next_actors @> array[%(next_actors)s::text]",
    "serial":    "substr(d.code, 13, 6) = %(serial)s",
    "prefix":    "d.code >= %(prefix)s and d.code < %(prefix)s || '~'",
}
LAST_CHANGE = "select last_change from metrics.head"
CHANGES_AFTER = "select id, body from metrics.changes where id > %s order by id limit %s"
STATUS = {"open": "d.is_open", "closed": "not d.is_open", "all": "true"}
OVERDUE = {
    "law":       "d.is_open and d.overdue <> 'none' and d.overdue in ('law', 'both')",
    "other":     "d.is_open and d.overdue <> 'none' and d.overdue in ('other', 'both')",
    "any":       "d.is_open and d.overdue <> 'none'",
}
# fmt: on


@dataclass(slots=True)
class Line:
    """One dispute in a list."""

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
    overdue: str
    last_at: datetime
    channel: str
    registered: bool


LINE = (
    "d.code, d.township, d.kind, d.reporter, d.state, d.next_actors, d.body, d.opened_at, coalesce(d.entered_at, d.opened_at), d.closed_at, d.outcome,"
    " d.merged_into, nullif(d.runs_out_at, 'infinity'), d.runs_out_clock, l.kind, l.state, d.overdue, d.last_at, d.channel, d.registered"
)
NEAREST = "left join metrics.deadlines l on l.code = d.code and l.clock = d.runs_out_clock"


@dataclass(slots=True)
class Cell:
    """Open disputes, and how many of them are past a deadline of the law or of another kind."""

    open: int = 0
    law: int = 0
    other: int = 0

    def add(self, overdue, count):
        self.open += count
        self.law += count if overdue in ("law", "both") else 0
        self.other += count if overdue in ("other", "both") else 0


@dataclass(slots=True)
class Overview:
    change: int
    total: Cell = field(default_factory=Cell)
    by_state: dict = field(default_factory=lambda: defaultdict(Cell))
    by_township: dict = field(default_factory=lambda: defaultdict(Cell))
    by_kind: dict = field(default_factory=lambda: defaultdict(Cell))
    by_agency: dict = field(default_factory=lambda: defaultdict(Cell))
    today: dict = field(default_factory=dict)
    trend: dict = field(default_factory=dict)
    soon: int = 0
    late: list = field(default_factory=list)
    next: list = field(default_factory=list)
    as_of: datetime | None = None
    is_empty: bool = False


def last_change(tx) -> tuple[int, datetime | None]:
    """The number of the latest change, and when the latest event was heard."""
    return tx.rows("select (select last_change from metrics.head), (select max(heard_at) from metrics.as_of)")[0]


def overview(tx, township: str | None) -> Overview:
    """Everything on the first page, for the county or for one township."""
    tx.run("set local statement_timeout = '5s'")
    change, heard_at = last_change(tx)
    page = Overview(change, as_of=heard_at, is_empty=change == 0)
    here = {"township": township, "today": tx.now.astimezone(SHANGHAI).date(), "now": tx.now, "soon": tx.now + SOON, "limit": SHORT_LIST}
    where = "where township = %(township)s" if township else ""
    for state, place, kind, overdue, count in tx.rows(
        f"select state, township, kind, overdue, sum(count)::bigint from metrics.open_cube {where}"
        " group by grouping sets ((state, overdue), (township, overdue), (kind, overdue)) having sum(count) <> 0",
        here,
    ):
        if state is not None:
            page.by_state[state].add(overdue, count)
            page.total.add(overdue, count)
        elif place is not None:
            page.by_township[place].add(overdue, count)
        else:
            page.by_kind[kind].add(overdue, count)
    for agency, overdue, count in tx.rows(
        f"select agency, overdue, sum(count)::bigint from metrics.open_waits {where} group by agency, overdue having sum(count) <> 0", here
    ):
        page.by_agency[agency].add(overdue, count)
    _read_flow(tx, page, here)
    only = "and d.township = %(township)s" if township else ""
    page.late = _lines(tx, f"where {OVERDUE['law']} {only} order by d.runs_out_at, d.code limit %(limit)s", here)
    page.next = _lines(
        tx, f"where d.is_open and d.runs_out_at >= %(now)s and d.runs_out_at < 'infinity' {only} order by d.runs_out_at, d.code limit %(limit)s", here
    )
    page.soon = _count_up_to(tx, f"from metrics.disputes d where d.is_open and d.runs_out_at >= %(now)s and d.runs_out_at < %(soon)s {only}", here)
    return page


def _read_flow(tx, page, here):
    first = here["today"] - timedelta(days=TREND_DAYS - 1)
    if here["township"]:
        rows = tx.rows(
            "select day, what, sum(count)::bigint from metrics.flow where township = %(township)s and day between %(first)s and %(today)s group by day, what",
            {**here, "first": first},
        )
    else:
        rows = tx.rows("select day, what, count from metrics.days where day between %(first)s and %(today)s", {**here, "first": first})
    counts = {(day, what): count for day, what, count in rows}
    days = [first + timedelta(days=n) for n in range(TREND_DAYS)]
    page.trend = {"days": [day.isoformat() for day in days], **{what: [counts.get((day, what), 0) for day in days] for what in FLOWS}}
    page.today = {what: counts.get((here["today"], what), 0) for what in FLOWS}


@dataclass(slots=True)
class Found:
    """One page of a list."""

    lines: list[Line]
    following: tuple[str, str] | None  # where the next page begins
    count: int
    is_more: bool  # there are more than `count`
    as_of: datetime | None
    change: int


def find(tx, asked: dict, sort: str, after: tuple[str, str] | None, limit: int) -> Found:
    """A page of disputes: `asked` by the names of CONDITIONS, plus status, overdue, soon, and what with day. Keyset, never offset."""
    tx.run("set local statement_timeout = '5s'")
    source, conditions = _conditions(asked)
    values = {**asked, "now": tx.now, "soon_at": tx.now + SOON, "limit": limit + 1}
    column, direction = SORTS[sort]
    walked = list(conditions)
    if after:
        walked.append(f"({column}, d.code) {'>' if direction == 'asc' else '<'} (%(after)s::timestamptz, %(after_code)s)")
        values |= {"after": after[0], "after_code": after[1]}
    rows = tx.rows(
        f"select {LINE}, {column}::text from {source} {NEAREST} where {' and '.join(walked)} order by {column} {direction}, d.code {direction} limit %(limit)s",
        values,
    )
    lines = [Line(*row[:-1]) for row in rows[:limit]]
    following = (rows[limit - 1][-1], rows[limit - 1][0]) if len(rows) > limit else None
    count, is_more = _count_from_sums(tx, asked), False
    if count is None:
        count = _count_up_to(tx, f"from {source} where {' and '.join(conditions)}", values)
        is_more = count > COUNTED_UP_TO
    change, as_of = last_change(tx)
    return Found(lines, following, count, is_more, as_of, change)


def _conditions(asked):
    conditions = [STATUS[asked.get("status", "open")]]
    conditions += [CONDITIONS[name] for name in CONDITIONS if name in asked]
    if asked.get("overdue"):
        conditions.append(OVERDUE[asked["overdue"]])
    if asked.get("soon"):
        conditions.append("d.is_open and d.runs_out_at >= %(now)s and d.runs_out_at < %(soon_at)s")
    source = "metrics.disputes d"
    if asked.get("what"):
        source = "metrics.moves m join metrics.disputes d on d.code = m.code"
        conditions.append("m.day = %(day)s and m.what = %(what)s and m.count > 0")
    return source, conditions


def _count_from_sums(tx, asked):
    """The number that the overview shows for the same filters, or None if no sum has it."""
    given = set(asked)
    if asked.get("status", "open") != "open":
        return None
    overdue = {"law": ["law", "both"], "other": ["other", "both"], "any": ["law", "other", "both"]}.get(asked.get("overdue") or "")
    values = {**asked, "overdues": overdue}
    within = "and overdue = any(%(overdues)s)" if overdue else ""
    if given <= {"status", "township", "kind", "state", "overdue"}:
        equal = " ".join(f"and {name} = %({name})s" for name in ("township", "kind", "state") if name in asked)
        return tx.rows(f"select coalesce(sum(count), 0)::bigint from metrics.open_cube where true {equal} {within}", values)[0][0]
    if given <= {"status", "township", "next_actors", "overdue"}:
        equal = "and township = %(township)s" if "township" in asked else ""
        return tx.rows(f"select coalesce(sum(count), 0)::bigint from metrics.open_waits where agency = %(next_actors)s {equal} {within}", values)[0][0]
    return None


def _count_up_to(tx, tail, values) -> int:
    return tx.rows(f"select count(*) from (select 1 {tail} limit {COUNTED_UP_TO + 1}) as counted", values)[0][0]


def _lines(tx, tail, values):
    return [Line(*row) for row in tx.rows(f"select {LINE} from metrics.disputes d {NEAREST} {tail}", values)]


def dispute(tx, code: str):
    """(line, deadlines, timeline, change, as of) of one dispute, or None."""
    tx.run("set local statement_timeout = '5s'")
    lines = _lines(tx, "where d.code = %(code)s", {"code": code})
    if not lines:
        return None
    names = ("clock", "kind", "article", "state", "started_at", "due_at", "met_at", "late", "owed_by")
    deadlines = [
        dict(zip(names, row, strict=True))
        for row in tx.rows(f"select {', '.join(names)} from metrics.deadlines where code = %(code)s order by due_at, clock", {"code": code})
    ]
    names = ("source", "sequence", "at", "type", "agency", "event", "detail")
    timeline = [
        dict(zip(names, row, strict=True))
        for row in tx.rows(
            f"select {', '.join(names)} from metrics.timeline where code = %(code)s order by at, source, sequence limit {TIMELINE_UP_TO}", {"code": code}
        )
    ]
    return lines[0], deadlines, timeline, *last_change(tx)


def changes_since(tx, after: int, limit: int) -> tuple[list[tuple], int]:
    """Changes after a number, in commit order, and the latest number given."""
    rows = tx.rows(CHANGES_AFTER, (after, limit))
    return rows, last_change(tx)[0]


def measures(tx) -> dict[str, list[tuple[str, float]]]:
    """The figures of measures.py, by name of the measure."""
    figures = defaultdict(list)
    figures["fengqiao_open"] = tx.rows("select state, sum(count)::bigint from metrics.open_cube group by state")
    figures["fengqiao_overdue"] = [
        ("LAW", tx.rows("select coalesce(sum(count), 0)::bigint from metrics.open_cube where overdue in ('law', 'both')")[0][0]),
        ("OTHER", tx.rows("select coalesce(sum(count), 0)::bigint from metrics.open_cube where overdue in ('other', 'both')")[0][0]),
    ]
    figures["fengqiao_open_waits"] = tx.rows("select agency, sum(count)::bigint from metrics.open_waits group by agency")
    named = {"registered": "fengqiao_registered", "closed": "fengqiao_closed", "refused": "fengqiao_steps_refused", "notices": "fengqiao_notices"}
    for what, label, count in tx.rows("select what, label, count from metrics.totals"):
        figures[named[what]].append((label, count))
    figures["fengqiao_heard_timestamp_seconds"] = tx.rows("select source, extract(epoch from heard_at)::float8 from metrics.as_of")
    return figures
