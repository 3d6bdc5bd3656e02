"""Checks of mediation's tables on a running system: SQL that counts differences."""

# fmt: off
CHECKS = (
    # name in Chinese                      name in English                                        query that returns the number of differences
    ("纠纷状态与最后一步一致",                "every dispute is in the state of its last step",
     "select count(*) from mediation.disputes d cross join lateral"
     " (select after from mediation.transitions t where t.code = d.code order by step desc limit 1) last where last.after <> d.state"),
    ("每一步均有其纠纷",                     "every step has its dispute",
     "select count(*) from mediation.transitions t where not exists (select from mediation.disputes d where d.code = t.code)"),
)
# fmt: on
