"""Does the demonstration run in a county with other agencies, townships and rosters? Each county is read in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.county import skeleton

ROOT = Path(__file__).resolve().parents[2]
# What the hub's own rules make of a whole quarter, as that county's agencies tell it.
TOLD = """
import json
from datetime import date

from demo.history import whole_quarter
from tests.demo.paper import Hub

lives = whole_quarter(seed=1, disputes=300, until=date(2026, 10, 1))
unexpected, agencies, townships = [], set(), set()
for life in lives:
    hub = Hub()
    for step, outcome, why in hub.tell(life):
        agencies.add(step.agency)
        if outcome != step.expected:
            unexpected.append([step.type, outcome, why])
    townships |= {life.township} if life.township else set()
print(json.dumps({"unexpected": unexpected, "agencies": sorted(agencies), "townships": sorted(townships)}))
"""
ZHUJI_AGENCIES = ["governance_centre", "grid_service", "justice_bureau", "letters_bureau", "mediators-fengqiao", "peoples_court", "politics_and_law",
                  "public_security", "women"]  # fmt: skip
ZHUJI_TOWNSHIPS = ["330681001", "330681005", "330681104", "330681108", "330681110", "330681111"]


def _told_in(county: Path) -> dict:
    environment = os.environ | {"FENGQIAO_COUNTY": str(county)}
    done = subprocess.run([sys.executable, "-c", TOLD], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def zhuji():
    return _told_in(ROOT / "counties" / "zhuji")


def test_the_hub_takes_and_refuses_what_the_lives_expect(zhuji):
    assert zhuji["unexpected"] == []


def test_every_agency_reports_and_every_township_has_disputes(zhuji):
    assert zhuji["agencies"] == ZHUJI_AGENCIES
    assert zhuji["townships"] == ZHUJI_TOWNSHIPS


def test_a_county_of_one_township_with_one_mediator_can_be_demonstrated_too(tmp_path):
    skeleton.write_new(tmp_path / "county", "999999")

    told = _told_in(tmp_path / "county")

    assert told["unexpected"] == []
    assert told["townships"] == ["999999100"]
