"""Decrypts the parties that an agency encrypted to intake's public key. Pure; the errors raised contain no personal data."""

import base64
import binascii
import json

from nacl.exceptions import CryptoError
from nacl.public import PrivateKey, SealedBox

import contracts


class UnreadableParties(ValueError):
    """Raised when encrypted parties cannot be decrypted with intake's private key, or when the decrypted text is not a JSON list."""


def decrypt(encrypted: str, private_key: bytes) -> list[dict]:
    """Return the parties in `encrypted`: a libsodium sealed box in base64 that contains a JSON list of the same form as the field `parties`.

    Raises UnreadableParties, or ValidationError if an element is not a valid party. Takes about 100 microseconds.
    """
    try:
        parties = json.loads(SealedBox(PrivateKey(private_key)).decrypt(base64.b64decode(encrypted, validate=True)))
    except (CryptoError, binascii.Error, ValueError, RecursionError):
        raise UnreadableParties from None  # `from None`: the original exception may contain names of parties
    if not isinstance(parties, list):
        raise UnreadableParties
    return contracts.load_parties(parties)
