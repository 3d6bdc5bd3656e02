"""Tests of the Prometheus metrics and the health endpoints that every process serves."""

import urllib.request

import pytest
from prometheus_client import CollectorRegistry, Counter
from starlette.applications import Starlette
from starlette.testclient import TestClient

from plumbing import telemetry
from plumbing.telemetry import DELIVERIES, EVENTS, count_transaction
from tests.plumbing.conftest import DISPUTE_A, make_event


def http_get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as response:
            return response.status, response.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def test_a_process_serves_its_health_readiness_and_metrics_over_http():
    components, registry = {"broker": True, "database": True}, CollectorRegistry()
    Counter("made_up", "For this test.", registry=registry).inc(3)
    port = telemetry.serve("127.0.0.1", 0, lambda: components, registry)

    assert http_get(port, "/healthz")[0] == 200
    assert http_get(port, "/readyz") == (200, '{"broker": true, "database": true}')
    components["broker"] = False
    assert http_get(port, "/readyz") == (503, '{"broker": false, "database": true}')
    assert http_get(port, "/healthz")[0] == 200  # the process is alive although not ready, because a restart would not help
    assert "made_up_total 3.0" in http_get(port, "/metrics")[1]
    assert http_get(port, "/elsewhere")[0] == 404


def raise_in_readiness_check():
    raise ZeroDivisionError("13900000000")


def test_a_process_whose_readiness_check_raises_counts_as_not_ready(capfd):
    port = telemetry.serve("127.0.0.1", 0, raise_in_readiness_check, CollectorRegistry())

    assert http_get(port, "/readyz") == (503, '{"ready": false}')
    assert "13900000000" not in "".join(capfd.readouterr())


@pytest.mark.parametrize(("readiness", "status"), [(lambda: {"database": True}, 200), (lambda: {"database": False}, 503), (raise_in_readiness_check, 503)])
def test_web_applications_serve_health_readiness_and_metrics_too(readiness, status):
    with TestClient(Starlette(routes=telemetry.routes(readiness))) as client:
        assert client.get("/healthz").status_code == 200
        assert client.get("/readyz").status_code == status
        assert "fengqiao_events_total" in client.get("/metrics").text


def test_events_are_counted_by_outcome_with_one_source_label_for_all_agencies():
    def count(*labels):
        return EVENTS.labels(*labels)._value.get()

    before = count("intake", "agencies", "t", "applied"), count("intake", "mediation", "t", "duplicate")
    count_transaction(
        "intake", {("/agencies/police", "t", "applied"): 2, ("/agencies/court", "t", "applied"): 3, ("mediation", "t", "duplicate"): 1}, [0.5, 7.0]
    )

    assert count("intake", "agencies", "t", "applied") - before[0] == 5
    assert count("intake", "mediation", "t", "duplicate") - before[1] == 1


def test_no_metric_has_a_label_that_names_a_dispute_or_person():
    """A label per dispute would create too many time series for Prometheus, and many people can read labels."""
    metrics = [value for value in vars(telemetry).values() if hasattr(value, "_labelnames")]

    assert DELIVERIES in metrics and len(metrics) > 10
    assert {name for metric in metrics for name in metric._labelnames} <= {"service", "source", "type", "outcome", "to", "status", "door"}
    assert all(metric._name.startswith("fengqiao_") and metric._documentation.endswith(".") for metric in metrics)


def test_the_outbox_gauges_show_the_number_of_unpublished_events_and_the_age_of_the_oldest(sandbox):
    sandbox.empty("notify")
    sandbox.rows(
        "insert into notify.outbox (partition, exchange, routing_key, message_id, event_count, body, created_at)"
        " values (0, 'e', 'k', 'i+1', 2, '[{},\n{}]', now() - interval '90 seconds'), (0, 'e', 'k', 'j', 1, '{}', now())"
    )
    with sandbox.pool("notify", 1).transaction() as tx:
        telemetry.update_backlog("notify", tx)
    sandbox.empty("notify")

    assert telemetry.OUTBOX_PENDING.labels("notify")._value.get() == 3
    assert 89 < telemetry.OUTBOX_OLDEST_SECONDS.labels("notify")._value.get() < 120


def test_events_of_a_rolled_back_transaction_are_not_counted_in_the_metrics(sandbox):
    sandbox.empty("notify")
    pool = sandbox.pool("notify", 1)
    before = EVENTS.labels("notify", "mediation", "step.applied", "applied")._value.get()
    with pytest.raises(ZeroDivisionError), pool.transaction() as tx:
        tx.unheard([make_event(1)])
        raise ZeroDivisionError
    assert EVENTS.labels("notify", "mediation", "step.applied", "applied")._value.get() == before
    with pool.transaction() as tx:
        tx.unheard([make_event(1, DISPUTE_A)])
    assert EVENTS.labels("notify", "mediation", "step.applied", "applied")._value.get() == before + 1


def test_no_metric_reveals_events_of_the_safeguard_lane():
    count_transaction("intake", {("mediation-safeguard", "safeguard.held", "applied"): 1, ("/agencies/police", "dv.warning_issued", "applied"): 1}, [])

    metrics = telemetry.exposition.generate_latest().decode()
    assert not [word for word in ("safeguard", "dv.warning", "hold.", "protection_order", "stay") if word in metrics]
