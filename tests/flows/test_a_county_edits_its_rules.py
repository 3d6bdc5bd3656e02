"""A county edits its routing rules and periods. A dry run shows the effect without changing data; extensions are limited by the edited period.

When a period is changed while the service runs, the deadlines that are running follow it, and whoever is responsible is told.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy import processes
from deploy.files import ROOT
from tests.county import DAMAN_COMMITTEE, wait_until
from tests.county_folders import copy_county_folder


def run_routing_command(county, *arguments):
    """Run the routing command of the mediation service with the settings of the running system."""
    environment = processes.make_launch(processes.PROCESSES["mediation"], county.system.servers).environment
    command = [sys.executable, "-W", "ignore", "-m", "services.mediation.commands.routing", *arguments]
    return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, check=False)


def test_the_routing_dry_run_compares_proposed_and_actual_bodies_of_past_disputes(county, tmp_path):
    county.create_routed_dispute(DAMAN_COMMITTEE)
    county.settle()
    edited = copy_county_folder(tmp_path, routing="X1,婚姻家庭,大满镇,,,,agency:trade_union,,900,county_choice,,,\n")
    before = county.rows("select count(*) from mediation.transitions")

    as_now, as_edited = run_routing_command(county, "dry-run"), run_routing_command(county, "dry-run", "--county", str(edited))

    assert as_now.returncode == as_edited.returncode == 0, as_edited.stderr
    assert "婚姻家庭 family\t工会 trade_union" not in as_now.stdout
    assert "婚姻家庭 family\t工会 trade_union" in as_edited.stdout
    assert f"{DAMAN_COMMITTEE}\t" in as_edited.stdout
    assert county.rows("select count(*) from mediation.transitions") == before


def test_an_invalid_routing_rule_is_reported_with_its_line_and_a_formula_is_not_executed(county, tmp_path):
    wrong = copy_county_folder(tmp_path, routing="X1,婚姻,,,,,=cmd(),,1,county_choice,,,\n")

    done = run_routing_command(county, "check", str(wrong))

    lines = len((wrong / "routing.csv").read_text("utf-8").splitlines())
    assert done.returncode == 1
    assert f"第{lines}行 “bodies”不能是公式" in done.stderr and f"line {lines}: “kinds” is not one of the allowed values" in done.stderr
    assert "cmd" not in done.stderr


@pytest.fixture
def county_with_ten_days(county, tmp_path):
    """Run the mediation service with a county folder that limits an extension of mediation after filing to ten days."""
    settings = county.system.environment["mediation"]
    settings["FENGQIAO_COUNTY"] = str(copy_county_folder(tmp_path, periods="[periods.mediation_extension]\ndays = 10\n"))
    _restart(county.system)
    yield
    del settings["FENGQIAO_COUNTY"]
    _restart(county.system)


def test_running_deadlines_follow_a_changed_period_and_whoever_is_responsible_is_told(county, county_with_ten_days):
    report = county.womens_federation.reports_dispute()
    county.settle()
    code, folder = report.dispute, Path(county.system.environment["mediation"]["FENGQIAO_COUNTY"])
    due_at = "select due_at, kind from mediation.deadlines where code = %s and clock = 'screening' and state = 'open'"
    ((before, _),) = county.rows(due_at, code)

    settings = (folder / "county.toml").read_text("utf-8")
    (folder / "county.toml").write_text(settings + '\n[periods.screening]\nworking_days = 4\nkind = "LOCAL_RULE"\n', "utf-8")
    wait_until(lambda: county.rows(due_at, code)[0][1] == "LOCAL_RULE", what="the deadline was recomputed")
    county.settle()

    assert county.rows(due_at, code)[0][0] > before
    assert "deadline.recomputed" in [event_type for _, event_type in county.published_events(code)]
    assert "screening" in county.notified_clocks("mediation_centre", code, "notice.deadline")


def _restart(system):
    system.stop("mediation")
    system.start("mediation")
    system.wait_ready("mediation")


def test_an_extension_longer_than_the_countys_limit_is_refused_and_a_shorter_extension_is_added_in_full(county, county_with_ten_days):
    code, both = county.file_court_case(county.create_screened_dispute()), ["applicant", "respondent"]
    county.apply_steps(
        code,
        ("court", "case.entrusted", {"to": DAMAN_COMMITTEE, "procedure": "ordinary"}),
        (DAMAN_COMMITTEE, "referral.accepted", {}),
        *((DAMAN_COMMITTEE, "consent.given", {"party": party, "how": "online"}) for party in both),
        (DAMAN_COMMITTEE, "mediation.started", {}),
    )
    committee = county.agency(DAMAN_COMMITTEE)

    long = committee.reports("mediation.extended", code, days=25, consents=both)
    county.settle()
    assert long.receipts == ["receipt.accepted", "receipt.rejected"]
    assert (long.refusal["code"], "10" in long.refusal["zh"], "10" in long.refusal["en"]) == ("extension_too_long", True, True)

    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.extended", {"days": 10, "consents": both}))
    (days,) = county.rows(
        "select (due_at at time zone 'Asia/Shanghai')::date - (started_at at time zone 'Asia/Shanghai')::date from mediation.deadlines"
        " where code = %s and clock = 'mediation_entrusted_ordinary'",
        code,
    )
    assert days[0] >= 25  # 15 days plus 10 days; if the last day is a rest day, the deadline is later
