"""Proof that the checks can fail: each known fault is put into the running system in turn, and the checks must report it."""

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
DRAIN_FACTOR = 6  # a run that must drain completely gets this many times DRAIN_SECONDS
TWO_RELAYS = ("relay", "relay-second")
TWO_MEDIATIONS = ("mediation", "mediation-standby")
CONSUMERS = (*TWO_MEDIATIONS, "metrics")


def _fault(seconds: float, kind: str, target, duration: float = 0.0) -> Fault:
    return Fault(seconds, kind, target, duration, kind.startswith(("kill", "crash")), 0.5)


# fmt: off
# A crash, not a connection reset: after a reset the process would still hold its deliveries.
CRASHES_BEFORE_COMMIT = [_fault(second, "crash", ("intake", "before_commit")) for second in (1.5, 4.0, 6.5)]
BROKEN_RELAY_CONNECTIONS = [_fault(second, "stall", (relay, "broker"), 1.5) for second in (2.0, 6.0) for relay in TWO_RELAYS] + \
                  [_fault(second, "reset", (relay, "broker")) for second in (3.0, 7.0) for relay in TWO_RELAYS]
# fmt: on


def _all(processes: Iterable[str], fault: str) -> dict[str, str]:
    return dict.fromkeys(processes, fault)


@dataclass(frozen=True)
class SeededFault:
    """A fault in the code of some processes, and the kinds of findings that the checks must report.

    No `expected_findings`: the system must tolerate the fault, and the checks must find nothing.
    """

    name: str
    faults_by_process: dict[str, str]
    schedule: list[Fault]
    expected_findings: tuple[str, ...]
    description: str


# fmt: off
SEEDED_FAULTS = (
    SeededFault("acknowledge before the commit",            {"intake": "acknowledge_before_commit"},               CRASHES_BEFORE_COMMIT, ("lost",),
                "a delivery is acknowledged, and then the process dies before it commits"),
    SeededFault("acknowledge a failed event",               _all(TWO_MEDIATIONS, "acknowledge_failed_events"),     [],        ("lost",),
                "as nameko's own consumer does; one event in twenty raises"),
    SeededFault("publish everything twice",                 _all(TWO_RELAYS, "publish_twice"),                     [],        (),
                "no fault: delivery is promised at least once"),
    SeededFault("… and apply duplicates",                   _all(TWO_RELAYS, "publish_twice") | _all(TWO_MEDIATIONS, "apply_duplicates"), [], ("duplicated",),
                "mediation does not compare an event with the last sequence number processed"),
    SeededFault("publish without `mandatory`",              _all(TWO_RELAYS, "publish_without_mandatory"),         [],        ("lost",),
                "one message in twenty-five has a routing key that no queue is bound to"),
    SeededFault("delete before the confirm",                _all(TWO_RELAYS, "delete_before_confirm"),  BROKEN_RELAY_CONNECTIONS, ("lost",),
                "the connection breaks with unconfirmed messages"),
    SeededFault("two relays without partition locks",       _all(TWO_RELAYS, "read_outbox_without_partition_locks"), [],      (),
                "SKIP LOCKED lets one relay overtake the other; every consumer waits for the gap to close"),
    SeededFault("… and consumers that ignore gaps",         _all(TWO_RELAYS, "read_outbox_without_partition_locks") | _all(CONSUMERS, "ignore_gaps"), [],
                ("lost", "disordered"), "an event that was overtaken counts as a duplicate"),
    SeededFault("consumers that ignore gaps",               _all(CONSUMERS, "ignore_gaps"),                        [],        (),
                "harmless alone: one relay per partition publishes in order"),
    SeededFault("omit a transition",                        _all(TWO_MEDIATIONS, "omit_transitions"),              [],        ("disordered",),
                "one transition in twenty is not stored"),
    SeededFault("omit an outcome receipt",                  {"intake": "omit_outcome_receipts"},                   [],        ("lost",),
                "one outcome receipt in twenty is not created"),
    SeededFault("count twice",                              {"metrics": "count_twice"},                            [],        ("duplicated",),
                "one sum in five of the read model grows by two instead of one"),
)
# fmt: on


def prove(
    system: DrillSystem, row: SeededFault, log: Callable[[str], None] = lambda line: None, seconds: float = SECONDS, drain_seconds: float = DRAIN_SECONDS
) -> Run:
    """Run a short drill with the seeded fault. The servers must run; tables and queues are emptied first."""
    system.reset(row.faults_by_process)
    groups = ("federation", "grid", "petitions")
    return Drill(system, seed=1, log=log, groups=groups, pause=0.05).run(row.schedule, seconds, drain_seconds * (1 if row.expected_findings else DRAIN_FACTOR))


def is_as_expected(row: SeededFault, run: Run) -> bool:
    return all(run.figures.findings[kind] for kind in row.expected_findings) if row.expected_findings else run.is_clean


def prove_all(folder: Path, rows: Iterable[SeededFault] = SEEDED_FAULTS) -> int:
    """Run every seeded fault; print the table of results and write it into the document. Return 0 if every result is as expected, else 1."""
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
    _write_into_document(text)
    return 0 if all(is_as_expected(row, run) for row, run in results) else 1


def table(results: list[tuple[SeededFault, Run]]) -> str:
    lines = ["| seeded fault | where | what it does | lost | duplicated | disordered | first finding |", "|---|---|---|---|---|---|---|"]
    for row, run in results:
        f = run.figures
        first = next((finding for kind in (row.expected_findings or f.findings) for finding in f.findings[kind]), "–")
        where = ", ".join(row.faults_by_process)
        lines.append(f"| {row.name} | {where} | {row.description} | {f.lost} | {f.duplicated} | {f.disordered} | {_check_name(first)} |")
    return "\n".join(lines)


def _check_name(finding):
    """Return the name of the check that made the finding, without the ids of the run."""
    return f"`{finding.split(':', 1)[0]}`" if finding != "–" else "–"


def _figures(run):
    f = run.figures
    return f"lost {f.lost}, duplicated {f.duplicated}, disordered {f.disordered}, unexpected {f.unexpected}, {'drained' if run.is_drained else 'not drained'}"


def _write_into_document(text):
    if DOCUMENT.exists():
        document = DOCUMENT.read_text()
        between = re.compile(r"(<!-- proved -->\n).*?(<!-- /proved -->)", re.DOTALL)
        DOCUMENT.write_text(between.sub(lambda match: f"{match[1]}{text}\n{match[2]}", document))


assert {fault for row in SEEDED_FAULTS for fault in row.faults_by_process.values()} <= set(fault_injection.FAULTS)
