"""Tests of the detection of the event that makes the broker close a channel or connection."""

import pytest

from fengqiao_agency.poison_messages import PoisonMessageDetector

MESSAGE_TOO_LARGE = (406, "PRECONDITION_FAILED - message size 5000 is larger than configured max size 4096")
WRONG_USER = (406, "PRECONDITION_FAILED - user_id property set to 'police' but authenticated user was 'court'")
FRAME_TOO_LARGE = (501, "FRAME_ERROR - type 2, all octets = <<>>: {frame_too_large,200000,131064}")
INTERNAL_ERROR = (541, "INTERNAL_ERROR")


def test_several_unconfirmed_events_are_published_alone_after_a_close():
    detector = PoisonMessageDetector()

    assert detector.record_close([4, 5, 6], *MESSAGE_TOO_LARGE) is None
    assert [publish_order for publish_order in range(3, 9) if detector.must_be_published_alone(publish_order)] == [3, 4, 5, 6]


def test_single_unconfirmed_event_is_the_cause_of_a_406():
    assert PoisonMessageDetector().record_close([5], *MESSAGE_TOO_LARGE) == 5


@pytest.mark.parametrize("reply", [FRAME_TOO_LARGE, INTERNAL_ERROR])
def test_event_is_the_cause_of_a_connection_error_only_after_another_was_confirmed(reply):
    detector = PoisonMessageDetector()

    assert detector.record_close([5], *reply) is None and detector.is_deferred(5)
    assert detector.record_close([6], *reply) is None  # no other event was confirmed since: the broker may be the cause
    assert detector.record_close([5], *reply) is None
    detector.record_confirm(7)
    assert not detector.is_deferred(5)
    assert detector.record_close([5], *reply) == 5
    detector.record_confirm(6)  # event 6 was not the cause
    assert detector.record_close([6], *reply) is None


@pytest.mark.parametrize("reply", [WRONG_USER, (403, "ACCESS_REFUSED"), (404, "NOT_FOUND"), (320, "CONNECTION_FORCED")])
def test_close_that_concerns_every_event_has_no_event_as_cause(reply):
    detector = PoisonMessageDetector()

    assert detector.record_close([5], *reply) is None
    assert not detector.must_be_published_alone(5)


def test_close_without_unconfirmed_events_has_no_event_as_cause():
    assert PoisonMessageDetector().record_close([], *MESSAGE_TOO_LARGE) is None
