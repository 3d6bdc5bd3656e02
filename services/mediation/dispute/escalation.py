"""Escalation by level (四级七天), calling in departments (吹哨报到) and supervision (督办): tables, effects, guards. Pure.

四级七天 is a local practice. A dispute found by the grid is to be settled in the group within one working day, in the village within two more,
at the judicial office within two, and at the township centre within two; then the county centre is responsible.
Nothing in this module changes the state of a dispute.
"""

from dataclasses import dataclass

from contracts import COUNTY
from services.mediation.dispute.agencies import CENTRE, GRID


@dataclass(frozen=True, slots=True)
class Level:
    """One of the four levels; its deadline is the clock of the same name."""

    name: str
    above: str  # the level to which the dispute is escalated
    owed_by: str


# fmt: off
LEVELS = (
    #     level                    next level               responsible
    Level("group_level",             "village_level",           "grid"),
    Level("village_level",           "township_office_level",   "village"),
    Level("township_office_level",   "township_level",          "judicial office"),
    Level("township_level",          "county_level",            "township"),
)
TOP_LEVEL = "county_level"
LEVEL_CLOCKS_MET_BY = (
    "dispute.routed", "agreement.reached", "case.filed", "dispute.redirected", "dispute.archived", "dispute.followed_up", "mediation.terminated",
    "case.entrusted", "performance.recorded",
)

MEDIATION_CLOCKS = ("mediation_out_of_court_policy", "mediation_entrusted_ordinary", "mediation_entrusted_simplified")
SUPERVISION_RULES = (       # 督办 issued automatically to the agency that owes a deadline; who is notified is decided by notify's rules
    # passed clocks              earlier no_answer supervisions   reason
    (MEDIATION_CLOCKS,           0,                               "overdue"),       # notified: the agency and the centre
    (("supervision_answer",),    0,                               "no_answer"),     # notified: both, and the political-legal committee
)                           # If the second one is not answered either, nothing further is automatic: the passed deadline is reported to all three.
# fmt: on

LEVEL_BY_NAME = {level.name: level for level in LEVELS}


# ── Effects: what the dispute record stores ───────────────────────────────────────────────────────────────────────────────────────


def record_registration(dispute, step) -> None:
    """Put a dispute that the grid found on the first level; other disputes have no level."""
    dispute.level = LEVELS[0].name if step.facts.get("channel") == "grid" else None


def record_escalation(dispute, step) -> None:
    dispute.level = step.facts["level"]


def record_departments_called(dispute, step) -> None:
    """Record that each called department owes an answer, also one that answered an earlier call."""
    dispute.called = {**dispute.called, **dict.fromkeys(step.facts["to"])}


def record_joint_handlers(dispute, step) -> None:
    """Replace the called departments by those that handle the dispute jointly with the body to which it is routed."""
    dispute.called = dict.fromkeys(step.facts.get("joint_with") or ())


def record_call_answer(dispute, step) -> None:
    dispute.called = {**dispute.called, step.agency: step.facts["answer"]}


def record_supervision(dispute, step) -> None:
    dispute.supervised_agency = step.facts["to"]
    dispute.supervision_count += 1
    dispute.no_answer_supervisions = dispute.no_answer_supervisions + 1 if step.facts["urged_for"] == "no_answer" else 0


def record_supervision_answer(dispute, step) -> None:
    dispute.supervised_agency, dispute.no_answer_supervisions = None, 0


# ── Guards ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def owes_call_answer(dispute, step) -> bool:
    """Guard: the agency was called in and has not answered yet."""
    return step.agency in dispute.called and dispute.called[step.agency] is None


def owes_supervision_answer(dispute, step) -> bool:
    """Guard: the agency is the one to which the last supervision was issued."""
    return dispute.supervised_agency == step.agency


def escalates_upwards(dispute, step) -> bool:
    """Guard: the dispute has a level and is escalated to a higher one (四级七天)."""
    order = [*LEVEL_BY_NAME, TOP_LEVEL]
    return dispute.level is not None and dispute.level != TOP_LEVEL and order.index(step.facts["level"]) > order.index(dispute.level)


def is_last_call_answer(dispute, step) -> bool:
    """Guard: no other called department still owes an answer. Evaluated before this answer is recorded."""
    return departments_without_answer(dispute) in ((), (step.agency,))


# ── Responsible agencies, and facts of automatic steps ────────────────────────────────────────────────────────────────────────────


def departments_without_answer(dispute) -> tuple[str, ...]:
    """Return the agencies that were called in and have not answered."""
    return tuple(agency for agency, answer in dispute.called.items() if answer is None)


def agency_at_level(dispute) -> str:
    """Return the agency that has to settle the dispute at its present level. Villages and townships work on the grid's platform."""
    if dispute.level == "township_office_level":
        return (COUNTY.serving_agency("J", dispute.township) or COUNTY.lead("J")).code
    return CENTRE if dispute.level == TOP_LEVEL else GRID


def next_level_facts(dispute, deadline) -> dict | None:
    """Return the facts of the automatic `level.escalated` when a level's deadline has passed; None if the dispute is no longer at that level."""
    if dispute.level != deadline.clock:
        return None
    return {"level": LEVEL_BY_NAME[dispute.level].above, "escalated_for": "time_passed"}


def next_supervision_facts(dispute, deadline) -> dict | None:
    """Return the facts of the automatic `supervision.issued` for a passed deadline; None if no rule of the table applies."""
    reason = next((why for clocks, times, why in SUPERVISION_RULES if deadline.clock in clocks and dispute.no_answer_supervisions == times), None)
    return reason and {"to": deadline.owed_by[0], "urged_for": reason, "clock": deadline.clock}
