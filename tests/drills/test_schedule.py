"""Tests of the drill's random schedule: the same seed gives the same faults, and every kind of fault occurs."""

from random import Random

from drills import schedule, workload


def test_the_schedule_of_a_drill_depends_only_on_its_seed():
    assert schedule.draw_schedule(5, 120) == schedule.draw_schedule(5, 120) != schedule.draw_schedule(6, 120)


def test_the_schedule_of_a_two_minute_drill_has_every_kind_of_fault_and_at_least_15_targets():
    faults = schedule.draw_schedule(5, 120)

    assert {fault.kind for fault in faults} == {kind.name for kind in schedule.FAULT_KINDS}
    assert len({str(fault.target) for fault in faults}) >= 15
    assert all(0 < fault.at < 120 for fault in faults)


def test_the_schedule_of_a_drill_of_half_an_hour_has_every_kind_of_fault_and_at_least_180_kills():
    for seed in range(10):
        faults = schedule.draw_schedule_of_drill(seed, 1800)

        assert {fault.kind for fault in faults} == {kind.name for kind in schedule.FAULT_KINDS}
        assert sum(fault.kills for fault in faults) >= 180  # some are skipped, because another fault of the same server is still in progress
        assert [fault.at for fault in faults] == sorted(fault.at for fault in faults)


def test_each_fault_of_a_short_drill_lasts_at_most_eight_seconds():
    assert all(fault.duration <= 8 for seed in range(20) for fault in schedule.draw_schedule(seed, 22))


def test_no_agency_belongs_to_two_agency_groups_of_the_drill():
    agencies = [agency for group in workload.AGENCY_GROUPS for agency in group.agencies]

    assert len(agencies) == len(set(agencies))


def test_the_dispute_scripts_of_all_agency_groups_contain_every_expected_outcome():
    from datetime import UTC, datetime

    expected = set()
    for group in workload.AGENCY_GROUPS:
        scripts = workload.dispute_scripts(group, Random(1), "n", datetime.now(UTC))
        expected |= {step.expected for _ in range(50) for step in next(scripts).steps}

    assert expected == {"applied", "rejected", "refused", None}
