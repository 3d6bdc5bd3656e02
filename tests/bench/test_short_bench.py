"""Does the measurement still measure? Its figures are of no interest here: the machine has other things to do."""

import json

import pytest

from deploy.bench import __main__ as bench

pytestmark = pytest.mark.timeout(400)


@pytest.fixture(scope="module")
def figures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bench")
    assert bench.main(["--quick", "--folder", str(folder)]) == 0
    return json.loads((folder / "bench.json").read_text())


def test_every_hop_is_set_against_a_floor_and_a_stock_handler_of_the_same_run(figures):
    assert set(figures["hops"]) == {"intake", "mediation"}  # the others are measured in the same way
    for hop in figures["hops"].values():
        assert hop["rate"] > 0 and hop["floor"] > 0 and hop["ratio"] > 0 and hop["vs_stock"] > 0


def test_the_relay_is_set_against_raw_confirmed_publishing(figures):
    assert figures["relay"]["rate"] > 0 and figures["relay"]["floor"] > 0


def test_the_whole_path_is_measured_to_the_last_reader(figures):
    assert set(figures["end_to_end"]) >= {"rate", "cpu_us_per_event", "floor_cpu_us", "p50_ms", "p99_ms"}


def test_a_burst_of_one_agency_leaves_nothing_behind(figures):
    assert figures["burst"]
