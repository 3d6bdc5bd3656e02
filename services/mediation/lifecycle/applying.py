"""Application of one step to a dispute: whether it is legal, what it changes, and the automatic step after a passed deadline. Pure computation.

Used for each step that is reported (decisions.py), and for all steps of a dispute whose history is applied again (recomputing.py).
"""

from datetime import datetime

from services.mediation.deadlines import tracking
from services.mediation.deadlines.clocks import CLOCK_BY_NAME
from services.mediation.dispute.guards import all_terms_performed
from services.mediation.dispute.model import Deadline, Decision, Dispute
from services.mediation.dispute.step import NOTED, Step
from services.mediation.law.policy import DeadlinePolicy
from services.mediation.lifecycle.effects import EFFECTS
from services.mediation.lifecycle.transitions import (
    FACTS_WHEN_PASSED,
    GUARD_FOR_EVERY_STEP,
    GUARDS,
    STEP_WHEN_PASSED,
    TRANSITIONS,
    Cell,
    ConditionalTarget,
    PreviousStateTarget,
)

# fmt: off
# Outcome of a dispute that is closed in one of these states. In other states the outcome recorded in the dispute applies.
OUTCOME_BY_STATE = {"registered": "mistaken", "screened": "not_suitable", "performing": "defaulted", "defaulted": "defaulted", "suspended": "not_settled"}
OUTCOME_BY_STEP = {"reports.joined": "merged"}  # outcome of a dispute closed by this step, whatever its state
# fmt: on


def refusal_by_transitions(dispute: Dispute, step: Step) -> str | None:
    """Return the code of the reason to refuse a step that the transition table does not list for the state of the dispute; None if it is listed."""
    if step.step_type in TRANSITIONS[dispute.state]:
        return None
    return "dispute_closed" if dispute.state == "closed" else "illegal_here"


def refusal_by_authority(dispute: Dispute, step: Step) -> str | None:
    """Return the code of the reason to refuse a step that the agency may not report; None if it may."""
    guard, reason = GUARD_FOR_EVERY_STEP
    return None if guard(dispute, step) else reason


def refusal_by_guards(dispute: Dispute, step: Step) -> str | None:
    """Return the code of the reason of the first guard of the step that does not hold; None if all hold."""
    return next((reason for guard, reason in GUARDS.get(step.step_type, ()) if not guard(dispute, step)), None)


def apply_step(decision: Decision, step: Step, now: datetime, policy: DeadlinePolicy) -> None:
    """Change the state of the dispute, record the effect of the step, and update the deadlines. The step must be legal."""
    dispute, before = decision.dispute, decision.dispute.state
    met = tracking.remove_met_deadlines(dispute, step, policy)  # before the effect, because guards of clocks read the dispute before the step
    outcome = OUTCOME_BY_STEP.get(step.step_type) or _final_outcome(dispute)
    effect = EFFECTS.get(step.step_type)
    if effect is not None:
        effect(dispute, step)
    target = target_state(dispute, step, TRANSITIONS[before].get(step.step_type, NOTED))
    if target != NOTED:
        dispute.state = target
    if dispute.state != before:
        dispute.entered_at = step.happened_at
    tracking.record_met(decision, met, policy)
    tracking.update_deadlines(decision, step, target == NOTED, now, policy)
    if dispute.state != before:
        tracking.stop_clocks_outside_state(decision)
    if dispute.state == "closed" != before:
        dispute.outcome = outcome
    if dispute.latest_at is None or step.happened_at > dispute.latest_at:
        dispute.latest_at = step.happened_at


def target_state(dispute: Dispute, step: Step, cell: Cell) -> str:
    """Return the state to which a cell of the transition table leads, or NOTED. The guard of a ConditionalTarget reads the dispute after the effect of the step."""
    while type(cell) is ConditionalTarget:
        cell = cell.then if cell.guard(dispute, step) else cell.otherwise
    return dispute.state_before_pause if type(cell) is PreviousStateTarget else cell


def automatic_step(dispute: Dispute, deadline: Deadline, policy: DeadlinePolicy) -> Step | None:
    """Return the step that follows from the passing of this deadline; None if none follows in the present state of the dispute.

    It is dated at the end of the period, so that it does not depend on the time at which the system found that the deadline had passed.
    """
    step_type = STEP_WHEN_PASSED.get(deadline.clock)
    if step_type is None or step_type not in TRANSITIONS[dispute.state] or dispute.state not in CLOCK_BY_NAME[deadline.clock].runs_in:
        return None
    facts = FACTS_WHEN_PASSED[step_type](dispute, deadline) if step_type in FACTS_WHEN_PASSED else {}
    return None if facts is None else Step(step_type, None, deadline.due_at, facts, policy)


def apply_automatic_step(decision: Decision, step: Step, now: datetime, policy: DeadlinePolicy) -> None:
    """Apply an automatic step. It meets no deadline, and the time of the latest reported step stays."""
    dispute, before = decision.dispute, decision.dispute.state
    EFFECTS[step.step_type](dispute, step)
    target = target_state(dispute, step, TRANSITIONS[before][step.step_type])
    if target != NOTED and target != before:
        dispute.state, dispute.entered_at = target, step.happened_at
    tracking.update_deadlines(decision, step, target == NOTED, now, policy)
    if dispute.automatic_at is None or step.happened_at > dispute.automatic_at:
        dispute.automatic_at = step.happened_at


def _final_outcome(dispute: Dispute) -> str:
    """Return the outcome that the dispute has if it is closed now."""
    if dispute.state == "resolved" and dispute.outcome != "judged":
        return "performed" if all_terms_performed(dispute) else dispute.outcome or "settled"
    return OUTCOME_BY_STATE.get(dispute.state) or dispute.outcome or "not_settled"
