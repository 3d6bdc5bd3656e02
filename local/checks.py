"""Command `check`: compares, on a running system, what was published, processed and answered, stored counts with a recount, and the hash chains.

A difference may be work in progress. Therefore each check is repeated until it finds none, at most for a minute; positions are compared with the numbers
published when the check began.
"""

import base64
import sys
import time
from contextlib import closing

import psycopg2

from contracts.channels import service_of
from plumbing.pool import Pool
from plumbing.recovery import positions
from plumbing.settings import Settings
from services.intake import checks as intake
from services.intake.verify import CHAINS
from services.mediation.commands import checks as mediation
from services.metrics import recount_store
from services.notify import checks as notify

WAIT_SECONDS = 60.0
PAUSE_SECONDS = 0.5
SERVICE_CHECKS = {"intake": intake.CHECKS, "mediation": mediation.CHECKS, "metrics": (), "notify": notify.CHECKS}
OUTBOX_CHECK = (
    "发件箱没有滞留的消息",
    "no message stays in the outbox",
    "select count(*) from outbox where created_at < now() - interval '1 minute'",
)
PARKED_CHECK = ("没有被搁置的事件", "no event is parked", "select count(*) from parked where status = 'parked'")


def run(arguments: list[str], endpoints: dict, keys: dict, wait: float = WAIT_SECONDS) -> int:
    """Run all checks and print a line for each. Return 1 if something differs, 2 if the database does not answer."""
    databases = {name: addresses["database"] for name, addresses in endpoints["services"].items()}
    try:
        results = list(run_checks(databases, keys, wait))
    except psycopg2.OperationalError as problem:
        print(f"数据库无应答，未能核对 | the database does not answer, nothing was checked: {type(problem).__name__}", file=sys.stderr)
        return 2
    for zh, en, count in results:
        print(f"{'✓' if not count else '✗'} {zh}{f'：{count}处不符' if count else ''} | {en}{f': {count} differences' if count else ''}")
    return 1 if any(count for _, _, count in results) else 0


def run_checks(databases: dict[str, str], keys: dict, wait: float = WAIT_SECONDS):
    """Yield (name in Chinese, name in English, number of differences) of each check."""
    until = time.monotonic() + wait
    yield from _check_positions(databases, until)
    for service, checks in SERVICE_CHECKS.items():
        for zh, en, statement in (OUTBOX_CHECK, PARKED_CHECK, *checks):
            yield f"{service}：{zh}", f"{service}: {en}", _count_until_none(databases[service], statement, until)
    yield "metrics：所有存储的计数与重新统计一致", "metrics: every stored count equals a recount", _count_recount_differences(databases["metrics"], keys, until)
    yield from _check_hash_chains(databases["intake"], keys)


def _check_positions(databases, until):
    """For each stream and listener: every event published when the check began is processed."""
    published = _load_positions(databases)
    for stream, found in published.items():
        for listener in found.heard:
            lacking = found.lacking()[listener]
            while lacking and time.monotonic() < until:
                time.sleep(PAUSE_SECONDS)
                heard = _load_positions(databases, stream)[stream].heard[listener]
                lacking = {subject: numbers for subject, numbers in lacking.items() if heard.get(subject, 0) < numbers[1]}
            name = f"{service_of(stream)}→{listener}"
            yield (
                f"{name}：{stream}已发布的事件均已处理",
                f"{name}: the published events of {stream} are processed",
                sum(last - heard for heard, last in lacking.values()) + found.count_ahead(listener),
            )


def _load_positions(databases, only: str | None = None) -> dict[str, positions.StreamPositions]:
    """Return the positions of each stream. A listener's are read before the producer's, so that no listener seems to be ahead."""
    connections = {service: psycopg2.connect(url, connect_timeout=5) for service, url in databases.items()}
    try:
        cursors = {service: connection.cursor() for service, connection in connections.items()}
        return {stream: positions.load(cursors, stream) for stream in positions.heard_streams() if only in (None, stream)}
    finally:
        for connection in connections.values():
            connection.close()


def _count_until_none(url, statement, until) -> int:
    while True:
        with closing(psycopg2.connect(url, connect_timeout=5)) as connection, connection.cursor() as cursor:
            cursor.execute(statement)
            (count,) = cursor.fetchone()
        if not count or time.monotonic() >= until:
            return count
        time.sleep(PAUSE_SECONDS)


def _count_recount_differences(url, keys, until) -> int:
    """Return the number of stored counts of the read model that differ from a recount in one snapshot of the tables."""
    pool = _open_pool("metrics", url, keys)
    try:
        while True:
            with pool.transaction() as tx:
                tx.run("set transaction isolation level repeatable read")
                differences = recount_store.find_differences(tx)
            if not differences or time.monotonic() >= until:
                return len(differences)
            time.sleep(PAUSE_SECONDS)
    finally:
        pool.close()


def _open_pool(service, url, keys) -> Pool:
    return Pool(Settings(service, url, "", base64.b64decode(keys["at_rest"][service])), 1)


def _check_hash_chains(url, keys):
    pool = _open_pool("intake", url, keys)
    try:
        with pool.transaction() as tx:
            for zh, en, verify in CHAINS:
                yield f"intake：{zh}的哈希链完整", f"intake: the hash chain of the {en} is intact", len(verify(tx).broken)
    finally:
        pool.close()
