"""Tests of the detection of the event that makes the broker close the channel or the connection."""

import pytest

from fengqiao_agency.poison_messages import PoisonMessageDetector

MESSAGE_TOO_LARGE = (406, "PRECONDITION_FAILED - message size 5000 is larger than configured max size 4096")
WRONG_USER = (406, "PRECONDITION_FAILED - user_id property set to 'police' but authenticated user was 'court'")
FRAME_TOO_LARGE = (501, "FRAME_ERROR - type 2, all octets = <<>>: {frame_too_large,200000,131064}")
INTERNAL_ERROR = (541, "INTERNAL_ERROR")


def test_events_that_were_unconfirmed_at_a_close_are_published_one_at_a_time():
    detector = PoisonMessageDetector()

    assert detector.record_close([4, 5, 6], *MESSAGE_TOO_LARGE) is None
    assert [publish_order for publish_order in range(3, 9) if detector.must_be_published_alone(publish_order)] == [3, 4, 5, 6]


def test_single_unconfirmed_event_is_the_cause_of_a_close_with_reply_code_406():
    assert PoisonMessageDetector().record_close([5], *MESSAGE_TOO_LARGE) == 5


@pytest.mark.parametrize("reply", [FRAME_TOO_LARGE, INTERNAL_ERROR])
def test_an_event_is_blamed_for_two_channel_closures_only_if_another_event_was_confirmed_between_them(reply):
    detector = PoisonMessageDetector()

    assert detector.record_close([5], *reply) is None and detector.is_deferred(5)
    assert detector.record_close([6], *reply) is None  # no event was confirmed between the two closes: the broker may be the cause
    assert detector.record_close([5], *reply) is None
    detector.record_confirm(7)
    assert not detector.is_deferred(5)
    assert detector.record_close([5], *reply) == 5
    detector.record_confirm(6)  # the confirmation shows that event 6 was not the cause
    assert detector.record_close([6], *reply) is None


@pytest.mark.parametrize("reply", [WRONG_USER, (403, "ACCESS_REFUSED"), (404, "NOT_FOUND"), (320, "CONNECTION_FORCED")])
def test_no_event_is_blamed_if_the_broker_closes_the_channel_because_of_a_connection_error(reply):
    detector = PoisonMessageDetector()

    assert detector.record_close([5], *reply) is None
    assert not detector.must_be_published_alone(5)


def test_close_without_unconfirmed_events_is_attributed_to_no_event():
    assert PoisonMessageDetector().record_close([], *MESSAGE_TOO_LARGE) is None
