"""Escalation of a dispute by level (四级七天, four levels in seven days), called departments (吹哨报到) and supervision (督办). Pure computation.

四级七天 is a local practice. A dispute found by the grid (village-level workers, 网格) is to be settled in the group within one working day,
in the village within two more, at the judicial office within two more, and at the township centre within two more; after that the county centre is
responsible. Nothing in this module changes the state of a dispute.
"""

from dataclasses import dataclass

from contracts import COUNTY
from services.mediation.dispute.agencies import CENTRE, GRID


@dataclass(frozen=True, slots=True)
class Level:
    """One of the four levels of escalation. The clock of the same name sets its deadline."""

    name: str
    next_level: str  # name of the level to which the dispute is escalated when the deadline passes
    owed_by: str


# fmt: off
# The levels in their order. A row says: name, next level, and who has to settle the dispute at this level.
LEVELS = (
    #     level                    next level               responsible
    Level("group_level",             "village_level",           "grid"),
    Level("village_level",           "township_office_level",   "village"),
    Level("township_office_level",   "township_level",          "judicial office"),
    Level("township_level",          "county_level",            "township"),
)
TOP_LEVEL = "county_level"
STEPS_MEETING_LEVEL_CLOCKS = (
    "dispute.routed", "agreement.reached", "case.filed", "dispute.redirected", "dispute.archived", "dispute.followed_up", "mediation.terminated",
    "case.entrusted", "performance.recorded",
)

MEDIATION_CLOCKS = ("mediation_out_of_court_policy", "mediation_entrusted_ordinary", "mediation_entrusted_simplified")
# Supervision (督办) issued automatically to the agency responsible for a passed deadline. A row says: if the deadline of one of these clocks has passed,
# and this number of supervisions for the reason `no_answer` was issued in a row before, a supervision is issued for this reason.
# The rules of the notify service decide who is notified.
SUPERVISION_RULES = (
    # clocks                     earlier no_answer supervisions   reason
    (MEDIATION_CLOCKS,           0,                               "overdue"),       # notified: the supervised agency and the mediation centre
    (("supervision_answer",),    0,                               "no_answer"),     # notified: these two and the political-legal committee
)   # A second unanswered supervision leads to no automatic step: the passed deadline is published to the agency, the centre and the committee.
# fmt: on

LEVEL_BY_NAME = {level.name: level for level in LEVELS}


# ── Effects: what the dispute record stores ───────────────────────────────────────────────────────────────────────────────────────


def record_registration(dispute, step) -> None:
    """Set the first level for a dispute that the grid reported. A dispute from another agency has no level."""
    dispute.level = LEVELS[0].name if step.facts.get("channel") == "grid" else None


def record_escalation(dispute, step) -> None:
    dispute.level = step.facts["level"]


def record_departments_called(dispute, step) -> None:
    """Record that each called department has to answer, even if it has answered an earlier call."""
    dispute.called = {**dispute.called, **dict.fromkeys(step.facts["to"])}


def record_joint_handlers(dispute, step) -> None:
    """Replace the called departments by the agencies that handle the dispute jointly with the mediation body to which it is routed."""
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
    """Guard: the reporting agency was called in and has not answered the call yet."""
    return step.agency in dispute.called and dispute.called[step.agency] is None


def owes_supervision_answer(dispute, step) -> bool:
    """Guard: the reporting agency is the agency to which the last supervision was issued, and that supervision has not been answered."""
    return dispute.supervised_agency == step.agency


def escalates_upwards(dispute, step) -> bool:
    """Guard: the dispute has a level, and the step escalates it to a higher level (四级七天, four levels in seven days)."""
    order = [*LEVEL_BY_NAME, TOP_LEVEL]
    return dispute.level is not None and dispute.level != TOP_LEVEL and order.index(step.facts["level"]) > order.index(dispute.level)


def all_called_departments_have_answered(dispute, step) -> bool:
    """Guard: every called department other than the reporting agency has answered. Evaluated before the answer of the reporting agency is recorded."""
    return departments_without_answer(dispute) in ((), (step.agency,))


# ── Responsible agencies, and data of automatic steps ─────────────────────────────────────────────────────────────────────────────


def departments_without_answer(dispute) -> tuple[str, ...]:
    """Return the codes of the agencies that were called in and have not answered."""
    return tuple(agency for agency, answer in dispute.called.items() if answer is None)


def agency_at_level(dispute) -> str:
    """Return the code of the agency that has to settle the dispute at its present level.

    It is the grid at the levels of group, village and township, because villages and townships work on the grid's platform.
    """
    if dispute.level == "township_office_level":
        return (COUNTY.serving_agency("J", dispute.township) or COUNTY.lead_agency("J")).code
    return CENTRE if dispute.level == TOP_LEVEL else GRID


def next_level_facts(dispute, deadline) -> dict | None:
    """Return the data of the automatic step `level.escalated` after the deadline of a level has passed; None if the dispute is no longer at that level."""
    if dispute.level != deadline.clock:
        return None
    return {"level": LEVEL_BY_NAME[dispute.level].next_level, "escalated_for": "time_passed"}


def next_supervision_facts(dispute, deadline) -> dict | None:
    """Return the data of the automatic step `supervision.issued` for a passed deadline; None if no rule in SUPERVISION_RULES applies."""
    reason = next((reason for clocks, count, reason in SUPERVISION_RULES if deadline.clock in clocks and dispute.no_answer_supervisions == count), None)
    return reason and {"to": deadline.owed_by[0], "urged_for": reason, "clock": deadline.clock}
