"""The parties agree on divorce, property and children. An agreement about divorce cannot be judicially confirmed (民事诉讼法解释 355)."""

from datetime import date

from tests.county import DAMAN_COMMITTEE


def test_an_agreement_about_divorce_is_not_confirmable(county):
    code = county.create_agreed_dispute(about=["status", "property"])

    refused = county.agency(DAMAN_COMMITTEE).reports("confirmation.applied", code, applied_on=date.today().isoformat())
    county.settle()

    assert refused.refusal["code"] == "may_not_be_confirmed" and "第355条" in refused.refusal["zh"]


def test_an_agreement_about_property_and_children_is_confirmable(county):
    code = county.create_agreed_dispute(about=["property", "custody", "maintenance"])

    assert county.apply_steps(code, (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": date.today().isoformat()})).state == "confirm_applied"


def test_an_agreement_about_title_to_land_is_not_confirmable(county):
    code = county.create_agreed_dispute(about=["real_right_title"])

    assert county.report_rejected_step(code, DAMAN_COMMITTEE, "confirmation.applied", applied_on=date.today().isoformat()) == "may_not_be_confirmed"
