"""A court accepts an application for a protection order and has 72 hours to decide, or 24 hours if it is urgent (反家庭暴力法 28).

Only the court and the police are notified when this period ends.
"""

from datetime import UTC, datetime, timedelta

import pytest

from tests.county import SafeguardLane, days_ago, find_outside_safeguard_lane, wait_until


def dispute_with_accepted_application(county, urgent, at):
    code = county.create_mediated_dispute()
    county.womens_federation.reports("protection_order.applied", code, urgent=urgent, time=at)
    county.settle()
    sent = county.court.reports("protection_order.accepted", code, urgent=urgent, accepted_at=at.isoformat(), time=at)
    county.settle()
    assert sent.receipts == ["receipt.accepted", "receipt.applied"]
    return code


def hold_clocks(county, code):
    """Return (due time, state) of each safeguard deadline of a dispute, by clock."""
    return {clock: (due, state) for clock, due, state in county.rows("select clock, due_at, state from mediation.hold_clocks where code = %s", code)}


@pytest.mark.parametrize(("urgent", "hours", "clock"), [(False, 72, "protection_order"), (True, 24, "protection_order_urgent")])
def test_the_period_to_decide_on_a_protection_order_starts_at_the_next_full_hour(county, urgent, hours, clock):
    at = datetime.now(UTC).replace(minute=17, second=0, microsecond=0) - timedelta(hours=2)
    code = dispute_with_accepted_application(county, urgent, at)

    assert hold_clocks(county, code) == {clock: (at.replace(minute=0) + timedelta(hours=hours + 1) - timedelta(seconds=1), "open")}


def test_the_end_of_the_period_to_decide_on_a_protection_order_is_notified_to_court_and_police_only(county):
    code = dispute_with_accepted_application(county, True, days_ago(2))
    wait_until(lambda: hold_clocks(county, code)["protection_order_urgent"][1] == "passed", what="the period ended")
    county.settle()

    sent = {agency: county.count_attention_notices(agency, code) for agency in ("court", "police", "womens_federation")}
    assert sent == {"court": 3, "police": 2, "womens_federation": 1}  # notices of the hold, of the application, and of the end of the period
    assert county.rows("select count(*) from notify.notices where dispute = %s and clock like 'protection%%'", code) == [(0,)]
    assert county.clocks_of_passed_deadlines(code) == []  # no deadline outside the safeguard lane has passed
    assert find_outside_safeguard_lane(county, code, SafeguardLane.FORBIDDEN_TEXTS) == []


def test_an_issued_protection_order_meets_the_deadline_and_starts_the_period_for_a_review(county):
    code = dispute_with_accepted_application(county, False, days_ago(1))
    issued = county.court.reports("protection_order.issued", code, months=6)
    county.settle()

    assert issued.state == "safeguard_hold"  # the hold continues after the order
    found = hold_clocks(county, code)
    assert found["protection_order"][1] == "met" and found["protection_order_review"][1] == "open"


def test_a_refused_protection_order_meets_the_deadline_and_the_hold_continues(county):
    code = dispute_with_accepted_application(county, False, days_ago(1))
    refused = county.court.reports("protection_order.refused", code)
    county.settle()

    assert refused.state == "safeguard_hold"  # the hold continues after the refusal
    assert hold_clocks(county, code)["protection_order"][1] == "met"
