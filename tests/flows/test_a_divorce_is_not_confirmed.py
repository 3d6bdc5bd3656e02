"""Husband and wife agree to divorce, and on the house. What may a court confirm of that?"""

from datetime import date

from tests.county import DAMAN_COMMITTEE


def test_not_the_divorce(county):
    code = county.agreed_dispute(about=["status", "property"])

    refused = county.agency(DAMAN_COMMITTEE).reports("confirmation.applied", code, applied_on=date.today().isoformat())
    county.settle()

    assert refused.refusal["code"] == "may_not_be_confirmed" and "第355条" in refused.refusal["zh"]


def test_but_the_property_and_the_children(county):
    code = county.agreed_dispute(about=["property", "custody", "maintenance"])

    assert county.apply_steps(code, (DAMAN_COMMITTEE, "confirmation.applied", {"applied_on": date.today().isoformat()})).state == "confirm_applied"


def test_nor_title_to_land(county):
    code = county.agreed_dispute(about=["real_right_title"])

    assert county.rejection_of(code, DAMAN_COMMITTEE, "confirmation.applied", applied_on=date.today().isoformat()) == "may_not_be_confirmed"
