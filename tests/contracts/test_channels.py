"""Tests of the names of exchanges, queues and routing keys, and of the streams to which services subscribe."""

from contracts import channels
from contracts.channels import (
    SEALED_STREAMS,
    SERVICES,
    STREAMS,
    SUBSCRIPTIONS,
    agency_queue,
    agency_routing_key,
    binding_of,
    exchange_of,
    inbox_of,
    partition_of,
    queue_of,
    routing_key,
    service_of,
)


def test_exchanges_queues_and_routing_keys_have_their_published_names():
    assert agency_routing_key("womens_federation", "dispute.reported") == "womens_federation.dispute.reported"
    assert inbox_of("police") == "agency.police"
    assert agency_queue("police") == "intake.agency-events.police"
    assert exchange_of("intake") == "intake.events"
    assert routing_key(1, "dispute.registered") == "1.dispute.registered"
    assert binding_of(1) == "1.#"
    assert queue_of("mediation", "intake", 0) == "mediation.intake-events.0"
    assert channels.AGENCIES_EXCHANGE == "agencies"


def test_a_dispute_code_always_has_the_same_partition():
    assert [partition_of(code, 2) for code in ("620702-2026-000123-1", "620702-2026-000124-0")] == [1, 0]


def test_services_subscribe_to_existing_streams_of_other_services():
    assert set(SUBSCRIPTIONS) == set(SERVICES) == {service_of(producer) for producer in STREAMS}
    assert all(set(producers) <= set(STREAMS) and listener not in map(service_of, producers) for listener, producers in SUBSCRIPTIONS.items())


def test_only_the_intake_mediation_and_notify_services_subscribe_to_sealed_streams():
    listeners = {producer: {listener for listener, producers in SUBSCRIPTIONS.items() if producer in producers} for producer in SEALED_STREAMS.values()}

    assert listeners == {"intake-safeguard": {"mediation"}, "mediation-safeguard": {"intake", "notify"}}
