"""Which event is to blame when the broker closes, and when is none?"""

import pytest

from fengqiao_agency.suspects import Suspects

SIZE = (406, "PRECONDITION_FAILED - message size 5000 is larger than configured max size 4096")
USER = (406, "PRECONDITION_FAILED - user_id property set to 'police' but authenticated user was 'court'")
FRAME = (501, "FRAME_ERROR - type 2, all octets = <<>>: {frame_too_large,200000,131064}")
INTERNAL = (541, "INTERNAL_ERROR")


def test_of_several_none_is_blamed_and_each_goes_alone():
    suspects = Suspects()

    assert suspects.closed([4, 5, 6], *SIZE) is None
    assert [turn for turn in range(3, 9) if suspects.must_be_alone(turn)] == [3, 4, 5, 6]


def test_a_message_that_is_refused_alone_is_to_blame():
    assert Suspects().closed([5], *SIZE) == 5


@pytest.mark.parametrize("reply", [FRAME, INTERNAL])
def test_a_connection_error_is_blamed_on_an_event_only_when_another_one_went_through(reply):
    suspects = Suspects()

    assert suspects.closed([5], *reply) is None and suspects.comes_later(5)
    assert suspects.closed([6], *reply) is None  # the broker itself may be in trouble
    assert suspects.closed([5], *reply) is None
    suspects.confirmed(7)
    assert not suspects.comes_later(5)
    assert suspects.closed([5], *reply) == 5
    suspects.confirmed(6)  # it was not this one
    assert suspects.closed([6], *reply) is None


@pytest.mark.parametrize("reply", [USER, (403, "ACCESS_REFUSED"), (404, "NOT_FOUND"), (320, "CONNECTION_FORCED")])
def test_what_concerns_every_event_is_blamed_on_none(reply):
    suspects = Suspects()

    assert suspects.closed([5], *reply) is None
    assert not suspects.must_be_alone(5)


def test_nothing_under_way_is_nothing_to_blame():
    assert Suspects().closed([], *SIZE) is None
