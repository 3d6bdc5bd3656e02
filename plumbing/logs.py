"""Logging in JSON, one object per line: a fixed message, and details in separate fields. Fields contain codes and ids, no personal data."""

import json
import logging
import sys
from datetime import UTC, datetime

import structlog

# Names of the fields that may be logged. All other fields are dropped, so that no caller can log what parties told an agency.
# fmt: off
ALLOWED_FIELDS = frozenset((
    "event", "level", "ts", "service", "dispute", "source", "event_id", "event_type", "agency", "trace_id", "sequence", "missing", "reason", "attempts", "clock",
    "count", "seconds", "copies", "partition", "partitions", "queue", "queues", "exchange", "routing_key", "code", "port", "path", "signal", "process", "status",
    "outcome", "channel", "job", "consequence", "next", "exc", "part", "stack", "year",
))
# fmt: on


def configure(service: str, level: str = "INFO") -> None:
    """Configure logging for this process. Warnings of libraries are logged in the same JSON format, without their arguments."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_LibraryLogFormatter(service))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for library in ("nameko", "amqp", "pika", "kombu", "yoyo"):
        logging.getLogger(library).setLevel(logging.CRITICAL)  # package plumbing catches and logs the errors that these libraries raise
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            lambda _, __, line: {"service": service} | {key: value for key, value in line.items() if key in ALLOWED_FIELDS},
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )


class _LibraryLogFormatter(logging.Formatter):
    """Formats a library's log record as JSON. Message arguments and exception texts are left out, because they may quote personal data."""

    def __init__(self, service):
        super().__init__()
        self.service = service

    def format(self, record):
        line = {"service": self.service, "event": str(record.msg) if "%" in str(record.msg) else record.name, "level": record.levelname.lower()}
        line["ts"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        if record.exc_info and record.exc_info[1]:
            line["reason"] = describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def describe(error: BaseException) -> str:
    """Return the type of an error and its place in the code; for SQL errors the SQLSTATE and message. Other texts may quote party data and are left out."""
    sqlstate, diag = getattr(error, "pgcode", None), getattr(error, "diag", None)
    if sqlstate:
        message = "" if sqlstate.startswith("22") else diag.message_primary or ""  # messages of class 22 (data exception) quote the invalid value
        return f"{type(error).__name__} {sqlstate}: {message}"[:300]
    frame = error.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    place = f" at {frame.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.tb_lineno}" if frame else ""
    return f"{type(error).__name__}{place}"
