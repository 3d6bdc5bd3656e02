"""The centre redirects a labour dispute to arbitration.

The dispute is archived with the outcome redirected, or reopened under its code if the arbitration commission sends it back.
"""


def test_a_labour_dispute_is_redirected_to_arbitration_and_archived(county):
    code = county.create_screened_dispute(kind="labour")

    sent = county.apply_steps(code, ("mediation_centre", "dispute.redirected", {"to": "labour_arbitration_commission", "way": "labour_arbitration"}))
    assert sent.state == "redirected"
    county.apply_steps(code, ("mediation_centre", "dispute.archived", {"archive_no": "甘综〔2026〕10号"}))

    assert county.outcome(code) == "redirected"


def test_a_dispute_sent_back_by_the_arbitration_commission_is_reopened_under_its_code(county):
    code = county.create_screened_dispute(kind="labour")
    county.apply_steps(code, ("mediation_centre", "dispute.redirected", {"to": "labour_arbitration_commission", "way": "labour_arbitration"}))

    again = county.apply_steps(code, ("mediation_centre", "dispute.reopened", {"reason": "sent_back"}))

    assert again.state == "registered" and county.next_actors(code) == ["mediation_centre"]
