"""Finds out how deep JSON is nested, and where the elements of a list begin and end, without parsing it. Pure; the time is linear in the bytes.

Every parser and writer of JSON has a limit of its own (orjson 1,024 and 254 levels, the standard library the interpreter's stack). What one takes
and another does not would fail after it was accepted; so one limit, lower than all of these, is checked first.
"""

import re

from contracts.envelope import MAX_DEPTH

_TOKENS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{\]},]', re.DOTALL)  # strings are passed over: what stands in them nests nothing
_BLANK = b" \t\r\n"


def is_too_deep(body: bytes) -> bool:
    """Whether objects and lists in `body` (UTF-8) are nested deeper than MAX_DEPTH."""
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return False  # the usual case, at a hundredth of the cost
    depth = 0
    for token in _TOKENS.finditer(body):
        letter = token[0]
        if letter in (b"{", b"["):
            depth += 1
            if depth > MAX_DEPTH:
                return True
        elif letter in (b"}", b"]"):
            depth -= 1
    return False


def elements(body: bytes) -> list[bytes]:
    """The bytes of each element of a JSON list, as they were sent; what is in them may still be no JSON. Raises ValueError if it is no list."""
    body = body.strip(_BLANK)
    if body[:1] != b"[":
        raise ValueError("not a list")
    found, depth, begins = [], 0, 1
    for token in _TOKENS.finditer(body):
        letter = token[0]
        if letter in (b"{", b"["):
            depth += 1
        elif letter in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                if token.end() != len(body) or letter != b"]":
                    raise ValueError("something stands behind the list")
                found.append(body[begins : token.start()].strip(_BLANK))
        elif letter == b"," and depth == 1:
            found.append(body[begins : token.start()].strip(_BLANK))
            begins = token.end()
    if depth != 0:
        raise ValueError("the list does not end")
    return [] if found == [b""] else found
