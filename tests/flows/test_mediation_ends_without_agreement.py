"""Mediation ends without an agreement. The mediator reports a listed ground, a party refuses, or a suspected sham suspends it."""

from tests.county import DAMAN_COMMITTEE


def test_a_mediator_ends_mediation_with_a_listed_ground(county):
    code = county.mediated_dispute()

    county.agency(DAMAN_COMMITTEE).reports("mediation.terminated", code, ground="differences_too_large")
    county.settle()

    assert county.state(code) == "terminated"


def test_a_partys_refusal_ends_mediation(county):
    code = county.accepted_dispute()

    county.agency(DAMAN_COMMITTEE).reports("consent.refused", code, party="respondent", how="in_writing")
    county.settle()

    assert county.state(code) == "terminated"


def test_the_court_appoints_the_mediator_and_a_suspected_sham_suspends_mediation(county):
    code = county.accepted_dispute()
    committee = county.agency(DAMAN_COMMITTEE)
    county.court.reports("mediator.appointed", code, mediator="invited-003")
    county.settle()
    for party in ("applicant", "respondent"):
        committee.reports("consent.given", code, party=party, how="in_writing")
    committee.reports("mediation.started", code)

    suspended = committee.reports("mediation.suspended", code, reason="suspected_sham")
    county.settle()

    assert suspended.state == "suspended"
    assert county.rows("select next_actors from metrics.disputes where code = %s", code) == [
        ([DAMAN_COMMITTEE, "court"],)
    ]  # it reports what it suspects (特邀调解规定 18)
