"""Tests of the parts of a recovery: comparing positions, and finding messages in the record."""

import json

import psycopg2
import pytest

from contracts.channels import exchange_of
from plumbing.bundles import count_events, join
from plumbing.events import utc_now, write_jump
from plumbing.recovery import record
from plumbing.recovery.positions import StreamPositions, first_lacking
from tests.plumbing.conftest import DISPUTE_A, DISPUTE_B
from tests.sandbox import domain_event

POSITIONS = StreamPositions(
    "mediation",
    spoken={"a": 5, "b": 3, "c": 1},
    heard={"intake": {"a": 5, "b": 1}, "metrics": {"a": 2, "b": 3, "c": 1}, "notify": {"a": 7, "b": 3, "c": 1, "d": 2}},
)


def test_what_listeners_lack_is_found_per_dispute():
    assert POSITIONS.lacking() == {"intake": {"b": (1, 3), "c": (0, 1)}, "metrics": {"a": (2, 5)}, "notify": {}}
    assert first_lacking(POSITIONS.lacking()) == {"a": (2, 5), "b": (1, 3), "c": (0, 1)}


def test_numbering_jumps_over_numbers_that_a_listener_or_a_queue_knows_and_the_producer_does_not():
    assert POSITIONS.jumps() == {"a": (5, 7), "d": (0, 2)} and POSITIONS.count_ahead("notify") == 4
    with_queue = StreamPositions("mediation", POSITIONS.spoken, POSITIONS.heard)
    with_queue.note_seen("b", 9)
    assert with_queue.jumps() == {"a": (5, 7), "b": (3, 9), "d": (0, 2)}


@pytest.fixture
def cursor(empty_sandbox):
    """Cursor of mediation. The record has four messages: A1 and B1 in a bundle, A2, B2, and A5 with a jump from A2."""
    bodies = [
        join([domain_event("mediation", DISPUTE_A, 1), domain_event("mediation", DISPUTE_B, 1)]),
        domain_event("mediation", DISPUTE_A, 2),
        domain_event("mediation", DISPUTE_B, 2),
        write_jump("mediation", DISPUTE_A, 5, 2, 2, utc_now()),
    ]
    connection = psycopg2.connect(empty_sandbox.databases["mediation"])
    connection.autocommit = True
    with connection.cursor() as cursor:
        for number, body in enumerate(bodies, 1):
            cursor.execute(
                "insert into published (id, partition, exchange, routing_key, message_id, event_count, body) values (%s, 0, %s, '0.bundle', 'm', %s, %s)",
                (number, exchange_of("mediation"), count_events(body), body),
            )
        yield cursor
    connection.close()


@pytest.mark.parametrize(
    ("wanted", "messages", "missing"),
    [
        ({DISPUTE_A: (0, 5)}, [1, 2, 4], 0),
        ({DISPUTE_A: (2, 5)}, [4], 0),
        ({DISPUTE_B: (1, 2)}, [3], 0),
        ({DISPUTE_A: (1, 5), DISPUTE_B: (0, 2)}, [1, 2, 3, 4], 0),
        ({DISPUTE_B: (1, 3)}, [3], 2),
        ({}, [], 0),
    ],
)
def test_messages_with_lacking_events_are_found_in_the_record(cursor, wanted, messages, missing):
    assert record.find_messages(cursor, "mediation", wanted) == (messages, missing)


def test_the_whole_record_of_a_stream_is_read_in_order(cursor):
    read = list(record.iterate_messages(cursor, ("mediation",), 4))

    assert [json.loads(deliveries[0].body)["sequence"] for _, deliveries in read] == ["1", "2", "2", "5"]
