"""Checks the nesting depth of JSON and splits a JSON list into its elements, without parsing. Pure; time is linear in the number of bytes.

JSON parsers and writers have different depth limits (orjson 1,024 and 254 levels, the standard library the interpreter's stack). JSON
that one library accepts and another rejects would fail after the event was accepted. Therefore one limit below all of them is checked first.
"""

import re

from contracts.envelope import MAX_DEPTH

_TOKENS = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{\]},]', re.DOTALL)  # a string is one token, so that brackets inside a string are not counted
_WHITESPACE = b" \t\r\n"


def is_too_deep(body: bytes) -> bool:
    """Return whether objects and lists in `body` (UTF-8) are nested deeper than MAX_DEPTH."""
    if body.count(b"{") + body.count(b"[") <= MAX_DEPTH:
        return False  # shortcut for nearly all bodies: counting brackets takes a hundredth of the time
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


def split_json_list(body: bytes) -> list[bytes]:
    """Return the unchanged bytes of each element of a JSON list; an element may still be invalid JSON. Raises ValueError if `body` is not a list."""
    body = body.strip(_WHITESPACE)
    if body[:1] != b"[":
        raise ValueError("not a list")
    found, depth, begin = [], 0, 1
    for token in _TOKENS.finditer(body):
        letter = token[0]
        if letter in (b"{", b"["):
            depth += 1
        elif letter in (b"}", b"]"):
            depth -= 1
            if depth == 0:
                if token.end() != len(body) or letter != b"]":
                    raise ValueError("text after the end of the list")
                found.append(body[begin : token.start()].strip(_WHITESPACE))
        elif letter == b"," and depth == 1:
            found.append(body[begin : token.start()].strip(_WHITESPACE))
            begin = token.end()
    if depth != 0:
        raise ValueError("the list is not closed")
    return [] if found == [b""] else found
