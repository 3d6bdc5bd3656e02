"""Do the drill's lives come out as they expect, where nothing breaks?"""

from datetime import UTC, datetime
from itertools import islice
from random import Random

import pytest

import contracts
from drills.workload import HOUSES, lives
from services.mediation.life import decisions
from tests.mediation.lives import Heard

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
    return Heard("step.reported", {**told, "step": step.word, "facts": contracts.facts_of(step.word, contracts.heard(step.word, said))}, at)
