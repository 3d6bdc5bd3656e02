"""Rebuilds the read model, or the ledger of notices, from the producers' records in a separate database, and switches over."""

import base64
from contextlib import closing
from types import ModuleType

import psycopg2

from deploy import roles
from plumbing.migrate import migrate
from plumbing.pool import Pool
from plumbing.recovery import rebuild
from plumbing.settings import Settings
from services.metrics import rebuild as metrics
from services.notify import rebuild as notify

REBUILDABLE: dict[str, ModuleType] = {"metrics": metrics, "notify": notify}
DATABASE = "fengqiao_rebuild"  # the database in which the tables are rebuilt


def rebuild_service(service: str, databases: dict[str, str], database_admin: str, keys: dict) -> tuple[int, int]:
    """Rebuild the tables of the service and switch over. The service may run meanwhile.

    Return the number of events processed, and of messages published again because the service had processed more than the rebuilt tables contain.
    """
    module, server = REBUILDABLE[service], roles.url_with_path(database_admin, "postgres")
    roles.drop_database(server, DATABASE)
    roles.make_database(server, DATABASE)
    try:
        urls = roles.prepare_database(roles.url_with_path(database_admin, DATABASE), {service: keys["database"][service]})
        migrate(service, urls[service])
        pool = Pool(Settings(service, urls[service], "", base64.b64decode(keys["at_rest"][service])), 1, prepares_statements=True)
        try:
            count = rebuild.replay(pool, databases, module.apply)
        finally:
            pool.close()
        _switch(module, urls[service], databases[service])
    finally:
        roles.drop_database(server, DATABASE)
    return count, rebuild.publish_again_what_is_lacking(databases, service)


def _switch(module, rebuilt_url, live_url):
    with (
        closing(psycopg2.connect(rebuilt_url)) as source,
        source.cursor() as rebuilt,
        closing(psycopg2.connect(live_url)) as target,
        target,
        target.cursor() as live,
    ):
        module.switch(rebuilt, live)
