"""Fills the read model with invented disputes by a few SQL statements, fast enough for a million, to examine the plans of the dashboard's queries.

By hand, in an empty database with the migrations of the metrics service: `python -m tests.metrics.many_disputes <database url> 1000000`.
"""

import random
import sys

import psycopg2

from contracts import AGENCIES, COUNTY
from contracts.codes import dispute_code
from contracts.county import TOWNSHIPS
from contracts.kinds import KINDS

AGENCY_COUNT = 270
OPEN_STATES = ("registered", "screened", "routed", "accepted", "mediating", "mediating", "mediating", "agreed", "performing", "filed")
DAYS = 1000  # the disputes were opened in this many days before now
FIRST_YEAR = 2020  # a code has six digits for the serial number, so that a million disputes need several years

# Of a million disputes some 300,000 are open: most new ones, few old ones. Townships, kinds and agencies are of unequal size. Of the open disputes a sixth
# is past the end of a deadline, a tenth of these past a deadline set by law, and an eighth not announced as passed yet. A dispute has one unmet deadline (if it is open) and a timeline of two events.
FILL_SQL = """
select setseed(0.5);
create temporary table drawn as
select code, n, now() - n * interval '{days} days' / {count} as opened_at, random() < greatest(0.04, 0.95 * exp(-3.4 * n / {count})) as is_open,
       (%(townships)s::text[])[1 + floor({townships} * random() ^ 1.7)::int] as township, (%(kinds)s::text[])[1 + floor({kinds} * random() ^ 1.7)::int] as kind,
       (%(agencies)s::text[])[1 + floor({agencies} * random() ^ 2)::int] as reporter, (%(agencies)s::text[])[1 + floor({agencies} * random() ^ 2)::int] as actor,
       (%(states)s::text[])[1 + floor({states} * random())::int] as open_state, random() as a, random() as b
  from unnest(%(codes)s::text[]) with ordinality as c (code, n);
insert into metrics.disputes (code, registered, township, kind, channel, reporter, opened_at, state, next_actors, body, entered_at, closed_at, outcome,
                              runs_out_at, runs_out_clock, overdue, last_at, is_unsettled)
select code, true, township, kind, 'walk_in', reporter, opened_at,
       case when is_open then open_state when a < 0.9 then 'closed' when a < 0.98 then 'resolved' else 'redirected' end,
       case when is_open then case when a < 0.3 then array[actor, 'court'] else array[actor] end else '{{}}' end, actor, opened_at + interval '1 day',
       case when not is_open then opened_at + b * (now() - opened_at) end, case when not is_open then 'performed' end,
       case when is_open and a < 0.9 then now() + (b * 36 - 6) * interval '1 day' else 'infinity' end, case when is_open and a < 0.9 then 'mediation' end,
       case when is_open and a < 0.9 and b < 0.16 then case when b < 0.016 then 'law' when b < 0.14 then 'other' else 'none' end else 'none' end,
       opened_at + a * (now() - opened_at), mod(n, 50) = 3
  from drawn;
insert into metrics.deadlines (code, clock, kind, article, state, started_at, due_at, owed_by)
select code, 'mediation', 'POLICY', '', case when overdue = 'none' then 'running' else 'passed' end, opened_at, runs_out_at, next_actors
  from metrics.disputes where runs_out_clock is not null;
insert into metrics.timeline (code, source, sequence, at, type, agency, detail)
select code, source, 1, opened_at, 'dispute.registered', reporter, '{{}}' from metrics.disputes, unnest(array['intake', 'mediation']) as source;
insert into metrics.timeline (code, source, sequence, at, type, detail)
select code, 'mediation', 2, opened_at + a * interval '1 day', 'step.refused', '{{"step": "case.filed"}}' from drawn where a < 0.3;
insert into metrics.daily_disputes (day, figure, code, count)
select (opened_at at time zone 'Asia/Shanghai')::date, 'reported', code, 1 from metrics.disputes
union all select (closed_at at time zone 'Asia/Shanghai')::date, 'closed', code, 1 from metrics.disputes where closed_at is not null;
insert into metrics.daily_counts (day, figure, township, kind, count)
select day, figure, township, kind, count(*) from metrics.daily_disputes join metrics.disputes using (code) group by 1, 2, 3, 4;
insert into metrics.daily_totals (day, figure, count) select day, figure, sum(count) from metrics.daily_counts group by 1, 2;
insert into metrics.open_cube (state, township, kind, overdue, count)
select state, township, kind, overdue, count(*) from metrics.disputes where is_open group by 1, 2, 3, 4;
insert into metrics.open_waits (agency, township, overdue, count)
select agency, township, overdue, count(*) from metrics.disputes, unnest(next_actors) as agency where is_open group by 1, 2, 3;
drop table drawn;
"""


def fill(connection, count: int) -> None:
    """Insert `count` disputes with their deadlines, timelines and counts, commit, and update the statistics of the planner."""
    agencies = [*AGENCIES, *(f"agency-{n}" for n in range(AGENCY_COUNT - len(AGENCIES)))]
    values = {"townships": list(TOWNSHIPS), "kinds": list(KINDS), "agencies": agencies, "states": list(OPEN_STATES), "codes": _codes(count)}
    sizes = {name: len(of) for name, of in values.items() if name != "codes"}
    with connection.cursor() as cursor:
        cursor.execute(FILL_SQL.format(count=count, days=DAYS, **sizes), values)
    connection.commit()
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("vacuum analyze")  # vacuum also empties the pending list of the index on next_actors, as autovacuum does


def _codes(count) -> list[str]:
    """Return dispute codes from the latest to the earliest year, in scattered order within a year, as intake assigns them."""
    years = -(-count // 400_000)
    per_year = -(-count // years)
    scattered = random.Random(1)
    return [
        dispute_code(COUNTY.area, FIRST_YEAR + year, serial) for year in reversed(range(years)) for serial in scattered.sample(range(1, 1_000_000), per_year)
    ][:count]


if __name__ == "__main__":
    fill(psycopg2.connect(sys.argv[1]), int(sys.argv[2]))
