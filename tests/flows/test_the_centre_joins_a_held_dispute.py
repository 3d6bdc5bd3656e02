"""The centre joins a dispute that is under a safeguard hold. The centre must get the same receipts as for a stayed dispute.

Otherwise the receipts would disclose the hold to an agency outside the safeguard lane (events that only police, courts and women's federation see).
"""

import pytest

from tests.county import NO_RISK, SafeguardLane, find_outside_safeguard_lane


def report_join(county, about, into):
    """Report a join of the dispute `about` to the dispute `into` as the mediation centre."""
    sent = county.mediation_centre.reports("reports.joined", about, into=into)
    county.settle()
    return sent


@pytest.fixture
def four_disputes(county):
    """Return the codes of one held, one stayed and two free disputes, all in mediation."""
    held, stayed, another, other = (county.create_mediated_dispute() for _ in range(4))
    county.police.reports("dv.warning_issued", held)
    county.court.reports("dispute.stayed", stayed, reason="jurisdiction")
    county.settle()
    return held, stayed, another, other


def test_a_join_of_a_held_dispute_gets_the_same_rejection_as_a_join_of_a_stayed_dispute(county, four_disputes):
    held, stayed, another, other = four_disputes
    of_held, of_stayed = report_join(county, held, another), report_join(county, stayed, other)

    for sent in (of_held, of_stayed):
        assert (sent.receipts, sent.refusal["code"], sent.state) == (["receipt.accepted", "receipt.rejected"], "stayed", "mediating")
    assert county.rows("select code from intake.disputes where merged_into is not null and code = any(%s)", [held, stayed]) == []
    assert [county.state(code) for code in four_disputes] == ["mediating"] * 4
    assert find_outside_safeguard_lane(county, held, SafeguardLane.FORBIDDEN_TEXTS) == []


def test_a_join_to_a_held_dispute_has_the_same_result_as_a_join_to_a_stayed_dispute(county, four_disputes):
    held, stayed, another, other = four_disputes
    of_held, of_stayed = report_join(county, another, held), report_join(county, other, stayed)

    for sent, ended, into in ((of_held, another, held), (of_stayed, other, stayed)):
        assert sent.receipts[-1] == "receipt.applied"
        assert county.rows("select merged_into from intake.disputes where code = %s", ended) == [(into,)]
        assert county.state(into) == "mediating"
    assert of_held.receipts == of_stayed.receipts
    assert [event for event in county.published_events(held) if event[1] != "routing.proposed"] == [
        event for event in county.published_events(stayed) if event[1] != "routing.proposed"
    ]
    assert find_outside_safeguard_lane(county, held, SafeguardLane.FORBIDDEN_TEXTS) == []


def test_a_join_with_a_dispute_reported_into_the_safeguard_lane_is_refused_as_unknown_dispute(county):
    reported_in_lane = county.womens_federation.reports_dispute(risk=NO_RISK | {"domestic_violence": True})
    ordinary = county.grid.reports_dispute()
    county.settle()

    joins = [report_join(county, ordinary.dispute, into) for into in (reported_in_lane.dispute, "620702-2026-000000-9")]
    joins += [report_join(county, about, ordinary.dispute) for about in (reported_in_lane.dispute, "620702-2026-000000-9")]

    assert [sent.receipts for sent in joins] == [["receipt.refused"]] * 4
    assert joins[0].refusal == joins[1].refusal and joins[2].refusal == joins[3].refusal
    assert county.rows(
        "select count(*) from intake.disputes where merged_into is not null and code = any(%s)", [reported_in_lane.dispute, ordinary.dispute]
    ) == [(0,)]
