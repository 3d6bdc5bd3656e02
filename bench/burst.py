"""Burst benchmark: while one agency publishes events of thousands of disputes at once, measure another agency's delays and the memory of all processes."""

import time

from bench.agencies import SimulatedAgencies, percentiles_ms
from bench.end_to_end import wait_until_processed
from bench.lab import Lab, log_progress
from bench.memory import MemorySampler
from bench.workload import BURST_BODY, SECOND_AGENCY, AgencyEvent, Caseload, events_of_stage, interleave_events

REPORT_INTERVAL_SECONDS = 0.2


def measure(lab: Lab, agencies: SimulatedAgencies, caseload: Caseload, dispute_count: int, idle_seconds: float) -> dict:
    """Measure the delays of SECOND_AGENCY, which is not part of the burst, first without load and then during the burst. Return the figures.

    `dispute_count`: number of disputes in the burst; `idle_seconds`: duration of the measurement without load.
    """
    disputes = [caseload.new_dispute(BURST_BODY, BURST_BODY) for _ in range(dispute_count)]
    log_progress(f"burst: {BURST_BODY} reports {dispute_count} disputes")
    for stage in (0, 1):
        _complete_stage(agencies, disputes, stage, caseload)
    wait_until_processed(lab, agencies)

    second_agency = _MeasuredAgency(agencies, caseload)
    idle_events = second_agency.report_until(lambda: len(second_agency.events) >= idle_seconds / REPORT_INTERVAL_SECONDS)
    agencies.await_outcomes(idle_events)

    events = interleave_events([events_of_stage(dispute, 2) for dispute in disputes], caseload.random)
    log_progress(f"burst: publishing {len(events)} events at once")
    with MemorySampler(lab) as memory:
        began = time.monotonic()
        agencies.start_publishing(events)
        agencies.expect_outcomes(events)
        events_during_burst = second_agency.report_until(lambda: not agencies.awaited)
        drain_seconds = time.monotonic() - began
        agencies.await_outcomes(events_during_burst)
        wait_until_processed(lab, agencies)
    delays, idle_delays = agencies.outcome_delays(events_during_burst), agencies.outcome_delays(idle_events)
    return {
        "disputes": dispute_count,
        "events": len(events),
        "applied": sum(agencies.outcomes[event.outgoing.id] == "receipt.applied" for event in events),
        "drain_seconds": round(drain_seconds, 1),
        "rate": round(len(events) / drain_seconds),
        "second_agency_idle_ms": percentiles_ms(idle_delays),
        "second_agency_ms": percentiles_ms(delays),
        "second_agency_idle_events": len(idle_events),
        "second_agency_events": len(events_during_burst),
        "memory_mb": memory.memory_figures(),
    }


def _complete_stage(agencies, disputes, stage, caseload):
    events = interleave_events([events_of_stage(dispute, stage) for dispute in disputes], caseload.random)
    agencies.publish(events)
    agencies.await_outcomes(events)


class _MeasuredAgency:
    """The agency whose delays are measured. It reports a new dispute every REPORT_INTERVAL_SECONDS."""

    def __init__(self, agencies: SimulatedAgencies, caseload: Caseload):
        self.agencies, self.caseload = agencies, caseload

    def report_until(self, done) -> list[AgencyEvent]:
        """Report new disputes until `done()` is true. Return the published events."""
        self.events: list[AgencyEvent] = []
        next_report_at = time.monotonic()
        while not done():
            if time.monotonic() >= next_report_at:
                next_report_at += REPORT_INTERVAL_SECONDS
                events = events_of_stage(self.caseload.new_dispute(SECOND_AGENCY))
                self.events += events
                self.agencies.start_publishing(events)
            self.agencies.loop.run_once(0.01)
        return self.events
