"""Writes organisations.csv and members.csv: `python -m deploy.rosters [--check]`. SYNTHETIC: a county puts its own files in their place.

Counted, not invented: 23 townships and streets with 245 villages and 32 communities; 272 people's mediation committees, 19 industry bodies,
172 mediators, 13 court-invited mediators, 7 fast-track teams, 6 tribunal enforcement groups, 12 audio-video sets. Which village has which
committee is not published: 23 committees of townships and 249 of villages are made up here, the other 28 villages go to their township's.
"""

import csv
import io
import sys
from itertools import count, cycle
from pathlib import Path

from contracts import AGENCIES, TOWNSHIPS
from contracts.kinds import ORGANISATION_KINDS

FOLDER = Path(__file__).resolve().parent
SINCE = "2020-01-01"

# fmt: off
PLACES = {                                  # villages, communities
    "620702001": (0, 5), "620702002": (0, 6), "620702003": (0, 5), "620702004": (0, 4), "620702005": (2, 3), "620702100": (10, 0),
    "620702101": (15, 0), "620702102": (21, 0), "620702103": (28, 0), "620702104": (13, 1), "620702105": (17, 0), "620702106": (15, 6),
    "620702107": (20, 0), "620702108": (15, 1), "620702109": (12, 0), "620702110": (16, 1), "620702111": (12, 0), "620702112": (13, 0),
    "620702202": (12, 0), "620702203": (10, 0), "620702204": (7, 0), "620702207": (4, 0), "620702211": (3, 0),
}
OWN_SYSTEM = {                              # committees of townships that are connected by themselves, with the villages under them
    "620702102": "peoples_mediation_committee-daman", "620702003": "peoples_mediation_committee-xijie",
    "620702108": "peoples_mediation_committee-jiantan", "620702103": "peoples_mediation_committee-shajing",
}
SHARED_PLATFORM = "peoples_mediation_committee"
INDUSTRY = (
    # code                agency                      takes                                 zh                      en
    ("marriage_family",   "industry_mediation_body",  "family;inheritance",                 "婚姻家庭",             "Marriage and Family"),
    ("labour",            "trade_union",              "labour",                             "劳动争议",             "Labour"),
    ("finance",           "finance_mediation",        "finance;private_loan",               "金融",                 "Finance"),
    ("insurance",         "finance_mediation",        "finance;traffic",                    "保险",                 "Insurance"),
    ("traffic",           "traffic_mediation",        "traffic",                            "道路交通事故",         "Road Traffic"),
    ("medical",           "medical_mediation",        "medical",                            "医疗",                 "Medical"),
    ("ip",                "ip_mediation",             "intellectual_property",              "知识产权",             "Intellectual Property"),
    ("property",          "industry_mediation_body",  "property_management",                "物业",                 "Property Management"),
    ("consumer",          "industry_mediation_body",  "consumer",                           "消费",                 "Consumer"),
    ("seed",              "industry_mediation_body",  "seed_contract",                      "制种",                 "Seed Growing"),
    ("rural_land",        "industry_mediation_body",  "land_contract;forest_land",          "农村土地承包",         "Rural Land"),
    ("construction",      "industry_mediation_body",  "contract;housing_plot",              "建设工程",             "Construction"),
    ("housing",           "industry_mediation_body",  "housing_plot;expropriation",         "房屋",                 "Housing"),
    ("environment",       "industry_mediation_body",  "environment",                        "环境保护",             "Environment"),
    ("commerce",          "industry_mediation_body",  "contract;production",                "商会",                 "Chamber of Commerce"),
    ("private_business",  "industry_mediation_body",  "production;contract",                "民营企业",             "Private Business"),
    ("e_commerce",        "industry_mediation_body",  "consumer;contract",                  "电子商务",             "E-Commerce"),
    ("tourism",           "industry_mediation_body",  "consumer",                           "旅游",                 "Tourism"),
    ("school",            "industry_mediation_body",  "damages",                            "校园",                 "School"),
)
FAST_TRACK = (("sale", "contract"), ("family", "family;inheritance"), ("loan", "private_loan;finance"), ("labour", "labour"),
              ("traffic", "traffic;damages"), ("seed", "seed_contract;land_contract"), ("property", "property_management"))
TRIBUNALS = ("court-daman", "court-xijiao", "court", "court", "court", "court")     # two of the six are named in what is published
SEATS = ("620702102", "620702003", "620702106", "620702108", "620702103", "620702107")
INVITED_BODIES = (("lawyers", "律师调解工作室", "Lawyers' Mediation"), ("retired_judges", "退休法官调解工作室", "Retired Judges' Mediation"))
# fmt: on

ORGANISATION_HEAD = ("code", "kind", "agency", "township", "village", "takes", "valid_from", "valid_to", "zh", "en", "synthetic")
MEMBER_HEAD = ("id", "organisation", "role", "takes", "valid_from", "valid_to", "synthetic")
CITY = "620702106"


def organisations():
    def row(code, kind, agency, township, zh, en, village="", takes=""):
        return (code, kind, agency, township, village, takes, SINCE, "", f"{zh}（虚构）", f"{en} (synthetic)", "yes")

    for township, (zh, en) in TOWNSHIPS.items():
        if township in PLACES:
            yield row(_committee(township), "peoples_mediation_committee", _speaks_for(township), township,
                      f"{zh}人民调解委员会", f"People's Mediation Committee of {en}")  # fmt: skip
    for village in _with_a_committee():
        zh, en = _village(village)
        yield row(_committee(village), "peoples_mediation_committee", _speaks_for(village[:9]), village[:9],
                  f"{zh}人民调解委员会", f"People's Mediation Committee of {en}", village)  # fmt: skip
    for code, agency, takes, zh, en in INDUSTRY:
        yield row(f"industry-{code}", "industry_mediation_body", agency, CITY, f"{zh}纠纷调解组织", f"{en} Mediation Body", takes=takes)
    for code, zh, en in INVITED_BODIES:
        yield row(f"invited-{code}", "invited_mediation_body", "industry_mediation_body", CITY, zh, en)
    for code, takes in FAST_TRACK:
        yield row(f"fast_track-{code}", "fast_track_team", "court", CITY, "类案速裁团队", f"Fast-Track Team {code}", takes=takes)
    for number, (agency, seat) in enumerate(zip(TRIBUNALS, SEATS, strict=True), 1):
        yield row(f"enforcement-{number}", "enforcement_group", agency, seat, f"第{number}法庭执行组", f"Tribunal Enforcement Group {number}")
        yield row(f"circuit-{number}", "circuit_point", agency, seat, f"第{number}巡回审判点", f"Circuit Point {number}")
    for village in _villages():
        zh, en = _village(village)
        yield row(f"judge-{village}", "village_judge", "court", village[:9], f"{zh}一村一法官联系点", f"Village Judge of {en}", village)
    for township in PLACES:
        zh, en = TOWNSHIPS[township]
        yield row(f"station-{township}", "service_station", "court", township, f"{zh}诉讼服务站", f"Litigation Service Station of {en}")
    for number, township in enumerate((*SEATS, *(t for t in PLACES if t not in SEATS)), 1):
        if number <= 12:
            yield row(f"room-{number:02}", "video_room", "court", township, f"第{number}音视频调解室", f"Audio-Video Room {number}")


def members():
    def row(number, organisation, role, takes=""):
        return number, organisation, role, takes, SINCE, "", "yes"

    # 172 mediators: twenty each with the four connected towns, nine with the agencies of single industries, the others one by one.
    numbered = {}
    for place in OWN_SYSTEM:
        numbered[_committee(place)] = (_speaks_for(place).rsplit("-", 1)[1], 20)
    for code, agency, *_ in INDUSTRY:
        if agency != "industry_mediation_body":
            numbered.setdefault(f"industry-{code}", (agency.removesuffix("_mediation"), 9 if code != "insurance" else 0))
    for organisation, (word, how_many) in numbered.items():
        for number in range(1, how_many + 1):
            yield row(f"{word}-{number:03}", organisation, "mediator")
    left = 172 - sum(how_many for _, how_many in numbered.values())
    others = [o[0] for o in organisations() if o[1] in ("industry_mediation_body", "peoples_mediation_committee") and o[0] not in numbered]
    others.sort(key=lambda code: (len(code) > len("committee-620702001"), code))  # townships and industry first
    for number, organisation in zip(range(1, left + 1), cycle(others)):
        yield row(f"m-{number:03}", organisation, "mediator")
    for number in range(1, 14):
        yield row(f"invited-{number:03}", f"invited-{INVITED_BODIES[number % 2][0]}", "invited_mediator")
    judges = count()
    for village in _villages():
        yield row(f"judge-{next(judges) % 46 + 1:03}", f"judge-{village}", "judge")


def _villages():
    """By the statistical convention communities count from 001, villages from 201; which of them is which is made up."""
    for township, (villages, communities) in PLACES.items():
        yield from (f"{township}{number:03}" for number in range(1, communities + 1))
        yield from (f"{township}{number:03}" for number in range(201, 201 + villages))


def _with_a_committee():
    """249 of the 277: the last one or two of the bigger townships go to their township's committee."""
    shared = set()
    by_size = sorted(PLACES, key=lambda township: (-sum(PLACES[township]), township))
    for township in (*by_size, *by_size):
        theirs = [village for village in _villages() if village.startswith(township) and village not in shared]
        if len(shared) < 28:
            shared.add(theirs[-1])
    return [village for village in _villages() if village not in shared]


def _village(village):
    zh, en = TOWNSHIPS[village[:9]]
    number = int(village[9:])
    return (f"{zh}第{number - 200}村", f"Village {number - 200} of {en}") if number > 200 else (f"{zh}第{number}社区", f"Community {number} of {en}")


def _committee(place):
    return f"committee-{place}"


def _speaks_for(township):
    return OWN_SYSTEM.get(township, SHARED_PLATFORM)


def sheets() -> dict[str, str]:
    made = {"organisations": (ORGANISATION_HEAD, organisations()), "members": (MEMBER_HEAD, members())}
    return {f"{name}.csv": _csv(head, rows) for name, (head, rows) in made.items()}


def _csv(head, rows):
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([head, *rows])
    return text.getvalue()


def main(arguments: list[str]) -> str | None:
    """Writes both; with --check, the sentence that says they are stale, or nothing."""
    assert {row[1] for row in organisations()} == set(ORGANISATION_KINDS) and {row[2] for row in organisations()} <= set(AGENCIES)
    for name, text in sheets().items():
        if "--check" not in arguments:
            (FOLDER / name).write_text(text, "utf-8")
        elif not (FOLDER / name).is_file() or (FOLDER / name).read_text("utf-8") != text:
            return f"deploy/rosters/{name} is stale: run `python -m deploy.rosters`."
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
