"""A court entrusts a filed case to a mediation body, but mediation fails or the body declines. The case returns to trial (特邀调解规定 21)."""

from tests.county import DAMAN_COMMITTEE


def test_after_entrusted_mediation_failed_the_case_returns_to_trial(county):
    code = county.file_court_case(county.create_screened_dispute())
    county.apply_steps(
        code,
        ("court", "case.entrusted", {"to": DAMAN_COMMITTEE, "procedure": "simplified"}),
        (DAMAN_COMMITTEE, "referral.accepted", {"mediator": "daman-014"}),
        (DAMAN_COMMITTEE, "consent.given", {"party": "applicant", "how": "in_writing"}),
        (DAMAN_COMMITTEE, "consent.given", {"party": "respondent", "how": "in_writing"}),
        (DAMAN_COMMITTEE, "mediation.started", {}),
    )

    failed = county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.terminated", {"ground": "differences_too_large"}))
    assert failed.state == "court_track"  # the dispute does not end, because the trial resumes (特邀调解规定 21)
    assert county.next_actors(code) == ["court"]

    county.apply_steps(code, ("court", "case.procedure_set", {"procedure": "ordinary"}), ("court", "case.closed", {"mode": "judgment"}))
    county.apply_steps(code, ("mediation_centre", "dispute.archived", {"archive_no": "甘综〔2026〕7号"}))
    assert county.outcome(code) == "judged"


def test_an_entrusted_case_that_the_mediation_body_declines_returns_to_the_court(county):
    code = county.file_court_case(county.create_screened_dispute())
    county.apply_steps(code, ("court", "case.entrusted", {"to": DAMAN_COMMITTEE, "procedure": "ordinary"}))

    county.apply_steps(code, (DAMAN_COMMITTEE, "referral.declined", {"reason": "not_our_kind"}))

    assert county.next_actors(code) == ["court"]


def test_mediation_of_a_filed_case_can_be_extended_once_by_at_most_thirty_days(county):
    code = county.file_court_case(county.create_screened_dispute())
    both = ["applicant", "respondent"]
    county.apply_steps(
        code,
        ("court", "case.entrusted", {"to": DAMAN_COMMITTEE, "procedure": "ordinary"}),
        (DAMAN_COMMITTEE, "referral.accepted", {}),
        *((DAMAN_COMMITTEE, "consent.given", {"party": party, "how": "online"}) for party in both),
        (DAMAN_COMMITTEE, "mediation.started", {}),
    )

    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "mediation.extended", days=31, consents=both) == "extension_too_long"
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.extended", {"days": 30, "consents": both}))
    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "mediation.extended", days=5, consents=both) == "extended_before"
