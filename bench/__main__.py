"""`python -m bench [--quick] [part …]`: measures on servers of its own, writes .run/bench.json, says how it goes on stderr."""

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from bench import burst, large, relaying, service_throughput, whole
from bench.agencies import Agencies
from bench.lab import Ground, say
from bench.watching import machine
from bench.workload import County
from deploy.files import write_private
from local.places import run_dir
from local.signals import end_as_by_ctrl_c

PARTS = ("hops", "relay", "end_to_end", "burst")
ON_DEMAND = ("large",)  # it takes a quarter of an hour


@dataclass(frozen=True)
class Extent:
    """How much is measured."""

    hops: int  # how many of them; the later ones need what the earlier ones say
    births: int  # a wave has about fourteen times as many events
    pairs: int
    stock_events: int
    relayed: int
    seconds: float  # of paced load
    burst: int  # disputes of one agency at once
    quiet: float  # seconds
    large: int  # disputes


FULL = Extent(hops=len(service_throughput.HOPS), births=450, pairs=3, stock_events=1500, relayed=20_000, seconds=8, burst=4000, quiet=8, large=1_000_000)
QUICK = Extent(hops=2, births=15, pairs=1, stock_events=20, relayed=1000, seconds=1, burst=30, quiet=1, large=20_000)


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="two hops and little of everything: that it works, not how fast it is")
    parser.add_argument("--folder", type=Path, help="where its servers live and bench.json is written (default: the run directory)")
    parser.add_argument("part", nargs="*", help="only these; large only on demand: it takes a quarter of an hour")
    chosen = parser.parse_args(arguments)
    extent, parts = QUICK if chosen.quick else FULL, chosen.part or PARTS
    folder = (chosen.folder or run_dir()).resolve()

    with Ground(folder / "bench") as ground:
        figures = measure(ground, extent, parts)
    write_private(folder / "bench.json", json.dumps(figures, indent=1))
    print(json.dumps(figures, indent=1))
    return 0


def measure(ground: Ground, extent: Extent, parts) -> dict:
    servers = ground.servers
    with ground.copies.connected("fengqiao") as cursor:
        cursor.execute("show server_version")
        figures = {"machine": machine(cursor.fetchone()[0], servers.broker.ctl("version").strip())}
    agencies = Agencies({code: servers.amqp(code) for code in servers.keys["agency_tokens"]}, servers.amqp_admin)
    say("a county that is busy already")
    whole.start(ground)
    if "large" in parts:
        figures["large"] = large.measure(ground, agencies, extent.births, extent.large)
        return figures
    county = County(extent.births)
    whole.warm_up(agencies, county)
    if "end_to_end" in parts:
        figures["end_to_end"] = whole.measure(ground, agencies, county, extent.seconds)
    if "burst" in parts:
        figures["burst"] = burst.measure(ground, agencies, county, extent.burst, extent.quiet)
    if "hops" in parts or "relay" in parts:
        whole.stop(ground, agencies)
        figures["hops"], said = service_throughput.measure(ground, county.wave(), extent.pairs, extent.stock_events, extent.hops)
        if "relay" in parts:
            figures["relay"] = relaying.measure(ground, said, extent.relayed, extent.pairs)
        service_throughput.forget(ground)
    if "end_to_end" in figures and "relay" in figures:
        figures["end_to_end"]["floor_cpu_us"] = round(_floor_cpu_us(figures["hops"], figures["relay"]))
    agencies.close()
    return figures


def _floor_cpu_us(hop_figures: dict, relay: dict) -> float:
    """What all hops and relays would cost at their floors, for each event of an agency."""
    heard = sum(hop["floor_cpu_us"] * hop["events"] for hop in hop_figures.values())
    relayed = relay["floor_cpu_us"] * sum(hop["said"] for hop in hop_figures.values())
    return (heard + relayed) / hop_figures["intake"]["events"]


if __name__ == "__main__":
    end_as_by_ctrl_c()
    sys.exit(main(sys.argv[1:]))
