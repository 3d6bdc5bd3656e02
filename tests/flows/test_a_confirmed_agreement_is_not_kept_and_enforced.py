"""The agreement was confirmed and is not kept. And if it was never confirmed?"""

from datetime import date

from tests.county import DAMAN_COMMITTEE


def test_what_was_confirmed_is_enforced_by_the_court(county):
    code, today = county.agreed_dispute(), date.today().isoformat()
    defaulted = county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": today}),
        ("court", "confirmation.accepted", {}),
        ("court", "confirmation.granted", {}),
        (DAMAN_COMMITTEE, "performance.recorded", {"term": 1, "result": "default", "on": today}),
    )
    assert defaulted.state == "defaulted"

    county.apply_steps(code, ("court", "enforcement.applied", {"on": today}))
    assert county.rejection_of(code, DAMAN_COMMITTEE, "dispute.archived", archive_no="大满调〔2026〕15号") == "illegal_here"
    county.apply_steps(
        code,
        ("court", "enforcement.completed", {"on": today, "result": "full"}),
        (DAMAN_COMMITTEE, "dispute.archived", {"archive_no": "大满调〔2026〕15号"}),
    )
    assert county.outcome(code) == "enforced"


def test_what_was_not_confirmed_cannot_be_enforced_only_sued_upon(county):
    code, today = county.agreed_dispute(), date.today().isoformat()
    county.apply_steps(code, (DAMAN_COMMITTEE, "performance.recorded", {"term": 1, "result": "default", "on": today}))

    assert county.rejection_of(code, "court", "enforcement.applied", on=today) == "no_title_to_enforce"

    county.filed_dispute(code)
    assert county.state(code) == "filed"
