"""One county, one rule, one calendar: what a guard allows is what the deadline is then computed by."""

import ast
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

import services.mediation
from contracts.dates import SHANGHAI
from plumbing.events import Event
from services.mediation.county_files import CountyFiles, InvalidCountyFiles
from services.mediation.deadlines import tracking
from services.mediation.deadlines.clocks import BY_NAME
from services.mediation.dispute.model import Deadline, Decision, Dispute
from services.mediation.law.county_periods import county
from services.mediation.law.holidays import Arrangement, Holidays
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.periods import LAW
from services.mediation.law.policy import DeadlinePolicy
from services.mediation.safeguard import lane
from services.notify import rules
from services.notify import safeguard as sealed_rules
from tests.county_folders import county_folder
from tests.mediation.deadlines.test_tracking import at, end_of, mediating_in_court, on
from tests.mediation.lives import CODE, COURT, DAMAN, FACTS, MONDAY, Life, life_until
from tests.mediation.safeguard.test_lane import SEALED, sealed_step

TEN_DAYS = DeadlinePolicy(county=county({"mediation_extension": {"days": 10}}))


def test_more_days_than_the_county_allows_are_refused_and_not_cut_in_silence():
    life = mediating_in_court("ordinary")
    life.policy = TEN_DAYS

    assert on(life, at(5, 6), "mediation.extended", days=25).refused == "extension_too_long"
    reason = life.last("step.refused")["reason"]
    assert "最多延长10日" in reason["zh"] and "by at most 10 days" in reason["en"]
    assert life.due("mediation_entrusted_ordinary") == end_of(5, 12)

    assert on(life, at(5, 6), "mediation.extended", days=10).refused is None
    assert life.due("mediation_entrusted_ordinary") == end_of(5, 22)  # 25 days from 27 April


def test_without_a_county_file_the_sentence_names_thirty():
    life = mediating_in_court("ordinary")

    assert on(life, at(5, 6), "mediation.extended", days=31).refused == "extension_too_long"
    assert "最多延长30日" in life.last("step.refused")["reason"]["zh"]


@pytest.mark.parametrize("days", [10, 11])
@pytest.mark.parametrize("procedure", ["ordinary", "simplified"])
def test_what_is_applied_has_its_full_effect(procedure, days):
    """Whatever the county says: an extension is refused, or the deadline moves by all of its days."""
    life = mediating_in_court(procedure)
    life.policy = TEN_DAYS
    name = f"mediation_entrusted_{procedure}"
    base = {"ordinary": 15, "simplified": 7}[procedure]

    refused = on(life, at(5, 6), "mediation.extended", days=days).refused

    added = 0 if refused else days
    first_free = TEN_DAYS.holidays.working_day_from(at(4, 27).toordinal() + base + added)
    assert life.due(name).toordinal() == first_free
    assert bool(refused) == (days > 10)


def test_a_case_on_the_old_track_that_is_on_a_docket_now_has_the_same_limit():
    """The limit is that of the clock that runs, not of the track on which the dispute once was."""
    life = mediating_in_court("ordinary")
    life.dispute.track = "legacy"  # its claim came in before the switch

    assert on(life, at(5, 6), "mediation.extended", days=31).refused == "extension_too_long"
    assert on(life, at(5, 6), "mediation.extended", days=30).refused is None
    assert life.due("mediation_entrusted_ordinary") == end_of(6, 11)
    assert on(life, at(5, 20), "mediation.extended", days=5).refused == "extended_before"


def test_outside_court_the_parties_are_as_free_as_before():
    life = life_until("mediating")

    assert on(life, at(3, 9), "mediation.extended", days=60).refused is None


def test_a_correction_that_would_be_too_long_is_refused_in_the_same_words():
    life = mediating_in_court("ordinary")
    life.policy = TEN_DAYS
    on(life, at(5, 6), "mediation.extended", days=5)
    wrong = life.dispute.taken[-1].reported

    decision = on(
        life, at(5, 6), "report.corrected", event=wrong, reason="wrong_facts", corrects="mediation.extended", facts=FACTS["mediation.extended"] | {"days": 25}
    )

    assert decision.refused == "extension_too_long"
    assert "最多延长10日" in life.last("step.refused")["reason"]["zh"]


def test_a_correction_to_a_term_that_there_is_not_is_refused():
    life = life_until("performing")
    paid = life.dispute.taken[-1].reported

    decision = life.reports(
        "report.corrected", "peoples_mediation_committee-daman", event=paid, corrects="performance.recorded", facts=FACTS["performance.recorded"] | {"term": 9}
    )

    assert decision.refused == "unknown_term"


# ── the calendar ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# The county's own file says that Wednesday 8 April 2026 is off, and Thursday; neither library knows.
OFF = Holidays({2026: Arrangement([date(2026, 4, 8), date(2026, 4, 9)], [])})


def test_the_last_day_to_apply_after_a_withdrawal_is_counted_by_the_calendar_of_the_process():
    """The thirty days from 9 March end on 8 April; by the county's calendar that is a rest day, and so is the day after."""
    policy = DeadlinePolicy(holidays=OFF)
    life = Life(MONDAY, policy=policy)
    for step, facts in (
        ("begins", {}), ("dispute.screened", {}), ("dispute.routed", {}), ("referral.accepted", {}), ("consent.given", {}), ("consent.given", {"party": "respondent"}),
        ("mediator.agreed", {}), ("mediation.started", {}), ("agreement.reached", {"effective_on": "2026-03-09"}),
    ):  # fmt: skip
        decision = life.begins() if step == "begins" else life.reports(step, **facts)
        assert decision.refused is None
    assert life.due("confirmation_apply") == end_of(4, 10)
    life.dispute.deadlines.pop("confirmation_apply")  # as after a withdrawal that came too late to leave a clock

    assert on(life, at(4, 10), "confirmation.applied", applied_on="2026-04-10").refused is None

    late = life_until("agreed")
    late.dispute.agreement["effective_on"] = "2026-03-09"
    late.dispute.deadlines.pop("confirmation_apply")
    assert on(late, at(4, 10), "confirmation.applied", applied_on="2026-04-10").refused == "applied_too_late"
    assert late.last("step.refused")["reason"]["zh"].find("2026-04-08") >= 0


def test_the_review_of_a_protection_order_is_counted_by_the_calendar_of_the_process():
    life = life_until("mediating")
    decided = datetime(2026, 4, 3, 10, tzinfo=SHANGHAI)  # five days end on 8 April
    event = sealed_step("protection_order.issued", COURT, decided)
    event.source = SEALED

    lane.decide(life.dispute, event, decided, DeadlinePolicy(holidays=OFF))

    assert life.dispute.hold.running["protection_order_review"].due_at == end_of(4, 10)


# ── reminders ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

IN_THE_LANE = {  # how each clock of the safeguard lane is opened
    "protection_order": ("protection_order.accepted", {}),
    "protection_order_urgent": ("protection_order.accepted", {"urgent": True}),
    "protection_order_review": ("protection_order.issued", {}),
}


def as_heard(word, data, source):
    return Event(source, f"{CODE}/1", word, CODE, MONDAY, data)


@pytest.mark.parametrize("clock", LAW)
def test_a_reminder_that_a_county_sets_reaches_somebody_or_is_refused(clock):
    try:
        policy = DeadlinePolicy(county=county({clock: {"remind": ["1h", "2h"]}}))
    except InvalidFacts as refused:
        assert refused.code == "no_reminder" and clock in refused.zh and clock in refused.en
        assert (clock in IN_THE_LANE) or clock not in BY_NAME  # whatever runs for a dispute and has somebody to be reminded takes one
        return
    told = _in_the_lane(clock, policy) if clock in IN_THE_LANE else _of_a_dispute(clock, policy)
    assert [lead for lead, _ in told] == [timedelta(hours=2), timedelta(hours=1)]
    assert all(notices for _, notices in told)


def _of_a_dispute(name, policy):
    clock = BY_NAME[name]
    dispute = Dispute(CODE, clock.runs_in[0], body=DAMAN, called={"police": None}, received_on="2026-03-02")
    dispute.deadlines[name] = deadline = Deadline(name, name, "POLICY", MONDAY, MONDAY, ("police",), MONDAY)
    deadline.opened_at = datetime(2024, 12, 2, tzinfo=SHANGHAI) if name == "mediation_delegated_legacy" else None  # not opened any more since
    tracking.say_again(Decision(dispute), deadline, MONDAY, policy)
    for _ in range(2):
        lead, decision = deadline.due_at - deadline.next_check_at, tracking.time_passes(dispute, deadline, deadline.next_check_at, policy)
        assert [word for word, _ in decision.said] == ["deadline.approached"]
        yield lead, rules.notices_for(as_heard(*decision.said[0], "mediation"))


def _in_the_lane(name, policy):
    word, facts = IN_THE_LANE[name]
    life, event = life_until("mediating"), sealed_step(word, COURT, MONDAY, **facts)
    event.source = SEALED
    lane.decide(life.dispute, event, MONDAY, policy)
    running = life.dispute.hold.running[name]
    for _ in range(2):
        lead, decision = running.due_at - running.next_check_at, lane.lane_time_passes(life.dispute, running.next_check_at, policy)
        assert [word for word, _ in decision.sealed] == ["deadline.approached"]
        yield lead, sealed_rules.notices_for(as_heard(*decision.sealed[0], "mediation-safeguard"))


def test_without_a_county_file_the_court_is_reminded_a_day_before_and_six_hours_when_it_is_urgent():
    for name, hours in (("protection_order", 24), ("protection_order_urgent", 6)):
        word, facts = IN_THE_LANE[name]
        life, event = life_until("mediating"), sealed_step(word, COURT, MONDAY, **facts)
        event.source = SEALED
        lane.decide(life.dispute, event, MONDAY, DeadlinePolicy())
        running = life.dispute.hold.running[name]
        assert running.due_at - running.next_check_at == timedelta(hours=hours)


@pytest.mark.parametrize(
    ("file", "code"),
    [
        ({"protection_order_urgent": {"remind": ["1d"]}}, "reminder_too_early"),
        ({"protection_order": {"remind": ["71h", "12h"]}}, None),
        ({"routing": {"hours": 5, "remind": ["5h"]}}, "reminder_too_early"),
    ],
)
def test_a_reminder_before_the_hours_begin_would_never_come_and_is_refused(file, code):
    if code is None:
        assert county(file).remind
        return
    with pytest.raises(InvalidFacts) as refused:
        county(file)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("periods", "[periods.routing]\ndays = 1\n[periods.routing]\ndays = 2\n"),
        ("calendar", '["2027"]\noff = []\nmade_up = []\n["2027"]\noff = [2027-01-01]\n'),
        ("calendar", '["2027"]\noff = []\nmade_up = []\nof = [2027-01-01]\n'),
    ],
)
def test_entries_that_would_be_ignored_stop_the_service_at_its_start(tmp_path, file, text):
    with pytest.raises(InvalidCountyFiles):
        CountyFiles(county_folder(tmp_path, **{file: text}))


# ── nobody asks another rule ──────────────────────────────────────────────────────────────────────────────────────────────────────

ROOT = Path(services.mediation.__file__).parent
MAY_NAME_THEM = {  # the built-in rules and calendar: where they are made, and where a process or a tool falls back on them
    "law/periods.py", "law/county_periods.py", "law/calculator.py", "law/facts.py", "law/computing.py", "law/holidays.py", "law/policy.py", "dispute/hold.py", "county_files.py",
}  # fmt: skip


def test_only_the_process_chooses_between_the_built_in_rules_and_the_countys():
    naming = {
        path.relative_to(ROOT).as_posix()
        for path in ROOT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Name | ast.alias) and (node.id if isinstance(node, ast.Name) else node.name) in ("LAW", "CHINA")
    }

    assert naming <= MAY_NAME_THEM


def test_a_period_of_the_law_stands_in_its_table_alone():
    """A number of days written into a guard would not follow the table."""
    lengths = {
        f"{path.relative_to(ROOT)}:{node.lineno}"
        for path in ROOT.rglob("*.py")
        if path.parent.name != "law"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Days", "WorkingDays", "Months", "Hours") and node.args
        and isinstance(node.args[0], ast.Constant)
    }  # fmt: skip

    assert lengths == set()
