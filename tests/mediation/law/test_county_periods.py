"""Tests of a county's own periods, holiday calendar and reminders: guards and deadlines of disputes follow them."""

import ast
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

import services.mediation
from contracts.dates import SHANGHAI
from plumbing.events import Event
from services.mediation.county_files import CountyFiles, InvalidCountyFiles
from services.mediation.deadlines import tracking
from services.mediation.deadlines.clocks import CLOCK_BY_NAME
from services.mediation.dispute.model import Deadline, Dispute
from services.mediation.law.counting import Hours
from services.mediation.law.county_periods import apply_county_periods
from services.mediation.law.holidays import Holidays, HolidaySchedule
from services.mediation.law.invalid_facts import InvalidFacts
from services.mediation.law.periods import DEFAULT_RULES
from services.mediation.law.policy import DeadlinePolicy
from services.mediation.safeguard import lane
from services.notify import rules
from services.notify import safeguard as sealed_rules
from tests.county_folders import copy_county_folder
from tests.mediation.deadlines.test_tracking import dispute_mediated_in_court, end_of_day, moment, report_on_day
from tests.mediation.safeguard.test_lane import SEALED, sealed_step
from tests.mediation.simulated_dispute import CODE, COURT, DAMAN, FACTS, MONDAY, SimulatedDispute, dispute_in_state

TEN_DAYS_POLICY = DeadlinePolicy(county=apply_county_periods({"mediation_extension": {"days": 10}}))


def test_an_extension_of_mediation_longer_than_the_county_allows_is_refused_and_not_shortened():
    simulation = dispute_mediated_in_court("ordinary")
    simulation.policy = TEN_DAYS_POLICY

    assert report_on_day(simulation, moment(5, 6), "mediation.extended", days=25).refused == "extension_too_long"
    reason = simulation.last_event("step.refused")["reason"]
    assert "最多延长10日" in reason["zh"] and "by at most 10 days" in reason["en"]
    assert simulation.due_at("mediation_entrusted_ordinary") == end_of_day(5, 12)

    assert report_on_day(simulation, moment(5, 6), "mediation.extended", days=10).refused is None
    assert simulation.due_at("mediation_entrusted_ordinary") == end_of_day(5, 22)  # 25 days from 27 April


def test_the_refusal_of_a_too_long_extension_names_thirty_days_if_the_county_sets_no_limit():
    simulation = dispute_mediated_in_court("ordinary")

    assert report_on_day(simulation, moment(5, 6), "mediation.extended", days=31).refused == "extension_too_long"
    assert "最多延长30日" in simulation.last_event("step.refused")["reason"]["zh"]


@pytest.mark.parametrize("days", [10, 11])
@pytest.mark.parametrize("procedure", ["ordinary", "simplified"])
def test_an_accepted_extension_of_mediation_moves_the_deadline_by_its_full_length(procedure, days):
    simulation = dispute_mediated_in_court(procedure)
    simulation.policy = TEN_DAYS_POLICY
    name = f"mediation_entrusted_{procedure}"
    base = {"ordinary": 15, "simplified": 7}[procedure]

    refused = report_on_day(simulation, moment(5, 6), "mediation.extended", days=days).refused

    added = 0 if refused else days
    first_working_day = TEN_DAYS_POLICY.holidays.working_day_from(moment(4, 27).toordinal() + base + added)
    assert simulation.due_at(name).toordinal() == first_working_day
    assert bool(refused) == (days > 10)


def test_mediation_of_a_filed_case_on_the_legacy_track_may_be_extended_by_at_most_thirty_days():
    """The limit of an extension depends on the clock of the deadline, not on the track of the dispute."""
    simulation = dispute_mediated_in_court("ordinary")
    simulation.dispute.track = "legacy"  # the court received the claim before 2025-01-01

    assert report_on_day(simulation, moment(5, 6), "mediation.extended", days=31).refused == "extension_too_long"
    assert report_on_day(simulation, moment(5, 6), "mediation.extended", days=30).refused is None
    assert simulation.due_at("mediation_entrusted_ordinary") == end_of_day(6, 11)
    assert report_on_day(simulation, moment(5, 20), "mediation.extended", days=5).refused == "extended_before"


def test_the_countys_limit_of_extension_does_not_apply_to_mediation_outside_court():
    simulation = dispute_in_state("mediating")

    assert report_on_day(simulation, moment(3, 9), "mediation.extended", days=60).refused is None


def test_a_correction_to_a_too_long_extension_is_refused_with_the_reason_of_a_too_long_extension():
    simulation = dispute_mediated_in_court("ordinary")
    simulation.policy = TEN_DAYS_POLICY
    report_on_day(simulation, moment(5, 6), "mediation.extended", days=5)
    extension_report = simulation.dispute.applied_steps[-1].event_id

    decision = report_on_day(
        simulation,
        moment(5, 6),
        "report.corrected",
        event=extension_report,
        reason="wrong_facts",
        corrects="mediation.extended",
        facts=FACTS["mediation.extended"] | {"days": 25},
    )

    assert decision.refused == "extension_too_long"
    assert "最多延长10日" in simulation.last_event("step.refused")["reason"]["zh"]


def test_a_correction_to_a_term_that_the_agreement_does_not_have_is_refused():
    simulation = dispute_in_state("performing")
    paid = simulation.dispute.applied_steps[-1].event_id

    decision = simulation.report(
        "report.corrected", "peoples_mediation_committee-daman", event=paid, corrects="performance.recorded", facts=FACTS["performance.recorded"] | {"term": 9}
    )

    assert decision.refused == "unknown_term"


# ── calendar ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# Calendar of a county in which Wednesday 8 and Thursday 9 April 2026 are days off. They are working days in both calendar libraries.
COUNTY_CALENDAR = Holidays({2026: HolidaySchedule([date(2026, 4, 8), date(2026, 4, 9)], [])})


def test_the_last_day_to_apply_for_confirmation_follows_the_countys_calendar():
    """Thirty days from 9 March end on 8 April. In the county's calendar, 8 and 9 April are days off, so the last day is 10 April."""
    policy = DeadlinePolicy(holidays=COUNTY_CALENDAR)
    simulation = SimulatedDispute(MONDAY, policy=policy)
    for step, facts in (
        ("begins", {}), ("dispute.screened", {}), ("dispute.routed", {}), ("referral.accepted", {}), ("consent.given", {}), ("consent.given", {"party": "respondent"}),
        ("mediator.agreed", {}), ("mediation.started", {}), ("agreement.reached", {"effective_on": "2026-03-09"}),
    ):  # fmt: skip
        decision = simulation.register() if step == "begins" else simulation.report(step, **facts)
        assert decision.refused is None
    assert simulation.due_at("confirmation_apply") == end_of_day(4, 10)
    simulation.dispute.deadlines.pop("confirmation_apply")  # no deadline is recorded, as after a withdrawal reported too late

    assert report_on_day(simulation, moment(4, 10), "confirmation.applied", applied_on="2026-04-10").refused is None

    late_simulation = dispute_in_state("agreed")
    late_simulation.dispute.agreement["effective_on"] = "2026-03-09"
    late_simulation.dispute.deadlines.pop("confirmation_apply")
    assert report_on_day(late_simulation, moment(4, 10), "confirmation.applied", applied_on="2026-04-10").refused == "applied_too_late"
    assert late_simulation.last_event("step.refused")["reason"]["zh"].find("2026-04-08") >= 0


def test_the_deadline_to_request_review_of_a_protection_order_follows_the_countys_calendar():
    simulation = dispute_in_state("mediating")
    decided = datetime(2026, 4, 3, 10, tzinfo=SHANGHAI)  # the five days to request a review end on 8 April
    event = sealed_step("protection_order.issued", COURT, decided)
    event.source = SEALED

    lane.decide(simulation.dispute, event, decided, DeadlinePolicy(holidays=COUNTY_CALENDAR))

    assert simulation.dispute.hold.running["protection_order_review"].due_at == end_of_day(4, 10)


def test_the_limit_of_extensions_binds_only_mediation_of_a_registered_case():
    for simulation, days, refused in (
        (dispute_in_state("mediating"), 60, None),
        (dispute_mediated_in_court("ordinary"), 25, "extension_too_long"),
        (dispute_mediated_in_court("ordinary"), 10, None),
    ):
        simulation.policy = TEN_DAYS_POLICY
        assert simulation.report("mediation.extended", days=days).refused == refused


# ── reminders ─────────────────────────────────────────────────────────────────────────────────────────────────────────────────────

# Clock of the safeguard lane (events that only police, courts and women's federation see): type and facts of the step that starts it.
SAFEGUARD_LANE_CLOCK_STEPS = {
    "protection_order": ("protection_order.accepted", {}),
    "protection_order_urgent": ("protection_order.accepted", {"urgent": True}),
    "protection_order_review": ("protection_order.issued", {}),
}


def make_event(type, data, source):
    return Event(source, f"{CODE}/1", type, CODE, MONDAY, data)


@pytest.mark.parametrize("clock", DEFAULT_RULES)
def test_a_reminder_that_a_county_sets_for_a_clock_is_either_sent_or_refused(clock):
    try:
        policy = DeadlinePolicy(county=apply_county_periods({clock: {"remind": ["2h"] if type(DEFAULT_RULES[clock][0].length) is Hours else ["0wd"]}}))
    except InvalidFacts as refused:
        assert refused.code == "no_reminder" and clock in refused.zh and clock in refused.en
        # Reminders are refused only for these clocks: of the lane, of the calculator, and one that is met as soon as it is set.
        assert clock in SAFEGUARD_LANE_CLOCK_STEPS or clock not in CLOCK_BY_NAME or clock == "confirmation_objection_third_party"
        return
    reminders = list(_safeguard_lane_reminders(clock, policy) if clock in SAFEGUARD_LANE_CLOCK_STEPS else _dispute_reminders(clock, policy))
    assert len(reminders) == 1 and all(reminders)


def _dispute_reminders(name, policy):
    clock = CLOCK_BY_NAME[name]
    dispute = Dispute(CODE, clock.runs_in[0], body=DAMAN, called={"police": None}, received_on="2026-03-02")
    set_at = MONDAY - timedelta(days=1)  # an agreed day is known before it comes
    dispute.deadlines[name] = deadline = Deadline(name, name, "POLICY", MONDAY, MONDAY, ("police",), set_at)
    deadline.opened_at = datetime(2024, 12, 2, tzinfo=SHANGHAI) if name == "mediation_delegated_legacy" else None  # this clock may not start from 2025-01-01
    tracking.refresh(deadline, set_at, policy)
    while deadline.state == "open":
        decision = tracking.check_deadline(dispute, deadline, deadline.next_check_at, policy)
        if decision.new_events[0][0] == "deadline.approached":
            yield rules.notices_for(make_event(*decision.new_events[0], "mediation"))


def _safeguard_lane_reminders(name, policy):
    step, facts = SAFEGUARD_LANE_CLOCK_STEPS[name]
    simulation, event = dispute_in_state("mediating"), sealed_step(step, COURT, MONDAY, **facts)
    event.source = SEALED
    lane.decide(simulation.dispute, event, MONDAY, policy)
    running = simulation.dispute.hold.running[name]
    while running.state == "open":
        decision = lane.check_safeguard_clocks(simulation.dispute, running.next_check_at, policy)
        if decision.sealed_events[0][0] == "deadline.approached":
            yield sealed_rules.notices_for(make_event(*decision.sealed_events[0], "mediation-safeguard"))


@pytest.mark.parametrize(
    ("clock", "accepted", "reminded"),
    [
        ("protection_order", "2026-03-02T10:30:00+08:00", "2026-03-04T10:59:59+08:00"),  # Monday: due on Thursday at 11:00, and the day before is a working day
        ("protection_order", "2026-03-05T20:30:00+08:00", "2026-03-06T14:30:00+08:00"),  # Thursday evening: due on Sunday at 21:00; Saturday is moved to Friday
        (
            "protection_order",
            "2026-03-06T17:30:00+08:00",
            "2026-03-09T09:00:00+08:00",
        ),  # Friday, due on Monday at 18:00: there were no office hours before Sunday
        ("protection_order_urgent", "2026-03-07T10:30:00+08:00", "2026-03-08T04:59:59+08:00"),  # Saturday: a period of a day is reminded of at any time
    ],
)
def test_the_court_is_reminded_of_a_protection_order_in_office_hours_and_of_an_urgent_one_at_any_time(clock, accepted, reminded):
    step, facts = SAFEGUARD_LANE_CLOCK_STEPS[clock]
    now = datetime.fromisoformat(accepted)
    simulation, event = dispute_in_state("mediating"), sealed_step(step, COURT, now, **facts)
    event.source = SEALED
    lane.decide(simulation.dispute, event, now, DeadlinePolicy())

    assert simulation.dispute.hold.running[clock].next_check_at == datetime.fromisoformat(reminded)


@pytest.mark.parametrize(
    ("periods", "code"),
    [
        ({"protection_order_urgent": {"remind": ["24h"]}}, "reminder_too_early"),
        ({"protection_order": {"remind": ["71h", "12h"]}}, None),
        ({"routing": {"hours": 5, "remind": ["5h"]}}, "reminder_too_early"),
    ],
)
def test_a_reminder_earlier_than_the_start_of_a_period_in_hours_is_refused(periods, code):
    if code is None:
        assert apply_county_periods(periods).remind
        return
    with pytest.raises(InvalidFacts) as refused:
        apply_county_periods(periods)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("periods", "[periods.routing]\ndays = 1\n[periods.routing]\ndays = 2\n"),
        ("calendar", '["2027"]\noff = []\nmade_up = []\n["2027"]\noff = [2027-01-01]\n'),
        ("calendar", '["2027"]\noff = []\nmade_up = []\nof = [2027-01-01]\n'),
    ],
)
def test_a_county_file_with_an_entry_that_would_have_no_effect_is_refused_at_the_start_of_the_service(tmp_path, file, text):
    with pytest.raises(InvalidCountyFiles):
        CountyFiles(copy_county_folder(tmp_path, **{file: text}))


# ── rules are defined in one place ──────────────────────────────────────────────────────────────────────────────────────────────────────

MEDIATION_FOLDER = Path(services.mediation.__file__).parent
# Modules that define the built-in rules and calendar, or use them as defaults of a service or command.
MODULES_ALLOWED_TO_USE_DEFAULTS = {
    "law/periods.py", "law/county_periods.py", "law/calculator.py", "law/facts.py", "law/computing.py", "law/holidays.py", "law/policy.py", "dispute/hold.py", "county_files.py",
}  # fmt: skip


def test_the_built_in_rules_and_calendar_are_used_only_in_the_listed_modules():
    users = {
        path.relative_to(MEDIATION_FOLDER).as_posix()
        for path in MEDIATION_FOLDER.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Name | ast.alias) and (node.id if isinstance(node, ast.Name) else node.name) in ("DEFAULT_RULES", "CHINESE_CALENDAR")
    }

    assert users <= MODULES_ALLOWED_TO_USE_DEFAULTS


def test_lengths_of_periods_are_written_only_in_the_folder_law():
    """A length that is written in a guard would not change with the rule in periods.py."""
    lengths = {
        f"{path.relative_to(MEDIATION_FOLDER)}:{node.lineno}"
        for path in MEDIATION_FOLDER.rglob("*.py")
        if path.parent.name != "law"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in ("Days", "WorkingDays", "Months", "Hours") and node.args
        and isinstance(node.args[0], ast.Constant)
    }  # fmt: skip

    assert lengths == set()
