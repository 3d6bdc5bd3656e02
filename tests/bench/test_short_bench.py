"""Tests of a short benchmark run: the number of measured events is as expected, and the figures are consistent. The speed itself is not tested."""

import json
import statistics
import urllib.request
from urllib.parse import urlsplit

import pytest

from bench import __main__ as bench
from bench import needed_floor
from bench.workload import EVENTS_PER_DISPUTE
from contracts.channels import SERVICES
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
        assert bench.main(["--quick", "--folder", str(run_folder), *bench.PARTS]) == 0
    return json.loads((run_folder / "bench.json").read_text()), counts


@pytest.fixture(scope="module")
def figures(benchmark_run):
    return benchmark_run[0]


def _count_rows(lab):
    with lab.copies.admin_cursor(VHOST) as cursor:

        def count(sql):
            cursor.execute(sql)
            return cursor.fetchone()[0]

        # Copied rows have negative numbers.
        outcomes = "select count(*) from intake.receipts where id like '%/outcome' and position > 0"
        services = ("intake", "mediation", "metrics", "notify")
        unfinished = " + ".join(f"(select count(*) from {service}.{table})" for service in services for table in ("outbox", "parked", "waiting"))
        counted = {"logged": count("select count(*) from intake.log where seq > 0"), "outcomes": count(outcomes), "unfinished": count(f"select {unfinished}")}
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
    end_to_end, burst, backlog = figures["end_to_end"], figures["burst"], figures["backlog"]
    # Events before and after the copying of disputes: two rounds of the copied ones, three warm-up rounds and the measured rounds; then both again.
    large_rounds = figures["large"]["rounds"]
    large = bench.QUICK_SIZE.new_per_round * (1 + (1 + 2)) + WARM_UP_EVENTS + (large_rounds + 3 + large_rounds) * EVENTS_PER_ROUND
    # Before the burst and before the backlog, each dispute is reported, screened and routed to a mediation body; in the backlog it has 11 further events.
    prepared = (burst["disputes"] + backlog["events"] // 11) * (1 + 2)
    of_second_agency = burst["second_agency_idle_events"] + burst["second_agency_events"] + figures["idle"]["single_events"]
    expected = WARM_UP_EVENTS + 2 * EVENTS_PER_ROUND + prepared + burst["events"] + backlog["events"] + of_second_agency + large

    assert end_to_end["events"] == EVENTS_PER_ROUND and 50 <= end_to_end["half_load"]["events"] <= EVENTS_PER_ROUND
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

    assert relay["events"] >= bench.QUICK_SIZE.relayed_events and 0 < relay["messages"] <= relay["events"]
    assert relay["ratio"] == pytest.approx(relay["rate"] / relay["floor"], rel=0.02)
    assert relay["cpu_us"] > 0 and relay["floor_cpu_us"] > 0


def test_the_figures_of_the_end_to_end_benchmark_are_consistent(figures):
    end_to_end = figures["end_to_end"]

    assert end_to_end["applied"] == end_to_end["events"]  # all events are applied because every step of a round is valid
    assert end_to_end["half_load"]["rate"] == pytest.approx(end_to_end["rate"] / 2, abs=1)
    assert end_to_end["cpu_us_per_event"] > end_to_end["floor_cpu_us"]  # the floor decides nothing, and in a short run it covers two services instead of five
    assert end_to_end["simulated_agencies_cpu_us"] > 0


@pytest.mark.parametrize("part", ["half_load", "idle"])
def test_an_event_is_accepted_before_it_is_applied_at_half_load_and_on_an_idle_system(figures, part):
    delays = figures["idle"] if part == "idle" else figures["end_to_end"]["half_load"]

    for receipt in ("accepted_ms", "applied_ms"):
        assert 0 < delays[receipt]["p50"] <= delays[receipt]["p99"] <= delays[receipt]["max"]
    assert all(delays["accepted_ms"][value] <= delays["applied_ms"][value] for value in ("p50", "p99", "max"))


@pytest.mark.parametrize("part", ["all at once", "half_load"])
def test_the_cpu_time_per_event_is_the_sum_of_its_components(figures, part):
    measured = figures["end_to_end"] if part == "all at once" else figures["end_to_end"]["half_load"]
    components = measured["cpu_us_by_component"]

    assert sum(components.values()) == pytest.approx(measured["cpu_us_per_event"], abs=len(components))  # each is rounded to whole microseconds
    assert {*SERVICES, "relay", "door", "dashboard", "rabbitmq", "postgresql", "postgresql for relay", *(f"postgresql for {name}" for name in SERVICES)} <= set(
        components
    )
    assert all(components[name] > 0 for name in ("rabbitmq", "relay", "intake", "metrics"))
    assert sum(components[f"postgresql for {name}"] for name in SERVICES) > 0
    assert all(value >= 0 for value in components.values())


def test_every_message_that_is_delivered_was_published_and_is_acknowledged_once(figures):
    work = figures["end_to_end"]["per_event"]

    # The agency's event is one message; what the services publish about it may be in bundles with other events.
    assert 1 < work["messages_published"] <= work["messages_routed"]
    assert work["messages_acknowledged"] == work["messages_delivered"] == work["messages_routed"]  # nothing was redelivered, and no queue has messages left


def test_the_rows_written_are_those_inserted_updated_and_deleted_by_the_services(figures):
    work = figures["end_to_end"]["per_event"]

    # Each event leaves a row in intake's log, two receipts, and at least one row in an outbox, which the relay deletes.
    assert work["rows_inserted"] >= 1 + 2 and work["rows_deleted"] > 0
    assert 0 < work["rows_updated_hot"] <= work["rows_updated"]
    assert work["rows_written"] == pytest.approx(work["rows_inserted"] + work["rows_updated"] + work["rows_deleted"], abs=0.01)
    assert sum(service["rows_written"] for service in work["by_service"].values()) == pytest.approx(work["rows_written"], abs=0.05)


def test_each_service_processes_batches_with_statements_commits_and_syncs(figures):
    work = figures["end_to_end"]["per_event"]

    assert set(work["by_service"]) == set(SERVICES)
    for service in work["by_service"].values():
        assert service["mean_batch"] >= 1 and service["batches_per_event"] > 0 and service["statements"] > 0 and service["rows_written"] > 0
    assert sum(service["statements"] for service in work["by_service"].values()) == pytest.approx(work["statements"], abs=0.01)
    # A synchronous commit may share its sync with others, but there is no sync without a commit or a background process.
    assert work["commits"] > 0 and work["wal_syncs"] > 0
    assert work["wal_bytes"] > 1000  # the rows named above hold more than a thousand bytes


def test_the_floor_of_needed_work_is_below_the_cost_of_an_event_and_writes_rows_of_the_stated_sizes(figures):
    end_to_end, floor = figures["end_to_end"], figures["needed_floor"]

    assert floor["events"] == bench.QUICK_SIZE.floor_events and floor["batch"] > 0 and floor["rate"] > 0
    assert 0 < end_to_end["needed_floor_us"] == floor["cpu_us"] < end_to_end["cpu_us_per_event"]
    assert end_to_end["ratio_to_needed_floor"] == pytest.approx(end_to_end["cpu_us_per_event"] / floor["cpu_us"], abs=0.01)
    stated = {"log": needed_floor.LOG_ROW_BYTES, "receipts": needed_floor.RECEIPT_ROW_BYTES, "states": needed_floor.STATE_ROW_BYTES,
              "history": needed_floor.HISTORY_ROW_BYTES, "timeline": needed_floor.TIMELINE_ROW_BYTES, "read_model": needed_floor.READ_MODEL_ROW_BYTES}  # fmt: skip
    assert set(floor["cpu_us_by_component"]) == {"loop", "postgresql", "rabbitmq"} and all(value > 0 for value in floor["cpu_us_by_component"].values())
    assert floor["row_bytes"] == pytest.approx(stated, abs=8)  # PostgreSQL aligns columns to eight bytes


def test_the_messages_of_the_floor_of_needed_work_have_the_stated_sizes():
    assert len(needed_floor.message_body()) == needed_floor.MESSAGE_BYTES
    assert len(json.dumps(needed_floor.message_headers(7))) == needed_floor.HEADER_BYTES


def test_the_idle_system_uses_cpu_time_that_is_the_sum_of_its_components(figures):
    idle = figures["idle"]
    components = idle["cpu_percent_by_component"]

    assert idle["seconds"] == bench.QUICK_SIZE.idle_seconds and idle["single_events"] == bench.QUICK_SIZE.single_events
    assert 0 < idle["cpu_percent"] == pytest.approx(sum(components.values()), abs=0.1)
    assert {*SERVICES, "relay", "rabbitmq", "postgresql"} <= set(components)


def test_every_event_of_the_backlog_is_applied_and_the_memory_of_every_process_is_measured(figures):
    backlog = figures["backlog"]

    assert bench.QUICK_SIZE.backlog_events <= backlog["applied"] == backlog["events"] and backlog["rate"] > 0
    assert {*SERVICES, "relay", "door", "postgresql", "rabbitmq"} <= set(backlog["memory_mb"])
    assert all(0 < memory["before"] <= memory["peak"] and memory["after"] > 0 for memory in backlog["memory_mb"].values())


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


def test_the_cost_of_an_event_in_a_large_database_is_compared_by_the_medians_of_several_rounds(figures):
    large = figures["large"]
    few, many = large["cpu_us_of_rounds"]

    assert large["disputes"] >= bench.QUICK_SIZE.large_disputes < large["timeline_rows"] and large["events"] == EVENTS_PER_ROUND
    assert len(few) == len(many) == large["rounds"] == bench.QUICK_SIZE.large_rounds
    assert large["cpu_us_per_event"] == pytest.approx([statistics.median(few), statistics.median(many)], abs=1)
    assert large["ratio"] == pytest.approx(large["cpu_us_per_event"][1] / large["cpu_us_per_event"][0], abs=0.01)
    assert all(value > 0 for component in ("rabbitmq", "intake") for value in large["cpu_us_by_component"][component])
    assert all(value > 0 for page in large["pages"].values() for value in page["ms"])
