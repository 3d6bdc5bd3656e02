"""A dispute is screened, and the centre gets a proposal of mediation bodies with reasons. The dispute is not routed automatically.

The timeline shows the proposal in Chinese and English.
"""

import httpx

from tests.county import DAMAN_COMMITTEE, DAMAN_TOWN

VILLAGE = f"{DAMAN_TOWN}201"


def routing_proposals(county, code):
    rows = county.rows("select detail from metrics.timeline where code = %s and type = 'routing.proposed' order by sequence", code)
    return [detail for (detail,) in rows]


def test_the_centre_gets_a_routing_proposal_with_reasons_and_the_dispute_is_not_routed_automatically(county):
    report = county.womens_federation.reports_dispute(kind="neighbour", place={"township": DAMAN_TOWN, "village": VILLAGE})
    county.settle()
    county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="neighbour")
    county.settle()
    (proposal,) = routing_proposals(county, report.dispute)
    (notice,) = [notice.data for notice in county.received_notices("mediation_centre", report.dispute) if notice.type == "notice.proposal"]

    best = proposal["candidates"][0]
    assert (best["to"], best["organisation"]) == (DAMAN_COMMITTEE, f"committee-{VILLAGE}")
    assert best["reasons"][:2] == ["lead_agency", "by_village"]
    assert notice["candidates"] == proposal["candidates"] and notice["clock"] == "routing" and notice["due_at"]
    assert county.state(report.dispute) == "screened"
    assert county.notices(DAMAN_COMMITTEE, report.dispute) == []


def test_the_timeline_shows_the_routing_proposal_in_chinese_and_english(county):
    report = county.womens_federation.reports_dispute(kind="neighbour", place={"township": DAMAN_TOWN, "village": VILLAGE})
    county.settle()
    county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="neighbour")
    county.settle()
    page = f"{county.system.endpoints['dashboard']}/disputes/{report.dispute}"
    zh, en = httpx.get(page).text, httpx.get(page, params={"lang": "en"}).text

    assert "该类纠纷的牵头机构" in zh and "本村（社区）组织" in zh and "由综治中心决定" in zh
    assert "lead agency for disputes of this kind" in en and "body of the village or community" in en


def test_the_answer_of_a_body_to_a_referral_is_counted_in_the_statistics_of_its_referrals(county):
    code = f"committee-{DAMAN_TOWN}202"
    report = county.womens_federation.reports_dispute(kind="neighbour", place={"township": DAMAN_TOWN, "village": f"{DAMAN_TOWN}202"})
    county.settle()
    county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="neighbour")
    county.settle()
    county.mediation_centre.reports("dispute.routed", report.dispute, to=DAMAN_COMMITTEE, organisation=code, reason="by_place")
    county.settle()
    county.agency(DAMAN_COMMITTEE).reports("referral.accepted", report.dispute, mediator="daman-003")
    county.settle()

    assert county.rows("select sum(accepted)::int, sum(declined)::int, sum(open)::int from mediation.body_statistics where body = %s", code) == [(1, 0, 1)]


def test_routing_a_dispute_to_an_agency_with_an_organisation_of_another_agency_is_refused(county):
    report = county.womens_federation.reports_dispute(kind="neighbour")
    county.settle()
    county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="neighbour")
    county.settle()
    routed = county.mediation_centre.reports("dispute.routed", report.dispute, to=DAMAN_COMMITTEE, organisation="industry-seed", reason="by_kind")
    county.settle()

    assert routed.refusal["code"] == "not_on_the_roster_then"
