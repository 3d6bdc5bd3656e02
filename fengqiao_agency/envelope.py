"""Validation of an event's envelope (id, type, subject, time, size) before the event is stored in the outbox. Pure functions.

The limits are those that the hub applies; they are generated from package `contracts`.
"""

import json
import re
from datetime import UTC, datetime, timedelta

from .contract import load_contract
from .errors import NotValid, TooLarge

ENVELOPE_LIMITS = load_contract()["envelope"]
ID_PATTERN, TYPE_PATTERN, SUBJECT_PATTERN = (re.compile(ENVELOPE_LIMITS[name]) for name in ("id", "type", "subject"))
MAX_BYTES, MAX_DEPTH = ENVELOPE_LIMITS["max_bytes"], ENVELOPE_LIMITS["max_depth"]
FUTURE_TOLERANCE = timedelta(seconds=ENVELOPE_LIMITS["future_seconds"])

# This machine's clock may be slow, and the event may be sent hours later. Only the hub therefore checks event times less than a day in the future.
CLOCK_ERROR_TOLERANCE = timedelta(days=1)

# fmt: off
FIELD_RULE_TEXTS = {
    # Envelope field → rule, as the predicate of an error sentence.
    # field      in Chinese                                                         in English
    "id":       ("应为1至128个字母、数字或 ._:/@+=~#- ，不含空格",                      "must be 1 to 128 letters, digits or ._:/@+=~#- without blanks"),
    "type":     ("应为1至64个字母、数字或 ._-",                                       "must be 1 to 64 letters, digits or ._-"),
    "subject":  ("应为1至64个文字、数字或 ._-/#〔〕()（） ，不含空格",                  "must be 1 to 64 letters, digits or ._-/#〔〕()（） without blanks"),
}
TIME_RULE_TEXT = (f"应为带时区的时间，年份在{ENVELOPE_LIMITS['first_year']}至{ENVELOPE_LIMITS['last_year']}之间，请核对本机时钟",
           f"must be a time with a time zone, in the years {ENVELOPE_LIMITS['first_year']} to {ENVELOPE_LIMITS['last_year']}; check the clock of this machine")
FUTURE_TIME_TEXT = ("晚于本机当前时间一天以上，请核对time和本机时钟", "is more than a day ahead of this machine's clock; check `time` and the clock")
NOT_AN_OBJECT_TEXT = ("应为一个JSON对象", "must be one JSON object")
TOO_DEEP_TEXT = (f"嵌套超过{MAX_DEPTH}层", f"is nested more than {MAX_DEPTH} levels deep")
NOT_JSON_TEXT = ("含有JSON不能表示的值", "contains a value that JSON cannot represent")
NOT_UTF8_TEXT = ("含有不完整的字符（半个代理对），无法用UTF-8编码", "contains an unpaired surrogate, which UTF-8 cannot encode")

# Reason code → sentences for an event in the outbox that cannot be sent. Its row is damaged, or an older version stored the event without these checks.
UNSENDABLE_REASON_TEXTS = {
    "bad_id":            ("事件编号不符合规定，枢纽的回执将无法对应。请用新的id重新上报，再用 outbox --discard 作废本行",
                          "The event id is invalid, so that no receipt could be matched to the event. Report it under a new id, then discard this one with outbox --discard"),
    "bad_type":          ("事件类型不符合规定。请重新上报，再用 outbox --discard 作废本行",
                          "The event type is invalid. Report it again, then discard this one with outbox --discard"),
    "bad_headers":       ("发件箱中该事件的消息头无法读取。请用新的id重新上报，再用 outbox --discard 作废本行",
                          "The headers stored in the outbox cannot be read. Report it under a new id, then discard this one with outbox --discard"),
    "bad_body":          ("发件箱中该事件的内容已缺失或损坏。请用新的id重新上报，再用 outbox --discard 作废本行",
                          "The data stored in the outbox is missing or damaged. Report it under a new id, then discard this one with outbox --discard"),
    "too_large":         (f"事件超过{MAX_BYTES}字节的上限。请缩减后用新的id重新上报，再用 outbox --discard 作废本行",
                          f"The event is larger than {MAX_BYTES} bytes. Report a smaller one under a new id, then discard this one with outbox --discard"),
    "not_encodable":     ("该事件无法编码为AMQP消息。请用新的id重新上报，再用 outbox --discard 作废本行",
                          "The event cannot be encoded as an AMQP message. Report it under a new id, then discard this one with outbox --discard"),
    "refused_by_broker": ("消息服务器因该事件关闭了连接。请联系枢纽管理员",
                          "The broker closes the connection because of this event. Contact the hub's administrator"),
    "NO_ROUTE":          ("没有队列接收该事件。请联系枢纽管理员，之后用 outbox --resend 重发",
                          "No queue accepts the event. Contact the hub's administrator, then send it again with outbox --resend"),
    "discarded":         ("已由本机构作废，不再发送", "Discarded by this agency; it is not sent"),
}
# fmt: on


class Unsendable(Exception):
    """An event in the outbox that cannot be published. `code` is a key of UNSENDABLE_REASON_TEXTS."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


def check_envelope_fields(event_id: str, event_type: str, subject: str, data: dict) -> None:
    """Check id, type, subject and the nesting depth of the data. Raises NotValid for the first of them that the hub would refuse."""
    for field, value, pattern in (("type", event_type, TYPE_PATTERN), ("id", event_id, ID_PATTERN), ("subject", subject, SUBJECT_PATTERN)):
        if not isinstance(value, str) or not pattern.fullmatch(value):
            raise _not_valid_error(event_type, field, *FIELD_RULE_TEXTS[field])
    if not isinstance(data, dict):
        raise _not_valid_error(event_type, "data", *NOT_AN_OBJECT_TEXT)
    if _is_nested_deeper(data, MAX_DEPTH):
        raise _not_valid_error(event_type, "data", *TOO_DEEP_TEXT)


def check_event_time(event_type: str, time: datetime) -> None:
    """Raise NotValid unless the event time has a time zone and lies in the years that the contract allows."""
    if not isinstance(time, datetime) or time.utcoffset() is None or not ENVELOPE_LIMITS["first_year"] <= time.year <= ENVELOPE_LIMITS["last_year"]:
        raise _not_valid_error(event_type, "time", *TIME_RULE_TEXT)


def check_not_in_future(event_type: str, time: datetime, now: datetime) -> None:
    """Raise NotValid if the event time lies more than a day after `now`, the current time of this machine's clock."""
    if time > now + FUTURE_TOLERANCE + CLOCK_ERROR_TOLERANCE:
        raise _not_valid_error(event_type, "time", *FUTURE_TIME_TEXT)


def check_message_body(event_type: str, body: bytes) -> None:
    """Check the message body, which is the event data as JSON. Raises TooLarge or NotValid."""
    if len(body) > MAX_BYTES:
        raise TooLarge(len(body), MAX_BYTES)
    try:
        json.dumps(json.loads(body, parse_constant=_refuse_constant), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _not_valid_error(event_type, "data", *NOT_UTF8_TEXT) from None
    except ValueError:
        raise _not_valid_error(event_type, "data", *NOT_JSON_TEXT) from None


def make_invalid_json_error(event_type: str) -> NotValid:
    return _not_valid_error(event_type, "data", *NOT_JSON_TEXT)


def load_headers(event_id: str, event_type: str, headers: str | None, body: bytes | None) -> dict:
    """Return the message headers of an event in the outbox. Raises Unsendable if a stored field is invalid; with an invalid id, no receipt could be matched."""
    if not isinstance(event_id, str) or not ID_PATTERN.fullmatch(event_id):
        raise Unsendable("bad_id")
    if not isinstance(event_type, str) or not TYPE_PATTERN.fullmatch(event_type):
        raise Unsendable("bad_type")
    if not isinstance(body, bytes):
        raise Unsendable("bad_body")
    if len(body) > MAX_BYTES:
        raise Unsendable("too_large")
    try:
        loaded_headers = json.loads(headers)
    except (TypeError, ValueError, RecursionError):
        raise Unsendable("bad_headers") from None
    if not isinstance(loaded_headers, dict):
        raise Unsendable("bad_headers")
    return loaded_headers


def unsendable_reason(code: str) -> dict:
    """Return a reason in the shape of a receipt: `code`, `zh`, `en`. For a code without sentences, such as a reply text of the broker, only `code`."""
    zh, en = UNSENDABLE_REASON_TEXTS.get(code, (None, None))
    return {"code": code, "zh": zh, "en": en} if zh else {"code": code}


def with_whole_minute_offset(time: datetime) -> datetime:
    """Return the time unchanged, or converted to UTC if its UTC offset is not in whole minutes, which RFC 3339 requires."""
    return time if time.utcoffset() % timedelta(minutes=1) == timedelta(0) else time.astimezone(UTC)


def _not_valid_error(event_type, field, zh, en):
    # An invalid event type is not repeated in the error sentence: it may be any text, for example the name of a person.
    shown_type = event_type if isinstance(event_type, str) and TYPE_PATTERN.fullmatch(event_type) else "-"
    return NotValid(shown_type, field, zh, en)


def _is_nested_deeper(data, levels):
    """Return whether the data has more than `levels` levels of nested containers.

    Each container is examined once per level. The check therefore also ends for data that contain themselves.
    """
    level = {id(data): data}
    while level:
        if levels == 0:
            return True
        levels -= 1
        inner = (value for container in level.values() for value in (container.values() if isinstance(container, dict) else container))
        level = {id(value): value for value in inner if isinstance(value, (dict, list, tuple))}
    return False


def _refuse_constant(name):
    raise ValueError(name)
