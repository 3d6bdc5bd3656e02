"""End-to-end benchmark of all services together: from an agency's publishing of an event to the outcome receipt and the update of the read model."""

import contextlib
import statistics
import subprocess
import sys
import time

from bench import needed_floor
from bench.agencies import Message, SimulatedAgencies, percentiles_ms
from bench.components import cpu_by_component, cpu_difference
from bench.counters import STATISTICS_DELAY_SECONDS, StatementCounts, per_event, read_counters
from bench.lab import Lab, Observer, log_progress, read_json
from bench.resource_usage import cpu_seconds
from bench.workload import Caseload
from contracts.channels import SUBSCRIPTIONS, service_of
from deploy.files import ROOT
from plumbing.consumer import BATCH_SIZE

COUNT_UNPROCESSED = " union all ".join(
    f"select count(*) from {service_of(stream)}.spoken s left join {listener}.heard h on h.source = s.source and h.subject = s.subject"
    f" where s.source = '{stream}' and coalesce(h.last_sequence, 0) < s.last_sequence and (%(codes)s::text[] is null or s.subject = any(%(codes)s))"
    for listener, streams in SUBSCRIPTIONS.items()
    for stream in streams
)
WARM_UP_ROUNDS = 3
FLOOR_DATABASE = "bench_needed"


def start_system(lab: Lab) -> None:
    lab.system.start()
    lab.system.wait_ready()


def stop_system(lab: Lab, agencies: SimulatedAgencies) -> None:
    wait_until_processed(lab, agencies)
    lab.system.stop(*lab.system.names)


def wait_until_processed(lab: Lab, agencies: SimulatedAgencies, seconds: float = 120, codes: list[str] | None = None, observer: Observer | None = None) -> None:
    """Wait until the services have processed every published event and all outboxes are empty. Raises TimeoutError after `seconds`.

    `codes`: check only the events of these disputes, which is cheap in a large database. `observer`: connection to use, by default a new one.
    """
    outboxes = " + ".join(f"(select count(*) from {name}.outbox)" for name in SUBSCRIPTIONS)
    with contextlib.nullcontext(observer) if observer else lab.observe() as connection:

        def count_unprocessed():
            connection.cursor.execute(f"select (select sum(count) from ({COUNT_UNPROCESSED}) n) + {outboxes}", {"codes": codes})
            return connection.cursor.fetchone()[0]

        agencies.loop.run_until(lambda: not count_unprocessed(), seconds, "waiting until every event is processed", timeout=0.05)


def warm_up(agencies: SimulatedAgencies, caseload: Caseload) -> None:
    """Run WARM_UP_ROUNDS rounds of the caseload, so that there are disputes at every stage."""
    for _ in range(WARM_UP_ROUNDS):
        events = caseload.advance_all_disputes()
        agencies.publish(events)
        agencies.await_outcomes(events)


def measure(lab: Lab, agencies: SimulatedAgencies, caseload: Caseload, seconds: float) -> dict:
    """Measure one round that is published at once, and the delays at half of its rate. Return the figures.

    The second round is published at half the rate for about `seconds`; its rest is published at once, while the statements are counted, because counting
    them costs CPU time.
    """
    with lab.observe() as observer:
        wait_until_processed(lab, agencies, observer=observer)
        events = caseload.advance_all_disputes()
        agencies.loop.run_for(STATISTICS_DELAY_SECONDS)
        counters = read_counters(lab, observer)
        own_cpu, cpu, began = time.process_time(), cpu_by_component(lab, observer), time.monotonic()
        agencies.publish(events)
        agencies.await_outcomes(events)
        wait_until_processed(lab, agencies, observer=observer)
        rate = len(events) / (time.monotonic() - began)
        cpu, own_cpu = cpu_difference(cpu, cpu_by_component(lab, observer)), time.process_time() - own_cpu
        agencies.loop.run_for(STATISTICS_DELAY_SECONDS)
        work = per_event(counters, read_counters(lab, observer), len(events))
    log_progress(f"end to end: {rate:.0f}/s; delays at half that rate")
    round_events = caseload.advance_all_disputes()
    paced_count = min(max(50, int(seconds * rate / 2)), len(round_events) // 2)
    paced, remaining = round_events[:paced_count], round_events[paced_count:]
    with lab.observe() as observer:
        paced_cpu = cpu_by_component(lab, observer)
        agencies.publish_at_rate(paced, rate / 2)
        agencies.await_outcomes(paced)
        wait_until_processed(lab, agencies, observer=observer)
        paced_cpu = cpu_difference(paced_cpu, cpu_by_component(lab, observer))
    with StatementCounts(lab) as statements:
        agencies.publish(remaining)
        agencies.await_outcomes(remaining)
        wait_until_processed(lab, agencies)
    if statements.by_service:
        work["statements"] = round(sum(statements.by_service.values()) / len(remaining), 3)
        for service, figures in work["by_service"].items():
            figures["statements"] = round(statements.by_service.get(service, 0) / len(remaining), 3)
    return {
        "events": len(events),
        "applied": sum(agencies.outcomes[event.outgoing.id] == "receipt.applied" for event in events),
        "rate": round(rate),
        "cpu_us_per_event": round(1e6 * sum(cpu.values()) / len(events)),
        "cpu_us_by_component": {name: round(1e6 * value / len(events)) for name, value in cpu.items()},
        "simulated_agencies_cpu_us": round(1e6 * own_cpu / len(events)),
        "per_event": work,
        "half_load": {
            "rate": round(rate / 2),
            "events": len(paced),
            "cpu_us_per_event": round(1e6 * sum(paced_cpu.values()) / len(paced)),
            "cpu_us_by_component": {name: round(1e6 * value / len(paced)) for name, value in paced_cpu.items()},
            "accepted_ms": percentiles_ms(agencies.acceptance_delays(paced)),
            "applied_ms": percentiles_ms(agencies.outcome_delays(paced)),
        },
    }


def measure_needed_floor(lab: Lab, event_count: int, round_count: int) -> dict:
    """Measure the floor of needed work (see `needed_floor`) on `event_count` messages, while the services are stopped. Return the figures."""
    rates, cpu_of_rounds = [], []
    for _ in range(round_count):
        rate, cpu_us, row_bytes = _run_needed_floor(lab, event_count)
        rates.append(rate)
        cpu_of_rounds.append(cpu_us)
        log_progress(f"floor of needed work: {sum(cpu_us.values()):.0f} µs per event, {rate:.0f}/s")
    totals = [sum(cpu_us.values()) for cpu_us in cpu_of_rounds]
    return {
        "events": event_count,
        "batch": BATCH_SIZE,
        "row_bytes": row_bytes,
        "rate": round(statistics.median(rates)),
        "cpu_us": round(statistics.median(totals)),
        "spread": [round(min(totals)), round(max(totals))],
        "cpu_us_by_component": {name: round(statistics.median(cpu_us[name] for cpu_us in cpu_of_rounds)) for name in cpu_of_rounds[0]},
    }


def _run_needed_floor(lab, event_count):
    """Run the floor once, in a database of its own. Return events per second, {component: CPU µs per event} and {table: average row size in bytes}.

    The publishing agencies are this process, whose CPU time is not counted.
    """
    with lab.copies.admin_cursor("postgres") as cursor:
        cursor.execute(f'create database "{FLOOR_DATABASE}"')
    command = [sys.executable, "-m", "bench.needed_floor", lab.servers.amqp_admin, lab.copies.database_url(FLOOR_DATABASE), str(event_count), str(BATCH_SIZE)]
    messages = [
        Message("", needed_floor.IN_QUEUE, needed_floor.message_body(), f"b-{number:08d}", headers=needed_floor.message_headers(number))
        for number in range(event_count)
    ]
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with child:
        assert child.stdout.readline() == "ready\n", "the floor did not start"
        database, broker = lab.server_pids
        pids = {"loop": child.pid, "postgresql": database, "rabbitmq": broker}
        cpu = {name: cpu_seconds(pid) for name, pid in pids.items()}
        lab.fill_queues(messages)
        times = read_json(child.stdout.readline())
        cpu = cpu_difference(cpu, {name: cpu_seconds(pid) for name, pid in pids.items()})
        child.stdin.write("\n")
        child.stdin.flush()
        written = read_json(child.stdout.readline())
    lab.copies.drop_copy(FLOOR_DATABASE)
    counts = {table: count for table, (count, _) in written["rows"].items()} | {"bundles": written["bundles"]}
    wanted = {"log": event_count, "receipts": 2 * event_count, "history": event_count, "timeline": event_count, "outbox": 0}
    wanted["bundles"] = -(-event_count // BATCH_SIZE)
    assert counts | wanted == counts, f"the floor wrote {counts} instead of {wanted}"
    row_bytes = {table: size for table, (_, size) in written["rows"].items() if size}
    cpu_us = {name: 1e6 * seconds / event_count for name, seconds in cpu.items()}
    return event_count / (times["ended"] - times["began"]), cpu_us, row_bytes
