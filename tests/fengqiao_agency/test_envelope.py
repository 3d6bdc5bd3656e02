"""Tests of the envelope checks: the client library refuses exactly those envelopes (id, type, subject, time, size) that the intake service refuses."""

import json
import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from contracts import envelope as contract
from fengqiao_agency import Agency, AgencyError, NotConfigured, NotValid, TooLarge
from fengqiao_agency.envelope import ENVELOPE_LIMITS, MAX_BYTES, MAX_DEPTH
from fengqiao_agency.events import make_outgoing_event
from plumbing.events import Delivery
from services.intake import envelope as intake_envelope

EVENT_TYPE = "test.happened"
PERSON_NAME = "张某某"
VALID_EVENT = {"id": "a-1", "type": EVENT_TYPE, "subject": "110-2026-0042", "data": {"n": 1}, "time": datetime(2026, 3, 2, 9, 30, tzinfo=UTC)}


def nested_data(levels):
    """Return data with this many levels of nested containers: objects and lists alternately, the outermost being an object."""
    data = 1
    for level in range(levels, 0, -1):
        data = {"in": data} if level % 2 else [data]
    return data


def nesting_depth(data):
    return 1 + max(map(nesting_depth, data.values() if isinstance(data, dict) else data), default=0) if isinstance(data, (dict, list)) else 0


@pytest.fixture
def agency(tmp_path):
    agency = Agency("police", "amqp://127.0.0.1:1/none", str(tmp_path / "outbox.db"))
    yield agency
    agency.outbox.close()


def report(agency, **changes):
    event = VALID_EVENT | changes
    return agency.report(event["type"], event["subject"], event["data"], event["time"], event["id"])


def refusal_by_intake(event) -> dict | None:
    """Return the reason with which the intake service refuses the event as the client library sends it, or None if intake accepts the event."""
    delivery = Delivery(
        event.body,
        content_type="application/json",
        routing_key=f"police.{event.type}",
        user_id="police",
        message_id=event.id,
        headers=json.loads(event.headers),
    )
    return intake_envelope.read(delivery).refusal


def test_envelope_limits_of_the_client_library_equal_those_of_the_contract():
    assert contract.envelope_limits() == ENVELOPE_LIMITS
    assert (intake_envelope.ID_PATTERN, intake_envelope.TYPE_PATTERN, intake_envelope.SUBJECT_PATTERN, intake_envelope.MAX_BYTES) == (
        contract.ID_PATTERN,
        contract.TYPE_PATTERN,
        contract.SUBJECT_PATTERN,
        contract.MAX_BYTES,
    )


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"id": "x" * 129}, "id"),
        ({"id": "x" * 300}, "id"),
        ({"id": "a b"}, "id"),
        ({"id": "a\n"}, "id"),
        ({"id": "编号"}, "id"),
        ({"id": 7}, "id"),
        ({"subject": ""}, "subject"),
        ({"subject": "x" * 65}, "subject"),
        ({"subject": "110 0042"}, "subject"),
        ({"subject": "a\x00"}, "subject"),
        ({"subject": None}, "subject"),
        ({"type": "x" * 65}, "type"),
        ({"type": ""}, "type"),
        ({"type": PERSON_NAME}, "type"),
        ({"type": None}, "type"),
        ({"time": datetime(2026, 3, 2, 9, 30)}, "time"),
        ({"time": datetime(1999, 12, 31, tzinfo=UTC)}, "time"),
        ({"time": datetime(2101, 1, 1, tzinfo=UTC)}, "time"),
        ({"time": "2026-03-02T09:30:00Z"}, "time"),
        ({"data": []}, "data"),
        ({"data": "text"}, "data"),
        ({"data": None}, "data"),
        ({"data": {"name": PERSON_NAME + "\ud83d"}}, "data"),
        ({"data": {"\udc00": 1}}, "data"),
        ({"data": {"n": math.nan}}, "data"),
        ({"data": {"n": math.inf}}, "data"),
        ({"data": {"n": {1, 2}}}, "data"),
        ({"data": {("a", "b"): 1}}, "data"),
        ({"data": nested_data(MAX_DEPTH + 1)}, "data"),
        ({"data": nested_data(2000)}, "data"),
    ],
)
def test_report_with_an_invalid_envelope_field_is_refused_and_the_error_names_the_field(agency, change, field):
    with pytest.raises(NotValid) as refusal:
        report(agency, **change)

    assert refusal.value.field == field and f"“{field}”" in refusal.value.zh and f"“{field}”" in refusal.value.en
    assert PERSON_NAME not in str(refusal.value)
    assert agency.outbox.count_by_state() == {}


def test_event_data_that_contain_themselves_are_refused(agency):
    data = {}
    data["in"] = [data, data]

    with pytest.raises(NotValid):
        report(agency, data=data)


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"id": "x" * 128},
        {"id": "FL/2026:0042#1@a+b=c~d_e.f"},
        {"subject": "妇联〔2026〕42号"},
        {"subject": "x" * 64},
        {"type": "x" * 64},
        {"time": datetime(2000, 1, 1, tzinfo=UTC)},
        {"time": datetime(2026, 3, 2, 9, 30, tzinfo=timezone(timedelta(hours=8, minutes=5, seconds=43)))},
        {"time": None, "id": None},
        {"data": {"emoji": "\ud83d\ude00", "text": PERSON_NAME}},
        {"data": {"text": "x" * (MAX_BYTES - len('{"text": ""}'))}},
        {"data": nested_data(MAX_DEPTH)},
    ],
)
def test_event_that_the_client_library_accepts_is_accepted_by_intake(agency, change):
    event = VALID_EVENT | change

    report(agency, **change)
    assert refusal_by_intake(make_outgoing_event("police", event["type"], event["subject"], event["data"], event["time"], event["id"])) is None


def test_helper_for_nested_data_returns_the_given_number_of_levels():
    assert [nesting_depth(nested_data(levels)) for levels in (1, 2, 3, MAX_DEPTH, MAX_DEPTH + 1)] == [1, 2, 3, MAX_DEPTH, MAX_DEPTH + 1]


def test_event_whose_message_body_exceeds_the_size_limit_by_one_byte_is_refused(agency):
    with pytest.raises(TooLarge) as refusal:
        report(agency, data={"text": "x" * (MAX_BYTES + 1 - len('{"text": ""}'))})

    assert str(MAX_BYTES) in refusal.value.zh and str(MAX_BYTES) in refusal.value.en


def test_event_time_less_than_a_day_in_the_future_is_accepted_by_the_client_library(agency):
    """The hub decides about such a time: the clock of the agency's machine may be slow, and the event may be sent much later."""
    report(agency, time=datetime.now(UTC) + timedelta(hours=23))

    assert agency.outbox.count_by_state() == {"waiting": 1}


def test_event_time_two_days_in_the_future_is_refused(agency):
    with pytest.raises(NotValid) as refusal:
        report(agency, time=datetime.now(UTC) + timedelta(days=2))

    assert refusal.value.field == "time"


def test_event_time_in_the_future_is_accepted_after_the_machine_clock_was_set_back(agency):
    """If the outbox contains a later time than the clock shows, the clock is wrong, and the event time may be correct."""
    report(agency, id="earlier")
    agency.outbox._durable_db.execute("update outbox set reported_at = '2031-01-01T00:00:00.000+00:00'")
    report(agency, time=datetime(2030, 12, 31, tzinfo=UTC))

    assert sum(agency.outbox.count_by_state().values()) == 2


@pytest.mark.parametrize("code", ["", "x" * 300, "po lice", PERSON_NAME])
def test_invalid_agency_code_is_refused_at_construction(tmp_path, code):
    with pytest.raises(NotConfigured) as refusal:
        Agency(code, "amqp://127.0.0.1:1/none", str(tmp_path / "outbox.db"))

    assert isinstance(refusal.value, AgencyError) and "FENGQIAO_AGENCY" in refusal.value.zh
