"""Publishes watermarks.advanced: up to which time agencies have reported. Runs in the caller's transaction."""

from contracts.channels import PARTITION_SUBJECT
from plumbing.events import DomainEvent
from plumbing.transaction import Transaction
from services.intake.store import log, watermarks

MAX_AGENCIES_PER_EVENT = 50  # limit of the list in the schema of watermarks.advanced


def publish_advanced(tx: Transaction) -> None:
    """Publish the watermarks that have advanced since the last publication, to every partition.

    A listener that receives a watermark must have received every step that the agency reported before. Steps are stored in the outbox by transactions that
    hold the lock on the head of the log until their commit, and the relay publishes the rows of a partition in order. Therefore the watermarks are read and
    stored in the outbox under the same lock: each transaction that advanced a watermark has been committed, with its steps, before. A step that waits for a
    decision about a join is the only exception; it is published late. Without a change, one query is sent and no lock is taken.
    """
    if not watermarks.has_unpublished(tx):
        return
    log.CHAIN.lock_head(tx)
    advanced = watermarks.take_unpublished(tx)
    agencies = [{"agency": agency, "up_to": up_to, **({"stated": True} if is_stated else {})} for agency, up_to, is_stated in advanced]
    tx.say(
        [
            DomainEvent("watermarks.advanced", f"{PARTITION_SUBJECT}{partition}", {"agencies": agencies[begin : begin + MAX_AGENCIES_PER_EVENT]})
            for partition in range(tx.settings.partitions)
            for begin in range(0, len(agencies), MAX_AGENCIES_PER_EVENT)
        ]
    )
