"""What each step is called that an agency can report: the event's type with its Chinese and English."""

# fmt: off
STEPS = {
    "dispute.reported":      ("纠纷登记上报",   "a dispute was reported"),
    "dispute.screened":      ("纠纷甄别",       "the dispute was screened"),
    "dispute.routed":        ("分流交办",       "the dispute was sent to a body"),
    "referral.accepted":     ("接收交办",       "the body took the referral"),
    "referral.declined":     ("退回交办",       "the body declined the referral"),
    "consent.given":         ("同意调解",       "a party consented to mediation"),
    "consent.refused":       ("拒绝调解",       "a party refused mediation"),
    "mediator.agreed":       ("选定调解员",     "the parties agreed on a mediator"),
    "mediator.appointed":    ("指定调解员",     "a mediator was appointed"),
    "mediation.started":     ("调解开始",       "mediation started"),
    "session.held":          ("开展调解",       "a session was held"),
    "mediation.extended":    ("延长调解期限",   "mediation was extended"),
    "mediation.suspended":   ("中止调解",       "mediation was suspended"),
    "mediation.terminated":  ("调解终结",       "mediation ended without agreement"),
    "agreement.reached":     ("达成调解协议",   "an agreement was reached"),
    "performance.recorded":  ("记录履行情况",   "performance was recorded"),
    "dispute.followed_up":   ("回访",           "the dispute was followed up"),
    "dispute.archived":      ("归档",           "the dispute was archived"),
}
# fmt: on
