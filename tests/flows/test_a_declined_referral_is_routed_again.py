"""What happens when a body declines a dispute?"""

from tests.county import DAMAN_COMMITTEE

JIANTAN_COMMITTEE = "peoples_mediation_committee-jiantan"


def test_the_centre_sends_it_to_another_body_which_takes_it(county):
    code = county.routed_to(DAMAN_COMMITTEE)

    county.agency(DAMAN_COMMITTEE).says("referral.declined", code, reason="not_our_place")
    county.settle()
    assert county.state(code) == "referral_declined"
    assert "routing" in county.clocks("mediation_centre", code, "notice.deadline")

    county.mediation_centre.says("dispute.routed", code, to=JIANTAN_COMMITTEE, reason="after_decline")
    county.settle()
    taken = county.agency(JIANTAN_COMMITTEE).says("referral.accepted", code, conflict_of_interest=False)
    late = county.agency(DAMAN_COMMITTEE).says("referral.accepted", code, conflict_of_interest=False)
    county.settle()

    assert taken.receipts[-1] == "receipt.applied"
    assert late.receipts[-1] == "receipt.rejected"  # whoever came first in, the body that was asked has it
    assert county.notices(JIANTAN_COMMITTEE, code)[0] == "notice.referral"
