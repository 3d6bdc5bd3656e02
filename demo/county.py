"""Statistics from which the demonstration simulates a county, with their sources, and the agencies of the county's folder that they concern. No I/O.

The statistics are given by role of the agency and kind of dispute. Agencies and townships are taken from the county's folder, so that each county can be
simulated.
"""

from contracts import COUNTY
from contracts.county.roles import ROLES_WITH_LEAD

LEADING_AGENCIES = {role: COUNTY.lead_agency(role).code for role in ROLES_WITH_LEAD}
COURT, CENTRE, JUSTICE_BUREAU, WOMENS_FEDERATION, POLICE, PETITION_OFFICE, POLITICAL_LEGAL_COMMITTEE, GRID = (LEADING_AGENCIES[role] for role in "CMJWPXLG")

# fmt: off
# Percentage of the disputes by kind. Source for family with inheritance 19.7, neighbours 22.9, housing 6.9, damages 8.1: national people's mediation 2011.
# The other percentages are guessed. Of these, contracts, land leases and private loans are the most frequent, as the Xijiao tribunal reports for 2024.
KIND_PERCENTAGES = {
    "family": 16.9, "inheritance": 2.8, "neighbour": 22.9, "housing_plot": 6.9, "damages": 8.1, "contract": 7.5, "private_loan": 7.6,
    "land_contract": 6.2, "labour": 5.0, "traffic": 3.6, "seed_contract": 2.9, "property_management": 2.6, "consumer": 1.9, "finance": 1.4,
    "village_affairs": 0.9, "production": 0.8, "medical": 0.7, "forest_land": 0.6, "environment": 0.4, "expropriation": 0.3,
    "intellectual_property": 0.3, "other": 1.7,
}
# Code of the cause of action (案由) by kind of dispute.
CAUSE_CODE_OF_KIND = {"family": "2", "inheritance": "3", "neighbour": "6", "housing_plot": "7", "damages": "31", "contract": "10", "private_loan": "10",
         "land_contract": "7", "labour": "17", "traffic": "31", "seed_contract": "10", "property_management": "10", "consumer": "10",
         "finance": "10", "medical": "31", "intellectual_property": "14", "production": "10"}
# Which agencies report disputes, through which channels: one role per row. The numbers are weights: the larger the weight, the more reports.
# The police report ten times as many disputes as the court (大满镇 2024: 32 against 3).
REPORT_MIX = (
    # role  leading agency  subordinate agencies  channels of the leading agency                                  channels of the subordinate agencies
    ("P",   32.0,                0.0,           {"police_call": 9, "walk_in": 1},                                  {}),
    ("G",   22.0,                0.0,           {"grid": 7, "inspection": 3},                                      {}),
    ("M",   20.0,                0.0,           {"walk_in": 6, "phone": 2, "hotline": 2, "online": 1},             {}),
    ("J",    5.0,                3.0,           {"walk_in": 5, "phone": 2, "inspection": 2},                       {"walk_in": 6, "inspection": 3}),
    ("W",    6.0,                0.0,           {"walk_in": 5, "phone": 4, "transfer": 1},                         {}),
    ("X",    3.4,                0.0,           {"petition": 6, "letter": 3, "online": 1},                         {}),
    ("C",    2.0,                1.2,           {"filing_desk": 1},                                                {"filing_desk": 1}),
)
MEDIATING_BODY = "the mediating body"       # placeholder for the body that mediates the dispute, in place of an agency's code
REPORT_MIX_OF_MEDIATING_BODY = (5.4, {"walk_in": 7, "phone": 3})
# Lognormal distribution of the amount in dispute by kind of dispute: (median, sigma). Disputes of other kinds have no amount.
AMOUNT_DISTRIBUTIONS_CNY = {
    "private_loan": (38_000, 1.0), "contract": (26_000, 1.1), "finance": (52_000, 0.9), "labour": (14_000, 0.8), "traffic": (17_000, 0.9),
    "damages": (6_500, 1.0), "seed_contract": (31_000, 0.8), "land_contract": (12_000, 0.9), "inheritance": (60_000, 0.9),
    "property_management": (3_200, 0.7), "consumer": (1_800, 1.0), "medical": (45_000, 1.0), "family": (20_000, 0.9), "production": (30_000, 1.0),
}

# Types of organisation among the parties, by kind of dispute. Other kinds of dispute do not determine a type.
PARTY_ORGANISATIONS = {
    "finance": ["bank"], "labour": ["employer"], "medical": ["hospital"], "seed_contract": ["seed_company"], "property_management": ["property_manager"],
    "land_contract": ["village_collective"], "consumer": ["company"], "expropriation": ["government"],
}
TRIBUNAL = "tribunal"                       # placeholder for the tribunal of the township; if the township has none, for any tribunal, else for the court
# Roles of the agencies that the centre calls to help, by kind of dispute (中心吹哨、部门报到: the centre calls, departments report in).
# In Tianzhu (天祝) fourteen departments can be called; here only agencies that are connected to the system.
DEPARTMENT_ROLES = {
    "labour": ("B", "J"), "family": ("W", "P"), "traffic": ("P",), "seed_contract": (TRIBUNAL,), "land_contract": ("J", TRIBUNAL),
    "village_affairs": ("L", "J"),
}
DEFAULT_DEPARTMENT_ROLES = ("P", "J")
# Institution to which a dispute that is unsuitable for mediation is sent, by kind of dispute: (institution, procedure).
REDIRECTIONS = {
    "labour": ("labour_arbitration_commission", "labour_arbitration"), "land_contract": ("land_arbitration_commission", "land_arbitration"),
    "expropriation": ("government", "administrative_reconsideration"), "consumer": ("market_regulation_bureau", "administrative_handling"),
    "medical": ("health_authority", "administrative_handling"), "finance": ("arbitration_commission", "commercial_arbitration"),
}
DEFAULT_REDIRECTION = ("government", "administrative_handling")
MEAN_MEDIATION_DAYS = 19.5                  # lies between two published means: 17 days (seed disputes, Xijiao tribunal) and 23.33 days (national, until 2020)
# Period for mediation by kind of dispute: (calendar days, clock). The 30 working days for medical disputes are about 41 calendar days.
MEDIATION_PERIODS = {"labour": (15, "labour_mediation"), "medical": (41, "medical_mediation")}
DEFAULT_MEDIATION_PERIOD = (30, "mediation_out_of_court_policy")
# fmt: on

SURNAMES = "王李张刘陈杨赵黄周吴徐孙马朱胡郭何高林罗"
GIVEN_NAMES = ("建国", "秀英", "志强", "桂兰", "永福", "玉梅", "海军", "淑珍", "文斌", "春花", "德明", "雪莲", "金山", "彩霞", "立新", "月娥")


# ── agencies in the county's folder ───────────────────────────────────────────────────────────────────────────────────

ACTIVE_AGENCIES = tuple(agency for agency in COUNTY.agencies.values() if agency.is_active)
MEDIATION_BODIES = tuple(agency for agency in ACTIVE_AGENCIES if agency.role == "B")
BODY_OF_KIND = {kind: agency.code for agency in reversed(MEDIATION_BODIES) for kind in agency.takes}  # if several bodies take the kind, the first in the file
# Agencies that mediate only for certain townships. In the simulated mistake "acceptance by another body" one of them answers a referral to another body.
LOCAL_BODIES = tuple(agency.code for agency in ACTIVE_AGENCIES if agency.role in ("B", "J") and agency.townships)


def _residents_of_township() -> dict[str, int]:
    """Return {township: residents} of the year with figures for most townships, the newest if there are several. Without any figures, every township gets 1."""
    vintages = {row.year: {} for row in COUNTY.population}
    for row in COUNTY.population:
        if row.area in COUNTY.townships and row.residents:
            vintages[row.year][row.area] = row.residents
    year = max(vintages, key=lambda year: (len(vintages[year]), year), default=None)
    return vintages.get(year) or dict.fromkeys(COUNTY.townships, 1)


def _reporting_agencies() -> dict[str, tuple[float, dict[str, int]]]:
    """Return {agency: (weight, {channel: weight})}. The weight of the subordinate agencies of a role is divided equally among them."""
    reporters = {}
    for role, weight, subordinate_weight, channels, subordinate_channels in REPORT_MIX:
        reporters[LEADING_AGENCIES[role]] = weight, channels
        subordinates = [agency.code for agency in ACTIVE_AGENCIES if agency.role == role and COUNTY.has_superior(agency)] if subordinate_weight else []
        reporters |= {code: (subordinate_weight / len(subordinates), subordinate_channels) for code in subordinates}
    return reporters | {MEDIATING_BODY: REPORT_MIX_OF_MEDIATING_BODY}


def _body_of_township() -> dict[str, str]:
    """Return {township: mediation body to which the centre usually refers its disputes}.

    This is the body that serves the township. Townships that no body serves are assigned, largest first, to the body with the fewest residents so far.
    If no body serves any township, it is a body that takes every kind of dispute, else the judicial bureau.
    """
    body_by_township = {township: body.code for body in reversed(MEDIATION_BODIES) for township in body.townships if not body.takes}
    load = {
        code: sum(RESIDENTS_OF_TOWNSHIP.get(township, 0) for township, body in body_by_township.items() if body == code) for code in body_by_township.values()
    }
    if not load:
        return dict.fromkeys(COUNTY.townships, next((body.code for body in MEDIATION_BODIES if not body.takes), JUSTICE_BUREAU))
    for township in sorted(COUNTY.townships.keys() - body_by_township.keys(), key=lambda code: (-RESIDENTS_OF_TOWNSHIP.get(code, 0), code)):
        body_by_township[township] = min(load, key=lambda code: (load[code], code))
        load[body_by_township[township]] += RESIDENTS_OF_TOWNSHIP.get(township, 0)
    return body_by_township


RESIDENTS_OF_TOWNSHIP = _residents_of_township()
REPORTING_AGENCIES = _reporting_agencies()
BODY_OF_TOWNSHIP = _body_of_township()


def usual_body_for(kind: str, township: str) -> str:
    """Return the mediation body to which the centre refers the dispute if it does not follow the proposal."""
    return BODY_OF_KIND.get(kind) or BODY_OF_TOWNSHIP[township]


def court_for_body(body: str) -> str:
    """Return the tribunal responsible for the townships of this mediation body; if there is none, the court."""
    serving = (COUNTY.serving_agency("C", township) for township in COUNTY.agencies[body].townships)
    return next((tribunal.code for tribunal in serving if tribunal), COURT)


def departments_to_call(kind: str, township: str, body: str) -> tuple[str, ...]:
    """Return the agencies that the centre calls to help the mediation body with a dispute of this kind; at least one."""
    agencies = (_department_of_role(role, kind, township) for role in DEPARTMENT_ROLES.get(kind, DEFAULT_DEPARTMENT_ROLES))
    called = tuple(dict.fromkeys(agency for agency in agencies if agency and agency != body))
    return called or tuple(agency for agency in (POLICE, JUSTICE_BUREAU) if agency != body)


def _department_of_role(role, kind, township):
    if role == "B":
        return BODY_OF_KIND.get(kind)
    if role != TRIBUNAL:
        return LEADING_AGENCIES[role]
    tribunals = [agency for agency in ACTIVE_AGENCIES if agency.role == "C" and COUNTY.has_superior(agency)]
    return next((tribunal.code for tribunal in [COUNTY.serving_agency("C", township), *tribunals] if tribunal), COURT)
