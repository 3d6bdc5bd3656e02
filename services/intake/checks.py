"""Checks of intake's tables on a running system: SQL that counts differences. Events of the last minute are not counted, because they may be in progress."""

# fmt: off
CHECKS = (
    # name in Chinese                      name in English                                        query that returns the number of differences
    ("每条上报日志均有首次回执",              "every logged event has its first receipt",
     "select count(*) from intake.log l where not exists (select from intake.receipts r where r.id = 'receipt/' || l.seq || '/first')"),
    ("每个已接收事件均有结果回执",             "every accepted event has its outcome receipt",
     "select count(*) from intake.log l where refused_for is null and received_at < now() - interval '1 minute'"
     " and not exists (select from intake.receipts r where r.id = 'receipt/' || l.seq || '/outcome')"
     " and not exists (select from intake.join_requests j where j.seq = l.seq) and not exists (select from intake.waiting_steps w where w.seq = l.seq)"),
    ("回执位置不超过已分配的最后位置",          "no receipt has a position above the last one assigned",
     "select count(*) from (select agency, max(position) as highest from intake.receipts group by agency) r left join intake.receipt_cursors c using (agency)"
     " where c.last is null or r.highest > c.last"),
    ("每个纠纷编码均有上报",                  "every dispute code has a report",
     "select count(*) from intake.disputes d where not exists (select from intake.reports r where r.code = d.code)"),
)
# fmt: on
