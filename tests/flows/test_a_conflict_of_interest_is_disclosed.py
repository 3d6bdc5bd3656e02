"""The mediator is a cousin of one party. Who may still mediate?"""

from tests.county import DAMAN_COMMITTEE


def test_whoever_is_named_may_not_mediate_unless_all_parties_agree_knowing_it(county):
    code = county.accepted_dispute()
    county.apply_steps(code, (DAMAN_COMMITTEE, "conflict.disclosed", {"mediator": "daman-014", "relation": "relative"}))

    assert county.rejection_of(code, DAMAN_COMMITTEE, "mediator.appointed", mediator="daman-014") == "named_in_a_conflict"
    county.apply_steps(code, (DAMAN_COMMITTEE, "conflict.disclosed", {"mediator": "daman-014", "relation": "relative", "agreed_after_disclosure": True}))
    assert county.apply_steps(code, (DAMAN_COMMITTEE, "mediator.appointed", {"mediator": "daman-014"})).state == "consent_pending"


def test_a_body_with_an_interest_gives_it_back_and_is_not_asked_again(county):
    code = county.accepted_dispute()
    county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "conflict.disclosed", {"body": DAMAN_COMMITTEE, "relation": "interest"}),
        (DAMAN_COMMITTEE, "referral.declined", {"reason": "conflict_of_interest"}),
    )

    assert county.rejection_of(code, "mediation_centre", "dispute.routed", to=DAMAN_COMMITTEE, reason="by_place") == "named_in_a_conflict"
