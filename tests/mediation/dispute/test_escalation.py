"""Tests of the four levels (四级七天), called departments (吹哨报到) and supervision (督办): deadlines, answers and automatic steps."""

from datetime import timedelta

import pytest

from contracts.clocks import CLOCKS
from services.mediation.dispute import escalation
from services.mediation.law.dates import end_of
from tests.mediation.simulated_dispute import CENTRE, DAMAN, MONDAY, SimulatedDispute, dispute_in_state

POLICE, BUREAU, COMMITTEE, GRID = "police", "judicial_bureau", "political_legal_committee", "grid"
LEVELS = ("group_level", "village_level", "township_office_level", "township_level")


def dispute_found_by_grid(now=MONDAY):
    simulation = SimulatedDispute(now)
    simulation.register(agency=GRID, channel="grid")
    return simulation


def events_of_type(simulation, event_type):
    return [data for type, data in simulation.events if type == event_type]


# ── 四级七天 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_grid_dispute_passes_four_levels_in_seven_working_days_and_then_goes_to_the_county():
    simulation = dispute_found_by_grid()
    simulation.advance_to(MONDAY + timedelta(days=14))

    assert [data["level"] for data in events_of_type(simulation, "level.escalated")] == [
        "village_level",
        "township_office_level",
        "township_level",
        "county_level",
    ]
    due_at = {data["clock"]: data["due_at"] for data in events_of_type(simulation, "deadline.set") if data["clock"] in LEVELS}
    days = [(3, 3), (3, 5), (3, 9), (3, 11)]  # 1 + 2 + 2 + 2 working days after Monday 2 March, with a weekend in between
    assert [due_at[level] for level in LEVELS] == [end_of(MONDAY.date().replace(month=month, day=day)) for month, day in days]
    assert simulation.state == "registered"


def test_each_level_is_owed_by_the_agency_of_that_level():
    simulation = dispute_found_by_grid()
    simulation.advance_to(MONDAY + timedelta(days=14))

    owed = {data["clock"]: data["owed_by"] for data in events_of_type(simulation, "deadline.set") if data["clock"] in LEVELS}
    assert owed == {"group_level": (GRID,), "village_level": (GRID,), "township_office_level": ("judicial_bureau-daman",), "township_level": (GRID,)}


def test_a_dispute_reported_by_another_agency_than_the_grid_has_no_level():
    simulation = SimulatedDispute()
    simulation.register()

    assert simulation.dispute.level is None
    assert simulation.report("level.escalated", agency=GRID).refused == "not_in_the_levels"


def test_the_grid_may_escalate_early_but_not_to_a_lower_level():
    simulation = dispute_found_by_grid()

    assert simulation.report("level.escalated", agency=GRID, level="township_office_level").refused is None
    assert simulation.report("level.escalated", agency=GRID, level="village_level").refused == "not_in_the_levels"
    assert [data["clock"] for data in events_of_type(simulation, "deadline.met")] == ["group_level"]
    assert simulation.due_at("township_office_level")


def test_no_level_clock_runs_after_the_dispute_is_routed_to_a_body():
    simulation = dispute_found_by_grid()
    simulation.report("dispute.screened")
    simulation.report("dispute.routed")
    simulation.advance_to(MONDAY + timedelta(days=2))

    assert events_of_type(simulation, "level.escalated") == []
    assert not {deadline.clock for deadline in simulation.dispute.deadlines.values()} & set(LEVELS)


def test_a_passed_level_is_escalated_only_once():
    simulation = dispute_found_by_grid()
    simulation.advance_to(MONDAY + timedelta(days=1, hours=16))
    simulation.advance_to(MONDAY + timedelta(days=1, hours=17))

    assert [data["level"] for data in events_of_type(simulation, "level.escalated")] == ["village_level"]


# ── 吹哨报到 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_answers_of_called_departments_are_recorded_and_missing_ones_are_known():
    simulation = dispute_in_state("mediating")
    simulation.report("departments.called", agency=CENTRE)
    assert escalation.departments_without_answer(simulation.dispute) == (POLICE, BUREAU)

    simulation.report("call.answered", agency=POLICE)

    assert simulation.dispute.called == {POLICE: "reported_in", BUREAU: None}
    assert escalation.departments_without_answer(simulation.dispute) == (BUREAU,)
    assert simulation.state == "mediating"


def test_the_call_deadline_is_owed_by_departments_without_answer_and_met_by_the_last_one():
    simulation = dispute_in_state("mediating")
    simulation.report("departments.called", agency=CENTRE)
    simulation.report("call.answered", agency=POLICE)
    simulation.advance_to(simulation.now + timedelta(days=3))

    assert simulation.last_event("deadline.passed", "call_answer")["owed_by"] == (BUREAU,)

    simulation.report("call.answered", agency=BUREAU, answer="sends_somebody")

    assert simulation.last_event("deadline.met", "call_answer")["late"] is True


@pytest.mark.parametrize("agency", ["court", "trade_union"])
def test_an_answer_of_an_agency_that_was_not_called_is_refused(agency):
    simulation = dispute_in_state("mediating")
    simulation.report("departments.called", agency=CENTRE)

    assert simulation.report("call.answered", agency=agency).refused == "not_called"


def test_a_second_answer_to_the_same_call_is_refused():
    simulation = dispute_in_state("mediating")
    simulation.report("departments.called", agency=CENTRE)
    simulation.report("call.answered", agency=POLICE)

    assert simulation.report("call.answered", agency=POLICE).refused == "not_called"


# ── 督办 ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_supervised_agency_owes_an_answer_within_three_working_days():
    simulation = dispute_in_state("mediating")
    simulation.report("supervision.issued", agency=COMMITTEE)

    assert simulation.last_event("deadline.set", "supervision_answer")["owed_by"] == (DAMAN,)
    assert simulation.report("supervision.answered", agency=POLICE).refused == "not_urged"
    assert simulation.report("supervision.answered", agency=DAMAN).refused is None
    assert simulation.last_event("deadline.met", "supervision_answer")["late"] is False


def test_overdue_mediation_is_supervised_automatically_and_once_more_without_an_answer():
    simulation = dispute_in_state("mediating")
    simulation.advance_to(MONDAY + timedelta(days=70))

    assert [(data["to"], data["urged_for"], data["clock"]) for data in events_of_type(simulation, "supervision.issued")] == [
        (DAMAN, "overdue", "mediation_out_of_court_policy"),
        (DAMAN, "no_answer", "supervision_answer"),
    ]
    assert len([data for data in events_of_type(simulation, "deadline.passed") if data["clock"] == "supervision_answer"]) == 2
    assert simulation.state == "mediating"


def test_an_unanswered_supervision_stays_stored_as_passed_next_to_the_following_one():
    simulation = dispute_in_state("mediating")
    simulation.advance_to(MONDAY + timedelta(days=70))

    assert {key: state for key, state in simulation.deadline_states.items() if key.startswith("supervision_answer")} == {
        "supervision_answer/1": "passed",
        "supervision_answer/2": "passed",
    }


def test_the_demanded_step_itself_meets_the_supervision_deadline():
    simulation = dispute_in_state("mediating")
    simulation.report("supervision.issued", agency=COMMITTEE)
    simulation.report("agreement.reached")

    assert simulation.last_event("deadline.met", "supervision_answer")


def test_supervision_rules_name_known_clocks_and_levels_lead_to_the_county():
    assert {clock for clocks, _, _ in escalation.SUPERVISION_RULES for clock in clocks} <= set(CLOCKS)
    assert all(level.above == escalation.TOP_LEVEL or level.above in escalation.LEVEL_BY_NAME for level in escalation.LEVELS)
