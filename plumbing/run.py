"""Runs one nameko service: `python -m plumbing.run mediation`. nameko's own command is not used: it needs a module that newer Python versions lack."""

import gc
import warnings

gc.disable()  # disabled until all modules are imported: garbage collections during the imports free nothing and take a tenth of the start-up time
warnings.filterwarnings("ignore", message="\\s*Eventlet is deprecated")  # the use of eventlet is a known limitation, see docs/messaging.md

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

from plumbing import epoch, logs, migrate, settings, telemetry  # noqa: E402
from plumbing.consumer import Consumer  # noqa: E402

log = get_logger()
DATABASE_TIMEOUT_SECONDS = 40  # longer than the server's statement_timeout, so that only a server that is down exceeds it


class DatabaseTimeout(psycopg2.OperationalError):
    """The database server did not answer on an open connection within DATABASE_TIMEOUT_SECONDS."""


def wait_with_timeout(connection):
    """Wait callback for psycopg2 that lets other green threads run. Unlike eventlet's callback it times out, so that a dead server cannot block a worker."""
    while (state := connection.poll()) != psycopg2.extensions.POLL_OK:
        reading = state == psycopg2.extensions.POLL_READ
        trampoline(connection.fileno(), read=reading, write=not reading, timeout=DATABASE_TIMEOUT_SECONDS, timeout_exc=DatabaseTimeout)


def main(name: str) -> None:
    config = settings.load()
    logs.configure(name, config.log_level)
    psycopg2.extensions.set_wait_callback(wait_with_timeout)
    try:
        migrate.check_at_start(name, config.database_url)
        epoch.check_at_start(name, config.database_url, config.amqp_uri)
    except (epoch.RecoveryNeeded, migrate.UnknownSchema) as reason:
        epoch.refuse_start(reason)
    module = importlib.import_module(f"services.{name}.service")
    (service,) = (cls for cls in vars(module).values() if isinstance(cls, type) and getattr(cls, "name", None) == name)

    runner = ServiceRunner({"SERVICE_CONTAINER_CLS": "plumbing.container.Container", "settings": config, "max_workers": 10, "AMQP_URI": config.amqp_uri})
    runner.add_service(service)
    signal.signal(signal.SIGTERM, lambda *_: eventlet.spawn_n(_stop, runner, config))
    signal.signal(signal.SIGINT, lambda *_: eventlet.spawn_n(_stop, runner, config))
    (container,) = runner.containers
    port = telemetry.serve(config.telemetry_host, config.telemetry_port, lambda: _check_readiness(container))
    _tune_garbage_collector()
    runner.start()
    log.info("Started.", port=port)
    runner.wait()
    log.info("Stopped.")


def _tune_garbage_collector():
    """Exclude the imported modules from garbage collection, and collect less often than by default, because a batch creates many short-lived objects."""
    gc.collect()
    gc.freeze()
    gc.enable()
    gc.set_threshold(20_000, 20, 20)


def _stop(runner, config):
    """Stop the service; end the process if the stop takes longer than `stop_seconds` + 5 seconds. Unacknowledged events are redelivered."""
    eventlet.spawn_after(config.stop_seconds + 5, os._exit, 1)
    runner.stop()


def _check_readiness(container):
    if not container.started:
        return {"broker": False, "database": False}
    consumers = [extension for extension in container.entrypoints if isinstance(extension, Consumer)]
    return {"broker": all(consumer.is_ready for consumer in consumers), "database": consumers[0].is_database_answering()}


if __name__ == "__main__":
    main(sys.argv[1])
