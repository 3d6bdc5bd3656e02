"""The handler methods of the measured services, called directly with a batch of events instead of by the broker consumer. Runs in a child process."""

from collections.abc import Callable

import orjson

from plumbing import events, settings
from plumbing.due_times import DueTimes
from plumbing.events import Delivery, Event
from plumbing.pool import Pool

STOCK_PRODUCER, STOCK_EVENT_TYPE = "bench", "published"  # producer and event type of the events for nameko's own event handler


def service_handler(measured_service: str) -> tuple[type, str, Callable[[Delivery], Event], Callable[[Delivery], Event]]:
    """Return the service class, the name of its handler method, and two functions that read deliveries: from the broker, and stored in the database."""
    if measured_service == "intake":
        from services.intake import envelope
        from services.intake.service import IntakeService

        return IntakeService, "on_agency_events", envelope.read, envelope.read_any
    if measured_service == "answers":
        from services.intake import envelope
        from services.intake.service import IntakeService

        return IntakeService, "on_decisions", events.read, envelope.read_any
    if measured_service == "mediation":
        from services.mediation.service import MediationService

        return MediationService, "on_events", events.read, events.read
    if measured_service == "notify":
        from services.notify.service import NotifyService

        return NotifyService, "on_events", events.read, events.read
    from services.metrics.service import MetricsService

    return MetricsService, "on_events", events.read, events.read


def batch_handler(measured_service: str) -> tuple[Callable[[list[Event]], None], Callable[[Delivery], Event]]:
    """Return a function that processes a batch of events as the service does, and the function with which the service reads a delivery."""
    service, method, read, read_stored = service_handler(measured_service)
    worker = service()
    config = settings.load()
    worker.db = Pool(config, read=read_stored, prepares_statements=True)
    if measured_service == "metrics":
        from services.metrics.store import DisputeCache

        worker.disputes = DisputeCache()
    if service.name == "intake":
        worker.watermark_times = DueTimes()
    if measured_service == "notify":
        worker.webhook_times = DueTimes()
    if measured_service == "mediation":
        from contracts import COUNTY
        from services.mediation.county_files import CountyFiles
        from services.mediation.rosters.store import RosterCache

        worker.deadline_times, worker.safeguard_times = DueTimes(), DueTimes()
        worker.county, worker.rosters = CountyFiles(COUNTY.folder, config.patience_seconds), RosterCache()
    return getattr(worker, method), read


def stock_queue(measured_service: str) -> tuple[str, str, str]:
    """Return exchange, queue and routing key for nameko's own event handler, named as nameko names them."""
    return f"{STOCK_PRODUCER}.events", f"evt-{STOCK_PRODUCER}-{STOCK_EVENT_TYPE}--stock_{measured_service}.on_event", STOCK_EVENT_TYPE


def unpack_delivery(packed: list) -> Delivery:
    """Return the delivery from the JSON value that `pack_message` encoded."""
    body, *rest = packed
    return Delivery(body.encode(), *rest)


def pack_message(message) -> bytes:
    """Return the message's body and properties as JSON, because nameko's event handler gets only the decoded body of a message."""
    return orjson.dumps([message.body.decode(), message.content_type, message.routing_key, message.user_id or "", message.id, message.headers or {}])
