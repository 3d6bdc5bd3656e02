"""Log lines for an operator at night: JSON, one event a line, facts in fields, codes only."""

import json
import logging
import sys
from datetime import UTC, datetime

import structlog

# Fields that may be logged. What is not here does not get out, so that no caller can leak what parties told an agency.
# fmt: off
FIELDS = frozenset((
    "event", "level", "ts", "service", "dispute", "source", "event_id", "event_type", "agency", "trace_id", "sequence", "missing", "reason", "attempts", "clock",
    "count", "seconds", "copies", "partition", "partitions", "queue", "queues", "exchange", "routing_key", "code", "port", "path", "signal", "process", "status",
    "outcome", "channel", "job", "consequence", "next", "exc", "part", "stack",
))
# fmt: on


def configure(service: str, level: str = "INFO") -> None:
    """Sets up structlog for this process; other libraries' warnings come out in the same form, without their arguments."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_Foreign(service))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    for noisy in ("nameko", "amqp", "pika", "kombu", "yoyo"):
        logging.getLogger(noisy).setLevel(logging.CRITICAL)  # what fails there is logged by plumbing, once
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="ts"),
            lambda _, __, line: {"service": service} | {key: value for key, value in line.items() if key in FIELDS},
            structlog.processors.JSONRenderer(ensure_ascii=False, default=str),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )


class _Foreign(logging.Formatter):
    """A library's record as one of our lines: its sentence without what was filled in, an exception without its text. Either may quote data."""

    def __init__(self, service):
        super().__init__()
        self.service = service

    def format(self, record):
        line = {"service": self.service, "event": str(record.msg) if "%" in str(record.msg) else record.name, "level": record.levelname.lower()}
        line["ts"] = datetime.fromtimestamp(record.created, UTC).isoformat()
        if record.exc_info and record.exc_info[1]:
            line["reason"] = describe(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False)


def describe(problem: BaseException) -> str:
    """What went wrong and where, without the values: a message may quote what parties told an agency."""
    sqlstate, diag = getattr(problem, "pgcode", None), getattr(problem, "diag", None)
    if sqlstate:
        said = "" if sqlstate.startswith("22") else diag.message_primary or ""  # class 22 quotes the value that it could not take
        return f"{type(problem).__name__} {sqlstate}: {said}"[:300]
    frame = problem.__traceback__
    while frame and frame.tb_next:
        frame = frame.tb_next
    where = f" at {frame.tb_frame.f_code.co_filename.rsplit('/', 1)[-1]}:{frame.tb_lineno}" if frame else ""
    return f"{type(problem).__name__}{where}"
