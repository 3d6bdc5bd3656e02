"""Which fault happens when, to whom and for how long: drawn from a seed, so that a run can be told again. Pure."""

from dataclasses import dataclass
from random import Random

SERVICES = ("intake", "mediation", "metrics", "notify")
OURS = (*SERVICES, "relay", "door", "mediation-standby", "relay-second")
CRASH_POINTS = (
    *((name, point) for name in SERVICES for point in ("after_heard", "before_commit", "after_commit", "before_acknowledge", "after_acknowledge")),
    *(("relay", point) for point in ("relay_selected", "relay_published", "relay_confirmed")),
)
WIRES = (
    *((name, server) for name in (*SERVICES, "relay") for server in ("broker", "database")),
    ("door", "database"), ("agencies", "broker"), ("agencies", "door"),
)  # fmt: skip
HELD = ("intake.log_head", "intake.receipt_cursors", "mediation.spoken", "metrics.head")


@dataclass(frozen=True)
class Kind:
    """A row of the table below. `lasts` in seconds, from and to; in a short drill, `briefly`."""

    name: str
    whom: tuple
    lasts: tuple[float, float] = (0.0, 0.0)
    briefly: tuple[float, float] | None = None
    kills: bool = False


# fmt: off
KINDS = (
    #    what                whom                    for so long     in short    what it is
    Kind("kill",             OURS,                                   kills=True),              # kill -9
    Kind("kill",             SERVICES,                               kills=True),              # twice as often as the rest
    Kind("end",              OURS),                                                            # SIGTERM: finish, acknowledge, leave
    Kind("crash",            CRASH_POINTS,                           kills=True),              # dies at a chosen line
    Kind("freeze",           (*SERVICES, "relay", "door"), (20, 40), (7, 8)),                  # SIGSTOP: the broker gives its work to another, then it wakes up
    Kind("kill_backend",     ("database",),                          kills=True),              # kill -9 of one process: PostgreSQL resets all of them
    Kind("kill_postgresql",  ("database",),          (0.5, 4),       (0.5, 1.5), kills=True),  # all its processes
    Kind("kill_broker",      ("broker",),            (0.2, 4),       (0.2, 1),   kills=True),  # the Erlang machine
    Kind("freeze_postgresql", ("database",),         (5, 45),        (2, 4)),                  # as if its disk hung: nobody is told, nothing answers
    Kind("freeze_broker",    ("broker",),            (5, 40),        (2, 4)),
    Kind("fill",             SERVICES,               (5, 30),        (2, 4)),                  # the database answers, and has no room for what this one says
    Kind("hold",             HELD,                   (5, 40),        (2, 3)),                  # somebody else's transaction holds a row that all must have
    Kind("cut",              WIRES),                                                           # both ends get a reset
    Kind("cut_here",         WIRES,                  (5, 30),        (2, 5)),                  # only we notice: the server keeps a dead session
    Kind("stall",            WIRES,                  (3, 35),        (2, 5)),                  # nothing gets through, nobody is told
    Kind("slow",             WIRES,                  (5, 12),        (3, 5)),
    Kind("alarm",            ("broker",),            (3, 10),        (2, 3)),                  # short of memory: publishers are blocked
)
# fmt: on


@dataclass(frozen=True, order=True)
class Fault:
    """One row of a schedule. `at` and `lasts` in seconds; `chance` is for what is only known when it happens."""

    at: float
    kind: str
    whom: object
    lasts: float
    kills: bool
    chance: float

    def __str__(self):
        whom = self.whom if isinstance(self.whom, str) else " ".join(self.whom)
        return f"{self.at:6.1f} s  {self.kind:<16} {whom:<30}{f' for {self.lasts:.1f} s' if self.lasts else ''}"


def draw(seed: int, seconds: float, pause: tuple[float, float] = (1.5, 4.0), kinds: tuple[Kind, ...] = KINDS) -> list[Fault]:
    """Every kind comes once before any comes again. The last quarter of a short drill has room for what lasts."""
    chance, faults, at, left = Random(seed), [], 0.0, []
    is_short = seconds < 60
    while True:
        at += chance.uniform(*pause)
        if at >= seconds:
            return faults
        if not left:
            left = chance.sample(kinds, len(kinds))
        kind = left.pop()
        low, high = kind.briefly if is_short and kind.briefly else kind.lasts
        lasts = min(chance.uniform(low, high), max(low, seconds - at))
        faults.append(Fault(round(at, 1), kind.name, chance.choice(kind.whom), round(lasts, 1), kind.kills, chance.random()))
