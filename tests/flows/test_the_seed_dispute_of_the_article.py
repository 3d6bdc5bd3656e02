"""A dispute about seed is settled online by a mediation body with an invited mediator and the tribunal, and then followed up.

The flow is modelled on a published case.
"""

from datetime import date

from tests.county import DAMAN_TOWN

TRIBUNAL, BODY = "court-xijiao", "peoples_mediation_committee-xijie"


def test_a_dispute_about_seed_is_settled_online_confirmed_performed_and_archived(county):
    today = date.today().isoformat()
    report = county.agency(TRIBUNAL).reports_dispute(
        kind="seed_contract", cause="10", amount_cny="86000.00", channel="inspection", place={"township": DAMAN_TOWN}
    )
    county.settle()
    code = report.dispute

    county.apply_steps(
        code,
        ("mediation_centre", "dispute.screened", {"suitable": True, "track": "A", "kind": "seed_contract", "cause": "10"}),
        ("mediation_centre", "dispute.routed", {"to": BODY, "joint_with": [TRIBUNAL], "reason": "by_kind"}),
        (BODY, "referral.accepted", {}),
        (BODY, "consent.given", {"party": "applicant", "how": "online"}),
        (BODY, "consent.given", {"party": "respondent", "how": "online"}),
        (BODY, "mediator.agreed", {"mediator": "invited-003"}),
        (BODY, "mediation.started", {}),
        (TRIBUNAL, "session.held", {"mode": "court_visit", "minutes": 40}),
        (BODY, "session.held", {"mode": "video", "minutes": 75}),
        (BODY, "agreement.reached", {"form": "written", "effective_on": today, "confirmable": True, "about": ["obligation"],
                                     "terms": [{"kind": "payment", "due_on": today, "amount_cny": "52000.00"}]}),
        (BODY, "confirmation.applied", {"applied_on": today, "court": TRIBUNAL, "court_ground": "body_place"}),
        (TRIBUNAL, "confirmation.accepted", {}),
        (TRIBUNAL, "confirmation.granted", {}),
        (BODY, "performance.recorded", {"term": 1, "result": "full", "on": today}),
        (BODY, "dispute.followed_up", {"settled": True, "satisfied": True}),
        (BODY, "dispute.archived", {"archive_no": "西街调〔2026〕12号"}),
    )  # fmt: skip

    assert county.state(code) == "closed" and county.outcome(code) == "performed"
    assert county.state_from_history(code) == "closed"
