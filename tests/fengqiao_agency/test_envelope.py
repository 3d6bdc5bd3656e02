"""Does the kit refuse at `report()` what the hub's door refuses in the envelope, and nothing else?"""

import json
import math
from datetime import UTC, datetime, timedelta, timezone

import pytest

from contracts import envelope as contract
from fengqiao_agency import Agency, AgencyError, NotConfigured, NotValid, TooLarge
from fengqiao_agency.envelope import LIMITS, MAX_BYTES, MAX_DEPTH
from fengqiao_agency.events import outgoing
from plumbing.events import Delivery
from services.intake import envelope as door

TYPE = "test.happened"
NAME = "张某某"
GOOD = {"id": "a-1", "type": TYPE, "subject": "110-2026-0042", "data": {"n": 1}, "time": datetime(2026, 3, 2, 9, 30, tzinfo=UTC)}


def nested(levels):
    """Objects and arrays in turn, so many levels deep; the outermost is an object."""
    data = 1
    for level in range(levels, 0, -1):
        data = {"in": data} if level % 2 else [data]
    return data


def depth(data):
    return 1 + max(map(depth, data.values() if isinstance(data, dict) else data), default=0) if isinstance(data, (dict, list)) else 0


@pytest.fixture
def agency(tmp_path):
    agency = Agency("police", "amqp://127.0.0.1:1/none", str(tmp_path / "outbox.db"))
    yield agency
    agency.outbox.close()


def report(agency, **changed):
    event = GOOD | changed
    return agency.report(event["type"], event["subject"], event["data"], event["time"], event["id"])


def at_the_door(event) -> dict | None:
    """Why the door refuses an event that the kit would send; None if it takes it."""
    delivery = Delivery(
        event.body,
        content_type="application/json",
        routing_key=f"police.{event.type}",
        user_id="police",
        message_id=event.id,
        headers=json.loads(event.headers),
    )
    return door.read(delivery).refusal


def test_the_carried_limits_are_those_of_the_contract():
    assert contract.limits() == LIMITS
    assert (door.ID, door.TYPE, door.SUBJECT, door.MAX_BYTES) == (contract.ID, contract.TYPE, contract.SUBJECT, contract.MAX_BYTES)


@pytest.mark.parametrize(
    ("wrong", "field"),
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
        ({"type": NAME}, "type"),
        ({"type": None}, "type"),
        ({"time": datetime(2026, 3, 2, 9, 30)}, "time"),
        ({"time": datetime(1999, 12, 31, tzinfo=UTC)}, "time"),
        ({"time": datetime(2101, 1, 1, tzinfo=UTC)}, "time"),
        ({"time": "2026-03-02T09:30:00Z"}, "time"),
        ({"data": []}, "data"),
        ({"data": "text"}, "data"),
        ({"data": None}, "data"),
        ({"data": {"name": NAME + "\ud83d"}}, "data"),
        ({"data": {"\udc00": 1}}, "data"),
        ({"data": {"n": math.nan}}, "data"),
        ({"data": {"n": math.inf}}, "data"),
        ({"data": {"n": {1, 2}}}, "data"),
        ({"data": {("a", "b"): 1}}, "data"),
        ({"data": nested(MAX_DEPTH + 1)}, "data"),
        ({"data": nested(2000)}, "data"),
    ],
)
def test_what_the_door_would_refuse_is_not_taken(agency, wrong, field):
    with pytest.raises(NotValid) as refusal:
        report(agency, **wrong)

    assert refusal.value.field == field and f"“{field}”" in refusal.value.zh and f"“{field}”" in refusal.value.en
    assert NAME not in str(refusal.value)
    assert agency.outbox.counts() == {}


def test_data_that_contains_itself_is_not_taken(agency):
    data = {}
    data["in"] = [data, data]

    with pytest.raises(NotValid):
        report(agency, data=data)


@pytest.mark.parametrize(
    "right",
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
        {"data": {"emoji": "\ud83d\ude00", "text": NAME}},
        {"data": {"text": "x" * (MAX_BYTES - len('{"text": ""}'))}},
        {"data": nested(MAX_DEPTH)},
    ],
)
def test_what_is_taken_is_taken_at_the_door_too(agency, right):
    event = GOOD | right

    report(agency, **right)
    assert at_the_door(outgoing("police", event["type"], event["subject"], event["data"], event["time"], event["id"])) is None


def test_depth_is_counted_as_the_contract_says():
    assert [depth(nested(levels)) for levels in (1, 2, 3, MAX_DEPTH, MAX_DEPTH + 1)] == [1, 2, 3, MAX_DEPTH, MAX_DEPTH + 1]


def test_a_body_of_one_byte_too_many_is_not_taken(agency):
    with pytest.raises(TooLarge) as refusal:
        report(agency, data={"text": "x" * (MAX_BYTES + 1 - len('{"text": ""}'))})

    assert str(MAX_BYTES) in refusal.value.zh and str(MAX_BYTES) in refusal.value.en


def test_a_time_in_the_near_future_is_for_the_hub_to_judge(agency):
    """The clock of this machine may be behind, and the event may be sent much later."""
    report(agency, time=datetime.now(UTC) + timedelta(hours=23))

    assert agency.outbox.counts() == {"waiting": 1}


def test_a_time_in_the_far_future_is_not_taken(agency):
    with pytest.raises(NotValid) as refusal:
        report(agency, time=datetime.now(UTC) + timedelta(days=2))

    assert refusal.value.field == "time"


def test_a_clock_that_was_set_back_refuses_nothing(agency):
    """This machine wrote into its outbox at a later time than its clock shows now: the clock is wrong, the event perhaps not."""
    report(agency, id="earlier")
    agency.outbox._sure.execute("update outbox set reported_at = '2031-01-01T00:00:00.000+00:00'")
    report(agency, time=datetime(2030, 12, 31, tzinfo=UTC))

    assert sum(agency.outbox.counts().values()) == 2


@pytest.mark.parametrize("code", ["", "x" * 300, "po lice", NAME])
def test_an_agencys_code_that_cannot_be_one_is_refused_at_once(tmp_path, code):
    with pytest.raises(NotConfigured) as refusal:
        Agency(code, "amqp://127.0.0.1:1/none", str(tmp_path / "outbox.db"))

    assert isinstance(refusal.value, AgencyError) and "FENGQIAO_AGENCY" in refusal.value.zh
