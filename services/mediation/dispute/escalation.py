"""Going up a level when time is over, calling departments, urging who is late: the tables, and what a dispute remembers of them. Pure.

四级七天 (a local practice): what the grid found is settled in the group within one working day, in the village within two more, at the judicial
office within two, at the township's centre within two; then it is the county centre's. Nothing here moves the state of a dispute.
"""

from dataclasses import dataclass

from contracts import COUNTY
from services.mediation.dispute.agencies import CENTRE, GRID


@dataclass(frozen=True, slots=True)
class Level:
    name: str  # the clock of the same name
    above: str
    owed_by: str


# fmt: off
LEVELS = (
    #     while it is at             time or the grid takes it to   and here it is for
    Level("group_level",             "village_level",               "grid"),
    Level("village_level",           "township_office_level",       "village"),
    Level("township_office_level",   "township_level",              "judicial office"),
    Level("township_level",          "county_level",                "township"),
)
TOP = "county_level"
UNSETTLED = ("registered", "screened", "referral_declined")     # not with a body, not settled, not filed: then the levels' time runs
ENDED_BY = ("dispute.routed", "agreement.reached", "case.filed", "dispute.redirected", "dispute.archived", "dispute.followed_up", "mediation.terminated",
            "case.entrusted", "performance.recorded")

MEDIATION = ("mediation_out_of_court_policy", "mediation_entrusted_ordinary", "mediation_entrusted_simplified")
URGING = (                  # 督办: who is urged, when, and what follows when nothing happens
    # when this has passed        for the n-th time   they that owe it are urged    who hears of it (notify's rules)
    (MEDIATION,                   0,                  "overdue"),                 # they, and the centre
    (("supervision_answer",),     0,                  "no_answer"),               # they, the centre, and the political-legal committee
)                           # still nothing: the last deadline has passed, which all three are told; the rest is for people
# fmt: on

BY_NAME = {level.name: level for level in LEVELS}


# ── What a dispute remembers ──────────────────────────────────────────────────────────────────────────────────────────────────────


def registered(dispute, step) -> None:
    """Only what the grid found goes by levels."""
    dispute.level = LEVELS[0].name if step.facts.get("channel") == "grid" else None


def escalated(dispute, step) -> None:
    dispute.level = step.facts["level"]


def departments_called(dispute, step) -> None:
    """Who is called again owes a new answer."""
    dispute.called = {**dispute.called, **dict.fromkeys(step.facts["to"])}


def routed(dispute, step) -> None:
    """Who handles it jointly is called with the referral; the body that it is sent to leads. Who was called before is free."""
    dispute.called = dict.fromkeys(step.facts.get("joint_with") or ())


def call_answered(dispute, step) -> None:
    dispute.called = {**dispute.called, step.agency: step.facts["answer"]}


def urged(dispute, step) -> None:
    dispute.urged = step.facts["to"]
    dispute.urged_in_all += 1
    dispute.urgings = dispute.urgings + 1 if step.facts["urged_for"] == "no_answer" else 0


def urging_answered(dispute, step) -> None:
    dispute.urged, dispute.urgings = None, 0


# ── Guards ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def was_called(dispute, step) -> bool:
    return step.agency in dispute.called and dispute.called[step.agency] is None


def was_urged(dispute, step) -> bool:
    return dispute.urged == step.agency


def goes_up(dispute, step) -> bool:
    """Upwards, and only where the levels run."""
    order = [*BY_NAME, TOP]
    return dispute.level is not None and dispute.level != TOP and order.index(step.facts["level"]) > order.index(dispute.level)


def everybody_answered(dispute, step) -> bool:
    """Asked before the answer is remembered."""
    return missing(dispute) in ((), (step.agency,))


# ── Who owes what ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def missing(dispute) -> tuple[str, ...]:
    """Who was called and has not reported in."""
    return tuple(agency for agency, answer in dispute.called.items() if answer is None)


def owner(dispute) -> str:
    """Who has to settle it at the level where it is. The grid's platform is that of villages and townships too."""
    if dispute.level == "township_office_level":
        return (COUNTY.serving("J", dispute.township) or COUNTY.lead("J")).code
    return CENTRE if dispute.level == TOP else GRID


def next_level(dispute, deadline) -> dict | None:
    """What time says when a level's own time is over; nothing where the dispute has gone on to another."""
    if dispute.level != deadline.clock:
        return None
    return {"level": BY_NAME[dispute.level].above, "escalated_for": "time_passed"}


def next_urging(dispute, deadline) -> dict | None:
    why = next((why for clocks, times, why in URGING if deadline.clock in clocks and dispute.urgings == times), None)
    return why and {"to": deadline.owed_by[0], "urged_for": why, "clock": deadline.clock}
