"""Brings one service's schema up to date: `python -m plumbing.migrate mediation`, as the service's own role.

Numbered plain SQL, plumbing's first, then the service's; applied once each, under a lock (yoyo).
"""

import os
import sys
from pathlib import Path

from yoyo import get_backend, read_migrations

ROOT = Path(__file__).resolve().parent.parent


def migrate(service: str, database_url: str) -> int:
    """Applies what is missing; returns how many were applied. Raises psycopg2.Error, having changed nothing of the failing step."""
    applied = 0
    for folder in (ROOT / "plumbing" / "migrations", ROOT / "services" / service / "migrations"):
        backend = get_backend(database_url)
        try:
            with backend.lock():
                todo = backend.to_apply(read_migrations(str(folder)))
                backend.apply_migrations(todo)
                applied += len(todo)
        finally:
            backend.connection.close()
    return applied


if __name__ == "__main__":
    name = sys.argv[1]
    print(f"{name}: {migrate(name, os.environ['DATABASE_URL'])} migrations applied")
