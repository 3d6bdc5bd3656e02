"""Drill of the recovery after a loss of data: `python -m drills.recovery`. It loses data in several ways, runs the recovery, and checks the result.

Agencies report through the kit while data is lost. After the recovery, every event that was confirmed must be in intake's log, every listener must have
processed what was published, no code may belong to two reports, and no event may wait.
"""

import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import psycopg2
import requests
from psycopg2 import sql

from contracts import COUNTY
from contracts.channels import SUBSCRIPTIONS, service_of
from deploy import recovery
from drills.drill import ignore_configured_servers
from fengqiao_agency import Agency
from local import System, checks
from local.paths import run_dir
from local.progress import CannotContinue
from scenarios.facts import typical_facts

PROCESSES = ("intake", "mediation", "metrics", "notify", "relay", "door")
SERVICES = ("intake", "mediation", "metrics", "notify")
WAIT_SECONDS = 120.0
EVENTS_LOST = 300  # confirmed events that no service has processed when the broker loses its data

COPIED_TABLES_SQL = "select tablename from pg_tables where schemaname = %s order by tablename"


class RecoveryDrill:
    """A system, and two agencies that report to it through the kit."""

    def __init__(self, folder: Path, log: Callable[[str], None] = lambda line: None):
        self.system, self.log = System(folder, only=PROCESSES), log
        self.backup = folder / "backup"
        self.reported: dict[str, str] = {}  # event id → report number
        self._number = 0

    def __enter__(self):
        self.system.__enter__()
        self._open_agencies()
        return self

    def __exit__(self, *_):
        self._close_agencies()
        self.system.close()

    # ── the agencies ──────────────────────────────────────────────────────────────────────────────────────────────────

    def report(self, count: int) -> list[str]:
        """Let the police report disputes. Return the event ids."""
        now = datetime.now(UTC) - timedelta(minutes=5)
        reports = []
        for _ in range(count):
            self._number += 1
            report_no = f"DRILL-{self._number}"
            reports.append(("dispute.reported", report_no, typical_facts("dispute.reported") | {"report_no": report_no}, now))
        ids = self.police.report_many(reports)
        self.reported |= {event_id: report[1] for event_id, report in zip(ids, reports, strict=True)}
        return ids

    def screen(self, event_ids: list[str]) -> list[str]:
        """Let the mediation centre screen the disputes of these reports, so that later steps exist. Return the event ids."""
        now = datetime.now(UTC) - timedelta(minutes=4)
        codes = [self.police.code_of(self.reported[event_id]) for event_id in event_ids]
        return self.centre.report_many([("dispute.screened", code, typical_facts("dispute.screened"), now) for code in codes])

    def settle(self) -> None:
        """Wait until every event of the agencies has its outcome."""
        for agency in (self.police, self.centre):
            if not agency.settle(WAIT_SECONDS):
                raise AssertionError(f"{agency.code}: {dict(agency.outbox.count_by_state())}")

    def wait_until_published(self, event_ids: list[str]) -> None:
        """Wait until the broker has confirmed the events."""
        self._wait(lambda: all(self.police.outbox.find_event(event_id).state != "waiting" for event_id in event_ids), "events are not confirmed")

    def read_receipts(self, position: str) -> tuple[int, dict | list, str | None]:
        """Read the receipts of the police over HTTP. Return status, body and the next position."""
        token = self.system.endpoints["agencies"]["police"]["token"]
        answer = requests.get(f"{self.system.endpoints['door']}/receipts?after={position}", headers={"Authorization": f"Bearer {token}"}, timeout=30)
        return answer.status_code, answer.json(), answer.headers.get("Fengqiao-Position")

    def _open_agencies(self):
        addresses, folder = self.system.endpoints["agencies"], self.system.folder
        self.police, self.centre = (Agency(code, addresses[code]["amqp"], str(folder / f"{code}.outbox")) for code in ("police", COUNTY.lead_agency("M").code))
        self.police.start()
        self.centre.start()

    def _close_agencies(self):
        for agency in (self.police, self.centre):
            agency.stop()
            agency.outbox.close()

    # ── losses ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def back_up_database(self) -> None:
        """Copy the stopped database cluster, and start everything again."""
        self.system.stop(*PROCESSES)
        database = self.system.servers.database
        database.stop()
        shutil.rmtree(self.backup, ignore_errors=True)
        subprocess.run(["cp", "-a", str(database.data), str(self.backup)], check=True)
        database.start()
        self.system.start()
        self.system.wait_ready()

    def restore_database(self) -> None:
        """Replace the database cluster by the copy. The processes must be stopped."""
        database = self.system.servers.database
        database.stop()
        shutil.rmtree(database.data)
        subprocess.run(["cp", "-a", str(self.backup), str(database.data)], check=True)
        database.start()

    def back_up_schema(self, service: str) -> None:
        """Copy the tables of one service within the database."""
        self._admin(f"drop schema if exists backup_{service} cascade; create schema backup_{service}")
        for (table,) in self._admin(COPIED_TABLES_SQL, service):
            self._admin(f'create table backup_{service}."{table}" as table {service}."{table}"')
        self.sequence_before = self._admin(f"select last_value from {service}.message_ids")[0][0]

    def restore_schema(self, service: str) -> None:
        """Replace the tables of one service by the copy. The processes must be stopped."""
        tables = [table for (table,) in self._admin(COPIED_TABLES_SQL, service)]
        with closing(psycopg2.connect(self.system.servers.database_admin)) as connection, connection, connection.cursor() as cursor:
            cursor.execute("set session_replication_role = replica")
            cursor.execute(sql.SQL("truncate {}").format(sql.SQL(", ").join(sql.Identifier(service, table) for table in tables)))
            for table in tables:
                columns = [name for (name,) in self._columns(cursor, service, table)]
                names = sql.SQL(", ").join(map(sql.Identifier, columns))
                cursor.execute(
                    sql.SQL("insert into {} ({}) overriding system value select {} from {}").format(
                        sql.Identifier(service, table), names, names, sql.Identifier(f"backup_{service}", table)
                    )
                )
            cursor.execute(f"select setval('{service}.message_ids', %s)", (self.sequence_before,))

    def lose_broker_data(self) -> None:
        """Delete all queues and messages of the broker."""
        self.system.servers.broker.delete_data()
        self.system.servers.broker.start()

    def recover(self) -> None:
        """Check that nothing starts, run the recovery, and start everything."""
        self.system.stop(*PROCESSES)
        try:
            self.system.check_epoch()
        except CannotContinue as refused:
            self.log(str(refused))
        else:
            raise AssertionError("the system would start although data is lost")
        recovery.recover(self.system.servers)
        self.system.check_epoch()
        self.system.start()
        self.system.wait_ready()

    # ── checks ────────────────────────────────────────────────────────────────────────────────────────────────────────

    def wait_until_quiet(self) -> None:
        """Wait until every listener has processed everything and nothing is left to be published."""
        self._wait(lambda: not self.work_left(), "work is left")

    def work_left(self) -> dict[str, int]:
        """Return what is left to do: name → number."""
        left = {}
        for service in SERVICES:
            left[f"outbox of {service}"] = self._count(f"select count(*) from {service}.outbox")
            left[f"waiting in {service}"] = self._count(f"select count(*) from {service}.waiting")
            left[f"parked in {service}"] = self._count(f"select count(*) from {service}.parked where status <> 'conflict'")
        for listener, streams in SUBSCRIPTIONS.items():
            for stream in streams:
                left[f"{stream} for {listener}"] = self._count(
                    f"select count(*) from {service_of(stream)}.spoken s left join {listener}.heard h using (source, subject)"
                    " where s.source = %s and s.last_sequence is distinct from h.last_sequence",
                    stream,
                )
        return {name: count for name, count in left.items() if count}

    def findings(self) -> list[str]:
        """Return what is wrong after a recovery; an empty list if nothing is."""
        logged = {event_id for (event_id,) in self._admin("select event_id from intake.log where refused_for is null")}
        found = [f"not in the log: {event_id}" for event_id in self.reported if event_id not in logged]
        reports_of_code = defaultdict(set)
        for agency, report_no, code in self._admin("select agency, report_no, code from intake.reports"):
            reports_of_code[code].add((agency, report_no))
        for receipt in self.police.receipts():
            if receipt.type == "receipt.accepted" and receipt.event_id in self.reported:
                reports_of_code[receipt.dispute].add(("police", self.reported[receipt.event_id]))
        found += [f"code of two reports: {code}" for code, reports in reports_of_code.items() if len(reports) > 1]
        registered = {code for (code,) in self._admin("select code from intake.disputes")}
        for schema in ("mediation", "metrics"):
            known = {code for (code,) in self._admin(f"select code from {schema}.disputes")}
            found += [f"unknown to {schema}: {code}" for code in sorted(registered - known)]
        return found

    def conflicts(self) -> int:
        """Return the number of events that were set aside."""
        return sum(self._count(f"select count(*) from {service}.parked where status = 'conflict'") for service in SERVICES)

    def _columns(self, cursor, service, table):
        cursor.execute(
            "select column_name from information_schema.columns where table_schema = %s and table_name = %s and is_generated = 'NEVER' order by 1",
            (service, table),
        )
        return cursor.fetchall()

    def _wait(self, condition, problem):
        give_up = time.monotonic() + WAIT_SECONDS
        while not condition():
            if time.monotonic() > give_up:
                raise AssertionError(f"{problem}: {self.work_left()}")
            time.sleep(0.2)

    def _count(self, statement, *parameters):
        return self._admin(statement, *parameters)[0][0]

    def _admin(self, statement, *parameters):
        with closing(psycopg2.connect(self.system.servers.database_admin)) as connection:
            connection.autocommit = True
            with connection.cursor() as cursor:
                cursor.execute(statement, parameters or None)
                return cursor.fetchall() if cursor.description else []


def lose_broker(drill: RecoveryDrill, count: int = EVENTS_LOST) -> None:
    """The broker loses its data while confirmed events are in its queues: agencies' events, and events between services."""
    drill.report(20)
    drill.settle()
    drill.system.stop("mediation", "metrics", "notify")
    unprocessed = drill.report(count // 2)
    drill.wait_until_published(unprocessed)
    drill._wait(lambda: not drill._count("select count(*) from intake.outbox"), "intake's events are not published")
    drill.system.stop("intake")
    drill.wait_until_published(drill.report(count - count // 2))
    drill.system.stop(*PROCESSES)
    drill.lose_broker_data()


def restore_all(drill: RecoveryDrill, count: int = 40) -> None:
    """The database is restored to an earlier point while the broker is ahead."""
    drill.settle()
    drill.back_up_database()
    lost = drill.report(count)
    drill.settle()
    drill.screen(lost[: count // 2])
    drill.settle()
    drill.system.stop("mediation", "metrics", "notify")
    drill.wait_until_published(drill.report(count))
    drill._wait(lambda: not drill._count("select count(*) from intake.outbox"), "intake's events are not published")
    drill.system.stop(*PROCESSES)
    drill.restore_database()


def restore_all_and_lose_broker(drill: RecoveryDrill, count: int = 40) -> None:
    """The database is restored to an earlier point, and the broker loses its data."""
    restore_all(drill, count)
    drill.lose_broker_data()


def restore_service(service: str, drill: RecoveryDrill, count: int = 40) -> None:
    """The tables of one service are restored to an earlier point; the other services are ahead."""
    drill.settle()
    drill.wait_until_quiet()
    drill.back_up_schema(service)
    lost = drill.report(count)
    drill.settle()
    drill.screen(lost[: count // 2])
    drill.settle()
    drill.wait_until_quiet()
    drill.system.stop(*PROCESSES)  # the services and the relay record, at the latest when they stop, how far they have come
    drill.restore_schema(service)


LOSSES = {
    "broker": lose_broker,
    "database": restore_all,
    "both": restore_all_and_lose_broker,
    "mediation": partial(restore_service, "mediation"),
    "metrics": partial(restore_service, "metrics"),
    "notify": partial(restore_service, "notify"),
    "intake": partial(restore_service, "intake"),
}


def check(drill: RecoveryDrill) -> list[str]:
    """Wait until the system and the agencies are quiet after a recovery. Return the findings, also those of `./fengqiao check`."""
    drill.settle()
    drill.wait_until_quiet()
    databases = {service: addresses["database"] for service, addresses in drill.system.servers.services.items()}
    return drill.findings() + [f"{en}: {count}" for _, en, count in checks.run_checks(databases, drill.system.servers.keys, wait=10) if count]


def main() -> int:
    ignore_configured_servers()
    folder = run_dir() / "recovery-drill"
    shutil.rmtree(folder, ignore_errors=True)
    failed = 0
    with RecoveryDrill(folder, print) as drill:
        for name, lose in LOSSES.items():
            _, _, position = drill.read_receipts("0")
            lose(drill)
            drill.recover()
            found = check(drill)
            status, instructions, _ = drill.read_receipts(position)
            found += [] if status == 410 and drill.read_receipts(instructions["after"])[0] == 200 else [f"the cursor is stuck: {status}"]
            print(f"{name}: {found or 'nothing lost'}; events set aside: {drill.conflicts()}", flush=True)
            failed += bool(found)
    if not failed:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
