"""Applies the SQL migrations of one service: `python -m plumbing.migrate mediation`, with the service's own database role.

The migrations are numbered SQL files: first those of plumbing, then those of the service. yoyo applies each file once, under a lock. The checksum of each
applied file is stored in the database: a file that was changed after it was applied, and a database migrated by a newer release, are refused, by this
command and by every process at its start. Migrations of a release are never changed, only added; `python -m plumbing.migrate --write-checksums` writes
the checksums of all present files to released.json, before a release.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

import psycopg2
from yoyo import get_backend, read_migrations

ROOT = Path(__file__).resolve().parent.parent
SERVICES = ("intake", "mediation", "metrics", "notify")
RELEASED_FILE = ROOT / "plumbing" / "migrations" / "released.json"
CREATE_CHECKSUMS_SQL = """
create table if not exists migration_checksums (name text primary key, sha256 text not null, applied_at timestamptz not null default now())
"""


class UnknownSchema(Exception):
    """The tables are not those that this release expects. The text says in both languages what differs and what to do."""


def migration_files(service: str) -> list[Path]:
    """Return the migrations of the service in the order in which they are applied."""
    folders = (ROOT / "plumbing" / "migrations", ROOT / "services" / service / "migrations")
    return [file for folder in folders for file in sorted(folder.glob("*.sql"))]


def checksums(service: str) -> dict[str, str]:
    """Return {name of a migration: SHA-256 of its file}, for the migrations of plumbing and of the service."""
    return {_name_of(file): hashlib.sha256(file.read_bytes()).hexdigest() for file in migration_files(service)}


def migrate(service: str, database_url: str) -> int:
    """Apply the migrations that are not yet applied. Return their number.

    Raises psycopg2.Error; the failing file is rolled back. Raises UnknownSchema before any change if an applied migration is unknown or has changed.
    """
    expected = checksums(service)
    _check(service, _load_applied(database_url), {}, expected)
    applied = 0
    for folder in (ROOT / "plumbing" / "migrations", ROOT / "services" / service / "migrations"):
        backend = get_backend(database_url)
        try:
            with backend.lock():
                missing = backend.to_apply(read_migrations(str(folder)))
                backend.apply_migrations(missing)
                applied += len(missing)
        finally:
            backend.connection.close()
    _store_checksums(database_url, expected)
    return applied


def check_at_start(service: str, database_url: str) -> None:
    """Check that exactly the migrations of this release are applied, unchanged. Raises UnknownSchema. A database that does not answer is not checked."""
    try:
        applied = _load_applied(database_url)
    except psycopg2.OperationalError:
        return
    expected = checksums(service)
    _check(service, applied, expected, expected)


def _check(service, applied, required, known):
    """Compare the applied migrations with those that must be applied (`required`) and those that may be (`known`)."""
    if unknown := sorted(applied.keys() - known.keys()):
        raise UnknownSchema(
            f"{service}的数据表由较新版本迁移过（{unknown[0]}），请使用该版本"
            f" | the tables of {service} were migrated by a newer release ({unknown[0]}); use that release"
        )
    if changed := sorted(name for name, digest in applied.items() if known[name] != digest):
        raise UnknownSchema(
            f"{service}的迁移脚本在应用后被改动（{changed[0]}），请恢复原文件并另加新脚本"
            f" | a migration of {service} was changed after it was applied ({changed[0]}); restore the file and add a new one instead"
        )
    if missing := sorted(required.keys() - applied.keys()):
        raise UnknownSchema(
            f"{service}的数据表尚未迁移到本版本（{missing[0]}），请先运行 python -m plumbing.migrate {service}"
            f" | the tables of {service} are not migrated to this release ({missing[0]}); run python -m plumbing.migrate {service} first"
        )


def _load_applied(database_url) -> dict[str, str]:
    """Return {name: checksum} of the applied migrations."""
    connection = psycopg2.connect(database_url, connect_timeout=5)
    try:
        with connection.cursor() as cursor:
            cursor.execute("select to_regclass('migration_checksums')")
            if cursor.fetchone()[0] is None:
                return {}
            cursor.execute("select name, sha256 from migration_checksums")
            return dict(cursor.fetchall())
    finally:
        connection.close()


def _store_checksums(database_url, expected):
    connection = psycopg2.connect(database_url, connect_timeout=5)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(CREATE_CHECKSUMS_SQL)
            for name, digest in expected.items():
                cursor.execute("insert into migration_checksums (name, sha256) values (%s, %s) on conflict do nothing", (name, digest))
    finally:
        connection.close()


def _name_of(file: Path) -> str:
    """Return the name under which a migration is recorded: with its folder, because plumbing and a service may use the same number."""
    return f"{file.parent.parent.name}/{file.stem}"


def load_released() -> dict[str, str]:
    """Return the checksums of the migrations of the latest release."""
    return json.loads(RELEASED_FILE.read_text("utf-8")) if RELEASED_FILE.exists() else {}


def write_released() -> int:
    """Write the checksums of all present migrations to released.json. Return their number."""
    found = {name: digest for service in SERVICES for name, digest in checksums(service).items()}
    RELEASED_FILE.write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")
    return len(found)


if __name__ == "__main__":
    if sys.argv[1:] == ["--write-checksums"]:
        print(f"{RELEASED_FILE}: {write_released()}")
    else:
        name = sys.argv[1]
        try:
            print(f"{name}: {migrate(name, os.environ['DATABASE_URL'])} migrations applied")
        except UnknownSchema as problem:
            sys.exit(str(problem))
