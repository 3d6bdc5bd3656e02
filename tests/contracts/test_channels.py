"""Are the addresses those of the public contract?"""

from contracts import channels
from contracts.channels import (
    HEARS,
    SEALED,
    SERVICES,
    STREAMS,
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


def test_the_names_are_those_that_were_promised():
    assert agency_routing_key("womens_federation", "dispute.reported") == "womens_federation.dispute.reported"
    assert inbox_of("police") == "agency.police"
    assert agency_queue("police") == "intake.agency-events.police"
    assert exchange_of("intake") == "intake.events"
    assert routing_key(1, "dispute.registered") == "1.dispute.registered"
    assert binding_of(1) == "1.#"
    assert queue_of("mediation", "intake", 0) == "mediation.intake-events.0"
    assert channels.AGENCIES_EXCHANGE == "agencies"


def test_a_dispute_stays_in_its_partition_for_good():
    assert [partition_of(code, 2) for code in ("620702-2026-000123-1", "620702-2026-000124-0")] == [1, 0]


def test_services_hear_services():
    assert set(HEARS) == set(SERVICES) == {service_of(producer) for producer in STREAMS}
    assert all(set(producers) <= set(STREAMS) and listener not in map(service_of, producers) for listener, producers in HEARS.items())


def test_what_is_said_in_the_sealed_lane_only_three_hear():
    listeners = {producer: {listener for listener, producers in HEARS.items() if producer in producers} for producer in SEALED.values()}

    assert listeners == {"intake-safeguard": {"mediation"}, "mediation-safeguard": {"intake", "notify"}}
