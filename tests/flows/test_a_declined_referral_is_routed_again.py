"""What happens when a body declines a dispute?"""

from tests.county import DAMAN_COMMITTEE

JIANTAN_COMMITTEE = "peoples_mediation_committee-jiantan"


def test_the_centre_sends_it_to_another_body_which_takes_it(county):
    code = county.routed_dispute(DAMAN_COMMITTEE)

    county.agency(DAMAN_COMMITTEE).reports("referral.declined", code, reason="not_our_place")
    county.settle()
    assert county.state(code) == "referral_declined"
    assert "routing" in county.notified_clocks("mediation_centre", code, "notice.proposal")

    county.mediation_centre.reports("dispute.routed", code, to=JIANTAN_COMMITTEE, reason="after_decline")
    county.settle()
    taken = county.agency(JIANTAN_COMMITTEE).reports("referral.accepted", code, conflict_of_interest=False)
    late = county.agency(DAMAN_COMMITTEE).reports("referral.accepted", code, conflict_of_interest=False)
    county.settle()

    assert taken.receipts[-1] == "receipt.applied"
    assert late.receipts[-1] == "receipt.rejected"  # whoever came first in, the body that was asked has it
    assert county.notices(JIANTAN_COMMITTEE, code)[0] == "notice.referral"


def test_after_a_decline_the_dispute_waits_for_the_centre_and_then_for_the_other_body(county):
    code = county.routed_dispute(DAMAN_COMMITTEE)
    assert whose_turn(county, code) == ([DAMAN_COMMITTEE], DAMAN_COMMITTEE)

    county.agency(DAMAN_COMMITTEE).reports("referral.declined", code, reason="not_our_kind")
    county.settle()
    assert whose_turn(county, code) == (["mediation_centre"], None)

    county.mediation_centre.reports("dispute.routed", code, to=JIANTAN_COMMITTEE, reason="after_decline")
    assert whose_turn(county, code) == ([JIANTAN_COMMITTEE], JIANTAN_COMMITTEE)
    assert county.notices(DAMAN_COMMITTEE, code) == ["notice.referral"]


def whose_turn(county, code):
    county.settle()
    return county.rows("select next_actors, body from metrics.disputes where code = %s", code)[0]
