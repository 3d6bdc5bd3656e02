"""Checks of notify's tables on a running system: SQL that counts differences."""

# fmt: off
CHECKS = (
    # name in Chinese                      name in English                                        query that returns the number of differences
    ("每个网络回调通知均有收件箱通知",          "every notice by webhook is in the inbox too",
     "select count(*) from notify.notices w where channel = 'webhook' and not exists (select from notify.notices i where i.id = w.id and i.channel = 'inbox')"),
)
# fmt: on
