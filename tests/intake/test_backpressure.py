"""Tests of the backpressure limit: when consumption stops, when it resumes, and that it never stops for good."""

import pytest

from services.intake.backpressure import Backpressure


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def backpressure(clock):
    return Backpressure(limit=100, stalled_seconds=5, expiry_seconds=60, clock=clock)


def test_room_decreases_to_zero_at_the_limit(backpressure):
    assert backpressure.room() == 100

    backpressure.record_passed_on(60)
    assert backpressure.room() == 40

    backpressure.record_passed_on(40)
    assert backpressure.room() == 0


def test_consumption_resumes_when_a_quarter_of_the_limit_is_decided(backpressure):
    backpressure.record_passed_on(100)

    backpressure.record_decided(24)
    assert backpressure.room() == 0

    backpressure.record_decided(1)
    assert backpressure.room() == 25


def test_decisions_about_events_received_over_http_do_not_raise_the_limit(backpressure):
    backpressure.record_passed_on(10)
    backpressure.record_decided(50)

    assert backpressure.room() == 100


def test_the_limit_is_lifted_when_no_decision_arrives_for_some_seconds(backpressure, clock):
    backpressure.record_passed_on(100)
    clock.now += 4.9
    assert backpressure.room() == 0

    clock.now += 0.2
    assert backpressure.room() == 100

    backpressure.record_passed_on(100)
    assert backpressure.room() == 100


def test_the_limit_applies_again_after_the_next_decision(backpressure, clock):
    backpressure.record_passed_on(100)
    clock.now += 6
    backpressure.record_passed_on(100)
    backpressure.record_decided(1)

    assert backpressure.room() == 0


def test_an_idle_period_does_not_lift_the_limit(backpressure, clock):
    clock.now += 100
    backpressure.record_passed_on(100)

    assert backpressure.room() == 0


def test_a_step_without_a_decision_is_not_counted_after_a_minute(backpressure, clock):
    backpressure.record_passed_on(80)  # all of them are parked
    clock.now += 59
    backpressure.record_passed_on(20)
    backpressure.record_decided(1)
    assert backpressure.room() == 0

    clock.now += 2
    assert backpressure.room() >= 80 - 1
