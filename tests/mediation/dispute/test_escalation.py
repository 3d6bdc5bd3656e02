"""Tests of escalation by level (四级七天, four levels in seven days), called departments (吹哨报到) and supervision (督办) of a simulated dispute."""

from datetime import timedelta

import pytest

from contracts.clocks import CLOCKS
from services.mediation.dispute import escalation
from services.mediation.law.dates import end_of
from tests.mediation.simulated_dispute import CENTRE, DAMAN, MONDAY, SimulatedDispute, deadline_changes, dispute_in_state

POLICE, JUDICIAL_BUREAU, POLITICAL_LEGAL_COMMITTEE, GRID = "police", "judicial_bureau", "political_legal_committee", "grid"
LEVELS = ("group_level", "village_level", "township_office_level", "township_level")


def dispute_found_by_grid(now=MONDAY):
    simulation = SimulatedDispute(now)
    simulation.register(agency=GRID, channel="grid")
    return simulation


def events_of_type(simulation, event_type):
    return [data for type, data in simulation.events if type == event_type]


def changes_of_kind(simulation, kind):
    return [change for change in deadline_changes(simulation.events) if change["change"] == kind]


# ── Levels (四级七天) ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_dispute_of_the_grid_is_escalated_through_four_levels_in_seven_working_days_and_then_to_the_county():
    simulation = dispute_found_by_grid()
    simulation.advance_to(MONDAY + timedelta(days=14))

    assert [data["level"] for data in events_of_type(simulation, "level.escalated")] == [
        "village_level",
        "township_office_level",
        "township_level",
        "county_level",
    ]
    due_at = {data["clock"]: data["due_at"] for data in changes_of_kind(simulation, "set") if data["clock"] in LEVELS}
    days = [(3, 3), (3, 5), (3, 9), (3, 11)]  # 1 + 2 + 2 + 2 working days after Monday 2 March, with a weekend in between
    assert [due_at[level] for level in LEVELS] == [end_of(MONDAY.date().replace(month=month, day=day)) for month, day in days]
    assert simulation.state == "registered"


def test_the_agency_of_a_level_is_responsible_for_the_deadline_of_that_level():
    simulation = dispute_found_by_grid()
    simulation.advance_to(MONDAY + timedelta(days=14))

    owed = {data["clock"]: data["owed_by"] for data in changes_of_kind(simulation, "set") if data["clock"] in LEVELS}
    assert owed == {"group_level": (GRID,), "village_level": (GRID,), "township_office_level": ("judicial_bureau-daman",), "township_level": (GRID,)}


def test_a_dispute_reported_by_another_agency_than_the_grid_has_no_level():
    simulation = SimulatedDispute()
    simulation.register()

    assert simulation.dispute.level is None
    assert simulation.report("level.escalated", agency=GRID).refused == "not_in_the_levels"


def test_the_grid_may_escalate_a_dispute_before_the_deadline_but_not_to_a_lower_level():
    simulation = dispute_found_by_grid()

    assert simulation.report("level.escalated", agency=GRID, level="township_office_level").refused is None
    assert simulation.report("level.escalated", agency=GRID, level="village_level").refused == "not_in_the_levels"
    assert [data["clock"] for data in changes_of_kind(simulation, "met")] == ["group_level"]
    assert simulation.due_at("township_office_level")


def test_no_escalation_deadline_is_set_after_the_dispute_is_routed_to_a_mediation_body():
    simulation = dispute_found_by_grid()
    simulation.report("dispute.screened")
    simulation.report("dispute.routed")
    simulation.advance_to(MONDAY + timedelta(days=2))

    assert events_of_type(simulation, "level.escalated") == []
    assert not {deadline.clock for deadline in simulation.dispute.deadlines.values()} & set(LEVELS)


def test_a_dispute_is_escalated_only_once_after_the_deadline_of_its_level_has_passed():
    simulation = dispute_found_by_grid()
    simulation.advance_to(MONDAY + timedelta(days=1, hours=16))
    simulation.advance_to(MONDAY + timedelta(days=1, hours=17))

    assert [data["level"] for data in events_of_type(simulation, "level.escalated")] == ["village_level"]


# ── Called departments (吹哨报到) ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_answers_of_called_departments_are_recorded_and_missing_answers_are_listed():
    simulation = dispute_in_state("mediating")
    simulation.report("departments.called", agency=CENTRE)
    assert escalation.departments_without_answer(simulation.dispute) == (POLICE, JUDICIAL_BUREAU)

    simulation.report("call.answered", agency=POLICE)

    assert simulation.dispute.called == {POLICE: "reported_in", JUDICIAL_BUREAU: None}
    assert escalation.departments_without_answer(simulation.dispute) == (JUDICIAL_BUREAU,)
    assert simulation.state == "mediating"


def test_departments_without_answer_are_responsible_for_the_call_deadline_which_the_last_answer_meets():
    simulation = dispute_in_state("mediating")
    simulation.report("departments.called", agency=CENTRE)
    simulation.report("call.answered", agency=POLICE)
    simulation.advance_to(simulation.now + timedelta(days=3))

    assert simulation.last_event("deadline.passed", "call_answer")["owed_by"] == (JUDICIAL_BUREAU,)

    simulation.report("call.answered", agency=JUDICIAL_BUREAU, answer="sends_somebody")

    assert simulation.last_change("met", "call_answer")["late"] is True


@pytest.mark.parametrize("agency", ["court", "trade_union"])
def test_an_answer_of_an_agency_that_was_not_called_is_refused(agency):
    simulation = dispute_in_state("mediating")
    simulation.report("departments.called", agency=CENTRE)

    assert simulation.report("call.answered", agency=agency).refused == "not_called"


def test_a_second_answer_of_a_department_to_one_call_is_refused():
    simulation = dispute_in_state("mediating")
    simulation.report("departments.called", agency=CENTRE)
    simulation.report("call.answered", agency=POLICE)

    assert simulation.report("call.answered", agency=POLICE).refused == "not_called"


# ── Supervision (督办) ────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_supervised_agency_has_to_answer_the_supervision_in_time():
    simulation = dispute_in_state("mediating")
    simulation.report("supervision.issued", agency=POLITICAL_LEGAL_COMMITTEE)

    assert simulation.last_change("set", "supervision_answer")["owed_by"] == (DAMAN,)
    assert simulation.report("supervision.answered", agency=POLICE).refused == "not_urged"
    assert simulation.report("supervision.answered", agency=DAMAN).refused is None
    assert simulation.last_change("met", "supervision_answer")["late"] is False


def test_overdue_mediation_is_supervised_automatically_and_again_if_the_body_does_not_answer():
    simulation = dispute_in_state("mediating")
    simulation.advance_to(MONDAY + timedelta(days=70))

    assert [(data["to"], data["urged_for"], data["clock"]) for data in events_of_type(simulation, "supervision.issued")] == [
        (DAMAN, "overdue", "mediation_out_of_court_policy"),
        (DAMAN, "no_answer", "supervision_answer"),
    ]
    assert len([data for data in events_of_type(simulation, "deadline.passed") if data["clock"] == "supervision_answer"]) == 2
    assert simulation.state == "mediating"


def test_the_passed_deadline_of_an_unanswered_supervision_stays_stored_after_a_second_supervision():
    simulation = dispute_in_state("mediating")
    simulation.advance_to(MONDAY + timedelta(days=70))

    assert {key: state for key, state in simulation.deadline_states.items() if key.startswith("supervision_answer")} == {
        "supervision_answer/1": "passed",
        "supervision_answer/2": "passed",
    }


def test_the_step_demanded_by_a_supervision_notice_meets_the_deadline_of_that_notice():
    simulation = dispute_in_state("mediating")
    simulation.report("supervision.issued", agency=POLITICAL_LEGAL_COMMITTEE)
    simulation.report("agreement.reached")

    assert simulation.last_change("met", "supervision_answer")


def test_the_supervision_rules_name_existing_clocks_and_every_level_leads_to_another_level_or_the_county():
    assert {clock for clocks, _, _ in escalation.SUPERVISION_RULES for clock in clocks} <= set(CLOCKS)
    assert all(level.next_level == escalation.TOP_LEVEL or level.next_level in escalation.LEVEL_BY_NAME for level in escalation.LEVELS)
