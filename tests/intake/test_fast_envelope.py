"""Whatever the shortcut reads, the CloudEvents SDK reads the same; the usual message takes the shortcut."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fengqiao_agency.events import outgoing
from plumbing.events import Delivery
from services.intake import envelope, fast_envelope

USUAL = {
    "ce-specversion": "1.0",
    "ce-id": "wf-2026-0042",
    "ce-source": "/agencies/womens_federation",
    "ce-type": "dispute.reported",
    "ce-subject": "妇联〔2026〕42号",
    "ce-time": "2026-03-02T02:30:00.123456Z",
}
BODIES = (
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
TIMES = (
    "2026-03-02T02:30:00Z", "2026-03-02T10:30:00+08:00", "2026-03-02T02:30:00.5Z", "2026-03-02T02:30:00.123Z", "2026-03-02T02:30:00.123456789Z",
    "2026-03-02T02:30:00", "2026-03-02t02:30:00z", "2026-03-02 02:30:00Z", "20260302T023000Z", "2026-03-02T24:00:00Z", "2026-03-02T23:59:60Z", "2026-02-30T00:00:00Z",
    "2026-W10-1T00:00:00Z", "2026-03-02T02:30:00-00:00", "2026-03-02T02:30:00+24:00", "2026-03-02T02:30Z", "", "now",
)  # fmt: skip

headers = st.dictionaries(
    st.sampled_from([*USUAL, "ce-dataschema", "ce-traceparent", "ce-dssematerial", "CE-ID", "Ce-Type", "ce-data", "ce-", "other", "cloudEvents_id"]),
    st.sampled_from(["1.0", "0.3", "", " ", "x", "一", "2026-03-02T02:30:00Z", 1, None, True, b"x"]),
    max_size=3,
)


def both(delivery):
    """What the two read; None where one cannot, or for the shortcut, will not."""
    try:
        sdk = envelope._parse(delivery)
    except Exception:  # noqa: BLE001 - whatever the SDK raises means that it is no event
        sdk = None
    return fast_envelope.parse(delivery), sdk


@given(
    headers,
    st.sampled_from(TIMES),
    st.sampled_from(BODIES),
    st.sampled_from(["application/json", "application/json", "", "text/plain", "application/json; charset=utf-8"]),
)
def test_the_shortcut_never_reads_what_the_sdk_reads_otherwise(changed, time, body, content_type):
    shortcut, sdk = both(Delivery(body, content_type, headers=USUAL | {"ce-time": time} | changed))

    if shortcut is not None:
        assert sdk is not None
        told = {name: value for name, value in sdk[0].items() if name != "datacontenttype"}
        assert (shortcut[0], shortcut[1]) == (told, sdk[1])


@pytest.mark.parametrize("missing", sorted(USUAL))
def test_without_an_attribute_it_is_the_same_too(missing):
    shortcut, sdk = both(Delivery(b"{}", "application/json", headers={name: value for name, value in USUAL.items() if name != missing}))

    assert shortcut is None or shortcut[0] == {name: value for name, value in sdk[0].items() if name != "datacontenttype"}


def test_what_the_kit_sends_takes_the_shortcut():
    event = outgoing("womens_federation", "mediation.started", "620702-2026-000123-1", {}, datetime(2026, 3, 2, tzinfo=UTC), None)

    assert fast_envelope.parse(Delivery(event.body, "application/json", headers=json.loads(event.headers))) is not None
