"""A mediator discloses a conflict of interest. The mediator may continue only if all parties agree after the disclosure; a mediation body with an interest is excluded."""

from tests.county import DAMAN_COMMITTEE


def test_a_mediator_with_a_disclosed_conflict_may_mediate_only_if_all_parties_agree(county):
    code = county.create_accepted_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "conflict.disclosed", {"mediator": "daman-014", "relation": "relative"}))

    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "mediator.appointed", mediator="daman-014") == "named_in_a_conflict"
    county.apply_steps(code, (DAMAN_COMMITTEE, "conflict.disclosed", {"mediator": "daman-014", "relation": "relative", "agreed_after_disclosure": True}))
    assert county.apply_steps(code, (DAMAN_COMMITTEE, "mediator.appointed", {"mediator": "daman-014"})).state == "consent_pending"


def test_a_dispute_cannot_be_routed_again_to_a_body_that_disclosed_an_interest(county):
    code = county.create_accepted_dispute()
    county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "conflict.disclosed", {"body": DAMAN_COMMITTEE, "relation": "interest"}),
        (DAMAN_COMMITTEE, "referral.declined", {"reason": "conflict_of_interest"}),
    )

    assert county.report_rejected_step(code, "mediation_centre", "dispute.routed", to=DAMAN_COMMITTEE, reason="by_place") == "named_in_a_conflict"
