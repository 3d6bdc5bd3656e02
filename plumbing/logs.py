"""Log lines for an operator at night: JSON, one event a line, facts in fields, codes only."""

import logging
import sys

import structlog

# Fields that may be logged. What is not here does not get out, so that no caller can leak what parties told an agency.
FIELDS = frozenset(
    "event level ts service dispute source event_id event_type agency trace_id sequence missing reason attempts clock count seconds copies"
    " partition partitions queue queues exchange routing_key code port path signal process status outcome channel consequence next exc part stack".split()
)


def configure(service: str, level: str = "INFO") -> None:
    """Sets up structlog for this process; other libraries' warnings come through the same renderer, without their arguments' values."""
    logging.basicConfig(level=logging.WARNING, stream=sys.stdout, format='{"level": "%(levelname)s", "event": "%(name)s", "service": "' + service + '"}', force=True)
    for noisy in ("nameko", "amqp", "pika", "kombu", "yoyo"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)  # they print exception texts, which may quote data
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            lambda _, __, line: {key: value for key, value in line.items() if key in FIELDS},
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
