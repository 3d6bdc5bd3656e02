"""When an agency takes back what it said, is everything as if it had not been said?"""

from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest

from services.mediation.life import decisions
from services.mediation.life.transitions import OPEN
from tests.mediation.lives import CENTRE, COURT, DAMAN, FACTS, SPEAKER, XIJIE, life_until

LAST = {                                  # a step that leads out of a state, by whoever may say it
    "screened": ("dispute.routed", {}), "routed": ("referral.declined", {}), "accepted": ("consent.given", {}), "consent_pending": ("consent.refused", {}),
    "mediating": ("agreement.reached", {}), "clock_paused": ("clock.resumed", {}), "suspended": ("mediation.resumed", {}),
    "agreed": ("confirmation.applied", {}), "confirm_applied": ("confirmation.withdrawn", {}), "confirm_decided": ("enforcement.applied", {}),
    "performing": ("dispute.followed_up", {}), "filed": ("case.entrusted", {}), "court_track": ("case.closed", {}), "terminated": ("dispute.archived", {}),
    "resolved": ("dispute.archived", {}), "enforcement": ("enforcement.completed", {}), "redirected": ("dispute.reopened", {}), "defaulted": ("case.filed", {}),
}  # fmt: skip


def standing(dispute):
    """What a step may change, but for when time looks next."""
    days = {key: (one.started_at, one.due_at, one.owed_by, one.pauses, one.extensions) for key, one in dispute.deadlines.items()}
    return replace(dispute, deadlines={}, steps=0, taken=[]), days


@pytest.mark.parametrize("state", [state for state in OPEN if state in LAST])
def test_the_dispute_stands_as_before_and_its_clocks_run_as_before(state):
    life = life_until(state)
    before = deepcopy(standing(life.dispute))
    word, facts = LAST[state]
    agency = SPEAKER.get(word) or (CENTRE if state == "redirected" else DAMAN)
    taken = life.says(word, agency, **facts)
    assert taken.refused is None and standing(life.dispute) != before

    back = life.says("report.withdrawn", agency, event=taken.taken.reported)

    assert back.refused is None
    assert standing(life.dispute) == before
    assert decisions.fold(life.history) == life.state == state


def test_one_after_the_other_the_last_steps_can_be_taken_back():
    life = life_until("accepted")
    steps = [life.says("consent.given", party=party) for party in ("applicant", "respondent")]

    assert life.says("report.withdrawn", DAMAN, event=steps[0].taken.reported).refused == "later_steps_stand"
    assert life.says("report.withdrawn", DAMAN, event=steps[1].taken.reported).refused is None
    assert life.says("report.withdrawn", DAMAN, event=steps[1].taken.reported).refused == "already_taken_back"
    assert life.says("report.withdrawn", DAMAN, event=steps[0].taken.reported).refused is None
    assert (life.state, life.dispute.consents) == ("accepted", frozenset())


def test_an_urging_that_is_taken_back_stops_before_the_earlier_one_runs_again():
    """A listener keeps one deadline per clock name: after both events it must hold the earlier deadline."""
    life = life_until("registered")
    life.says("supervision.issued")
    life.until(life.now + timedelta(days=20))  # the hub urges once more by itself, and that passes too
    passed = life.due("supervision_answer")
    assert passed < life.now
    urged = life.says("supervision.issued")

    back = life.says("report.withdrawn", CENTRE, event=urged.taken.reported)

    told = [(word, data["due_at"] == passed) for word, data in back.said if data.get("clock") == "supervision_answer"]
    assert told == [("deadline.stopped", False), ("deadline.set", True)]


def test_a_correction_asks_the_guards_anew_and_changes_nothing_if_they_refuse():
    life = life_until("screened")
    routed = life.says("dispute.routed")
    before = deepcopy(standing(life.dispute))

    refused = life.says("report.corrected", CENTRE, event=routed.taken.reported, corrects="dispute.routed", facts={**FACTS["dispute.routed"], "to": COURT})
    assert refused.refused == "not_a_mediating_body" and standing(life.dispute) == before

    right = life.says("report.corrected", CENTRE, event=routed.taken.reported, corrects="dispute.routed", facts={**FACTS["dispute.routed"], "to": XIJIE})
    assert right.refused is None and life.dispute.body == XIJIE
    assert {one.owed_by for one in life.dispute.deadlines.values()} == {(XIJIE,)}


def test_what_was_corrected_can_be_taken_back_by_the_correction():
    life = life_until("screened")
    routed = life.says("dispute.routed")
    right = life.says("report.corrected", CENTRE, event=routed.taken.reported, corrects="dispute.routed", facts={**FACTS["dispute.routed"], "to": XIJIE})

    assert life.says("report.withdrawn", CENTRE, event=right.taken.reported).refused is None
    assert (life.state, life.dispute.body) == ("screened", None)


def test_a_correction_names_the_step_and_its_facts():
    life = life_until("screened")
    routed = life.says("dispute.routed")

    assert life.says("report.corrected", CENTRE, event=routed.taken.reported).refused == "correction_without_facts"
    wrong = {"corrects": "dispute.screened", "facts": FACTS["dispute.screened"]}
    assert life.says("report.corrected", CENTRE, event=routed.taken.reported, **wrong).refused == "not_that_step"
    assert life.says("report.corrected", DAMAN, event=routed.taken.reported, after=timedelta(0)).refused == "no_such_report"
