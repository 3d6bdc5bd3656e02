"""What the hub's door refuses in the envelope of an event, checked before the event goes into the outbox. Pure; the limits are generated from the contract."""

import json
import re
from datetime import UTC, datetime, timedelta

from .contract import contract
from .errors import NotValid, TooLarge

LIMITS = contract()["envelope"]
ID, TYPE, SUBJECT = (re.compile(LIMITS[name]) for name in ("id", "type", "subject"))
MAX_BYTES, MAX_DEPTH = LIMITS["max_bytes"], LIMITS["max_depth"]
FUTURE = timedelta(seconds=LIMITS["future_seconds"])

# The clock of this machine may be behind, and the event may be sent hours after it was reported: a time in the near future is for the hub to judge.
CLOCK_DOUBT = timedelta(days=1)

# fmt: off
WRONG_FORM = {
    # field      in Chinese                                                         in English
    "id":       ("应为1至128个字母、数字或 ._:/@+=~#- ，不含空格",                      "must be 1 to 128 letters, digits or ._:/@+=~#- without blanks"),
    "type":     ("应为1至64个字母、数字或 ._-",                                       "must be 1 to 64 letters, digits or ._-"),
    "subject":  ("应为1至64个文字、数字或 ._-/#〔〕()（） ，不含空格",                  "must be 1 to 64 letters, digits or ._-/#〔〕()（） without blanks"),
}
NO_TIME = (f"应为带时区的时间，年份在{LIMITS['first_year']}至{LIMITS['last_year']}之间，请核对本机时钟",
           f"must be a time with its time zone in the years {LIMITS['first_year']} to {LIMITS['last_year']}; check the clock of this machine")
IN_THE_FUTURE = ("晚于本机当前时间一天以上，请核对time和本机时钟", "lies more than a day after this machine's time; check `time` and the clock of this machine")
NOT_AN_OBJECT = ("应为一个JSON对象", "must be one JSON object")
TOO_DEEP = (f"嵌套超过{MAX_DEPTH}层", f"is nested more than {MAX_DEPTH} levels deep")
NOT_JSON = ("含有JSON不能表示的值", "holds a value that JSON cannot express")
NOT_TEXT = ("含有不完整的字符（半个代理对），无法用UTF-8编码", "holds half of a surrogate pair, which UTF-8 cannot encode")

# Why an event that is already in the outbox cannot be sent: damaged, or taken by an older version.
UNSENDABLE = {
    "bad_id":            ("事件编号不符合规定，枢纽的回执将无法对应。请用新的id重新上报，再用 outbox --discard 作废本行",
                          "The id of the event is not allowed, and no receipt could be matched to it. Report it under a new id, then drop this one with outbox --discard"),
    "bad_type":          ("事件类型不符合规定。请重新上报，再用 outbox --discard 作废本行",
                          "The type of the event is not allowed. Report it again, then drop this one with outbox --discard"),
    "bad_headers":       ("发件箱中该事件的消息头无法读取。请用新的id重新上报，再用 outbox --discard 作废本行",
                          "The headers kept in the outbox cannot be read. Report it under a new id, then drop this one with outbox --discard"),
    "bad_body":          ("发件箱中该事件的内容已缺失或损坏。请用新的id重新上报，再用 outbox --discard 作废本行",
                          "The data kept in the outbox is missing or damaged. Report it under a new id, then drop this one with outbox --discard"),
    "too_large":         (f"事件超过{MAX_BYTES}字节的上限。请缩减后用新的id重新上报，再用 outbox --discard 作废本行",
                          f"The event is larger than {MAX_BYTES} bytes. Report a smaller one under a new id, then drop this one with outbox --discard"),
    "not_encodable":     ("该事件无法编码为AMQP消息。请用新的id重新上报，再用 outbox --discard 作废本行",
                          "The event cannot be encoded as an AMQP message. Report it under a new id, then drop this one with outbox --discard"),
    "refused_by_broker": ("消息服务器因该事件关闭了连接。请联系枢纽管理员",
                          "The broker closes the connection because of this event. Ask the hub's administrator"),
    "NO_ROUTE":          ("没有队列接收该事件。请联系枢纽管理员，之后用 outbox --resend 重发",
                          "No queue takes the event. Ask the hub's administrator, then send it again with outbox --resend"),
    "discarded":         ("已由本机构作废，不再发送", "Dropped by this agency; it is not sent any more"),
}
# fmt: on


class Unsendable(Exception):
    """This event of the outbox cannot be published; `code` is a row of UNSENDABLE."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


def check(event_id: str, event_type: str, subject: str, data: dict) -> None:
    """Raises NotValid for the first thing that the door would refuse."""
    for field, value, form in (("type", event_type, TYPE), ("id", event_id, ID), ("subject", subject, SUBJECT)):
        if not isinstance(value, str) or not form.fullmatch(value):
            raise _not_valid(event_type, field, *WRONG_FORM[field])
    if not isinstance(data, dict):
        raise _not_valid(event_type, "data", *NOT_AN_OBJECT)
    if _is_deeper(data, MAX_DEPTH):
        raise _not_valid(event_type, "data", *TOO_DEEP)


def check_time(event_type: str, time: datetime) -> None:
    if not isinstance(time, datetime) or time.utcoffset() is None or not LIMITS["first_year"] <= time.year <= LIMITS["last_year"]:
        raise _not_valid(event_type, "time", *NO_TIME)


def check_future(event_type: str, time: datetime, now: datetime) -> None:
    """`now` is this machine's time, which its caller has a reason to trust."""
    if time > now + FUTURE + CLOCK_DOUBT:
        raise _not_valid(event_type, "time", *IN_THE_FUTURE)


def check_body(event_type: str, body: bytes) -> None:
    """Raises TooLarge or NotValid for JSON text, as it will be sent, that the door would not read."""
    if len(body) > MAX_BYTES:
        raise TooLarge(len(body), MAX_BYTES)
    try:
        json.dumps(json.loads(body, parse_constant=_no_constant), ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _not_valid(event_type, "data", *NOT_TEXT) from None
    except ValueError:
        raise _not_valid(event_type, "data", *NOT_JSON) from None


def not_json(event_type: str) -> NotValid:
    return _not_valid(event_type, "data", *NOT_JSON)


def readable_headers(event_id: str, event_type: str, headers: str | None, body: bytes | None) -> dict:
    """The headers of an event that lies in the outbox. Raises Unsendable if it could not be published, or not be matched to its receipt."""
    if not isinstance(event_id, str) or not ID.fullmatch(event_id):
        raise Unsendable("bad_id")
    if not isinstance(event_type, str) or not TYPE.fullmatch(event_type):
        raise Unsendable("bad_type")
    if not isinstance(body, bytes):
        raise Unsendable("bad_body")
    if len(body) > MAX_BYTES:
        raise Unsendable("too_large")
    try:
        read = json.loads(headers)
    except (TypeError, ValueError, RecursionError):
        raise Unsendable("bad_headers") from None
    if not isinstance(read, dict):
        raise Unsendable("bad_headers")
    return read


def reason(code: str) -> dict:
    """As a receipt carries one; a code of the broker's that has no sentence here stands alone."""
    zh, en = UNSENDABLE.get(code, (None, None))
    return {"code": code, "zh": zh, "en": en} if zh else {"code": code}


def in_whole_minutes(time: datetime) -> datetime:
    """RFC 3339 has no seconds in an offset; such a time is told in UTC."""
    return time if time.utcoffset() % timedelta(minutes=1) == timedelta(0) else time.astimezone(UTC)


def _not_valid(event_type, field, zh, en):
    # A type that is none is not repeated: it may be anything, somebody's name too.
    known = event_type if isinstance(event_type, str) and TYPE.fullmatch(event_type) else "-"
    return NotValid(known, field, zh, en)


def _is_deeper(data, levels):
    """Level by level and each container once, so that neither a cycle nor a structure that refers to itself many times takes long."""
    level = {id(data): data}
    while level:
        if levels == 0:
            return True
        levels -= 1
        inner = (one for each in level.values() for one in (each.values() if isinstance(each, dict) else each))
        level = {id(one): one for one in inner if isinstance(one, (dict, list, tuple))}
    return False


def _no_constant(name):
    raise ValueError(name)
