"""The words of the safeguard lane 安全保护专线: who may say them, who is inside, and how they are counted where nobody may see them. Knows names, nothing else.

What is said with these words travels sealed: in its own voice, from intake to mediation to notify, and nobody else hears it. docs/safeguard.md.
"""

from contracts.channels import is_sealed
from contracts.county import AGENCIES, COUNTY

# A report or a screening with one of these flags opens a hold: 反家庭暴力法 13-16, 未成年人保护法 11. A mass matter is no such matter.
DANGERS = ("domestic_violence", "minor", "violence_threat")

# fmt: off
STEPS = {
    "dv.warning_issued":         ("出具家庭暴力告诫书",       "the police issued a domestic-violence warning"),
    "protection_order.applied":  ("申请人身安全保护令",       "a protection order was applied for"),
    "protection_order.accepted": ("受理人身安全保护令申请",   "the application for a protection order was accepted"),
    "protection_order.issued":   ("作出人身安全保护令",       "a protection order was issued"),
    "protection_order.refused":  ("驳回人身安全保护令申请",   "a protection order was refused"),
    "hold.released":             ("解除安全保护",             "the safeguard hold was released"),
    "dispute.stayed":            ("暂缓办理",                 "the dispute was stayed"),
    "stay.lifted":               ("恢复办理",                 "the stay was lifted"),
}
WHO = {
    "dv.warning_issued":         "P",
    "protection_order.applied":  "W P C",
    "protection_order.accepted": "W P C",    # what a court decided may also be told by whoever it told: nobody of these is outside the lane
    "protection_order.issued":   "W P C",
    "protection_order.refused":  "W P C",
    "hold.released":             "P C",
    "dispute.stayed":            "C P J M",
    "stay.lifted":               "C P J M",
}
# What a hold or a stay is opened for.
CAUSES = {
    "risk":             ("风险标记",     "a risk flag"),
    "warning":          ("告诫书",       "a police warning"),
    "protection_order": ("人身安全保护令", "a protection order"),
    "stay":             ("暂缓办理",     "a stay"),
}
RELEASE_REASONS = {
    "danger_passed":    ("危险已消除",       "the danger has passed"),
    "order_expired":    ("保护令期限届满",   "the protection order has expired"),
    "unfounded":        ("经核查不属实",     "found to be without ground"),
    "true_wish":        ("受害人的真实意愿", "the victim's own true wish"),
    "otherwise_safe":   ("已有其他保护措施", "protected in another way"),
}
# Ordinary reasons to let a dispute rest, none of which is told: they are what a hold looks like from outside.
STAY_REASONS = {
    "jurisdiction":     ("管辖待定",         "who is competent is not settled"),
    "recusal":          ("回避申请审查",     "a recusal is being decided"),
    "file_lent":        ("调阅案卷",         "the file is on loan"),
    "preservation":     ("财产保全",         "property is being preserved"),
    "inquiry":          ("调查核实",         "an inquiry"),
    "duplicate_check":  ("核对是否重复",     "checked for a duplicate"),
}
LOOK_REASONS = {                             # why somebody looks at what is in the lane; every look is written down
    "protection":       ("办理人身安全保护令", "handling a protection order"),
    "warning":          ("出具或送达告诫书",   "issuing or serving a warning"),
    "police_duty":      ("处警、走访",         "a call, a visit"),
    "support":          ("帮助受害人",         "helping the victim"),
    "release":          ("研判是否解除",       "deciding on the release"),
    "supervision":      ("监督检查",           "supervision"),
}
LOOK_AT = {"matters": ("接口 /matters", "the door, at /matters")}
# fmt: on

INSIDE = frozenset("PCW")  # who hears answers in the lane, and may look
MOVERS = frozenset("PC")  # who alone moves a dispute under a hold
TOLD = tuple(COUNTY.lead(role).code for role in "PCW")  # at once, when a hold opens

COUNTED_AS = "dispute.reported"  # where a measure counts by type of event: a type of its own would tell


def is_inside(agency: str) -> bool:
    return agency in AGENCIES and AGENCIES[agency].role in INSIDE


def moves_it(agency: str) -> bool:
    return agency in AGENCIES and AGENCIES[agency].role in MOVERS


def is_quiet(source: str, type: str) -> bool:
    """Whether a log line or a tool must not name the dispute beside this event: it would tell that there is something in the lane."""
    return is_sealed(source) or type in STEPS


def in_danger(facts: dict) -> tuple[str, ...]:
    """The flags of an agency's event that open a hold."""
    risk = facts.get("risk") or {}
    return tuple(flag for flag in DANGERS if risk.get(flag))
