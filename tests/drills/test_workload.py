"""Do the drill's lives come out as they expect, where nothing breaks?"""

import os
import subprocess
import sys
from datetime import UTC, datetime
from itertools import islice
from random import Random

import pytest

import contracts
from deploy.files import ROOT
from drills.workload import HOUSES, lives
from services.mediation.life import decisions
from tests.mediation.lives import Heard

ROUTERS = {"federation": "mediation_centre", "grid": "court", "police": "court-xijiao", "petitions": "court-daman"}
LANE = ("dv.warning_issued", "hold.released")
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize("house", HOUSES, ids=lambda house: house.name)
def test_every_step_is_taken_or_refused_as_the_script_says(house):
    for life in islice(lives(house, Random(3), "x", NOW), 150):
        dispute = None
        for number, step in enumerate(life.steps):
            if step.expects == "refused" or step.word in LANE:  # at the door, or in the sealed lane
                continue
            decision = decisions.decide(dispute, _as_intake_says_it(step, number, life.time_of(number), dispute), NOW)
            dispute = decision.dispute
            assert step.expects is None or (decision.refused is None) == (step.expects == "applied"), (step, decision.refused, dispute.state)


def _as_intake_says_it(step, number, at, dispute):
    told = {"event": {"source": f"/agencies/{step.agency}", "id": f"e-{number}"}, "agency": step.agency, "happened_at": at}
    if dispute is None:
        facts = {"township": step.facts["place"]["township"], "kind": step.facts["kind"], "channel": "phone", "wants": "mediation"}
        return Heard("dispute.registered", {**told, **facts, "party_labels": ["applicant", "respondent"]}, at)
    said = {"report_no": "R-1", **step.facts} if step.word == "dispute.reported" else step.facts
    return Heard("step.reported", {**told, "step": step.word, "facts": contracts.dump_facts(step.word, contracts.load(step.word, said))}, at)


def test_four_houses_are_formed_of_ganzhous_agencies_and_each_has_a_committee_and_a_body_for_one_kind():
    assert {house.name: house.router for house in HOUSES} == ROUTERS
    for house in HOUSES:
        committee, other = (contracts.AGENCIES[body] for body in house.bodies)
        assert committee.townships and other.takes
    assert [house.name for house in HOUSES if house.inside == "police"] == ["police"]
    assert [house.name for house in HOUSES if house.watcher == "mediation_centre"] == ["federation"]


def test_a_county_with_too_few_agencies_is_told_so():
    environment = os.environ | {"FENGQIAO_COUNTY": "counties/zhuji"}

    done = subprocess.run([sys.executable, "-W", "ignore", "-m", "drills"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "this county is too small for a drill" in done.stderr and "Traceback" not in done.stderr
