"""Makes every password, token and key once, and keeps them in one file that nobody else can read. None is ever printed or logged."""

import base64
import json
import secrets
from pathlib import Path

from contracts.county.model import Agency
from deploy.files import private, write_private


def load(run_dir: Path, services: tuple[str, ...], agencies: tuple[str, ...]) -> dict:
    """Broker passwords, database passwords, agencies' tokens, keys at rest, the key pair for sealing. What is missing is made, what is there stays."""
    file = private(run_dir) / "secrets.json"
    before = json.loads(file.read_text()) if file.exists() else {}
    keys = {
        "broker": _complete(before.get("broker"), ("admin", *services, *agencies), _password),
        "database": _complete(before.get("database"), services, _password),
        "agency_tokens": _complete(before.get("agency_tokens"), agencies, _password),
        "at_rest": _complete(before.get("at_rest"), services, _key),
        "seal": before.get("seal") or _key_pair(),
    }
    if keys != before:
        write_private(file, json.dumps(keys, indent=1))
    return keys


def of_county(run_dir: Path, services: tuple[str, ...], agencies: dict[str, Agency]) -> dict:
    """Return the keys of every agency that is not removed, making those that are missing. The keys of removed agencies are deleted."""
    load(run_dir, services, tuple(code for code, agency in agencies.items() if agency.status != "removed"))
    return drop(run_dir, tuple(code for code, agency in agencies.items() if agency.status == "removed"))


def drop(run_dir: Path, agencies: tuple[str, ...]) -> dict:
    """Forget the passwords and tokens of these agencies, and return what is left. One that comes back gets new ones."""
    file = run_dir / "secrets.json"
    keys = json.loads(file.read_text())
    left = {part: {name: secret for name, secret in keys[part].items() if name not in agencies} for part in ("broker", "agency_tokens")}
    if keys != keys | left:
        write_private(file, json.dumps(keys | left, indent=1))
    return keys | left


def _complete(before: dict | None, names: tuple[str, ...], make) -> dict[str, str]:
    return (before or {}) | {name: make() for name in names if name not in (before or {})}


def _password() -> str:
    return secrets.token_urlsafe(24)  # needs no escaping in a URL


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _key_pair() -> dict[str, str]:
    from nacl.public import PrivateKey

    key = PrivateKey.generate()
    return {"private": base64.b64encode(bytes(key)).decode(), "public": base64.b64encode(bytes(key.public_key)).decode()}
