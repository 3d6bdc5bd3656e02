"""`python -m bench [--quick] [part …]`: runs the benchmarks on servers of its own, logs progress to stderr and writes .run/bench.json."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from bench import burst, end_to_end, large, relay_throughput, service_throughput
from bench.agencies import Agencies
from bench.lab import Lab, log_progress
from bench.resource_usage import machine
from bench.workload import Caseload
from deploy.files import write_private
from local.paths import run_dir
from local.signals import interrupt_on_stop_signals

PARTS = ("hops", "relay", "end_to_end", "burst")


@dataclass(frozen=True)
class Size:
    """Amount of work of each benchmark."""

    hops: int  # how many services, in the order of the event's path: a service processes what those before it published
    new_per_round: int  # disputes; a full round has about fourteen times as many events
    pairs: int  # measurements of the service or relay, each with one of its floor
    stock_events: int  # events for nameko's own handler
    relayed_messages: int
    paced_seconds: float  # duration of the load at a fixed rate
    burst_disputes: int  # disputes that one agency reports on at once
    idle_seconds: float  # measuring the second agency before the burst
    large_disputes: int  # disputes in the large database


FULL = Size(
    hops=len(service_throughput.HOPS),
    new_per_round=450,
    pairs=3,
    stock_events=1500,
    relayed_messages=20_000,
    paced_seconds=8,
    burst_disputes=4000,
    idle_seconds=8,
    large_disputes=1_000_000,
)
QUICK = Size(
    hops=2, new_per_round=15, pairs=1, stock_events=20, relayed_messages=1000, paced_seconds=1, burst_disputes=30, idle_seconds=1, large_disputes=20_000
)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run with two services: shows that the benchmarks work, not how fast the system is")
    parser.add_argument("--folder", type=Path, help="folder for the servers' data and bench.json (default: the run directory)")
    parser.add_argument("part", nargs="*", help="run these parts only; `large` takes a quarter of an hour and runs only when named")
    options = parser.parse_args(arguments)
    size, parts = QUICK if options.quick else FULL, options.part or PARTS
    folder = (options.folder or run_dir()).resolve()

    with Lab(folder / "bench") as lab:
        figures = measure(lab, size, parts)
    write_private(folder / "bench.json", json.dumps(figures, indent=1))
    print(json.dumps(figures, indent=1))
    return 0


def measure(lab: Lab, size: Size, parts) -> dict:
    servers = lab.servers
    with lab.copies.admin_cursor("fengqiao") as cursor:
        cursor.execute("show server_version")
        figures = {"machine": machine(cursor.fetchone()[0], servers.broker.ctl("version").strip())}
    agencies = Agencies({code: servers.amqp(code) for code in servers.keys["agency_tokens"]}, servers.amqp_admin)
    log_progress("starting the system and warming it up")
    end_to_end.start(lab)
    if "large" in parts:
        figures["large"] = large.measure(lab, agencies, size.new_per_round, size.large_disputes)
        return figures
    caseload = Caseload(size.new_per_round)
    end_to_end.warm_up(agencies, caseload)
    if "end_to_end" in parts:
        figures["end_to_end"] = end_to_end.measure(lab, agencies, caseload, size.paced_seconds)
    if "burst" in parts:
        figures["burst"] = burst.measure(lab, agencies, caseload, size.burst_disputes, size.idle_seconds)
    if "hops" in parts or "relay" in parts:
        end_to_end.stop(lab, agencies)
        figures["hops"], published = service_throughput.measure(lab, caseload.advance_all(), size.pairs, size.stock_events, size.hops)
        if "relay" in parts:
            figures["relay"] = relay_throughput.measure(lab, published, size.relayed_messages, size.pairs)
        service_throughput.drop_copies(lab)
    if "end_to_end" in figures and "relay" in figures:
        figures["end_to_end"]["floor_cpu_us"] = round(_floor_cpu_us(figures["hops"], figures["relay"]))
    agencies.close()
    return figures


def _floor_cpu_us(hop_figures: dict, relay: dict) -> float:
    """Return the CPU time per agency event that all services and relays would need at their floors, in microseconds."""
    service_cpu_us = sum(hop["floor_cpu_us"] * hop["events"] for hop in hop_figures.values())
    relay_cpu_us = relay["floor_cpu_us"] * sum(hop["published"] for hop in hop_figures.values())
    return (service_cpu_us + relay_cpu_us) / hop_figures["intake"]["events"]


if __name__ == "__main__":
    interrupt_on_stop_signals()
    sys.exit(main(sys.argv[1:]))
