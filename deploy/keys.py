"""Passwords, access tokens and keys of an installation. They are created once, stored in one private file, and never printed or logged."""

import base64
import json
import secrets
from pathlib import Path

from contracts.county.model import Agency
from deploy.files import make_private_folder, write_private


def load_or_create_keys(run_dir: Path, services: tuple[str, ...], agencies: tuple[str, ...]) -> dict:
    """Return the passwords of broker and database, agencies' access tokens, keys at rest and sealing key pair. Missing ones are created and stored."""
    file = make_private_folder(run_dir) / "secrets.json"
    existing = json.loads(file.read_text()) if file.exists() else {}
    keys = {
        "broker": _add_missing_secrets(existing.get("broker"), ("admin", *services, *agencies), _new_password),
        "database": _add_missing_secrets(existing.get("database"), services, _new_password),
        "agency_tokens": _add_missing_secrets(existing.get("agency_tokens"), agencies, _new_password),
        "at_rest": _add_missing_secrets(existing.get("at_rest"), services, _new_key),
        "seal": existing.get("seal") or _new_key_pair(),
    }
    if keys != existing:
        write_private(file, json.dumps(keys, indent=1))
    return keys


def load_county_keys(run_dir: Path, services: tuple[str, ...], agencies: dict[str, Agency]) -> dict:
    """Return all passwords, tokens and keys. Those missing for an agency are created; those of removed agencies are deleted."""
    load_or_create_keys(run_dir, services, tuple(code for code, agency in agencies.items() if agency.status != "removed"))
    return delete_agency_keys(run_dir, tuple(code for code, agency in agencies.items() if agency.status == "removed"))


def delete_agency_keys(run_dir: Path, agencies: tuple[str, ...]) -> dict:
    """Delete the passwords and access tokens of these agencies and return the remaining ones. If such an agency is added again, it gets new ones."""
    file = run_dir / "secrets.json"
    keys = json.loads(file.read_text())
    remaining = {part: {name: secret for name, secret in keys[part].items() if name not in agencies} for part in ("broker", "agency_tokens")}
    if keys != keys | remaining:
        write_private(file, json.dumps(keys | remaining, indent=1))
    return keys | remaining


def _add_missing_secrets(existing: dict | None, names: tuple[str, ...], make_secret) -> dict[str, str]:
    return (existing or {}) | {name: make_secret() for name in names if name not in (existing or {})}


def _new_password() -> str:
    return secrets.token_urlsafe(24)  # contains only characters that need no escaping in a URL


def _new_key() -> str:
    return base64.b64encode(secrets.token_bytes(32)).decode()


def _new_key_pair() -> dict[str, str]:
    from nacl.public import PrivateKey

    key = PrivateKey.generate()
    return {"private": base64.b64encode(bytes(key)).decode(), "public": base64.b64encode(bytes(key.public_key)).decode()}
