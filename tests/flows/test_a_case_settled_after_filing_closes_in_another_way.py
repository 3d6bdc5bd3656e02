"""The parties of a filed case reach an agreement at a mediation body. The court closes the case with mode `other` (特邀调解规定 20).

The agreement cannot be judicially confirmed.
"""

from datetime import date

from tests.county import DAMAN_COMMITTEE


def test_a_filed_case_that_is_settled_at_a_mediation_body_is_closed_with_mode_other(county):
    code = county.file_court_case(county.create_screened_dispute())
    county.apply_steps(
        code,
        ("court", "case.entrusted", {"to": DAMAN_COMMITTEE, "procedure": "simplified"}),
        (DAMAN_COMMITTEE, "referral.accepted", {}),
        (DAMAN_COMMITTEE, "consent.given", {"party": "applicant", "how": "in_writing"}),
        (DAMAN_COMMITTEE, "consent.given", {"party": "respondent", "how": "in_writing"}),
        (DAMAN_COMMITTEE, "mediation.started", {}),
        (DAMAN_COMMITTEE, "agreement.reached", {"form": "written", "effective_on": date.today().isoformat(), "confirmable": True, "terms": []}),
    )

    # An agreement in a filed case cannot be confirmed. The case ends by a court statement, by withdrawal, or otherwise (特邀调解规定 20).
    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "confirmation.applied", applied_on=date.today().isoformat()) == "already_on_a_docket"
    closed = county.apply_steps(code, ("court", "case.closed", {"mode": "other"}))
    assert closed.state == "resolved"
    county.apply_steps(code, ("mediation_centre", "dispute.archived", {"archive_no": "甘综〔2026〕9号"}))

    county.settle()
    closed_events = county.rows("select detail from metrics.timeline where code = %s and type = 'dispute.closed'", code)
    assert closed_events[0][0]["mode"] == "other"
    assert county.outcome(code) == "settled"
