"""Tests of the lenient decoder of message properties: it gives the same results as py-amqp, and never raises where py-amqp does."""

import struct
from datetime import datetime
from decimal import Decimal

import pytest
from amqp import abstract_channel, serialization
from amqp.basic_message import Message
from amqp.spec import Basic
from hypothesis import given
from hypothesis import strategies as st

from plumbing import lenient_decoding
from plumbing.lenient_decoding import UNDECODABLE, decode_properties
from tests.raw_properties import header_field, nested_value, raw_properties, text_field, timestamp_field

TEXT = st.text(max_size=40)
TIMESTAMP = st.datetimes(datetime(1970, 1, 2), datetime(9999, 1, 1)).map(lambda at: at.replace(microsecond=0))
NUMBER = st.integers(-(2**63), 2**63 - 1)
SCALAR = st.none() | st.booleans() | NUMBER | st.floats(allow_nan=False) | TEXT | TIMESTAMP | st.decimals(-1000, 1000, places=2)
VALUE = st.recursive(SCALAR, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3), max_leaves=8)
PROPERTIES = st.fixed_dictionaries(
    {},
    optional={
        "content_type": TEXT,
        "application_headers": st.dictionaries(TEXT, VALUE, max_size=5),
        "delivery_mode": st.sampled_from([1, 2]),
        "priority": st.integers(0, 255),
        "message_id": TEXT,
        "timestamp": st.integers(0, 2**64 - 1),
        "user_id": TEXT,
        "expiration": TEXT,
        "cluster_id": TEXT,
    },
)


def encode_properties(**properties) -> bytes:
    return Message("", **properties)._serialize_properties()


def encode_headers(*fields: bytes) -> bytes:
    return raw_properties(*fields, message_id="e-1")


@given(PROPERTIES)
def test_properties_that_py_amqp_can_decode_are_decoded_with_the_same_result(properties):
    properties.setdefault("message_id", "e-1")
    properties_bytes = encode_properties(**properties)

    assert decode_properties(properties_bytes, 0) == serialization.decode_properties_basic(properties_bytes, 0)


@pytest.mark.parametrize("milliseconds", [1764162000000, 2**63, 2**64 - 1])
def test_a_header_timestamp_beyond_the_range_of_datetime_is_decoded_as_a_number(milliseconds):
    properties_bytes = encode_headers(timestamp_field("at", milliseconds))
    with pytest.raises((ValueError, OverflowError)):
        serialization.decode_properties_basic(properties_bytes, 0)

    assert decode_properties(properties_bytes, 0)[0] == {"application_headers": {"at": milliseconds}, "delivery_mode": 2, "message_id": "e-1"}


@pytest.mark.parametrize("letter", ["F", "A"])
def test_a_header_value_nested_too_deeply_is_cut_off_and_the_other_headers_are_decoded(letter):
    properties_bytes = encode_headers(header_field("deep", letter, nested_value(1500, letter)), text_field("ce-id", "e-7"))
    with pytest.raises(RecursionError):
        serialization.decode_properties_basic(properties_bytes, 0)
    properties, end = decode_properties(properties_bytes, 0)

    assert (properties["application_headers"]["ce-id"], properties["message_id"], end) == ("e-7", "e-1", len(properties_bytes))
    depth, value = 0, properties["application_headers"]["deep"]
    while value:
        depth, value = depth + 1, value["a"] if letter == "F" else value[0]
    assert depth <= lenient_decoding.MAX_NESTING_DEPTH


def test_every_header_field_type_of_rabbitmq_is_decoded():
    """Type letters and sizes are taken from RabbitMQ's list of AMQP 0-9-1 field types."""
    fields = {
        ("t", b"\x01"): True, ("b", b"\xff"): -1, ("B", b"\xff"): 255, ("s", b"\xff\xfe"): -2, ("u", b"\xff\xfe"): 65534, ("I", b"\xff" * 4): -1,
        ("i", b"\xff" * 4): 2**32 - 1, ("l", b"\xff" * 8): -1, ("f", struct.pack(">f", 1.5)): 1.5, ("d", struct.pack(">d", 1.5)): 1.5,
        ("D", b"\x02" + struct.pack(">i", 150)): Decimal("1.50"), ("S", b"\x00\x00\x00\x03abc"): "abc", ("x", b"\x00\x00\x00\x02\xff\x00"): b"\xff\x00",
        ("T", struct.pack(">Q", 0)): datetime(1970, 1, 1), ("V", b""): None, ("F", b"\x00" * 4): {}, ("A", b"\x00" * 4): [],
    }  # fmt: skip
    for (letter, value), expected in fields.items():
        assert decode_properties(encode_headers(header_field("h", letter, value)), 0)[0] == {
            "application_headers": {"h": expected},
            "delivery_mode": 2,
            "message_id": "e-1",
        }, letter


def test_a_header_of_an_unknown_field_type_marks_the_delivery_as_undecodable():
    properties, _ = decode_properties(encode_headers(header_field("odd", "?", b"")), 0)

    assert properties[UNDECODABLE] is True


@given(st.binary(max_size=200))
def test_decoding_arbitrary_bytes_as_properties_never_raises(properties_bytes):
    properties, _ = decode_properties(properties_bytes, 0)

    assert isinstance(properties, dict)


@given(PROPERTIES, st.data())
def test_decoding_truncated_properties_never_raises(properties, data):
    properties_bytes = encode_properties(**properties)
    cut = data.draw(st.integers(0, len(properties_bytes)))

    assert isinstance(decode_properties(properties_bytes[:cut], 0)[0], dict)


def test_py_amqp_uses_the_lenient_decoders():
    assert serialization.PROPERTY_CLASSES[Basic.CLASS_ID] is decode_properties
    assert abstract_channel.loads is lenient_decoding.decode_arguments and serialization.pstr_t is lenient_decoding.decode_text
