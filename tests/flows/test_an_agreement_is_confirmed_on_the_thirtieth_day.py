"""How long can an agreement be brought to the court to be confirmed?"""

from datetime import UTC, datetime

from tests.county import DAMAN_COMMITTEE

# It takes effect on Monday 2 March 2026: the thirtieth day is Wednesday 1 April (民事诉讼法 205).
EFFECTIVE = datetime(2026, 3, 2, 2, tzinfo=UTC)


def test_on_the_thirtieth_day_the_application_is_taken_and_the_agreement_confirmed(county):
    code = county.agreed_dispute(EFFECTIVE)

    told = county.apply_steps(
        code,
        (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": "2026-04-01", "applicants": ["applicant", "respondent"], "court": "court-daman"}),
        ("court-daman", "confirmation.accepted", {}),
        ("court-daman", "confirmation.granted", {}),
    )

    assert told.state == "confirm_decided"
    assert county.rejection_of(code, DAMAN_COMMITTEE, "confirmation.applied", applied_on="2026-04-01") == "already_confirmed"


def test_on_the_thirty_first_day_it_is_refused_with_the_day_on_which_it_ended(county):
    code = county.agreed_dispute(EFFECTIVE)

    late = county.agency(DAMAN_COMMITTEE).reports("confirmation.applied", code, applied_on="2026-04-02")
    county.settle()

    assert late.refusal["code"] == "applied_too_late"
    assert "2026-04-01" in late.refusal["zh"] and "民事诉讼法第205条" in late.refusal["zh"]
    assert county.state(code) in ("agreed", "performing")  # the agreement stands all the same


def test_one_party_alone_cannot_apply(county):
    code = county.agreed_dispute()

    assert county.rejection_of(code, DAMAN_COMMITTEE, "confirmation.applied", applied_on="2026-03-10", applicants=["applicant"]) == "application_not_joint"
