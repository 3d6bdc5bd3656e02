"""Prometheus metrics of every process, and the HTTP endpoints /metrics, /healthz (liveness) and /readyz (readiness)."""

import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, exposition

from contracts import safeguard
from contracts.channels import is_sealed

# fmt: off
EVENTS                = Counter("fengqiao_events_total", "Events consumed, by outcome: applied, duplicate, waiting, retry, parked, discarded, conflict.", ["service", "source", "type", "outcome"])
EVENT_AGE             = Histogram("fengqiao_event_age_seconds", "Seconds from the time an event happened to the time this service processed it.", ["service"],
                                  buckets=(.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400))
BATCH_EVENTS          = Histogram("fengqiao_batch_events", "Events per batch.", ["service"], buckets=(1, 2, 5, 10, 25, 50, 100, 200, 500))
BATCH_SECONDS         = Histogram("fengqiao_batch_processing_seconds", "Seconds from taking a batch to acknowledging it.", ["service"],
                                  buckets=(.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10))
DELIVERIES            = Counter("fengqiao_deliveries_total", "Events in the messages that the broker delivered, duplicates included.", ["service"])
RECONNECTS            = Counter("fengqiao_reconnects_total", "Connections to the broker or the database that were lost and reopened.", ["service", "to"])
HEARING               = Gauge("fengqiao_hearing", "1 while this process consumes from its queues, else 0.", ["service"])
WAITING_EVENTS        = Gauge("fengqiao_waiting", "Events that wait for an earlier event of the same dispute, which is missing or parked.", ["service"])
PARKED_EVENTS         = Gauge("fengqiao_parked", "Events that failed, by status: retry (retried automatically), parked (an operator decides), conflict (of another epoch, without effect).", ["service", "status"])
OUTBOX_PENDING        = Gauge("fengqiao_outbox_pending", "Events in the outbox: the broker has not yet confirmed their messages.", ["service"])
OUTBOX_OLDEST_SECONDS = Gauge("fengqiao_outbox_oldest_seconds", "Age in seconds of the oldest outbox row.", ["service"])
PUBLISHED_ROWS        = Counter("fengqiao_published_total", "Messages (outbox rows) that the relay published, by the broker's answer: confirmed, or returned (which includes refused).", ["service", "outcome"])
HTTP_REQUESTS         = Counter("fengqiao_http_requests_total", "HTTP requests answered.", ["service", "door", "status"])
# fmt: on

POLL_INTERVAL_SECONDS = 3600.0
BACKLOG_SQL = """
select (select coalesce(sum(event_count), 0)::bigint from outbox), coalesce((select extract(epoch from now() - min(created_at)) from outbox), 0),
       (select count(*) from waiting), (select count(*) from parked where status = 'retry'), (select count(*) from parked where status = 'parked'),
       (select count(*) from parked where status = 'conflict')
"""


def count_transaction(service, outcomes, ages):
    """Add the events of one transaction to the counters. `outcomes`: {(source, event type, outcome): count}. `ages`: ages of the events in seconds.

    No label may reveal events of the safeguard lane (which only police, courts and women's federation see). Such events of agencies are counted under
    the most frequent event type; such events of services are not counted.
    """
    for (source, event_type, outcome), count in outcomes.items():
        if is_sealed(source):
            continue
        event_type = safeguard.EVENT_TYPE_SHOWN_IN_METRICS if event_type in safeguard.STEP_NAMES else event_type
        EVENTS.labels(service, source if not source.startswith("/") else "agencies", event_type, outcome).inc(count)
    histogram = EVENT_AGE.labels(service)
    for age in ages:
        histogram.observe(age)


def update_backlog(service, tx):
    """Set the Prometheus gauges that count rows of the service's tables `outbox`, `waiting` and `parked`. Return whether any event waits or is parked."""
    pending, oldest, waiting, retry, parked, conflicts = tx.rows(BACKLOG_SQL)[0]
    OUTBOX_PENDING.labels(service).set(pending)
    OUTBOX_OLDEST_SECONDS.labels(service).set(float(oldest))
    WAITING_EVENTS.labels(service).set(waiting)
    PARKED_EVENTS.labels(service, "retry").set(retry)
    PARKED_EVENTS.labels(service, "parked").set(parked)
    PARKED_EVENTS.labels(service, "conflict").set(conflicts)
    return bool(waiting or retry or parked)


def serve(host: str, port: int, readiness, registry: CollectorRegistry = REGISTRY) -> int:
    """Serve /metrics, /healthz and /readyz in a background thread (a green thread under eventlet). Return the port.

    `readiness()` returns {component: is ready}; the process is ready if all components are. /healthz answers 200 as long as the process runs.
    """
    metrics = exposition.make_wsgi_app(registry)

    def app(environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start_response)
        if path == "/healthz":
            return _respond(start_response, "200 OK", b'{"alive": true}')
        if path == "/readyz":
            components = _check_readiness(readiness)
            return _respond(start_response, "200 OK" if all(components.values()) else "503 Service Unavailable", _to_json(components))
        return _respond(start_response, "404 Not Found", b"{}")

    server = make_server(host, port, app, server_class=WSGIServer, handler_class=_SilentHandler)
    # The server is never shut down, so its thread need not wake to check for that.
    threading.Thread(target=server.serve_forever, args=(POLL_INTERVAL_SECONDS,), daemon=True, name="telemetry").start()
    return server.server_port


def routes(readiness):
    """Return routes for a Starlette application that serve /metrics, /healthz and /readyz."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    def metrics(request):
        return Response(exposition.generate_latest(), media_type=exposition.CONTENT_TYPE_LATEST)

    async def healthz(request):
        return JSONResponse({"alive": True})

    async def readyz(request):
        components = await run_in_threadpool(_check_readiness, readiness)
        return JSONResponse(components, 200 if all(components.values()) else 503)

    return [Route("/metrics", metrics), Route("/healthz", healthz), Route("/readyz", readyz)]


def _check_readiness(readiness):
    """Return the readiness of each component. If the check raises, the process counts as not ready."""
    try:
        return readiness()
    except Exception:  # noqa: BLE001 - a traceback might quote data, and the health probe needs an answer
        return {"ready": False}


class _SilentHandler(WSGIRequestHandler):
    def log_message(self, *_):
        """Log nothing: one line per scrape of Prometheus would hide the relevant log lines."""


def _to_json(components):
    return ("{" + ", ".join(f'"{name}": {str(bool(value)).lower()}' for name, value in components.items()) + "}").encode()


def _respond(start_response, status, body):
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
