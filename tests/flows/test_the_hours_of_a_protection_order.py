"""Does the court know how many hours it has, and who hears of it when they are over? 反家庭暴力法 28: 72 hours from acceptance, 24 when urgent."""

from datetime import UTC, datetime, timedelta

import pytest

from tests.county import Lane, days_ago, found_outside, wait_until


def accepted(county, urgent, at):
    code = county.mediated_dispute()
    county.womens_federation.reports("protection_order.applied", code, urgent=urgent, time=at)
    county.settle()
    told = county.court.reports("protection_order.accepted", code, urgent=urgent, accepted_at=at.isoformat(), time=at)
    county.settle()
    assert told.receipts == ["receipt.accepted", "receipt.applied"]
    return code


def clocks(county, code):
    return {clock: (due, state) for clock, due, state in county.rows("select clock, due_at, state from mediation.hold_clocks where code = %s", code)}


@pytest.mark.parametrize(("urgent", "hours", "clock"), [(False, 72, "protection_order"), (True, 24, "protection_order_urgent")])
def test_the_hours_run_from_the_next_full_hour_after_acceptance(county, urgent, hours, clock):
    at = datetime.now(UTC).replace(minute=17, second=0, microsecond=0) - timedelta(hours=2)
    code = accepted(county, urgent, at)

    assert clocks(county, code) == {clock: (at.replace(minute=0) + timedelta(hours=hours + 1) - timedelta(seconds=1), "open")}


def test_when_they_are_over_court_and_police_are_told_and_nobody_else(county):
    code = accepted(county, True, days_ago(2))
    wait_until(lambda: clocks(county, code)["protection_order_urgent"][1] == "passed", what="the hours were over")
    county.settle()

    told = {agency: county.attention_notices(agency, code) for agency in ("court", "police", "womens_federation")}
    assert told == {"court": 3, "police": 2, "womens_federation": 1}  # it opened; the application; the hours
    assert county.rows("select count(*) from notify.notices where dispute = %s and clock like 'protection%%'", code) == [(0,)]
    assert county.passed_clocks(code) == []  # nothing of the first life is overdue
    assert found_outside(county, code, Lane.WORDS) == []


def test_an_order_issued_meets_them_and_opens_five_days_for_a_review(county):
    code = accepted(county, False, days_ago(1))
    issued = county.court.reports("protection_order.issued", code, months=6)
    county.settle()

    assert issued.state == "safeguard_hold"  # the order is there; the hold is not over
    found = clocks(county, code)
    assert found["protection_order"][1] == "met" and found["protection_order_review"][1] == "open"


def test_an_order_refused_meets_them_too_and_the_hold_goes_on(county):
    code = accepted(county, False, days_ago(1))
    refused = county.court.reports("protection_order.refused", code)
    county.settle()

    assert refused.state == "safeguard_hold"  # no order; what the police saw is still to be looked at
    assert clocks(county, code)["protection_order"][1] == "met"
