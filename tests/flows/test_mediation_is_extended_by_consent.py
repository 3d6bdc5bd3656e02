"""The parties extend mediation. Outside court all parties have to consent, without a limit; an ended mediation cannot be extended."""

from datetime import UTC, datetime

from tests.county import DAMAN_COMMITTEE

BOTH = ["applicant", "respondent"]


def test_outside_court_the_parties_may_extend_mediation_without_limit(county):
    code = county.mediated_dispute()

    assert county.rejection_of(code, DAMAN_COMMITTEE, "mediation.extended", days=10, consents=["applicant"]) == "consent_missing_for_extension"
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.extended", {"days": 60, "consents": BOTH}))
    county.apply_steps(code, (DAMAN_COMMITTEE, "mediation.extended", {"days": 10, "consents": BOTH}))

    assert county.state(code) == "mediating"


def test_an_ended_mediation_cannot_be_extended(county):
    code = county.mediated_dispute(datetime(2026, 3, 2, 2, tzinfo=UTC))

    late = county.agency(DAMAN_COMMITTEE).reports("mediation.extended", code, days=10, consents=BOTH)
    county.settle()

    assert late.refusal["code"] == "extended_too_late" and "2026-04-01" in late.refusal["zh"]
