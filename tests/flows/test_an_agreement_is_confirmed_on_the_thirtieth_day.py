"""The parties of an agreement apply for judicial confirmation. The thirtieth day is in time, the thirty-first is too late (民事诉讼法 205)."""

from datetime import UTC, datetime

from tests.county import DAMAN_COMMITTEE

# The agreement takes effect on Monday 2 March 2026, so the thirtieth day is Wednesday 1 April (民事诉讼法 205).
EFFECTIVE_AT = datetime(2026, 3, 2, 2, tzinfo=UTC)


def test_an_application_for_confirmation_on_the_thirtieth_day_is_accepted_and_granted(county):
    code = county.create_agreed_dispute(EFFECTIVE_AT)

    granted = county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": "2026-04-01", "applicants": ["applicant", "respondent"], "court": "court-daman"}),
        ("court-daman", "confirmation.accepted", {}),
        ("court-daman", "confirmation.granted", {}),
    )

    assert granted.state == "confirm_decided"
    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "confirmation.applied", applied_on="2026-04-01") == "already_confirmed"


def test_an_application_for_confirmation_on_the_thirty_first_day_is_refused_with_the_date_of_the_last_day(county):
    code = county.create_agreed_dispute(EFFECTIVE_AT)

    late = county.agency(DAMAN_COMMITTEE).reports("confirmation.applied", code, applied_on="2026-04-02")
    county.settle()

    assert late.refusal["code"] == "applied_too_late"
    assert "2026-04-01" in late.refusal["zh"] and "民事诉讼法第205条" in late.refusal["zh"]
    assert county.state(code) in ("agreed", "performing")  # the agreement remains valid


def test_an_application_for_confirmation_by_one_party_alone_is_refused(county):
    code = county.create_agreed_dispute()

    assert (
        county.report_rejected_step(code, DAMAN_COMMITTEE, "confirmation.applied", applied_on="2026-03-10", applicants=["applicant"]) == "application_not_joint"
    )
