"""Is every way of sending an event understood, and everything else refused with a reason?"""

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
from tests.apart import domain_event
from tests.intake.conftest import PERSON, REPORT, STRUCTURED, attributes, delivery

AT = "2026-03-02T10:30:00+08:00"


def binary(prefix="ce-", content_type="application/json", body=None, **others) -> Delivery:
    headers = {f"{prefix}{name}": value for name, value in attributes(**({"time": AT} | others)).items()}
    return Delivery(json.dumps(REPORT).encode() if body is None else body, content_type, "womens_federation.dispute.reported", "womens_federation", "", headers)


def structured(**others) -> Delivery:
    return delivery(**{"time": AT} | others)


def why(event) -> tuple[str, str | None]:
    assert event.refusal is not None
    contracts.dump("receipt.refused", {"event": {"source": event.source, "id": event.id}, "reason": event.refusal}, "intake")
    return event.refusal["code"], event.refusal.get("field")


# ── understood ────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "sent",
    [
        binary(),
        binary("cloudEvents_"),
        binary("cloudEvents:"),
        binary(content_type="application/json; charset=utf-8"),
        binary(content_type=""),
        structured(),
        Delivery(structured().body, STRUCTURED + "; charset=UTF-8", "womens_federation.x", "womens_federation", ""),
    ],
    ids=["ce-", "cloudEvents_", "cloudEvents:", "charset", "no content type", "structured", "structured with charset"],
)
def test_every_mode_says_the_same(sent):
    event = read(sent)

    assert event.refusal is None
    assert (event.source, event.id, event.type, event.subject) == ("/agencies/womens_federation", "e-1", "dispute.reported", "R-1")
    assert event.time == datetime(2026, 3, 2, 2, 30, tzinfo=UTC)
    assert event.data == REPORT and event.sequence is None
    assert event.delivery is sent


@pytest.mark.parametrize("missing", ["id", "time"])
def test_what_is_missing_is_never_made_up(missing):
    """An id made up at each reading would make two events of one that is delivered twice."""
    without = structured().body.replace(f'"{missing}"'.encode(), b'"another"')

    assert why(read(delivery(body=without))) == ("malformed_envelope", missing)
    sent = binary()
    del sent.headers[f"ce-{missing}"]
    assert why(read(sent)) == ("malformed_envelope", missing)
    assert read(sent).id == read(sent).id


def test_a_trace_is_kept_and_a_bad_one_replaced():
    good = f"00-{'a' * 32}-{'b' * 16}-01"

    assert read(structured(traceparent=good)).traceparent == good
    for bad in ("x", good.upper(), 7, None):
        assert read(structured(traceparent=bad)).traceparent not in (bad, None)


def test_a_report_number_may_be_written_as_offices_write_it():
    assert read(structured(subject="妇联〔2026〕42号")).subject == "妇联〔2026〕42号"


@pytest.mark.parametrize("at", ["2026-03-02T10:30:00Z", "2026-03-02T10:30:00.123456+08:00", "2026-03-02t10:30:00z"])
def test_times_as_the_standard_has_them(at):
    assert read(structured(time=at)).refusal is None


# ── refused ───────────────────────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("sent", "code", "field"),
    [
        (structured(id=None), "malformed_envelope", "id"),
        (structured(id=""), "malformed_envelope", "id"),
        (structured(id=7), "malformed_envelope", "id"),
        (structured(id="x" * 129), "malformed_envelope", "id"),
        (structured(id="张三"), "malformed_envelope", "id"),
        (structured(id="a b"), "malformed_envelope", "id"),
        (structured(id="a\nb"), "malformed_envelope", "id"),
        (structured(type=""), "malformed_envelope", "type"),
        (structured(type=5), "malformed_envelope", "type"),
        (structured(type="x" * 65), "malformed_envelope", "type"),
        (structured(type="a\x00b"), "malformed_envelope", "type"),
        (structured(type="\ud800"), "malformed_envelope", "type"),
        (structured(type="张三 13900000000"), "malformed_envelope", "type"),
        (structured(source="/agencies/police"), "wrong_source", None),
        (structured(source="womens_federation"), "wrong_source", None),
        (structured(source=None), "wrong_source", None),
        (structured(subject=""), "malformed_envelope", "subject"),
        (structured(subject=None), "malformed_envelope", "subject"),
        (structured(subject="x" * 65), "malformed_envelope", "subject"),
        (structured(subject="a b"), "malformed_envelope", "subject"),
        (structured(subject="a\x00"), "malformed_envelope", "subject"),
        (structured(subject=["x"]), "malformed_envelope", "subject"),
        (structured(subject="\ud800"), "malformed_envelope", "subject"),
        (binary(time=None), "malformed_envelope", "time"),
        (binary(time=1760000000), "malformed_envelope", "time"),
        (binary("cloudEvents_", time="2026年3月2日"), "malformed_envelope", "time"),
        (delivery(body=structured().body.replace(b'"time"', b'"tine"')), "malformed_envelope", "time"),
        (delivery(time="2026-03-02T10:30:00"), "malformed_envelope", "time"),
        (delivery(time="1999-12-31T00:00:00Z"), "malformed_envelope", "time"),
        (delivery(time="9999-12-31T00:00:00Z"), "malformed_envelope", "time"),
        (delivery(time="yesterday"), "malformed_envelope", "time"),
        (delivery(time=1760000000), "malformed_envelope", "time"),
        (structured(data=None), "malformed_data", "data"),
        (structured(data=[]), "malformed_data", "data"),
        (structured(data="text"), "malformed_data", "data"),
        (structured(data=7), "malformed_data", "data"),
        (delivery(body=b""), "unsupported_encoding", None),
        (delivery(body=b"\xb4\xf3\xc2\xfa"), "unsupported_encoding", None),
        (delivery(body=b"[]"), "unsupported_encoding", None),
        (delivery(body=b"null"), "unsupported_encoding", None),
        (delivery(body=b"7"), "unsupported_encoding", None),
        (delivery(body=b"{" * 2000), "too_deep", None),
        (delivery(body=b'{"a":' * 10_000 + b"1" + b"}" * 10_000), "too_deep", None),
        (delivery(body=b'{"time": ' + b"9" * 5000 + b"}"), "unsupported_encoding", None),
        (delivery(body=b"x" * (MAX_BYTES + 1)), "too_large", None),
        (binary(specversion="2.0"), "malformed_envelope", "specversion"),
        (structured(specversion="0.3"), "malformed_envelope", "specversion"),
        (structured(specversion=None), "malformed_envelope", "specversion"),
        (binary(body=b"<xml/>", content_type="application/xml"), "unsupported_encoding", None),
        (binary(body=b"<xml/>", content_type="application/json"), "unsupported_encoding", None),
        (binary(body=b"[]"), "malformed_data", "data"),
        (binary(body=b""), "malformed_data", "data"),
        (delivery(body=structured().body.replace(b'"data": {', b'"data_base64": "e30=", "x": {')), "unsupported_encoding", None),
        (binary(body=b"\x1f\x8b\x08"), "unsupported_encoding", None),
        (Delivery(b"{}", "application/json", "womens_federation.x", "womens_federation", ""), "malformed_envelope", "specversion"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_the_reason(sent, code, field):
    assert why(read(sent)) == (code, field)


@pytest.mark.parametrize("make", [lambda data: delivery(time=AT, data=data), lambda data: binary(body=json.dumps(data).encode())], ids=["structured", "binary"])
def test_an_event_nested_to_the_limit_is_read_and_one_level_deeper_is_refused(make):
    """The limit counts every level, the outermost object too: in structured mode `data` lies one level deeper."""

    def nested(levels):
        sent = make(REPORT | {"unknown": "HERE"})
        sent.body = sent.body.replace(b'"HERE"', b"[" * levels + b"]" * levels)
        return read(sent)

    room = nesting.MAX_DEPTH - (2 if b'"data"' in make({}).body else 1)

    assert nested(room).refusal is None
    assert why(nested(room + 1)) == ("too_deep", None)
    assert {why(nested(levels))[0] for levels in range(950, 1050)} == {"too_deep"}  # where parsers differ about what they can read


def test_brackets_in_a_text_nest_nothing():
    assert read(delivery(time=AT, data=REPORT | {"unknown": '[{"' * 200 + "\\"})).refusal is None


def test_properties_that_could_not_be_decoded_are_refused():
    sent = structured()
    sent.is_undecodable = True

    assert why(read(sent)) == ("unsupported_encoding", None)


def test_a_failure_that_nobody_foresaw_refuses_that_one_delivery(monkeypatch):
    def fail(_):
        raise ZeroDivisionError

    monkeypatch.setattr(envelope.fast_envelope, "parse", fail)

    assert why(read(binary())) == ("unsupported_encoding", None)


@pytest.mark.parametrize("user", ["", "police", "intake"])
def test_nobody_speaks_for_another(user):
    sent = structured()
    sent.user_id = user

    assert why(read(sent)) == ("wrong_source", None)


def test_the_message_id_if_there_is_one_is_the_events_own():
    sent = structured()
    sent.message_id = "e-1"
    assert read(sent).refusal is None
    sent.message_id = "e-2"
    assert why(read(sent)) == ("malformed_envelope", "id")


def test_what_has_no_id_that_can_be_repeated_is_known_by_its_digest():
    for message_id in ("", "张三", "x" * 200):
        event = read(Delivery(b"\xff", STRUCTURED, "womens_federation.x", "womens_federation", message_id))
        assert len(event.id) == 64 and event.refusal["code"] == "unsupported_encoding"


@pytest.mark.parametrize("prefix", ["ce-", "cloudEvents_", "cloudEvents:"])
def test_a_body_that_cannot_be_read_is_known_by_the_id_in_its_headers(prefix):
    assert read(binary(prefix, body=b"\xff" * 9)).id == read(binary(prefix, body=b"[" * 99)).id == "e-1"


def test_of_a_name_given_twice_the_last_one_holds_as_everywhere_in_json():
    body = structured().body.replace(b'"kind": "family"', b'"kind": "neighbour", "kind": "family"')

    assert read(delivery(body=body)).data["kind"] == "family"


def test_half_a_character_is_refused():
    for name in ("\\ud800", "x\\udfff", "\\udc00\\ud800"):
        body = structured().body.replace(PERSON.encode(), name.encode())
        assert why(read(delivery(body=body))) == ("unsupported_encoding", None)
    assert read(delivery(body=structured().body.replace(PERSON.encode(), b"\\ud83d\\ude00"))).refusal is None


def test_numbers_that_json_does_not_know_harm_nobody():
    body = structured().body.replace(b'"wants"', b'"x": NaN, "y": Infinity, "z": 1e999, "wants"')

    assert read(delivery(body=body)).refusal is None


@pytest.mark.parametrize("value", [7, 1.5, True, None, b"\xff", Decimal("1.5"), datetime(2026, 3, 2), ["x"], {"a": {"b": 1}}])
@pytest.mark.parametrize("name", ["ce-id", "ce-type", "ce-source", "ce-subject", "ce-time", "ce-specversion", "ce-traceparent", "other"])
def test_headers_of_any_kind_are_read_or_refused(name, value):
    sent = binary()
    sent.headers[name] = value
    event = read(sent)

    if event.refusal is not None:
        why(event)
    assert Delivery.unpack(sent.pack()).body == sent.body


def test_a_kept_delivery_is_the_same_when_it_is_read_again():
    sent = Delivery(b"\xff", STRUCTURED, "police.x", "police", "e-1", {"ce-id": "e-1"}, is_undecodable=True)

    assert Delivery.unpack(sent.pack()) == sent


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=4),
    max_leaves=12,
)
NAMES = ["id", "source", "type", "subject", "time", "specversion", "data", "data_base64", "datacontenttype", "traceparent", "dataschema", "sequence"]


@given(st.dictionaries(st.sampled_from(NAMES), JSON) | JSON)
def test_whatever_json_it_is_there_is_an_answer(sent):
    event = read(delivery(body=json.dumps(sent).encode()))

    assert why(event)[0] in ("unsupported_encoding", "malformed_envelope", "malformed_data", "wrong_source", "too_deep")


@given(st.binary(max_size=300), st.sampled_from(["", "application/json", STRUCTURED, "text/plain", "application/octet-stream", "\x00"]))
def test_whatever_bytes_they_are_there_is_an_answer(body, content_type):
    why(read(delivery(body=body)))
    sent = binary(body=body, content_type=content_type)
    event = read(sent)
    if event.refusal is not None:
        why(event)


def test_kept_deliveries_are_told_apart_by_who_sent_them():
    assert read_any(structured()).source == "/agencies/womens_federation"
    nameless = structured()
    nameless.user_id = ""
    assert read_any(nameless).refusal["code"] == "wrong_source"
    said = Delivery(domain_event("mediation", "620702-2026-000123-1", 7), routing_key="1.step.applied")
    assert read_any(said).sequence == 7
    with pytest.raises(UnreadableEvent):
        read_any(Delivery(b"{}", routing_key="0.x"))


def test_every_agency_has_its_source():
    assert {envelope.agency_source(code) for code in contracts.AGENCIES} == {f"/agencies/{code}" for code in contracts.AGENCIES}
