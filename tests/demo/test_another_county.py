"""Tests of the demonstration in counties with other agencies, townships and rosters.

An OS process can load only one county, so each county is simulated in a separate process.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.county import skeleton

ROOT = Path(__file__).resolve().parents[2]
# Program that simulates a quarter of the county, applies it to the rules of intake and mediation, and prints deviations from the expected receipts.
SIMULATION_PROGRAM = """
import json
from datetime import date

from demo.history import simulate_history
from tests.demo.in_memory_hub import InMemoryHub

histories = simulate_history(seed=1, disputes=300, until=date(2026, 10, 1))
unexpected, agencies, townships = [], set(), set()
for history in histories:
    hub = InMemoryHub()
    for step, outcome, reason in hub.apply_history(history):
        agencies.add(step.agency)
        if outcome != step.expected:
            unexpected.append([step.type, outcome, reason])
    townships |= {history.township} if history.township else set()
print(json.dumps({"unexpected": unexpected, "agencies": sorted(agencies), "townships": sorted(townships)}))
"""
ZHUJI_AGENCIES = ["governance_centre", "grid_service", "justice_bureau", "letters_bureau", "mediators-fengqiao", "peoples_court", "politics_and_law",
                  "public_security", "women"]  # fmt: skip
ZHUJI_TOWNSHIPS = ["330681001", "330681005", "330681104", "330681108", "330681110", "330681111"]


def _simulate_county(county: Path) -> dict:
    environment = os.environ | {"FENGQIAO_COUNTY": str(county)}
    result = subprocess.run([sys.executable, "-c", SIMULATION_PROGRAM], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=True)
    return json.loads(result.stdout)


@pytest.fixture(scope="module")
def zhuji():
    return _simulate_county(ROOT / "counties" / "zhuji")


def test_every_simulated_step_gets_its_expected_receipt_in_the_county_zhuji(zhuji):
    assert zhuji["unexpected"] == []


def test_every_agency_reports_and_every_township_has_disputes_in_the_county_zhuji(zhuji):
    assert zhuji["agencies"] == ZHUJI_AGENCIES
    assert zhuji["townships"] == ZHUJI_TOWNSHIPS


def test_every_simulated_step_gets_its_expected_receipt_in_a_county_with_one_township_and_one_mediator(tmp_path):
    skeleton.write_template(tmp_path / "county", "999999")

    result = _simulate_county(tmp_path / "county")

    assert result["unexpected"] == []
    assert result["townships"] == ["999999100"]
