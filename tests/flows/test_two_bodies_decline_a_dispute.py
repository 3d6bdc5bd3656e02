"""Two mediation bodies decline a dispute. A third body accepts the dispute, or the centre ends it."""

from tests.county import DAMAN_COMMITTEE

JIANTAN, SHAJING = "peoples_mediation_committee-jiantan", "peoples_mediation_committee-shajing"


def test_a_dispute_that_two_bodies_declined_is_accepted_by_a_third_body(county):
    code = county.create_routed_dispute(DAMAN_COMMITTEE)

    last = county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "referral.declined", {"reason": "not_our_place"}),
        ("mediation_centre", "dispute.routed", {"to": JIANTAN, "reason": "after_decline"}),
        (JIANTAN, "referral.declined", {"reason": "no_mediator"}),
        ("mediation_centre", "dispute.routed", {"to": SHAJING, "reason": "after_decline"}),
        (SHAJING, "referral.accepted", {}),
    )

    assert last.state == "accepted"
    assert county.next_actors(code) == [SHAJING]


def test_a_dispute_that_no_body_accepts_is_ended_by_the_centre(county):
    code = county.create_routed_dispute(DAMAN_COMMITTEE)
    county.apply_steps(code, (DAMAN_COMMITTEE, "referral.declined", {"reason": "not_our_place"}))

    assert county.report_rejected_step(code, "mediation_centre", "mediation.terminated", ground="differences_too_large") == "mediation_never_began"
    county.apply_steps(
        code,
        ("mediation_centre", "mediation.terminated", {"ground": "self_settled_withdrawn"}),
        ("mediation_centre", "dispute.archived", {"archive_no": "甘综〔2026〕8号"}),
    )

    assert county.outcome(code) == "withdrawn"
