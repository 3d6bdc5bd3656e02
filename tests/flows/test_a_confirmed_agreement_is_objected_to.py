"""A court confirmed the agreement, and somebody objects to the ruling. What then?"""

from datetime import UTC, datetime

from tests.county import DAMAN_COMMITTEE


def confirmed(county):
    code, today = county.agreed(), datetime.now(UTC).date().isoformat()
    county.goes_on(
        code, (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": today}), ("court", "papers.received", {"reason": "missing_papers", "on": today})
    )
    county.goes_on(code, ("court", "confirmation.accepted", {}), ("court", "confirmation.extended", {"days": 10}), ("court", "confirmation.granted", {}))
    return code, today


def test_the_court_looks_at_it_once_more_and_the_ruling_stands(county):
    code, today = confirmed(county)

    county.goes_on(code, ("court", "confirmation.objected", {"by": "respondent", "objected_on": today}))
    assert county.waits_for(code) == ["court"]
    ruled = county.goes_on(code, ("court", "confirmation.granted", {}))

    assert ruled.state == "confirm_decided"
    assert county.met(code)["confirmation_objection"] == {"late": False, "was_passed": False}
    assert county.refuses(code, "court", "confirmation.objected", by="applicant", objected_on=today) == "already_decided"


def test_or_the_confirmation_is_refused_after_all_and_nothing_can_be_enforced(county):
    code, today = confirmed(county)

    county.goes_on(
        code, ("court", "confirmation.objected", {"by": "third_party", "objected_on": today}), ("court", "confirmation.refused", {"ground": "harms_others"})
    )

    assert county.refuses(code, "court", "enforcement.applied", on=today) == "no_title_to_enforce"


def test_leave_for_more_time_is_given_once_and_for_ten_days_at_most(county):
    code, today = county.agreed(), datetime.now(UTC).date().isoformat()
    county.goes_on(code, (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": today}), ("court", "confirmation.accepted", {}))

    assert county.refuses(code, "court", "confirmation.extended", days=11) == "leave_too_long"
    county.goes_on(code, ("court", "confirmation.extended", {"days": 10}))
    assert county.refuses(code, "court", "confirmation.extended", days=1) == "leave_given_before"
