"""Burst benchmark: one agency reports on thousands of disputes at once. Measures the delay of another agency's reports meanwhile, and the memory used."""

import threading
import time

from bench.agencies import Agencies, percentile
from bench.end_to_end import wait_until_processed
from bench.lab import Lab, log_progress
from bench.resource_usage import memory_mb
from bench.workload import BURST_BODY, SECOND_AGENCY, AgencyEvent, Caseload, events_of_stage, interleave

REPORT_INTERVAL_SECONDS = 0.2
SAMPLE_SECONDS = 0.5


def measure(lab: Lab, agencies: Agencies, caseload: Caseload, dispute_count: int, idle_seconds: float) -> dict:
    """Measure the second agency's delays without load and then during the burst. `dispute_count`: size of the burst; `idle_seconds`: duration without load."""
    disputes = [caseload.new_dispute(BURST_BODY, BURST_BODY) for _ in range(dispute_count)]
    log_progress(f"burst: {dispute_count} disputes are reported by {BURST_BODY}")
    for stage in (0, 1):
        _advance(agencies, disputes, stage, caseload)
    wait_until_processed(lab, agencies)

    second_agency = _SecondAgency(agencies, caseload)
    idle_events = second_agency.report_until(lambda: len(second_agency.events) >= idle_seconds / REPORT_INTERVAL_SECONDS)
    agencies.await_outcomes(idle_events)

    events = interleave([events_of_stage(dispute, 2) for dispute in disputes], caseload.random)
    log_progress(f"burst: {len(events)} events at once")
    with _MemorySampler(lab) as memory:
        began = time.monotonic()
        agencies.start_publishing(events)
        ids = {event.outgoing.id for event in events}
        events_during_burst = second_agency.report_until(lambda: ids <= agencies.outcome_received_at.keys())
        drained = time.monotonic() - began
        agencies.await_outcomes(events_during_burst)
        wait_until_processed(lab, agencies)
    delays, idle_delays = agencies.outcome_delays(events_during_burst), agencies.outcome_delays(idle_events)
    return {
        "disputes": dispute_count,
        "events": len(events),
        "applied": sum(agencies.outcomes[event.outgoing.id] == "receipt.applied" for event in events),
        "drain_seconds": round(drained, 1),
        "rate": round(len(events) / drained),
        "second_agency_idle_ms": _percentiles(idle_delays),
        "second_agency_ms": _percentiles(delays),
        "second_agency_idle_events": len(idle_events),
        "second_agency_events": len(events_during_burst),
        "memory_mb": memory.figures(),
    }


def _advance(agencies, disputes, stage, caseload):
    events = interleave([events_of_stage(dispute, stage) for dispute in disputes], caseload.random)
    agencies.publish(events)
    agencies.await_outcomes(events)


def _percentiles(delays):
    return {name: round(1000 * value, 1) for name, value in (("p50", percentile(delays, 0.5)), ("p99", percentile(delays, 0.99)), ("max", max(delays)))}


class _SecondAgency:
    """The second agency, which reports a new dispute every REPORT_INTERVAL_SECONDS."""

    def __init__(self, agencies: Agencies, caseload: Caseload):
        self.agencies, self.caseload = agencies, caseload

    def report_until(self, done) -> list[AgencyEvent]:
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


class _MemorySampler:
    """Context manager that measures the memory of each process twice a second: before, peak and after, in MB."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.before, self.peak, self.after = {}, {}, {}

    def __enter__(self):
        self.before = self.peak = self._memory_by_process()
        self.is_over = threading.Event()
        self.thread = threading.Thread(target=self._sample)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.is_over.set()
        self.thread.join()
        self.after = self._memory_by_process()

    def _sample(self):
        while not self.is_over.wait(SAMPLE_SECONDS):
            now = self._memory_by_process()
            self.peak = {name: max(now[name], self.peak[name]) for name in now}

    def _memory_by_process(self):
        database, broker = self.lab.server_pids
        pids = {name: self.lab.system.pid(name) for name in self.lab.system.names}
        return {name: memory_mb(pid) for name, pid in (pids | {"postgresql": database, "rabbitmq": broker}).items()}

    def figures(self) -> dict:
        return {name: {"before": self.before[name], "peak": self.peak[name], "after": self.after[name]} for name in self.before}
