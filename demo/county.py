"""Figures of the simulated county, each with its source, and the agencies of the county's folder that they concern. Pure.

Figures are given by role and kind. The agencies and townships are taken from the folder, so that any county can be demonstrated.
"""

from contracts import COUNTY
from contracts.county.roles import ROLES_WITH_LEAD

LEADS = {role: COUNTY.lead(role).code for role in ROLES_WITH_LEAD}
COURT, CENTRE, JUSTICE_BUREAU, WOMENS_FEDERATION, POLICE, PETITION_OFFICE, POLITICAL_LEGAL_COMMITTEE, GRID = (LEADS[role] for role in "CMJWPXLG")

# fmt: off
# Shares of the kinds in percent. Family with inheritance 19.7, neighbours 22.9, housing 6.9, damages 8.1: national people's mediation 2011.
# The rest is guessed; contract, land lease and private lending are the largest, as the Xijiao tribunal reports for 2024.
KINDS = {
    "family": 16.9, "inheritance": 2.8, "neighbour": 22.9, "housing_plot": 6.9, "damages": 8.1, "contract": 7.5, "private_loan": 7.6,
    "land_contract": 6.2, "labour": 5.0, "traffic": 3.6, "seed_contract": 2.9, "property_management": 2.6, "consumer": 1.9, "finance": 1.4,
    "village_affairs": 0.9, "production": 0.8, "medical": 0.7, "forest_land": 0.6, "environment": 0.4, "expropriation": 0.3,
    "intellectual_property": 0.3, "other": 1.7,
}
CAUSE_CODES = {"family": "2", "inheritance": "3", "neighbour": "6", "housing_plot": "7", "damages": "31", "contract": "10", "private_loan": "10",
         "land_contract": "7", "labour": "17", "traffic": "31", "seed_contract": "10", "property_management": "10", "consumer": "10",
         "finance": "10", "medical": "31", "intellectual_property": "14", "production": "10"}
# Reporting agencies by role, with weight and channels. The police refer ten times as many disputes as the court (大满镇 2024: 32 against 3).
REPORTS = (
    # role  leading agency       all below it   channels of the leading agency                                     channels of those below
    ("P",   32.0,                0.0,           {"police_call": 9, "walk_in": 1},                                  {}),
    ("G",   22.0,                0.0,           {"grid": 7, "inspection": 3},                                      {}),
    ("M",   20.0,                0.0,           {"walk_in": 6, "phone": 2, "hotline": 2, "online": 1},             {}),
    ("J",    5.0,                3.0,           {"walk_in": 5, "phone": 2, "inspection": 2},                       {"walk_in": 6, "inspection": 3}),
    ("W",    6.0,                0.0,           {"walk_in": 5, "phone": 4, "transfer": 1},                         {}),
    ("X",    3.4,                0.0,           {"petition": 6, "letter": 3, "online": 1},                         {}),
    ("C",    2.0,                1.2,           {"filing_desk": 1},                                                {"filing_desk": 1}),
)
MEDIATING_BODY = "the mediating body"       # stands for the body that mediates the dispute
REPORTS_OF_MEDIATING_BODY = (5.4, {"walk_in": 7, "phone": 3})
AMOUNTS_CNY = {                                # (median, sigma) of a lognormal distribution; other kinds have no amount
    "private_loan": (38_000, 1.0), "contract": (26_000, 1.1), "finance": (52_000, 0.9), "labour": (14_000, 0.8), "traffic": (17_000, 0.9),
    "damages": (6_500, 1.0), "seed_contract": (31_000, 0.8), "land_contract": (12_000, 0.9), "inheritance": (60_000, 0.9),
    "property_management": (3_200, 0.7), "consumer": (1_800, 1.0), "medical": (45_000, 1.0), "family": (20_000, 0.9), "production": (30_000, 1.0),
}

PARTY_ORGANISATIONS = {                               # types of organisation among the parties; other kinds do not determine one
    "finance": ["bank"], "labour": ["employer"], "medical": ["hospital"], "seed_contract": ["seed_company"], "property_management": ["property_manager"],
    "land_contract": ["village_collective"], "consumer": ["company"], "expropriation": ["government"],
}
TRIBUNAL = "tribunal"                       # of the place, else any tribunal, else the court
DEPARTMENTS = {                             # roles called to help, by kind: 中心吹哨、部门报到 (天祝: fourteen departments; here only connected ones)
    "labour": ("B", "J"), "family": ("W", "P"), "traffic": ("P",), "seed_contract": (TRIBUNAL,), "land_contract": ("J", TRIBUNAL),
    "village_affairs": ("L", "J"),
}
DEFAULT_DEPARTMENTS = ("P", "J")
REDIRECTIONS = {                               # where unsuitable disputes are sent, by kind: (receiver, procedure)
    "labour": ("labour_arbitration_commission", "labour_arbitration"), "land_contract": ("land_arbitration_commission", "land_arbitration"),
    "expropriation": ("government", "administrative_reconsideration"), "consumer": ("market_regulation_bureau", "administrative_handling"),
    "medical": ("health_authority", "administrative_handling"), "finance": ("arbitration_commission", "commercial_arbitration"),
}
DEFAULT_REDIRECTION = ("government", "administrative_handling")
MEAN_MEDIATION_DAYS = 19.5                  # between 17 days (seed disputes, Xijiao) and 23.33 days (national, until 2020)
PERIODS = {"labour": (15, "labour_mediation"), "medical": (41, "medical_mediation")}    # (days, clock); 30 working days are about 41 days
DEFAULT_PERIOD = (30, "mediation_out_of_court_policy")
# fmt: on

SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗"
GIVEN_NAMES = ("建国", "秀英", "志强", "桂兰", "永福", "玉梅", "海军", "淑珍", "文斌", "春花", "德明", "雪莲", "金山", "彩霞", "立新", "月娥")


# ── the agencies of the county's folder ───────────────────────────────────────────────────────────────────────────────

ACTIVE = tuple(agency for agency in COUNTY.agencies.values() if agency.is_active)
BODIES = tuple(agency for agency in ACTIVE if agency.role == "B")
BODY_OF_KIND = {kind: agency.code for agency in reversed(BODIES) for kind in agency.takes}  # the first in the file, if two take a kind
# Agencies that mediate for some townships only; used as wrong agencies that answer a referral.
LOCAL_BODIES = tuple(agency.code for agency in ACTIVE if agency.role in ("B", "J") and agency.townships)


def _residents() -> dict[str, int]:
    """Return residents by township, from the most complete and newest year; without figures, every township counts 1."""
    vintages = {row.year: {} for row in COUNTY.population}
    for row in COUNTY.population:
        if row.area in COUNTY.townships and row.residents:
            vintages[row.year][row.area] = row.residents
    year = max(vintages, key=lambda year: (len(vintages[year]), year), default=None)
    return vintages.get(year) or dict.fromkeys(COUNTY.townships, 1)


def _reporters() -> dict[str, tuple[float, dict[str, int]]]:
    """Return {agency: (weight, channels)}. The weight of the agencies below a leading one is divided equally among them."""
    reporters = {}
    for role, weight, below_weight, channels, below_channels in REPORTS:
        reporters[LEADS[role]] = weight, channels
        below = [agency.code for agency in ACTIVE if agency.role == role and COUNTY.has_superior(agency)] if below_weight else []
        reporters |= {code: (below_weight / len(below), below_channels) for code in below}
    return reporters | {MEDIATING_BODY: REPORTS_OF_MEDIATING_BODY}


def _body_of_township() -> dict[str, str]:
    """Return {township: body that the centre usually asks}.

    The agency that serves the township. A township without one gets the agency with the fewest residents so far, largest township first.
    Without any such agency it is a body for every kind, else the judicial bureau.
    """
    body_by_township = {township: body.code for body in reversed(BODIES) for township in body.townships if not body.takes}
    load = {code: sum(RESIDENTS.get(township, 0) for township, body in body_by_township.items() if body == code) for code in body_by_township.values()}
    if not load:
        return dict.fromkeys(COUNTY.townships, next((body.code for body in BODIES if not body.takes), JUSTICE_BUREAU))
    for township in sorted(COUNTY.townships.keys() - body_by_township.keys(), key=lambda code: (-RESIDENTS.get(code, 0), code)):
        body_by_township[township] = min(load, key=lambda code: (load[code], code))
        load[body_by_township[township]] += RESIDENTS.get(township, 0)
    return body_by_township


RESIDENTS = _residents()
REPORTERS = _reporters()
BODY_OF_TOWNSHIP = _body_of_township()


def usual_body_of(kind: str, township: str) -> str:
    """Return the body that the centre asks when it does not follow the proposal."""
    return BODY_OF_KIND.get(kind) or BODY_OF_TOWNSHIP[township]


def court_of(body: str) -> str:
    """Return the tribunal responsible for the body's townships, else the court."""
    serving = (COUNTY.serving_agency("C", township) for township in COUNTY.agencies[body].townships)
    return next((tribunal.code for tribunal in serving if tribunal), COURT)


def departments(kind: str, township: str, body: str) -> tuple[str, ...]:
    """Return the agencies called to help the body with a dispute of this kind: at least one."""
    agencies = (_department(role, kind, township) for role in DEPARTMENTS.get(kind, DEFAULT_DEPARTMENTS))
    called = tuple(dict.fromkeys(agency for agency in agencies if agency and agency != body))
    return called or tuple(agency for agency in (POLICE, JUSTICE_BUREAU) if agency != body)


def _department(role, kind, township):
    if role == "B":
        return BODY_OF_KIND.get(kind)
    if role != TRIBUNAL:
        return LEADS[role]
    tribunals = [agency for agency in ACTIVE if agency.role == "C" and COUNTY.has_superior(agency)]
    return next((tribunal.code for tribunal in [COUNTY.serving_agency("C", township), *tribunals] if tribunal), COURT)
