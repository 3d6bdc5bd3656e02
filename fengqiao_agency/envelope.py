"""Validation of an event's envelope by the limits of the hub, before the event enters the outbox. Pure; the limits are generated from the contract."""

import json
import re
from datetime import UTC, datetime, timedelta

from .contract import contract
from .errors import NotValid, TooLarge

LIMITS = contract()["envelope"]
ID, TYPE, SUBJECT = (re.compile(LIMITS[name]) for name in ("id", "type", "subject"))
MAX_BYTES, MAX_DEPTH = LIMITS["max_bytes"], LIMITS["max_depth"]
FUTURE_TOLERANCE = timedelta(seconds=LIMITS["future_seconds"])

# The clock of this machine may be slow, and the event may be sent hours later. A time less than a day ahead is therefore left to the hub.
CLOCK_ERROR_TOLERANCE = timedelta(days=1)

# fmt: off
FIELD_RULES = {
    # field      in Chinese                                                         in English
    "id":       ("应为1至128个字母、数字或 ._:/@+=~#- ，不含空格",                      "must be 1 to 128 letters, digits or ._:/@+=~#- without blanks"),
    "type":     ("应为1至64个字母、数字或 ._-",                                       "must be 1 to 64 letters, digits or ._-"),
    "subject":  ("应为1至64个文字、数字或 ._-/#〔〕()（） ，不含空格",                  "must be 1 to 64 letters, digits or ._-/#〔〕()（） without blanks"),
}
TIME_RULE = (f"应为带时区的时间，年份在{LIMITS['first_year']}至{LIMITS['last_year']}之间，请核对本机时钟",
           f"must be a time with a time zone, in the years {LIMITS['first_year']} to {LIMITS['last_year']}; check the clock of this machine")
FUTURE_TIME = ("晚于本机当前时间一天以上，请核对time和本机时钟", "is more than a day ahead of this machine's clock; check `time` and the clock")
NOT_AN_OBJECT = ("应为一个JSON对象", "must be one JSON object")
TOO_DEEP = (f"嵌套超过{MAX_DEPTH}层", f"is nested more than {MAX_DEPTH} levels deep")
NOT_JSON = ("含有JSON不能表示的值", "contains a value that JSON cannot represent")
NOT_TEXT = ("含有不完整的字符（半个代理对），无法用UTF-8编码", "contains an unpaired surrogate, which UTF-8 cannot encode")

# Reasons why an event in the outbox cannot be sent: its row is damaged, or an older version stored it without these checks.
UNSENDABLE_REASONS = {
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
    """An event in the outbox that cannot be published. `code` is a key of UNSENDABLE_REASONS."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


def check_fields(event_id: str, event_type: str, subject: str, data: dict) -> None:
    """Check the envelope fields and the nesting depth of the data. Raises NotValid for the first field that the hub would refuse."""
    for field, value, form in (("type", event_type, TYPE), ("id", event_id, ID), ("subject", subject, SUBJECT)):
        if not isinstance(value, str) or not form.fullmatch(value):
            raise _not_valid_error(event_type, field, *FIELD_RULES[field])
    if not isinstance(data, dict):
        raise _not_valid_error(event_type, "data", *NOT_AN_OBJECT)
    if _is_nested_deeper(data, MAX_DEPTH):
        raise _not_valid_error(event_type, "data", *TOO_DEEP)


def check_time(event_type: str, time: datetime) -> None:
    """Raise NotValid unless `time` has a time zone and lies in the allowed years."""
    if not isinstance(time, datetime) or time.utcoffset() is None or not LIMITS["first_year"] <= time.year <= LIMITS["last_year"]:
        raise _not_valid_error(event_type, "time", *TIME_RULE)


def check_future(event_type: str, time: datetime, now: datetime) -> None:
    """Raise NotValid if `time` lies more than a day after `now`, the current time by this machine's clock."""
    if time > now + FUTURE_TOLERANCE + CLOCK_ERROR_TOLERANCE:
        raise _not_valid_error(event_type, "time", *FUTURE_TIME)


def check_body(event_type: str, body: bytes) -> None:
    """Check the JSON text of the data as it will be sent. Raises TooLarge or NotValid."""
    if len(body) > MAX_BYTES:
        raise TooLarge(len(body), MAX_BYTES)
    try:
        json.dumps(json.loads(body, parse_constant=_refuse_constant), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _not_valid_error(event_type, "data", *NOT_TEXT) from None
    except ValueError:
        raise _not_valid_error(event_type, "data", *NOT_JSON) from None


def not_json_error(event_type: str) -> NotValid:
    return _not_valid_error(event_type, "data", *NOT_JSON)


def load_headers(event_id: str, event_type: str, headers: str | None, body: bytes | None) -> dict:
    """Return the message headers of an event in the outbox. Raises Unsendable if the event cannot be published or its receipt could not be matched to it."""
    if not isinstance(event_id, str) or not ID.fullmatch(event_id):
        raise Unsendable("bad_id")
    if not isinstance(event_type, str) or not TYPE.fullmatch(event_type):
        raise Unsendable("bad_type")
    if not isinstance(body, bytes):
        raise Unsendable("bad_body")
    if len(body) > MAX_BYTES:
        raise Unsendable("too_large")
    try:
        loaded = json.loads(headers)
    except (TypeError, ValueError, RecursionError):
        raise Unsendable("bad_headers") from None
    if not isinstance(loaded, dict):
        raise Unsendable("bad_headers")
    return loaded


def unsendable_reason(code: str) -> dict:
    """Return a reason in the shape of a receipt's: code, zh, en; only the code for a reply code of the broker without a sentence here."""
    zh, en = UNSENDABLE_REASONS.get(code, (None, None))
    return {"code": code, "zh": zh, "en": en} if zh else {"code": code}


def with_whole_minute_offset(time: datetime) -> datetime:
    """Return the time, converted to UTC if its UTC offset has seconds: RFC 3339 allows only whole minutes."""
    return time if time.utcoffset() % timedelta(minutes=1) == timedelta(0) else time.astimezone(UTC)


def _not_valid_error(event_type, field, zh, en):
    # An invalid event type is not repeated: it may be any text, for example the name of a person.
    shown_type = event_type if isinstance(event_type, str) and TYPE.fullmatch(event_type) else "-"
    return NotValid(shown_type, field, zh, en)


def _is_nested_deeper(data, levels):
    """Return whether the data has more than `levels` levels of nested containers.

    Each container is visited once per level, so that data that contain themselves or share containers end quickly.
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
