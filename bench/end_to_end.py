"""End-to-end benchmark of all services together: from an agency's publishing of an event to the outcome receipt and the update of the read model."""

import time

from bench.agencies import SimulatedAgencies, percentile
from bench.lab import Lab, log_progress
from bench.resource_usage import cpu_seconds
from bench.workload import Caseload
from contracts.channels import SUBSCRIPTIONS, service_of

COUNT_UNPROCESSED = " union all ".join(
    f"select count(*) from {service_of(stream)}.spoken s left join {listener}.heard h on h.source = s.source and h.subject = s.subject"
    f" where s.source = '{stream}' and coalesce(h.last_sequence, 0) < s.last_sequence and (%(codes)s::text[] is null or s.subject = any(%(codes)s))"
    for listener, streams in SUBSCRIPTIONS.items()
    for stream in streams
)
WARM_UP_ROUNDS = 3


def start_system(lab: Lab) -> None:
    lab.system.start()
    lab.system.wait_ready()


def stop_system(lab: Lab, agencies: SimulatedAgencies) -> None:
    wait_until_processed(lab, agencies)
    lab.system.stop(*lab.system.names)


def wait_until_processed(lab: Lab, agencies: SimulatedAgencies, seconds: float = 120, codes: list[str] | None = None) -> None:
    """Wait until the services have processed every published event and all outboxes are empty. Raises TimeoutError after `seconds`.

    `codes`: check only the events of these disputes, which is cheap in a large database.
    """
    with lab.copies.admin_cursor("fengqiao") as cursor:

        def count_unprocessed():
            outboxes = " + ".join(f"(select count(*) from {name}.outbox)" for name in SUBSCRIPTIONS)
            cursor.execute(f"select (select sum(count) from ({COUNT_UNPROCESSED}) n) + {outboxes}", {"codes": codes})
            return cursor.fetchone()[0]

        agencies.loop.run_until(lambda: not count_unprocessed(), seconds, "waiting until every event is processed", timeout=0.05)


def warm_up(agencies: SimulatedAgencies, caseload: Caseload) -> None:
    """Run WARM_UP_ROUNDS rounds of the caseload, so that there are disputes at every stage."""
    for _ in range(WARM_UP_ROUNDS):
        events = caseload.advance_all_disputes()
        agencies.publish(events)
        agencies.await_outcomes(events)


def pids_of_all_processes(lab: Lab) -> list[int | None]:
    return [*(lab.system.pid(name) for name in lab.system.names), *lab.server_pids]


def measure(lab: Lab, agencies: SimulatedAgencies, caseload: Caseload, seconds: float) -> dict:
    """Measure the throughput of one round that is published at once, and then the delays of a round that is published at half that rate. Return the figures."""
    events = caseload.advance_all_disputes()
    cpu, began = cpu_seconds(*pids_of_all_processes(lab)), time.monotonic()
    agencies.publish(events)
    agencies.await_outcomes(events)
    wait_until_processed(lab, agencies)
    rate = len(events) / (time.monotonic() - began)
    cpu = cpu_seconds(*pids_of_all_processes(lab)) - cpu
    log_progress(f"end to end: {rate:.0f}/s; delays at half that rate")
    round_events, paced_count = caseload.advance_all_disputes(), max(50, int(seconds * rate / 2))
    paced, remaining = round_events[:paced_count], round_events[paced_count:]
    agencies.publish_at_rate(paced, rate / 2)
    agencies.await_outcomes(paced)
    wait_until_processed(lab, agencies)
    delays = agencies.outcome_delays(paced)
    agencies.publish(remaining)  # completes the round, so that each dispute is in the expected state in the next round
    agencies.await_outcomes(remaining)
    applied = sum(agencies.outcomes[event.outgoing.id] == "receipt.applied" for event in events)
    return {
        "events": len(events),
        "applied": applied,
        "rate": round(rate),
        "cpu_us_per_event": round(1e6 * cpu / len(events)),
        "paced_at": round(rate / 2),
        "paced_events": len(paced),
        "p50_ms": round(1000 * percentile(delays, 0.50), 1),
        "p99_ms": round(1000 * percentile(delays, 0.99), 1),
    }
