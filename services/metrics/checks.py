"""Checks of the read model on a running system: SQL that counts the stored counts that differ from a recount."""

# fmt: off
CHECKS = (
    # name in Chinese                      name in English                                        query that returns the number of differences
    ("在办数与重新统计一致",                  "the counts of open disputes equal a recount",
     "select count(*) from (select township, state, kind, overdue, count from metrics.open_cube where count <> 0) stored"
     " full join (select township, state, kind, overdue, count(*) from metrics.disputes where is_open group by 1, 2, 3, 4) counted"
     " using (township, state, kind, overdue) where stored.count is distinct from counted.count"),
    ("待办数与重新统计一致",                  "the counts of agencies that must act equal a recount",
     "select count(*) from (select township, agency, overdue, count from metrics.open_waits where count <> 0) stored"
     " full join (select township, agency, overdue, count(*) from metrics.disputes cross join unnest(next_actors) agency where is_open group by 1, 2, 3) counted"
     " using (township, agency, overdue) where stored.count is distinct from counted.count"),
    ("每日合计与纠纷清单一致",                "the daily totals equal the lists of disputes",
     "select count(*) from (select day, figure, count from metrics.daily_totals where count <> 0) stored"
     " full join (select day, figure, sum(count)::bigint as count from metrics.daily_disputes group by 1, 2 having sum(count) <> 0) counted"
     " using (day, figure) where stored.count is distinct from counted.count"),
    ("每日分项与每日合计一致",                "the daily figures by township and kind equal the daily totals",
     "select count(*) from (select day, figure, count from metrics.daily_totals where count <> 0) stored"
     " full join (select day, figure, sum(count)::bigint as count from metrics.daily_counts group by 1, 2 having sum(count) <> 0) counted"
     " using (day, figure) where stored.count is distinct from counted.count"),
    ("纠纷清单与各纠纷所计指标一致",          "the lists of disputes equal the figures in which the disputes count",
     "select count(*) from (select day::text || ' ' || figure as key, code, count from metrics.daily_disputes where count <> 0) stored"
     " full join (select figure.key, code, figure.value::bigint as count from metrics.disputes"
     "   cross join jsonb_each_text(coalesce(particulars -> 'figures', '{}')) as figure (key, value) where merged_into is null or figure.key like '% refused'"
     "   union all select to_char(opened_at at time zone 'Asia/Shanghai', 'YYYY-MM-DD') || ' reported', code, 1 from metrics.disputes"
     "   where registered and merged_into is null) counted using (key, code) where stored.count is distinct from counted.count"),
    ("逾期标记与各期限一致",                  "the overdue marks equal the passed deadlines",
     "select count(*) from metrics.disputes d left join (select code, case when not bool_or(kind <> 'LAW') then 'law' when not bool_or(kind = 'LAW') then 'other'"
     "   else 'both' end as overdue from metrics.deadlines where state = 'passed' group by code) p using (code)"
     " where d.overdue <> coalesce(p.overdue, 'none')"),
)
# fmt: on
