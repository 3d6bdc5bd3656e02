"""A mediation body declines a referred dispute. The centre is notified and routes the dispute to another body, which accepts."""

from tests.county import DAMAN_COMMITTEE

JIANTAN_COMMITTEE = "peoples_mediation_committee-jiantan"


def test_a_dispute_that_a_body_declined_is_routed_to_another_body_and_accepted(county):
    code = county.create_routed_dispute(DAMAN_COMMITTEE)

    county.agency(DAMAN_COMMITTEE).reports("referral.declined", code, reason="not_our_place")
    county.settle()
    assert county.state(code) == "referral_declined"
    assert "routing" in county.notified_clocks("mediation_centre", code, "notice.proposal")

    county.mediation_centre.reports("dispute.routed", code, to=JIANTAN_COMMITTEE, reason="after_decline")
    county.settle()
    accepted = county.agency(JIANTAN_COMMITTEE).reports("referral.accepted", code, conflict_of_interest=False)
    late = county.agency(DAMAN_COMMITTEE).reports("referral.accepted", code, conflict_of_interest=False)
    county.settle()

    assert accepted.receipts[-1] == "receipt.applied"
    assert late.receipts[-1] == "receipt.rejected"  # only the body with the current referral can accept
    assert county.notices(JIANTAN_COMMITTEE, code)[0] == "notice.referral"


def test_after_a_body_declined_first_the_centre_and_then_the_next_body_have_to_act(county):
    code = county.create_routed_dispute(DAMAN_COMMITTEE)
    assert next_actors_and_body(county, code) == ([DAMAN_COMMITTEE], DAMAN_COMMITTEE)

    county.agency(DAMAN_COMMITTEE).reports("referral.declined", code, reason="not_our_kind")
    county.settle()
    assert next_actors_and_body(county, code) == (["mediation_centre"], None)

    county.mediation_centre.reports("dispute.routed", code, to=JIANTAN_COMMITTEE, reason="after_decline")
    assert next_actors_and_body(county, code) == ([JIANTAN_COMMITTEE], JIANTAN_COMMITTEE)
    assert county.notices(DAMAN_COMMITTEE, code) == ["notice.referral"]


def next_actors_and_body(county, code):
    county.settle()
    return county.rows("select next_actors, body from metrics.disputes where code = %s", code)[0]
