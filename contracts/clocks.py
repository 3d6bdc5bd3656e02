"""Names of the clocks (rules of deadlines), short names of the laws, and the form in which events cite articles.

The lengths of the periods are defined in services/mediation/law/periods.py.
"""

import re

# fmt: off
# Chinese and English name of each clock.
CLOCKS = {
    "screening":                      ("甄别",                 "screening"),
    "routing":                        ("分流交办",             "routing"),
    "referral_answer":                ("答复交办",             "answer to a referral"),
    "online_parties_choose":          ("当事人选定调解员",     "parties choose a mediator"),
    "online_appoint":                 ("指定调解员",           "appointment of a mediator"),
    "online_ask_other_party":         ("征询对方意愿",         "request for the other party's consent"),
    "mediation_out_of_court_policy":  ("调解（非诉）",         "mediation outside court"),
    "mediation_entrusted_ordinary":   ("委托调解（普通程序）", "entrusted mediation, ordinary procedure"),
    "mediation_entrusted_simplified": ("委托调解（简易程序）", "entrusted mediation, simplified procedure"),
    "mediation_extension":            ("延长调解",             "extended mediation"),
    "mediation_delegated_legacy":     ("委派调解（旧）",       "delegated mediation, legacy"),
    "confirmation_apply":             ("申请司法确认",         "application for confirmation"),
    "confirmation_accept":            ("受理司法确认",         "acceptance of a confirmation"),
    "confirmation_decide":            ("作出确认裁定",         "decision on a confirmation"),
    "confirmation_decide_outer":      ("确认裁定最长期限",     "outer limit of a confirmation"),
    "confirmation_objection":         ("确认裁定异议",         "objection to a confirmation"),
    "confirmation_objection_third_party": ("利害关系人对确认裁定的异议", "objection of an interested person to a confirmation"),
    "objection_review":               ("审查确认裁定异议",     "review of an objection to a confirmation"),
    "performance":                    ("履行协议",             "performance of the agreement"),
    "follow_up":                      ("回访",                 "follow-up"),
    "archiving":                      ("归档",                 "archiving"),
    "filing_decision":                ("立案审查",             "decision on filing"),
    "enforcement_apply":              ("申请执行",             "application for enforcement"),
    "protection_order":               ("人身安全保护令",       "protection order"),
    "protection_order_urgent":        ("紧急人身安全保护令",   "urgent protection order"),
    "protection_order_review":        ("保护令复议",           "review of a protection order"),
    "petition_accept":                ("受理信访",             "acceptance of a petition"),
    "petition_decide":                ("办结信访",             "decision of a petition"),
    "petition_transfer_objection":    ("转送异议",             "objection to a transfer"),
    "labour_mediation":               ("劳动争议调解",         "labour mediation"),
    "labour_accept":                  ("劳动仲裁受理",         "acceptance by labour arbitration"),
    "labour_award":                   ("劳动仲裁裁决",         "labour award"),
    "land_accept":                    ("土地仲裁受理",         "acceptance by land arbitration"),
    "land_award":                     ("土地仲裁裁决",         "land award"),
    "medical_mediation":              ("医疗纠纷调解",         "medical mediation"),
    "medical_admin_accept":           ("卫健部门受理",         "acceptance by the health authority"),
    "consumer_complaint":             ("消费投诉处理",         "consumer complaint"),
    "traffic_apply":                  ("申请交通事故调解",     "application for traffic mediation"),
    "traffic_mediation":              ("交通事故调解",         "traffic mediation"),
    "police_second_mediation":        ("公安第二次调解",       "second mediation by the police"),
    "judicial_suggestion_reply":      ("答复司法建议",         "reply to a judicial suggestion"),
    "trial_small_claims":             ("小额诉讼审理",         "small-claims trial"),
    "trial_simplified":               ("简易程序审理",         "simplified trial"),
    "trial_ordinary":                 ("普通程序审理",         "ordinary trial"),
    "call_answer":                 ("部门报到",             "answer of the called departments"),
    "supervision_answer":             ("答复督办",             "answer to a supervision notice"),
    "group_level":                    ("网格化解",             "settlement in the group"),
    "village_level":                  ("村级化解",             "settlement in the village"),
    "township_office_level":          ("司法所化解",           "settlement at the judicial office"),
    "township_level":                 ("乡镇化解",             "settlement in the township"),
}
# English name of each law, by the Chinese short name that citations use.
LAWS = {
    "民事诉讼法":                       "Civil Procedure Law",
    "民事诉讼法解释":                   "Interpretation of the Civil Procedure Law",
    "民法典":                           "Civil Code",
    "行政诉讼法":                       "Administrative Procedure Law",
    "人民调解法":                       "People's Mediation Law",
    "特邀调解规定":                     "Provisions on court-invited mediation",
    "在线调解规则":                     "Rules on online mediation of the people's courts",
    "司法确认规定":                     "Provisions on judicial confirmation of mediation agreements",
    "登记立案规定":                     "Provisions on registering cases",
    "立案与调解意见":                   "Opinion on lawful registration and mediation of civil cases (2024)",
    "反家庭暴力法":                     "Anti-Domestic Violence Law",
    "信访工作条例":                     "Regulations on petition work",
    "劳动争议调解仲裁法":               "Law on mediation and arbitration of labour disputes",
    "农村土地承包经营纠纷调解仲裁法":   "Law on mediation and arbitration of rural land contract disputes",
    "医疗纠纷条例":                     "Regulations on medical disputes",
    "消费者权益保护法":                 "Consumer Protection Law",
    "道路交通事故处理程序规定":         "Procedure for road traffic accidents",
    "公安行政案件程序规定":             "Procedure for administrative cases of the police",
    "司法建议规定":                     "Provisions on judicial suggestions",
    "四级七天":                         "four levels, seven days (local practice)",
}
# fmt: on

# Examples of citations: "民事诉讼法 205; 人民调解法 33"; "after 在线调解规则 12" for a rule applied by analogy; "none" if no law or rule sets the period.
_CITATION = rf"(?:after )?(?:{'|'.join(sorted(LAWS, key=len, reverse=True))})(?: \d{{1,4}}(?:\(\d{{1,2}}\))?(?:[,-] ?\d{{1,4}})*)?"
ARTICLE_PATTERN = rf"^(?:none|{_CITATION}(?:; {_CITATION}){{0,4}})$"


def is_article(text: str) -> bool:
    """Return whether `text` is a citation of articles in the form that events carry."""
    return re.fullmatch(ARTICLE_PATTERN, text) is not None
