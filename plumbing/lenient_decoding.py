"""Replaces py-amqp's decoders of message properties and headers by decoders that never raise.

RabbitMQ forwards any bytes that a sender writes into properties and headers: text in GBK, timestamps beyond the year 9999, tables nested a thousand
levels deep. py-amqp raises an exception on such values in the function that reads the connection. One such message would end the process, again at
every start, and would add a delivery attempt to every prefetched message. In this module a value that cannot be represented is replaced, and
properties that cannot be decoded are marked UNDECODABLE, so that the consumer can refuse that one delivery.

Sources: AMQP 0-9-1 section 4.2, and RabbitMQ's errata for the type letters of fields. Private names of py-amqp are replaced; its version is
pinned by the lock file, and tests/plumbing/test_lenient_decoding.py and test_consumer.py fail if the names change.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from struct import Struct
from struct import error as StructError

from amqp import abstract_channel, serialization
from amqp.spec import Basic

UNDECODABLE = "undecodable"  # key added to the properties of a delivery if the properties could not be decoded completely
MAX_NESTING_DEPTH = 32  # maximum nesting of tables and arrays; those nested deeper are decoded as None
ARGUMENT_SIZES = {"b": 1, "o": 1, "B": 2, "l": 4, "L": 8}  # type letter of an AMQP method argument → size in bytes
OCTET, SHORT, LONG, LONG_LONG = Struct(">B"), Struct(">H"), Struct(">I"), Struct(">Q")


def decode_text(value: bytes | str) -> str:
    """Replacement for `amqp.serialization.pstr_t`: decode UTF-8; invalid bytes become U+FFFD."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def decode_arguments(format: str, buffer: bytes, offset: int):
    """Replacement for `amqp.serialization.loads`: decode the arguments of an AMQP method.

    An argument may be invalid UTF-8, because the sender chooses the routing key.
    """
    try:
        return serialization.loads(format, buffer, offset)
    except UnicodeDecodeError:
        return serialization.loads(format, _replace_non_ascii(format, buffer, offset), offset)


def _replace_non_ascii(format, buffer, offset):
    """Return the encoded arguments with non-ASCII bytes of short strings replaced by question marks, so that the lengths of the strings stay the same."""
    buffer = bytearray(buffer)
    previous = ""
    for letter in format:
        if letter == "s":
            end = offset + 1 + buffer[offset]
            buffer[offset + 1 : end] = bytes(byte if byte < 128 else 63 for byte in buffer[offset + 1 : end])
            offset = end
        elif letter + previous != "bb":  # consecutive bits (type "b") share one octet
            offset += ARGUMENT_SIZES[letter]
        previous = letter
    return bytes(buffer)


# ── properties ────────────────────────────────────────────────────────────────────────────────────────────────────────


def decode_properties(buffer: bytes, offset: int) -> tuple[dict, int]:
    """Replacement for `amqp.serialization.decode_properties_basic`: return the properties and the offset of their end.

    If a property cannot be decoded, the result contains the properties before it and the key UNDECODABLE.
    """
    properties: dict = {}
    try:
        (flags,), offset = SHORT.unpack_from(buffer, offset), offset + SHORT.size
        for bit, name, decode in PROPERTY_DECODERS:
            if flags & bit:
                properties[name], offset = decode(buffer, offset)
    except (StructError, IndexError, ValueError):
        properties[UNDECODABLE] = True
    return properties, offset


def _decode_short_string(buffer, offset):
    end = offset + 1 + buffer[offset]
    return decode_text(buffer[offset + 1 : end]), end


def _decode_octet(buffer, offset):
    return buffer[offset], offset + 1


def _decode_long_long(buffer, offset):
    return LONG_LONG.unpack_from(buffer, offset)[0], offset + LONG_LONG.size


def _decode_headers(buffer, offset):
    return _decode_table(buffer, offset, MAX_NESTING_DEPTH)


# Bit in the property flags, name of the property, function that decodes it (AMQP 0-9-1, class basic).
# fmt: off
PROPERTY_DECODERS: tuple[tuple[int, str, Callable], ...] = (
    (0x8000, "content_type",        _decode_short_string),
    (0x4000, "content_encoding",    _decode_short_string),
    (0x2000, "application_headers", _decode_headers),
    (0x1000, "delivery_mode",       _decode_octet),
    (0x0800, "priority",            _decode_octet),
    (0x0400, "correlation_id",      _decode_short_string),
    (0x0200, "reply_to",            _decode_short_string),
    (0x0100, "expiration",          _decode_short_string),
    (0x0080, "message_id",          _decode_short_string),
    (0x0040, "timestamp",           _decode_long_long),
    (0x0020, "type",                _decode_short_string),
    (0x0010, "user_id",             _decode_short_string),
    (0x0008, "app_id",              _decode_short_string),
    (0x0004, "cluster_id",          _decode_short_string),
)
# fmt: on


# ── header tables ─────────────────────────────────────────────────────────────────────────────────────────────────────


def _decode_table(buffer, offset, depth):
    end = offset + LONG.size + LONG.unpack_from(buffer, offset)[0]
    if depth == 0:
        return None, end
    found, offset = {}, offset + LONG.size
    while offset < end:
        name, offset = _decode_short_string(buffer, offset)
        found[name], offset = _decode_value(buffer, offset, depth)
    return found, end


def _decode_array(buffer, offset, depth):
    end = offset + LONG.size + LONG.unpack_from(buffer, offset)[0]
    if depth == 0:
        return None, end
    found, offset = [], offset + LONG.size
    while offset < end:
        value, offset = _decode_value(buffer, offset, depth)
        found.append(value)
    return found, end


def _decode_value(buffer, offset, depth):
    letter, offset = chr(buffer[offset]), offset + 1
    if letter in ("F", "A"):
        return (_decode_table if letter == "F" else _decode_array)(buffer, offset, depth - 1)
    if letter in ("S", "x"):
        start = offset + LONG.size
        end = start + LONG.unpack_from(buffer, offset)[0]
        return (decode_text(buffer[start:end]) if letter == "S" else bytes(buffer[start:end])), end
    try:
        format, convert = FIXED_SIZE_TYPES[letter]
    except KeyError:
        raise ValueError("unknown field type, so the length of the field is unknown") from None
    return convert(*format.unpack_from(buffer, offset)), offset + format.size


def _to_datetime(seconds):
    """Convert seconds since 1970 to a naive datetime in UTC, as py-amqp does. Return the number unchanged if it is out of range for a datetime."""
    try:
        return datetime.fromtimestamp(seconds, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return seconds


def _to_decimal(places, digits):
    return Decimal(digits).scaleb(-places)


def _return_unchanged(value):
    return value


# Type letter of a header field → binary format of its value, function that converts the value.
# fmt: off
FIXED_SIZE_TYPES: dict[str, tuple[Struct, Callable]] = {
    "t": (OCTET, bool),                "V": (Struct(">"), lambda: None),
    "b": (Struct(">b"), _return_unchanged),   "B": (OCTET, _return_unchanged),
    "s": (Struct(">h"), _return_unchanged),   "U": (Struct(">h"), _return_unchanged),   "u": (SHORT, _return_unchanged),
    "I": (Struct(">i"), _return_unchanged),   "i": (LONG, _return_unchanged),
    "l": (Struct(">q"), _return_unchanged),   "L": (Struct(">q"), _return_unchanged),
    "f": (Struct(">f"), _return_unchanged),   "d": (Struct(">d"), _return_unchanged),
    "T": (LONG_LONG, _to_datetime),    "D": (Struct(">Bi"), _to_decimal),
}
# fmt: on


serialization.pstr_t = decode_text
serialization.PROPERTY_CLASSES[Basic.CLASS_ID] = decode_properties
abstract_channel.loads = decode_arguments
