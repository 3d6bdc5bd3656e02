"""The figures that the made-up county follows. Each names where it comes from; POLICY-like guesses say so. Pure."""

# fmt: off
# SYNTHETIC population, for weights only: 900 a village, the rest spread over communities; two towns are real (2020).
RESIDENTS = {
    "620702001": 48_100, "620702002": 57_700, "620702003": 48_100, "620702004": 38_400, "620702005": 30_600, "620702100":  9_000,
    "620702101": 13_500, "620702102": 18_900, "620702103": 25_200, "620702104": 21_300, "620702105": 14_900, "620702106": 71_200,
    "620702107": 18_000, "620702108": 14_600, "620702109": 10_800, "620702110": 24_000, "620702111": 10_800, "620702112": 11_700,
    "620702202": 10_800, "620702203":  9_000, "620702204":  6_300, "620702207":  3_600, "620702211":  2_700,
}
# Family with inheritance 19.7 %, neighbours 22.9 %, housing 6.9 %, damages 8.1 %: national people's mediation 2011. The rest: guessed, with
# contract, land lease and private lending the biggest, as the Xijiao tribunal reports for 2024.
KINDS = {
    "family": 16.9, "inheritance": 2.8, "neighbour": 22.9, "housing_plot": 6.9, "damages": 8.1, "contract": 7.5, "private_loan": 7.6,
    "land_contract": 6.2, "labour": 5.0, "traffic": 3.6, "seed_contract": 2.9, "property_management": 2.6, "consumer": 1.9, "finance": 1.4,
    "village_affairs": 0.9, "production": 0.8, "medical": 0.7, "forest_land": 0.6, "environment": 0.4, "expropriation": 0.3,
    "intellectual_property": 0.3, "other": 1.7,
}
CAUSE = {"family": "2", "inheritance": "3", "neighbour": "6", "housing_plot": "7", "damages": "31", "contract": "10", "private_loan": "10",
         "land_contract": "7", "labour": "17", "traffic": "31", "seed_contract": "10", "property_management": "10", "consumer": "10",
         "finance": "10", "medical": "31", "intellectual_property": "14", "production": "10"}
# Who hears of it first, and how. Police to centre is ten times the court's flow (大满镇 2024: 32 against 3).
REPORTERS = {
    #                                       weight   channels
    "police":                               (32.0,   {"police_call": 9, "walk_in": 1}),
    "grid":                                 (22.0,   {"grid": 7, "inspection": 3}),
    "mediation_centre":                     (20.0,   {"walk_in": 6, "phone": 2, "hotline": 2, "online": 1}),
    "judicial_bureau":                      ( 5.0,   {"walk_in": 5, "phone": 2, "inspection": 2}),
    "judicial_bureau-daman":                ( 3.0,   {"walk_in": 6, "inspection": 3}),
    "womens_federation":                    ( 6.0,   {"walk_in": 5, "phone": 4, "transfer": 1}),
    "petition_office":                      ( 3.4,   {"petition": 6, "letter": 3, "online": 1}),
    "court":                                ( 2.0,   {"filing_desk": 1}),
    "court-xijiao":                         ( 0.6,   {"filing_desk": 1}),
    "court-daman":                          ( 0.6,   {"filing_desk": 1}),
    "the body":                             ( 5.4,   {"walk_in": 7, "phone": 3}),      # the one that will mediate
}
TOWN_BODIES = {                             # four of the 272 committees are in the demonstration; each stands for its neighbours too
    "peoples_mediation_committee-xijie":    ("620702001", "620702002", "620702003", "620702004", "620702005", "620702100", "620702106", "620702112"),
    "peoples_mediation_committee-daman":    ("620702102", "620702107", "620702110", "620702202", "620702203", "620702204"),
    "peoples_mediation_committee-jiantan":  ("620702101", "620702108", "620702109", "620702207", "620702211"),
    "peoples_mediation_committee-shajing":  ("620702103", "620702104", "620702105", "620702111"),
}
KIND_BODIES = {
    "labour": "trade_union", "finance": "finance_mediation", "traffic": "traffic_mediation", "medical": "medical_mediation",
    "intellectual_property": "ip_mediation",
}
SUMS_CNY = {                                # (middle, spread): lognormal; kinds without a sum are not here
    "private_loan": (38_000, 1.0), "contract": (26_000, 1.1), "finance": (52_000, 0.9), "labour": (14_000, 0.8), "traffic": (17_000, 0.9),
    "damages": (6_500, 1.0), "seed_contract": (31_000, 0.8), "land_contract": (12_000, 0.9), "inheritance": (60_000, 0.9),
    "property_management": (3_200, 0.7), "consumer": (1_800, 1.0), "medical": (45_000, 1.0), "family": (20_000, 0.9), "production": (30_000, 1.0),
}

STANDINGS = {                               # what a party is, where the kind tells
    "finance": ["bank"], "labour": ["employer"], "medical": ["hospital"], "seed_contract": ["seed_company"], "property_management": ["property_manager"],
    "land_contract": ["village_collective"], "consumer": ["company"], "expropriation": ["government"],
}
DEPARTMENTS = {                             # who is called for what: 中心吹哨、部门报到 (天祝: fourteen departments; here those that are connected)
    "labour": ("trade_union", "judicial_bureau"), "family": ("womens_federation", "police"), "traffic": ("police",), "seed_contract": ("court-xijiao",),
    "land_contract": ("judicial_bureau", "court-daman"), "village_affairs": ("political_legal_committee", "judicial_bureau"),
}
CALLED_ELSE = ("police", "judicial_bureau")
ELSEWHERE = {                               # where a dispute goes that is not for mediation: (who, by which way)
    "labour": ("labour_arbitration_commission", "labour_arbitration"), "land_contract": ("land_arbitration_commission", "land_arbitration"),
    "expropriation": ("government", "administrative_reconsideration"), "consumer": ("market_regulation_bureau", "administrative_handling"),
    "medical": ("health_authority", "administrative_handling"), "finance": ("arbitration_commission", "commercial_arbitration"),
}
ELSEWHERE_ELSE = ("government", "administrative_handling")
MEAN_MEDIATION_DAYS = 19.5                  # 17 d (seed disputes, Xijiao) to 23.33 d (national, to 2020)
PERIODS = {"labour": (15, "labour_mediation"), "medical": (41, "medical_mediation")}    # days, clock; 30 working days are some 41
PERIOD_ELSE = (30, "mediation_out_of_court_policy")
# fmt: on

SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗"
GIVEN_NAMES = ("建国", "秀英", "志强", "桂兰", "永福", "玉梅", "海军", "淑珍", "文斌", "春花", "德明", "雪莲", "金山", "彩霞", "立新", "月娥")


def body_of(kind: str, township: str) -> str:
    """Whom the centre asks where it does not follow the proposal: whom it has always asked."""
    return KIND_BODIES.get(kind) or next(body for body, places in TOWN_BODIES.items() if township in places)
