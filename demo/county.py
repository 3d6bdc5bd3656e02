"""The figures that the made-up county follows, each with where it comes from, and the agencies of the county's folder that they are about. Pure.

Figures stand by role and kind. Which agency that is, in which township, is computed from the folder, so that any county can be demonstrated.
"""

from contracts import COUNTY
from contracts.county.roles import LED

LEADS = {role: COUNTY.lead(role).code for role in LED}
COURT, CENTRE, BUREAU, WOMEN, POLICE, PETITIONS, COMMITTEE, GRID = (LEADS[role] for role in "CMJWPXLG")

# fmt: off
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
REPORTS = (
    # role  its leading agency   all below it   channels of the leading agency                                     of those below
    ("P",   32.0,                0.0,           {"police_call": 9, "walk_in": 1},                                  {}),
    ("G",   22.0,                0.0,           {"grid": 7, "inspection": 3},                                      {}),
    ("M",   20.0,                0.0,           {"walk_in": 6, "phone": 2, "hotline": 2, "online": 1},             {}),
    ("J",    5.0,                3.0,           {"walk_in": 5, "phone": 2, "inspection": 2},                       {"walk_in": 6, "inspection": 3}),
    ("W",    6.0,                0.0,           {"walk_in": 5, "phone": 4, "transfer": 1},                         {}),
    ("X",    3.4,                0.0,           {"petition": 6, "letter": 3, "online": 1},                         {}),
    ("C",    2.0,                1.2,           {"filing_desk": 1},                                                {"filing_desk": 1}),
)
THE_BODY = "the body"                       # the one that will mediate
BODY_REPORTS = (5.4, {"walk_in": 7, "phone": 3})
SUMS_CNY = {                                # (middle, spread): lognormal; kinds without a sum are not here
    "private_loan": (38_000, 1.0), "contract": (26_000, 1.1), "finance": (52_000, 0.9), "labour": (14_000, 0.8), "traffic": (17_000, 0.9),
    "damages": (6_500, 1.0), "seed_contract": (31_000, 0.8), "land_contract": (12_000, 0.9), "inheritance": (60_000, 0.9),
    "property_management": (3_200, 0.7), "consumer": (1_800, 1.0), "medical": (45_000, 1.0), "family": (20_000, 0.9), "production": (30_000, 1.0),
}

STANDINGS = {                               # what a party is, where the kind tells
    "finance": ["bank"], "labour": ["employer"], "medical": ["hospital"], "seed_contract": ["seed_company"], "property_management": ["property_manager"],
    "land_contract": ["village_collective"], "consumer": ["company"], "expropriation": ["government"],
}
TRIBUNAL = "tribunal"                       # of the place, else any, else the court itself
DEPARTMENTS = {                             # roles that are called for what: 中心吹哨、部门报到 (天祝: fourteen departments; here those that are connected)
    "labour": ("B", "J"), "family": ("W", "P"), "traffic": ("P",), "seed_contract": (TRIBUNAL,), "land_contract": ("J", TRIBUNAL),
    "village_affairs": ("L", "J"),
}
CALLED_ELSE = ("P", "J")
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


# ── the agencies of the county's folder ──────────────────────────────────────────────────────────────────────────────────────────

ACTIVE = tuple(agency for agency in COUNTY.agencies.values() if agency.is_active)
BODIES = tuple(agency for agency in ACTIVE if agency.role == "B")
KIND_BODIES = {kind: agency.code for agency in reversed(BODIES) for kind in agency.takes}  # the first in the file, if two take a kind
# Agencies that mediate for some townships only: any of them may be the wrong one to answer a referral.
LOCAL_BODIES = tuple(agency.code for agency in ACTIVE if agency.role in ("B", "J") and agency.townships)


def _residents() -> dict[str, int]:
    """Residents by township, of the newest of the most complete vintages; without any, all townships count alike."""
    vintages = {row.year: {} for row in COUNTY.population}
    for row in COUNTY.population:
        if row.area in COUNTY.townships and row.residents:
            vintages[row.year][row.area] = row.residents
    best = max(vintages, key=lambda year: (len(vintages[year]), year), default=None)
    return vintages.get(best) or dict.fromkeys(COUNTY.townships, 1)


def _reporters() -> dict[str, tuple[float, dict[str, int]]]:
    """Agency -> (weight, channels). What those below a leading agency report is shared equally among them."""
    reporters = {}
    for role, weight, below_weight, channels, below_channels in REPORTS:
        reporters[LEADS[role]] = weight, channels
        below = [agency.code for agency in ACTIVE if agency.role == role and COUNTY.has_superior(agency)] if below_weight else []
        reporters |= {code: (below_weight / len(below), below_channels) for code in below}
    return reporters | {THE_BODY: BODY_REPORTS}


def _town_bodies() -> dict[str, str]:
    """Township -> the body that the centre has always asked there.

    The agency that serves the township; elsewhere, the largest township first, the one with the fewest residents so far, which stands for its
    neighbours too. Without any such agency it is a body for every kind, else the judicial bureau.
    """
    asked = {township: body.code for body in reversed(BODIES) for township in body.townships if not body.takes}
    load = {code: sum(RESIDENTS.get(township, 0) for township, body in asked.items() if body == code) for code in asked.values()}
    if not load:
        return dict.fromkeys(COUNTY.townships, next((body.code for body in BODIES if not body.takes), BUREAU))
    for township in sorted(COUNTY.townships.keys() - asked.keys(), key=lambda code: (-RESIDENTS.get(code, 0), code)):
        asked[township] = min(load, key=lambda code: (load[code], code))
        load[asked[township]] += RESIDENTS.get(township, 0)
    return asked


RESIDENTS = _residents()
REPORTERS = _reporters()
TOWN_BODIES = _town_bodies()


def body_of(kind: str, township: str) -> str:
    """Whom the centre asks where it does not follow the proposal: whom it has always asked."""
    return KIND_BODIES.get(kind) or TOWN_BODIES[township]


def court_of(body: str) -> str:
    """The tribunal of the body's place, else the court."""
    serving = (COUNTY.serving("C", township) for township in COUNTY.agencies[body].townships)
    return next((tribunal.code for tribunal in serving if tribunal), COURT)


def departments(kind: str, township: str, body: str) -> tuple[str, ...]:
    """Who is called to help the body with a dispute of this kind: at least one."""
    found = (_department(role, kind, township) for role in DEPARTMENTS.get(kind, CALLED_ELSE))
    called = tuple(dict.fromkeys(agency for agency in found if agency and agency != body))
    return called or tuple(agency for agency in (POLICE, BUREAU) if agency != body)


def _department(role, kind, township):
    if role == "B":
        return KIND_BODIES.get(kind)
    if role != TRIBUNAL:
        return LEADS[role]
    tribunals = [agency for agency in ACTIVE if agency.role == "C" and COUNTY.has_superior(agency)]
    return next((tribunal.code for tribunal in [COUNTY.serving("C", township), *tribunals] if tribunal), COURT)
