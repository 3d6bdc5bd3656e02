"""A mediation body accepts a dispute without naming a mediator. The body gets a list of its mediators, without excluded mediators."""

from tests.county import DAMAN_COMMITTEE


def proposed_mediators(county, code):
    return [notice.data["mediators"] for notice in county.received_notices(DAMAN_COMMITTEE, code) if notice.type == "notice.mediators"]


def test_a_body_gets_a_list_of_its_mediators_with_the_least_busy_mediator_first(county):
    committee, first = county.agency(DAMAN_COMMITTEE), county.create_accepted_dispute()
    county.settle()
    (numbers,) = proposed_mediators(county, first)
    county.apply_steps(first, (DAMAN_COMMITTEE, "consent.given", {"party": "applicant", "how": "in_writing"}))
    committee.reports("mediator.agreed", first, mediator=numbers[0])
    county.settle()

    second = county.create_accepted_dispute()
    county.settle()

    assert numbers[0] not in proposed_mediators(county, second)[0][:1]
    assert ("mediation", "mediators.proposed") in county.published_events(second)
    assert county.rows("select count(*) from metrics.timeline where code = %s and detail::text like %s", second, f"%{numbers[0]}%") == [
        (0,)
    ]  # the timeline contains no mediators


def test_a_mediator_with_a_conflict_or_refused_by_a_party_is_not_proposed(county):
    code, committee = county.create_accepted_dispute(), county.agency(DAMAN_COMMITTEE)
    county.settle()
    first, second = proposed_mediators(county, code)[0][:2]
    committee.reports("conflict.disclosed", code, mediator=second, relation="relative")
    committee.reports("mediator.refused", code, party="respondent", mediator=first)
    county.settle()

    assert not {first, second} & set(proposed_mediators(county, code)[-1])


def test_no_mediators_are_proposed_if_the_body_names_a_mediator_when_it_accepts(county):
    code = county.create_routed_dispute(DAMAN_COMMITTEE)
    county.agency(DAMAN_COMMITTEE).reports("referral.accepted", code, mediator="daman-003")
    county.settle()

    assert ("mediation", "mediators.proposed") not in county.published_events(code)
