"""Lets py-amqp read names that are not UTF-8. As it comes it raises out of the reader, so that one message from a system that speaks
GBK ends the process, again at every start, for everybody. What is not UTF-8 becomes U+FFFD here, and is refused where names are checked.

Private names of amqp are replaced: it is pinned by the lock, and tests/plumbing/test_hearing.py notices when they go.
"""

from amqp import abstract_channel, serialization

WIDTH = {"b": 1, "o": 1, "B": 2, "l": 4, "L": 8}


def text(name):
    """In place of `amqp.serialization.pstr_t`: properties, and the names and texts of header tables."""
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


serialization.pstr_t = text
abstract_channel.loads = loads
