"""The parties extend mediation outside court. All parties have to consent, there is no limit, and an extension after the period is refused."""

from datetime import UTC, datetime

from tests.county import DAMAN_COMMITTEE

BOTH_PARTIES = ["applicant", "respondent"]


def test_mediation_outside_court_can_be_extended_without_limit_if_all_parties_consent(county):
    code = county.create_mediated_dispute()

    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "mediation.extended", days=10, consents=["applicant"]) == "consent_missing_for_extension"
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.extended", {"days": 60, "consents": BOTH_PARTIES}))
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.extended", {"days": 10, "consents": BOTH_PARTIES}))

    assert county.state(code) == "mediating"


def test_mediation_cannot_be_extended_after_the_mediation_period_has_ended(county):
    code = county.create_mediated_dispute(datetime(2026, 3, 2, 2, tzinfo=UTC))

    late = county.agency(DAMAN_COMMITTEE).reports("mediation.extended", code, days=10, consents=BOTH_PARTIES)
    county.settle()

    assert late.refusal["code"] == "extended_too_late" and "2026-04-01" in late.refusal["zh"]
