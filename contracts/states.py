"""The names of the states in the life of a dispute. Which follows which is mediation's table, not this one."""

# fmt: off
STATES = {
    "detected":          ("线索",         "detected"),
    "registered":        ("已登记",       "registered"),
    "screened":          ("已甄别",       "screened"),
    "routed":            ("已分流",       "routed"),
    "referral_declined": ("已退回",       "referral declined"),
    "accepted":          ("已接收",       "accepted"),
    "consent_pending":   ("征询意愿",     "consent pending"),
    "mediating":         ("调解中",       "mediating"),
    "clock_paused":      ("鉴定评估",     "clock paused"),
    "agreed":            ("达成协议",     "agreed"),
    "confirm_applied":   ("申请司法确认", "confirmation applied for"),
    "confirm_decided":   ("已裁定",       "confirmation decided"),
    "terminated":        ("调解终结",     "terminated"),
    "suspended":         ("中止",         "suspended"),
    "performing":        ("履行中",       "performing"),
    "defaulted":         ("未履行",       "defaulted"),
    "filed":             ("已立案",       "filed"),
    "court_track":       ("审理中",       "in court"),
    "enforcement":       ("执行中",       "enforcement"),
    "safeguard_hold":    ("安全保护",     "safeguard hold"),
    "redirected":        ("已转出",       "redirected"),
    "resolved":          ("已化解",       "resolved"),
    "closed":            ("已归档",       "closed"),
}
# fmt: on
