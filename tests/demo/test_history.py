"""Are the made-up lives legal, alike for the same seed, and like the county's figures?"""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import sqrt
from statistics import mean

import pytest

import contracts
from contracts import safeguard
from contracts.dates import SHANGHAI
from demo import bodies, county
from demo.history import life, quarter
from demo.live import Story, as_of
from demo.steps import Code
from demo.ways import CROSSROADS, GUESSED, WAYS
from tests.demo.paper import Hub, quarter_told

UNTIL = date(2026, 10, 1)
THE_END = datetime(2026, 10, 1, tzinfo=SHANGHAI)
CODE = "620702-2026-000123-1"


@pytest.fixture(scope="module")
def lives():
    return quarter(seed=7, disputes=3000, until=UNTIL)


@pytest.fixture(scope="module")
def told():
    """A quarter told to the hub: (life, hub, answers) for each dispute."""
    return quarter_told()[0]


def test_the_same_seed_tells_the_same_lives(lives):
    assert quarter(7, 200, UNTIL) == quarter(7, 200, UNTIL)
    assert quarter(7, 200, UNTIL) != quarter(8, 200, UNTIL)
    assert life(7, lives[5].number, lives[5].steps[0].time) == lives[5]


def test_every_step_is_one_that_the_contract_knows_and_time_runs_forward(lives):
    for each in lives:
        for step in each.steps:
            contracts.dump(step.type, {name: CODE if isinstance(value, Code) else value for name, value in step.data.items()})
            assert step.expected == "receipt.refused" or contracts.may_say(step.agency, step.type)
        times = [step.time for step in each.steps]
        assert times == sorted(times)
    ids = [step.id for each in lives for step in each.steps]
    assert len(ids) == len(set(ids))


def test_everybody_is_marked_as_invented(lives):
    for report in (step.data for each in lives for step in each.steps if "parties" in step.data):
        assert all(party["name"].endswith("（虚构）") and party["phone"].startswith("000-") for party in report["parties"])


# ── by the real rules ─────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_hub_takes_and_refuses_what_the_lives_expect(told):
    """Intake's and mediation's own rules: nothing is refused or rejected but the few mistakes that are meant to be."""
    for each, hub, answers in told:
        assert [(step, outcome, why) for step, outcome, why in answers if outcome != step.expected] == []
        assert hub.code is None or hub.disputes[hub.code].state == "closed", each


def test_each_mistake_is_refused_for_its_own_reason(told):
    """The whole list: another reason is a mistake of the demonstration."""
    reasons = Counter((step.type, why) for _, _, answers in told for step, outcome, why in answers if outcome != "receipt.applied")

    assert set(reasons) <= MEANT
    assert len(reasons) > len(MEANT) / 2


# fmt: off
MEANT = {
    ("agreement.reached", "not_the_mediating_body"), ("referral.accepted", "not_the_body_asked"), ("mediation.started", "consent_missing"),
    ("mediation.started", "not_yours_to_say"), ("dispute.archived", "illegal_here"), ("mediation.extended", "extended_too_late"),
    ("participant.named", "mediated_this_case"), ("enforcement.applied", "no_title_to_enforce"), ("session.held", "unknown_dispute"),
    ("departments.called", "stayed"),
}
# fmt: on


def test_every_word_that_an_agency_may_say_is_said_in_a_quarter(told):
    """Until the day on which the demonstration begins, and with effect; not in what is still to come."""
    said = {step.type for each, _, _ in told for step in each.until(THE_END) if step.expected == "receipt.applied"}

    assert set(contracts.AGENCY_EVENTS) - said == set(NOT_SAID)


NOT_SAID = {
    # word: why the demonstration never says it
}


def test_time_and_the_rules_do_their_part(told):
    """What nobody says but the hub itself: a duplicate is found by rule, joined, taken apart, put before the centre; a dispute ends."""
    words = Counter(word for _, hub, _ in told for word, _, _ in hub.heard)

    assert {"dispute.merged", "dispute.unmerged", "duplicate.proposed", "duplicate.noted", "dispute.closed"} <= set(words)


# ── the safeguard lane ────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_few_are_in_danger_and_more_are_stayed_for_ordinary_reasons(told):
    held, stayed = (
        Counter(data["cause"] == "stay" for _, hub, _ in told for word, _, data in hub.sealed if word == "safeguard.held")[which] for which in (0, 1)
    )

    assert 0.005 < held / len(told) < 0.03
    assert stayed > held / 2
    assert {data["cause"] for _, hub, _ in told for word, _, data in hub.sealed if word == "safeguard.held"} == set(contracts.kinds.HOLD_CAUSES)


def test_nothing_of_the_lane_is_heard_by_the_dashboard(told):
    """What was reported into it is not even named before it is over; of what is held later no word tells."""
    for each, hub, _ in told:
        for word, _, data in hub.heard:
            assert word not in safeguard.STEPS and data.get("step") not in safeguard.STEPS
            assert "risk" not in data.get("facts", {}) and "dangers" not in data
        if safeguard.in_danger(each.steps[0].data if each.steps else {}):
            released = next(count for count, step in enumerate(each.steps) if step.type == "hold.released")
            before = Hub()
            before.tell(replace(each, steps=each.steps[:released]))
            assert before.heard == []


def test_no_line_on_a_screen_names_a_dispute_in_danger(lives):
    for each in lives:
        assert each.is_quiet == any(safeguard.in_danger(s.data) or s.type in ("dv.warning_issued", "hold.released") for s in each.steps)


# ── live ──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_live_step_happens_now_and_takes_its_days_along(lives):
    now = datetime(2027, 3, 1, 12, tzinfo=SHANGHAI)
    agreed = next(s for each in lives for s in each.steps if s.type == "agreement.reached" and s.data["terms"])

    moved = as_of(agreed, now)

    assert moved.data["effective_on"] == "2027-03-01"
    due, was_due = (date.fromisoformat(step.data["terms"][0]["due_on"]) for step in (moved, agreed))
    assert due - date(2027, 3, 1) == was_due - agreed.time.date()
    contracts.dump(moved.type, moved.data)


def test_the_county_lives_on_when_its_history_is_told():
    begun = datetime(2026, 10, 1, tzinfo=SHANGHAI)
    story, told = Story(7, 100_000, begun), Counter()
    for _ in range(600):
        step, _ = story.next(begun + timedelta(days=30))
        told[step.type] += 1

    assert told["dispute.reported"] > 20 and told["dispute.archived"] > 5


# ── shares, against the published figures; a binomial of these sizes strays less than the tolerances ──────────────────────────────


def test_every_row_of_the_table_of_ways_is_gone_as_often_as_it_says(lives):
    rolled = Counter(roll for each in lives for roll in each.rolled)
    for way in WAYS:
        went, asked = rolled[way.name, True], rolled[way.name, True] + rolled[way.name, False]
        assert asked > 0, way
        assert abs(went / asked - way.share) < 4.5 * sqrt(way.share * (1 - way.share) / asked) + 1e-9, (way, went, asked)
    for name, ways in CROSSROADS.items():
        asked = sum(rolled[name, which] for which in ways)
        assert asked > 0, name
        for which, weight in ways.items():
            share = weight / sum(ways.values())
            assert abs(rolled[name, which] / asked - share) < 4.5 * sqrt(share * (1 - share) / asked) + 1e-9, (name, which)


def test_a_share_that_is_not_guessed_says_where_it_comes_from():
    assert [way.name for way in WAYS if way.source != GUESSED] == [
        "agreed", "confirmed", "enforced", "kept", "entrusted", "settled when entrusted",
    ]  # fmt: skip
    assert len({way.name for way in WAYS}) == len(WAYS)


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
        for accepted_at, end in _mediations(each):
            ends[end.type] += 1
            if not any(step.type == "case.filed" and step.time < end.time for step in each.steps):  # the court's own periods are shorter
                days.append((end.time - accepted_at) / timedelta(days=1))

    assert ends["agreement.reached"] / ends.total() == pytest.approx(0.655, abs=0.03)
    assert 17 <= mean(days) <= 23.33
    assert 0.02 < sum(d > 32 for d in days) / len(days) < 0.2


def _mediations(each):
    """(when the body took it, the step that ended it) of each mediation that was begun. A dispute may have two: before it was filed, and after."""
    wrong = {step.data["event"] for step in each.steps if step.type == "report.withdrawn"}
    accepted_at, is_begun = None, False
    for step in each.steps:
        if step.expected != "receipt.applied" or step.id in wrong:
            continue
        accepted_at = step.time if step.type == "referral.accepted" else accepted_at
        is_begun = is_begun or step.type == "mediation.started"
        if is_begun and step.type in ("agreement.reached", "mediation.terminated"):
            yield accepted_at, step
            is_begun = False


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


def test_each_of_the_eight_grounds_and_every_track_is_seen(told):
    said = [step for each, _, answers in told for step, outcome, _ in answers if outcome == "receipt.applied"]

    assert {step.data["ground"] for step in said if step.type == "mediation.terminated"} == set(contracts.kinds.TERMINATION_GROUNDS)
    assert {step.data["track"] for step in said if step.type == "dispute.screened"} == set(contracts.kinds.TRACKS)
    assert {step.data["answer"] for step in said if step.type == "call.answered"} == set(contracts.kinds.CALL_ANSWERS)
    assert {step.data["answer"] for step in said if step.type == "supervision.answered"} == set(contracts.kinds.SUPERVISION_ANSWERS)
    assert {"overdue", "no_answer"} < {step.data["urged_for"] for step in said if step.type == "supervision.issued"}


def test_most_proposals_are_followed_and_some_are_not(lives):
    """By the first referral; that the rules may know better by then, from what bodies took and declined, is left out."""
    first = [next((step for step in each.steps if step.type == "dispute.routed"), None) for each in lives]
    followed = [any((one.to, one.organisation) == (step.data["to"], step.data.get("organisation"))
                    for one in bodies.proposed(each.kind, each.township, each.steps[0].data["place"].get("village"))[:1])
                for each, step in zip(lives, first, strict=True) if step and each.steps[0].agency != "court" and not each.is_quiet]  # fmt: skip

    assert sum(followed) / len(followed) == pytest.approx(0.75, abs=0.05)


def test_filed_cases_are_entrusted_as_in_dingxi(lives):
    words = Counter(step.type for each in lives for step in each.steps if step.expected == "receipt.applied")

    assert words["case.entrusted"] / words["case.filed"] == pytest.approx(2014 / 3366, abs=0.1)


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
