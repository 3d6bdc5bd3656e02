"""Executes the faults of a schedule and undoes them. Signals are sent only to processes that the system started, by process id."""

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

Undo = Callable[[], None] | None
PROGRESS_SECONDS = 15.0
REJECT_INSERTS = """
create or replace function public.reject_inserts() returns trigger language plpgsql as $$ begin raise exception 'disk full' using errcode = 'disk_full'; end $$;
create or replace trigger reject_inserts before insert on {service}.outbox for each statement execute function public.reject_inserts()
"""
ACCEPT_INSERTS = "drop trigger if exists reject_inserts on {service}.outbox"
USUAL_MEMORY_BYTES = 2 * 2**30  # as in the broker's configuration


class FaultPlayer:
    """Executes a schedule. A fault is undone when its duration is over, at the latest in `heal`.

    Each kind of fault has a method with its name; the method returns a function that undoes the fault, or None.
    """

    def __init__(self, system: DrillSystem, log: Callable[[str], None]):
        self.system, self.log = system, log
        self.done: list[Fault] = []
        self.kills = 0
        self._to_undo: list[tuple[float, int, Callable[[], None]]] = []
        self._number = count()
        self._busy = {server: threading.Lock() for server in (system.servers.database, system.servers.broker)}
        self._threads: list[threading.Thread] = []

    def play(self, schedule: list[Fault], seconds: float, log_progress: Callable[[], None] = lambda: None) -> None:
        """Begin the faults at their times. Returns after `seconds`, even if some faults have not ended yet."""
        began = time.monotonic()
        waiting, logged_at = list(schedule), 0.0
        while (now := time.monotonic() - began) < seconds:
            if now - logged_at > PROGRESS_SECONDS:
                logged_at = now
                log_progress()
            self._undo_ended(time.monotonic())
            while waiting and waiting[0].at <= now:
                self._begin(waiting.pop(0))
            time.sleep(0.05)

    def heal(self) -> None:
        """Undo all faults and start everything that is down."""
        self._undo_ended(float("inf"))
        for proxy in self.system.proxies:
            proxy.mend()
        for thread in self._threads:
            thread.join()
        for server in self._busy:
            _start(server)
        self.system.clear_crash_points()
        self.system.start(*(name for name in self.system.names if self.system.pid(name) is None))

    def _begin(self, fault):
        self.log(str(fault))
        self.done.append(fault)
        self.kills += fault.kills
        undo = getattr(self, f"_{fault.kind}")(fault)
        if undo is not None:
            heapq.heappush(self._to_undo, (time.monotonic() + fault.duration, next(self._number), undo))

    def _undo_ended(self, until):
        while self._to_undo and self._to_undo[0][0] <= until:
            heapq.heappop(self._to_undo)[2]()

    # ── processes ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _kill(self, fault: Fault) -> Undo:
        self.system.kill(fault.target, signal.SIGKILL)

    def _terminate(self, fault: Fault) -> Undo:
        self.system.kill(fault.target, signal.SIGTERM)

    def _crash(self, fault: Fault) -> Undo:
        """Kill the process; the one that the supervisor starts in its place ends at the crash point."""
        name, point = fault.target
        self.system.crash_at(name, point)
        self.system.kill(name, signal.SIGKILL)

    def _freeze(self, fault: Fault) -> Undo:
        process = self.system.process(fault.target)
        if process is None:
            return None
        process.send(signal.SIGSTOP)
        return lambda: process.send(signal.SIGCONT)

    # ── servers: handled in threads, so that the schedule continues ───────────────────────────────────────────────────

    def _kill_backend(self, fault: Fault) -> Undo:
        backends = self.system.backends()
        if backends:
            _signal(backends[int(fault.fraction * len(backends))], signal.SIGKILL)

    def _kill_postgresql(self, fault: Fault) -> Undo:
        self._run_exclusively(self.system.servers.database, lambda: self._kill_for(fault.duration, self.system.kill_postgresql, self.system.servers.database))

    def _kill_broker(self, fault: Fault) -> Undo:
        broker = self.system.servers.broker
        self._run_exclusively(broker, lambda: self._kill_for(fault.duration, broker.kill, broker))

    def _freeze_postgresql(self, fault: Fault) -> Undo:
        def freeze():
            stopped = self.system.postgresql()
            for process in stopped:
                _signal(process, signal.SIGSTOP)
            time.sleep(fault.duration)
            for process in stopped:
                _signal(process, signal.SIGCONT)

        self._run_exclusively(self.system.servers.database, freeze)

    def _freeze_broker(self, fault: Fault) -> Undo:
        def freeze():
            process = self.system.servers.broker.process()
            process.send(signal.SIGSTOP)
            time.sleep(fault.duration)
            process.send(signal.SIGCONT)

        self._run_exclusively(self.system.servers.broker, freeze)

    def _disk_full(self, fault: Fault) -> Undo:
        def reject_inserts():
            if self._execute(REJECT_INSERTS.format(service=fault.target)):
                time.sleep(fault.duration)
            while not self._execute(ACCEPT_INSERTS.format(service=fault.target)):
                time.sleep(0.3)

        self._run_in_thread(reject_inserts)

    def _lock_rows(self, fault: Fault) -> Undo:
        def lock_rows():
            with contextlib.suppress(psycopg2.Error), self._connect() as connection, connection.cursor() as cursor:
                cursor.execute(f"select * from {fault.target} for update")
                time.sleep(fault.duration)

        self._run_in_thread(lock_rows)

    def _execute(self, sql) -> bool:
        try:
            with self._connect() as connection, connection, connection.cursor() as cursor:
                cursor.execute(sql)
            return True
        except psycopg2.Error:
            return False

    def _connect(self):
        return contextlib.closing(psycopg2.connect(self.system.servers.database_admin, connect_timeout=5, options="-c lock_timeout=5s"))

    def _memory_alarm(self, fault: Fault) -> Undo:
        def raise_alarm():
            self._set_memory_limit(1)
            time.sleep(fault.duration)
            self._set_memory_limit(USUAL_MEMORY_BYTES)

        self._run_exclusively(self.system.servers.broker, raise_alarm)

    def _run_in_thread(self, do):
        thread = threading.Thread(target=do, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run_exclusively(self, server, do):
        """Run the function in a thread unless another fault of the same server is in progress; then skip this fault."""
        if not self._busy[server].acquire(blocking=False):
            self.log("          … skipped: another fault of that server is still in progress")
            self.kills -= self.done.pop().kills
            return

        def work():
            try:
                do()
            finally:
                self._busy[server].release()

        self._run_in_thread(work)

    def _kill_for(self, seconds, kill, server):
        kill()
        time.sleep(seconds)
        _start(server)

    def _set_memory_limit(self, memory):
        """Set the broker's memory limit. Errors are ignored: a broker that is down starts again with its usual limit."""
        with contextlib.suppress(subprocess.SubprocessError):
            self.system.servers.broker.ctl("set_vm_memory_high_watermark", "absolute", str(memory), timeout=20)

    # ── connections ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _reset(self, fault: Fault) -> Undo:
        self.system.proxy(*fault.target).reset()

    def _reset_client(self, fault: Fault) -> Undo:
        proxy = self.system.proxy(*fault.target)
        proxy.reset_clients()
        return proxy.mend

    def _stall(self, fault: Fault) -> Undo:
        proxy = self.system.proxy(*fault.target)
        proxy.stall()
        return proxy.mend

    def _slow(self, fault: Fault) -> Undo:
        proxy = self.system.proxy(*fault.target)
        proxy.slow(0.02 + fault.fraction * 0.2)
        return proxy.mend


def _signal(process, signal_number):
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal_number)


def _start(server, patience=90.0):
    """Start the server. Retry for `patience` seconds: after a kill, its ports and files can be in use for a moment."""
    give_up = time.monotonic() + patience
    while True:
        try:
            return server.start()
        except DidNotStart:
            if time.monotonic() > give_up:
                raise
            time.sleep(1)
