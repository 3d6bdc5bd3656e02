"""AMQP message properties as raw bytes, for values that client libraries refuse to encode although RabbitMQ forwards them."""

import struct

import pika


class RawProperties(pika.BasicProperties):
    """Message properties already encoded as bytes, which pika sends unchanged."""

    def __init__(self, encoded: bytes):
        super().__init__()
        self.encoded = encoded

    def encode(self):
        return [self.encoded]


def raw_properties(*fields: bytes, content_type: str = "", message_id: str = "", user_id: str = "") -> bytes:
    """Return encoded message properties: content type, encoded header fields, delivery mode 2, message id and user id (AMQP 0-9-1, section 4.2.6)."""
    table = b"".join(fields)
    flags = 0x2000 | 0x1000 | (0x8000 if content_type else 0) | (0x0080 if message_id else 0) | (0x0010 if user_id else 0)
    parts = [
        struct.pack(">H", flags),
        _encode_short_string(content_type),
        struct.pack(">I", len(table)),
        table,
        b"\x02",
        _encode_short_string(message_id),
        _encode_short_string(user_id),
    ]
    return b"".join(parts)


def header_field(name: str, letter: str, value: bytes) -> bytes:
    """Return an encoded header field: name, type letter and encoded value."""
    return bytes([len(name)]) + name.encode() + letter.encode() + value


def text_field(name: str, value: str) -> bytes:
    return header_field(name, "S", struct.pack(">I", len(value.encode())) + value.encode())


def timestamp_field(name: str, seconds: int) -> bytes:
    return header_field(name, "T", struct.pack(">Q", seconds))


def nested_value(levels: int, letter: str = "F") -> bytes:
    """Return the encoded value of a header table (type letter `F`) or array (`A`) that is nested `levels` deep."""
    value = b""
    for _ in range(levels):
        inner = (header_field("a", "F", value) if letter == "F" else b"A" + value) if value else b""
        value = struct.pack(">I", len(inner)) + inner
    return value


def _encode_short_string(text):
    return bytes([len(text)]) + text.encode() if text else b""
