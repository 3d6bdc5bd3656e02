"""Are the made-up lives legal, alike for the same seed, and like the county's figures?"""

from collections import Counter
from datetime import date, datetime, timedelta
from statistics import mean

import pytest

import contracts
from deploy.demo import county
from deploy.demo.history import life, quarter
from deploy.demo.live import Story, as_of
from deploy.demo.workdays import SHANGHAI
from plumbing.events import Event
from services.intake.domain import party_labels
from services.mediation import domain as mediation

UNTIL = date(2026, 10, 1)
CODE = "620702-2026-000123-1"


@pytest.fixture(scope="module")
def lives():
    return quarter(seed=7, disputes=3000, until=UNTIL)


def test_the_same_seed_tells_the_same_lives(lives):
    assert quarter(7, 200, UNTIL) == quarter(7, 200, UNTIL)
    assert quarter(7, 200, UNTIL) != quarter(8, 200, UNTIL)
    assert life(7, lives[5].number, lives[5].steps[0].time) == lives[5]


def test_every_step_is_one_that_the_contract_knows_and_time_runs_forward(lives):
    for each in lives:
        for step in each.steps:
            contracts.said(step.type, step.data)
            assert step.expected == "receipt.refused" or contracts.may_say(step.agency, step.type)
        times = [step.time for step in each.steps]
        assert times == sorted(times)
    ids = [step.id for each in lives for step in each.steps]
    assert len(ids) == len(set(ids))


def test_nobody_is_at_risk_and_everybody_is_marked_as_invented(lives):
    for report in (step.data for each in lives for step in each.steps if step.type == "dispute.reported"):
        assert "risk" not in report
        assert all(party["name"].endswith("（虚构）") and party["phone"].startswith("000-") for party in report["parties"])


def test_mediation_takes_and_refuses_what_the_lives_expect(lives):
    now = datetime(2027, 12, 1, tzinfo=SHANGHAI)
    for each in lives[:600]:
        dispute = None
        for step in (s for s in each.steps if s.expected != "receipt.refused"):
            decision = mediation.decide(dispute, _as_intake_says_it(step, dispute), now)
            dispute = decision.dispute
            assert (decision.refused is None) == (step.expected == "receipt.applied"), (step, decision.refused)
        assert dispute.state == "closed"


def test_a_live_step_happens_now_and_takes_its_days_along(lives):
    now = datetime(2027, 3, 1, 12, tzinfo=SHANGHAI)
    agreed = next(s for each in lives for s in each.steps if s.type == "agreement.reached" and s.data["terms"])

    moved = as_of(agreed, now)

    assert moved.data["effective_on"] == "2027-03-01"
    due, was_due = (date.fromisoformat(step.data["terms"][0]["due_on"]) for step in (moved, agreed))
    assert due - date(2027, 3, 1) == was_due - agreed.time.date()
    contracts.said(moved.type, moved.data)


def test_the_county_lives_on_when_its_history_is_told():
    begun = datetime(2026, 10, 1, tzinfo=SHANGHAI)
    story, told = Story(7, 100_000, begun), Counter()
    for _ in range(600):
        step, _ = story.next(begun + timedelta(days=30))
        told[step.type] += 1

    assert told["dispute.reported"] > 20 and told["dispute.archived"] > 5


# shares, against domain.md; a binomial of these sizes strays less than the tolerances


def test_every_township_and_street_has_disputes_by_its_residents(lives):
    counts = Counter(each.township for each in lives)
    everybody = sum(county.RESIDENTS.values())

    assert set(counts) == set(county.RESIDENTS) == set(contracts.TOWNSHIPS) - {"620702402"}
    for township, residents in county.RESIDENTS.items():
        assert counts[township] / len(lives) == pytest.approx(residents / everybody, abs=0.02)


def test_kinds_are_mixed_as_national_mediation_is(lives):
    counts = Counter(each.kind for each in lives)

    assert (counts["family"] + counts["inheritance"]) / len(lives) == pytest.approx(0.197, abs=0.03)
    assert counts["neighbour"] / len(lives) == pytest.approx(0.229, abs=0.03)
    assert counts["housing_plot"] / len(lives) == pytest.approx(0.069, abs=0.02)
    assert counts["damages"] / len(lives) == pytest.approx(0.081, abs=0.02)


def test_the_police_bring_ten_times_what_the_court_brings(lives):
    first = Counter(each.steps[0].agency.split("-")[0] for each in lives)

    assert first["police"] / first["court"] == pytest.approx(10, abs=3)


def test_mediations_succeed_and_last_as_published(lives):
    ends, days = Counter(), []
    for each in lives:
        taken = {step.type: step for step in each.steps if step.expected == "receipt.applied"}
        end = taken.get("agreement.reached") or taken.get("mediation.terminated")
        if "mediation.started" in taken:
            ends[end.type] += 1
            days.append((end.time - taken["referral.accepted"].time) / timedelta(days=1))

    assert ends["agreement.reached"] / ends.total() == pytest.approx(0.655, abs=0.03)
    assert 17 <= mean(days) <= 23.33
    assert 0.02 < sum(d > 46 or d > 32 for d in days) / len(days) < 0.2


def test_every_way_is_gone_by_some_and_few_agreements_are_confirmed(lives):
    taken = [{step.type for step in each.steps if step.expected == "receipt.applied"} for each in lives]
    gone = Counter(word for each in taken for word in each)
    ways = {
        "confirmation.granted", "confirmation.refused", "case.filed", "case.entrusted", "case.closed", "clock.paused", "dispute.redirected",
        "dispute.reopened", "report.withdrawn", "petition.decided", "conflict.disclosed", "mediator.refused", "enforcement.completed",
    }  # fmt: skip

    assert ways <= set(gone)
    assert 0.04 < gone["confirmation.applied"] / gone["agreement.reached"] < 0.2
    assert gone["case.filed"] / len(lives) < 0.2


def test_agreements_are_kept_as_published(lives):
    last = {}
    for each in lives:
        for step in each.steps:
            if step.type == "performance.recorded":
                last[each.number, step.data["term"]] = step.data["result"]

    assert Counter(last.values())["full"] / len(last) == pytest.approx(0.95, abs=0.025)


def test_a_life_has_some_twelve_steps_and_a_few_are_mistakes(lives):
    expected = Counter(step.expected for each in lives for step in each.steps)

    assert 9 <= mean(len(each.steps) for each in lives) <= 14
    assert 0 < expected["receipt.rejected"] < 0.01 * expected.total()
    assert 0 < expected["receipt.refused"] < 0.01 * expected.total()


def _as_intake_says_it(step, dispute):
    about = {"event": {"source": f"/agencies/{step.agency}", "id": step.id}, "agency": step.agency, "happened_at": step.time}
    if dispute is None:
        data = step.data | step.data["place"] | about | {"party_labels": party_labels(step.data["parties"])}
        return Event("intake", step.id, "dispute.registered", CODE, step.time, data)
    facts = contracts.facts_of(step.type, contracts.heard(step.type, step.data))
    return Event("intake", step.id, "step.reported", CODE, step.time, about | {"step": step.type, "facts": facts})
