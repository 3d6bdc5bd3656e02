"""Tests of the demonstration's simulated history: its steps are valid, the same seed gives the same history, and its statistics follow published figures."""

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
from demo.history import simulate_dispute, simulate_quarter
from demo.live import LiveSchedule, move_step_to
from demo.probabilities import BRANCHES, CHOICE_WEIGHTS, GUESSED_SOURCE
from demo.steps import CodePlaceholder
from tests.demo.in_memory_hub import InMemoryHub, simulated_quarter

HISTORY_END_DATE = date(2026, 10, 1)
HISTORY_END = datetime(2026, 10, 1, tzinfo=SHANGHAI)
DISPUTE_CODE = "620702-2026-000123-1"


@pytest.fixture(scope="module")
def histories():
    return simulate_quarter(seed=7, disputes=3000, until=HISTORY_END_DATE)


@pytest.fixture(scope="module")
def applied_histories():
    """A simulated quarter that was applied to intake and mediation in memory: list of (history, hub, results of the steps)."""
    return simulated_quarter()[0]


def test_the_same_seed_gives_the_same_simulated_histories(histories):
    assert simulate_quarter(7, 200, HISTORY_END_DATE) == simulate_quarter(7, 200, HISTORY_END_DATE)
    assert simulate_quarter(7, 200, HISTORY_END_DATE) != simulate_quarter(8, 200, HISTORY_END_DATE)
    assert simulate_dispute(7, histories[5].number, histories[5].steps[0].time) == histories[5]


def test_every_simulated_step_is_valid_and_the_steps_of_a_dispute_are_in_order_of_time(histories):
    for history in histories:
        for step in history.steps:
            contracts.dump(step.type, {name: DISPUTE_CODE if isinstance(value, CodePlaceholder) else value for name, value in step.data.items()})
            assert step.expected == "receipt.refused" or contracts.may_report(step.agency, step.type)
        times = [step.time for step in history.steps]
        assert times == sorted(times)
    ids = [step.id for history in histories for step in history.steps]
    assert len(ids) == len(set(ids))


def test_every_party_of_a_simulated_dispute_is_marked_as_invented(histories):
    for report in (step.data for history in histories for step in history.steps if "parties" in step.data):
        assert all(party["name"].endswith("（虚构）") and party["phone"].startswith("000-") for party in report["parties"])


# ── histories applied to the rules of intake and mediation ────────────────────────────────────────────────────────────


def test_every_simulated_step_gets_its_expected_receipt_and_every_dispute_ends_closed(applied_histories):
    for history, hub, results in applied_histories:
        assert [(step, outcome, reason) for step, outcome, reason in results if outcome != step.expected] == []
        assert hub.code is None or hub.disputes[hub.code].state == "closed", history


def test_deliberate_mistakes_of_agencies_are_refused_or_rejected_only_for_the_expected_reasons(applied_histories):
    reasons = Counter((step.type, reason) for _, _, results in applied_histories for step, outcome, reason in results if outcome != "receipt.applied")

    assert set(reasons) <= EXPECTED_REFUSALS
    assert len(reasons) > len(EXPECTED_REFUSALS) / 2


# fmt: off
EXPECTED_REFUSALS = {
    ("agreement.reached", "not_the_mediating_body"), ("referral.accepted", "not_the_body_asked"), ("mediation.started", "consent_missing"),
    ("mediation.started", "not_yours_to_say"), ("dispute.archived", "illegal_here"), ("mediation.extended", "extended_too_late"),
    ("participant.named", "mediated_this_case"), ("enforcement.applied", "no_title_to_enforce"), ("session.held", "unknown_dispute"),
    ("departments.called", "stayed"),
}
# fmt: on


def test_every_agency_event_type_takes_effect_at_least_once_in_the_simulated_history(applied_histories):
    """Steps after the end of the history are not counted."""
    reported = {step.type for history, _, _ in applied_histories for step in history.steps_until(HISTORY_END) if step.expected == "receipt.applied"}

    assert set(contracts.AGENCY_EVENTS) - reported == set(EVENT_TYPES_NEVER_REPORTED)


EVENT_TYPES_NEVER_REPORTED = {
    # event type: reason why the demonstration never reports the event type
    "agency.alive": "not a step of a dispute; agencies state it while the demonstration runs",
}


def test_the_history_causes_joined_reports_undone_joins_likely_duplicates_and_closed_disputes(applied_histories):
    """No agency reports these event types: the services publish them because of the agencies' steps."""
    event_types = Counter(event_type for _, hub, _ in applied_histories for event_type, _, _ in hub.published_events)

    assert {"dispute.merged", "merge.noted", "dispute.unmerged", "unmerge.noted", "duplicate.proposed", "duplicate.noted", "dispute.closed"} <= set(event_types)


# ── safeguard lane ────────────────────────────────────────────────────────────────────────────────────────────────────


def test_simulated_safeguard_holds_are_few_and_ordinary_stays_frequent_enough_to_hide_them(applied_histories):
    held, stayed = (
        Counter(
            data["cause"] == "stay" for _, hub, _ in applied_histories for event_type, _, data in hub.published_sealed_events if event_type == "safeguard.held"
        )[is_stay]
        for is_stay in (0, 1)
    )

    assert 0.005 < held / len(applied_histories) < 0.03
    assert stayed > held / 2
    assert {data["cause"] for _, hub, _ in applied_histories for event_type, _, data in hub.published_sealed_events if event_type == "safeguard.held"} == set(
        contracts.kinds.HOLD_CAUSES
    )


def test_no_ordinary_event_reveals_that_a_dispute_is_in_the_safeguard_lane(applied_histories):
    """Of a dispute reported as safeguarded, no ordinary event is published before the release of its hold."""
    for history, hub, _ in applied_histories:
        for event_type, _, data in hub.published_events:
            assert event_type not in safeguard.STEP_NAMES and data.get("step") not in safeguard.STEP_NAMES
            assert "risk" not in data.get("facts", {}) and "dangers" not in data
        if safeguard.danger_flags(history.steps[0].data if history.steps else {}):
            released = next(count for count, step in enumerate(history.steps) if step.type == "hold.released")
            before = InMemoryHub()
            before.apply_history(replace(history, steps=history.steps[:released]))
            assert before.published_events == []


def test_a_simulated_dispute_is_confidential_if_and_only_if_a_person_is_in_danger(histories):
    for history in histories:
        assert history.is_confidential == any(safeguard.danger_flags(s.data) or s.type in ("dv.warning_issued", "hold.released") for s in history.steps)


# ── steps sent after the history ──────────────────────────────────────────────────────────────────────────────────────


def test_a_step_sent_after_the_history_gets_the_current_time_and_its_dates_move_by_the_same_number_of_days(histories):
    now = datetime(2027, 3, 1, 12, tzinfo=SHANGHAI)
    agreed = next(s for history in histories for s in history.steps if s.type == "agreement.reached" and s.data["terms"])

    moved = move_step_to(agreed, now)

    assert moved.data["effective_on"] == "2027-03-01"
    due, was_due = (date.fromisoformat(step.data["terms"][0]["due_on"]) for step in (moved, agreed))
    assert due - date(2027, 3, 1) == was_due - agreed.time.date()
    contracts.dump(moved.type, moved.data)


def test_steps_sent_after_the_history_include_new_dispute_reports_and_archived_disputes():
    begin = datetime(2026, 10, 1, tzinfo=SHANGHAI)
    schedule, step_counts = LiveSchedule(7, 100_000, begin), Counter()
    for _ in range(600):
        step, _ = schedule.next_step(begin + timedelta(days=30))
        step_counts[step.type] += 1

    assert step_counts["dispute.reported"] > 20 and step_counts["dispute.archived"] > 5


# ── frequencies in the history compared with published figures; the tolerances exceed random deviations ───────────────


def test_every_branch_and_every_option_occurs_with_its_given_probability(histories):
    decisions = Counter(decision for history in histories for decision in history.decisions)
    for branch in BRANCHES:
        taken, total = decisions[branch.name, True], decisions[branch.name, True] + decisions[branch.name, False]
        assert total > 0, branch
        assert abs(taken / total - branch.probability) < 4.5 * sqrt(branch.probability * (1 - branch.probability) / total) + 1e-9, (branch, taken, total)
    for name, options in CHOICE_WEIGHTS.items():
        total = sum(decisions[name, option] for option in options)
        assert total > 0, name
        for option, weight in options.items():
            share = weight / sum(options.values())
            assert abs(decisions[name, option] / total - share) < 4.5 * sqrt(share * (1 - share) / total) + 1e-9, (name, option)


def test_six_branches_have_a_published_source_and_all_branch_names_are_unique():
    assert [branch.name for branch in BRANCHES if branch.source != GUESSED_SOURCE] == [
        "agreement reached", "confirmation applied for", "agreement enforced", "term performed", "case entrusted", "entrusted case settled",
    ]  # fmt: skip
    assert len({branch.name for branch in BRANCHES}) == len(BRANCHES)


def test_the_share_of_disputes_of_each_township_follows_its_share_of_residents(histories):
    counts = Counter(history.township for history in histories)
    all_residents = sum(county.RESIDENTS_OF_TOWNSHIP.values())

    assert set(counts) == set(county.RESIDENTS_OF_TOWNSHIP) == set(contracts.TOWNSHIPS) - {"620702402"}
    for township, residents in county.RESIDENTS_OF_TOWNSHIP.items():
        assert counts[township] / len(histories) == pytest.approx(residents / all_residents, abs=0.02)


def test_the_shares_of_the_kinds_of_dispute_follow_national_mediation_statistics(histories):
    counts = Counter(history.kind for history in histories)

    assert (counts["family"] + counts["inheritance"]) / len(histories) == pytest.approx(0.197, abs=0.03)
    assert counts["neighbour"] / len(histories) == pytest.approx(0.229, abs=0.03)
    assert counts["housing_plot"] / len(histories) == pytest.approx(0.069, abs=0.02)
    assert counts["damages"] / len(histories) == pytest.approx(0.081, abs=0.02)


def test_the_police_report_ten_times_as_many_disputes_as_the_court(histories):
    first = Counter(history.steps[0].agency.split("-")[0] for history in histories)

    assert first["police"] / first["court"] == pytest.approx(10, abs=3)


def test_the_success_rate_and_the_mean_duration_of_mediations_follow_published_figures(histories):
    ends, days = Counter(), []
    for history in histories:
        for accepted_at, end in _ended_mediations(history):
            ends[end.type] += 1
            # Mediations entrusted by the court are not counted, because their periods are shorter.
            if not any(step.type == "case.filed" and step.time < end.time for step in history.steps):
                days.append((end.time - accepted_at) / timedelta(days=1))

    assert ends["agreement.reached"] / ends.total() == pytest.approx(0.655, abs=0.03)
    assert 17 <= mean(days) <= 23.33
    assert 0.02 < sum(d > 32 for d in days) / len(days) < 0.2


def _ended_mediations(history):
    """Yield (time of acceptance, last step) of each mediation. A dispute may have two mediations: one before and one after it is filed in court."""
    withdrawn = {step.data["event"] for step in history.steps if step.type == "report.withdrawn"}
    accepted_at, is_begun = None, False
    for step in history.steps:
        if step.expected != "receipt.applied" or step.id in withdrawn:
            continue
        accepted_at = step.time if step.type == "referral.accepted" else accepted_at
        is_begun = is_begun or step.type == "mediation.started"
        if is_begun and step.type in ("agreement.reached", "mediation.terminated"):
            yield accepted_at, step
            is_begun = False


def test_rare_event_types_occur_and_confirmation_is_applied_for_in_few_agreements(histories):
    taken = [{step.type for step in history.steps if step.expected == "receipt.applied"} for history in histories]
    step_counts = Counter(event_type for history in taken for event_type in history)
    options = {
        "confirmation.granted", "confirmation.refused", "case.filed", "case.entrusted", "case.closed", "clock.paused", "dispute.redirected",
        "dispute.reopened", "report.withdrawn", "petition.decided", "conflict.disclosed", "mediator.refused", "enforcement.completed",
    }  # fmt: skip

    assert options <= set(step_counts)
    assert 0.04 < step_counts["confirmation.applied"] / step_counts["agreement.reached"] < 0.2
    assert step_counts["case.filed"] / len(histories) < 0.2


def test_the_simulated_history_contains_every_ground_of_termination_and_every_track_and_every_kind_of_answer(applied_histories):
    reported = [step for history, _, results in applied_histories for step, outcome, _ in results if outcome == "receipt.applied"]

    assert {step.data["ground"] for step in reported if step.type == "mediation.terminated"} == set(contracts.kinds.TERMINATION_GROUNDS)
    assert {step.data["track"] for step in reported if step.type == "dispute.screened"} == set(contracts.kinds.TRACKS)
    assert {step.data["answer"] for step in reported if step.type == "call.answered"} == set(contracts.kinds.CALL_ANSWERS)
    assert {step.data["answer"] for step in reported if step.type == "supervision.answered"} == set(contracts.kinds.SUPERVISION_ANSWERS)
    assert {"overdue", "no_answer"} < {step.data["urged_for"] for step in reported if step.type == "supervision.issued"}


def test_three_quarters_of_the_first_referrals_follow_the_proposal_of_the_routing_rules(histories):
    """The compared proposal is made without statistics of the mediation bodies' earlier referrals."""
    first = [next((step for step in history.steps if step.type == "dispute.routed"), None) for history in histories]
    followed = [any((candidate.to, candidate.organisation) == (step.data["to"], step.data.get("organisation"))
                    for candidate in bodies.proposed_bodies(history.kind, history.township, history.steps[0].data["place"].get("village"))[:1])
                for history, step in zip(histories, first, strict=True) if step and history.steps[0].agency != "court" and not history.is_confidential]  # fmt: skip

    assert sum(followed) / len(followed) == pytest.approx(0.75, abs=0.05)


def test_the_share_of_court_cases_entrusted_to_mediation_follows_the_figures_of_dingxi(histories):
    event_types = Counter(step.type for history in histories for step in history.steps if step.expected == "receipt.applied")

    assert event_types["case.entrusted"] / event_types["case.filed"] == pytest.approx(2014 / 3366, abs=0.1)


def test_the_share_of_performed_agreement_terms_follows_published_figures(histories):
    last = {}
    for history in histories:
        for step in history.steps:
            if step.type == "performance.recorded":
                last[history.number, step.data["term"]] = step.data["result"]

    assert Counter(last.values())["full"] / len(last) == pytest.approx(0.95, abs=0.025)


def test_disputes_have_about_twelve_steps_and_less_than_one_percent_of_the_steps_are_mistakes(histories):
    expected = Counter(step.expected for history in histories for step in history.steps)

    assert 9 <= mean(len(history.steps) for history in histories) <= 14
    assert 0 < expected["receipt.rejected"] < 0.01 * expected.total()
    assert 0 < expected["receipt.refused"] < 0.01 * expected.total()
