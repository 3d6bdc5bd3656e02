"""Rules of the safeguard lane (安全保护专线): the roles with access, the steps and risk flags that open a hold, and the event type used in metrics.

The lane protects people at risk, for example of domestic violence; docs/safeguard.md describes it. Its steps are defined in steps/safeguard.py, its closed
lists in kinds.py. Its events are published in the sealed streams of intake and mediation (channels.py).
"""

from contracts import steps
from contracts.channels import is_sealed
from contracts.county import AGENCIES, COUNTY

# A report or a screening with one of these risk flags opens a hold: 反家庭暴力法 13-16, 未成年人保护法 11. The flag `mass` does not.
DANGER_FLAGS = ("domestic_violence", "minor", "violence_threat")

STEPS = {type: step.names for type, step in steps.SEALED.items()}  # names of the lane's steps in Chinese and English
HOLD_CAUSE_BY_STEP = {type: step.hold_cause for type, step in steps.SEALED.items() if step.hold_cause}

LANE_ROLES = frozenset("PCW")  # roles that receive receipts and notices about the lane and may view its content: police, court, women's federation
ROLES_ACTING_UNDER_HOLD = frozenset("PC")  # only these roles may report steps that take effect during a hold: police, court
HOLD_NOTICE_RECIPIENTS = tuple(COUNTY.lead(role).code for role in "PCW")  # agencies that get a notice when a hold opens or ends

TYPE_IN_METRICS = "dispute.reported"  # metrics count events of the lane under this type: their own type would reveal the lane


def has_lane_access(agency: str) -> bool:
    """Return whether the agency receives answers about the safeguard lane and may view its content."""
    return agency in AGENCIES and AGENCIES[agency].role in LANE_ROLES


def may_act_under_hold(agency: str) -> bool:
    """Return whether steps of the agency take effect while a hold is open."""
    return agency in AGENCIES and AGENCIES[agency].role in ROLES_ACTING_UNDER_HOLD


def hold_or_stay_opened_by(type: str | None) -> str | None:
    """Return what every step of this type opens, whatever its facts: "hold", "stay", or None."""
    cause = HOLD_CAUSE_BY_STEP.get(type)
    return cause and ("stay" if cause == "stay" else "hold")


def must_hide_dispute(source: str, type: str) -> bool:
    """Return whether logs and tools must leave out the dispute's code for this event, because the code would reveal that the dispute is in the lane."""
    return is_sealed(source) or type in STEPS


def danger_flags(facts: dict) -> tuple[str, ...]:
    """Return the risk flags in an agency's event that open a hold."""
    risk = facts.get("risk") or {}
    return tuple(flag for flag in DANGER_FLAGS if risk.get(flag))
