"""Does every process say how it is?"""

import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter
from starlette.applications import Starlette
from starlette.testclient import TestClient

from plumbing import telemetry
from plumbing.telemetry import DELIVERIES, EVENTS, transaction_committed
from tests.plumbing.conftest import A, heard


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as problem:
        return problem.code, problem.read().decode()


def test_a_process_answers_for_itself():
    parts, registry = {"broker": True, "database": True}, CollectorRegistry()
    Counter("made_up", "For this test.", registry=registry).inc(3)
    port = telemetry.serve("127.0.0.1", 0, lambda: parts, registry)

    assert get(port, "/healthz")[0] == 200
    assert get(port, "/readyz") == (200, '{"broker": true, "database": true}')
    parts["broker"] = False
    assert get(port, "/readyz") == (503, '{"broker": false, "database": true}')
    assert get(port, "/healthz")[0] == 200  # alive all the same: a restart would not help
    assert "made_up_total 3.0" in get(port, "/metrics")[1]
    assert get(port, "/elsewhere")[0] == 404


def broken():
    raise ZeroDivisionError("13900000000")


def test_whoever_cannot_say_whether_it_is_ready_is_not(capfd):
    port = telemetry.serve("127.0.0.1", 0, broken, CollectorRegistry())

    assert get(port, "/readyz") == (503, '{"ready": false}')
    assert "13900000000" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(("ready", "status"), [(lambda: {"database": True}, 200), (lambda: {"database": False}, 503), (broken, 503)])
def test_web_applications_answer_at_the_same_addresses(ready, status):
    with TestClient(Starlette(routes=telemetry.routes(ready))) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == status
        assert "fengqiao_events_total" in client.get("/metrics").text


def test_events_are_counted_by_what_became_of_them_and_agencies_as_one():
    def counted(*labels):
        return EVENTS.labels(*labels)._value.get()

    before = counted("intake", "agencies", "t", "applied"), counted("intake", "mediation", "t", "duplicate")
    transaction_committed(
        "intake", {("/agencies/police", "t", "applied"): 2, ("/agencies/court", "t", "applied"): 3, ("mediation", "t", "duplicate"): 1}, [0.5, 7.0]
    )

    assert counted("intake", "agencies", "t", "applied") - before[0] == 5
    assert counted("intake", "mediation", "t", "duplicate") - before[1] == 1


def test_no_measure_is_by_dispute_or_person():
    """A series per dispute would drown Prometheus, and a label is read by many."""
    ours = [value for value in vars(telemetry).values() if hasattr(value, "_labelnames")]

    assert DELIVERIES in ours and len(ours) > 10
    assert {name for measure in ours for name in measure._labelnames} <= {"service", "source", "type", "outcome", "to", "status", "door"}
    assert all(measure._name.startswith("fengqiao_") and measure._documentation.endswith(".") for measure in ours)


def test_the_backlog_is_read_from_the_services_own_tables(apart):
    apart.empty("notify")
    apart.rows(
        "insert into notify.outbox (partition, exchange, routing_key, event_id, body, created_at) values (0, 'e', 'k', 'i', 'x', now() - interval '90 seconds')"
    )
    with apart.pool("notify", 1).transaction() as tx:
        telemetry.backlog("notify", tx)
    apart.empty("notify")

    assert telemetry.PENDING.labels("notify")._value.get() == 1
    assert 89 < telemetry.OLDEST.labels("notify")._value.get() < 120


def test_a_transaction_counts_only_what_it_committed(apart):
    apart.empty("notify")
    pool = apart.pool("notify", 1)
    before = EVENTS.labels("notify", "mediation", "step.applied", "applied")._value.get()
    with pytest.raises(ZeroDivisionError), pool.transaction() as tx:
        tx.unheard([heard(1)])
        raise ZeroDivisionError
    assert EVENTS.labels("notify", "mediation", "step.applied", "applied")._value.get() == before
    with pool.transaction() as tx:
        tx.unheard([heard(1, A)])
    assert EVENTS.labels("notify", "mediation", "step.applied", "applied")._value.get() == before + 1


def test_what_is_in_the_safeguard_lane_has_no_cell_of_its_own():
    transaction_committed("intake", {("mediation-safeguard", "safeguard.held", "applied"): 1, ("/agencies/police", "dv.warning_issued", "applied"): 1}, [])

    told = telemetry.exposition.generate_latest().decode()
    assert not [word for word in ("safeguard", "dv.warning", "hold.", "protection_order", "stay") if word in told]
