"""Injects the faults of a drill's schedule and undoes them. Signals are sent only to processes that the drill's system started, by process id."""

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

UndoFunction = Callable[[], None] | None
PROGRESS_SECONDS = 15.0
REJECT_INSERTS = """
create or replace function public.reject_inserts() returns trigger language plpgsql as $$ begin raise exception 'disk full' using errcode = 'disk_full'; end $$;
create or replace trigger reject_inserts before insert on {service}.outbox for each statement execute function public.reject_inserts()
"""
ACCEPT_INSERTS = "drop trigger if exists reject_inserts on {service}.outbox"
USUAL_MEMORY_BYTES = 2 * 2**30  # memory limit in the broker's configuration


class FaultPlayer:
    """Injects the faults of a schedule. A fault is undone when its duration is over, at the latest in `undo_all_faults`.

    Each kind of fault has a method `_inject_<kind>`, which returns a function that undoes the fault, or None if there is nothing to undo.
    """

    def __init__(self, system: DrillSystem, log: Callable[[str], None]):
        self.system, self.log = system, log
        self.begun_faults: list[Fault] = []
        self.kills = 0
        self._to_undo: list[tuple[float, int, Callable[[], None]]] = []
        self._serials = count()
        self._server_locks = {server: threading.Lock() for server in (system.servers.database, system.servers.broker)}
        self._threads: list[threading.Thread] = []

    def play(self, schedule: list[Fault], seconds: float, log_progress: Callable[[], None] = lambda: None) -> None:
        """Begin each fault of the schedule at its time. Returns after `seconds`, even if some faults have not ended yet."""
        began = time.monotonic()
        waiting, logged_at = list(schedule), 0.0
        while (now := time.monotonic() - began) < seconds:
            if now - logged_at > PROGRESS_SECONDS:
                logged_at = now
                log_progress()
            self._undo_faults_ended_before(time.monotonic())
            while waiting and waiting[0].at <= now:
                self._begin_fault(waiting.pop(0))
            time.sleep(0.05)

    def undo_all_faults(self) -> None:
        """Undo all faults, and start every server and process that is down."""
        self._undo_faults_ended_before(float("inf"))
        for proxy in self.system.proxies:
            proxy.undo_changes()
        for thread in self._threads:
            thread.join()
        for server in self._server_locks:
            _start_server(server)
        self.system.clear_crash_points()
        self.system.start(*(name for name in self.system.names if self.system.pid(name) is None))

    def _begin_fault(self, fault):
        self.log(str(fault))
        self.begun_faults.append(fault)
        self.kills += fault.kills
        undo = getattr(self, f"_inject_{fault.kind}")(fault)
        if undo is not None:
            heapq.heappush(self._to_undo, (time.monotonic() + fault.duration, next(self._serials), undo))

    def _undo_faults_ended_before(self, until):
        while self._to_undo and self._to_undo[0][0] <= until:
            heapq.heappop(self._to_undo)[2]()

    # ── processes ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def _inject_kill(self, fault: Fault) -> UndoFunction:
        self.system.kill(fault.target, signal.SIGKILL)

    def _inject_terminate(self, fault: Fault) -> UndoFunction:
        self.system.kill(fault.target, signal.SIGTERM)

    def _inject_crash(self, fault: Fault) -> UndoFunction:
        """Kill the process. The process that the supervisor starts in its place ends itself at the crash point."""
        name, point = fault.target
        self.system.set_crash_point(name, point)
        self.system.kill(name, signal.SIGKILL)

    def _inject_freeze(self, fault: Fault) -> UndoFunction:
        process = self.system.running_process(fault.target)
        if process is None:
            return None
        process.send(signal.SIGSTOP)
        return lambda: process.send(signal.SIGCONT)

    # ── servers: handled in threads, so that the schedule continues ───────────────────────────────────────────────────

    def _inject_kill_backend(self, fault: Fault) -> UndoFunction:
        service_backends = self.system.service_backends()
        if service_backends:
            _send_signal(service_backends[int(fault.fraction * len(service_backends))], signal.SIGKILL)

    def _inject_kill_postgresql(self, fault: Fault) -> UndoFunction:
        self._run_exclusively(
            self.system.servers.database, lambda: self._kill_and_restart(fault.duration, self.system.kill_postgresql, self.system.servers.database)
        )

    def _inject_kill_broker(self, fault: Fault) -> UndoFunction:
        broker = self.system.servers.broker
        self._run_exclusively(broker, lambda: self._kill_and_restart(fault.duration, broker.kill, broker))

    def _inject_freeze_postgresql(self, fault: Fault) -> UndoFunction:
        def freeze_postgresql():
            stopped = self.system.postgresql_processes()
            for process in stopped:
                _send_signal(process, signal.SIGSTOP)
            time.sleep(fault.duration)
            for process in stopped:
                _send_signal(process, signal.SIGCONT)

        self._run_exclusively(self.system.servers.database, freeze_postgresql)

    def _inject_freeze_broker(self, fault: Fault) -> UndoFunction:
        def freeze_broker():
            process = self.system.servers.broker.process()
            process.send(signal.SIGSTOP)
            time.sleep(fault.duration)
            process.send(signal.SIGCONT)

        self._run_exclusively(self.system.servers.broker, freeze_broker)

    def _inject_disk_full(self, fault: Fault) -> UndoFunction:
        def reject_inserts():
            if self._execute_sql(REJECT_INSERTS.format(service=fault.target)):
                time.sleep(fault.duration)
            while not self._execute_sql(ACCEPT_INSERTS.format(service=fault.target)):
                time.sleep(0.3)

        self._run_in_thread(reject_inserts)

    def _inject_lock_rows(self, fault: Fault) -> UndoFunction:
        def lock_rows():
            with contextlib.suppress(psycopg2.Error), self._connect_as_admin() as connection, connection.cursor() as cursor:
                cursor.execute(f"select * from {fault.target} for update")
                time.sleep(fault.duration)

        self._run_in_thread(lock_rows)

    def _execute_sql(self, sql) -> bool:
        try:
            with self._connect_as_admin() as connection, connection, connection.cursor() as cursor:
                cursor.execute(sql)
            return True
        except psycopg2.Error:
            return False

    def _connect_as_admin(self):
        return contextlib.closing(psycopg2.connect(self.system.servers.database_admin, connect_timeout=5, options="-c lock_timeout=5s"))

    def _inject_memory_alarm(self, fault: Fault) -> UndoFunction:
        def raise_alarm():
            self._set_memory_limit(1)
            time.sleep(fault.duration)
            self._set_memory_limit(USUAL_MEMORY_BYTES)

        self._run_exclusively(self.system.servers.broker, raise_alarm)

    def _run_in_thread(self, function):
        thread = threading.Thread(target=function, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _run_exclusively(self, server, function):
        """Run the function in a thread. If another fault of the same server is in progress, skip this fault."""
        if not self._server_locks[server].acquire(blocking=False):
            self.log("          … skipped: another fault of that server is still in progress")
            self.kills -= self.begun_faults.pop().kills
            return

        def run_and_release_lock():
            try:
                function()
            finally:
                self._server_locks[server].release()

        self._run_in_thread(run_and_release_lock)

    def _kill_and_restart(self, seconds, kill, server):
        kill()
        time.sleep(seconds)
        _start_server(server)

    def _set_memory_limit(self, memory):
        """Set the broker's memory limit, in bytes. Errors are ignored: a broker that is down starts again with its usual limit."""
        with contextlib.suppress(subprocess.SubprocessError):
            self.system.servers.broker.ctl("set_vm_memory_high_watermark", "absolute", str(memory), timeout=20)

    # ── connections ───────────────────────────────────────────────────────────────────────────────────────────────────

    def _inject_reset(self, fault: Fault) -> UndoFunction:
        self.system.proxy_between(*fault.target).reset_connections()

    def _inject_reset_client(self, fault: Fault) -> UndoFunction:
        proxy = self.system.proxy_between(*fault.target)
        proxy.reset_clients()
        return proxy.undo_changes

    def _inject_stall(self, fault: Fault) -> UndoFunction:
        proxy = self.system.proxy_between(*fault.target)
        proxy.stall_connections()
        return proxy.undo_changes

    def _inject_slow(self, fault: Fault) -> UndoFunction:
        proxy = self.system.proxy_between(*fault.target)
        proxy.slow_down(0.02 + fault.fraction * 0.2)
        return proxy.undo_changes


def _send_signal(process, signal_number):
    with contextlib.suppress(psutil.NoSuchProcess):
        process.send_signal(signal_number)


def _start_server(server, patience=90.0):
    """Start the server. Retry for `patience` seconds, because its ports and files can still be in use for a moment after a kill."""
    give_up = time.monotonic() + patience
    while True:
        try:
            return server.start()
        except DidNotStart:
            if time.monotonic() > give_up:
                raise
            time.sleep(1)
