"""Can any content that passes the contract fail later, in the database or in a writer of JSON? Then it would be parked, and a person would have to look."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from contracts import AGENCIES, AGENCY_EVENTS
from tests.contracts.rows import changed, places_in
from tests.intake.conftest import attributes, delivery

CODE_FIRST = ("dispute.reported",)
NASTY_TEXTS = (
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
NASTY_NUMBERS = (-1, 0, 2**31, 2**63, 2**64, 10**400, 1e308, -0.0, True)
NASTY = (*NASTY_TEXTS, *NASTY_NUMBERS, None, [], {}, [[]], {"\x00": "\x00"}, {"": 1})


def events_of(type: str, code: str):
    """Every field of the type's example with every awkward value, each as its agency would send it about this dispute."""
    agency = next(code for code, one in AGENCIES.items() if one.role in AGENCY_EVENTS[type].allowed_roles)
    example = AGENCY_EVENTS[type].example
    subject = example["report_no"] if type in CODE_FIRST else example.get("organisation", code)
    at = (datetime.now(UTC) - timedelta(hours=1)).isoformat()
    for number, (path, value) in enumerate((path, value) for path in ((), *places_in(example)) for value in NASTY):
        data = changed(example, path, value) if path else value
        said = attributes(agency, type=type, id=f"{type}-{number}", subject=f"{subject}-{number}" if type in CODE_FIRST else subject, time=at)
        yield delivery(agency, body=json.dumps(said | {"data": data}).encode(), type=type)


@pytest.mark.parametrize("type", AGENCY_EVENTS)
def test_every_awkward_value_in_every_field_is_accepted_or_refused_at_once(take, type):
    (first,) = take(delivery())
    sent = list(events_of(type, first.dispute.code))

    verdicts = [verdict for begin in range(0, len(sent), 200) for verdict in take(*sent[begin : begin + 200])]

    assert len(verdicts) == len(sent)
    assert any(verdict.is_refused for verdict in verdicts)
