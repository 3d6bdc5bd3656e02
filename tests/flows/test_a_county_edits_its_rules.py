"""What happens when a county edits its routing rules? First it sees what would have gone where; nothing is sent or changed by looking."""

import os
import subprocess
import sys

from deploy.local import processes
from deploy.local.places import ROOT
from services.mediation.routing_desk import OUR_RULES
from tests.county import DAMAN_COMMITTEE


def rules(county, *words):
    told = processes.launch(processes.kinds()["mediation"], county.system.servers).environment
    command = [sys.executable, "-W", "ignore", "-m", "services.mediation.routing", *words]
    return subprocess.run(command, cwd=ROOT, env=os.environ | told, capture_output=True, text=True, check=False)


def test_the_dry_run_shows_where_past_disputes_would_have_gone_beside_where_they_went(county, tmp_path):
    county.routed_to(DAMAN_COMMITTEE)
    county.settle()
    edited = tmp_path / "rules.csv"
    edited.write_text(OUR_RULES.read_text("utf-8") + "X1,婚姻家庭,大满镇,,,,agency:trade_union,,900,county_choice,,,\n", "utf-8")
    before = county.rows("select count(*) from mediation.transitions")

    as_now, as_edited = rules(county, "dry-run"), rules(county, "dry-run", "--rules", str(edited))

    assert as_now.returncode == as_edited.returncode == 0, as_edited.stderr
    assert "婚姻家庭 family\t工会 trade_union" not in as_now.stdout
    assert "婚姻家庭 family\t工会 trade_union" in as_edited.stdout
    assert f"{DAMAN_COMMITTEE}\t" in as_edited.stdout
    assert county.rows("select count(*) from mediation.transitions") == before


def test_a_rule_that_makes_no_sense_is_told_with_its_line_and_nothing_is_run(county, tmp_path):
    wrong = tmp_path / "rules.csv"
    wrong.write_text(OUR_RULES.read_text("utf-8") + "X1,婚姻,,,,,=cmd(),,1,county_choice,,,\n", "utf-8")

    told = rules(county, "check", str(wrong))

    lines = len(wrong.read_text("utf-8").splitlines())
    assert told.returncode == 1
    assert f"第{lines}行 “bodies”不能是公式" in told.stderr and f"line {lines}: “kinds” is not one of the allowed values" in told.stderr
    assert "cmd" not in told.stderr
