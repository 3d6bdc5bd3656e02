"""Runs one service: `python -m plumbing.run mediation`. (nameko's own command needs a module that newer Pythons lack.)"""

import gc
import warnings

gc.disable()  # until everything is imported: it would look again and again at what stays for good, a tenth of the time of a start
warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")  # known, see docs/messaging.md; a log line per start helps nobody

import eventlet  # noqa: E402

eventlet.monkey_patch()

import importlib  # noqa: E402
import os  # noqa: E402
import signal  # noqa: E402
import sys  # noqa: E402

import psycopg2  # noqa: E402
import psycopg2.extensions  # noqa: E402
from eventlet.hubs import trampoline  # noqa: E402
from nameko.runners import ServiceRunner  # noqa: E402
from structlog import get_logger  # noqa: E402

from plumbing import logs, settings, telemetry  # noqa: E402
from plumbing.consumer import Consumer  # noqa: E402

log = get_logger()
ANSWER_SECONDS = 40  # longer than the server's own statement_timeout: only a server that is gone takes longer


class DatabaseSilent(psycopg2.OperationalError):
    """The database accepted the connection and does not answer."""


def wait_green(connection):
    """psycopg2's wait callback: like eventlet's own, but with an end, so that a dead server cannot hold a worker for ever."""
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        reading = state == psycopg2.extensions.POLL_READ
        trampoline(connection.fileno(), read=reading, write=not reading, timeout=ANSWER_SECONDS, timeout_exc=DatabaseSilent)


def main(name: str) -> None:
    chosen = settings.load()
    logs.configure(name, chosen.log_level)
    psycopg2.extensions.set_wait_callback(wait_green)
    module = importlib.import_module(f"services.{name}.service")
    (service,) = (cls for cls in vars(module).values() if isinstance(cls, type) and getattr(cls, "name", None) == name)

    runner = ServiceRunner({"SERVICE_CONTAINER_CLS": "plumbing.container.Container", "settings": chosen, "max_workers": 10, "AMQP_URI": chosen.amqp_uri})
    runner.add_service(service)
    signal.signal(signal.SIGTERM, lambda *_: eventlet.spawn_n(_stop, runner, chosen))
    signal.signal(signal.SIGINT, lambda *_: eventlet.spawn_n(_stop, runner, chosen))
    (container,) = runner.containers
    port = telemetry.serve(chosen.telemetry_host, chosen.telemetry_port, lambda: _ready(container))
    _leave_the_past_alone()
    runner.start()
    log.info("Started.", port=port)
    runner.wait()
    log.info("Stopped.")


def _leave_the_past_alone():
    """What was imported stays for good: the collector need not look at it again, nor come by for every few hundred objects of a batch."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)


def _stop(runner, chosen):
    """Ends within the deadline whatever happens: an unacknowledged event comes again, so leaving is always safe."""
    eventlet.spawn_after(chosen.stop_seconds + 5, os._exit, 1)
    runner.stop()


def _ready(container):
    if not container.started:
        return {"broker": False, "database": False}
    consumers = [extension for extension in container.entrypoints if isinstance(extension, Consumer)]
    return {"broker": all(consumer.ready for consumer in consumers), "database": consumers[0].answers()}


if __name__ == "__main__":
    main(sys.argv[1])
