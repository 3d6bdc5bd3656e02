"""Tests of the drill's dispute scripts: if no fault happens, every step has the outcome that its script expects."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from itertools import islice
from random import Random

import pytest

import contracts
from deploy.files import ROOT
from drills.workload import AGENCY_GROUPS, dispute_scripts
from services.mediation.lifecycle import decisions
from tests.mediation.simulated_dispute import IncomingEvent

ROUTER_OF_GROUP = {"federation": "mediation_centre", "grid": "court", "police": "court-xijiao", "petitions": "court-daman"}
SAFEGUARD_STEPS = ("dv.warning_issued", "hold.released")
NOW = datetime(2026, 11, 23, tzinfo=UTC)


@pytest.mark.parametrize("group", AGENCY_GROUPS, ids=lambda group: group.name)
def test_every_scripted_step_has_the_outcome_that_its_dispute_script_expects(group):
    for script in islice(dispute_scripts(group, Random(3), "x", NOW), 150):
        dispute = None
        for number, step in enumerate(script.steps):
            # The test applies mediation's ordinary rules only: intake decides refusals, and safeguard steps are decided in the safeguard lane.
            if step.expected == "refused" or step.type in SAFEGUARD_STEPS:
                continue
            decision = decisions.decide(dispute, _event_published_by_intake(step, number, script.time_of_step(number), dispute), NOW)
            dispute = decision.dispute
            assert step.expected is None or (decision.refused is None) == (step.expected == "applied"), (step, decision.refused, dispute.state)


def _event_published_by_intake(step, number, at, dispute):
    common = {"event": {"source": f"/agencies/{step.agency}", "id": f"e-{number}"}, "agency": step.agency, "happened_at": at}
    if dispute is None:
        facts = {"township": step.facts["place"]["township"], "kind": step.facts["kind"], "channel": "phone", "wants": "mediation"}
        return IncomingEvent("dispute.registered", {**common, **facts, "party_labels": ["applicant", "respondent"]}, at)
    report_data = {"report_no": "R-1", **step.facts} if step.type == "dispute.reported" else step.facts
    return IncomingEvent("step.reported", {**common, "step": step.type, "facts": contracts.dump_facts(step.type, contracts.load(step.type, report_data))}, at)


def test_the_county_ganzhou_has_four_agency_groups_each_with_one_township_body_and_one_industry_body():
    assert {group.name: group.router for group in AGENCY_GROUPS} == ROUTER_OF_GROUP
    for group in AGENCY_GROUPS:
        township_body, industry_body = (contracts.AGENCIES[body] for body in group.bodies)
        assert township_body.townships and industry_body.takes
    assert [group.name for group in AGENCY_GROUPS if group.safeguard_agency == "police"] == ["police"]
    assert [group.name for group in AGENCY_GROUPS if group.archiver == "mediation_centre"] == ["federation"]


def test_the_drill_exits_with_an_error_message_if_the_county_has_too_few_agencies():
    environment = os.environ | {"FENGQIAO_COUNTY": "counties/zhuji"}

    result = subprocess.run([sys.executable, "-W", "ignore", "-m", "drills"], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert result.returncode == 2
    assert "this county is too small for a drill" in result.stderr and "Traceback" not in result.stderr
