"""Tests of bundles: several events in one message, which can be split again into the same events whatever they contain. Pure."""

import json

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbing.bundles import BUNDLE_CONTENT_TYPE, MAX_BUNDLE_BYTES, OutboxEvent, count_events, join, make_messages, split, split_body
from plumbing.events import CONTENT_TYPE, Delivery

TEXTS = st.text(st.characters(codec="utf-8"), max_size=20) | st.sampled_from([",\n", "]", "[", '"},\n{"', "\u2028", "虚构,\n甲"])
JSON_OBJECTS = st.dictionaries(TEXTS, TEXTS | st.integers(-(2**53), 2**53) | st.none() | st.lists(TEXTS, max_size=3), max_size=4)


def make_event(number, exchange="notify.events", partition=0, bundle_key="0.bundle", body=None):
    return OutboxEvent(partition, exchange, "0.notice.sent", f"e/{number}", body or b'{"n":%d}' % number, bundle_key)


@given(st.lists(JSON_OBJECTS, min_size=1, max_size=6))
def test_a_bundle_is_a_json_array_that_can_be_split_into_the_exact_bytes_of_its_events(values):
    bodies = [orjson.dumps(value) for value in values]

    assert json.loads(join(bodies)) == values
    assert split_body(join(bodies)) == bodies and count_events(join(bodies)) == len(bodies)
    for body in bodies:
        assert split_body(body) == [body] and count_events(body) == 1


def test_the_deliveries_of_a_bundle_have_the_bytes_of_one_event_each_and_the_routing_key_and_user_of_the_bundle():
    bundle = Delivery(join([b'{"a":1}', b"\xff broken", b'{"b":2}']), BUNDLE_CONTENT_TYPE, "1.bundle", "mediation", "e/1+2")

    assert split(bundle) == [Delivery(body, CONTENT_TYPE, "1.bundle", "mediation") for body in (b'{"a":1}', b"\xff broken", b'{"b":2}')]


@pytest.mark.parametrize(
    "delivery",
    [Delivery(b'{"a":1}', CONTENT_TYPE), Delivery(b"[1,\n2", BUNDLE_CONTENT_TYPE), Delivery(b"[1,\n2]", CONTENT_TYPE), Delivery(b"", BUNDLE_CONTENT_TYPE)],
    ids=["single event", "cut off", "content type of a single event", "empty"],
)
def test_a_delivery_that_is_no_bundle_stays_one_delivery(delivery):
    assert split(delivery) == [delivery]


def test_events_of_one_exchange_and_partition_share_a_message_in_their_order():
    events = [make_event(1), make_event(2, partition=1, bundle_key="1.bundle"), make_event(3), make_event(4, "notify-safeguard.events"), make_event(5)]

    assert make_messages(events) == [
        (0, "notify.events", "0.bundle", "e/1+2", 3, join([b'{"n":1}', b'{"n":3}', b'{"n":5}'])),
        (1, "notify.events", "0.notice.sent", "e/2", 1, b'{"n":2}'),
        (0, "notify-safeguard.events", "0.notice.sent", "e/4", 1, b'{"n":4}'),
    ]


def test_events_without_a_bundle_key_are_messages_of_their_own():
    messages = make_messages([make_event(1, bundle_key=None), make_event(2, bundle_key=None)])

    assert [(message_id, count) for _, _, _, message_id, count, _ in messages] == [("e/1", 1), ("e/2", 1)]


@given(st.lists(st.integers(2, MAX_BUNDLE_BYTES // 3), min_size=1, max_size=12))
def test_no_bundle_is_longer_than_the_limit_and_the_order_of_the_events_is_kept(lengths):
    messages = make_messages([make_event(number, body=b"{" + b"x" * (length - 2) + b"}") for number, length in enumerate(lengths)])

    assert [len(body) for message in messages for body in split_body(message[5])] == lengths
    assert all(len(message[5]) <= MAX_BUNDLE_BYTES for message in messages)
    assert sum(message[4] for message in messages) == len(lengths)


def test_an_event_longer_than_the_limit_is_a_message_of_its_own():
    long_body = b"{" + b"x" * MAX_BUNDLE_BYTES + b"}"
    messages = make_messages([make_event(1), make_event(2, body=long_body), make_event(3), make_event(4)])

    assert [(message[4], message[5]) for message in messages] == [(1, b'{"n":1}'), (1, long_body), (2, join([b'{"n":3}', b'{"n":4}']))]
