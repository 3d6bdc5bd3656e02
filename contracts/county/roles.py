"""The closed lists of a county's files: what part an agency plays, on which system it reports, whether it takes part."""

# fmt: off
ROLES = {
    "C": ("法院、人民法庭", "court, tribunal"),
    "M": ("综治中心（矛盾调解中心）", "mediation centre"),
    "J": ("司法局、司法所", "judicial bureau and its township offices"),
    "W": ("妇联", "women's federation"),
    "P": ("公安", "police"),
    "X": ("信联办", "petition office"),
    "L": ("政法委", "political-legal committee"),
    "G": ("网格、村（社区）、乡镇（街道）", "grid, village, township"),
    "B": ("调解组织", "mediation body"),
}
LED = tuple(role for role in ROLES if role != "B")  # roles in which one agency leads the others

PLATFORMS = {
    "own":     ("自有系统",         "a system of its own"),
    "bureau":  ("司法局调解平台",   "the judicial bureau's mediation platform"),
    "centre":  ("综治中心平台",     "the mediation centre's platform"),
    "court":   ("人民法院调解平台", "the people's courts' mediation platform"),
}
STATUSES = {
    "active":    ("在用", "takes part"),
    "suspended": ("停用", "may not report; still gets its receipts and notices"),
    "removed":   ("撤销", "takes no part any more; its name stays, because its history names it"),
}
PLACE_KINDS = {
    "village":   ("村",   "village"),
    "community": ("社区", "community"),
}
# fmt: on
