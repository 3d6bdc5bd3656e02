"""What follows when nothing happens: levels, calls, urging. Histories, then one question about each."""

from datetime import timedelta

import pytest

from contracts.clocks import CLOCKS
from services.mediation.dispute import escalation
from services.mediation.law.dates import end_of
from tests.mediation.lives import CENTRE, DAMAN, MONDAY, Life, life_until

POLICE, BUREAU, COMMITTEE, GRID = "police", "judicial_bureau", "political_legal_committee", "grid"
LEVELS = ("group_level", "village_level", "township_office_level", "township_level")


def found_by_the_grid(now=MONDAY):
    life = Life(now)
    life.begins(agency=GRID, channel="grid")
    return life


def said(life, word):
    return [data for type, data in life.said if type == word]


# ── 四级七天 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_seven_working_days_on_four_levels_then_it_is_the_centres():
    life = found_by_the_grid()
    life.until(MONDAY + timedelta(days=14))

    assert [data["level"] for data in said(life, "level.escalated")] == ["village_level", "township_office_level", "township_level", "county_level"]
    due = {data["clock"]: data["due_at"] for data in said(life, "deadline.set") if data["clock"] in LEVELS}
    days = [(3, 3), (3, 5), (3, 9), (3, 11)]  # 1 + 2 + 2 + 2 working days after Monday 2 March, a weekend between
    assert [due[level] for level in LEVELS] == [end_of(MONDAY.date().replace(month=month, day=day)) for month, day in days]
    assert life.state == "registered"


def test_each_level_is_owed_by_who_is_there():
    life = found_by_the_grid()
    life.until(MONDAY + timedelta(days=14))

    owed = {data["clock"]: data["owed_by"] for data in said(life, "deadline.set") if data["clock"] in LEVELS}
    assert owed == {"group_level": (GRID,), "village_level": (GRID,), "township_office_level": ("judicial_bureau-daman",), "township_level": (GRID,)}


def test_what_another_agency_reports_goes_by_no_level():
    life = Life()
    life.begins()

    assert life.dispute.level is None
    assert life.reports("level.escalated", agency=GRID).refused == "not_in_the_levels"


def test_the_grid_may_send_it_up_earlier_but_never_down():
    life = found_by_the_grid()

    assert life.reports("level.escalated", agency=GRID, level="township_office_level").refused is None
    assert life.reports("level.escalated", agency=GRID, level="village_level").refused == "not_in_the_levels"
    assert [data["clock"] for data in said(life, "deadline.met")] == ["group_level"]
    assert life.due("township_office_level")


def test_once_it_is_with_a_body_no_level_runs():
    life = found_by_the_grid()
    life.reports("dispute.screened")
    life.reports("dispute.routed")
    life.until(MONDAY + timedelta(days=2))

    assert said(life, "level.escalated") == []
    assert not {deadline.clock for deadline in life.dispute.deadlines.values()} & set(LEVELS)


def test_time_that_passes_twice_escalates_once():
    life = found_by_the_grid()
    life.until(MONDAY + timedelta(days=1, hours=16))
    life.until(MONDAY + timedelta(days=1, hours=17))

    assert [data["level"] for data in said(life, "level.escalated")] == ["village_level"]


# ── 吹哨报到 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_was_called_answers_and_who_has_not_is_known():
    life = life_until("mediating")
    life.reports("departments.called", agency=CENTRE)
    assert escalation.missing(life.dispute) == (POLICE, BUREAU)

    life.reports("call.answered", agency=POLICE)

    assert life.dispute.called == {POLICE: "reported_in", BUREAU: None}
    assert escalation.missing(life.dispute) == (BUREAU,)
    assert life.state == "mediating"


def test_the_time_to_report_in_is_met_when_all_have_and_else_owed_by_those_who_have_not():
    life = life_until("mediating")
    life.reports("departments.called", agency=CENTRE)
    life.reports("call.answered", agency=POLICE)
    life.until(life.now + timedelta(days=3))

    assert life.last("deadline.passed", "call_answer")["owed_by"] == (BUREAU,)

    life.reports("call.answered", agency=BUREAU, answer="sends_somebody")

    assert life.last("deadline.met", "call_answer")["late"] is True


@pytest.mark.parametrize("agency", ["court", "trade_union"])
def test_who_was_not_called_does_not_answer(agency):
    life = life_until("mediating")
    life.reports("departments.called", agency=CENTRE)

    assert life.reports("call.answered", agency=agency).refused == "not_called"


def test_nobody_reports_in_twice():
    life = life_until("mediating")
    life.reports("departments.called", agency=CENTRE)
    life.reports("call.answered", agency=POLICE)

    assert life.reports("call.answered", agency=POLICE).refused == "not_called"


# ── 督办 ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_who_is_urged_owes_an_answer_within_three_working_days():
    life = life_until("mediating")
    life.reports("supervision.issued", agency=COMMITTEE)

    assert life.last("deadline.set", "supervision_answer")["owed_by"] == (DAMAN,)
    assert life.reports("supervision.answered", agency=POLICE).refused == "not_urged"
    assert life.reports("supervision.answered", agency=DAMAN).refused is None
    assert life.last("deadline.met", "supervision_answer")["late"] is False


def test_when_mediation_runs_out_of_time_time_itself_urges_and_once_more_when_nobody_answers_and_then_no_more():
    life = life_until("mediating")
    life.until(MONDAY + timedelta(days=70))

    assert [(data["to"], data["urged_for"], data["clock"]) for data in said(life, "supervision.issued")] == [
        (DAMAN, "overdue", "mediation_out_of_court_policy"),
        (DAMAN, "no_answer", "supervision_answer"),
    ]
    assert len([data for data in said(life, "deadline.passed") if data["clock"] == "supervision_answer"]) == 2
    assert life.state == "mediating"


def test_an_urging_that_nobody_answered_stays_on_record_beside_the_next():
    life = life_until("mediating")
    life.until(MONDAY + timedelta(days=70))

    assert {key: state for key, state in life.rows.items() if key.startswith("supervision_answer")} == {
        "supervision_answer/1": "passed",
        "supervision_answer/2": "passed",
    }


def test_what_was_urged_and_is_done_needs_no_answer_any_more():
    life = life_until("mediating")
    life.reports("supervision.issued", agency=COMMITTEE)
    life.reports("agreement.reached")

    assert life.last("deadline.met", "supervision_answer")


def test_every_rule_of_urging_is_about_a_clock_and_ends():
    assert {clock for clocks, _, _ in escalation.URGING for clock in clocks} <= set(CLOCKS)
    assert all(level.above == escalation.TOP or level.above in escalation.BY_NAME for level in escalation.LEVELS)
