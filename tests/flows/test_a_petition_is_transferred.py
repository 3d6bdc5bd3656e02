"""The petition office transfers a petition to another state organ, which may object within a period. The petition's period can be extended once."""


def dispute_with_transferred_petition(county):
    code = county.create_mediated_dispute()
    county.apply_steps(code, ("petition_office", "petition.registered", {"petition_no": "甘信〔2026〕77号", "repeat": False}))
    county.apply_steps(code, ("petition_office", "petition.transferred", {"petition_no": "甘信〔2026〕77号", "to": "natural_resources_bureau"}))
    return code


def test_mediation_continues_if_an_organ_objects_to_a_transferred_petition(county):
    code = dispute_with_transferred_petition(county)
    returned = county.apply_steps(code, ("petition_office", "petition.returned", {"petition_no": "甘信〔2026〕77号"}))
    county.settle()

    assert returned.state == "mediating"
    assert county.clocks_of_met_deadlines(code)["petition_transfer_objection"] == {"late": False, "was_passed": False}


def test_the_period_of_an_accepted_petition_is_extended_once_and_by_at_most_thirty_days(county):
    code = dispute_with_transferred_petition(county)
    county.apply_steps(code, ("petition_office", "petition.accepted", {"petition_no": "甘信〔2026〕77号"}))

    assert county.report_rejected_step(code, "petition_office", "petition.extended", days=31) == "leave_too_long"
    county.apply_steps(code, ("petition_office", "petition.extended", {"days": 30}))
    assert county.report_rejected_step(code, "petition_office", "petition.extended", days=30) == "leave_given_before"
