"""Rebuilds the read model from the producers' records (plumbing.recovery.rebuild)."""

from plumbing.recovery import rebuild
from plumbing.transaction import Transaction
from services.metrics import domain, store

CACHE = store.DisputeCache()


def apply(tx: Transaction, events: list) -> None:
    """Apply a batch of events to the read model of the new database, as the service does."""
    effective = [event for event in events if not event.discarded]
    if effective:
        changes = domain.fold(store.lock_and_load(tx, {event.subject for event in effective}), effective)
        store.save(tx, changes, CACHE.writer)


def switch(rebuilt, live) -> None:
    """Replace the live tables by the rebuilt ones. `rebuilt`, `live`: cursors; the caller commits. Writers and pages wait until then."""
    live.execute("select last_change from metrics.head for update")
    rebuild.replace_tables(rebuilt, live, "metrics", (*rebuild.POSITION_TABLES, *store.READ_MODEL_TABLES))
    live.execute(*store.rebuilt_change())
