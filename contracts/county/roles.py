"""Lists of allowed tokens in a county's files, with Chinese and English names: roles, platforms and statuses of agencies, and kinds of places."""

# fmt: off
# Roles of agencies. The letters appear in the definitions of events: only agencies of certain roles may report an event.
ROLES = {
    "C": ("法院、人民法庭", "court, tribunal"),
    "M": ("综治中心（矛盾调解中心）", "mediation centre"),
    "J": ("司法局、司法所", "judicial bureau, judicial office"),
    "W": ("妇联", "women's federation"),
    "P": ("公安", "police"),
    "X": ("信联办", "petition office"),
    "L": ("政法委", "political-legal committee"),
    "G": ("网格、村（社区）、乡镇（街道）", "grid, village, township"),
    "B": ("调解组织", "mediation body"),
}
ROLES_WITH_LEAD = tuple(role for role in ROLES if role != "B")  # roles with exactly one lead agency; mediation bodies (B) have none

# Platforms from which agencies report.
PLATFORMS = {
    "own":     ("自有系统",         "own system"),
    "bureau":  ("司法局调解平台",   "the judicial bureau's mediation platform"),
    "centre":  ("综治中心平台",     "the mediation centre's platform"),
    "court":   ("人民法院调解平台", "the people's courts' mediation platform"),
}
# Statuses of agencies.
STATUSES = {
    "active":    ("在用", "active"),
    "suspended": ("停用", "suspended: may not report, still receives receipts and notices"),
    "removed":   ("撤销", "removed: no longer takes part; its name is retained for its history"),
}
# Kinds of places in villages.csv.
PLACE_KINDS = {
    "village":   ("村",   "village"),
    "community": ("社区", "community"),
}
# fmt: on
