"""The centre screens matters that the law excludes from mediation. Screening them as suitable is refused with the reason."""

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
def test_a_matter_excluded_from_mediation_is_refused_as_suitable(county, matter, reason):
    report = county.womens_federation.reports_dispute()
    county.settle()

    assert county.rejection_of(report.dispute, "mediation_centre", "dispute.screened", suitable=True, track="A", kind="family", matter=matter) == reason


def test_a_medical_committee_refuses_a_dispute_that_a_court_has_filed(county):
    code = county.filed_dispute(county.screened_dispute(kind="medical"))

    assert county.rejection_of(code, "court", "case.entrusted", to="medical_mediation", procedure="ordinary") == "already_before_a_court"
