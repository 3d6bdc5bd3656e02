"""A dispute goes from one mediation body to another, to a court, or back to the beginning. The agencies that lose or gain it are notified."""

from tests.county import DAMAN_COMMITTEE, code_of

JIANTAN_COMMITTEE = "peoples_mediation_committee-jiantan"


def reassignments(county, agency, code):
    """Return what an agency was told about a dispute that changed hands: (step, agencies that have to act now)."""
    return [(notice.data["step"], notice.data["handled_by"]) for notice in county.received_notices(agency, code) if notice.type == "notice.reassigned"]


def test_a_body_that_did_not_answer_is_told_that_the_dispute_was_routed_to_another_body(county):
    code = county.create_routed_dispute(DAMAN_COMMITTEE)
    county.apply_steps(code, ("mediation_centre", "dispute.routed", {"to": JIANTAN_COMMITTEE, "reason": "after_no_answer"}))
    county.settle()

    assert reassignments(county, DAMAN_COMMITTEE, code) == [("dispute.routed", [JIANTAN_COMMITTEE])]
    assert county.notices(JIANTAN_COMMITTEE, code) == ["notice.referral"]
    assert county.notices_in_force(code) == [("notice.referral", JIANTAN_COMMITTEE)]


def test_a_body_is_told_that_a_court_filed_the_case_while_it_mediated(county):
    code = county.create_mediated_dispute()
    county.file_court_case(code)
    county.settle()

    assert reassignments(county, DAMAN_COMMITTEE, code) == [("case.filed", [code_of("court")])]
    assert DAMAN_COMMITTEE not in [agency for _, agency in county.notices_in_force(code)]


def test_a_referral_that_the_centre_withdraws_is_withdrawn_from_the_body_too(county):
    code = county.create_screened_dispute()
    routed = county.apply_steps(code, ("mediation_centre", "dispute.routed", {"to": DAMAN_COMMITTEE, "reason": "by_place"}))
    county.apply_steps(code, ("mediation_centre", "report.withdrawn", {"event": routed.id, "reason": "wrong_dispute"}))
    county.settle()

    referral, withdrawal = county.received_notices(DAMAN_COMMITTEE, code)
    assert (referral.type, withdrawal.type) == ("notice.referral", "notice.withdrawn")
    assert (withdrawal.data["notice"], withdrawal.data["notice_id"], withdrawal.data["why"]) == ("notice.referral", referral.id, "withdrawn")
    assert county.notices_in_force(code) == [("notice.proposal", code_of("mediation_centre"))]


def test_the_centre_and_the_body_that_had_it_are_told_of_a_reopened_dispute(county):
    code = county.create_mediated_dispute()
    county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "self_settled_withdrawn"}),
        (DAMAN_COMMITTEE, "dispute.archived", {"archive_no": "大满调〔2026〕14号"}),
        ("mediation_centre", "dispute.reopened", {"reason": "recurred"}),
    )
    county.settle()

    for agency in ("mediation_centre", DAMAN_COMMITTEE):
        assert county.notices(agency, code).count("notice.reopened") == 1
