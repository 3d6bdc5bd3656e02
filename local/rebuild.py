"""Command `rebuild`: rebuilds the read model, or the ledger of notices, from the producers' records, and switches over."""

import base64
import sys
from contextlib import closing
from types import ModuleType

import psycopg2

from deploy import roles
from local.progress import print_message, timed_step
from plumbing.migrate import migrate
from plumbing.pool import Pool
from plumbing.recovery import rebuild
from plumbing.settings import Settings
from services.metrics import rebuild as metrics
from services.notify import rebuild as notify

REBUILDABLE: dict[str, ModuleType] = {"metrics": metrics, "notify": notify}
DATABASE = "fengqiao_rebuild"  # the database in which the tables are rebuilt


def run(arguments: list[str], endpoints: dict, keys: dict) -> int:
    """Rebuild the service named by the only argument. `endpoints`, `keys`: contents of endpoints.json and secrets.json of the run directory."""
    if len(arguments) != 1 or arguments[0] not in REBUILDABLE:
        print(f"用法 | usage: ./fengqiao rebuild {'|'.join(REBUILDABLE)}", file=sys.stderr)
        return 2
    databases = {name: addresses["database"] for name, addresses in endpoints["services"].items()}
    rebuild_service(arguments[0], databases, endpoints["database_admin"], keys)
    return 0


def rebuild_service(service: str, databases: dict[str, str], database_admin: str, keys: dict) -> int:
    """Rebuild the tables of the service and switch over. Return the number of events processed. The service may run meanwhile."""
    module, server = REBUILDABLE[service], roles.url_with_path(database_admin, "postgres")
    with timed_step(f"由记录重建{service}", f"rebuilding {service} from the record"):
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
        requeued = rebuild.publish_again_what_is_lacking(databases, service)
    print_message(f"处理{count}个事件；重新发布{requeued}条消息", f"{count} events processed; {requeued} messages published again")
    return count


def _switch(module, rebuilt_url, live_url):
    with (
        closing(psycopg2.connect(rebuilt_url)) as source,
        source.cursor() as rebuilt,
        closing(psycopg2.connect(live_url)) as target,
        target,
        target.cursor() as live,
    ):
        module.switch(rebuilt, live)
