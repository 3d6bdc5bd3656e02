"""The petition office transfers a petition to another organ. The organ may object in time; the period of an accepted petition can be extended once."""


def petitioned_dispute(county):
    code = county.mediated_dispute()
    county.apply_steps(code, ("petition_office", "petition.registered", {"petition_no": "甘信〔2026〕77号", "repeat": False}))
    county.apply_steps(code, ("petition_office", "petition.transferred", {"petition_no": "甘信〔2026〕77号", "to": "natural_resources_bureau"}))
    return code


def test_an_organ_objects_to_a_transferred_petition_while_the_dispute_continues(county):
    code = petitioned_dispute(county)
    returned = county.apply_steps(code, ("petition_office", "petition.returned", {"petition_no": "甘信〔2026〕77号"}))
    county.settle()

    assert returned.state == "mediating"
    assert county.met_clocks(code)["petition_transfer_objection"] == {"late": False, "was_passed": False}


def test_the_period_of_an_accepted_petition_is_extended_by_thirty_days_with_leave(county):
    code = petitioned_dispute(county)
    county.apply_steps(code, ("petition_office", "petition.accepted", {"petition_no": "甘信〔2026〕77号"}))

    assert county.rejection_of(code, "petition_office", "petition.extended", days=31) == "leave_too_long"
    county.apply_steps(code, ("petition_office", "petition.extended", {"days": 30}))
    assert county.rejection_of(code, "petition_office", "petition.extended", days=30) == "leave_given_before"
