"""A mediation body declines a dispute because of a conflict of interest.

The next routing proposal excludes that body, and routing the dispute to it is refused.
"""

from tests.county import DAMAN_COMMITTEE, DAMAN_TOWN

VILLAGE_COMMITTEE, TOWN_COMMITTEE = f"committee-{DAMAN_TOWN}203", f"committee-{DAMAN_TOWN}"


def test_a_body_with_a_conflict_of_interest_is_excluded_from_the_next_proposal_and_routing_to_it_is_refused(county):
    centre = county.mediation_centre
    report = county.womens_federation.reports_dispute(kind="neighbour", place={"township": DAMAN_TOWN, "village": f"{DAMAN_TOWN}203"})
    county.settle()
    code = report.dispute
    centre.reports("dispute.screened", code, suitable=True, track="A", kind="neighbour")
    county.settle()
    centre.reports("dispute.routed", code, to=DAMAN_COMMITTEE, organisation=VILLAGE_COMMITTEE, reason="by_place")
    county.settle()
    county.agency(DAMAN_COMMITTEE).reports("referral.declined", code, reason="conflict_of_interest")
    county.settle()
    before, after = [
        detail for (detail,) in county.rows("select detail from metrics.timeline where code = %s and type = 'routing.proposed' order by sequence", code)
    ]
    again = centre.reports("dispute.routed", code, to=DAMAN_COMMITTEE, organisation=VILLAGE_COMMITTEE, reason="by_place")
    county.settle()
    another = centre.reports("dispute.routed", code, to=DAMAN_COMMITTEE, organisation=TOWN_COMMITTEE, reason="after_decline")
    county.settle()

    assert before["candidates"][0]["organisation"] == VILLAGE_COMMITTEE and before["excluded"] == []
    assert after["excluded"] == [{"to": DAMAN_COMMITTEE, "organisation": VILLAGE_COMMITTEE, "reason": "conflict_disclosed"}]
    assert after["candidates"][0]["organisation"] == TOWN_COMMITTEE
    assert again.refusal["code"] == "named_in_a_conflict"
    assert another.receipts[-1] == "receipt.applied"
