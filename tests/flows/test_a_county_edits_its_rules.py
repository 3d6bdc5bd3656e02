"""What happens when a county edits its rules? Of routing: first it sees what would have gone where; nothing is sent or changed by looking.

Of time: what it allows is what an agency gets, or is refused with the county's own number.
"""

import os
import subprocess
import sys

import pytest

from deploy import processes
from deploy.files import ROOT
from tests.county import DAMAN_COMMITTEE
from tests.county_folders import county_folder


def rules(county, *words):
    told = processes.launch(processes.KINDS["mediation"], county.system.servers).environment
    command = [sys.executable, "-W", "ignore", "-m", "services.mediation.commands.routing", *words]
    return subprocess.run(command, cwd=ROOT, env=os.environ | told, capture_output=True, text=True, check=False)


def test_the_dry_run_shows_where_past_disputes_would_have_gone_beside_where_they_went(county, tmp_path):
    county.routed_dispute(DAMAN_COMMITTEE)
    county.settle()
    edited = county_folder(tmp_path, routing="X1,婚姻家庭,大满镇,,,,agency:trade_union,,900,county_choice,,,\n")
    before = county.rows("select count(*) from mediation.transitions")

    as_now, as_edited = rules(county, "dry-run"), rules(county, "dry-run", "--county", str(edited))

    assert as_now.returncode == as_edited.returncode == 0, as_edited.stderr
    assert "婚姻家庭 family\t工会 trade_union" not in as_now.stdout
    assert "婚姻家庭 family\t工会 trade_union" in as_edited.stdout
    assert f"{DAMAN_COMMITTEE}\t" in as_edited.stdout
    assert county.rows("select count(*) from mediation.transitions") == before


def test_a_rule_that_makes_no_sense_is_told_with_its_line_and_nothing_is_run(county, tmp_path):
    wrong = county_folder(tmp_path, routing="X1,婚姻,,,,,=cmd(),,1,county_choice,,,\n")

    told = rules(county, "check", str(wrong))

    lines = len((wrong / "routing.csv").read_text("utf-8").splitlines())
    assert told.returncode == 1
    assert f"第{lines}行 “bodies”不能是公式" in told.stderr and f"line {lines}: “kinds” is not one of the allowed values" in told.stderr
    assert "cmd" not in told.stderr


@pytest.fixture
def ten_days(county, tmp_path):
    """Mediation runs with a county file: with its court the county has agreed on at most ten days of extension."""
    settings = county.system.environment["mediation"]
    settings["FENGQIAO_COUNTY"] = str(county_folder(tmp_path, periods="[periods.mediation_extension]\ndays = 10\n"))
    _restart(county.system)
    yield
    del settings["FENGQIAO_COUNTY"]
    _restart(county.system)


def _restart(system):
    system.stop("mediation")
    system.start("mediation")
    system.wait_ready("mediation")


def test_more_days_than_the_county_allows_are_refused_with_its_number_and_those_that_it_allows_count_in_full(county, ten_days):
    code, both = county.filed_dispute(county.screened_dispute()), ["applicant", "respondent"]
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
    assert days[0] >= 25  # fifteen and ten, and perhaps a rest day at the end
