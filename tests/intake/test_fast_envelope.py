"""Tests of the fast envelope parser: equal results to the CloudEvents SDK, and use for the most common form of events."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengqiao_agency.events import make_outgoing_event
from plumbing.events import Delivery
from services.intake import envelope, fast_envelope

USUAL_HEADERS = {
    "ce-specversion": "1.0",
    "ce-id": "wf-2026-0042",
    "ce-source": "/agencies/womens_federation",
    "ce-type": "dispute.reported",
    "ce-subject": "妇联〔2026〕42号",
    "ce-time": "2026-03-02T02:30:00.123456Z",
}
JSON_BODIES = (
    b'{"a": "\xe4\xb8\x80", "n": 1.5}',
    b"[]",
    b"null",
    b"",
    b"{",
    b'{"a": NaN}',
    b'{"a": "\\ud800"}',
    b'{"a": 1, "a": 2}',
    b"\xef\xbb\xbf{}",
    b"\xff",
    b" {} ",
    b'"x"',
)
EVENT_TIMES = (
    "2026-03-02T02:30:00Z", "2026-03-02T10:30:00+08:00", "2026-03-02T02:30:00.5Z", "2026-03-02T02:30:00.123Z", "2026-03-02T02:30:00.123456789Z",
    "2026-03-02T02:30:00", "2026-03-02t02:30:00z", "2026-03-02 02:30:00Z", "20260302T023000Z", "2026-03-02T24:00:00Z", "2026-03-02T23:59:60Z", "2026-02-30T00:00:00Z",
    "2026-W10-1T00:00:00Z", "2026-03-02T02:30:00-00:00", "2026-03-02T02:30:00+24:00", "2026-03-02T02:30Z", "", "now",
)  # fmt: skip

headers = st.dictionaries(
    st.sampled_from([*USUAL_HEADERS, "ce-dataschema", "ce-traceparent", "ce-dssematerial", "CE-ID", "Ce-Type", "ce-data", "ce-", "other", "cloudEvents_id"]),
    st.sampled_from(["1.0", "0.3", "", " ", "x", "一", "2026-03-02T02:30:00Z", 1, None, True, b"x"]),
    max_size=3,
)


def parse_with_both(delivery):
    """Return the results of the fast parser and of the SDK.

    None as the first: the fast parser leaves the delivery to the SDK. None as the second: the SDK raised an exception.
    """
    try:
        sdk = envelope._parse(delivery)
    except Exception:  # noqa: BLE001 - any exception of the SDK means that the delivery is invalid
        sdk = None
    return fast_envelope.parse(delivery), sdk


@given(
    headers,
    st.sampled_from(EVENT_TIMES),
    st.sampled_from(JSON_BODIES),
    st.sampled_from(["application/json", "application/json", "", "text/plain", "application/json; charset=utf-8"]),
)
def test_the_fast_parser_and_the_cloudevents_sdk_return_the_same_event(changed, time, body, content_type):
    fast, sdk = parse_with_both(Delivery(body, content_type, headers=USUAL_HEADERS | {"ce-time": time} | changed))

    if fast is not None:
        assert sdk is not None
        event_attributes = {name: value for name, value in sdk[0].items() if name != "datacontenttype"}
        assert (fast[0], fast[1]) == (event_attributes, sdk[1])


@pytest.mark.parametrize("missing", sorted(USUAL_HEADERS))
def test_the_fast_parser_and_the_cloudevents_sdk_agree_if_an_attribute_is_missing(missing):
    fast, sdk = parse_with_both(Delivery(b"{}", "application/json", headers={name: value for name, value in USUAL_HEADERS.items() if name != missing}))

    assert fast is None or fast[0] == {name: value for name, value in sdk[0].items() if name != "datacontenttype"}


def test_events_of_the_agency_client_library_are_parsed_by_the_fast_parser():
    event = make_outgoing_event("womens_federation", "mediation.started", "620702-2026-000123-1", {}, datetime(2026, 3, 2, tzinfo=UTC), None)

    assert fast_envelope.parse(Delivery(event.body, "application/json", headers=json.loads(event.headers))) is not None
