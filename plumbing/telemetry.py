"""What every process tells Prometheus, and how it says that it is alive and ready. Every measure has one name, one line, one meaning."""

import threading
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Histogram, exposition

from contracts import safeguard
from contracts.channels import is_sealed

# fmt: off
EVENTS      = Counter("fengqiao_events_total", "Events heard, by what became of them: applied, duplicate, waiting, retry, parked, discarded.", ["service", "source", "type", "outcome"])
AGE         = Histogram("fengqiao_event_age_seconds", "From when a fact happened to when it was applied here.", ["service"],
                        buckets=(.01, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400))
BATCH       = Histogram("fengqiao_batch_events", "Events in one transaction.", ["service"], buckets=(1, 2, 5, 10, 25, 50, 100, 200, 500))
PROCESSING  = Histogram("fengqiao_batch_processing_seconds", "From taking a batch in hand to having it acknowledged.", ["service"],
                        buckets=(.002, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 10))
DELIVERIES  = Counter("fengqiao_deliveries_total", "Messages that the broker handed over, repeats included.", ["service"])
RECONNECTS  = Counter("fengqiao_reconnects_total", "Times that a connection to the broker or the database was lost and sought again.", ["service", "to"])
HEARING     = Gauge("fengqiao_hearing", "1 while this process consumes from its queues.", ["service"])
WAITING     = Gauge("fengqiao_waiting", "Events that came too early and wait for a missing or parked one.", ["service"])
PARKED      = Gauge("fengqiao_parked", "Events that could not be applied: tried again, or left to a person.", ["service", "status"])
PENDING     = Gauge("fengqiao_outbox_pending", "Said but not yet confirmed by the broker.", ["service"])
OLDEST      = Gauge("fengqiao_outbox_oldest_seconds", "How long the oldest of them has waited.", ["service"])
PUBLISHED   = Counter("fengqiao_published_total", "Outbox rows that the relay published, by what the broker said: confirmed, refused, returned.", ["service", "outcome"])
REQUESTS    = Counter("fengqiao_http_requests_total", "Requests answered over HTTP.", ["service", "door", "status"])
# fmt: on

BACKLOG_SQL = """
select (select count(*) from outbox), coalesce((select extract(epoch from now() - min(created_at)) from outbox), 0),
       (select count(*) from waiting), (select count(*) from parked where status = 'retry'), (select count(*) from parked where status = 'parked')
"""


def transaction_committed(service, outcomes, ages):
    """Adds what one batch did: a counter is touched once per kind of outcome, not per event.

    Of the safeguard lane no cell is small enough to be shown: its agencies' events count as the most usual one, and what our services say there not at all.
    """
    for (source, kind, outcome), count in outcomes.items():
        if is_sealed(source):
            continue
        kind = safeguard.COUNTED_AS if kind in safeguard.STEPS else kind
        EVENTS.labels(service, source if not source.startswith("/") else "agencies", kind, outcome).inc(count)
    histogram = AGE.labels(service)
    for age in ages:
        histogram.observe(age)


def backlog(service, tx):
    """Refreshes the gauges that come from the service's own tables."""
    pending, oldest, waiting, retry, parked = tx.rows(BACKLOG_SQL)[0]
    PENDING.labels(service).set(pending)
    OLDEST.labels(service).set(float(oldest))
    WAITING.labels(service).set(waiting)
    PARKED.labels(service, "retry").set(retry)
    PARKED.labels(service, "parked").set(parked)


def serve(host: str, port: int, ready, registry: CollectorRegistry = REGISTRY) -> int:
    """Answers /metrics, /healthz and /readyz on its own thread (green under eventlet); returns the port.

    `ready()` gives {part: bool}. Health is that the loop turns; readiness is that every part is there.
    """
    metrics = exposition.make_wsgi_app(registry)

    def app(environ, start_response):
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start_response)
        if path == "/healthz":
            return _say(start_response, "200 OK", b'{"alive": true}')
        if path == "/readyz":
            parts = _asked(ready)
            return _say(start_response, "200 OK" if all(parts.values()) else "503 Service Unavailable", _json(parts))
        return _say(start_response, "404 Not Found", b"{}")

    server = make_server(host, port, app, server_class=WSGIServer, handler_class=_Quiet)
    threading.Thread(target=server.serve_forever, daemon=True, name="telemetry").start()
    return server.server_port


def routes(ready):
    """The same three addresses for a Starlette application."""
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    def metrics(request):
        return Response(exposition.generate_latest(), media_type=exposition.CONTENT_TYPE_LATEST)

    async def healthz(request):
        return JSONResponse({"alive": True})

    async def readyz(request):
        parts = await run_in_threadpool(_asked, ready)
        return JSONResponse(parts, 200 if all(parts.values()) else 503)

    return [Route("/metrics", metrics), Route("/healthz", healthz), Route("/readyz", readyz)]


def _asked(ready):
    """Whoever cannot say whether it is ready is not."""
    try:
        return ready()
    except Exception:  # noqa: BLE001 - a traceback would quote what it stumbled over, and a probe wants an answer
        return {"ready": False}


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_):
        """A line per scrape would only bury what matters."""


def _json(parts):
    return ("{" + ", ".join(f'"{name}": {str(bool(value)).lower()}' for name, value in parts.items()) + "}").encode()


def _say(start_response, status, body):
    start_response(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
