"""Message properties as raw bytes, for values that client libraries refuse to encode and brokers forward."""

import struct

import pika


class RawProperties(pika.BasicProperties):
    """Properties that pika sends unchanged."""

    def __init__(self, encoded: bytes):
        super().__init__()
        self.encoded = encoded

    def encode(self):
        return [self.encoded]


def raw_properties(*fields: bytes, content_type: str = "", message_id: str = "", user_id: str = "") -> bytes:
    """Encode content type, header fields, delivery mode 2, message id and user id (AMQP 0-9-1, section 4.2.6)."""
    table = b"".join(fields)
    flags = 0x2000 | 0x1000 | (0x8000 if content_type else 0) | (0x0080 if message_id else 0) | (0x0010 if user_id else 0)
    parts = [struct.pack(">H", flags), _short(content_type), struct.pack(">I", len(table)), table, b"\x02", _short(message_id), _short(user_id)]
    return b"".join(parts)


def field(name: str, letter: str, value: bytes) -> bytes:
    """Encode one header field: its name, the letter of its type, its value."""
    return bytes([len(name)]) + name.encode() + letter.encode() + value


def text_field(name: str, value: str) -> bytes:
    return field(name, "S", struct.pack(">I", len(value.encode())) + value.encode())


def timestamp_field(name: str, seconds: int) -> bytes:
    return field(name, "T", struct.pack(">Q", seconds))


def nested(levels: int, letter: str = "F") -> bytes:
    """Encode the value of a table (`F`) or array (`A`) that contains another one, `levels` deep."""
    value = b""
    for _ in range(levels):
        inner = (field("a", "F", value) if letter == "F" else b"A" + value) if value else b""
        value = struct.pack(">I", len(inner)) + inner
    return value


def _short(text):
    return bytes([len(text)]) + text.encode() if text else b""
