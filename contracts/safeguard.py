"""Who belongs to the safeguard lane 安全保护专线, what opens it, and how its events are counted where nobody may see them. docs/safeguard.md.

Its steps are defined in steps/safeguard.py, its closed lists in kinds.py. Its events travel in streams of their own, from intake to mediation to notify.
"""

from contracts import steps
from contracts.channels import is_sealed
from contracts.county import AGENCIES, COUNTY

# A report or a screening with one of these flags opens a hold: 反家庭暴力法 13-16, 未成年人保护法 11. A mass matter is no such matter.
DANGERS = ("domestic_violence", "minor", "violence_threat")

STEPS = {type: step.names for type, step in steps.SEALED.items()}
CAUSE_OF_STEP = {type: step.hold_cause for type, step in steps.SEALED.items() if step.hold_cause}

INSIDE = frozenset("PCW")  # who hears answers in the lane, and may look
MOVERS = frozenset("PC")  # who alone moves a dispute under a hold
TOLD = tuple(COUNTY.lead(role).code for role in "PCW")  # at once, when a hold opens

COUNTED_AS = "dispute.reported"  # where a measure counts by type of event: a type of its own would tell


def is_inside(agency: str) -> bool:
    return agency in AGENCIES and AGENCIES[agency].role in INSIDE


def moves_it(agency: str) -> bool:
    return agency in AGENCIES and AGENCIES[agency].role in MOVERS


def opened_by(type: str | None) -> str | None:
    """Return what a step of this type opens whatever its facts are: `hold`, `stay`, or None."""
    cause = CAUSE_OF_STEP.get(type)
    return cause and ("stay" if cause == "stay" else "hold")


def is_quiet(source: str, type: str) -> bool:
    """Whether a log line or a tool must not name the dispute beside this event: it would tell that there is something in the lane."""
    return is_sealed(source) or type in STEPS


def in_danger(facts: dict) -> tuple[str, ...]:
    """The flags of an agency's event that open a hold."""
    risk = facts.get("risk") or {}
    return tuple(flag for flag in DANGERS if risk.get(flag))
