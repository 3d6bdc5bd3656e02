"""The court refuses to file a case, and mediation continues. A case that is already filed cannot be filed again."""

from datetime import date

from tests.county import DAMAN_COMMITTEE


def test_mediation_continues_after_the_court_refused_to_file_the_case(county):
    code, today = county.create_mediated_dispute(), date.today().isoformat()

    refused = county.apply_steps(code, ("court", "case.filing_refused", {"received_on": today, "decided_on": today, "reason": "not_this_court"}))

    assert refused.state == "mediating"
    assert county.next_actors(code) == [DAMAN_COMMITTEE]


def test_a_case_that_is_already_filed_cannot_be_filed_again(county):
    code, today = county.file_court_case(county.create_screened_dispute()), date.today().isoformat()
    county.apply_steps(code, ("court", "case.entrusted", {"to": DAMAN_COMMITTEE, "procedure": "ordinary"}))

    again = {"received_on": today, "decided_on": today, "cause": "10", "procedure": "ordinary"}
    assert county.report_rejected_step(code, "court", "case.filed", **again) == "already_on_a_docket"
