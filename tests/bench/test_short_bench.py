"""Tests of a short benchmark run: it measures what it claims, and its figures are consistent. The speed itself is not tested."""

import json
import urllib.request
from urllib.parse import urlsplit

import pytest

from bench import __main__ as bench
from bench.workload import EVENTS_PER_DISPUTE
from deploy.broker import VHOST
from local.paths import EXTERNAL_SERVER_SETTINGS
from tests.county import wait_until

pytestmark = pytest.mark.timeout(1200)

ROUND = bench.QUICK.new_per_round * EVENTS_PER_DISPUTE  # as many disputes at each stage: with 1, 2, 8 and 3 events
WARM_UP = bench.QUICK.new_per_round * (1 + (1 + 2) + (1 + 2 + 8))  # three rounds, in which the first disputes complete their third stage
LEAST_SPEEDUP = 3  # batches must be at least this many times cheaper than single events; in fact it is twenty and more


@pytest.fixture(scope="module")
def run(run_folder):
    """Run the benchmark. Return its figures, and counts from the database and the broker after the run."""
    counts = {}

    def measure(lab, size, parts, measure=bench.measure):
        figures = measure(lab, size, parts)
        counts.update(_count_rows(lab))
        lab.servers.broker.kill()  # an orderly end would take six seconds
        return figures

    with pytest.MonkeyPatch.context() as patch:
        for name in EXTERNAL_SERVER_SETTINGS:
            patch.delenv(name, raising=False)
        patch.setattr(bench, "measure", measure)
        assert bench.main(["--quick", "--folder", str(run_folder)]) == 0
    return json.loads((run_folder / "bench.json").read_text()), counts


@pytest.fixture(scope="module")
def figures(run):
    return run[0]


def _count_rows(lab):
    with lab.copies.admin_cursor(VHOST) as cursor:

        def count(sql):
            cursor.execute(sql)
            return cursor.fetchone()[0]

        outcomes = "select count(*) from intake.receipts where id like '%/outcome'"
        services = ("intake", "mediation", "metrics", "notify")
        unfinished = " + ".join(f"(select count(*) from {service}.{table})" for service in services for table in ("outbox", "parked", "waiting"))
        counted = {"logged": count("select count(*) from intake.log"), "outcomes": count(outcomes), "unfinished": count(f"select {unfinished}")}
    published = wait_until(lambda: _messages_published(lab.servers.management, counted["logged"] + 2 * ROUND), what="the broker counted all messages")
    return counted | {"published": published}


def _messages_published(management, at_least):
    """Return the number of messages published to the agencies' exchange, or None below `at_least`; the broker updates it every few seconds."""
    parts = urlsplit(management)
    account, _, host = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, f"{parts.scheme}://{host}", user, password)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(passwords))
    with opener.open(f"{parts.scheme}://{host}/api/exchanges/{VHOST}/agencies", timeout=30) as response:
        count = json.load(response).get("message_stats", {}).get("publish_in", 0)
    return count if count >= at_least else None


def test_every_counted_event_is_in_the_log_and_has_an_outcome_receipt(run):
    figures, counts = run
    end_to_end, burst = figures["end_to_end"], figures["burst"]
    before_the_burst = burst["disputes"] * (1 + 2)  # before the burst they are reported and routed to a body
    expected = WARM_UP + 2 * ROUND + before_the_burst + burst["events"] + burst["second_agency_idle_events"] + burst["second_agency_events"]

    assert end_to_end["events"] == ROUND and 50 <= end_to_end["paced_events"] <= ROUND
    assert counts["logged"] == counts["outcomes"] == expected
    assert counts["unfinished"] == 0  # rows in outboxes, parked or waiting


def test_the_broker_got_every_event_and_two_rounds_for_the_intake_measurements(run):
    _, counts = run

    assert counts["published"] == counts["logged"] + 2 * ROUND  # one round for the service and one for its floor


def test_mediation_processes_what_intake_published(figures):
    hops = figures["hops"]

    assert set(hops) == {"intake", "mediation"}  # the other services are measured in the same way
    assert hops["intake"]["events"] == figures["end_to_end"]["events"] == ROUND
    assert hops["mediation"]["events"] == hops["intake"]["published"] - ROUND  # intake publishes one receipt and one domain event for each agency event


def test_ratios_to_floor_and_stock_handler_follow_from_the_rates(figures):
    for hop in figures["hops"].values():
        assert hop["ratio"] == pytest.approx(hop["rate"] / hop["floor"], rel=0.02)
        # Both rates are rounded to whole events per second: the exact ratio lies between these bounds.
        assert (hop["rate"] - 0.5) / (hop["stock"] + 0.5) - 0.01 <= hop["vs_stock"] <= (hop["rate"] + 0.5) / (hop["stock"] - 0.5) + 0.01
        assert hop["floor_cpu_us"] > 0


def test_batches_need_far_less_cpu_time_than_the_stock_handler_and_are_faster(figures):
    for hop in figures["hops"].values():
        assert hop["stock_cpu_us"] > LEAST_SPEEDUP * hop["cpu_us"] > 0
        assert hop["rate"] > LEAST_SPEEDUP * hop["stock"]


def test_the_ratio_of_the_relay_to_plain_publishing_follows_from_the_rates(figures):
    relay = figures["relay"]

    assert relay["events"] == bench.QUICK.relayed_messages
    assert relay["ratio"] == pytest.approx(relay["rate"] / relay["floor"], rel=0.02)
    assert relay["cpu_us"] > 0 and relay["floor_cpu_us"] > 0


def test_end_to_end_figures_are_consistent(figures):
    end_to_end = figures["end_to_end"]

    assert end_to_end["applied"] == end_to_end["events"]  # every step of a round is valid
    assert 0 < end_to_end["p50_ms"] <= end_to_end["p99_ms"]
    assert end_to_end["paced_at"] == pytest.approx(end_to_end["rate"] / 2, abs=1)
    assert end_to_end["cpu_us_per_event"] > end_to_end["floor_cpu_us"]  # the floor decides nothing, and has two services instead of five


def test_every_event_of_the_burst_is_applied_and_its_figures_are_consistent(figures):
    burst = figures["burst"]

    assert burst["disputes"] == bench.QUICK.burst_disputes
    assert burst["applied"] == burst["events"] == 8 * bench.QUICK.burst_disputes  # eight steps from acceptance to agreement
    assert burst["drain_seconds"] == pytest.approx(burst["events"] / burst["rate"], abs=0.1)
    for waits in (burst["second_agency_idle_ms"], burst["second_agency_ms"]):
        assert 0 < waits["p50"] <= waits["p99"] <= waits["max"]
    assert {"intake", "mediation", "metrics", "notify", "relay", "door", "postgresql", "rabbitmq"} <= set(burst["memory_mb"])
    assert all(0 < memory["before"] <= memory["peak"] and memory["after"] > 0 for memory in burst["memory_mb"].values())
