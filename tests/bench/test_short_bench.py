"""Tests of a short benchmark run: the number of measured events is as expected, and the figures are consistent. The speed itself is not tested."""

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

# A round has `new_per_round` disputes at each of the four stages, which have 1, 2, 8 and 3 events.
EVENTS_PER_ROUND = bench.QUICK_SIZE.new_per_round * EVENTS_PER_DISPUTE
# Events of the three warm-up rounds, after which the first disputes have completed three stages.
WARM_UP_EVENTS = bench.QUICK_SIZE.new_per_round * (1 + (1 + 2) + (1 + 2 + 8))
LEAST_COST_RATIO = 3  # smallest accepted ratio of the cost of single events to that of batches; in practice the ratio is above 20


@pytest.fixture(scope="module")
def benchmark_run(run_folder):
    """Run the short benchmark. Return its figures, and counts of rows and messages that the database and the broker had at its end."""
    counts = {}

    def measure(lab, size, parts, measure=bench.measure):
        figures = measure(lab, size, parts)
        counts.update(_count_rows(lab))
        lab.servers.broker.kill()  # the broker is killed because an orderly stop would take six seconds
        return figures

    with pytest.MonkeyPatch.context() as patch:
        for name in EXTERNAL_SERVER_SETTINGS:
            patch.delenv(name, raising=False)
        patch.setattr(bench, "measure", measure)
        assert bench.main(["--quick", "--folder", str(run_folder)]) == 0
    return json.loads((run_folder / "bench.json").read_text()), counts


@pytest.fixture(scope="module")
def figures(benchmark_run):
    return benchmark_run[0]


def _count_rows(lab):
    with lab.copies.admin_cursor(VHOST) as cursor:

        def count(sql):
            cursor.execute(sql)
            return cursor.fetchone()[0]

        outcomes = "select count(*) from intake.receipts where id like '%/outcome'"
        services = ("intake", "mediation", "metrics", "notify")
        unfinished = " + ".join(f"(select count(*) from {service}.{table})" for service in services for table in ("outbox", "parked", "waiting"))
        counted = {"logged": count("select count(*) from intake.log"), "outcomes": count(outcomes), "unfinished": count(f"select {unfinished}")}
    published = wait_until(
        lambda: _published_message_count(lab.servers.management, counted["logged"] + 2 * EVENTS_PER_ROUND), what="the broker counted all messages"
    )
    return counted | {"published": published}


def _published_message_count(management, at_least):
    """Return the number of messages published to the agencies' exchange; None while the broker's count, updated every few seconds, is below `at_least`."""
    parts = urlsplit(management)
    account, _, host = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, f"{parts.scheme}://{host}", user, password)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(passwords))
    with opener.open(f"{parts.scheme}://{host}/api/exchanges/{VHOST}/agencies", timeout=30) as response:
        count = json.load(response).get("message_stats", {}).get("publish_in", 0)
    return count if count >= at_least else None


def test_every_event_in_the_benchmark_figures_is_in_intakes_log_and_has_an_outcome_receipt(benchmark_run):
    figures, counts = benchmark_run
    end_to_end, burst = figures["end_to_end"], figures["burst"]
    before_the_burst = burst["disputes"] * (1 + 2)  # number of events before the burst: each dispute is reported, screened and routed to a mediation body
    expected = WARM_UP_EVENTS + 2 * EVENTS_PER_ROUND + before_the_burst + burst["events"] + burst["second_agency_idle_events"] + burst["second_agency_events"]

    assert end_to_end["events"] == EVENTS_PER_ROUND and 50 <= end_to_end["paced_events"] <= EVENTS_PER_ROUND
    assert counts["logged"] == counts["outcomes"] == expected
    assert counts["unfinished"] == 0  # no rows in outboxes, and no parked or waiting events


def test_the_broker_received_every_logged_event_and_two_more_rounds_for_the_measurements_of_intake(benchmark_run):
    _, counts = benchmark_run

    assert counts["published"] == counts["logged"] + 2 * EVENTS_PER_ROUND  # one round for the measurement of the service, one for the measurement of its floor


def test_the_measured_mediation_service_processes_the_events_that_the_measured_intake_service_published(figures):
    hops = figures["hops"]

    assert set(hops) == {"intake", "mediation"}  # a short run measures only these two services
    assert hops["intake"]["events"] == figures["end_to_end"]["events"] == EVENTS_PER_ROUND
    # For each agency event intake publishes one receipt, which mediation does not consume, and one domain event.
    assert hops["mediation"]["events"] == hops["intake"]["published"] - EVENTS_PER_ROUND


def test_the_ratios_of_a_service_to_its_floor_and_to_namekos_handler_follow_from_the_measured_rates(figures):
    for service_figures in figures["hops"].values():
        assert service_figures["ratio"] == pytest.approx(service_figures["rate"] / service_figures["floor"], rel=0.02)
        # Both rates are rounded to whole events per second: the exact ratio lies between these bounds.
        assert (
            (service_figures["rate"] - 0.5) / (service_figures["stock"] + 0.5) - 0.01
            <= service_figures["vs_stock"]
            <= (service_figures["rate"] + 0.5) / (service_figures["stock"] - 0.5) + 0.01
        )
        assert service_figures["floor_cpu_us"] > 0


def test_the_batch_consumer_is_faster_than_namekos_handler_and_needs_less_cpu_time(figures):
    for service_figures in figures["hops"].values():
        assert service_figures["stock_cpu_us"] > LEAST_COST_RATIO * service_figures["cpu_us"] > 0
        assert service_figures["rate"] > LEAST_COST_RATIO * service_figures["stock"]


def test_the_ratio_of_the_relay_to_plain_publishing_follows_from_the_measured_rates(figures):
    relay = figures["relay"]

    assert relay["events"] == bench.QUICK_SIZE.relayed_messages
    assert relay["ratio"] == pytest.approx(relay["rate"] / relay["floor"], rel=0.02)
    assert relay["cpu_us"] > 0 and relay["floor_cpu_us"] > 0


def test_the_figures_of_the_end_to_end_benchmark_are_consistent(figures):
    end_to_end = figures["end_to_end"]

    assert end_to_end["applied"] == end_to_end["events"]  # all events are applied because every step of a round is valid
    assert 0 < end_to_end["p50_ms"] <= end_to_end["p99_ms"]
    assert end_to_end["paced_at"] == pytest.approx(end_to_end["rate"] / 2, abs=1)
    assert end_to_end["cpu_us_per_event"] > end_to_end["floor_cpu_us"]  # the floor decides nothing, and in a short run it covers two services instead of five


def test_every_event_of_the_burst_is_applied_and_the_burst_figures_are_consistent(figures):
    burst = figures["burst"]

    assert burst["disputes"] == bench.QUICK_SIZE.burst_disputes
    # Each dispute has eight steps from the acceptance of the referral to the agreement.
    assert burst["applied"] == burst["events"] == 8 * bench.QUICK_SIZE.burst_disputes
    assert burst["drain_seconds"] == pytest.approx(burst["events"] / burst["rate"], abs=0.1)
    for waits in (burst["second_agency_idle_ms"], burst["second_agency_ms"]):
        assert 0 < waits["p50"] <= waits["p99"] <= waits["max"]
    assert {"intake", "mediation", "metrics", "notify", "relay", "door", "postgresql", "rabbitmq"} <= set(burst["memory_mb"])
    assert all(0 < memory["before"] <= memory["peak"] and memory["after"] > 0 for memory in burst["memory_mb"].values())
