"""The agencies that speak and listen, and the letter of the role each of them plays. Knows names, nothing else."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Agency:
    code: str  # one token in code, SQL, routing keys and labels; the broker user of the same name
    zh: str
    en: str
    role: str


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

# fmt: off
_ROWS = (
    # code                                       role  zh                              en
    ("court",                                    "C",  "甘州区人民法院",               "Ganzhou District Court"),
    ("court-xijiao",                             "C",  "西郊人民法庭",                 "Xijiao Tribunal"),
    ("court-daman",                              "C",  "大满人民法庭",                 "Daman Tribunal"),
    ("mediation_centre",                         "M",  "综治中心（矛盾调解中心）",     "Mediation Centre"),
    ("judicial_bureau",                          "J",  "司法局",                       "Judicial Bureau"),
    ("judicial_bureau-daman",                    "J",  "大满司法所",                   "Daman Judicial Office"),
    ("womens_federation",                        "W",  "妇联",                         "Women's Federation"),
    ("police",                                   "P",  "公安",                         "Police"),
    ("petition_office",                          "X",  "信联办",                       "Petition Office"),
    ("political_legal_committee",                "L",  "政法委",                       "Political-Legal Committee"),
    ("grid",                                     "G",  "网格",                         "Grid Reporting"),
    ("peoples_mediation_committee-daman",        "B",  "大满镇人民调解委员会",         "People's Mediation Committee of Daman Town"),
    ("peoples_mediation_committee-xijie",        "B",  "西街街道人民调解委员会",       "People's Mediation Committee of Xijie Street"),
    ("peoples_mediation_committee-jiantan",      "B",  "碱滩镇人民调解委员会",         "People's Mediation Committee of Jiantan Town"),
    ("peoples_mediation_committee-shajing",      "B",  "沙井镇人民调解委员会",         "People's Mediation Committee of Shajing Town"),
    ("peoples_mediation_committee",              "B",  "人民调解委员会（司法局调解平台）", "People's Mediation Committees on the bureau's platform"),
    ("industry_mediation_body",                  "B",  "行业性调解组织（综治中心平台）", "Industry Mediation Bodies on the centre's platform"),
    ("trade_union",                              "B",  "工会",                         "Trade Union"),
    ("finance_mediation",                        "B",  "金融纠纷调解组织",             "Finance Mediation Body"),
    ("traffic_mediation",                        "B",  "交通事故纠纷调解组织",         "Traffic Accident Mediation Body"),
    ("medical_mediation",                        "B",  "医疗纠纷调解组织",             "Medical Mediation Body"),
    ("ip_mediation",                             "B",  "知识产权纠纷调解组织",         "Intellectual Property Mediation Body"),
)
# fmt: on

AGENCIES = {code: Agency(code, zh, en, role) for code, role, zh, en in _ROWS}
