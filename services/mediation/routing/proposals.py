"""Adds proposals to the decisions of a batch: whom the centre may send a dispute to, and who may mediate it. Joins SQL and rules; decides nothing itself."""

from plumbing.transaction import Transaction
from services.mediation.routing import effects, store
from services.mediation.routing.rules import Rules


def propose_bodies(tx: Transaction, decided: list, rules: Rules, roster) -> None:
    """Wherever a decision starts the centre's time for routing, add whom it may send the dispute to."""
    asking = [decision for _, decision in decided if effects.begins_routing(decision)]
    if not asking:
        return
    records = store.load_records(tx)
    for decision in asking:
        effects.add_proposal(decision, rules, roster, records, tx.now)


def propose_mediators(tx: Transaction, decided: list, roster) -> None:
    """Wherever a decision leaves open who mediates, add those of the body who might."""
    asking = [decision for _, decision in decided if effects.needs_a_mediator(decision)]
    people = sorted({number for decision in asking for number in effects.people_to_choose_from(decision.dispute, roster, tx.now)})
    if not people:
        return
    open_now = store.load_open_by_mediator(tx, people, effects.AT_HAND)
    for decision in asking:
        effects.add_mediators(decision, roster, open_now, tx.now)
