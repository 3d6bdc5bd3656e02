"""Tests of the backpressure limit: consumption stops at the limit, resumes after decisions, and never stops permanently."""

from types import SimpleNamespace

import pytest

from contracts.channels import partition_of
from services.intake import service
from services.intake.backpressure import Backpressure


class FakeClock:
    now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return FakeClock()


@pytest.fixture
def backpressure(clock):
    return Backpressure(limit=100, stalled_seconds=5, expiry_seconds=60, clock=clock)


def test_the_remaining_capacity_is_zero_when_the_number_of_undecided_steps_reaches_the_limit(backpressure):
    assert backpressure.remaining_capacity() == 100

    backpressure.record_passed_on_steps(60)
    assert backpressure.remaining_capacity() == 40

    backpressure.record_passed_on_steps(40)
    assert backpressure.remaining_capacity() == 0


def test_consumption_resumes_after_a_quarter_of_the_undecided_steps_is_decided(backpressure):
    backpressure.record_passed_on_steps(100)

    backpressure.record_decided_steps(24)
    assert backpressure.remaining_capacity() == 0

    backpressure.record_decided_steps(1)
    assert backpressure.remaining_capacity() == 25


def test_decisions_about_events_received_over_http_do_not_raise_the_backpressure_limit(backpressure):
    backpressure.record_passed_on_steps(10)
    backpressure.record_decided_steps(50)

    assert backpressure.remaining_capacity() == 100


def test_the_backpressure_limit_is_lifted_if_no_decision_arrives_for_five_seconds(backpressure, clock):
    backpressure.record_passed_on_steps(100)
    clock.now += 4.9
    assert backpressure.remaining_capacity() == 0

    clock.now += 0.2
    assert backpressure.remaining_capacity() == 100

    backpressure.record_passed_on_steps(100)
    assert backpressure.remaining_capacity() == 100


def test_the_backpressure_limit_applies_again_after_the_next_decision(backpressure, clock):
    backpressure.record_passed_on_steps(100)
    clock.now += 6
    backpressure.record_passed_on_steps(100)
    backpressure.record_decided_steps(1)

    assert backpressure.remaining_capacity() == 0


def test_a_period_without_events_does_not_lift_the_backpressure_limit(backpressure, clock):
    clock.now += 100
    backpressure.record_passed_on_steps(100)

    assert backpressure.remaining_capacity() == 0


def test_a_step_without_a_decision_stops_counting_as_undecided_after_a_minute(backpressure, clock):
    backpressure.record_passed_on_steps(80)  # no decision about these steps will arrive because they are parked
    clock.now += 59
    backpressure.record_passed_on_steps(20)
    backpressure.record_decided_steps(1)
    assert backpressure.remaining_capacity() == 0

    clock.now += 2
    assert backpressure.remaining_capacity() >= 80 - 1


def test_two_copies_of_intake_count_each_step_in_the_copy_that_receives_its_decision():
    codes = [f"620702-2026-{number:06d}-1" for number in range(400)]

    def count_in_copy(*partitions_heard):
        copy = Backpressure()
        copy.partitions, copy.partitions_heard = 4, partitions_heard
        return copy.count_steps_decided_here(codes)

    here, elsewhere = count_in_copy(0, 1), count_in_copy(2, 3)

    assert here + elsewhere == len(codes) == count_in_copy(0, 1, 2, 3)
    assert here == sum(partition_of(code, 4) < 2 for code in codes)
    assert min(here, elsewhere) > 100  # the codes are spread over all partitions


def test_the_intake_service_takes_its_limit_and_partitions_from_the_settings(monkeypatch):
    monkeypatch.setattr(service, "backpressure", Backpressure(limit=400))
    settings = SimpleNamespace(ahead=200, partitions=4, partitions_heard=(2, 3))
    provider = service.BackpressureLimit()
    provider.container = SimpleNamespace(config={"settings": settings})

    provider.setup()

    assert service.backpressure.limit == 200
    assert (service.backpressure.partitions, service.backpressure.partitions_heard) == (4, (2, 3))
