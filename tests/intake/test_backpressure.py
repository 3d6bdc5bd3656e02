"""How far intake runs ahead: as far as the limit, on again when a quarter is free, and never stopped for good."""

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
def pace(clock):
    return Backpressure(ahead=100, stalled_seconds=5, forgotten_seconds=60, clock=clock)


def test_it_takes_no_more_than_the_limit(pace):
    assert pace.room() == 100

    pace.passed_on(60)
    assert pace.room() == 40

    pace.passed_on(40)
    assert pace.room() == 0


def test_it_goes_on_when_a_quarter_has_come_back_decided(pace):
    pace.passed_on(100)

    pace.decided(24)
    assert pace.room() == 0

    pace.decided(1)
    assert pace.room() == 25


def test_decisions_about_what_came_by_another_door_make_no_extra_room(pace):
    pace.passed_on(10)
    pace.decided(50)

    assert pace.room() == 100


def test_when_nothing_comes_back_for_a_while_everything_is_let_through(pace, clock):
    pace.passed_on(100)
    clock.now += 4.9
    assert pace.room() == 0

    clock.now += 0.2
    assert pace.room() == 100

    pace.passed_on(100)
    assert pace.room() == 100


def test_once_decisions_come_again_it_holds_the_distance_again(pace, clock):
    pace.passed_on(100)
    clock.now += 6
    pace.passed_on(100)
    pace.decided(1)

    assert pace.room() == 0


def test_a_pause_is_no_stall(pace, clock):
    clock.now += 100
    pace.passed_on(100)

    assert pace.room() == 0


def test_what_never_comes_back_is_forgotten_after_a_minute(pace, clock):
    pace.passed_on(80)  # parked, every one of them
    clock.now += 59
    pace.passed_on(20)
    pace.decided(1)
    assert pace.room() == 0

    clock.now += 2
    assert pace.room() >= 80 - 1
