"""A party does not perform an agreement. A confirmed agreement can be enforced; for an unconfirmed agreement, a case can be filed instead."""

from datetime import date

from tests.county import DAMAN_COMMITTEE


def test_a_confirmed_agreement_that_is_not_performed_is_enforced(county):
    code, today = county.create_agreed_dispute(), date.today().isoformat()
    defaulted = county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": today}),
        ("court", "confirmation.accepted", {}),
        ("court", "confirmation.granted", {}),
        (DAMAN_COMMITTEE, "performance.recorded", {"term": 1, "result": "default", "on": today}),
    )
    assert defaulted.state == "defaulted"

    county.apply_steps(code, ("court", "enforcement.applied", {"on": today}))
    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "dispute.archived", archive_no="大满调〔2026〕15号") == "illegal_here"
    county.apply_steps(
        code,
        ("court", "enforcement.completed", {"on": today, "result": "full"}),
        (DAMAN_COMMITTEE, "dispute.archived", {"archive_no": "大满调〔2026〕15号"}),
    )
    assert county.outcome(code) == "enforced"


def test_an_unconfirmed_agreement_cannot_be_enforced_but_a_case_can_be_filed(county):
    code, today = county.create_agreed_dispute(), date.today().isoformat()
    county.apply_steps(code, (DAMAN_COMMITTEE, "performance.recorded", {"term": 1, "result": "default", "on": today}))

    assert county.report_rejected_step(code, "court", "enforcement.applied", on=today) == "no_title_to_enforce"

    county.file_court_case(code)
    assert county.state(code) == "filed"
