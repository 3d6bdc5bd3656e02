"""Random schedule of a drill's faults: kind, time, target and duration of each. The same seed gives the same schedule. No I/O."""

from dataclasses import dataclass
from random import Random

SERVICES = ("intake", "mediation", "metrics", "notify")
PROCESSES = (*SERVICES, "relay", "door", "mediation-standby", "relay-second")
CRASH_POINTS = (
    *((name, point) for name in SERVICES for point in ("after_heard", "before_commit", "after_commit", "before_acknowledge", "after_acknowledge")),
    *(("relay", point) for point in ("relay_selected", "relay_published", "relay_confirmed", "relay_deleted")),
)
PROXIED_CONNECTIONS = (
    *((name, server) for name in (*SERVICES, "relay") for server in ("broker", "database")),
    ("door", "database"), ("agencies", "broker"), ("agencies", "door"),
)  # fmt: skip
LOCKED_TABLES = ("intake.log_head", "intake.receipt_cursors", "mediation.spoken", "metrics.head")


@dataclass(frozen=True)
class FaultKind:
    """A kind of fault and its possible targets.

    `duration`: shortest and longest duration in seconds. `short_duration`: the same for drills of less than a minute.
    `kills`: whether the fault kills a process.
    """

    name: str
    targets: tuple
    duration: tuple[float, float] = (0.0, 0.0)
    short_duration: tuple[float, float] | None = None
    kills: bool = False


# One kind of fault per line; durations in seconds (shortest, longest). The comment at the end of a line describes the fault.
# fmt: off
FAULT_KINDS = (
    #         name                 targets                 duration   short duration             description
    FaultKind("kill",              PROCESSES,                                     kills=True),   # SIGKILL
    FaultKind("kill",              SERVICES,                                      kills=True),   # SIGKILL; listed a second time, so that services are killed twice as often
    FaultKind("terminate",         PROCESSES),                                                   # SIGTERM: the process finishes its batch, acknowledges it and exits
    FaultKind("crash",             CRASH_POINTS,                                  kills=True),   # the process ends at a chosen line of code
    FaultKind("freeze",            (*SERVICES, "relay", "door"), (20, 40), (7, 8)),              # SIGSTOP until the broker gives the work to another process; then SIGCONT
    FaultKind("kill_backend",      ("database",),                                 kills=True),   # SIGKILL of one backend process; PostgreSQL then restarts all backends
    FaultKind("kill_postgresql",   ("database",),           (0.5, 4),  (0.5, 1.5), kills=True),  # SIGKILL of all PostgreSQL processes
    FaultKind("kill_broker",       ("broker",),             (0.2, 4),  (0.2, 1),  kills=True),   # SIGKILL of the Erlang virtual machine
    FaultKind("freeze_postgresql", ("database",),           (5, 45),   (2, 4)),                  # SIGSTOP, as with a hanging disk: connections stay open and get no answer
    FaultKind("freeze_broker",     ("broker",),             (5, 40),   (2, 4)),                  # SIGSTOP: connections stay open and get no answer
    FaultKind("disk_full",         SERVICES,                (5, 30),   (2, 4)),                  # inserts into this service's outbox fail with disk_full
    FaultKind("lock_rows",         LOCKED_TABLES,           (5, 40),   (2, 3)),                  # another transaction locks rows that every batch needs
    FaultKind("reset",             PROXIED_CONNECTIONS),                                                 # both ends get a TCP reset
    FaultKind("reset_client",      PROXIED_CONNECTIONS,             (5, 30),   (2, 5)),                  # only the client gets a TCP reset: the server keeps a dead session
    FaultKind("stall",             PROXIED_CONNECTIONS,             (3, 35),   (2, 5)),                  # no data passes, and neither end notices
    FaultKind("slow",              PROXIED_CONNECTIONS,             (5, 12),   (3, 5)),                  # every piece of data is delayed
    FaultKind("memory_alarm",      ("broker",),             (3, 10),   (2, 3)),                  # the broker is short of memory and blocks publishers
)
# fmt: on


@dataclass(frozen=True, order=True)
class Fault:
    """One planned fault. `at`: seconds after the start of the drill; `duration`: seconds.

    `fraction`: random number from 0 to 1, used for a choice that is possible only when the fault begins, for example of a database backend.
    """

    at: float
    kind: str
    target: object
    duration: float
    kills: bool
    fraction: float

    def __str__(self):
        target = self.target if isinstance(self.target, str) else " ".join(self.target)
        return f"{self.at:6.1f} s  {self.kind:<16} {target:<30}{f' for {self.duration:.1f} s' if self.duration else ''}"


LONG_DRILL_SECONDS = 600.0
# Shortest and longest time between the starts of two faults, in seconds. In a long drill kills and the other faults, which last up to 45 seconds, have
# their own sequences, so that the system works between two faults for long enough to process a large number of events.
PAUSE = (1.5, 4.0)
KILL_PAUSE_OF_LONG_DRILL, OTHER_PAUSE_OF_LONG_DRILL = (6.5, 12.0), (18.0, 36.0)


def draw_schedule_of_drill(seed: int, seconds: float) -> list[Fault]:
    """Return the faults of a drill of this duration, in order of time."""
    if seconds < LONG_DRILL_SECONDS:
        return draw_schedule(seed, seconds)
    kills = draw_schedule(2 * seed, seconds, KILL_PAUSE_OF_LONG_DRILL, tuple(kind for kind in FAULT_KINDS if kind.kills))
    others = draw_schedule(2 * seed + 1, seconds, OTHER_PAUSE_OF_LONG_DRILL, tuple(kind for kind in FAULT_KINDS if not kind.kills))
    return sorted(kills + others, key=lambda fault: fault.at)


def draw_schedule(seed: int, seconds: float, pause: tuple[float, float] = PAUSE, kinds: tuple[FaultKind, ...] = FAULT_KINDS) -> list[Fault]:
    """Return the random faults of one drill, in order of time. Every kind of fault occurs once before any kind occurs again.

    `seconds`: duration of the drill; `pause`: shortest and longest time between the starts of two faults, in seconds.
    A fault lasts until the end of the drill at most, or for its shortest duration if that is longer.
    """
    rng, faults, at, remaining = Random(seed), [], 0.0, []
    is_short = seconds < 60
    while True:
        at += rng.uniform(*pause)
        if at >= seconds:
            return faults
        if not remaining:
            remaining = rng.sample(kinds, len(kinds))
        kind = remaining.pop()
        low, high = kind.short_duration if is_short and kind.short_duration else kind.duration
        duration = min(rng.uniform(low, high), max(low, seconds - at))
        faults.append(Fault(round(at, 1), kind.name, rng.choice(kind.targets), round(duration, 1), kind.kills, rng.random()))
