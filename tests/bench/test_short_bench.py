"""Does the measurement still measure what it says? What its figures are is of no interest here: the machine has other things to do."""

import json
import urllib.request
from urllib.parse import urlsplit

import pytest

from bench import __main__ as bench
from bench.workload import EVENTS_A_LIFE
from deploy.broker import VHOST
from local.places import OTHERS_SERVERS
from tests.county import wait_until

pytestmark = pytest.mark.timeout(1200)

WAVE = bench.QUICK.births * EVENTS_A_LIFE  # every life at each of its stages: 1, 2, 8 and 3 events
WARM_UP = bench.QUICK.births * (1 + (1 + 2) + (1 + 2 + 8))  # three waves, in which the first lives come to their third stage
MANY_AT_A_TIME = 3  # a batch has to be cheaper than as many events one by one by at least this; it is by twenty and more


@pytest.fixture(scope="module")
def run(run_folder):
    """(figures, what the database and the broker say when all is measured)."""
    seen = {}

    def measure(ground, extent, parts, measure=bench.measure):
        figures = measure(ground, extent, parts)
        seen.update(_counted(ground))
        ground.servers.broker.kill()  # nothing in it is needed any more, and its orderly end takes six seconds
        return figures

    with pytest.MonkeyPatch.context() as patch:
        for name in OTHERS_SERVERS:
            patch.delenv(name, raising=False)
        patch.setattr(bench, "measure", measure)
        assert bench.main(["--quick", "--folder", str(run_folder)]) == 0
    return json.loads((run_folder / "bench.json").read_text()), seen


@pytest.fixture(scope="module")
def figures(run):
    return run[0]


def _counted(ground):
    with ground.copies.connected(VHOST) as cursor:

        def ask(sql):
            cursor.execute(sql)
            return cursor.fetchone()[0]

        outcomes = "select count(*) from intake.receipts where id like '%/outcome'"
        services = ("intake", "mediation", "metrics", "notify")
        left = " + ".join(f"(select count(*) from {service}.{table})" for service in services for table in ("outbox", "parked", "waiting"))
        counted = {"taken_in": ask("select count(*) from intake.log"), "outcomes": ask(outcomes), "left": ask(f"select {left}")}
    published = wait_until(lambda: _published(ground.servers.management, counted["taken_in"] + 2 * WAVE), what="the broker had counted")
    return counted | {"published": published}


def _published(management, at_least):
    """How many messages came to the exchange of the agencies; the broker counts every few seconds."""
    parts = urlsplit(management)
    account, _, host = parts.netloc.rpartition("@")
    user, _, password = account.partition(":")
    passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
    passwords.add_password(None, f"{parts.scheme}://{host}", user, password)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPBasicAuthHandler(passwords))
    with opener.open(f"{parts.scheme}://{host}/api/exchanges/{VHOST}/agencies", timeout=30) as answer:
        count = json.load(answer).get("message_stats", {}).get("publish_in", 0)
    return count if count >= at_least else None


def test_every_event_that_it_counts_is_in_the_log_of_the_database_and_has_its_outcome(run):
    figures, seen = run
    whole, burst = figures["end_to_end"], figures["burst"]
    before_the_burst = burst["disputes"] * (1 + 2)  # they are reported and sent to a body first
    told = WARM_UP + 2 * WAVE + before_the_burst + burst["events"] + burst["its_idle_events"] + burst["its_events"]

    assert whole["events"] == WAVE and 50 <= whole["paced_events"] <= WAVE
    assert seen["taken_in"] == seen["outcomes"] == told
    assert seen["left"] == 0  # in no outbox, not parked, not waiting


def test_the_broker_was_given_as_many_and_those_of_the_hop_measured_alone(run):
    _, seen = run

    assert seen["published"] == seen["taken_in"] + 2 * WAVE  # once for the service and once for its floor


def test_every_hop_hears_what_the_one_before_it_said(figures):
    hops = figures["hops"]

    assert set(hops) == {"intake", "mediation"}  # the others are measured in the same way
    assert hops["intake"]["events"] == figures["end_to_end"]["events"] == WAVE
    assert hops["mediation"]["events"] == hops["intake"]["said"] - WAVE  # it says a receipt to each agency, and an event to everybody else


def test_every_hop_is_set_against_a_floor_and_a_stock_handler_of_the_same_run(figures):
    for hop in figures["hops"].values():
        assert hop["ratio"] == pytest.approx(hop["rate"] / hop["floor"], rel=0.02)
        # Both rates are shown in whole events a second: the ratio lies between those of what they were rounded from.
        assert (hop["rate"] - 0.5) / (hop["stock"] + 0.5) - 0.01 <= hop["vs_stock"] <= (hop["rate"] + 0.5) / (hop["stock"] - 0.5) + 0.01
        assert hop["floor_cpu_us"] > 0


def test_batches_are_far_cheaper_than_the_stock_handler(figures):
    """In CPU time and in events a second, both sides on the same machine in the same minute."""
    for hop in figures["hops"].values():
        assert hop["stock_cpu_us"] > MANY_AT_A_TIME * hop["cpu_us"] > 0
        assert hop["rate"] > MANY_AT_A_TIME * hop["stock"]


def test_the_relay_is_set_against_raw_confirmed_publishing(figures):
    """That each of them arrived in every queue, the bench makes sure of itself."""
    relay = figures["relay"]

    assert relay["events"] == bench.QUICK.relayed
    assert relay["ratio"] == pytest.approx(relay["rate"] / relay["floor"], rel=0.02)
    assert relay["cpu_us"] > 0 and relay["floor_cpu_us"] > 0


def test_the_whole_path_is_measured_to_the_last_reader(figures):
    whole = figures["end_to_end"]

    assert whole["applied"] == whole["events"]  # every step of a wave is legal
    assert 0 < whole["p50_ms"] <= whole["p99_ms"]
    assert whole["paced_at"] == pytest.approx(whole["rate"] / 2, abs=1)
    assert whole["cpu_us_per_event"] > whole["floor_cpu_us"]  # which decides nothing, and knows four hops less


def test_a_burst_of_one_agency_leaves_nothing_behind(figures):
    burst = figures["burst"]

    assert burst["disputes"] == bench.QUICK.burst
    assert burst["applied"] == burst["events"] == 8 * bench.QUICK.burst  # accepted, agreed, heard and settled: eight steps
    assert burst["drain_seconds"] == pytest.approx(burst["events"] / burst["rate"], abs=0.1)
    for waits in (burst["second_agency_idle_ms"], burst["second_agency_ms"]):
        assert 0 < waits["p50"] <= waits["p99"] <= waits["max"]
    assert {"intake", "mediation", "metrics", "notify", "relay", "door", "postgresql", "rabbitmq"} <= set(burst["memory_mb"])
    assert all(0 < memory["before"] <= memory["peak"] and memory["after"] > 0 for memory in burst["memory_mb"].values())
