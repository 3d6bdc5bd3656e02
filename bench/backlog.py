"""Backlog benchmark: agencies publish many events while the services are stopped; then the services process them. `python -m bench backlog`."""

import time

from bench.agencies import SimulatedAgencies
from bench.end_to_end import wait_until_processed
from bench.lab import Lab, log_progress
from bench.memory import MemorySampler
from bench.workload import Caseload, events_of_stage, interleave_events
from contracts.channels import SERVICES

# Each dispute is reported, screened and routed before the measurement. In the remaining stages all events of a dispute come from one mediation body.
PREPARED_STAGES, BACKLOG_STAGES = (0, 1), (2, 3)
EVENTS_PER_DISPUTE = 8 + 3  # number of events of a dispute in the stages of the backlog
DISPUTES_PER_PREPARATION = 2000
LEAST_EVENTS_PER_SECOND = 10  # below this rate the benchmark gives up


def measure(lab: Lab, agencies: SimulatedAgencies, caseload: Caseload, event_count: int) -> dict:
    """Measure throughput and memory of each process while a backlog of at least `event_count` agency events is processed. Return the figures."""
    disputes = [caseload.new_dispute() for _ in range(-(-event_count // EVENTS_PER_DISPUTE))]
    log_progress(f"backlog: reporting {len(disputes)} disputes")
    for first in range(0, len(disputes), DISPUTES_PER_PREPARATION):
        for stage in PREPARED_STAGES:
            events = [event for dispute in disputes[first : first + DISPUTES_PER_PREPARATION] for event in events_of_stage(dispute, stage)]
            agencies.publish(events)
            agencies.await_outcomes(events, seconds=len(events) / LEAST_EVENTS_PER_SECOND + 60)
    wait_until_processed(lab, agencies, seconds=600)
    events = interleave_events([[event for stage in BACKLOG_STAGES for event in events_of_stage(dispute, stage)] for dispute in disputes], caseload.random)
    with MemorySampler(lab) as memory:
        lab.system.stop(*SERVICES)
        log_progress(f"backlog: publishing {len(events)} events while the services are stopped")
        agencies.publish(events, seconds=600)
        lab.system.start(*SERVICES)
        lab.system.wait_ready(*SERVICES)
        began = time.monotonic()
        agencies.await_outcomes(events, seconds=len(events) / LEAST_EVENTS_PER_SECOND + 60)
        wait_until_processed(lab, agencies, seconds=600)
        drain_seconds = time.monotonic() - began
    return {
        "events": len(events),
        "applied": sum(agencies.outcomes[event.outgoing.id] == "receipt.applied" for event in events),
        "drain_seconds": round(drain_seconds, 1),
        "rate": round(len(events) / drain_seconds),
        "memory_mb": memory.memory_figures(),
    }
