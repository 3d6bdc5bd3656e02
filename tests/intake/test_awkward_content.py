"""Tests that events of all types with unusual values are accepted or refused at once.

An event that failed only later, in the database or in JSON encoding, would be parked.
"""

import json
from datetime import UTC, datetime, timedelta

import pytest

from contracts import AGENCIES, AGENCY_EVENTS
from tests.contracts.event_types import paths_in, with_value_at
from tests.intake.conftest import delivery, event_attributes

TYPES_WITH_REPORT_NUMBER_AS_SUBJECT = ("dispute.reported",)  # event types whose subject is a report number
AWKWARD_TEXTS = (
    "\x00",
    "a\x00b",
    "\U0001f600",
    "\ud800",
    "\ufffe\uffff",
    "\u202e",
    "'; drop table",
    "%s",
    "\\",
    "x" * 5000,
    "",
    " ",
    "٣",
    "\x1f\x1e\x1d",
    "null",
)
AWKWARD_NUMBERS = (-1, 0, 2**31, 2**63, 2**64, 10**400, 1e308, -0.0, True)
AWKWARD_VALUES = (*AWKWARD_TEXTS, *AWKWARD_NUMBERS, None, [], {}, [[]], {"\x00": "\x00"}, {"": 1})


def awkward_events(event_type: str, code: str):
    """Yield deliveries of the event type's example about this dispute, each with one field replaced by one unusual value."""
    sender = next(name for name, agency in AGENCIES.items() if agency.role in AGENCY_EVENTS[event_type].allowed_roles)
    example = AGENCY_EVENTS[event_type].example
    subject = example["report_no"] if event_type in TYPES_WITH_REPORT_NUMBER_AS_SUBJECT else example.get("organisation", code)
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for number, (path, value) in enumerate((path, value) for path in ((), *paths_in(example)) for value in AWKWARD_VALUES):
        data = with_value_at(example, path, value) if path else value
        envelope = event_attributes(
            sender,
            type=event_type,
            id=f"{event_type}-{number}",
            subject=f"{subject}-{number}" if event_type in TYPES_WITH_REPORT_NUMBER_AS_SUBJECT else subject,
            time=at,
        )
        yield delivery(sender, body=json.dumps(envelope | {"data": data}).encode(), type=event_type)


@pytest.mark.parametrize("event_type", AGENCY_EVENTS)
def test_an_event_with_an_unusual_value_in_any_field_is_accepted_or_refused_at_once(ingest_all, event_type):
    (first,) = ingest_all(delivery())
    deliveries = list(awkward_events(event_type, first.dispute.code))

    decisions = [decision for begin in range(0, len(deliveries), 200) for decision in ingest_all(*deliveries[begin : begin + 200])]

    assert len(decisions) == len(deliveries)
    assert any(decision.is_refused for decision in decisions)
