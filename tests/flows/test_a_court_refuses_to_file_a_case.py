"""The court does not file the case: what becomes of the dispute?"""

from datetime import date

from tests.county import DAMAN_COMMITTEE


def test_mediation_goes_on_as_if_nobody_had_sued(county):
    code, today = county.brought_to_mediation(), date.today().isoformat()

    refused = county.goes_on(code, ("court", "case.filing_refused", {"received_on": today, "decided_on": today, "reason": "not_this_court"}))

    assert refused.state == "mediating"
    assert county.waits_for(code) == [DAMAN_COMMITTEE]


def test_what_is_on_a_docket_is_not_filed_again(county):
    code, today = county.filed(county.screened()), date.today().isoformat()
    county.goes_on(code, ("court", "case.entrusted", {"to": DAMAN_COMMITTEE, "procedure": "ordinary"}))

    again = {"received_on": today, "decided_on": today, "cause": "10", "procedure": "ordinary"}
    assert county.refuses(code, "court", "case.filed", **again) == "already_on_a_docket"
