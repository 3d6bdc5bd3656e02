"""Proposals for the decisions of a batch: bodies that a dispute may be routed to, and mediators. Loads the data and applies the pure rules."""

from plumbing.transaction import Transaction
from services.mediation.routing import effects, store
from services.mediation.routing.rules import Rules


def propose_bodies(tx: Transaction, decided: list, rules: Rules, roster) -> None:
    """Add a proposal of bodies to each decision that starts the centre's deadline for routing."""
    decisions = [decision for _, decision in decided if effects.starts_routing_deadline(decision)]
    if not decisions:
        return
    records = store.load_records(tx)
    for decision in decisions:
        effects.add_proposal(decision, rules, roster, records, tx.now)


def propose_mediators(tx: Transaction, decided: list, roster) -> None:
    """Add a proposal of mediators to each decision after which a mediator has to be chosen."""
    decisions = [decision for _, decision in decided if effects.needs_mediator(decision)]
    people = sorted({number for decision in decisions for number in effects.members_of_body(decision.dispute, roster, tx.now)})
    if not people:
        return
    open_now = store.load_open_by_mediator(tx, people, effects.OPEN_WITH_BODY_STATES)
    for decision in decisions:
        effects.add_mediators(decision, roster, open_now, tx.now)
