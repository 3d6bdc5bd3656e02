"""Does the count find what it is there to find? One fault after the other is seeded into the running system, and each must be reported."""

import re
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.files import ROOT
from drills import fault_injection
from drills.drill import Drill, Run
from drills.schedule import Fault
from drills.system import PROCESSES, DrillSystem

DOCUMENT = ROOT / "docs" / "reliability.md"
SECONDS, DRAIN_SECONDS = 10.0, 20.0
PATIENCE = 6  # times as long for what the system bears: there it has to drain
TWO_RELAYS = ("relay", "relay-second")
TWO_MEDIATIONS = ("mediation", "mediation-standby")
LISTENERS = (*TWO_MEDIATIONS, "metrics")


def _at(seconds: float, kind: str, whom, lasts: float = 0.0) -> Fault:
    return Fault(seconds, kind, whom, lasts, kind.startswith(("kill", "crash")), 0.5)


# fmt: off
DIES_BEFORE_ITS_COMMIT = [_at(second, "crash", ("intake", "before_commit")) for second in (1.5, 4.0, 6.5)]  # a cut would not do: it keeps what it has in hand
LOST_ON_THE_WAY = [_at(second, "stall", (relay, "broker"), 1.5) for second in (2.0, 6.0) for relay in TWO_RELAYS] + \
                  [_at(second, "cut", (relay, "broker")) for second in (3.0, 7.0) for relay in TWO_RELAYS]
# fmt: on


def _all(processes: Iterable[str], fault: str) -> dict[str, str]:
    return dict.fromkeys(processes, fault)


@dataclass(frozen=True)
class Seeded:
    """A row of the table below. `finds` is what must not be zero; empty: the system bears it, and everything must be zero."""

    name: str
    seeded: dict[str, str]
    schedule: list[Fault]
    finds: tuple[str, ...]
    says: str


# fmt: off
SEEDED = (
    Seeded("acknowledged before the commit",            {"intake": "acknowledges_first"},                      DIES_BEFORE_ITS_COMMIT, ("lost",),
           "a delivery is taken off the broker's hands, then the process dies"),
    Seeded("an error is acknowledged",                  _all(TWO_MEDIATIONS, "swallows_errors"),               [],        ("lost",),
           "as a stock consumer does; one event in twenty raises"),
    Seeded("everything is published twice",             _all(TWO_RELAYS, "says_everything_twice"),             [],        (),
           "no fault: at least once is what is promised"),
    Seeded("… and repeats are heard again",             _all(TWO_RELAYS, "says_everything_twice") | _all(TWO_MEDIATIONS, "hears_repeats"), [], ("duplicated",),
           "mediation does not look at how far it has heard"),
    Seeded("published without `mandatory`",             _all(TWO_RELAYS, "does_not_ask_whether_it_is_routed"), [],        ("lost",),
           "one message in twenty-five has an address that nobody is bound to"),
    Seeded("deleted before the confirm",                _all(TWO_RELAYS, "deletes_before_the_confirm"),  LOST_ON_THE_WAY, ("lost",),
           "the line breaks with messages under way"),
    Seeded("two relays without partition locks",        _all(TWO_RELAYS, "shares_without_locks"),              [],        (),
           "SKIP LOCKED lets one overtake the other; every listener waits for the gap to close"),
    Seeded("… and listeners that do not wait for gaps", _all(TWO_RELAYS, "shares_without_locks") | _all(LISTENERS, "hears_gaps"), [], ("lost", "disordered"),
           "what was overtaken is taken for a repeat"),
    Seeded("listeners that do not wait for gaps",       _all(LISTENERS, "hears_gaps"),                         [],        (),
           "alone it is harmless: one relay per partition publishes in order"),
    Seeded("a step leaves no row of history",           _all(TWO_MEDIATIONS, "forgets_history"),               [],        ("disordered",),
           "one transition in twenty is not written"),
    Seeded("an outcome is not told",                    {"intake": "forgets_receipts"},                        [],        ("lost",),
           "one outcome receipt in twenty is not made"),
    Seeded("a sum counts twice",                        {"metrics": "counts_twice"},                           [],        ("duplicated",),
           "one cell in five of the read model moves by two"),
)
# fmt: on


def prove(
    system: DrillSystem, row: Seeded, told: Callable[[str], None] = lambda line: None, seconds: float = SECONDS, drain_seconds: float = DRAIN_SECONDS
) -> Run:
    """One seeded fault on a system whose servers run; its tables and queues are emptied first."""
    system.reset(row.seeded)
    houses = ("federation", "grid", "petitions")
    return Drill(system, seed=1, told=told, houses=houses, pause=0.05).run(row.schedule, seconds, drain_seconds * (1 if row.finds else PATIENCE))


def is_as_expected(row: Seeded, run: Run) -> bool:
    return all(run.figures.findings[kind] for kind in row.finds) if row.finds else run.is_clean


def prove_all(folder: Path, rows: Iterable[Seeded] = SEEDED) -> int:
    """Prints the table and writes it into the document. 0 if every fault was found."""
    shutil.rmtree(folder, ignore_errors=True)
    results = []
    with DrillSystem(folder, PROCESSES) as system:
        for row in rows:
            run = prove(system, row, lambda line: print(f"          {line}", file=sys.stderr, flush=True))
            results.append((row, run))
            print(f"{'found  ' if is_as_expected(row, run) else 'MISSED '} {row.name}: {_figures(run)}", file=sys.stderr, flush=True)
    shutil.rmtree(folder, ignore_errors=True)
    text = table(results)
    print(text)
    _write(text)
    return 0 if all(is_as_expected(row, run) for row, run in results) else 1


def table(results: list[tuple[Seeded, Run]]) -> str:
    lines = ["| seeded fault | where | what it does | lost | duplicated | disordered | first finding |", "|---|---|---|---|---|---|---|"]
    for row, run in results:
        f = run.figures
        first = next((found for kind in (row.finds or f.findings) for found in f.findings[kind]), "–")
        where = ", ".join(row.seeded)
        lines.append(f"| {row.name} | {where} | {row.says} | {f.lost} | {f.duplicated} | {f.disordered} | {_question(first)} |")
    return "\n".join(lines)


def _question(finding):
    """The question that found it, without the ids of that run."""
    return f"`{finding.split(':', 1)[0]}`" if finding != "–" else "–"


def _figures(run):
    f = run.figures
    return f"lost {f.lost}, duplicated {f.duplicated}, disordered {f.disordered}, unexpected {f.unexpected}, {'drained' if run.is_drained else 'not drained'}"


def _write(text):
    if DOCUMENT.exists():
        document = DOCUMENT.read_text()
        between = re.compile(r"(<!-- proved -->\n).*?(<!-- /proved -->)", re.DOTALL)
        DOCUMENT.write_text(between.sub(lambda match: f"{match[1]}{text}\n{match[2]}", document))


assert {fault for row in SEEDED for fault in row.seeded.values()} <= set(fault_injection.FAULTS)
