"""One run of the drill: load, faults, recovery, drain, checks."""

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
from drills.schedule import Fault
from drills.system import DrillSystem
from local.paths import EXTERNAL_SERVER_SETTINGS

DRAIN_SECONDS = 180.0  # an event that has not arrived by then counts as lost
STEADY_SECONDS = 2.0  # the drain is complete when nothing has been in progress for so long


@dataclass
class Run:
    """Result of one run: the figures of the checks, and the faults that happened."""

    seed: int
    figures: Figures
    kills: int
    drain_seconds: float
    is_drained: bool
    left: dict[str, int]  # work still in progress at the end, by place
    faults: Counter = field(default_factory=Counter)
    unexpected_exits: Counter = field(default_factory=Counter)  # "process (exit code)" → count

    @property
    def is_clean(self) -> bool:
        return self.figures.is_clean and self.is_drained

    def summary(self) -> dict:
        f = self.figures
        return {
            "attempt": f.attempt, "acknowledged": f.acknowledged, "applied": f.applied, "parked": f.parked,
            "lost": f.lost, "duplicated": f.duplicated, "disordered": f.disordered,
            "kills": self.kills, "drain_seconds": self.drain_seconds, "seed": self.seed,
            "rejected": f.rejected, "refused": f.refused, "recovered": f.recovered, "notices": f.notices, "sealed_notices": f.sealed_notices, "unexpected": f.unexpected,
            "drained": self.is_drained, "left": self.left, "faults": dict(self.faults), "unexpected_exits": dict(self.unexpected_exits),
            "findings": {kind: found[:100] for kind, found in f.findings.items() if found},
        }  # fmt: skip


class Drill:
    """Runs one drill on one system, with one producer process per group of agencies."""

    def __init__(self, system: DrillSystem, seed: int, log: Callable[[str], None] = lambda line: None, threads: int = 3, pause: float = 0.1,
                 groups: Iterable[str] = tuple(group.name for group in workload.GROUPS), received_before_faults: int = 1):  # fmt: skip
        """`received_before_faults`: receipts and notices that each producer must have received before the faults begin."""
        self.system, self.seed, self.log, self.threads, self.pause = system, seed, log, threads, pause
        self.received_before_faults = received_before_faults
        self.groups = tuple(group for group in workload.GROUPS if group.name in tuple(groups))
        self.folder = make_private_folder(system.folder / "ledgers")
        self._producers: list[subprocess.Popen] = []
        self._database = None

    def run(self, schedule: list[Fault], seconds: float, drain_seconds: float = DRAIN_SECONDS) -> Run:
        """Run the drill. The system must be up and ready; its processes are stopped on return."""
        faults = FaultPlayer(self.system, self.log)
        try:
            self._start_producers()
            self._wait_until_producers_receive()
            faults.play(schedule, seconds, self._log_progress)
            self.log("all faults have ended; waiting for the system to drain")
            healed = time.monotonic()
            faults.heal()
            (self.folder / "quiet").touch()
            is_drained, left = self._drain(healed + drain_seconds)
            took = time.monotonic() - healed - (STEADY_SECONDS if is_drained else 0)
            is_drained, left = self._stop_and_drain(is_drained, left, healed + drain_seconds)
        finally:
            self._end_producers()
        self.log("running the checks")
        figures = checker.check(self._rows, ProducerRecords.read(self.folder))
        self._disconnect()
        exits = Counter(f"{name} ({code})" for name, code in self.system.deaths() if code not in (0, -signal.SIGKILL, 137))
        return Run(self.seed, figures, faults.kills, round(took, 1), is_drained, left, Counter(fault.kind for fault in faults.done), exits)

    # ── producers ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _start_producers(self):
        addresses = self.system.agencies()
        for group in self.groups:
            plan = {
                "name": group.name, "seed": self.seed, "run": f"drill-{self.seed}", "folder": str(self.folder), "threads": self.threads, "pause": self.pause,
                "amqp": {code: addresses["amqp"][code] for code in group.agencies}, "tokens": {code: addresses["tokens"][code] for code in group.agencies},
                "intake_url": addresses["intake_url"],
            }  # fmt: skip
            write_private(self.folder / f"{group.name}.json", json.dumps(plan))
            with open(self.folder / f"{group.name}.log", "ab") as log:
                command = [sys.executable, "-m", "drills.producer", str(self.folder / f"{group.name}.json")]
                self._producers.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))

    def _wait_until_producers_receive(self, seconds=30):
        """Wait until the system is under load, so that the faults can lose something."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up and not all(_received(self._ledger(group)) >= self.received_before_faults for group in self.groups):
            time.sleep(0.1)

    def _log_progress(self):
        records = ProducerRecords.read(self.folder)
        self.log(
            f"          {len(records.attempted)} attempted, {len(records.acknowledged)} acknowledged, {len(records.received)} receipts and notices received"
        )

    def _ledger(self, group):
        return self.folder / f"{group.name}.jsonl"

    def _end_producers(self):
        for producer in self._producers:
            producer.send_signal(signal.SIGTERM)
        for producer in self._producers:
            try:
                producer.wait(20)
            except subprocess.TimeoutExpired:
                producer.kill()
                producer.wait()
        self._producers = []

    def _are_producers_quiet(self):
        """Return whether every producer has stopped sending. Raises RuntimeError if one died, which is a fault of the drill itself."""
        for producer, group in zip(self._producers, self.groups, strict=True):
            if producer.poll() is not None:
                raise RuntimeError(f"the producer {group.name} died:\n{(self.folder / f'{group.name}.log').read_text()[-3000:]}")
        return all((self.folder / f"{group.name}.quiet").exists() for group in self.groups)

    # ── drain ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _drain(self, give_up):
        """Wait until no work has been in progress for STEADY_SECONDS. Return whether that was reached, and the work in progress."""
        since, logged_at, left = None, 0.0, {}
        while time.monotonic() < give_up:
            left = self._work_left()
            now = time.monotonic()
            if left:
                since = None
                if now - logged_at > 5:
                    logged_at = now
                    self.log("in progress: " + ", ".join(f"{count} {where}" for where, count in left.items()))
            else:
                since = since or now
                if now - since >= STEADY_SECONDS:
                    return True, {}
            time.sleep(0.25)
        return False, left

    def _work_left(self):
        try:
            if not self._are_producers_quiet():
                return {"producers still sending": len(self.groups)}
            return quiescence.work_left(self._rows, ProducerRecords.read(self.folder)) or self._undelivered()
        except psycopg2.OperationalError:
            return {"database unavailable": 1}

    def _undelivered(self):
        """Count the receipts and notices that the simulated agencies have not received yet."""
        agencies = [code for group in self.groups for code in group.agencies]
        records = ProducerRecords.read(self.folder)
        receipts = self._rows("select id from intake.receipts where agency = any(%s)", agencies)
        notices = self._rows(
            "select event_id from drill.outbox where service = 'notify' and exchange = %s and routing_key = any(%s)",
            INBOXES_EXCHANGE,
            sorted(checker.agencies_with_inbox_reader(records)),
        )
        sent = {"receipts": receipts, "notices": notices}
        missing = {name: sum(message_id not in records.received for (message_id,) in messages) for name, messages in sent.items()}
        return {f"{name} not yet received": count for name, count in missing.items() if count}

    def _stop_and_drain(self, is_drained, left, give_up):
        """Stop the services, run them again while work that they created at the end is left, then stop everything and check the queues."""
        if not is_drained:
            self.system.stop(*self.system.names, seconds=15)
            return is_drained, left
        services = [name for name in self.system.names if not name.startswith("relay")]
        self.system.stop(*services)
        while (left := quiescence.work_left(self._rows, ProducerRecords.read(self.folder), with_deadlines=False)) and time.monotonic() < give_up:
            self.system.start(*services)
            self._drain(give_up)
            self.system.stop(*services)
        self.system.stop(*self.system.names)
        agencies = {code for group in self.groups for code in group.agencies if group.transport != "http"}
        while (
            queued := self._undelivered() | quiescence.queued_messages(quiescence.queue_lengths(self.system.servers.management), agencies)
        ) and time.monotonic() < give_up:
            time.sleep(1)  # the broker updates its counts every few seconds
        return not (left or queued), left | queued

    def _rows(self, sql, *parameters):
        """Query the database as administrator, not through a proxy. Raises psycopg2.Error; the next call opens a new connection."""
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


def _received(ledger: Path) -> int:
    return ledger.read_bytes().count(b'"do": "received"') if ledger.exists() else 0


def ignore_configured_servers() -> None:
    """Remove server addresses from the environment: the drill kills servers, so it may use only servers that it has started itself."""
    for name in EXTERNAL_SERVER_SETTINGS:
        os.environ.pop(name, None)
