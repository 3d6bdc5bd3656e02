"""A body took a dispute and named nobody who mediates. Who might?"""

from tests.county import DAMAN_COMMITTEE


def proposed(county, code):
    return [told.data["mediators"] for told in county._notices(DAMAN_COMMITTEE, code) if told.type == "notice.mediators"]


def test_the_body_hears_which_of_its_people_may_and_the_work_is_shared_out(county):
    committee, first = county.agency(DAMAN_COMMITTEE), county.accepted_dispute()
    county.settle()
    (numbers,) = proposed(county, first)
    county.apply_steps(first, (DAMAN_COMMITTEE, "consent.given", {"party": "applicant", "how": "in_writing"}))
    committee.reports("mediator.agreed", first, mediator=numbers[0])
    county.settle()

    second = county.accepted_dispute()
    county.settle()

    assert numbers[0] not in proposed(county, second)[0][:1]
    assert ("mediation", "mediators.proposed") in county.published(second)
    assert county.rows("select count(*) from metrics.timeline where code = %s and detail::text like %s", second, f"%{numbers[0]}%") == [
        (0,)
    ]  # of people nothing is shown


def test_who_has_a_conflict_or_was_refused_is_not_proposed_again(county):
    code, committee = county.accepted_dispute(), county.agency(DAMAN_COMMITTEE)
    county.settle()
    first, second = proposed(county, code)[0][:2]
    committee.reports("conflict.disclosed", code, mediator=second, relation="relative")
    committee.reports("mediator.refused", code, party="respondent", mediator=first)
    county.settle()

    assert not {first, second} & set(proposed(county, code)[-1])


def test_where_the_body_names_somebody_nobody_else_is_proposed(county):
    code = county.routed_dispute(DAMAN_COMMITTEE)
    county.agency(DAMAN_COMMITTEE).reports("referral.accepted", code, mediator="daman-003")
    county.settle()

    assert ("mediation", "mediators.proposed") not in county.published(code)
