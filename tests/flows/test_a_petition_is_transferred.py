"""A petition is sent on to another organ. May that organ say that it is not its task?"""


def petitioned(county):
    code = county.mediated_dispute()
    county.apply_steps(code, ("petition_office", "petition.registered", {"petition_no": "甘信〔2026〕77号", "repeat": False}))
    county.apply_steps(code, ("petition_office", "petition.transferred", {"petition_no": "甘信〔2026〕77号", "to": "natural_resources_bureau"}))
    return code


def test_it_objects_within_five_working_days_and_the_dispute_goes_on_beside(county):
    code = petitioned(county)
    returned = county.apply_steps(code, ("petition_office", "petition.returned", {"petition_no": "甘信〔2026〕77号"}))
    county.settle()

    assert returned.state == "mediating"
    assert county.met_clocks(code)["petition_transfer_objection"] == {"late": False, "was_passed": False}


def test_once_accepted_it_may_take_thirty_days_longer_with_leave(county):
    code = petitioned(county)
    county.apply_steps(code, ("petition_office", "petition.accepted", {"petition_no": "甘信〔2026〕77号"}))

    assert county.rejection_of(code, "petition_office", "petition.extended", days=31) == "leave_too_long"
    county.apply_steps(code, ("petition_office", "petition.extended", {"days": 30}))
    assert county.rejection_of(code, "petition_office", "petition.extended", days=30) == "leave_given_before"
