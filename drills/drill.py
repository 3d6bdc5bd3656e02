"""One run of the drill: load, faults, healing, drain, count."""

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
from deploy.files import ROOT, private, write_private
from drills import checker, quiescence, workload
from drills.checker import Figures, Told
from drills.faults import Faults
from drills.schedule import Fault
from drills.system import DrillSystem
from local.places import OTHERS_SERVERS

DRAIN_SECONDS = 180.0  # after which what has not arrived counts as lost
STEADY_SECONDS = 2.0


@dataclass
class Run:
    """What one run found, and what it went through."""

    seed: int
    figures: Figures
    kills: int
    drain_seconds: float
    is_drained: bool
    left: dict[str, int]
    faults: Counter = field(default_factory=Counter)
    died_by_itself: Counter = field(default_factory=Counter)

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
            "drained": self.is_drained, "left": self.left, "faults": dict(self.faults), "died_by_itself": dict(self.died_by_itself),
            "findings": {kind: found[:100] for kind, found in f.findings.items() if found},
        }  # fmt: skip


class Drill:
    """Owns the producers of one run on one system."""

    def __init__(self, system: DrillSystem, seed: int, told: Callable[[str], None] = lambda line: None, threads: int = 3, pause: float = 0.1,
                 houses: Iterable[str] = tuple(house.name for house in workload.HOUSES), heard_before: int = 1):  # fmt: skip
        """`heard_before`: the faults begin when each producer has heard so many receipts or notices."""
        self.system, self.seed, self.told, self.threads, self.pause, self.heard_before = system, seed, told, threads, pause, heard_before
        self.houses = tuple(house for house in workload.HOUSES if house.name in tuple(houses))
        self.folder = private(system.folder / "ledgers")
        self._producers: list[subprocess.Popen] = []
        self._database = None

    def run(self, schedule: list[Fault], seconds: float, drain_seconds: float = DRAIN_SECONDS) -> Run:
        """The system is up and ready when this begins; its processes are down when it returns."""
        faults = Faults(self.system, self.told)
        try:
            self._start_producers()
            self._wait_until_all_speak()
            faults.play(schedule, seconds, self._tell_how_far)
            self.told("everything is mended; it drains")
            healed = time.monotonic()
            faults.heal()
            (self.folder / "quiet").touch()
            is_drained, left = self._drain(healed + drain_seconds)
            took = time.monotonic() - healed - (STEADY_SECONDS if is_drained else 0)
            is_drained, left = self._settle(is_drained, left, healed + drain_seconds)
        finally:
            self._end_producers()
        self.told("counting")
        figures = checker.check(self._rows, Told.read(self.folder))
        self._hang_up()
        died = Counter(f"{name} ({code})" for name, code in self.system.deaths() if code not in (0, -signal.SIGKILL, 137))
        return Run(self.seed, figures, faults.kills, round(took, 1), is_drained, left, Counter(fault.kind for fault in faults.done), died)

    # ── producers ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _start_producers(self):
        addresses = self.system.agencies()
        for house in self.houses:
            plan = {
                "name": house.name, "seed": self.seed, "run": f"drill-{self.seed}", "folder": str(self.folder), "threads": self.threads, "pause": self.pause,
                "amqp": {code: addresses["amqp"][code] for code in house.agencies}, "tokens": {code: addresses["tokens"][code] for code in house.agencies},
                "door": addresses["door"],
            }  # fmt: skip
            write_private(self.folder / f"{house.name}.json", json.dumps(plan))
            with open(self.folder / f"{house.name}.log", "ab") as log:
                command = [sys.executable, "-m", "drills.producer", str(self.folder / f"{house.name}.json")]
                self._producers.append(subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True))

    def _wait_until_all_speak(self, seconds=30):
        """The faults begin when there is something to lose."""
        give_up = time.monotonic() + seconds
        while time.monotonic() < give_up and not all(_heard(self._ledger(house)) >= self.heard_before for house in self.houses):
            time.sleep(0.1)

    def _tell_how_far(self):
        told = Told.read(self.folder)
        self.told(f"          {len(told.attempted)} attempted, {len(told.acknowledged)} acknowledged, {len(told.heard)} receipts and notices heard")

    def _ledger(self, house):
        return self.folder / f"{house.name}.jsonl"

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

    def _are_quiet(self):
        """Whether each producer has said its last word. One that died is a fault of the drill itself."""
        for producer, house in zip(self._producers, self.houses, strict=True):
            if producer.poll() is not None:
                raise RuntimeError(f"the producer {house.name} died:\n{(self.folder / f'{house.name}.log').read_text()[-3000:]}")
        return all((self.folder / f"{house.name}.quiet").exists() for house in self.houses)

    # ── until it is quiet ─────────────────────────────────────────────────────────────────────────────────────────────

    def _drain(self, give_up):
        """Whether nothing is on its way any more, for a little while; and what still is."""
        since, said, left = None, 0.0, {}
        while time.monotonic() < give_up:
            left = self._left()
            now = time.monotonic()
            if left:
                since = None
                if now - said > 5:
                    said = now
                    self.told("on its way: " + ", ".join(f"{count} {where}" for where, count in left.items()))
            else:
                since = since or now
                if now - since >= STEADY_SECONDS:
                    return True, {}
            time.sleep(0.25)
        return False, left

    def _left(self):
        try:
            if not self._are_quiet():
                return {"producers still speaking": len(self.houses)}
            return quiescence.left(self._rows, Told.read(self.folder)) or self._unheard_letters()
        except psycopg2.OperationalError:
            return {"the database": 1}

    def _unheard_letters(self):
        """The agencies' own ends count as well: the last receipts and notices are on their way to them."""
        spoken_for = [code for house in self.houses for code in house.agencies]
        told = Told.read(self.folder)
        receipts = self._rows("select id from intake.receipts where agency = any(%s)", spoken_for)
        notices = self._rows(
            "select event_id from drill.outbox where service = 'notify' and exchange = %s and routing_key = any(%s)",
            INBOXES_EXCHANGE,
            sorted(checker.listening(told)),
        )
        unheard = {"receipts": receipts, "notices": notices}
        missing = {what: sum(letter not in told.heard for (letter,) in letters) for what, letters in unheard.items()}
        return {f"{what} not yet heard": count for what, count in missing.items() if count}

    def _settle(self, is_drained, left, give_up):
        """Asks every process to finish; what it says as its last word must be heard too. Then looks into the queues."""
        if not is_drained:
            self.system.stop(*self.system.names, seconds=15)
            return is_drained, left
        services = [name for name in self.system.names if not name.startswith("relay")]
        self.system.stop(*services)
        while (left := quiescence.left(self._rows, Told.read(self.folder), clock=False)) and time.monotonic() < give_up:
            self.system.start(*services)
            self._drain(give_up)
            self.system.stop(*services)
        self.system.stop(*self.system.names)
        agencies = {code for house in self.houses for code in house.agencies if house.speaks != "door"}
        while (
            queued := self._unheard_letters() | quiescence.left_in_queues(quiescence.queues(self.system.servers.management), agencies)
        ) and time.monotonic() < give_up:
            time.sleep(1)  # the broker counts every few seconds
        return not (left or queued), left | queued

    def _rows(self, sql, *parameters):
        """Looks into the tables as the administrator, past all proxies. Raises psycopg2.Error; the next call connects anew."""
        try:
            if self._database is None:
                self._database = psycopg2.connect(self.system.servers.database_admin, connect_timeout=5)
                self._database.autocommit = True
            with self._database.cursor() as cursor:
                cursor.execute(sql, parameters or None)
                return cursor.fetchall()
        except psycopg2.Error:
            self._hang_up()
            raise

    def _hang_up(self):
        if self._database is not None:
            self._database.close()
            self._database = None


def _heard(path: Path) -> int:
    return path.read_bytes().count(b'"do": "heard"') if path.exists() else 0


def use_servers_of_its_own() -> None:
    """The drill kills servers: never those that somebody else's address names."""
    for name in OTHERS_SERVERS:
        os.environ.pop(name, None)
