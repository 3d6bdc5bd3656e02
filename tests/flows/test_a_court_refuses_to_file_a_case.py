"""The court does not file the case: what becomes of the dispute?"""

from datetime import date

from tests.county import DAMAN_COMMITTEE


def test_mediation_goes_on_as_if_nobody_had_sued(county):
    code, today = county.mediated_dispute(), date.today().isoformat()

    refused = county.apply_steps(code, ("court", "case.filing_refused", {"received_on": today, "decided_on": today, "reason": "not_this_court"}))

    assert refused.state == "mediating"
    assert county.next_actors(code) == [DAMAN_COMMITTEE]


def test_what_is_on_a_docket_is_not_filed_again(county):
    code, today = county.filed_dispute(county.screened_dispute()), date.today().isoformat()
    county.apply_steps(code, ("court", "case.entrusted", {"to": DAMAN_COMMITTEE, "procedure": "ordinary"}))

    again = {"received_on": today, "decided_on": today, "cause": "10", "procedure": "ordinary"}
    assert county.rejection_of(code, "court", "case.filed", **again) == "already_on_a_docket"
