"""Tests of envelope parsing: every mode of CloudEvents is accepted, and every invalid delivery is refused with a reason."""

import json
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contracts
from plumbing.events import Delivery, UnreadableEvent
from services.intake import envelope, nesting
from services.intake.envelope import MAX_BYTES, read, read_any
from tests.intake.conftest import PERSON, REPORT, STRUCTURED, delivery, event_attributes
from tests.sandbox import domain_event

EVENT_TIME = "2026-03-02T10:30:00+08:00"


def binary_delivery(prefix="ce-", content_type="application/json", body=None, **others) -> Delivery:
    headers = {f"{prefix}{name}": value for name, value in event_attributes(**({"time": EVENT_TIME} | others)).items()}
    return Delivery(json.dumps(REPORT).encode() if body is None else body, content_type, "womens_federation.dispute.reported", "womens_federation", "", headers)


def structured_delivery(**others) -> Delivery:
    return delivery(**{"time": EVENT_TIME} | others)


def refusal_of(event) -> tuple[str, str | None]:
    """Return reason code and invalid field of a refusal. Assert that the receipt conforms to the package contracts."""
    assert event.refusal is not None
    contracts.dump("receipt.refused", {"event": {"source": event.source, "id": event.id}, "reason": event.refusal}, "intake")
    return event.refusal["code"], event.refusal.get("field")


# ── accepted ──────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "sent",
    [
        binary_delivery(),
        binary_delivery("cloudEvents_"),
        binary_delivery("cloudEvents:"),
        binary_delivery(content_type="application/json; charset=utf-8"),
        binary_delivery(content_type=""),
        structured_delivery(),
        Delivery(structured_delivery().body, STRUCTURED + "; charset=UTF-8", "womens_federation.x", "womens_federation", ""),
    ],
    ids=["ce-", "cloudEvents_", "cloudEvents:", "charset", "no content type", "structured", "structured with charset"],
)
def test_every_cloudevents_mode_and_header_prefix_results_in_the_same_event(sent):
    event = read(sent)

    assert event.refusal is None
    assert (event.source, event.id, event.type, event.subject) == ("/agencies/womens_federation", "e-1", "dispute.reported", "R-1")
    assert event.time == datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
    assert event.data == REPORT and event.sequence is None
    assert event.delivery is sent


@pytest.mark.parametrize("missing", ["id", "time"])
def test_an_event_without_id_or_time_is_refused(missing):
    """If intake generated the id, an event that is delivered twice would count as two events."""
    without = structured_delivery().body.replace(f'"{missing}"'.encode(), b'"another"')

    assert refusal_of(read(delivery(body=without))) == ("malformed_envelope", missing)
    sent = binary_delivery()
    del sent.headers[f"ce-{missing}"]
    assert refusal_of(read(sent)) == ("malformed_envelope", missing)
    assert read(sent).id == read(sent).id


def test_a_valid_traceparent_is_kept_and_an_invalid_one_is_replaced():
    valid = f"00-{'a' * 32}-{'b' * 16}-01"

    assert read(structured_delivery(traceparent=valid)).traceparent == valid
    for invalid in ("x", valid.upper(), 7, None):
        assert read(structured_delivery(traceparent=invalid)).traceparent not in (invalid, None)


def test_a_report_number_may_contain_chinese_characters_and_brackets():
    assert read(structured_delivery(subject="妇联〔2026〕42号")).subject == "妇联〔2026〕42号"


@pytest.mark.parametrize("time", ["2026-03-02T10:30:00Z", "2026-03-02T10:30:00.123456+08:00", "2026-03-02t10:30:00z"])
def test_every_time_format_of_rfc_3339_is_accepted(time):
    assert read(structured_delivery(time=time)).refusal is None


# ── refused ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sent", "code", "field"),
    [
        (structured_delivery(id=None), "malformed_envelope", "id"),
        (structured_delivery(id=""), "malformed_envelope", "id"),
        (structured_delivery(id=7), "malformed_envelope", "id"),
        (structured_delivery(id="x" * 129), "malformed_envelope", "id"),
        (structured_delivery(id="张三"), "malformed_envelope", "id"),
        (structured_delivery(id="a b"), "malformed_envelope", "id"),
        (structured_delivery(id="a\nb"), "malformed_envelope", "id"),
        (structured_delivery(type=""), "malformed_envelope", "type"),
        (structured_delivery(type=5), "malformed_envelope", "type"),
        (structured_delivery(type="x" * 65), "malformed_envelope", "type"),
        (structured_delivery(type="a\x00b"), "malformed_envelope", "type"),
        (structured_delivery(type="\ud800"), "malformed_envelope", "type"),
        (structured_delivery(type="张三 13900000000"), "malformed_envelope", "type"),
        (structured_delivery(source="/agencies/police"), "wrong_source", None),
        (structured_delivery(source="womens_federation"), "wrong_source", None),
        (structured_delivery(source=None), "wrong_source", None),
        (structured_delivery(subject=""), "malformed_envelope", "subject"),
        (structured_delivery(subject=None), "malformed_envelope", "subject"),
        (structured_delivery(subject="x" * 65), "malformed_envelope", "subject"),
        (structured_delivery(subject="a b"), "malformed_envelope", "subject"),
        (structured_delivery(subject="a\x00"), "malformed_envelope", "subject"),
        (structured_delivery(subject=["x"]), "malformed_envelope", "subject"),
        (structured_delivery(subject="\ud800"), "malformed_envelope", "subject"),
        (binary_delivery(time=None), "malformed_envelope", "time"),
        (binary_delivery(time=1760000000), "malformed_envelope", "time"),
        (binary_delivery("cloudEvents_", time="2026年3月2日"), "malformed_envelope", "time"),
        (delivery(body=structured_delivery().body.replace(b'"time"', b'"tine"')), "malformed_envelope", "time"),
        (delivery(time="2026-03-02T10:30:00"), "malformed_envelope", "time"),
        (delivery(time="1999-12-31T00:00:00Z"), "malformed_envelope", "time"),
        (delivery(time="9999-12-31T00:00:00Z"), "malformed_envelope", "time"),
        (delivery(time="yesterday"), "malformed_envelope", "time"),
        (delivery(time=1760000000), "malformed_envelope", "time"),
        (structured_delivery(data=None), "malformed_data", "data"),
        (structured_delivery(data=[]), "malformed_data", "data"),
        (structured_delivery(data="text"), "malformed_data", "data"),
        (structured_delivery(data=7), "malformed_data", "data"),
        (delivery(body=b""), "unsupported_encoding", None),
        (delivery(body=b"\xb4\xf3\xc2\xfa"), "unsupported_encoding", None),
        (delivery(body=b"[]"), "unsupported_encoding", None),
        (delivery(body=b"null"), "unsupported_encoding", None),
        (delivery(body=b"7"), "unsupported_encoding", None),
        (delivery(body=b"{" * 2000), "too_deep", None),
        (delivery(body=b'{"a":' * 10_000 + b"1" + b"}" * 10_000), "too_deep", None),
        (delivery(body=b'{"time": ' + b"9" * 5000 + b"}"), "unsupported_encoding", None),
        (delivery(body=b"x" * (MAX_BYTES + 1)), "too_large", None),
        (binary_delivery(specversion="2.0"), "malformed_envelope", "specversion"),
        (structured_delivery(specversion="0.3"), "malformed_envelope", "specversion"),
        (structured_delivery(specversion=None), "malformed_envelope", "specversion"),
        (binary_delivery(body=b"<xml/>", content_type="application/xml"), "unsupported_encoding", None),
        (binary_delivery(body=b"<xml/>", content_type="application/json"), "unsupported_encoding", None),
        (binary_delivery(body=b"[]"), "malformed_data", "data"),
        (binary_delivery(body=b""), "malformed_data", "data"),
        (delivery(body=structured_delivery().body.replace(b'"data": {', b'"data_base64": "e30=", "x": {')), "unsupported_encoding", None),
        (binary_delivery(body=b"\x1f\x8b\x08"), "unsupported_encoding", None),
        (Delivery(b"{}", "application/json", "womens_federation.x", "womens_federation", ""), "malformed_envelope", "specversion"),
    ],
)  # fmt: skip
def test_an_invalid_delivery_is_refused_with_its_reason(sent, code, field):
    assert refusal_of(read(sent)) == (code, field)


@pytest.mark.parametrize(
    "make", [lambda data: delivery(time=EVENT_TIME, data=data), lambda data: binary_delivery(body=json.dumps(data).encode())], ids=["structured", "binary"]
)
def test_an_event_nested_to_the_limit_is_accepted_and_an_event_nested_one_level_deeper_is_refused(make):
    """The limit includes the outermost object. In structured mode, `data` is one level deeper than in binary mode."""

    def read_nested(levels):
        sent = make(REPORT | {"unknown": "HERE"})
        sent.body = sent.body.replace(b'"HERE"', b"[" * levels + b"]" * levels)
        return read(sent)

    allowed = nesting.MAX_DEPTH - (2 if b'"data"' in make({}).body else 1)

    assert read_nested(allowed).refusal is None
    assert refusal_of(read_nested(allowed + 1)) == ("too_deep", None)
    assert {refusal_of(read_nested(levels))[0] for levels in range(950, 1050)} == {"too_deep"}  # JSON parsers have different limits in this range of depths


def test_brackets_inside_a_json_string_do_not_count_as_nesting():
    assert read(delivery(time=EVENT_TIME, data=REPORT | {"unknown": '[{"' * 200 + "\\"})).refusal is None


def test_a_delivery_with_undecodable_properties_is_refused():
    sent = structured_delivery()
    sent.is_undecodable = True

    assert refusal_of(read(sent)) == ("unsupported_encoding", None)


def test_a_delivery_is_refused_if_a_parser_raises_an_unexpected_error(monkeypatch):
    def raise_error(_):
        raise ZeroDivisionError

    monkeypatch.setattr(envelope.fast_envelope, "parse", raise_error)

    assert refusal_of(read(binary_delivery())) == ("unsupported_encoding", None)


@pytest.mark.parametrize("user", ["", "police", "intake"])
def test_a_delivery_whose_user_is_not_the_agency_is_refused(user):
    sent = structured_delivery()
    sent.user_id = user

    assert refusal_of(read(sent)) == ("wrong_source", None)


def test_a_delivery_whose_message_id_differs_from_the_event_id_is_refused():
    sent = structured_delivery()
    sent.message_id = "e-1"
    assert read(sent).refusal is None
    sent.message_id = "e-2"
    assert refusal_of(read(sent)) == ("malformed_envelope", "id")


def test_an_unparsed_delivery_without_a_valid_id_is_identified_by_the_digest_of_its_body():
    for message_id in ("", "张三", "x" * 200):
        event = read(Delivery(b"\xff", STRUCTURED, "womens_federation.x", "womens_federation", message_id))
        assert len(event.id) == 64 and event.refusal["code"] == "unsupported_encoding"


@pytest.mark.parametrize("prefix", ["ce-", "cloudEvents_", "cloudEvents:"])
def test_an_unparsed_delivery_is_identified_by_the_id_in_its_headers(prefix):
    assert read(binary_delivery(prefix, body=b"\xff" * 9)).id == read(binary_delivery(prefix, body=b"[" * 99)).id == "e-1"


def test_if_a_json_name_occurs_twice_the_last_value_is_used():
    body = structured_delivery().body.replace(b'"kind": "family"', b'"kind": "neighbour", "kind": "family"')

    assert read(delivery(body=body)).data["kind"] == "family"


def test_an_event_with_half_a_surrogate_pair_is_refused():
    for name in ("\\ud800", "x\\udfff", "\\udc00\\ud800"):
        body = structured_delivery().body.replace(PERSON.encode(), name.encode())
        assert refusal_of(read(delivery(body=body))) == ("unsupported_encoding", None)
    assert read(delivery(body=structured_delivery().body.replace(PERSON.encode(), b"\\ud83d\\ude00"))).refusal is None


def test_non_standard_json_numbers_are_accepted():
    body = structured_delivery().body.replace(b'"wants"', b'"x": NaN, "y": Infinity, "z": 1e999, "wants"')

    assert read(delivery(body=body)).refusal is None


@pytest.mark.parametrize("value", [7, 1.5, True, None, b"\xff", Decimal("1.5"), datetime(2026, 3, 2), ["x"], {"a": {"b": 1}}])
@pytest.mark.parametrize("name", ["ce-id", "ce-type", "ce-source", "ce-subject", "ce-time", "ce-specversion", "ce-traceparent", "other"])
def test_a_header_of_any_type_never_causes_an_unexpected_error(name, value):
    sent = binary_delivery()
    sent.headers[name] = value
    event = read(sent)

    if event.refusal is not None:
        refusal_of(event)
    assert Delivery.unpack(sent.pack()).body == sent.body


def test_a_delivery_is_equal_after_packing_and_unpacking():
    sent = Delivery(b"\xff", STRUCTURED, "police.x", "police", "e-1", {"ce-id": "e-1"}, is_undecodable=True)

    assert Delivery.unpack(sent.pack()) == sent


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
ATTRIBUTE_NAMES = ["id", "source", "type", "subject", "time", "specversion", "data", "data_base64", "datacontenttype", "traceparent", "dataschema", "sequence"]


@given(st.dictionaries(st.sampled_from(ATTRIBUTE_NAMES), JSON_VALUES) | JSON_VALUES)
def test_random_json_is_refused_with_a_reason(value):
    event = read(delivery(body=json.dumps(value).encode()))

    assert refusal_of(event)[0] in ("unsupported_encoding", "malformed_envelope", "malformed_data", "wrong_source", "too_deep")


@given(st.binary(max_size=300), st.sampled_from(["", "application/json", STRUCTURED, "text/plain", "application/octet-stream", "\x00"]))
def test_random_bytes_are_refused_with_a_reason(body, content_type):
    refusal_of(read(delivery(body=body)))
    sent = binary_delivery(body=body, content_type=content_type)
    event = read(sent)
    if event.refusal is not None:
        refusal_of(event)


def test_a_stored_delivery_is_read_as_an_agency_event_or_as_a_domain_event():
    assert read_any(structured_delivery()).source == "/agencies/womens_federation"
    without_user = structured_delivery()
    without_user.user_id = ""
    assert read_any(without_user).refusal["code"] == "wrong_source"
    fact = Delivery(domain_event("mediation", "620702-2026-000123-1", 7), routing_key="1.step.applied")
    assert read_any(fact).sequence == 7
    with pytest.raises(UnreadableEvent):
        read_any(Delivery(b"{}", routing_key="0.x"))


def test_the_source_of_an_agencys_events_contains_the_agencys_code():
    assert {envelope.agency_source(code) for code in contracts.AGENCIES} == {f"/agencies/{code}" for code in contracts.AGENCIES}
