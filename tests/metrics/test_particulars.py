"""Tests of the facts that steps stated about a dispute, and of what corrections and withdrawals do to them."""

from services.metrics.particulars import facts_that_hold, is_unsettled, record_facts
from services.metrics.web.fact_texts import describe_fact
from tests.metrics.histories import make_event


def event(sequence, type, id, hours=1.0, **data):
    return make_event("mediation", sequence, type, hours=hours, event={"source": "/agencies/court", "id": id}, **data)


def facts_after(*events):
    facts = []
    for one in events:
        facts = record_facts(facts, one)
    return facts


FOLLOWED_UP = event(1, "dispute.followed_up", "f-1", settled=False, satisfied=False)


def test_a_dispute_is_unsettled_after_a_follow_up_that_says_so_until_it_is_reopened_or_followed_up_again():
    assert is_unsettled(facts_after(FOLLOWED_UP))
    assert not is_unsettled(facts_after(FOLLOWED_UP, event(2, "dispute.reopened", "r-1", 2, reason="recurred")))
    assert not is_unsettled(facts_after(FOLLOWED_UP, event(2, "dispute.followed_up", "f-2", 2, settled=True)))
    assert not is_unsettled([])


def test_a_withdrawn_follow_up_does_not_count():
    facts = facts_after(FOLLOWED_UP, event(2, "report.withdrawn", "w-1", 2, about="f-1"))

    assert not is_unsettled(facts) and facts_that_hold(facts) == []
    assert facts[0]["undone_by"] == "/agencies/court w-1"


def test_a_follow_up_counts_again_if_its_withdrawal_is_withdrawn():
    facts = facts_after(FOLLOWED_UP, event(2, "report.withdrawn", "w-1", 2, about="f-1"), event(3, "report.withdrawn", "w-2", 3, about="w-1"))

    assert is_unsettled(facts)


def test_a_correction_replaces_the_stated_facts_and_keeps_the_time_of_the_fact():
    correction = event(2, "report.corrected", "k-1", 9, about="f-1", corrects="dispute.followed_up", facts={"settled": True})
    facts = facts_after(FOLLOWED_UP, correction)

    assert [(fact["settled"], fact["at"]) for fact in facts_that_hold(facts)] == [(True, FOLLOWED_UP.time.isoformat())]
    assert not is_unsettled(facts)
    assert is_unsettled(facts_after(FOLLOWED_UP, correction, event(3, "report.withdrawn", "w-1", 10, about="k-1")))


def test_a_correction_without_facts_changes_the_time_only():
    facts = facts_after(FOLLOWED_UP, event(2, "report.corrected", "k-1", 9, about="f-1", reason="wrong_time"))

    assert is_unsettled(facts) and facts[0]["at"] == make_event("mediation", 2, "x", hours=9).time.isoformat()


def test_a_withdrawal_by_another_agency_that_used_the_same_id_changes_nothing():
    withdrawal = make_event("mediation", 2, "report.withdrawn", event={"source": "/agencies/police", "id": "w-1"}, about="f-1")

    assert is_unsettled(facts_after(FOLLOWED_UP, withdrawal))


def test_amounts_of_an_agreement_are_shown_each_and_in_total_in_both_languages():
    terms = [{"kind": "payment", "due_on": "2026-12-30", "amount_cny": "12000.00"}, {"kind": "payment", "due_on": "2027-01-30", "amount_cny": "300.50"}]
    (fact,) = facts_after(event(1, "agreement.reached", "a-1", form="written", effective_on="2026-11-25", terms=terms))

    assert describe_fact("zh", fact) == [
        "调解协议",
        "书面协议",
        "2026-11-25 生效",
        "约定金额合计12,300.50元",
        "付款12,000元，2026-12-30 前",
        "付款300.50元，2027-01-30 前",
    ]
    assert describe_fact("en", fact)[3] == "agreed amounts in total CNY 12,300.50"


def test_a_filing_shows_its_cause_procedure_and_days_and_a_petition_whether_it_is_repeated():
    filing, petition = facts_after(
        event(1, "case.filed", "c-1", cause="17", procedure="simplified", received_on="2026-11-20", decided_on="2026-11-22"),
        event(2, "petition.registered", "p-1", repeat=True),
    )

    assert describe_fact("zh", filing) == ["立案", "劳动争议", "简易程序", "2026-11-20 收到材料", "2026-11-22 决定"]
    assert describe_fact("en", petition) == ["Petition", "repeated petition"]
