"""The services' own handler methods, called directly with a batch of events, without broker consumer. Runs in a child process of the benchmark."""

from collections.abc import Callable

import orjson

from plumbing import events, settings
from plumbing.events import Delivery, Event
from plumbing.pool import Pool

STOCK_PRODUCER, STOCK_TYPE = "bench", "published"  # producer and event type for nameko's own handler


def handler_of_hop(hop: str) -> tuple[type, str, Callable[[Delivery], Event], Callable[[Delivery], Event]]:
    """Return the service class, its handler method, its reader of deliveries, and its reader of deliveries stored in the database."""
    if hop == "intake":
        from services.intake import envelope
        from services.intake.service import IntakeService

        return IntakeService, "on_agency_events", envelope.read, envelope.read_any
    if hop == "answers":
        from services.intake import envelope
        from services.intake.service import IntakeService

        return IntakeService, "on_decisions", events.read, envelope.read_any
    if hop == "mediation":
        from services.mediation.service import MediationService

        return MediationService, "on_events", events.read, events.read
    if hop == "notify":
        from services.notify.service import NotifyService

        return NotifyService, "on_events", events.read, events.read
    from services.metrics.service import MetricsService

    return MetricsService, "on_events", events.read, events.read


def batch_handler(hop: str) -> tuple[Callable[[list[Event]], None], Callable[[Delivery], Event]]:
    """Return a function that processes a batch as the service does, and the service's reader of deliveries."""
    service, method, read, read_stored = handler_of_hop(hop)
    worker = service()
    config = settings.load()
    worker.db = Pool(config, read=read_stored)
    if hop == "mediation":
        from contracts import COUNTY
        from services.mediation.county_files import CountyFiles
        from services.mediation.rosters.store import RosterCache

        worker.county, worker.rosters = CountyFiles(COUNTY.folder, config.patience_seconds), RosterCache()
    return getattr(worker, method), read


def stock_queue(hop: str) -> tuple[str, str, str]:
    """Return exchange, queue and routing key, named as nameko names them."""
    return f"{STOCK_PRODUCER}.events", f"evt-{STOCK_PRODUCER}-{STOCK_TYPE}--stock_{hop}.on_event", STOCK_TYPE


def unpack(packed: list) -> Delivery:
    """Return the delivery that `pack` encoded, given the decoded JSON."""
    body, *rest = packed
    return Delivery(body.encode(), *rest)


def pack(message) -> bytes:
    """Return the message as JSON with its properties, because nameko's handler gets the decoded body only."""
    return orjson.dumps([message.body.decode(), message.content_type, message.routing_key, message.user_id or "", message.id, message.headers or {}])
