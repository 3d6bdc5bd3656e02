"""The police issue a domestic violence warning (告诫书) about a dispute in mediation. The dispute is held until police or court release it.

Outside the safeguard lane (events that only police, courts and women's federation see), nothing shows the hold.
"""

from tests.county import DAMAN_COMMITTEE, SafeguardLane, find_outside_safeguard_lane


def dispute_with_police_warning(county):
    """Return the code of a dispute in mediation that is held after a police warning."""
    code = county.create_mediated_dispute()
    followed_up = county.police.reports("dv.warning_issued", code)
    county.settle()
    assert followed_up.receipts == ["receipt.accepted", "receipt.applied"] and followed_up.state == "safeguard_hold"
    return code


def test_a_dispute_with_a_police_warning_is_held_and_nothing_outside_the_safeguard_lane_shows_the_hold(county):
    code = dispute_with_police_warning(county)
    before = county.published_events(code)
    session = county.agency(DAMAN_COMMITTEE).reports("session.held", code, mode="in_person", minutes=60)
    county.settle()

    assert session.receipts == ["receipt.accepted", "receipt.rejected"]
    assert (session.refusal["code"], session.state, county.state(code)) == ("stayed", "mediating", "mediating")
    assert [county.count_attention_notices(agency, code) for agency in ("police", "court", "womens_federation")] == [1, 1, 1]
    assert [event for event in county.published_events(code) if event not in before] == [("intake", "step.reported"), ("mediation", "step.refused")][1:]
    assert find_outside_safeguard_lane(county, code, SafeguardLane.FORBIDDEN_TEXTS) == []
    assert county.rows("select count(*) from metrics.timeline where code = %s and agency = 'police'", code) == [(0,)]


def test_an_illegal_step_gets_the_same_refusal_for_a_held_dispute_as_for_a_free_dispute(county):
    held, free = dispute_with_police_warning(county), county.create_mediated_dispute()
    followed_up = [county.grid.reports("dispute.followed_up", code, settled=True) for code in (held, free)]
    others = [county.trade_union.reports("session.held", code, mode="video", minutes=30) for code in (held, free)]
    again = [county.grid.reports_dispute(report_no=f"G-{code}") for code in (held, free)]
    county.settle()

    for pair in (followed_up, others):
        assert pair[0].refusal == pair[1].refusal
    assert [one.receipts for one in again] == [["receipt.accepted", "receipt.applied"]] * 2


def test_after_a_court_releases_a_hold_the_dispute_resumes_in_its_former_state(county):
    code = dispute_with_police_warning(county)
    by_federation = county.womens_federation.reports("hold.released", code, reason="true_wish")
    by_centre = county.mediation_centre.reports("hold.released", code, reason="unfounded")
    county.settle()
    assert [one.refusal["code"] for one in (by_federation, by_centre)] == ["not_yours_to_say"] * 2

    before = county.published_events(code)
    by_court = county.court.reports("hold.released", code, reason="danger_passed")
    county.settle()
    assert by_court.receipts == ["receipt.accepted", "receipt.applied"] and by_court.state == "mediating"
    assert county.published_events(code) == before  # no ordinary event discloses the hold or its release
    held = county.agency(DAMAN_COMMITTEE).reports("session.held", code, mode="in_person", minutes=60)
    county.settle()
    assert held.receipts == ["receipt.accepted", "receipt.applied"]
    assert county.state_from_history(code) == county.state(code) == "mediating"


def test_a_step_of_the_womens_federation_about_a_held_dispute_is_refused_as_held_for_safety(county):
    code = dispute_with_police_warning(county)
    screened = county.womens_federation.reports("dispute.screened", code, suitable=True, track="A", kind="family")
    county.settle()

    assert screened.refusal["code"] == "held_for_safety" and screened.state == "safeguard_hold"
    assert find_outside_safeguard_lane(county, code, SafeguardLane.FORBIDDEN_TEXTS) == []


def test_steps_of_the_court_during_a_hold_are_published_on_the_ordinary_stream_after_the_release(county):
    code = dispute_with_police_warning(county)
    before = county.published_events(code)
    named = county.court.reports("mediator.appointed", code, mediator="daman-014")
    county.settle()
    assert named.receipts == ["receipt.accepted", "receipt.applied"]
    assert county.published_events(code) == before

    county.court.reports("hold.released", code, reason="otherwise_safe")
    county.settle()
    assert county.published_events(code)[len(before) :] or ("mediation", "mediator.appointed") in county.published_events(code)
    assert named.receipts == ["receipt.accepted", "receipt.applied"]
    assert [sequence for (sequence,) in county.rows("select sequence from metrics.timeline where code = %s and source = 'mediation' order by 1", code)] == list(
        range(1, 1 + sum(producer == "mediation" for producer, _ in county.published_events(code)))
    )


def test_a_screening_with_a_safeguard_flag_is_applied_and_then_the_dispute_is_held(county):
    report = county.grid.reports_dispute()
    county.settle()
    risk = {"domestic_violence": True, "minor": False, "mass": False, "violence_threat": False}
    screened = county.mediation_centre.reports("dispute.screened", report.dispute, suitable=True, track="A", kind="family", risk=risk)
    county.settle()
    routed = county.mediation_centre.reports("dispute.routed", report.dispute, to=DAMAN_COMMITTEE, reason="by_place")
    county.settle()

    assert screened.receipts == ["receipt.accepted", "receipt.applied"] and screened.state == "screened"
    assert routed.refusal["code"] == "stayed" and county.state(report.dispute) == "screened"
    assert county.count_attention_notices("police", report.dispute) == 1
