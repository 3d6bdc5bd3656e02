"""Mediation ends without an agreement if the mediator reports one of the legal grounds or a party refuses. A suspected sham only suspends it."""

from tests.county import DAMAN_COMMITTEE


def test_a_mediator_terminates_mediation_with_one_of_the_legal_grounds(county):
    code = county.create_mediated_dispute()

    county.agency(DAMAN_COMMITTEE).reports("mediation.terminated", code, ground="differences_too_large")
    county.settle()

    assert county.state(code) == "terminated"


def test_mediation_is_terminated_if_a_party_refuses_consent(county):
    code = county.create_accepted_dispute()

    county.agency(DAMAN_COMMITTEE).reports("consent.refused", code, party="respondent", how="in_writing")
    county.settle()

    assert county.state(code) == "terminated"


def test_mediation_by_a_mediator_whom_the_court_appointed_is_suspended_for_a_suspected_sham(county):
    code = county.create_accepted_dispute()
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
    ]  # the body has to report its suspicion to the court (特邀调解规定 18)
