"""Can a run be told again, and does it leave nothing out?"""

from random import Random

from drills import schedule, workload


def test_the_same_seed_draws_the_same_schedule():
    assert schedule.draw(5, 120) == schedule.draw(5, 120) != schedule.draw(6, 120)


def test_two_minutes_see_every_kind_of_fault_and_most_processes():
    faults = schedule.draw(5, 120)

    assert {fault.kind for fault in faults} == {kind.name for kind in schedule.KINDS}
    assert len({str(fault.whom) for fault in faults}) >= 15
    assert all(0 < fault.at < 120 for fault in faults)


def test_a_short_drill_freezes_nobody_longer_than_it_lasts():
    assert all(fault.lasts <= 8 for seed in range(20) for fault in schedule.draw(seed, 22))


def test_every_house_speaks_for_agencies_of_its_own():
    agencies = [agency for house in workload.HOUSES for agency in house.agencies]

    assert len(agencies) == len(set(agencies))


def test_the_lives_come_by_every_outcome():
    from datetime import UTC, datetime

    expected = set()
    for house in workload.HOUSES:
        told = workload.lives(house, Random(1), "n", datetime.now(UTC))
        expected |= {step.expects for _ in range(50) for step in next(told).steps}

    assert expected == {"applied", "rejected", "refused", None}
