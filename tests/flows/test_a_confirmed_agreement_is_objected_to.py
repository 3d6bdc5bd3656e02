"""A party or a third party objects to the court ruling that confirmed an agreement. The court upholds the ruling or refuses the confirmation."""

from datetime import UTC, datetime

from tests.county import DAMAN_COMMITTEE


def confirmed_dispute(county):
    code, today = county.create_agreed_dispute(), datetime.now(UTC).date().isoformat()
    county.apply_steps(
        code, (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": today}), ("court", "papers.received", {"reason": "missing_papers", "on": today})
    )
    county.apply_steps(code, ("court", "confirmation.accepted", {}), ("court", "confirmation.extended", {"days": 10}), ("court", "confirmation.granted", {}))
    return code, today


def test_the_court_examines_an_objection_and_upholds_the_confirmation(county):
    code, today = confirmed_dispute(county)

    county.apply_steps(code, ("court", "confirmation.objected", {"by": "respondent", "objected_on": today}))
    assert county.next_actors(code) == ["court"]
    ruled = county.apply_steps(code, ("court", "confirmation.granted", {}))

    assert ruled.state == "confirm_decided"
    assert county.clocks_of_met_deadlines(code)["confirmation_objection"] == {"late": False, "was_passed": False}
    assert county.report_rejected_step(code, "court", "confirmation.objected", by="applicant", objected_on=today) == "already_decided"


def test_a_confirmation_refused_after_an_objection_cannot_be_enforced(county):
    code, today = confirmed_dispute(county)

    county.apply_steps(
        code, ("court", "confirmation.objected", {"by": "third_party", "objected_on": today}), ("court", "confirmation.refused", {"ground": "harms_others"})
    )

    assert county.report_rejected_step(code, "court", "enforcement.applied", on=today) == "no_title_to_enforce"


def test_the_period_for_the_court_to_decide_on_confirmation_is_extended_once_and_by_at_most_ten_days(county):
    code, today = county.create_agreed_dispute(), datetime.now(UTC).date().isoformat()
    county.apply_steps(code, (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": today}), ("court", "confirmation.accepted", {}))

    assert county.report_rejected_step(code, "court", "confirmation.extended", days=11) == "leave_too_long"
    county.apply_steps(code, ("court", "confirmation.extended", {"days": 10}))
    assert county.report_rejected_step(code, "court", "confirmation.extended", days=1) == "leave_given_before"
