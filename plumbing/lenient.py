"""Decodes the properties and headers of a delivery without ever raising.

RabbitMQ passes on whatever a sender put there: texts in GBK, timestamps beyond the year 9999, tables nested a thousand deep. py-amqp raises on
these out of the function that reads the connection, so that one such message ends the process, again at every start, and every message that the
process held at that moment counts one more delivery attempt. Here a value that cannot be represented is replaced, and properties that cannot be
decoded at all are marked, so that the receiver can answer that one delivery.

Sources: AMQP 0-9-1 section 4.2 and RabbitMQ's errata for the letters of the field types. Private names of amqp are replaced: it is pinned by the
lock, and tests/plumbing/test_lenient.py and test_consumer.py fail when they go.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from struct import Struct
from struct import error as StructError

from amqp import abstract_channel, serialization
from amqp.spec import Basic

UNDECODABLE = "undecodable"  # the property that marks a delivery whose properties could not be decoded to the end
MAX_DEPTH = 32  # tables and arrays within each other; what lies deeper is left out (None), as nothing of ours has a use for it
WIDTH = {"b": 1, "o": 1, "B": 2, "l": 4, "L": 8}
OCTET, SHORT, LONG, LONG_LONG = Struct(">B"), Struct(">H"), Struct(">I"), Struct(">Q")


def text(name: bytes | str) -> str:
    """In place of `amqp.serialization.pstr_t`. Bytes that are not UTF-8 become U+FFFD."""
    return name.decode("utf-8", "replace") if isinstance(name, bytes) else name


def loads(form: str, buffer: bytes, offset: int):
    """In place of `amqp.serialization.loads` for the arguments of methods: a delivery's routing key is what its sender chose."""
    try:
        return serialization.loads(form, buffer, offset)
    except UnicodeDecodeError:
        return serialization.loads(form, _in_ascii(form, buffer, offset), offset)


def _in_ascii(form, buffer, offset):
    """The same arguments with every byte of a short string that is beyond ASCII made a question mark: no length changes."""
    buffer = bytearray(buffer)
    before = ""
    for letter in form:
        if letter == "s":
            end = offset + 1 + buffer[offset]
            buffer[offset + 1 : end] = bytes(byte if byte < 128 else 63 for byte in buffer[offset + 1 : end])
            offset = end
        elif letter + before != "bb":  # bits that follow each other share an octet
            offset += WIDTH[letter]
        before = letter
    return bytes(buffer)


# ── properties ────────────────────────────────────────────────────────────────────────────────────────────────────────


def decode_properties(buffer: bytes, offset: int) -> tuple[dict, int]:
    """In place of `amqp.serialization.decode_properties_basic`: the properties, and where they end.

    Where they cannot be decoded, those before that place are returned, with UNDECODABLE among them.
    """
    properties: dict = {}
    try:
        (flags,), offset = SHORT.unpack_from(buffer, offset), offset + SHORT.size
        for bit, name, decode in PROPERTIES:
            if flags & bit:
                properties[name], offset = decode(buffer, offset)
    except (StructError, IndexError, ValueError):
        properties[UNDECODABLE] = True
    return properties, offset


def _short_text(buffer, offset):
    end = offset + 1 + buffer[offset]
    return text(buffer[offset + 1 : end]), end


def _octet(buffer, offset):
    return buffer[offset], offset + 1


def _long_long(buffer, offset):
    return LONG_LONG.unpack_from(buffer, offset)[0], offset + LONG_LONG.size


def _headers(buffer, offset):
    return _table(buffer, offset, MAX_DEPTH)


# fmt: off
PROPERTIES: tuple[tuple[int, str, Callable], ...] = (
    (0x8000, "content_type",        _short_text),
    (0x4000, "content_encoding",    _short_text),
    (0x2000, "application_headers", _headers),
    (0x1000, "delivery_mode",       _octet),
    (0x0800, "priority",            _octet),
    (0x0400, "correlation_id",      _short_text),
    (0x0200, "reply_to",            _short_text),
    (0x0100, "expiration",          _short_text),
    (0x0080, "message_id",          _short_text),
    (0x0040, "timestamp",           _long_long),
    (0x0020, "type",                _short_text),
    (0x0010, "user_id",             _short_text),
    (0x0008, "app_id",              _short_text),
    (0x0004, "cluster_id",          _short_text),
)
# fmt: on


# ── header tables ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _table(buffer, offset, depth):
    end = offset + LONG.size + LONG.unpack_from(buffer, offset)[0]
    if depth == 0:
        return None, end
    found, offset = {}, offset + LONG.size
    while offset < end:
        name, offset = _short_text(buffer, offset)
        found[name], offset = _value(buffer, offset, depth)
    return found, end


def _array(buffer, offset, depth):
    end = offset + LONG.size + LONG.unpack_from(buffer, offset)[0]
    if depth == 0:
        return None, end
    found, offset = [], offset + LONG.size
    while offset < end:
        value, offset = _value(buffer, offset, depth)
        found.append(value)
    return found, end


def _value(buffer, offset, depth):
    letter, offset = chr(buffer[offset]), offset + 1
    if letter in ("F", "A"):
        return (_table if letter == "F" else _array)(buffer, offset, depth - 1)
    if letter in ("S", "x"):
        start = offset + LONG.size
        end = start + LONG.unpack_from(buffer, offset)[0]
        return (text(buffer[start:end]) if letter == "S" else bytes(buffer[start:end])), end
    try:
        form, convert = FIXED[letter]
    except KeyError:
        raise ValueError("a field of an unknown type: where it ends is unknown too") from None
    return convert(*form.unpack_from(buffer, offset)), offset + form.size


def _timestamp(seconds):
    """Seconds since 1970 as a naive datetime in UTC, as py-amqp has it; the bare number where no datetime can hold it."""
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return seconds


def _decimal(places, digits):
    return Decimal(digits).scaleb(-places)


def _same(value):
    return value


# fmt: off
FIXED: dict[str, tuple[Struct, Callable]] = {
    "t": (OCTET, bool),             "V": (Struct(">"), lambda: None),
    "b": (Struct(">b"), _same),     "B": (OCTET, _same),
    "s": (Struct(">h"), _same),     "U": (Struct(">h"), _same),      "u": (SHORT, _same),
    "I": (Struct(">i"), _same),     "i": (LONG, _same),
    "l": (Struct(">q"), _same),     "L": (Struct(">q"), _same),
    "f": (Struct(">f"), _same),     "d": (Struct(">d"), _same),
    "T": (LONG_LONG, _timestamp),   "D": (Struct(">Bi"), _decimal),
}
# fmt: on


serialization.pstr_t = text
serialization.PROPERTY_CLASSES[Basic.CLASS_ID] = decode_properties
abstract_channel.loads = loads
