"""Passwords, tokens and keys of an installation, created once and stored in one private file. None is printed or logged."""

import base64
import json
import secrets
from pathlib import Path

from contracts.county.model import Agency
from deploy.files import make_private_folder, write_private


def load_or_create(run_dir: Path, services: tuple[str, ...], agencies: tuple[str, ...]) -> dict:
    """Return broker passwords, database passwords, agencies' tokens, keys at rest and the key pair for sealing. Missing ones are created."""
    file = make_private_folder(run_dir) / "secrets.json"
    existing = json.loads(file.read_text()) if file.exists() else {}
    keys = {
        "broker": _add_missing(existing.get("broker"), ("admin", *services, *agencies), _password),
        "database": _add_missing(existing.get("database"), services, _password),
        "agency_tokens": _add_missing(existing.get("agency_tokens"), agencies, _password),
        "at_rest": _add_missing(existing.get("at_rest"), services, _key),
        "seal": existing.get("seal") or _key_pair(),
    }
    if keys != existing:
        write_private(file, json.dumps(keys, indent=1))
    return keys


def load_for_county(run_dir: Path, services: tuple[str, ...], agencies: dict[str, Agency]) -> dict:
    """Return the keys of every agency that is not removed, creating missing ones. The keys of removed agencies are deleted."""
    load_or_create(run_dir, services, tuple(code for code, agency in agencies.items() if agency.status != "removed"))
    return delete_agency_keys(run_dir, tuple(code for code, agency in agencies.items() if agency.status == "removed"))


def delete_agency_keys(run_dir: Path, agencies: tuple[str, ...]) -> dict:
    """Delete the passwords and tokens of these agencies and return the remaining keys. An agency that is added again gets new ones."""
    file = run_dir / "secrets.json"
    keys = json.loads(file.read_text())
    remaining = {part: {name: secret for name, secret in keys[part].items() if name not in agencies} for part in ("broker", "agency_tokens")}
    if keys != keys | remaining:
        write_private(file, json.dumps(keys | remaining, indent=1))
    return keys | remaining


def _add_missing(existing: dict | None, names: tuple[str, ...], make) -> dict[str, str]:
    return (existing or {}) | {name: make() for name in names if name not in (existing or {})}


def _password() -> str:
    return secrets.token_urlsafe(24)  # URL-safe characters only


def _key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _key_pair() -> dict[str, str]:
    from nacl.public import PrivateKey

    key = PrivateKey.generate()
    return {"private": base64.b64encode(bytes(key)).decode(), "public": base64.b64encode(bytes(key.public_key)).decode()}
