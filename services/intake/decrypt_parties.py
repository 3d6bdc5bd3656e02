"""Decrypts parties that agencies sealed to intake's public key. Pure; no error that it raises holds a value."""

import base64
import binascii
import json

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

import contracts


class UnreadableParties(ValueError):
    """The box cannot be opened with our key, or what is in it is no list in JSON."""


def decrypt(sealed: str, private_key: bytes) -> list[dict]:
    """The parties in `sealed`, the base64 of a libsodium sealed box that holds the same JSON list as `parties` does in clear.

    Raises UnreadableParties, or ValidationError for a list that is not one of parties. Costs some 100 microseconds.
    """
    try:
        told = json.loads(SealedBox(PrivateKey(private_key)).decrypt(base64.b64decode(sealed, validate=True)))
    except (CryptoError, binascii.Error, ValueError, RecursionError):
        raise UnreadableParties from None  # what it came from may hold names
    if not isinstance(told, list):
        raise UnreadableParties
    return contracts.load_parties(told)
