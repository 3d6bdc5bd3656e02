"""The centre reports a dispute as suitable for mediation although the law excludes the matter. The step is refused with the reason."""

import pytest


@pytest.mark.parametrize(
    ("matter", "reason"),
    [
        ("special_procedure", "may_not_be_mediated"),
        ("status_confirmation", "may_not_be_mediated"),
        ("administrative", "administrative_not_mediated"),
        ("police_excluded", "police_case_not_mediated"),
    ],
)
def test_screening_a_dispute_as_suitable_is_refused_if_the_law_excludes_it_from_mediation(county, matter, reason):
    report = county.womens_federation.reports_dispute()
    county.settle()

    assert county.report_rejected_step(report.dispute, "mediation_centre", "dispute.screened", suitable=True, track="A", kind="family", matter=matter) == reason


def test_a_dispute_with_a_filed_case_cannot_be_referred_to_the_medical_mediation_committee(county):
    code = county.file_court_case(county.create_screened_dispute(kind="medical"))

    assert county.report_rejected_step(code, "court", "case.entrusted", to="medical_mediation", procedure="ordinary") == "already_before_a_court"
