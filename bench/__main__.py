"""`python -m bench [--quick] [part …]`: starts separate servers, runs the benchmarks, logs progress to stderr and writes .run/bench.json."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from bench import against, backlog, burst, end_to_end, idle, large, relay_throughput, service_throughput
from bench.agencies import SimulatedAgencies
from bench.lab import Lab, log_progress
from bench.resource_usage import machine_description
from bench.workload import Caseload
from deploy.files import write_private
from local.paths import run_dir
from local.progress import CannotContinue
from local.signals import interrupt_on_stop_signals

DEFAULT_PARTS = ("hops", "relay", "end_to_end", "idle", "burst")
PARTS = (*DEFAULT_PARTS, "backlog", "large")


@dataclass(frozen=True)
class BenchmarkSize:
    """Amount of work of each benchmark."""

    service_count: int  # number of services measured alone, counted from the first entry of MEASURED_SERVICES
    new_per_round: int  # number of new disputes in each round; a round has about fourteen times as many events
    pair_count: int  # number of measurements of a service or the relay, each paired with a measurement of its floor
    stock_events: int  # number of events for nameko's own event handler
    relayed_events: int  # number of events that the relay publishes
    paced_seconds: float  # duration of the load at a fixed rate, in seconds
    burst_disputes: int  # number of disputes whose events one agency publishes at once
    burst_idle_seconds: float  # duration of the measurement of another agency's delays before the burst, in seconds
    idle_seconds: float  # duration of the measurement of the CPU time without load, in seconds
    single_events: int  # number of events whose delay on an idle system is measured
    backlog_events: int  # number of events that are published while the services are stopped
    large_disputes: int  # number of disputes in the large database
    large_rounds: int  # number of rounds measured with few disputes, and again with many
    floor_events: int  # number of events for the floor of needed work
    floor_rounds: int  # number of measurements of that floor


FULL_SIZE = BenchmarkSize(
    service_count=len(service_throughput.MEASURED_SERVICES),
    new_per_round=450,
    pair_count=3,
    stock_events=1500,
    relayed_events=20_000,
    paced_seconds=8,
    burst_disputes=4000,
    burst_idle_seconds=8,
    idle_seconds=40,
    single_events=40,
    backlog_events=100_000,
    large_disputes=1_000_000,
    large_rounds=3,
    floor_events=6300,
    floor_rounds=3,
)
QUICK_SIZE = BenchmarkSize(
    service_count=2,
    new_per_round=15,
    pair_count=1,
    stock_events=20,
    relayed_events=4000,
    paced_seconds=1,
    burst_disputes=30,
    burst_idle_seconds=1,
    idle_seconds=2,
    single_events=5,
    backlog_events=200,
    large_disputes=2000,
    large_rounds=2,
    floor_events=2000,
    floor_rounds=1,
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run with two services; it shows that the benchmarks work, but not how fast the system is")
    parser.add_argument("--folder", type=Path, help="folder for the servers' data and bench.json (default: the run directory)")
    parser.add_argument("--against", metavar="COMMIT", help="run the end-to-end benchmark of this commit and of this tree in turn; other parts only when named")
    parser.add_argument("--pairs", type=int, default=3, metavar="N", help="number of runs of each side with --against (default: 3)")
    parser.add_argument("part", nargs="*", metavar="part", help=f"run these parts only: {' '.join(PARTS)}. The last two take long and run only when named")
    options = parser.parse_args(arguments)
    if unknown := set(options.part) - set(PARTS):
        parser.error(f"unknown part: {' '.join(sorted(unknown))}")
    size, parts = QUICK_SIZE if options.quick else FULL_SIZE, options.part or (() if options.against else DEFAULT_PARTS)
    folder = (options.folder or run_dir()).resolve()

    compared = against.measure(options.against, options.pairs, folder, options.quick) if options.against else None
    parts = [part for part in parts if part != "end_to_end"] if compared else parts
    figures = {}
    if parts:
        with Lab(folder / "bench") as lab:
            figures = measure(lab, size, parts)
    if compared:
        figures["end_to_end"] = compared
    write_private(folder / "bench.json", json.dumps(figures, indent=1))
    print(json.dumps(figures, indent=1))
    return 0


def measure(lab: Lab, size: BenchmarkSize, parts) -> dict:
    """Run these parts of the benchmarks. Return {part: figures}."""
    servers = lab.servers
    with lab.copies.admin_cursor("fengqiao") as cursor:
        cursor.execute("show server_version")
        figures = {"machine": machine_description(cursor.fetchone()[0], servers.broker.ctl("version").strip())}
    agencies = SimulatedAgencies({code: servers.amqp(code) for code in servers.keys["agency_tokens"]}, servers.amqp_admin)
    log_progress("starting the system and warming it up")
    end_to_end.start_system(lab)
    caseload = Caseload(size.new_per_round)
    if set(parts) != {"large"}:  # `large` has caseloads of its own
        end_to_end.warm_up(agencies, caseload)
    if "idle" in parts:
        figures["idle"] = idle.measure(lab, agencies, caseload, size.idle_seconds, size.single_events)
    if "end_to_end" in parts:
        figures["end_to_end"] = end_to_end.measure(lab, agencies, caseload, size.paced_seconds)
    if "burst" in parts:
        figures["burst"] = burst.measure(lab, agencies, caseload, size.burst_disputes, size.burst_idle_seconds)
    if "backlog" in parts:
        figures["backlog"] = backlog.measure(lab, agencies, caseload, size.backlog_events)
    end_to_end.stop_system(lab, agencies)
    if "end_to_end" in parts:
        figures["needed_floor"] = end_to_end.measure_needed_floor(lab, size.floor_events, size.floor_rounds)
        needed_cpu_us = figures["end_to_end"]["needed_floor_us"] = figures["needed_floor"]["cpu_us"]
        figures["end_to_end"]["ratio_to_needed_floor"] = round(figures["end_to_end"]["cpu_us_per_event"] / needed_cpu_us, 2)
    if "hops" in parts or "relay" in parts:
        figures["hops"], published = service_throughput.measure(lab, caseload.advance_all_disputes(), size.pair_count, size.stock_events, size.service_count)
        if "relay" in parts:
            figures["relay"] = relay_throughput.measure(lab, published, size.relayed_events, size.pair_count)
        service_throughput.drop_copies(lab)
    if "end_to_end" in figures and "relay" in figures:
        figures["end_to_end"]["floor_cpu_us"] = round(_floor_cpu_us(figures["hops"], figures["relay"]))
    if "large" in parts:
        end_to_end.start_system(lab)
        figures["large"] = large.measure(lab, agencies, size.new_per_round, size.large_disputes, size.large_rounds)
    agencies.close()
    return figures


def _floor_cpu_us(service_figures: dict, relay: dict) -> float:
    """Return the CPU time that the floors (the plain loops against which services and relay are measured) need in all, in microseconds per agency event."""
    service_cpu_us = sum(figures["floor_cpu_us"] * figures["events"] for figures in service_figures.values())
    relay_cpu_us = relay["floor_cpu_us"] * sum(figures["published"] for figures in service_figures.values())
    return (service_cpu_us + relay_cpu_us) / service_figures["intake"]["events"]


if __name__ == "__main__":
    interrupt_on_stop_signals()
    try:
        sys.exit(main(sys.argv[1:]))
    except CannotContinue as reason:
        sys.exit(f"\n{reason}")
