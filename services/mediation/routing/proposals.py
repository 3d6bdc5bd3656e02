"""Adds proposals of mediation bodies and of mediators to the decisions of a batch: loads the necessary data and applies the routing rules."""

from plumbing.transaction import Transaction
from services.mediation.routing import effects, store
from services.mediation.routing.rules import Rules


def propose_bodies(tx: Transaction, decided: list, rules: Rules, roster) -> None:
    """Add a proposal of mediation bodies to each decision that starts the deadline for routing."""
    decisions = [decision for _, decision in decided if effects.starts_routing_deadline(decision)]
    if not decisions:
        return
    statistics = store.load_body_statistics(tx)
    for decision in decisions:
        effects.add_proposal(decision, rules, roster, statistics, _time_of(decision, tx.now))


def propose_mediators(tx: Transaction, decided: list, roster) -> None:
    """Add a proposal of mediators to each decision after which a mediator has to be chosen."""
    decisions = [decision for _, decision in decided if effects.needs_mediator(decision)]
    member_numbers = sorted({number for decision in decisions for number in effects.members_of_body(decision.dispute, roster, _time_of(decision, tx.now))})
    if not member_numbers:
        return
    open_disputes = store.load_open_disputes_by_mediator(tx, member_numbers, effects.STATES_HANDLED_BY_BODY)
    for decision in decisions:
        effects.add_mediators(decision, roster, open_disputes, _time_of(decision, tx.now))


def _time_of(decision, now):
    """Return when the step of the decision happened. Rosters and rules of that time apply, whenever the step is reported."""
    return decision.applied_step.happened_at if decision.applied_step else now
