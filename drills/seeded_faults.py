"""Proof that the drill's checks find faults: for each known fault, run a short drill on a system with this fault in its code; the checks must report it."""

import re
import shutil
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from deploy.files import ROOT
from drills import fault_injection
from drills.drill import Drill, DrillResult
from drills.schedule import Fault
from drills.system import PROCESSES, DrillSystem

RELIABILITY_DOCUMENT = ROOT / "docs" / "reliability.md"
FAULT_SECONDS, DRAIN_SECONDS = 10.0, 20.0
LOAD_RATE = 60.0  # events per second of all agencies together
DRAIN_FACTOR = 6  # factor of the time limit DRAIN_SECONDS for runs in which the system must finish all its work
RELAY_PROCESSES = ("relay", "relay-second")
MEDIATION_PROCESSES = ("mediation", "mediation-standby")
CONSUMER_PROCESSES = (*MEDIATION_PROCESSES, "metrics")


def _make_fault(seconds: float, kind: str, target, duration: float = 0.0) -> Fault:
    return Fault(seconds, kind, target, duration, kind.startswith(("kill", "crash")), 0.5)


# fmt: off
# The process must crash: after a mere connection reset it would still have the deliveries in memory.
CRASHES_BEFORE_COMMIT = [_make_fault(second, "crash", ("intake", "before_commit")) for second in (1.5, 4.0, 6.5)]
BROKEN_RELAY_CONNECTIONS = [_make_fault(second, "stall", (relay, "broker"), 1.5) for second in (2.0, 6.0) for relay in RELAY_PROCESSES] + \
                  [_make_fault(second, "reset", (relay, "broker")) for second in (3.0, 7.0) for relay in RELAY_PROCESSES]
# fmt: on


# While the intake service is suspended, events queue up, so that it publishes long bundles afterwards.
SUSPENSIONS_OF_INTAKE = [_make_fault(second, "freeze", "intake", 1.5) for second in (1.0, 4.0, 7.0)]
# The same for disputes that are so far advanced that a mediation body reports their steps without waiting for outcomes.
LONG_SUSPENSIONS_OF_INTAKE = [_make_fault(second, "freeze", "intake", 3.0) for second in (9.0, 14.0, 19.0)]
# While both relays are suspended, several events of such a dispute wait in an outbox, in rows of their own.
SUSPENSIONS_OF_RELAYS = [_make_fault(second, "freeze", relay, 3.0) for second in (9.0, 14.0, 19.0) for relay in RELAY_PROCESSES]
LONG_FAULT_SECONDS = 24.0  # long enough for such disputes, so that two events of one dispute are published shortly after each other


def _same_fault_in(processes: Iterable[str], fault: str) -> dict[str, str]:
    return dict.fromkeys(processes, fault)


@dataclass(frozen=True)
class SeededFault:
    """A fault put into the code of some processes, and the kinds of findings that the checks must report.

    `expected_findings` is empty if the system must tolerate the fault; then the checks must find nothing.
    `faults_by_process`: process → name of the function in `fault_injection`. `schedule`: faults injected from outside in the same run.
    """

    name: str
    faults_by_process: dict[str, str]
    schedule: list[Fault]
    expected_findings: tuple[str, ...]
    description: str
    seconds: float = FAULT_SECONDS  # duration of the load


# fmt: off
SEEDED_FAULTS = (
    SeededFault("acknowledge before the commit",            {"intake": "acknowledge_before_commit"},               CRASHES_BEFORE_COMMIT, ("lost",),
                "a delivery is acknowledged, and then the process dies before it commits"),
    SeededFault("acknowledge a failed event",               _same_fault_in(MEDIATION_PROCESSES, "acknowledge_failed_events"),     [],        ("lost",),
                "one event in twenty raises an error and is acknowledged but not parked, as nameko's own consumer does"),
    SeededFault("publish everything twice",                 _same_fault_in(RELAY_PROCESSES, "publish_twice"),                     [],        (),
                "no fault: delivery is promised at least once"),
    SeededFault("… and apply duplicates",                   _same_fault_in(RELAY_PROCESSES, "publish_twice") | _same_fault_in(MEDIATION_PROCESSES, "apply_duplicates"), [], ("duplicated",),
                "mediation does not compare an event with the last sequence number processed"),
    SeededFault("publish without `mandatory`",              _same_fault_in(RELAY_PROCESSES, "publish_without_mandatory"),         [],        ("lost",),
                "one message in twenty-five has a routing key that no queue is bound to"),
    SeededFault("delete before the confirm",                _same_fault_in(RELAY_PROCESSES, "delete_before_confirm"),  BROKEN_RELAY_CONNECTIONS, ("lost",),
                "the connection breaks with unconfirmed messages"),
    SeededFault("two relays without partition locks",       _same_fault_in(RELAY_PROCESSES, "read_outbox_without_partition_locks"), SUSPENSIONS_OF_RELAYS, (),
                "SKIP LOCKED lets one relay overtake the other; every consumer waits for the gap to close", LONG_FAULT_SECONDS),
    SeededFault("… and consumers that ignore gaps",         _same_fault_in(RELAY_PROCESSES, "read_outbox_without_partition_locks") | _same_fault_in(CONSUMER_PROCESSES, "ignore_gaps"),
                SUSPENSIONS_OF_RELAYS, ("lost", "disordered"), "an event that was overtaken counts as a duplicate", LONG_FAULT_SECONDS),
    SeededFault("consumers that ignore gaps",               _same_fault_in(CONSUMER_PROCESSES, "ignore_gaps"),                        [],        (),
                "harmless alone: one relay per partition publishes in order"),
    SeededFault("omit a transition",                        _same_fault_in(MEDIATION_PROCESSES, "omit_transitions"),              [],        ("disordered",),
                "one transition in twenty is not stored"),
    SeededFault("omit an outcome receipt",                  {"intake": "omit_outcome_receipts"},                   [],        ("lost",),
                "one outcome receipt in twenty is not created"),
    SeededFault("count twice",                              {"metrics": "count_twice"},                            [],        ("duplicated",),
                "one sum in five of the read model grows by two instead of one"),
    SeededFault("lose an element of a bundle",              _same_fault_in(RELAY_PROCESSES, "lose_bundle_elements"),    SUSPENSIONS_OF_INTAKE, ("lost",),
                "one bundle in five is published without one of its events"),
    SeededFault("lose a receipt of a batch",                _same_fault_in(RELAY_PROCESSES, "lose_receipts_of_batches"), SUSPENSIONS_OF_INTAKE, ("lost",),
                "one message in five with several receipts or notices is published without one of them"),
    SeededFault("reverse each bundle",                      _same_fault_in(RELAY_PROCESSES, "reverse_bundles"),    LONG_SUSPENSIONS_OF_INTAKE, (),
                "harmless alone: every consumer sorts the events of a batch by sequence number", LONG_FAULT_SECONDS),
    SeededFault("… and consumers that do not sort",         _same_fault_in(RELAY_PROCESSES, "reverse_bundles") | _same_fault_in(CONSUMER_PROCESSES, "process_in_arrival_order"),
                LONG_SUSPENSIONS_OF_INTAKE, ("disordered",), "the events of one dispute in a bundle are processed in the order of arrival", LONG_FAULT_SECONDS),
    SeededFault("process half of a bundle",                 _same_fault_in(CONSUMER_PROCESSES, "process_half_of_bundles"), SUSPENSIONS_OF_INTAKE, ("lost",),
                "one bundle in five is acknowledged although only its first half was processed"),
    SeededFault("a bundle without its content type",        _same_fault_in(RELAY_PROCESSES, "publish_bundles_as_single_events"), SUSPENSIONS_OF_INTAKE, ("lost", "unexpected"),
                "listeners store a bundle as one unreadable event"),
    SeededFault("two caches of the read model",             {"metrics": "write_read_model_from_two_caches"},       [],        (),
                "harmless alone: a cache is used only if it made the last write"),
    SeededFault("… and a cache that is used when stale",    {"metrics": "write_read_model_from_two_caches+use_stale_cache"}, [], ("lost", "duplicated"),
                "differences of counts are computed from old states of the disputes"),
)
# fmt: on


def run_with_seeded_fault(
    system: DrillSystem,
    seeded_fault: SeededFault,
    log: Callable[[str], None] = lambda line: None,
    seconds: float | None = None,
    drain_seconds: float = DRAIN_SECONDS,
) -> DrillResult:
    """Run a short drill with the seeded fault. Return its result. The servers must be running; their tables and queues are emptied first."""
    system.restart_empty(seeded_fault.faults_by_process)
    groups = ("federation", "grid", "petitions")
    return Drill(system, seed=1, log=log, groups=groups, rate=LOAD_RATE).run(
        seeded_fault.schedule, seeded_fault.seconds if seconds is None else seconds, drain_seconds * (1 if seeded_fault.expected_findings else DRAIN_FACTOR)
    )


def has_expected_findings(seeded_fault: SeededFault, run: DrillResult) -> bool:
    return all(run.figures.findings[kind] for kind in seeded_fault.expected_findings) if seeded_fault.expected_findings else run.is_clean


def run_all_seeded_faults(folder: Path, seeded_faults: Iterable[SeededFault] = SEEDED_FAULTS) -> int:
    """Run a short drill with each seeded fault, print the table of results and write it into docs/reliability.md.

    Return the exit code: 0 if every result is as expected, else 1.
    """
    shutil.rmtree(folder, ignore_errors=True)
    results = []
    with DrillSystem(folder, PROCESSES) as system:
        for seeded_fault in seeded_faults:
            run = run_with_seeded_fault(system, seeded_fault, lambda line: print(f"          {line}", file=sys.stderr, flush=True))
            results.append((seeded_fault, run))
            print(
                f"{'found  ' if has_expected_findings(seeded_fault, run) else 'MISSED '} {seeded_fault.name}: {_figures_text(run)}", file=sys.stderr, flush=True
            )
    shutil.rmtree(folder, ignore_errors=True)
    text = markdown_table(results)
    print(text)
    _write_into_document(text)
    return 0 if all(has_expected_findings(seeded_fault, run) for seeded_fault, run in results) else 1


def markdown_table(results: list[tuple[SeededFault, DrillResult]]) -> str:
    lines = ["| seeded fault | where | what it does | lost | duplicated | disordered | first finding |", "|---|---|---|---|---|---|---|"]
    for seeded_fault, run in results:
        f = run.figures
        first = next((finding for kind in (seeded_fault.expected_findings or f.findings) for finding in f.findings[kind]), "–")
        where = ", ".join(seeded_fault.faults_by_process)
        lines.append(f"| {seeded_fault.name} | {where} | {seeded_fault.description} | {f.lost} | {f.duplicated} | {f.disordered} | {_name_of_check(first)} |")
    return "\n".join(lines)


def _name_of_check(finding):
    """Return the name of the check that made the finding, without the event ids, which differ in each run."""
    return f"`{finding.split(':', 1)[0]}`" if finding != "–" else "–"


def _figures_text(run):
    f = run.figures
    return f"lost {f.lost}, duplicated {f.duplicated}, disordered {f.disordered}, unexpected {f.unexpected}, {'drained' if run.is_drained else 'not drained'}"


def _write_into_document(text):
    if RELIABILITY_DOCUMENT.exists():
        document = RELIABILITY_DOCUMENT.read_text()
        between = re.compile(r"(<!-- proved -->\n).*?(<!-- /proved -->)", re.DOTALL)
        RELIABILITY_DOCUMENT.write_text(between.sub(lambda match: f"{match[1]}{text}\n{match[2]}", document))


assert {fault for seeded_fault in SEEDED_FAULTS for faults in seeded_fault.faults_by_process.values() for fault in faults.split("+")} <= set(
    fault_injection.FAULT_FUNCTIONS
)
