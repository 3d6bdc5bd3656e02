"""One run of the reliability drill: put the system under load, inject faults, undo them, wait until the system has finished its work, run the checks."""

import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import psycopg2

from contracts.channels import INBOXES_EXCHANGE
from deploy.files import ROOT, make_private_folder, write_private
from drills import checker, quiescence, workload
from drills.checker import Figures, ProducerRecords
from drills.faults import FaultPlayer
from drills.ledger import LedgerReader
from drills.schedule import Fault
from drills.system import DrillSystem
from local.paths import EXTERNAL_SERVER_SETTINGS

DRAIN_SECONDS = 180.0  # time limit after the last fault; an event that has not arrived by then counts as lost
REQUIRED_DRAIN_SECONDS = 60.0  # the system must have finished all work within this time after the last fault
DEFAULT_RATE = 120.0  # agency events per second
STEADY_SECONDS = 2.0  # the drain is complete when no work has been in progress for this long


@dataclass
class DrillResult:
    """Result of one run: figures and findings of the checks, and the faults that were injected."""

    seed: int
    figures: Figures
    kills: int
    seconds: float  # duration of the load
    drain_seconds: float  # time from the end of the last fault until no work was in progress
    is_drained: bool
    work_left: dict[str, int]  # work still in progress at the end: name of the table or queue → number of events
    faults: Counter = field(default_factory=Counter)
    unexpected_exits: Counter = field(default_factory=Counter)  # number of exits by "process (exit code)", without exits that the drill caused

    @property
    def is_clean(self) -> bool:
        return self.figures.is_clean and self.is_drained

    @property
    def is_drained_in_time(self) -> bool:
        return self.is_drained and self.drain_seconds <= REQUIRED_DRAIN_SECONDS

    def summary(self) -> dict:
        f = self.figures
        return {
            "attempt": f.attempt, "acknowledged": f.acknowledged, "applied": f.applied, "parked": f.parked,
            "lost": f.lost, "duplicated": f.duplicated, "disordered": f.disordered,
            "kills": self.kills, "drain_seconds": self.drain_seconds, "drained_in_time": self.is_drained_in_time, "seed": self.seed,
            "seconds": self.seconds, "acknowledged_per_second": round(f.acknowledged / self.seconds, 1),
            "rejected": f.rejected, "refused": f.refused, "recovered": f.recovered, "notices": f.notices, "sealed_notices": f.sealed_notices, "unexpected": f.unexpected,
            "drained": self.is_drained, "left": self.work_left, "faults": dict(self.faults), "unexpected_exits": dict(self.unexpected_exits),
            "findings": {kind: found[:100] for kind, found in f.findings.items() if found},
        }  # fmt: skip


class Drill:
    """Runs one drill on one system. A separate producer process simulates each group of agencies."""

    def __init__(self, system: DrillSystem, seed: int, log: Callable[[str], None] = lambda line: None, threads: int = 3, rate: float = DEFAULT_RATE,
                 groups: Iterable[str] = tuple(group.name for group in workload.AGENCY_GROUPS), later_steps_before_faults: int = 1):  # fmt: skip
        """`rate`: events per second of all agencies together. `later_steps_before_faults`: number of events about disputes already reported that
        each producer must have sent before the first fault. With them, faults hit disputes that have already changed their state.
        """
        self.system, self.seed, self.log, self.threads, self.rate = system, seed, log, threads, rate
        self.later_steps_before_faults = later_steps_before_faults
        self.groups = tuple(group for group in workload.AGENCY_GROUPS if group.name in tuple(groups))
        self.folder = make_private_folder(system.folder / "ledgers")
        self._producers: list[subprocess.Popen] = []
        self._database = None
        self._ledger_reader, self._producer_records = LedgerReader(self.folder), ProducerRecords()

    def run(self, schedule: list[Fault], seconds: float, drain_seconds: float = DRAIN_SECONDS) -> DrillResult:
        """Run the drill. The system must be ready; on return its processes are stopped. `schedule`: faults to inject; `seconds`: how long the load lasts."""
        faults = FaultPlayer(self.system, self.log)
        try:
            self._start_producers()
            self._wait_until_producers_send_later_steps()
            faults.play(schedule, seconds, self._log_progress)
            self.log("all faults have ended; waiting for the system to drain")
            faults_undone_at = time.monotonic()
            faults.undo_all_faults()
            (self.folder / "quiet").touch()
            drained_at, left = self._wait_until_drained(faults_undone_at + drain_seconds)
            drain_time = (drained_at or time.monotonic()) - faults_undone_at
            is_drained, left = self._stop_and_check_queues(drained_at is not None, left, faults_undone_at + drain_seconds)
        finally:
            self._stop_producers()
        self.log("running the checks")
        figures = checker.run_all_checks(self._query_rows, self._read_producer_records())
        self._disconnect()
        exits = Counter(f"{name} ({code})" for name, code in self.system.process_exits() if not _is_caused_by_drill(name, code))
        return DrillResult(
            self.seed, figures, faults.kills, seconds, round(drain_time, 1), is_drained, left, Counter(fault.kind for fault in faults.begun_faults), exits
        )

    # ── producers ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _start_producers(self):
        addresses = self.system.agency_addresses()
        for group in self.groups:
            plan = {
                "name": group.name, "seed": self.seed, "run": f"drill-{self.seed}", "folder": str(self.folder), "threads": self.threads,
                "rate": self.rate / len(self.groups),
                "amqp": {code: addresses["amqp"][code] for code in group.agencies}, "tokens": {code: addresses["tokens"][code] for code in group.agencies},
                "intake_url": addresses["intake_url"],
            }  # fmt: skip
            write_private(self.folder / f"{group.name}.json", json.dumps(plan))
            with open(self.folder / f"{group.name}.log", "ab") as log:
                command = [sys.executable, "-m", "drills.producer", str(self.folder / f"{group.name}.json")]
                self._producers.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))

    def _wait_until_producers_send_later_steps(self, seconds=60):
        """Wait until every producer has sent some later steps, so that faults hit a system under load. Give up after `seconds`."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up and not all(_count_later_steps(self._ledger_path(group)) >= self.later_steps_before_faults for group in self.groups):
            time.sleep(0.1)

    def _log_progress(self):
        self._raise_if_producer_died()
        records = self._read_producer_records()
        self.log(
            f"          {len(records.attempts)} attempted, {len(records.acknowledged_ids)} acknowledged, {len(records.received_messages)} receipts and notices received"
        )

    def _read_producer_records(self):
        self._producer_records.add_new_entries(self._ledger_reader)
        return self._producer_records

    def _ledger_path(self, group):
        return self.folder / f"{group.name}.jsonl"

    def _stop_producers(self):
        for producer in self._producers:
            producer.send_signal(signal.SIGTERM)
        for producer in self._producers:
            try:
                producer.wait(20)
            except subprocess.TimeoutExpired:
                producer.kill()
                producer.wait()
        self._producers = []

    def _have_producers_stopped_sending(self):
        self._raise_if_producer_died()
        return all((self.folder / f"{group.name}.quiet").exists() for group in self.groups)

    def _raise_if_producer_died(self):
        """Raise RuntimeError if a producer process died, which is an error of the drill itself."""
        for producer, group in zip(self._producers, self.groups, strict=True):
            if producer.poll() is not None:
                raise RuntimeError(f"the producer {group.name} died:\n{(self.folder / f'{group.name}.log').read_text()[-3000:]}")

    # ── drain ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _wait_until_drained(self, give_up):
        """Wait until no work has been in progress for STEADY_SECONDS.

        Return the monotonic time since when there was none, or None if this was not reached before `give_up`; and the remaining work.
        """
        since, logged_at, left = None, 0.0, {}
        while time.monotonic() < give_up:
            now = time.monotonic()
            left = self._work_in_progress()
            if left:
                since = None
                if now - logged_at > 5:
                    logged_at = now
                    self.log("in progress: " + ", ".join(f"{count} {where}" for where, count in left.items()))
            else:
                since = since or now
                if now - since >= STEADY_SECONDS:
                    return since, {}
            time.sleep(0.25)
        return None, left

    def _work_in_progress(self):
        try:
            if not self._have_producers_stopped_sending():
                return {"producers still sending": len(self.groups)}
            return quiescence.count_work_in_progress(self._query_rows, self._read_producer_records()) or self._count_undelivered_messages()
        except psycopg2.OperationalError:
            return {"database unavailable": 1}

    def _count_undelivered_messages(self):
        """Count the receipts and notices that the simulated agencies have not received yet."""
        agencies = [code for group in self.groups for code in group.agencies]
        records = self._read_producer_records()
        receipts = self._query_rows("select id from intake.receipts where agency = any(%s)", agencies)
        notices = self._query_rows(
            "select event_id from drill.outbox where service = 'notify' and exchange = %s and routing_key = any(%s)",
            INBOXES_EXCHANGE,
            sorted(checker.agencies_with_inbox_reader(records)),
        )
        sent = {"receipts": receipts, "notices": notices}
        missing = {name: sum(message_id not in records.received_messages for (message_id,) in messages) for name, messages in sent.items()}
        return {f"{name} not yet received": count for name, count in missing.items() if count}

    def _stop_and_check_queues(self, is_drained, left, give_up):
        """Stop the services, and run them again while work remains that they created before they stopped. Then stop all processes and check the queues.

        Return whether no work and no message remains, and the remaining work.
        """
        if not is_drained:
            self.system.stop(*self.system.names, seconds=15)
            return is_drained, left
        services = [name for name in self.system.names if not name.startswith("relay")]
        self.system.stop(*services)
        while (left := quiescence.count_work_in_progress(self._query_rows, self._read_producer_records(), with_deadlines=False)) and time.monotonic() < give_up:
            self.system.start(*services)
            self._wait_until_drained(give_up)
            self.system.stop(*services)
        self.system.stop(*self.system.names)
        agencies = {code for group in self.groups for code in group.agencies if group.transport != "http"}
        while (
            queued := self._count_undelivered_messages() | quiescence.nonempty_queues(quiescence.queue_lengths(self.system.servers.management), agencies)
        ) and time.monotonic() < give_up:
            time.sleep(1)  # the broker updates its queue lengths every few seconds
        return not (left or queued), left | queued

    def _query_rows(self, sql, *parameters):
        """Query the database as administrator, without a TCP proxy. After a psycopg2.Error, which is raised, the next call opens a new connection."""
        try:
            if self._database is None:
                self._database = psycopg2.connect(self.system.servers.database_admin, connect_timeout=5)
                self._database.autocommit = True
            with self._database.cursor() as cursor:
                cursor.execute(sql, parameters or None)
                return cursor.fetchall()
        except psycopg2.Error:
            self._disconnect()
            raise

    def _disconnect(self):
        if self._database is not None:
            self._database.close()
            self._database = None


def _count_later_steps(ledger: Path) -> int:
    lines = ledger.read_bytes().splitlines() if ledger.exists() else ()
    return sum(b'"do": "attempt"' in line and b'"type": "dispute.reported"' not in line for line in lines)


def ignore_configured_servers() -> None:
    """Remove the addresses of external servers from the environment: the drill kills servers, so it may use only servers that it has started itself."""
    for name in EXTERNAL_SERVER_SETTINGS:
        os.environ.pop(name, None)


def _is_caused_by_drill(process, exit_code):
    """Return whether a process with this exit code was killed or stopped by the drill. uvicorn (door) stops in order, and then ends by the stop signal."""
    return exit_code in (0, -signal.SIGKILL, 137) or (process == "door" and exit_code == -signal.SIGTERM)
