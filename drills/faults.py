"""What each fault of a schedule does to the system, and how it is mended. Signals go to processes that the system started, by their ids."""

import contextlib
import heapq
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from itertools import count

import psutil
import psycopg2

from drills.schedule import Fault
from drills.system import DrillSystem
from local.progress import DidNotStart

Mending = Callable[[], None] | None
EVERY_SECONDS = 15.0
NO_ROOM = """
create or replace function public.no_room() returns trigger language plpgsql as $$ begin raise exception 'no room' using errcode = 'disk_full'; end $$;
create or replace trigger no_room before insert on {service}.outbox for each statement execute function public.no_room()
"""
ROOM_AGAIN = "drop trigger if exists no_room on {service}.outbox"
PLENTY = 2 * 2**30  # bytes; what the broker's configuration says


class Faults:
    """Plays a schedule. What was begun is mended when its time is over, and everything in `heal`."""

    def __init__(self, system: DrillSystem, told: Callable[[str], None]):
        self.system, self.told = system, told
        self.done: list[Fault] = []
        self.kills = 0
        self._to_mend: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()
        self._busy = {server: threading.Lock() for server in (system.servers.database, system.servers.broker)}
        self._threads: list[threading.Thread] = []

    def play(self, schedule: list[Fault], seconds: float, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Returns after `seconds`, also when the last faults still last."""
        began = time.monotonic()
        waiting, said = list(schedule), 0.0
        while (now := time.monotonic() - began) < seconds:
            if now - said > EVERY_SECONDS:
                said = now
                meanwhile()
            self._mend(time.monotonic())
            while waiting and waiting[0].at <= now:
                self._begin(waiting.pop(0))
            time.sleep(0.05)

    def heal(self) -> None:
        """Ends what still lasts, and starts what is down."""
        self._mend(float("inf"))
        for proxy in self.system.proxies:
            proxy.mend()
        for thread in self._threads:
            thread.join()
        for server in self._busy:
            _start(server)
        self.system.crash_no_more()
        self.system.start(*(name for name in self.system.names if self.system.pid(name) is None))

    def _begin(self, fault):
        self.told(str(fault))
        self.done.append(fault)
        self.kills += fault.kills
        mending = getattr(self, f"_{fault.kind}")(fault)
        if mending is not None:
            heapq.heappush(self._to_mend, (time.monotonic() + fault.lasts, next(self._number), mending))

    def _mend(self, until):
        while self._to_mend and self._to_mend[0][0] <= until:
            heapq.heappop(self._to_mend)[2]()

    # ── our processes ─────────────────────────────────────────────────────────────────────────────────────────────────

    def _kill(self, fault: Fault) -> Mending:
        self.system.kill(fault.whom, signal.SIGKILL)

    def _end(self, fault: Fault) -> Mending:
        self.system.kill(fault.whom, signal.SIGTERM)

    def _crash(self, fault: Fault) -> Mending:
        """This process is killed, and the one started in its place dies at the point."""
        name, point = fault.whom
        self.system.crash_at(name, point)
        self.system.kill(name, signal.SIGKILL)

    def _freeze(self, fault: Fault) -> Mending:
        process = self.system.process(fault.whom)
        if process is None:
            return None
        process.send(signal.SIGSTOP)
        return lambda: process.send(signal.SIGCONT)

    # ── servers: each is killed, started or given orders in a thread of its own, and the schedule goes on ─────────────────

    def _kill_backend(self, fault: Fault) -> Mending:
        backends = self.system.backends()
        if backends:
            _signal(backends[int(fault.chance * len(backends))], signal.SIGKILL)

    def _kill_postgresql(self, fault: Fault) -> Mending:
        self._alone(self.system.servers.database, lambda: self._down_for(fault.lasts, self.system.kill_postgresql, self.system.servers.database))

    def _kill_broker(self, fault: Fault) -> Mending:
        broker = self.system.servers.broker
        self._alone(broker, lambda: self._down_for(fault.lasts, broker.kill, broker))

    def _freeze_postgresql(self, fault: Fault) -> Mending:
        def freeze():
            stopped = self.system.postgresql()
            for process in stopped:
                _signal(process, signal.SIGSTOP)
            time.sleep(fault.lasts)
            for process in stopped:
                _signal(process, signal.SIGCONT)

        self._alone(self.system.servers.database, freeze)

    def _freeze_broker(self, fault: Fault) -> Mending:
        def freeze():
            process = self.system.servers.broker.process()
            process.send(signal.SIGSTOP)
            time.sleep(fault.lasts)
            process.send(signal.SIGCONT)

        self._alone(self.system.servers.broker, freeze)

    def _fill(self, fault: Fault) -> Mending:
        def fill():
            if self._told_database(NO_ROOM.format(service=fault.whom)):
                time.sleep(fault.lasts)
            while not self._told_database(ROOM_AGAIN.format(service=fault.whom)):
                time.sleep(0.3)

        self._beside(fill)

    def _hold(self, fault: Fault) -> Mending:
        def hold():
            with contextlib.suppress(psycopg2.Error), self._connected() as connection, connection.cursor() as cursor:
                cursor.execute(f"select * from {fault.whom} for update")
                time.sleep(fault.lasts)

        self._beside(hold)

    def _told_database(self, sql) -> bool:
        try:
            with self._connected() as connection, connection, connection.cursor() as cursor:
                cursor.execute(sql)
            return True
        except psycopg2.Error:
            return False

    def _connected(self):
        return contextlib.closing(psycopg2.connect(self.system.servers.database_admin, connect_timeout=5, options="-c lock_timeout=5s"))

    def _alarm(self, fault: Fault) -> Mending:
        def alarm():
            self._allow(1)
            time.sleep(fault.lasts)
            self._allow(PLENTY)

        self._alone(self.system.servers.broker, alarm)

    def _beside(self, do):
        """Takes its time; the schedule goes on."""
        thread = threading.Thread(target=do, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _alone(self, server, do):
        """One thing at a time happens to a server; what comes in between is passed over."""
        if not self._busy[server].acquire(blocking=False):
            self.told("          … passed over: that server is still busy with the one before")
            self.kills -= self.done.pop().kills
            return

        def work():
            try:
                do()
            finally:
                self._busy[server].release()

        self._beside(work)

    def _down_for(self, seconds, kill, server):
        kill()
        time.sleep(seconds)
        _start(server)

    def _allow(self, memory):
        """A broker that is down takes no orders; when it starts again it has its memory back."""
        with contextlib.suppress(subprocess.SubprocessError):
            self.system.servers.broker.ctl("set_vm_memory_high_watermark", "absolute", str(memory), timeout=20)

    # ── connections ─────────────────────────────────────────────────────────────────────────────────────────────────────────

    def _cut(self, fault: Fault) -> Mending:
        self.system.proxy(*fault.whom).reset()

    def _cut_here(self, fault: Fault) -> Mending:
        proxy = self.system.proxy(*fault.whom)
        proxy.reset_clients()
        return proxy.mend

    def _stall(self, fault: Fault) -> Mending:
        proxy = self.system.proxy(*fault.whom)
        proxy.stall()
        return proxy.mend

    def _slow(self, fault: Fault) -> Mending:
        proxy = self.system.proxy(*fault.whom)
        proxy.slow(0.02 + fault.chance * 0.2)
        return proxy.mend


def _signal(process, sign):
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(sign)


def _start(server, patience=90.0):
    """A server that was killed may need a second try: what it left behind takes a moment to go."""
    give_up = time.monotonic() + patience
    while True:
        try:
            return server.start()
        except DidNotStart:
            if time.monotonic() > give_up:
                raise
            time.sleep(1)
