"""Not everything is for a mediator: where else can the centre send a dispute?"""


def test_it_is_redirected_and_put_away(county):
    code = county.screened_dispute(kind="labour")

    sent = county.apply_steps(code, ("mediation_centre", "dispute.redirected", {"to": "labour_arbitration_commission", "way": "labour_arbitration"}))
    assert sent.state == "redirected"
    county.apply_steps(code, ("mediation_centre", "dispute.archived", {"archive_no": "甘综〔2026〕10号"}))

    assert county.outcome(code) == "redirected"


def test_what_is_sent_back_begins_anew_under_the_same_code(county):
    code = county.screened_dispute(kind="labour")
    county.apply_steps(code, ("mediation_centre", "dispute.redirected", {"to": "labour_arbitration_commission", "way": "labour_arbitration"}))

    again = county.apply_steps(code, ("mediation_centre", "dispute.reopened", {"reason": "sent_back"}))

    assert again.state == "registered" and county.next_actors(code) == ["mediation_centre"]
