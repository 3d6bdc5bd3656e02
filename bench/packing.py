"""Each hop's own code, without what brings events to it: the very methods of the services, called with a batch. Runs in a child process."""

from collections.abc import Callable

import orjson

from plumbing import events, settings
from plumbing.events import Delivery, Event
from plumbing.pool import Pool

STOCK_SPEAKER, STOCK_TYPE = "bench", "said"  # whom nameko's own handler hears, in nameko's own names


def of_hop(hop: str) -> tuple[type, str, Callable[[Delivery], Event], Callable[[Delivery], Event]]:
    """The service class, the method that hears, how it reads a delivery, and how its database reads one that was kept."""
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


def hearer(hop: str) -> tuple[Callable[[list[Event]], None], Callable[[Delivery], Event]]:
    """A function that hears a batch as the service does, and the reader of its deliveries."""
    service, method, read, read_kept = of_hop(hop)
    worker = service()
    chosen = settings.load()
    worker.db = Pool(chosen, read=read_kept)
    if hop == "mediation":
        from contracts import COUNTY
        from services.mediation.county_files import CountyFiles
        from services.mediation.rosters.store import RosterCache

        worker.county, worker.rosters = CountyFiles(COUNTY.folder, chosen.patience_seconds), RosterCache()
    return getattr(worker, method), read


def stock_queue(hop: str) -> tuple[str, str, str]:
    """Exchange, queue and routing key as nameko names them."""
    return f"{STOCK_SPEAKER}.events", f"evt-{STOCK_SPEAKER}-{STOCK_TYPE}--stock_{hop}.on_event", STOCK_TYPE


def unpack(packed: list) -> Delivery:
    """What `pack` packed, after JSON."""
    body, *rest = packed
    return Delivery(body.encode(), *rest)


def pack(message) -> bytes:
    """A message as JSON, for a handler that is only given the decoded body."""
    return orjson.dumps([message.body.decode(), message.content_type, message.routing_key, message.user_id or "", message.id, message.headers or {}])
