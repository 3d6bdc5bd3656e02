"""Rebuilds the ledger of notices from the producers' records (plumbing.recovery.rebuild). Nothing is sent again.

The ledger says what agencies were sent. Therefore its rows are kept, notices that it lacks are added, and whether a notice is in force is corrected.
"""

from contracts.channels import is_sealed
from plumbing.recovery import rebuild
from plumbing.transaction import Transaction
from services.notify import ledger, safeguard, store


def apply(tx: Transaction, events: list) -> None:
    """Store the notices that follow from a batch of events in the new database, as sent."""
    effective = [event for event in events if not event.discarded]
    store.insert_sealed_notices(tx, [notice for event in effective if is_sealed(event.source) for notice in safeguard.notices_for(event)])
    ordinary = [event for event in effective if not is_sealed(event.source)]
    if ordinary:
        notices, new_entries, changed_entries = ledger.record_all(store.load_entries_in_force(tx, {event.subject for event in ordinary}), ordinary)
        store.update_entries(tx, changed_entries)
        store.insert_notices(tx, notices, new_entries, "inbox", is_waiting=False)


def switch(rebuilt, live) -> None:
    """Add the notices that the live ledger lacks, correct which are in force, and replace the positions. `rebuilt`, `live`: cursors; the caller commits."""
    live.execute(store.LOCK_LEDGER_SQL)
    rebuild.replace_tables(rebuilt, live, "notify", rebuild.POSITION_TABLES)
    for table in store.LEDGER_TABLES:
        live.execute(store.CREATE_REBUILT_SQL[table])
        rebuild.copy_table(rebuilt, live, "notify", table, f"rebuilt_{table}")
    for statement in store.MERGE_REBUILT_SQL:
        live.execute(statement)
