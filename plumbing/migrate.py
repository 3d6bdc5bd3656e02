"""Applies the SQL migrations of one service: `python -m plumbing.migrate mediation`, with the service's own database role.

The migrations are numbered SQL files: first those of plumbing, then those of the service. yoyo applies each file once, under a lock.
"""

import os
import sys
from pathlib import Path

from yoyo import get_backend, read_migrations

ROOT = Path(__file__).resolve().parent.parent


def migrate(service: str, database_url: str) -> int:
    """Apply the migrations that are not yet applied. Return their number. Raises psycopg2.Error; the failing file is rolled back."""
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
    return applied


if __name__ == "__main__":
    name = sys.argv[1]
    print(f"{name}: {migrate(name, os.environ['DATABASE_URL'])} migrations applied")
