"""Rules of the safeguard lane (安全保护专线: events that only police, courts and the women's federation see).

They state the roles with access, the steps and risk flags that open a safeguard hold, and the event type under which metrics count safeguard events. The
safeguard lane protects people at risk, for example of domestic violence; docs/safeguard.md describes it. Its steps are defined in steps/safeguard.py. Its
events are published in the sealed streams of the intake and mediation services (channels.py).
"""

from contracts import steps
from contracts.channels import is_sealed
from contracts.county import AGENCIES, COUNTY

# Risk flags that open a safeguard hold when a report or a screening of a dispute contains one: 反家庭暴力法 13-16, 未成年人保护法 11. The flag `mass` opens none.
DANGER_FLAGS = ("domestic_violence", "minor", "violence_threat")

STEP_NAMES = {type: step.names for type, step in steps.SEALED_STEPS.items()}  # Chinese and English names of the safeguard lane's steps
HOLD_CAUSE_BY_STEP = {type: step.hold_cause for type, step in steps.SEALED_STEPS.items() if step.hold_cause}

SAFEGUARD_ROLES = frozenset("PCW")  # police, court, women's federation: they receive receipts and notices of the safeguard lane and may view its content
ROLES_ACTING_UNDER_HOLD = frozenset("PC")  # police, court: during a safeguard hold, only their steps take effect
HOLD_NOTICE_RECIPIENTS = tuple(COUNTY.lead_agency(role).code for role in "PCW")  # agencies that receive a notice when a safeguard hold begins or ends

EVENT_TYPE_SHOWN_IN_METRICS = "dispute.reported"  # metrics count safeguard events under this type, because their own type would reveal them


def has_safeguard_access(agency: str) -> bool:
    """Return whether the agency receives receipts and notices of the safeguard lane and may view its content."""
    return agency in AGENCIES and AGENCIES[agency].role in SAFEGUARD_ROLES


def may_act_under_hold(agency: str) -> bool:
    """Return whether steps of the agency take effect during a safeguard hold."""
    return agency in AGENCIES and AGENCIES[agency].role in ROLES_ACTING_UNDER_HOLD


def hold_or_stay_opened_by(type: str | None) -> str | None:
    """Return "hold" or "stay" if every step of this type opens a safeguard hold or a stay of the dispute, else None."""
    cause = HOLD_CAUSE_BY_STEP.get(type)
    return cause and ("stay" if cause == "stay" else "hold")


def must_hide_dispute(source: str, type: str) -> bool:
    """Return whether logs and tools must omit the dispute's code for this event, because the code would reveal that the dispute is safeguarded."""
    return is_sealed(source) or type in STEP_NAMES


def danger_flags(facts: dict) -> tuple[str, ...]:
    """Return the risk flags in the facts of an agency's event, or in its corrected facts, that open a safeguard hold."""
    risk = facts.get("risk") or (facts.get("facts") or {}).get("risk") or {}
    return tuple(flag for flag in DANGER_FLAGS if risk.get(flag))
