"""Idle benchmark: CPU time of the system without load, and the delays of single events, each published when the one before it has been processed."""

from bench.agencies import SimulatedAgencies, percentiles_ms
from bench.components import cpu_by_component, cpu_difference
from bench.counters import STATISTICS_DELAY_SECONDS
from bench.end_to_end import wait_until_processed
from bench.lab import Lab, log_progress, wait_for_maintenance
from bench.workload import SECOND_AGENCY, Caseload, events_of_stage

PAUSE_SECONDS = (0.2, 0.5)  # shortest and longest pause before a single event; random, so that the events do not fall into step with the services' timers


def measure(lab: Lab, agencies: SimulatedAgencies, caseload: Caseload, seconds: float, single_events: int) -> dict:
    """Measure the CPU time of the quiet system for `seconds`, in per cent of one core, and the delays of `single_events` events. Return the figures.

    The work that earlier events have left to the database server (vacuum, checkpoint) ends before.
    """
    log_progress(f"idle: {seconds:g} s without load, then {single_events} single events")
    wait_until_processed(lab, agencies)
    with lab.observe() as observer:
        agencies.loop.run_for(STATISTICS_DELAY_SECONDS)  # counts that arrive after the vacuum would start another one
        wait_for_maintenance(observer.cursor)
        before = cpu_by_component(lab, observer)
        agencies.loop.run_for(seconds)
        used = cpu_difference(before, cpu_by_component(lab, observer))
    events = []
    for _ in range(single_events):
        agencies.loop.run_for(caseload.random.uniform(*PAUSE_SECONDS))
        (event,) = events_of_stage(caseload.new_dispute(SECOND_AGENCY), 0)
        agencies.start_publishing([event])
        agencies.await_outcomes([event])
        events.append(event)
    return {
        "seconds": seconds,
        "cpu_percent": round(100 * sum(used.values()) / seconds, 2),
        "cpu_percent_by_component": {name: round(100 * value / seconds, 2) for name, value in used.items()},
        "single_events": len(events),
        "accepted_ms": percentiles_ms(agencies.acceptance_delays(events)),
        "applied_ms": percentiles_ms(agencies.outcome_delays(events)),
    }
