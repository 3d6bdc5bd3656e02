"""How does a dispute go from the first report to the archive?"""

from datetime import date, timedelta

from tests.county import DAMAN_COMMITTEE

WAY = (
    "dispute.screened", "dispute.routed", "referral.accepted", "consent.given", "consent.given", "mediator.agreed", "mediation.started",
    "session.held", "agreement.reached", "performance.recorded", "dispute.followed_up", "dispute.archived", "dispute.closed",
)  # fmt: skip


def test_a_family_dispute_is_settled_performed_and_archived(county):
    report = county.womens_federation.reports(kind="family")
    county.settle()
    code, centre, committee = report.dispute, county.mediation_centre, county.agency(DAMAN_COMMITTEE)
    today = date.today()

    centre.says("dispute.screened", code, suitable=True, track="A", kind="family")
    centre.says("dispute.routed", code, to=DAMAN_COMMITTEE, reason="by_place")
    county.settle()
    committee.says("referral.accepted", code, conflict_of_interest=False)
    committee.says("consent.given", code, party="applicant", how="in_writing")
    committee.says("consent.given", code, party="respondent", how="by_phone")
    committee.says("mediator.agreed", code, mediator="daman-014")
    committee.says("mediation.started", code)
    committee.says("session.held", code, mode="in_person", minutes=90)
    terms = [{"kind": "payment", "due_on": (today + timedelta(days=30)).isoformat(), "amount_cny": "12000.00"}]
    committee.says("agreement.reached", code, form="written", effective_on=today.isoformat(), terms=terms, confirmable=True)
    committee.says("performance.recorded", code, term=1, result="full", on=today.isoformat())
    committee.says("dispute.followed_up", code, settled=True, satisfied=True)
    last = committee.says("dispute.archived", code, archive_no="大满调〔2026〕7号")
    county.settle()

    assert last.state == "closed"
    facts = [word for speaker, word in county.said(code) if speaker == "mediation" and not word.startswith(("step.", "deadline."))]
    assert facts == list(WAY)
    assert county.rows("select outcome from mediation.disputes where code = %s", code) == [("performed",)]
    assert set(county.met(code)) == {
        "screening", "routing", "referral_answer", "online_ask_other_party", "mediation_out_of_court_policy", "performance", "follow_up",
    }  # fmt: skip
    assert county.notices(DAMAN_COMMITTEE, code)[0] == "notice.referral"


def test_every_service_tells_the_same_story_of_it(county):
    code = county.brought_to_mediation()
    county.settle()

    assert county.rows("select state from metrics.disputes where code = %s", code) == [(county.state(code),)]
    assert county.folded(code) == county.state(code)
