"""Opens what agencies sealed to intake's public key. Knows libsodium and the contract; no event, no database. Nothing it says holds a value."""

import base64
import binascii
import json
from collections.abc import Iterable

from marshmallow import ValidationError
from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

import contracts


class UnreadableParties(ValueError):
    """The box cannot be opened with our key, or what is in it is no list in JSON."""


def open_parties(sealed: str, private_key: bytes) -> list[dict]:
    """The parties in `sealed`, the base64 of a libsodium sealed box that holds the same JSON list as `parties` does in clear.

    Raises UnreadableParties, or ValidationError for a list that is not one of parties. Costs some 100 microseconds.
    """
    try:
        told = json.loads(SealedBox(PrivateKey(private_key)).decrypt(base64.b64decode(sealed, validate=True)))
    except (CryptoError, binascii.Error, ValueError, RecursionError):
        raise UnreadableParties from None  # what it came from may hold names
    if not isinstance(told, list):
        raise UnreadableParties
    return contracts.parties(told)


def open_all(boxes: Iterable[str], private_key: bytes) -> dict[str, list[dict] | ValidationError | None]:
    """What is in each box, or what is wrong with that, or None where it cannot be read. Done before the head of the log is locked: nobody else waits for this arithmetic."""
    return {sealed: _opened(sealed, private_key) for sealed in boxes}


def _opened(sealed, private_key):
    try:
        return open_parties(sealed, private_key)
    except UnreadableParties:
        return None
    except ValidationError as problem:
        return problem
